"""Idempotency keys: the same request sent again gets the stored answer, another request under the key is refused.

The key's row is written first and completed in the same transaction as the act, so two senders of one key cannot both
act: the second waits for the first and then reads its answer.
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
from sqlalchemy import Connection, select, update

from . import tables
from .database import insert_once
from .identifiers import fingerprint
from .problems import WalletError

_KEY: Final = re.compile(r"[\x21-\x7e]{16,64}")
IdempotencyKey = Annotated[
    str | None,
    Header(alias="Idempotency-Key", description="16 to 64 visible ASCII characters, one for each act."),
]


@dataclass(frozen=True, slots=True)
class Request:
    """What makes two requests the same: who asks, on what, with what content."""

    authority_id: str
    actor_id: str
    path: str
    body: BaseModel

    @property
    def digest(self) -> str:
        """SHA-256 over actor, path and the validated body."""
        parts = [self.actor_id, self.path, self.body.model_dump_json()]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def answer_once(
    connection: Connection, key: str | None, request: Request, now: int, act: Callable[[], BaseModel]
) -> Response:
    """Run `act` unless its answer is stored under `key`; status 201 the first time, the stored answer afterwards.

    Raises `WalletError` for a missing key, or one that served another request.
    """
    if key is None or not _KEY.fullmatch(key):
        raise WalletError("idempotency-key-missing")
    row = {"authority_id": request.authority_id, "key_hash": fingerprint(key)}
    fresh = insert_once(
        connection,
        tables.idempotency,
        {**row, "request_hash": request.digest, "status": 0, "answer": "", "recorded_at": now},
    )
    table = tables.idempotency
    same = (table.c.authority_id == row["authority_id"]) & (table.c.key_hash == row["key_hash"])
    if fresh:
        answer = act().model_dump_json()
        connection.execute(update(table).where(same).values(status=201, answer=answer))
        return Response(answer, 201, media_type="application/json")
    stored = connection.execute(select(table).where(same)).one()
    if stored.request_hash != request.digest:
        raise WalletError("idempotency-key-reused")
    headers = {"Idempotent-Replayed": "true"}
    return Response(stored.answer, stored.status, headers, "application/json")
