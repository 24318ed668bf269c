"""The loop's way to publish: while the edition in force is dated ahead, it tries once a minute and not at every look.

Terminals refuse what is older than what they hold, so nothing can follow such an edition before its date. The try is
repeated, since somebody may have put the folder in order; and it comes at once when another edition is in force, or when
the clock has reached the date.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

from wallet_api import telemetry
from wallet_api.clock import rfc3339
from wallet_api.wiring import Service

from . import store
from .run import publish_if_due
from .state import PublicationReport, PublicationWaits
from .store import EditionRow

TRY_AGAIN: Final = 60.0  # seconds


class PatientPublisher:
    """Publishes when it is due. One for each loop: it remembers what was refused."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nothing was refused yet."""
        self._monotonic = monotonic
        self._refused: EditionRow | None = None
        self._until = 0
        self._again = 0.0

    def __call__(self, service: Service) -> PublicationReport | None:
        """Look, and publish if due. Raises as `publish_now`, but for a publication that waits: that is logged."""
        with service.database.read() as connection:
            last = store.last_in_force(connection)
        waits = service.clock.now() < self._until and last == self._refused
        if waits and self._monotonic() < self._again:
            return None
        try:
            return publish_if_due(service)
        except PublicationWaits as error:
            self._refused, self._until = last, error.until
            self._again = self._monotonic() + TRY_AGAIN
            telemetry.log("publication_waits", level=logging.WARNING, until=rfc3339(error.until))
            return None
