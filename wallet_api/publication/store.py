"""SQL of publication: one consistent picture of the database, and the numbers of editions."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, exists, func, insert, select, update

from credentials.cose_key import X25519Key
from credentials.errors import CredentialFormatError
from credentials.spec import LIST_SIZE, Audience, Domain, StatusValue
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.views import View
from keys import Terminal
from wallet_api import tables, telemetry
from wallet_api.issuance.store import ListKind
from wallet_api.roles import SERVICE

from .impossible import bears_more, has_place, is_balance, is_moment
from .state import Impossible, ImpossibleRow, PublicationRefused, PublicationState

# The gravest value wins: final before passing, refusal before advice (decisions.md, section 4).
_GRAVEST: Final = (StatusValue.REVOKED, StatusValue.SUSPENDED, StatusValue.SUPERSEDED)
_CLASSES: Final = tuple(EntryClass)  # in the order of gravity
_NEXT_LIST_AT: Final = LIST_SIZE * 3 // 8  # a list is born before its first entry, so that terminals hold it

_REFUSED: Final = frozenset({StatusValue.REVOKED, StatusValue.SUSPENDED})
_TOMBSTONE_NOWHERE: Final = (
    "rien n'est publié : une ligne de list_tombstone n'est dans aucune liste, et ce qu'elle révoque passerait pour valable ; "
    "remettez-la comme une sauvegarde la montre · nothing was published: a row of list_tombstone lies in no list, and what it "
    "revokes would look valid; put it back as a backup shows it"
)
_RECENT: Final = 32  # editions
_Lists = Mapping[Domain, Collection[int]]
Causes = dict[tuple[Domain, int, int], list[tuple[int, str, int, int | None, str | None]]]


@dataclass(frozen=True, slots=True)
class EditionRow:
    """An edition that came into force: the instant as of which it was read and signed, and when it lay there whole."""

    edition: int
    started_at: int
    finished_at: int


def next_edition(connection: Connection, published: int, now: int, holder: str, fencing: int) -> int:
    """Take the next edition number: above every number taken, and above what the folder holds."""
    table = tables.publication
    last = connection.execute(
        select(func.max(table.c.edition)).where(table.c.authority_id == SERVICE)
    ).scalar_one()
    edition = max(published, last or 0) + 1
    connection.execute(
        insert(table).values(
            authority_id=SERVICE, edition=edition, started_at=now, holder=holder, fencing=fencing
        )
    )
    return edition


def finish_edition(connection: Connection, edition: int, now: int) -> None:
    """The edition is in force."""
    table = tables.publication
    connection.execute(
        update(table)
        .where(table.c.authority_id == SERVICE, table.c.edition == edition)
        .values(finished_at=now)
    )


def last_in_force(connection: Connection) -> EditionRow | None:
    """The last edition that came into force."""
    table = tables.publication
    row = connection.execute(
        select(table.c.edition, table.c.started_at, table.c.finished_at)
        .where(table.c.authority_id == SERVICE, table.c.finished_at.is_not(None))
        .order_by(table.c.edition.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else EditionRow(row.edition, row.started_at, row.finished_at)


def last_begun(connection: Connection) -> int | None:
    """The latest instant as of which an edition was begun, whatever became of it; None before the first.

    Clocks of several processes differ by seconds, so the greatest number need not bear the latest instant.
    """
    table = tables.publication
    found = connection.execute(
        select(table.c.started_at)
        .where(table.c.authority_id == SERVICE)
        .order_by(table.c.edition.desc())
        .limit(_RECENT)
    )
    return max(found.scalars(), default=None)


def changed_between(connection: Connection, after: int, until: int) -> bool:
    """Whether something that the lists say began, ended or changed in (`after`, `until`]."""
    cause, measure, entry = tables.status_cause, tables.measure, tables.points_entry
    balance, terminal = tables.points_balance, tables.terminal
    instants = (
        cause.c.since,
        cause.c.until,
        cause.c.lifted_at,
        measure.c.released_at,
        entry.c.released_at,
        terminal.c.lost_at,  # some thousand rows: read whole
    )
    asked = [exists().where(instant > after, instant <= until) for instant in instants]
    # One question for each authority, as the index has it: milestones of the law.
    milestone = balance.c.next_change_at
    asked += [
        exists().where(balance.c.authority_id == one.value, milestone > after, milestone <= until)
        for one in Domain
    ]
    return any(connection.execute(select(one)).scalar_one() for one in asked)


def read_state(connection: Connection, base_url: str, edition: int, now: int) -> PublicationState:
    """Everything that one publication says, as of `now`."""
    status: dict[Domain, dict[int, dict[int, int]]] = {}
    companions: dict[Domain, dict[int, dict[int, CompanionEntry]]] = {}
    for domain in Domain:
        numbers = _list_numbers(connection, domain, ListKind.STATUS)
        status[domain] = {number: {} for number in numbers}
        companions[domain] = {number: {} for number in numbers}
    in_force, impossible = _causes_in_force(connection, now, status)
    for (domain, number, index), causes in in_force.items():
        value = next(one for one in _GRAVEST if any(cause[0] == one for cause in causes))
        status[domain][number][index] = value
        entry = _companion(causes, value)
        if entry is not None:
            companions[domain][number][index] = entry
    for domain, number, index in _tombstones(connection, status):
        status[domain][number][index] = StatusValue.REVOKED
        companions[domain][number].pop(index, None)
    balances, unplaced = _points(connection, now, status[Domain.LICENCE])
    return PublicationState(
        edition=edition,
        base_url=base_url,
        status=status,
        points=balances,
        companions=companions,
        terminals=_terminals(connection),
        impossible=(*impossible, *unplaced),
    )


def _tombstones(connection: Connection, lists: _Lists) -> Iterator[tuple[Domain, int, int]]:
    """What was published as revoked before an older backup was restored: final, of a class that nobody remembers."""
    table = tables.list_tombstone
    rows = connection.execute(select(table.c.authority_id, table.c.status_list, table.c.status_index))
    for authority_id, number, index in rows:
        if not has_place(lists.get(authority_id, ()), number, index):
            raise PublicationRefused(_TOMBSTONE_NOWHERE)
        yield Domain(authority_id), number, index


def _list_numbers(connection: Connection, domain: Domain, kind: ListKind) -> range:
    table = tables.list_fill
    row = connection.execute(
        select(table.c.list_number, table.c.taken)
        .where(table.c.authority_id == domain.value, table.c.kind == kind.value)
        .order_by(table.c.list_number.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return range(1, 2)
    return range(1, row.list_number + (2 if row.taken >= _NEXT_LIST_AT else 1))


def _causes_in_force(connection: Connection, now: int, lists: _Lists) -> tuple[Causes, list[ImpossibleRow]]:
    """Causes by entry, and the credentials that have one and no entry, or one that cannot be explained."""
    cause, credential = tables.status_cause, tables.credential
    rows = connection.execute(
        select(
            credential.c.authority_id,
            credential.c.status_list,
            credential.c.status_index,
            cause.c.value,
            cause.c.cause_class,
            cause.c.since,
            cause.c.until,
            cause.c.reason_class,
            credential.c.credential_id,
        )
        .join(
            credential,
            (credential.c.authority_id == cause.c.authority_id)
            & (credential.c.credential_id == cause.c.credential_id),
        )
        .where(
            cause.c.lifted_at.is_(None) | (cause.c.lifted_at > now),
            cause.c.since <= now,
            cause.c.until.is_(None) | (cause.c.until > now),
        )
    )
    found: Causes = defaultdict(list)
    impossible = []
    for authority_id, number, index, *cells, credential_id in rows:
        refused = cells[0] in _REFUSED
        if not has_place(lists.get(authority_id, ()), number, index):
            impossible.append(ImpossibleRow(credential_id, Impossible.STATUS_ENTRY, refused))
            continue
        if refused and not _explains(*cells):
            impossible.append(ImpossibleRow(credential_id, Impossible.EXPLANATION, stops=False))
        found[Domain(authority_id), number, index].append(tuple(cells))
    return found, impossible


def _explains(_: int, name: str, since: int, until: int | None, reason: str | None) -> bool:
    """Whether a companion can say it."""
    dated = is_moment(since) and (until is None or is_moment(until))
    return dated and name in _CLASSES and (reason is None or type(reason) is str)


def _companion(
    causes: list[tuple[int, str, int, int | None, str | None]], value: int
) -> CompanionEntry | None:
    """Class and dates of the gravest cause of the entry's value; of several alike, the one that lasts longest."""
    same = [one for one in causes if one[0] == value and _explains(*one)]
    if value not in _REFUSED or not same:
        return None
    _, name, since, until, reason = min(
        same, key=lambda one: (_CLASSES.index(EntryClass(one[1])), one[3] is not None, -(one[3] or 0))
    )
    return CompanionEntry(EntryClass(name), since, until, reason)


def _points(
    connection: Connection, now: int, status: Mapping[int, Mapping[int, int]]
) -> tuple[dict[int, dict[int, int]], list[ImpossibleRow]]:
    """Balances of every licence that somebody may show with points; other entries stay unassigned.

    And the credentials whose balance has no entry, or is none. `status` is what the status lists say.
    """
    credential, balance = tables.credential, tables.points_balance
    lists: dict[int, dict[int, int]] = {
        number: {} for number in _list_numbers(connection, Domain.LICENCE, ListKind.POINTS)
    }
    rows = connection.execute(
        select(
            credential.c.credential_id, credential.c.points_list, credential.c.points_index, balance.c.balance
        )
        .outerjoin(  # a licence without a balance is no licence of ours: its road checks are impossible rows
            balance,
            (balance.c.authority_id == credential.c.authority_id)
            & (balance.c.document_id == credential.c.document_id),
        )
        .where(
            credential.c.view == View.ROAD_CHECK.value,
            credential.c.expires_at > now,
            credential.c.state != "unissued",
        )
    )
    unplaced = {}
    for credential_id, number, index, value in rows:
        if has_place(lists, number, index) and is_balance(value):
            lists[number][index] = value
        else:
            unplaced[credential_id] = value
    return lists, [
        ImpossibleRow(one, Impossible.POINTS_ENTRY, _looks_richer(connection, one, value, status))
        for one, value in unplaced.items()
    ]


def _looks_richer(
    connection: Connection, credential_id: str, balance: int | None, status: Mapping[int, Mapping[int, int]]
) -> bool:
    """Whether a road check without an entry may show more points than its licence has."""
    table = tables.credential
    columns = (table.c.document_id, table.c.issued_at, table.c.status_list, table.c.status_index)
    row = connection.execute(
        select(*columns).where(
            table.c.authority_id == Domain.LICENCE.value, table.c.credential_id == credential_id
        )
    ).one()
    if status.get(row.status_list, {}).get(row.status_index) == StatusValue.REVOKED:
        return False
    return bears_more(connection, row.document_id, row.issued_at, balance)


def _terminals(connection: Connection) -> tuple[Terminal, ...]:
    table = tables.terminal
    rows = connection.execute(
        select(table.c.terminal_id, table.c.profile, table.c.public_key)
        .where(table.c.authority_id == SERVICE, table.c.lost_at.is_(None))
        .order_by(table.c.terminal_id)
    )
    found = []
    for terminal_id, profile, key in rows:
        try:
            found.append(Terminal(terminal_id, Audience(profile), X25519Key(bytes(key))))
        except (
            ValueError,
            TypeError,
            CredentialFormatError,
        ):  # written by hand: it is handed no key, the others are
            telemetry.log("impossible_row", level=logging.WARNING, what="terminal", outcome="left_out")
    return tuple(found)
