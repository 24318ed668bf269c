"""Try every line of a file without leaving a trace: each act is performed and undone, so that the answer is the real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from wallet_api.access import Actor
from wallet_api.authority.perform import released_at
from wallet_api.problems import WalletError
from wallet_api.wiring import Service

from .columns import blamed
from .perform_line import Terms, perform_line
from .read_file import Line, body_of

_AT_ONCE: Final = 100
"""Lines tried in one transaction: on SQLite nobody else writes meanwhile, so it is kept short."""


def rehearse(service: Service, actor: Actor, lines: Sequence[Line]) -> list[Line]:
    """The lines, those that would be refused now with their problem. Lines of one file see earlier ones nearby."""
    seen: set[str] = set()
    tried: list[Line] = []
    for start in range(0, len(lines), _AT_ONCE):
        tried += _try(service, actor, lines[start : start + _AT_ONCE], seen)
    return tried


def _try(service: Service, actor: Actor, lines: Sequence[Line], seen: set[str]) -> list[Line]:
    now = service.clock.now()
    terms = Terms(actor, now, released_at(service, now))
    tried: list[Line] = []
    with service.database.rehearsal() as connection:
        for line in lines:
            if line.problem is not None:
                tried.append(line)
                continue
            problem = _already_in_file(line, seen) or _refusal(connection, terms, line)
            columns = () if problem is None else blamed(problem, line.act)
            tried.append(replace(line, problem=problem, columns=tuple(columns)))
    return tried


def _already_in_file(line: Line, seen: set[str]) -> str | None:
    reference = body_of(line.act, line.content).decision_reference
    if reference in seen:
        return "decision-already-recorded"
    seen.add(reference)
    return None


def _refusal(connection: Connection, terms: Terms, line: Line) -> str | None:
    point = connection.begin_nested()
    try:
        perform_line(connection, terms, line.licence_id, line.act, line.content)
    except WalletError as error:
        point.rollback()
        return error.problem.code
    point.commit()
    return None
