"""Several clerks that write at once until their service is gone, and what each of them was told."""

from __future__ import annotations

import hashlib
import http.client
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Final

from tests.durability.clerk import ActKind, Clerk, Decision

SUSPENDED_EACH: Final = 6  # every so manieth act of a clerk suspends, the others withdraw points
_NO_ANSWER: Final = (OSError, http.client.HTTPException, ValueError)


@dataclass
class Told:
    """What the clerks know: entry ids of acknowledged decisions, decisions without an answer, and refusals."""

    acknowledged: dict[Decision, str] = field(default_factory=dict)
    unanswered: list[Decision] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Writers:
    """Clerks at work, each a thread with its own connection."""

    def __init__(
        self, ports: Sequence[int], token: str, licences: Sequence[str], named: str, clerks: int
    ) -> None:
        """Start writing at once; decisions are called after `named`."""
        self.told, self.first = Told(), threading.Event()
        self._lock, self._stopped = threading.Lock(), threading.Event()
        self._licences, self._token, self._named = licences, token, named
        self._threads = [
            threading.Thread(target=self._write, args=(number, ports[number % len(ports)]))
            for number in range(clerks)
        ]
        for thread in self._threads:
            thread.start()

    def wait(self) -> Told:
        """What they were told, once the service is gone and each has noticed."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        return self.told

    def _write(self, clerk_number: int, port: int) -> None:
        clerk = Clerk(port, self._token)
        for number in count():
            licence = self._licences[(clerk_number + len(self._threads) * number) % len(self._licences)]
            act = ActKind.WITHDRAWAL if number % SUSPENDED_EACH else ActKind.SUSPENSION
            if not self._send(clerk, decision(act, licence, f"{self._named}-{clerk_number}-{number}")):
                break
        clerk.close()

    def _send(self, clerk: Clerk, sent: Decision) -> bool:
        try:
            answer = clerk.send(sent)
        except _NO_ANSWER:
            with self._lock:
                self.told.unanswered.append(sent)
            return False
        with self._lock:
            if answer.acknowledged and not answer.replayed:
                self.told.acknowledged[sent] = answer.row_id
            elif answer.status >= 500:  # the database went first; the act may be recorded or not
                self.told.unanswered.append(sent)
            else:
                self.told.refused.append(f"{sent.reference}: {answer.status} {answer.content}")
        self.first.set()
        return answer.acknowledged and not self._stopped.is_set()


def decision(act: ActKind, licence: str, reference: str) -> Decision:
    """A decision whose key follows from its reference."""
    return Decision(act, licence, reference, hashlib.sha256(reference.encode()).hexdigest())
