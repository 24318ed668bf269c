"""Phones that take and renew credentials through the service's own issuing, in several processes.

What HTTP adds (a token, a proof of each key) is left out: those are the phone's work and do not grow with the compromise.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Connection

from credentials.cose_key import P256Key
from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api.issuance.documents import open_document
from wallet_api.issuance.issue import Order, issue
from wallet_api.openid4vci.configurations import CONFIGURATIONS, Configuration, of_document
from wallet_api.openid4vci.store import WalletRow
from wallet_api.settings import Settings
from wallet_api.wallets.enrol import enrol
from wallet_api.wiring import Service, wire

from .crowd import Crowd, reference

_LICENCE: Final = DocumentType.DRIVING_LICENCE
_CHUNK: Final = 10  # phones that a process is given at a time
ON_PHONE: Final[tuple[Configuration, ...]] = tuple(
    one for name in of_document(_LICENCE) if not (one := CONFIGURATIONS[name]).paper
)
"""What a phone holds of a licence: each view in each form."""
PAPER: Final = next(one for name in of_document(_LICENCE) if (one := CONFIGURATIONS[name]).paper)
"""What a terminal is shown in the exercise: a code that needs no phone."""


def credentials_of(batch: int) -> int:
    """How many credentials one phone holds."""
    return batch * len(ON_PHONE)


class Phones:
    """A number of phones, each with `batch` keys for each view and form, spread over processes."""

    def __init__(self, settings: Settings, count: int, batch: int, workers: int = 0) -> None:
        """Nothing is issued yet."""
        self._settings, self.count, self._batch = settings, count, batch
        self._workers = workers or os.cpu_count() or 1
        self._wallets: list[WalletRow] = []

    @property
    def each(self) -> int:
        """How many credentials each of them holds."""
        return credentials_of(self._batch)

    def enrol(self, service: Service) -> Iterator[int]:
        """Open the documents and enrol the phones; yields how many more."""
        for start in range(0, self.count, _CHUNK):
            numbers = range(start, min(start + _CHUNK, self.count))
            with service.database.write() as connection:
                made = [_enrolled(service, connection, one) for one in numbers]
            self._wallets += made
            yield len(made)

    def first(self, count: int) -> list[WalletRow]:
        """The first of them."""
        return self._wallets[:count]

    def collect(self) -> Iterator[int]:
        """Let every phone ask for everything it holds, with fresh keys; yields how many credentials more."""
        with self._processes() as pool:
            chunks = [self._wallets[start : start + _CHUNK] for start in range(0, self.count, _CHUNK)]
            yield from pool.map(_collect, chunks, [self._batch] * len(chunks))

    @contextmanager
    def _processes(self) -> Iterator[ProcessPoolExecutor]:
        with ProcessPoolExecutor(
            self._workers, get_context("spawn"), initializer=_begin, initargs=(self._settings,)
        ) as pool:
            yield pool


def paper_of(service: Service, wallet: WalletRow) -> bytes:
    """One credential on paper for the person of this phone."""
    return issue(service, wallet, Order(PAPER, (None,), portrait=False), _unchanged(wallet))[0]


_service: Service | None = None


def _begin(settings: Settings) -> None:
    """Open the service in a process of the pool."""
    global _service  # noqa: PLW0603 - a process of a pool has no other place
    _service = wire(settings, licences=Crowd(settings), environment={})


def _collect(chunk: list[WalletRow], batch: int) -> int:
    assert _service is not None
    count = 0
    for wallet in chunk:
        for one in ON_PHONE:
            keys = tuple(_new_key() for _ in range(batch))
            count += len(issue(_service, wallet, Order(one, keys, portrait=False), _unchanged(wallet)))
    return count


def _new_key() -> P256Key:
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    return P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))


def _unchanged(wallet: WalletRow) -> Callable[[Connection], WalletRow]:
    """The nonce and the proofs of HTTP are not part of the exercise, and nobody pauses a phone of the crowd."""
    return lambda _: wallet


def _enrolled(service: Service, connection: Connection, number: int) -> WalletRow:
    now, authority_id = service.clock.now(), DOMAIN_OF[_LICENCE].value
    document_id = open_document(service, connection, _LICENCE, reference(number))
    thumbprint = f"{number:064x}"
    wallet_id = enrol(connection, authority_id, document_id, thumbprint, now, {"exercise": True})
    return WalletRow(
        authority_id,
        wallet_id,
        document_id,
        _LICENCE.value,
        reference(number),
        thumbprint,
        paused=False,
        lost=False,
    )
