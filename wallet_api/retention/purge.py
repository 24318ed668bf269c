"""Drop what is due, page by page: each page, and the row of the journal that tells of it, in one transaction.

A purge that is interrupted has done whole pages, each of them recorded; the next one goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.audit.row import PURGED
from wallet_api.issuance.documents import SYSTEM_ACTOR
from wallet_api.wiring import Service

from .periods import Kept
from .rules import RULES, Page, Rule

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Purged:
    """What one rule did, or would do, to one authority's records."""

    authority_id: str
    kept: Kept
    before: int
    rows: int


class _RehearsedError(Exception):
    """Ends a transaction that was only tried."""


def purge(
    service: Service, *, rehearse: bool = False, progress: Callable[[int], None] = lambda _: None
) -> Iterator[Purged]:
    """Purge by each rule in turn, `rehearse` to count only. `progress` is told how many rows more went."""
    now = service.clock.now()
    for rule in RULES:
        for authority_id in rule.authorities:
            page = Page(authority_id, rule.period.before(now), now, limit=_PAGE)
            rows = sum(_pages(service, rule, page, rehearse=rehearse, progress=progress))
            yield Purged(authority_id, rule.period.kept, page.before, rows)


def _pages(
    service: Service, rule: Rule, page: Page, *, rehearse: bool, progress: Callable[[int], None]
) -> Iterator[int]:
    while True:
        ids, rows = _one_page(service, rule, page, rehearse=rehearse)
        if not ids:
            return
        progress(rows)
        yield rows
        page = replace(page, after=ids[-1])


def _one_page(service: Service, rule: Rule, page: Page, *, rehearse: bool) -> tuple[list[str], int]:
    ids: list[str] = []
    rows = 0
    try:
        with service.database.write() as connection:
            ids = list(rule.find(service, connection, page))
            if ids:
                rows = rule.drop(service, connection, page, ids)
            if rows:
                _record(connection, rule, page, ids, rows)
            if rehearse:
                raise _RehearsedError
    except _RehearsedError:
        pass
    return ids, rows


def _record(connection: Connection, rule: Rule, page: Page, ids: list[str], rows: int) -> None:
    kept = rule.period.kept
    through = {"through": int(ids[-1])} if kept is Kept.AUDIT else {}
    audit.append(
        connection,
        page.authority_id,
        now=page.now,
        actor_id=SYSTEM_ACTOR,
        act=PURGED,
        subject_id=kept.value,
        detail={"kind": kept.value, "before": page.before, "rows": rows, **through},
    )
