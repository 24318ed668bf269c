"""A clerk's program: acts over one kept connection, and keeps what it was told."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any, Final

_SECONDS: Final = 60.0
_YESTERDAY: Final = (date.today() - timedelta(days=1)).isoformat()  # noqa: DTZ011 - a day old enough anywhere


class ActKind(StrEnum):
    """Acts by the last part of their address."""

    WITHDRAWAL = "points/withdrawals"
    SUSPENSION = "suspensions"


@dataclass(frozen=True, slots=True)
class Decision:
    """One act on one licence, with the key under which it is sent: a point withdrawn, or a court's suspension."""

    act: ActKind
    licence: str
    reference: str
    key: str

    def body(self) -> bytes:
        """What is sent."""
        content: dict[str, Any] = {"decision_reference": self.reference}
        if self.act is ActKind.WITHDRAWAL:
            content |= {"points": 1, "offence_class": "contravention_4"}
            content |= {"committed_on": _YESTERDAY, "established_on": _YESTERDAY}
        return json.dumps(content).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said: its status, its JSON, and whether it said the same before."""

    status: int
    content: dict[str, Any]
    replayed: bool

    @property
    def acknowledged(self) -> bool:
        """Whether the act was said to be recorded."""
        return self.status == 201

    @property
    def row_id(self) -> str:
        """The id of the row that was written."""
        return str(self.content.get("entry_id") or self.content.get("measure_id") or "")


class Clerk:
    """One connection with a token."""

    def __init__(self, port: int, token: str) -> None:
        """Connects when first used."""
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_SECONDS)
        self._token = token

    def send(self, decision: Decision) -> Answer:
        """Send it. Raises `OSError` or `HTTPException` when no whole answer came: then nobody knows."""
        headers = {
            "Authorization": f"Bearer {self._token}",
            "Idempotency-Key": decision.key,
            "Content-Type": "application/json",
        }
        path = f"/authority/licences/{decision.licence}/{decision.act}"
        self._connection.request("POST", path, decision.body(), headers)
        answer = self._connection.getresponse()
        content = json.loads(answer.read())
        return Answer(answer.status, content, answer.getheader("Idempotent-Replayed") is not None)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()
