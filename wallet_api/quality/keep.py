"""Writes what a process counted to the database, twice a minute and once more when it stops.

Every process has this thread, since each counts its own answers. What cannot be written is kept and written later; the
minute is not marked then, so a minute counts as available only when the database was reached in it.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import Final

from wallet_api import telemetry
from wallet_api.wiring import Service

from . import store

_TICK: Final = 25.0  # seconds; two in every minute
_STOP_SECONDS: Final = 5.0


def keep(service: Service) -> None:
    """Write the counts of this process and mark the minute. Raises what the database raises, and forgets nothing."""
    taken = service.tally.take()
    try:
        with service.database.write() as connection:
            store.add_hours(connection, taken)
            store.mark_minute(connection, service.clock.now())
    except BaseException:
        service.tally.add(taken)
        raise


class Keeper:
    """The thread of one process."""

    def __init__(self, service: Service) -> None:
        """Nothing runs yet."""
        self._service = service
        self._stop = Event()
        self._thread: Thread | None = None

    def start(self) -> None:
        """Begin, unless the settings turn the background loop off."""
        if self._service.settings.loop_seconds and self._thread is None:
            self._stop.clear()
            self._thread = Thread(target=self._run, name="quality", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Write once more and end."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_STOP_SECONDS)
            self._thread = None

    def _run(self) -> None:
        reached = True
        while not self._stop.wait(_TICK):
            reached = self._keep()
        if reached:
            self._keep()

    def _keep(self) -> bool:
        try:
            keep(self._service)
        except Exception as error:  # noqa: BLE001 - figures never stop the service
            name = type(error).__name__
            telemetry.log("chore_failed", chore="quality", error=name, place=telemetry.place_of(error))
            return False
        return True
