"""Idempotency keys: the same request sent again gets the stored answer, another request under the key is refused.

The key's row is written first and completed in the same transaction as the act, so two senders of one key cannot both
act: the second waits for the first and then reads its answer. A key belongs to the person who sent it: the same text
from somebody else is another key. Answers are kept for two days; afterwards the decision reference alone stands
against a second recording.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Header, Response
from pydantic import BaseModel
from sqlalchemy import Connection, bindparam, delete, select, update

from . import tables
from .database import insert_once
from .identifiers import fingerprint
from .problems import WalletError

KEPT_SECONDS: Final = 48 * 3600
_HOUR: Final = 3600
_KEY: Final = re.compile(r"[\x21-\x7e]{16,64}")
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="16 to 64 visible ASCII characters, one for each act."),
]


_table = tables.idempotency
_SAME: Final = (_table.c.authority_id == bindparam("authority"), _table.c.key_hash == bindparam("key"))
_STORED: Final = select(_table).where(*_SAME)
_COMPLETE: Final = update(_table).where(*_SAME).values(status=bindparam("becomes"), answer=bindparam("said"))
_BEYOND_PACE: Final = (
    select(_table.c.recorded_at)
    .where(
        _table.c.authority_id == bindparam("authority"),
        _table.c.actor_id == bindparam("actor"),
        _table.c.recorded_at > bindparam("after"),
        _table.c.counted == 1,
    )
    .order_by(_table.c.recorded_at.desc())
    .offset(bindparam("allowed"))
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Request:
    """What makes two requests the same: who asks, on what, with what content. `counted`: a single act of its actor."""

    authority_id: str
    actor_id: str
    path: str
    body: BaseModel
    counted: bool = False

    @property
    def digest(self) -> str:
        """SHA-256 over actor, path and the validated body."""
        parts = [self.actor_id, self.path, self.body.model_dump_json()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def answer_once(
    connection: Connection,
    key: str | None,
    request: Request,
    now: int,
    act: Callable[[], BaseModel],
    *,
    status: int = 201,
) -> Response:
    """Run `act` unless its answer is stored under `key`; `status` the first time, the stored answer afterwards.

    Raises `WalletError` for a missing key, or one that served another request.
    """
    if key is None or not _KEY.fullmatch(key):
        raise WalletError("idempotency-key-missing")
    row = {"authority_id": request.authority_id, "key_hash": fingerprint(f"{request.actor_id} {key}")}
    fresh = insert_once(
        connection,
        tables.idempotency,
        {
            **row,
            "request_hash": request.digest,
            "actor_id": request.actor_id,
            "counted": int(request.counted),
            "status": 0,
            "answer": "",
            "recorded_at": now,
        },
    )
    same = {"authority": row["authority_id"], "key": row["key_hash"]}
    if fresh:
        answer = act().model_dump_json()
        connection.execute(_COMPLETE, {**same, "becomes": status, "said": answer})
        return Response(answer, status, media_type="application/json")
    stored = connection.execute(_STORED, same).one()
    if stored.request_hash != request.digest:
        raise WalletError("idempotency-key-reused")
    headers = {"Idempotent-Replayed": "true"}
    return Response(stored.answer, stored.status, headers, "application/json")


def replayed(answer: Response) -> bool:
    """Whether an answer of `answer_once` was stored before: nothing was done this time."""
    return "Idempotent-Replayed" in answer.headers


def seconds_over_pace(
    connection: Connection, authority_id: str, actor_id: str, acts_per_hour: int, now: int
) -> int | None:
    """None while the person's counted acts of the last hour are at most `acts_per_hour`, else the seconds to wait."""
    asked = {"authority": authority_id, "actor": actor_id, "after": now - _HOUR, "allowed": acts_per_hour}
    oldest: int | None = connection.execute(_BEYOND_PACE, asked).scalar_one_or_none()
    return None if oldest is None else oldest + _HOUR - now


def purge(connection: Connection, now: int) -> int:
    """Forget the answers that are older than two days; says how many."""
    table = tables.idempotency
    return connection.execute(delete(table).where(table.c.recorded_at <= now - KEPT_SECONDS)).rowcount
