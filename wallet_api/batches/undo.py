"""Undo a batch that was cancelled: every act of it that can still be, the first lines first, since they count first.

A line that was not done is never done. A line whose act counts already, or on whose act a later one rests, stays done and
says why; so does one that was changed in the database, or names an act that it did not become. Like the doing, it goes on after a kill where it stopped.
"""

from __future__ import annotations

from credentials.spec import DOMAIN_OF
from wallet_api.access import Actor
from wallet_api.authority.cancel_act import cancel_act, hold_up_publication
from wallet_api.authority.perform import LICENCE
from wallet_api.authority.store import begin_act
from wallet_api.problems import WalletError
from wallet_api.roles import AccessRole
from wallet_api.wiring import Service

from . import store
from .as_decided import lines_to_undo, require_own_act, stop
from .digests import StoredLine
from .faults import problem_of
from .store import BatchRow


def cancellable(batch: BatchRow, service: Service) -> bool:
    """Whether lines wait, or some of its acts may not count yet."""
    if batch.finished_at is None:
        return True
    return service.clock.now() < batch.finished_at + service.settings.cancel_seconds


def undo_lines(service: Service, batch: BatchRow, most: int) -> int:
    """Undo at most so many lines; says how many were looked at."""
    try:
        with service.database.read() as connection:
            lines = lines_to_undo(connection, batch, most)
    except WalletError as error:
        stop(service, batch, error.problem.code)
        return 0
    for line in lines:
        try:
            _undo(service, batch, line)
        except Exception as error:  # noqa: BLE001 - one line's fault holds up no other
            code = problem_of(error)
            problem = None if code == "already-cancelled" else code  # somebody cancelled this one act before
            with service.database.write() as connection:
                store.undo_line(connection, batch, line.number, line.act_id, problem=problem)
    return len(lines)


def _undo(service: Service, batch: BatchRow, line: StoredLine) -> None:
    actor = Actor(batch.authority_id, AccessRole(batch.proposer_role), str(batch.cancelled_by))
    with service.database.write() as connection:
        if line.act_id is not None:
            hold_up_publication(connection)
            begin_act(connection, DOMAIN_OF[LICENCE].value, line.licence_id, LICENCE.value)
            require_own_act(connection, batch, line)
            cancel_act(service, connection, actor, (LICENCE, line.licence_id), line.act_id)
        store.undo_line(connection, batch, line.number, line.act_id)
