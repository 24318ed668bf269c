"""One publication: read the database in one transaction, sign and switch the tree, remember that it is in force.

Editions are taken before the state is read, so a publisher that was overtaken holds the older state and the smaller
number, and is refused: lists never go back.
"""

from __future__ import annotations

from threading import Lock
from typing import Final

from keys.errors import SigningKeyError
from wallet_api import telemetry
from wallet_api.wiring import Service

from . import publish, published_edition, store
from .state import PublicationRefused, PublicationReport

_ONE_AT_A_TIME: Final = Lock()  # threads of this process; processes are ordered by the folder's own lock


def publish_now(service: Service) -> PublicationReport:
    """Publish what the database says now. Raises `PublicationRefused` or a `SigningKeyError`; nothing changed then."""
    folder = service.settings.published_folder
    with _ONE_AT_A_TIME:
        published = published_edition(folder, service.keys)
        now = service.clock.now()
        with service.database.write() as connection:
            edition = store.next_edition(connection, published, now)
        with service.database.read() as connection:
            state = store.read_state(connection, service.settings.base_url, edition, now)
        report = publish(state, service.keys, folder, now)
        with service.database.write() as connection:
            store.finish_edition(connection, edition, now)
    service.telemetry.published_at.set(now)
    return report


def publish_after_act(service: Service) -> None:
    """Publish if the settings say so. A failure is logged, not raised: the act is recorded and the next run tells it."""
    if not service.settings.publish_after_acts:
        return
    try:
        publish_now(service)
    except (PublicationRefused, SigningKeyError) as error:
        telemetry.log("publication_failed", error=type(error).__name__, place=telemetry.place_of(error))
