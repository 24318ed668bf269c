"""Do the lines of approved batches: each in a transaction of its own, once, whatever dies in the middle.

The line's outcome is written in the transaction that records its act, so a process that is killed leaves the line either
done or to do; the next one goes on from there. A line that is refused is noted and the others go on, and so is one that
meets a fault of ours. A batch that was cancelled is undone in the same way, line by line. One that is not what two people
decided on (`as_decided.py`) is stopped.
"""

from __future__ import annotations

from wallet_api.access import Actor
from wallet_api.authority.perform import released_at
from wallet_api.problems import WalletError
from wallet_api.roles import AccessRole
from wallet_api.wiring import Service

from . import store
from .as_decided import lines_to_do, stop
from .faults import problem_of
from .perform_line import Terms, perform_line
from .store import BatchRow
from .undo import undo_lines


class DoneElsewhere(Exception):
    """Another process wrote this line, or the batch was cancelled; its act is undone here."""


def run_batches(service: Service, most_lines: int) -> int:
    """Do or undo at most so many lines; says how many were looked at, 0 when nothing waits."""
    with service.database.read() as connection:
        waiting = store.under_way(connection)
    done = 0
    for batch in waiting:
        work = _do_lines if batch.cancelled_at is None else undo_lines
        done += work(service, batch, most_lines - done)
        if done >= most_lines:
            break
        with service.database.write() as connection:
            store.finish(connection, batch, service.clock.now())
    return done


def _do_lines(service: Service, batch: BatchRow, most: int) -> int:
    try:
        with service.database.read() as connection:
            lines = lines_to_do(connection, batch, most)
    except WalletError as error:
        stop(service, batch, error.problem.code)
        return 0
    for line in lines:
        _do(service, batch, line.number, (line.licence_id, line.act, line.content))
    return len(lines)


def _do(service: Service, batch: BatchRow, number: int, asked: tuple[str, str, str]) -> None:
    now = service.clock.now()
    actor = Actor(batch.authority_id, AccessRole(batch.proposer_role), batch.proposer_id)
    terms = Terms(actor, now, released_at(service, now))
    try:
        with service.database.write() as connection:
            if not store.hold_running(connection, batch):
                raise DoneElsewhere
            act_id = perform_line(connection, terms, *asked)
            if not store.take_line(connection, batch, number, "done", act_id=act_id):
                raise DoneElsewhere
    except DoneElsewhere:
        return
    except Exception as error:  # noqa: BLE001 - one line's fault holds up no other
        problem = problem_of(error)
        with service.database.write() as connection:
            store.take_line(connection, batch, number, "failed", problem=problem)
