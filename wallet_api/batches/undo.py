"""Undo a batch that was cancelled: every act of it that can still be, the first lines first, since they count first.

A line that was not done is never done. A line whose act counts already, or on whose act a later one rests, stays done and
says why. Like the doing, it goes on after a kill where it stopped.
"""

from __future__ import annotations

from credentials.spec import DOMAIN_OF
from wallet_api.access import Actor
from wallet_api.authority.cancel_act import cancel_act, hold_up_publication
from wallet_api.authority.perform import LICENCE
from wallet_api.authority.store import begin_act
from wallet_api.roles import AccessRole
from wallet_api.wiring import Service

from . import store
from .faults import problem_of
from .store import BatchRow


def cancellable(batch: BatchRow, service: Service) -> bool:
    """Whether lines wait, or some of its acts may not count yet."""
    if batch.finished_at is None:
        return True
    return service.clock.now() < batch.finished_at + service.settings.cancel_seconds


def undo_lines(service: Service, batch: BatchRow, most: int) -> int:
    """Undo at most so many lines; says how many were looked at."""
    with service.database.read() as connection:
        lines = store.lines_to_undo(connection, batch, most)
    for number, licence_id, act_id in lines:
        try:
            _undo(service, batch, number, licence_id, act_id)
        except Exception as error:  # noqa: BLE001 - one line's fault holds up no other
            code = problem_of(error)
            problem = None if code == "already-cancelled" else code  # somebody cancelled this one act before
            with service.database.write() as connection:
                store.undo_line(connection, batch, number, act_id, problem=problem)
    return len(lines)


def _undo(service: Service, batch: BatchRow, number: int, licence_id: str, act_id: str | None) -> None:
    actor = Actor(batch.authority_id, AccessRole(batch.proposer_role), str(batch.cancelled_by))
    with service.database.write() as connection:
        if act_id is not None:
            hold_up_publication(connection)
            begin_act(connection, DOMAIN_OF[LICENCE].value, licence_id, LICENCE.value)
            cancel_act(service, connection, actor, (LICENCE, licence_id), act_id)
        store.undo_line(connection, batch, number, act_id)
