"""One publication: under the lease, read the database in one transaction, sign and switch the tree, say so.

1. The lease of publication is taken, or the refusal says who holds it. It is renewed while the publication lasts.
2. The edition is taken under the lease, and the state is read after it: of two publishers the later one holds the
   newer state and the greater number.
3. Right before the switch the lease is confirmed in the transaction that also records the edition as in force. Its row
   stays locked until the files have their names, so nobody takes over in the middle; whoever was overtaken while it
   signed is refused here, and an older edition never follows a newer one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from threading import Lock
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from keys.errors import SigningKeyError
from wallet_api import telemetry
from wallet_api.audit.checkpoints import seal
from wallet_api.lease import Held, LeaseLost, LeaseOccupied, hold
from wallet_api.points.consequences import LedgerUnreadable, refresh_due
from wallet_api.wiring import Service

from . import publish, store
from .due import is_due
from .impossible import look_at, stop_for_ledger
from .publish import published_lists
from .state import PublicationRefused, PublicationReport, PublicationUnderWay, PublicationWaits

LEASE: Final = "publication"
PATIENCE: Final = 10.0  # seconds that a person, or an act, waits for another process' publication to end
_ONE_AT_A_TIME: Final = Lock()  # threads of this process; processes are ordered by the lease


def publish_now(service: Service, *, patience: float = PATIENCE) -> PublicationReport:
    """Publish what the database says now. Raises `PublicationRefused` or a `SigningKeyError`; nothing changed then.

    Of the former `PublicationUnderWay` says that another process has been publishing for `patience` seconds, and
    `PublicationWaits` that the edition in force is dated ahead.
    """
    with _ONE_AT_A_TIME:
        try:
            with hold(service, LEASE, patience=patience) as held:
                return _publish_under(service, held)
        except LeaseOccupied as error:
            raise PublicationUnderWay(f"another process is publishing: {error}") from error
        except LeaseLost as error:
            raise PublicationRefused(f"nothing was published: {error}") from error


def publish_if_due(service: Service) -> PublicationReport | None:
    """Publish when the lists no longer say what the database says, or are old enough. Raises as `publish_now`."""
    if not is_due(service):
        return None
    try:
        return publish_now(service, patience=0.0)
    except PublicationUnderWay:
        return None  # it may have read the state before the act; the next look tells


def publish_after_act(service: Service) -> None:
    """Publish if the settings say so. A failure is logged, not raised: the act is recorded and the next run tells it."""
    if not service.settings.publish_after_acts:
        return
    try:
        publish_now(service)
    except (PublicationRefused, SigningKeyError, SQLAlchemyError, OSError) as error:
        telemetry.log("publication_failed", error=type(error).__name__, place=telemetry.place_of(error))


def _publish_under(service: Service, held: Held) -> PublicationReport:
    folder, now = service.settings.published_folder, service.clock.now()
    found = published_lists(folder, service.keys)
    if (
        found is not None and now < found.issued_at
    ):  # before an edition is taken and anything is signed in vain
        raise PublicationWaits(found.issued_at)
    published = 0 if found is None else found.edition
    try:
        with service.database.write() as connection:
            held.confirm(connection)
            edition = store.next_edition(connection, published, now, service.holder, held.fencing)
            refresh_due(connection, now)  # milestones and releases of points show without any act
    except LedgerUnreadable as error:
        stop_for_ledger(error.document_id, service.telemetry, now)
    checkpoints = seal(service, edition, now)
    with service.database.read(patient=True) as connection:
        state = replace(
            store.read_state(connection, service.settings.base_url, edition, now), checkpoints=checkpoints
        )
    look_at(state.impossible, service.telemetry, now)
    confirmed = partial(_confirmed, service, held, edition)
    report = publish(state, service.keys, folder, now, confirmed=confirmed)
    return replace(report, impossible=state.impossible)


@contextmanager
def _confirmed(service: Service, held: Held, edition: int) -> Iterator[None]:
    """The transaction around the switch: still the holder, and the edition is in force once the files are."""
    with service.database.write() as connection:
        held.confirm(connection)
        store.finish_edition(connection, edition, service.clock.now())
        yield
