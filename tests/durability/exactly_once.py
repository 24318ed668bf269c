"""The same decision many times at the same moment: one ledger row, one row in the journal, one answer that is not a repetition."""

from __future__ import annotations

import hashlib
import http.client
import random
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.schema import UniqueConstraint

from tests.durability.checking import Difference, chain_breaks, differences
from tests.durability.clerk import ActKind, Answer, Clerk, Decision
from tests.durability.place import Place, open_licences, place
from tests.durability.processes import kill
from tests.durability.served import Starter, starter
from wallet_api import tables

APIS: Final = {"sqlite": 1, "postgresql": 3}
AT_ONCE: Final = (
    4  # decisions of one round; each of the copies' connections sends them in an order of its own
)
EACH_LICENCE: Final = 4  # decisions on one licence
PLANT: Final = "forgotten-keys"


@dataclass
class Outcome:
    """What a run saw. `differences` is empty when each decision counted once."""

    engine: str
    decisions: int
    copies: int
    processes: int
    seconds: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    journal_rows: int = 0
    differences: list[Difference] = field(default_factory=list)


class Round:
    """Connections that wait for each other, so that the copies of a decision leave at the same moment."""

    def __init__(
        self,
        ports: Sequence[int],
        token: str,
        rounds: Sequence[Sequence[Decision]],
        copies: int,
        seed: int,
    ) -> None:
        """One connection and one thread for each copy, spread over the processes."""
        self.told: dict[Decision, list[Answer]] = defaultdict(list)
        self.failed: list[str] = []
        self._rounds, self._token, self._seed = rounds, token, seed
        self._barrier, self._lock = threading.Barrier(copies), threading.Lock()
        self._threads = [
            threading.Thread(target=self._send, args=(number, ports[number % len(ports)]))
            for number in range(copies)
        ]

    def run(self) -> None:
        """Send everything."""
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()

    def _send(self, copy: int, port: int) -> None:
        draw = random.Random(self._seed * 1_000_003 + copy)
        with closing(Clerk(port, self._token)) as clerk:
            for number, decisions in enumerate(self._rounds):
                self._barrier.wait()
                for sent in draw.sample(decisions, len(decisions)):
                    self._one(clerk, sent, copy)
                if copy == 0 and number % 25 == 24:
                    print(f"round {number + 1} of {len(self._rounds)}", file=sys.stderr, flush=True)

    def _one(self, clerk: Clerk, sent: Decision, copy: int) -> None:
        try:
            answer = _sent(clerk, _under_key(sent, copy))
        except (OSError, http.client.HTTPException) as error:
            with self._lock:
                self.failed.append(f"{sent.reference}: {type(error).__name__}")
            return
        with self._lock:
            self.told[sent].append(answer)


def _sent(clerk: Clerk, sent: Decision) -> Answer:
    """What is told; a connection that idled too long is opened anew, as any client would, and the request sent again."""
    try:
        return clerk.send(sent)
    except (BrokenPipeError, ConnectionResetError, http.client.HTTPException):
        clerk.close()
        return clerk.send(sent)


def run(
    engine: str,
    decisions: int,
    copies: int,
    seed: int,
    *,
    planted: bool = False,
    start: Starter | None = None,
) -> Outcome:
    """Submit so many decisions so many times each. `planted`: without idempotency and without the unique constraint."""
    with ExitStack() as stack:
        start = start or stack.enter_context(starter())
        where = stack.enter_context(place(engine))
        sent = _decisions(where, decisions, seed)
        if planted:
            _drop_unique_references(where)
        apis = [
            start.start(where.home, where.environment, plant=PLANT if planted else None)
            for _ in range(APIS[engine])
        ]
        rounds = [sent[first : first + AT_ONCE] for first in range(0, len(sent), AT_ONCE)]
        stack.callback(lambda: kill(one.process for one in apis))
        work = Round([one.port for one in apis], where.token("once"), rounds, copies, seed)
        begun = time.monotonic()
        work.run()
        outcome = Outcome(engine, decisions, copies, len(apis), time.monotonic() - begun)
        _compare(where, outcome, work, sent)
        return outcome


def _decisions(where: Place, count: int, seed: int) -> list[Decision]:
    service = where.wired()
    with closing(service.database):
        licences = open_licences(service, -(-count // EACH_LICENCE), f"once-{seed}")
    return [
        Decision(
            ActKind.WITHDRAWAL,
            licences[number // EACH_LICENCE],
            f"once-{seed}-{number}",
            f"first-key-of-once-{seed}-{number}",
        )
        for number in range(count)
    ]


def _under_key(sent: Decision, copy: int) -> Decision:
    """Every other copy comes under the same key, the rest each under its own."""
    key = sent.key if copy % 2 else f"{sent.key}-{copy}"
    return replace(sent, key=hashlib.sha256(key.encode()).hexdigest())


def _compare(where: Place, outcome: Outcome, work: Round, sent: Sequence[Decision]) -> None:
    acknowledged = {}
    for decision in sent:
        answers = work.told[decision]
        outcome.answers.update(_name(one) for one in answers)
        first = [one for one in answers if _name(one) == "recorded"]
        acknowledged[decision] = first[0].row_id if first else ""
        outcome.differences += _wrong(decision, answers)
    outcome.differences += [Difference("refused", one) for one in work.failed]
    service = where.wired()
    with closing(service.database), service.database.read() as connection:
        licences = sorted({one.licence for one in sent})
        outcome.differences += differences(connection, acknowledged, licences)
        outcome.differences += chain_breaks(connection, service.clock.now())
        outcome.rows = _count(connection, tables.points_entry, "kind")
        outcome.journal_rows = _count(connection, tables.audit_entry, "act")


def _name(answer: Answer) -> str:
    if answer.acknowledged:
        return "repeated" if answer.replayed else "recorded"
    kind = str(answer.content.get("type", "")).rpartition("/")[2]
    return f"{answer.status} {kind}"


def _wrong(decision: Decision, answers: Sequence[Answer]) -> Iterator[Difference]:
    names = Counter(_name(one) for one in answers)
    if names["recorded"] != 1:
        yield Difference("doubled", f"{decision.reference}: recorded {names['recorded']} times")
    for name in names.keys() - {"recorded", "repeated", "409 decision-already-recorded"}:
        yield Difference("refused", f"{decision.reference}: {name}")
    if len({one.row_id for one in answers if one.acknowledged}) > 1:
        yield Difference("doubled", f"{decision.reference}: several entries")


def _count(connection: Connection, table: tables.Table, column: str) -> int:
    return connection.execute(
        select(func.count()).select_from(table).where(table.c[column] == "loss")
    ).scalar_one()


def _drop_unique_references(where: Place) -> None:
    """The database no longer knows that a decision counts once."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations

    constraint = next(
        one
        for one in tables.points_entry.constraints
        if isinstance(one, UniqueConstraint)
        and "decision_reference" in [column.name for column in one.columns]
    )
    service = where.wired()
    with closing(service.database), service.database.write() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table(
            "points_entry", naming_convention=tables.metadata.naming_convention
        ) as batch:
            batch.drop_constraint(str(constraint.name), type_="unique")


def report(outcome: Outcome) -> str:
    """What a run saw, in words."""
    answers = ", ".join(f"{name} {count}" for name, count in sorted(outcome.answers.items()))
    lines = [
        f"{outcome.engine}, {outcome.processes} processes: {outcome.decisions} decisions, {outcome.copies} times each",
        f"{outcome.rows} rows in the ledger, {outcome.journal_rows} in the journal, after {outcome.seconds:.1f} s",
        f"answers: {answers}",
        f"{len(outcome.differences)} differences",
        *[f"{one.kind}: {one.about}" for one in outcome.differences[:8]],
    ]
    return "\n".join(lines)
