"""Idempotency keys: the same request sent again gets the stored answer, another request under the key is refused.

The answer is kept in the same transaction as the act, under a unique key, so two senders of one key cannot both act: the
second waits for the first at the latest when it keeps its answer, is undone, and reads the first one's. A key belongs to
the person who sent it: the same text from somebody else is another key. Answers are kept for two days; afterwards the
decision reference alone stands against a second recording, unless its act was cancelled.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Header, Response
from pydantic import BaseModel
from sqlalchemy import Connection, bindparam, case, delete, insert, literal_column, select
from sqlalchemy.exc import IntegrityError

from . import tables
from .database import Database
from .ending import at_end
from .identifiers import fingerprint
from .problems import WalletError
from .statement import Statement

KEPT_SECONDS: Final = 48 * 3600
_HOUR: Final = 3600
_KEY: Final = re.compile(r"[\x21-\x7e]{16,64}")
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="16 to 64 visible ASCII characters, one for each act."),
]


_table = tables.idempotency
_STORED: Final = Statement(
    select(_table.c.request_hash, _table.c.status, _table.c.answer).where(
        _table.c.authority_id == bindparam("authority_id"), _table.c.key_hash == bindparam("key_hash")
    )
)
_ONE_TOO_MANY: Final = (
    select(_table.c.recorded_at)
    .where(
        _table.c.authority_id == bindparam("authority"),
        _table.c.actor_id == bindparam("actor"),
        _table.c.recorded_at > bindparam("after"),
        _table.c.counted == 1,
    )
    .order_by(_table.c.recorded_at.desc())
    .offset(bindparam("allowed") - 1)
    .limit(1)
)
_BEYOND_PACE: Final = Statement(_ONE_TOO_MANY)
_KEEP: Final = Statement(insert(_table))
_KEEP_WITHIN_PACE: Final = Statement(
    insert(_table).values(counted=case((_ONE_TOO_MANY.scalar_subquery().is_(None), literal_column("1"))))
)
"""Of an act that is one too many of its actor's hour `counted` has no value, and the table refuses that."""


@dataclass(frozen=True, slots=True)
class Request:
    """What makes two requests the same: who asks, on what, with what content.

    `pace`: how many such acts its actor may do in an hour (threats.md, T45); None for what is not counted.
    """

    authority_id: str
    actor_id: str
    path: str
    body: BaseModel
    pace: int | None = None

    @property
    def digest(self) -> str:
        """SHA-256 over actor, path and the validated body."""
        parts = [self.actor_id, self.path, self.body.model_dump_json()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def hour(self, now: int) -> dict[str, object]:
        """What to ask of its actor's hour."""
        return {
            "authority": self.authority_id,
            "actor": self.actor_id,
            "after": now - _HOUR,
            "allowed": self.pace,
        }


def answer_once(
    database: Database,
    key: str | None,
    request: Request,
    now: int,
    act: Callable[[Connection], BaseModel],
    *,
    ask: Callable[[Connection], None] | None = None,
    status: int = 201,
) -> Response:
    """Run `act` in a transaction unless its answer is stored under `key`; `status` the first time, the same afterwards.

    `ask` takes the locks of the act, so that the key is looked for after them: who waited for another sender finds his
    answer. What it does is undone when nothing is to be done. Raises `WalletError` for a missing key, one that served
    another request, and whatever `act` raises.
    """
    if key is None or not _KEY.fullmatch(key):
        raise WalletError("idempotency-key-missing")
    place = {
        "authority_id": request.authority_id,
        "key_hash": fingerprint(f"{request.actor_id} {key}"),
    }
    try:
        with database.write() as connection:
            if ask is not None:
                ask(connection)
            if _STORED.ask(connection, place).row() is not None:
                raise _Taken
            content = act(connection).model_dump_json()
            at_end(connection, _Keep(request, {**place, "status": status, "answer": content}, now))
    except (WalletError, _Taken, IntegrityError) as refused:
        # Perhaps because another sender of this key was faster: then his answer is this one's.
        with database.read() as connection:
            answer = _stored(connection, place, request)
            if answer is None and isinstance(refused, IntegrityError):
                _require_pace(connection, request, now)
        if answer is None:
            raise
        return answer
    return Response(content, status, media_type="application/json")


class _Taken(RuntimeError):
    """An answer is stored under the key: before, or by another transaction meanwhile."""


class _Keep:
    """A step of the ending: keep the answer under its key, if it is free and its actor's hour allows one more act.

    It comes after the journal, which is locked then: every earlier act is committed and seen, so of two at once one is
    refused.
    """

    def __init__(self, request: Request, kept: Mapping[str, object], now: int) -> None:
        self._request, self._kept, self._now = request, kept, now

    def write(self, connection: Connection) -> None:
        """Insert what breaks a constraint otherwise."""
        request = self._request
        row = {
            **self._kept,
            "request_hash": request.digest,
            "actor_id": request.actor_id,
            "recorded_at": self._now,
        }
        if request.pace is None:
            _KEEP.ask(connection, {**row, "counted": 0})
        else:
            _KEEP_WITHIN_PACE.ask(connection, {**row, **request.hour(self._now)})


def _require_pace(connection: Connection, request: Request, now: int) -> None:
    """Raises `WalletError` (429), with the seconds to wait, when one more act is one too many."""
    found = None if request.pace is None else _BEYOND_PACE.ask(connection, request.hour(now)).row()
    if found is not None:
        raise WalletError("too-many-acts", retry_after=found[0] - (now - _HOUR))


def _stored(connection: Connection, place: Mapping[str, str], request: Request) -> Response | None:
    found = _STORED.ask(connection, place).row()
    if found is None:
        return None
    request_hash, status, answer = found
    if request_hash != request.digest:
        raise WalletError("idempotency-key-reused")
    return Response(answer, status, {"Idempotent-Replayed": "true"}, "application/json")


def replayed(answer: Response) -> bool:
    """Whether an answer of `answer_once` was stored before: nothing was done this time."""
    return "Idempotent-Replayed" in answer.headers


def purge(connection: Connection, now: int) -> int:
    """Forget the answers that are older than two days; says how many."""
    table = tables.idempotency
    return connection.execute(delete(table).where(table.c.recorded_at <= now - KEPT_SECONDS)).rowcount
