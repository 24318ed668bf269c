"""The background loop of `serve`: what becomes due by itself is done, by one process at a time.

- Every process has the thread; the one that holds the lease of the steward does the chores. One that dies is followed
  after `LP_LEASE_SECONDS` and a look, one that stops gives the lease back.
- A chore that fails is logged by the type and place of its error, counted, and tried again later and later, up to five
  minutes; the other chores go on, and nothing that a chore raises ends the loop.
- A publication takes a lease of its own (`publication/run.py`), since operators and acts publish too. One that has to wait for
  a date is no failure (`publication/patience.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Final, Literal

from . import idempotency, telemetry
from .batches.run import run_batches
from .lease import LeaseOccupied, hold
from .openid4vci import store as protocol
from .publication.patience import PatientPublisher
from .quality import store as quality
from .wiring import Service

LEASE: Final = "steward"
_LONGEST_WAIT: Final = 300.0  # seconds between two tries of what keeps failing
_STOP_SECONDS: Final = (
    10.0  # a publication under way may end; afterwards the tree is safe to leave at any point
)
_PURGE_SECONDS: Final = 60.0
_LINES_A_ROUND: Final = 500

LoopState = Literal["off", "leading", "following", "failing"]


@dataclass(slots=True)
class Chore:
    """Something to do again and again, at most every `every` seconds."""

    name: str
    run: Callable[[Service], object]
    every: float = 0.0
    failures: int = 0
    next_at: float = field(default=0.0, repr=False)


def chores() -> tuple[Chore, ...]:
    """What the service has to do by itself, in this order: what changes the lists comes before publishing them."""
    return (
        Chore("purge", _purge, _PURGE_SECONDS),
        Chore("batches", lambda service: run_batches(service, _LINES_A_ROUND)),
        Chore("publish", PatientPublisher()),
    )


def _purge(service: Service) -> None:
    now = service.clock.now()
    with service.database.write() as connection:
        protocol.purge(connection, now)
        idempotency.purge(connection, now)
        quality.purge(connection, now)


class Steward:
    """The loop of one process. `start` and `stop` are for `serve`; `round` does one round, for the tests too."""

    def __init__(
        self,
        service: Service,
        duties: tuple[Chore, ...] | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing runs yet."""
        self._service = service
        self._duties = chores() if duties is None else duties
        self._monotonic = monotonic
        self._stop = Event()
        self._thread: Thread | None = None
        self._failures = 0
        self.leading = False
        self.last_error: str | None = None
        """What failed last and has not succeeded since: the chore and the error's type."""

    @property
    def state(self) -> LoopState:
        """For `/readyz`."""
        if self._thread is None:
            return "off"
        if self.last_error is not None:
            return "failing"
        return "leading" if self.leading else "following"

    def start(self) -> None:
        """Begin, unless the settings turn the loop off."""
        if self._service.settings.loop_seconds and self._thread is None:
            self._stop.clear()
            self._thread = Thread(target=self._run, name="steward", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the loop; the lease is given back, so another process goes on at its next look."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
            self._thread = None

    def round(self) -> None:
        """Do what is due now, each chore on its own."""
        for chore in self._duties:
            if self._stop.is_set():
                return
            if self._monotonic() >= chore.next_at:
                self._do(chore)

    def _do(self, chore: Chore) -> None:
        try:
            chore.run(self._service)
        except Exception as error:  # noqa: BLE001 - the loop outlives whatever a chore meets
            chore.failures += 1
            wait = self._wait(chore.failures)
            self._note(chore.name, error)
        else:
            chore.failures, wait = 0, chore.every
            self._service.telemetry.chores.labels(chore.name, "done").inc()
            if self.last_error is not None and self.last_error.startswith(f"{chore.name}:"):
                self.last_error = None
        chore.next_at = self._monotonic() + wait

    def _run(self) -> None:
        while not self._stop.is_set():
            wait = float(self._service.settings.loop_seconds)
            try:
                self._lead()
                self._failures = 0
            except LeaseOccupied:
                self._failures = 0
            except Exception as error:  # noqa: BLE001 - such as a database that is away for a while
                self._failures += 1
                wait = self._wait(self._failures)
                self._note("lease", error)
            else:
                continue
            self._stop.wait(wait)

    def _lead(self) -> None:
        """Do the chores for as long as the lease is ours."""
        with hold(self._service, LEASE) as held:
            self.leading = True
            if self.last_error is not None and self.last_error.startswith("lease:"):
                self.last_error = None
            try:
                while not held.lost and not self._stop.is_set():
                    self.round()
                    self._stop.wait(self._service.settings.loop_seconds)
            finally:
                self.leading = False

    def _wait(self, failures: int) -> float:
        return min(_LONGEST_WAIT, max(1, self._service.settings.loop_seconds) * 2.0 ** min(failures - 1, 16))

    def _note(self, chore: str, error: Exception) -> None:
        name = type(error).__name__
        self.last_error = f"{chore}: {name}"
        self._service.telemetry.chores.labels(chore, "failed").inc()
        telemetry.log("chore_failed", chore=chore, error=name, place=telemetry.place_of(error))
