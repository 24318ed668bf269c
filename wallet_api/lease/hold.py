"""Hold a lease: take it, renew it from a thread of its own while the block runs, release it at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from wallet_api import telemetry
from wallet_api.clock import rfc3339
from wallet_api.wiring import Service

from . import store

_ASK_AGAIN: Final = 0.1  # seconds between two askings of one who has patience
_RENEWALS: Final = 3  # in one life, so that two may fail


class LeaseOccupied(Exception):
    """Somebody else holds the lease. The text says who, and until when unless it is renewed."""

    def __init__(self, name: str, row: store.LeaseRow) -> None:
        super().__init__(f"{row.holder} holds the lease of {name} until {rfc3339(row.expires_at)}")


class LeaseLost(Exception):
    """Somebody took the lease while its holder was too slow to renew it. The text says who."""


class Held:
    """A lease in this process' hand."""

    __slots__ = ("_ended", "_service", "fencing", "lost", "name")

    def __init__(self, service: Service, name: str, fencing: int) -> None:
        """`fencing` is the number under which it was taken."""
        self.name, self.fencing = name, fencing
        self.lost = False
        self._service = service
        self._ended = Event()

    def confirm(self, connection: Connection) -> None:
        """Raises `LeaseLost` when somebody took the lease; otherwise nobody does before this transaction ends."""
        if not store.lock_lease(connection, self.name, self._service.holder, self.fencing):
            self.lost = True
            row = store.find_lease(connection, self.name)
            taker = "nobody" if row is None else row.holder
            msg = f"the lease of {self.name} was lost to {taker}: this process was too slow to renew it"
            raise LeaseLost(msg)

    def keep(self) -> None:
        """Renew until the end, or until it is lost. Trouble with the database is no loss: it is tried again."""
        seconds = self._service.settings.lease_seconds
        while not self._ended.wait(seconds / _RENEWALS):
            try:
                with self._service.database.write() as connection:
                    renewed = store.renew_lease(
                        connection, self.name, self._service.holder, self.fencing, seconds
                    )
            except SQLAlchemyError as error:
                telemetry.log(
                    "lease_not_renewed", error=type(error).__name__, place=telemetry.place_of(error)
                )
                continue
            if not renewed:
                self.lost = True
                return

    def end(self) -> None:
        """Stop renewing."""
        self._ended.set()


@contextmanager
def hold(service: Service, name: str, *, patience: float = 0.0) -> Iterator[Held]:
    """Hold the lease `name` for the block; wait up to `patience` seconds for it.

    Raises `LeaseOccupied`. A release that fails is logged: the lease ends by itself.
    """
    held = Held(service, name, _take(service, name, patience))
    gauge = service.telemetry.lease_held.labels(name)
    gauge.set(1)
    keeper = Thread(target=held.keep, name=f"lease {name}", daemon=True)
    keeper.start()
    try:
        yield held
    finally:
        held.end()
        keeper.join()
        gauge.set(0)
        try:
            with service.database.write() as connection:
                store.release_lease(connection, name, service.holder, held.fencing)
        except SQLAlchemyError as error:
            telemetry.log("lease_not_released", error=type(error).__name__, place=telemetry.place_of(error))


def _take(service: Service, name: str, patience: float) -> int:
    end = time.monotonic() + patience
    while True:
        with service.database.write() as connection:
            fencing = store.take_lease(connection, name, service.holder, service.settings.lease_seconds)
            row = None if fencing is not None else store.find_lease(connection, name)
        if fencing is not None:
            return fencing
        if row is not None and time.monotonic() >= end:
            raise LeaseOccupied(name, row)
        time.sleep(_ASK_AGAIN)
