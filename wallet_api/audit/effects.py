"""Compare what acts do to credentials with the causes of their list entries: a list could be changed without any act.

Of each credential that may still be shown:

1. A measure that reaches it has given it the cause that follows from the measure as it stands now.
2. A cause of the authority comes from a measure, or from the licence itself where the journal says its points are lost.
3. What was on a phone that the journal says lost, or paused, a card that it says lost, and what a licence without points
   had, bears that cause.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Exists, and_, exists, select

from credentials.spec import StatusValue
from credentials.views import View
from wallet_api import tables
from wallet_api.authority.measures import cause_of, reaches
from wallet_api.authority.standing import RIGHT_VIEWS
from wallet_api.authority.store import MeasureRow, measures_of
from wallet_api.identifiers import first_id
from wallet_api.issuance.grants import Grants
from wallet_api.issuance.store import Cause, CauseClass

from .row import Row

_AT_ONCE: Final = 500
_COMPARED: Final = ("cause_class", "value", "since", "until", "reason_class", "lifted_at")
_credential, _cause, _measure = tables.credential, tables.status_cause, tables.measure


class Affected(NamedTuple):
    """A credential whose entry is not what the acts make of it, and what differs."""

    credential_id: str
    differs: str


class _Live(NamedTuple):
    credential_id: str
    document_id: str
    view: str
    grants: str


@dataclass(slots=True)
class Ended:
    """What the journal says ended beside measures: the instant (UTC seconds) by the id of a phone, card or licence."""

    lost: dict[str, int] = field(default_factory=dict)
    paused: dict[str, int] = field(default_factory=dict)
    lost_cards: dict[str, int] = field(default_factory=dict)
    without_points: dict[str, int] = field(default_factory=dict)

    def read(self, row: Row) -> None:
        """Take in one row of the journal, in order."""
        match row.act:
            case "wallet_lost":
                self.lost[row.subject_id] = row.recorded_at
            case "wallet_paused":
                self.paused[row.subject_id] = row.recorded_at
            case "wallet_resumed":
                self.paused.pop(row.subject_id, None)
            case "points_zero":
                self.without_points[row.subject_id] = row.recorded_at
            case "card_lost":
                with suppress(ValueError, TypeError, KeyError):  # edited, and named as such elsewhere
                    self.lost_cards[str(json.loads(row.detail)["credential"])] = row.recorded_at
            case _:
                pass


def differences(connection: Connection, authority_id: str, now: int, ended: Ended) -> Iterator[Affected]:
    """Credentials whose causes do not follow from the acts; `ended` has read the journal."""
    after = ""
    while documents := _documents(connection, authority_id, after):
        after = documents[-1]
        yield from _of_documents(connection, authority_id, now, documents, ended)
    yield from _of_ended(connection, authority_id, now, ended)


def _documents(connection: Connection, authority_id: str, after: str) -> list[str]:
    """The next documents that a measure, or a cause of the authority, speaks of."""
    table = tables.document
    of_document = (_measure.c.authority_id == authority_id, _measure.c.document_id == table.c.document_id)
    caused = (
        select(_cause.c.cause_id)
        .join(_credential, _of_cause())
        .where(_credential.c.document_id == table.c.document_id, _cause.c.cause_class == CauseClass.AUTHORITY)
        .where(_cause.c.authority_id == authority_id)
    )
    query = (
        select(table.c.document_id)
        .where(table.c.authority_id == authority_id, table.c.document_id > after)
        .where(exists().where(*of_document) | caused.exists())
        .order_by(table.c.document_id)
        .limit(_AT_ONCE)
    )
    return list(connection.execute(query).scalars())


def _of_documents(
    connection: Connection, authority_id: str, now: int, documents: list[str], ended: Ended
) -> Iterator[Affected]:
    live = _live(connection, authority_id, now, documents)
    causes = _causes(connection, authority_id, now, documents)
    undone = _cancellations(connection, authority_id, documents)
    for document_id, credentials in live.items():
        origins = {document_id} & ended.without_points.keys()
        measures: list[MeasureRow] = []
        with suppress(TypeError):  # cells that nobody of ours wrote: then each cause comes from nowhere
            measures = measures_of(connection, authority_id, document_id, now)
        for one in credentials:
            differs = _difference(one, measures, causes[one.credential_id], undone, origins)
            if differs is not None:
                yield Affected(one.credential_id, differs)


def _difference(
    one: _Live,
    measures: list[MeasureRow],
    causes: Mapping[str, Cause],
    undone: Mapping[str, int],
    origins: Collection[str],
) -> str | None:
    try:
        view, granted = View(one.view), Grants.from_text(one.grants)
    except (ValueError, TypeError, LookupError):
        return "credential"
    for measure in measures:
        found = causes.get(measure.measure_id)
        if found is None:
            if _was_there(one, measure) and reaches(measure, view, granted):
                return measure.kind
            continue
        meant = cause_of(measure)
        differs = [name for name in _COMPARED if getattr(found, name) != getattr(meant, name)]
        if differs:
            return f"{measure.kind}: {', '.join(differs)}"
    known = {*origins, *undone, *(measure.measure_id for measure in measures)}
    for origin_id, cause in causes.items():
        if cause.cause_class == CauseClass.AUTHORITY and origin_id not in known:
            return "origin_id"
        if origin_id in undone and not _ended_by(cause, undone[origin_id]):
            return "lifted_at"
    return None


def _was_there(one: _Live, measure: MeasureRow) -> bool:
    """Whether a credential was made before the measure began to hold; afterwards issuing looks at the measure itself."""
    return one.credential_id < first_id(measure.since + 1)


def _ended_by(cause: Cause, cancelled_at: int) -> bool:
    return cause.lifted_at is not None and cause.lifted_at <= cancelled_at


def _of_ended(connection: Connection, authority_id: str, now: int, ended: Ended) -> Iterator[Affected]:
    wallet_id, document_id = _credential.c.wallet_id, _credential.c.document_id
    on_phone = (_credential.c.paper == 0,)
    device, holder, authority = CauseClass.DEVICE, CauseClass.HOLDER, CauseClass.AUTHORITY
    revoked, suspended = StatusValue.REVOKED, StatusValue.SUSPENDED
    of_right = (_credential.c.view.in_(sorted(RIGHT_VIEWS)),)
    for what, since, column, among, cause_class, value in (
        ("wallet_lost", ended.lost, wallet_id, on_phone, device, revoked),
        ("wallet_paused", ended.paused, wallet_id, on_phone, holder, suspended),
        ("card_lost", ended.lost_cards, _credential.c.credential_id, (), holder, revoked),
        ("points_zero", ended.without_points, document_id, of_right, authority, revoked),
    ):
        query = select(_credential.c.credential_id, column).where(
            _credential.c.authority_id == authority_id,
            *among,
            _credential.c.expires_at > now,
            _credential.c.state != "unissued",
            ~_has(cause_class, value),
        )
        every = sorted(since)
        for start in range(0, len(every), _AT_ONCE):
            page = query.where(column.in_(every[start : start + _AT_ONCE]))
            for credential_id, whose in connection.execute(page):
                if credential_id < first_id(since[whose]):
                    yield Affected(credential_id, what)


def _has(cause_class: CauseClass, value: StatusValue) -> Exists:
    """Whether a credential bears a cause that nothing lifted."""
    return exists().where(
        _of_cause(),
        _cause.c.cause_class == cause_class,
        _cause.c.value == value,
        _cause.c.lifted_at.is_(None),
    )


def _live(
    connection: Connection, authority_id: str, now: int, documents: list[str]
) -> dict[str, list[_Live]]:
    query = select(*(_credential.c[name] for name in _Live._fields)).where(
        _credential.c.authority_id == authority_id,
        _credential.c.document_id.in_(documents),
        _credential.c.expires_at > now,
        _credential.c.state != "unissued",
    )
    found: dict[str, list[_Live]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.document_id].append(_Live(*row))
    return found


def _causes(
    connection: Connection, authority_id: str, now: int, documents: list[str]
) -> dict[str, dict[str, Cause]]:
    """The causes of each credential, by where they come from."""
    query = (
        select(_cause)
        .join(_credential, _of_cause())
        .where(
            _cause.c.authority_id == authority_id,
            _credential.c.document_id.in_(documents),
            _credential.c.expires_at > now,
        )
    )
    found: dict[str, dict[str, Cause]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.credential_id][row.origin_id] = Cause(
            row.cause_class,
            row.value,
            row.since,
            row.origin_id,
            row.until,
            row.reason_class,
            row.lifted_at,
        )
    return found


def _cancellations(connection: Connection, authority_id: str, documents: list[str]) -> dict[str, int]:
    """When each measure was cancelled that was."""
    query = select(_measure.c.lifts_id, _measure.c.recorded_at).where(
        _measure.c.authority_id == authority_id,
        _measure.c.document_id.in_(documents),
        _measure.c.kind == "cancellation",
    )
    return {row.lifts_id: row.recorded_at for row in connection.execute(query)}


def _of_cause() -> ColumnElement[bool]:
    return and_(
        _credential.c.authority_id == _cause.c.authority_id,
        _credential.c.credential_id == _cause.c.credential_id,
    )
