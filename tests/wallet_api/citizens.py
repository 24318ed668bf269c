"""Invented citizens with a browser and no phone: each signs in by the development issuer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from credentials.spec import DocumentType
from tests.wallet_api.simulated_wallet import SimulatedWallet

LICENCE, CARD = DocumentType.DRIVING_LICENCE, DocumentType.VITALE_CARD


@dataclass
class Citizen:
    """Somebody's own space."""

    client: TestClient
    token: Callable[..., str]
    count: int = 0

    def send(self, method: str, path: str, body: Any = None, *, acr: str | None = None, key: str = "") -> Any:
        """One request, with a new idempotency key unless one is given."""
        self.count += 1
        headers = {
            "Authorization": f"Bearer {self.token(acr=acr)}",
            "Idempotency-Key": key or f"key-of-a-citizen-{self.count:06}",
        }
        return self.client.request(method, path, json=body, headers=headers)

    def get(self, path: str) -> Any:
        """A reading that succeeds."""
        answer = self.send("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """An act that succeeds."""
        answer = self.send("POST", path, body or {}, **more)
        assert answer.status_code == 201, answer.text
        return answer.json()


def code_of(answer: Any) -> str:
    """The problem in an answer."""
    return str(answer.json()["type"].rpartition("/")[2])


def take_both(phone: SimulatedWallet, offer: Callable[..., Any], person: str) -> SimulatedWallet:
    """Take up licence and card of a person on one phone; gives the phone as it holds the card."""
    assert phone.take(offer(person, LICENCE).uri).status_code == 200
    card = SimulatedWallet(phone.client, phone.clock)
    card.key = phone.key
    assert card.take(offer(person, CARD).uri).status_code == 200
    return card
