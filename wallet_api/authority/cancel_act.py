"""Cancel an act within its window, before anybody outside has learnt of it.

A cancellation may wait for a lock, and the clock of another process may be ahead: neither lets one through after the act
was published. No edition begins while a cancellation decides, and an act that an edition may tell is not cancelled.
"""

from __future__ import annotations

from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api.access import Actor
from wallet_api.clock import rfc3339
from wallet_api.lease import hold_up
from wallet_api.points.record import cancel_entry
from wallet_api.problems import WalletError
from wallet_api.publication.run import LEASE
from wallet_api.publication.store import last_begun
from wallet_api.wiring import Service

from . import store
from .measures import Act, cancel
from .schemas import MeasureAnswer, measure_answer


def hold_up_publication(connection: Connection) -> None:
    """To be done before the document is locked: a publication takes its lease first and documents afterwards."""
    hold_up(connection, LEASE)


def cancel_act(
    service: Service, connection: Connection, actor: Actor, document: tuple[DocumentType, str], act_id: str
) -> MeasureAnswer:
    """Cancel a measure or a decision on points; the caller holds up publication, then the document. Raises `WalletError`.

    The instant that decides is now, when every lock is held, and never before that of an edition.
    """
    now, (document_type, document_id) = max(service.clock.now(), last_begun(connection) or 0), document
    if store.is_measure(connection, actor.authority_id, document_id, act_id):
        return measure_answer(cancel(connection, Act(actor, document_id, "", now, now), act_id))
    if document_type is not DocumentType.DRIVING_LICENCE or DOMAIN_OF[document_type] != actor.authority_id:
        raise WalletError("not-found")  # cards have no points
    reference = f"cancellation:{act_id}"
    row = cancel_entry(connection, actor.authority_id, document_id, act_id, now, actor.actor_id, reference)
    at = rfc3339(now)
    return MeasureAnswer(measure_id=row.entry_id, kind=row.kind, since=at, released_at=at)
