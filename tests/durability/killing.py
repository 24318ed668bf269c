"""The kill loop: clerks write, every process is killed, everything starts again, and what was acknowledged must be there."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from tests.durability.checking import Difference, chain_breaks, differences, publication_fails
from tests.durability.clerk import Clerk, Decision
from tests.durability.place import Place, open_licences, place
from tests.durability.processes import kill
from tests.durability.served import Api, Starter, starter
from tests.durability.writing import Told, Writers

CLERKS: Final = 4
LICENCES: Final = 48  # new ones in each cycle, so that a licence's ledger stays as short as real ones are
SENT_AGAIN: Final = 12  # acknowledged decisions of each cycle that are sent a second time
WRITE_SECONDS: Final = (0.1, 1.0)  # from the first acknowledgement to the kill
APIS: Final = {"sqlite": 1, "postgresql": 2}
FULL_CHECK_EVERY: Final = 20
_KINDS: Final = (
    "lost",
    "forgotten",
    "doubled",
    "stray",
    "audit",
    "chain",
    "balance",
    "publication",
    "refused",
)


@dataclass(frozen=True)
class Fault:
    """Something wrong that the loop must find: in the service's processes (a name of `plants.py`), or in the cluster's options."""

    plant: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


NO_FAULT: Final = Fault()
FAULTS: Final = {
    "early-answer": Fault(plant="early-answer"),
    "synchronous-commit-off": Fault(options={"synchronous_commit": "off"}),
    # A kill of processes leaves what the system holds, so these two show in a trace alone.
    "no-flush": Fault(plant="no-flush"),
    "fsync-off": Fault(options={"fsync": "off"}),
}


@dataclass
class Findings:
    """What a run saw. `differences` is empty when everything held."""

    engine: str
    cycles: int = 0
    acknowledged: int = 0
    unanswered: int = 0
    recorded_unanswered: int = 0
    sent_again: int = 0
    slowest_restart: float = 0.0
    differences: list[Difference] = field(default_factory=list)

    def add(self, seen: Iterable[Difference]) -> None:
        """Note what was seen, each once."""
        self.differences += [one for one in seen if one not in self.differences]

    def count(self, kind: str) -> int:
        """How many differences are of this kind."""
        return sum(one.kind == kind for one in self.differences)


class KillLoop:
    """One run of the loop at one place."""

    def __init__(self, where: Place, start: Starter, engine: str, seed: int, plant: str | None) -> None:
        """Start the services."""
        self.findings = Findings(engine)
        self._where, self._start, self._engine, self._plant = where, start, engine, plant
        self._draw = random.Random(seed)
        self._named = f"kill-{seed}"
        self._past: list[tuple[Told, list[str]]] = []
        self._apis = self._started()

    def cycle(self) -> None:
        """Write, kill, start again, settle what is unknown, compare."""
        named = f"{self._named}-{self.findings.cycles}"
        licences, token = self._open(named), self._where.token(named)
        writers = Writers([one.port for one in self._apis], token, licences, named, CLERKS)
        writers.first.wait(30)
        time.sleep(self._draw.uniform(*WRITE_SECONDS))
        self._kill()
        told = writers.wait()
        started = time.monotonic()
        if self._where.cluster is not None:
            self._where.cluster.start()
        self._apis = self._started()
        self.findings.slowest_restart = max(self.findings.slowest_restart, time.monotonic() - started)
        self._settle(told, token)
        self._compare(told, licences)
        self._past.append((told, licences))
        self.findings.cycles += 1

    def stop(self) -> None:
        """Kill the services once more."""
        kill(one.process for one in self._apis)

    def everything(self) -> None:
        """At the end: all cycles together, the whole journal, and a publication."""
        service = self._where.wired()
        try:
            with service.database.read() as connection:
                for told, licences in self._past:
                    self.findings.add(differences(connection, told.acknowledged, licences))
                self.findings.add(chain_breaks(connection, service.clock.now()))
            self.findings.add(publication_fails(service))
        finally:
            service.database.close()

    def _open(self, named: str) -> list[str]:
        service = self._where.wired()
        try:
            return open_licences(service, LICENCES, named)
        finally:
            service.database.close()

    def _started(self) -> list[Api]:
        home, environment = self._where.home, self._where.environment
        return [self._start.start(home, environment, plant=self._plant) for _ in range(APIS[self._engine])]

    def _kill(self) -> None:
        cluster = self._where.cluster
        doomed = [*([] if cluster is None else cluster.processes()), *(one.process for one in self._apis)]
        self._draw.shuffle(doomed)
        kill(doomed)

    def _settle(self, told: Told, token: str) -> None:
        """Ask again for what got no answer; send some acknowledged ones again: neither may count twice."""
        self.findings.acknowledged += len(told.acknowledged)
        self.findings.unanswered += len(told.unanswered)
        self.findings.add([Difference("refused", one) for one in told.refused])
        clerk = Clerk(self._apis[0].port, token)
        for sent in told.unanswered:
            answer = clerk.send(sent)
            self.findings.recorded_unanswered += answer.replayed
            if answer.acknowledged:
                told.acknowledged[sent] = answer.row_id
            else:
                self.findings.add([Difference("refused", f"{sent.reference}: {answer}")])
        again = self._draw.sample(
            sorted(told.acknowledged, key=lambda one: one.reference),
            k=min(SENT_AGAIN, len(told.acknowledged)),
        )
        for sent in again:
            self._send_again(clerk, sent, told.acknowledged[sent])
        clerk.close()

    def _send_again(self, clerk: Clerk, sent: Decision, row_id: str) -> None:
        """The same key gets the same answer, another key for the same decision a refusal."""
        same = clerk.send(sent)
        if not same.replayed or same.row_id != row_id:
            self.findings.add([Difference("forgotten", sent.reference)])
        other = clerk.send(replace(sent, key=f"other-key-{sent.key[:40]}"))
        if other.status != 409:
            self.findings.add([Difference("doubled", f"{sent.reference}: under another key")])
        self.findings.sent_again += 2

    def _compare(self, told: Told, licences: list[str]) -> None:
        service = self._where.wired()
        try:
            with service.database.read() as connection:
                self.findings.add(differences(connection, told.acknowledged, licences))
                if self.findings.cycles % FULL_CHECK_EVERY == 0:
                    self.findings.add(chain_breaks(connection, service.clock.now()))
        finally:
            service.database.close()


def run(
    engine: str,
    cycles: int,
    seed: int,
    *,
    fault: Fault = NO_FAULT,
    until_lost: bool = False,
    start: Starter | None = None,
) -> Findings:
    """So many cycles on `engine`; with `until_lost` no more once something was lost. `start` is used if given."""
    with ExitStack() as stack:
        start = start or stack.enter_context(starter())
        where = stack.enter_context(place(engine, fault.options))
        loop = KillLoop(where, start, engine, seed, fault.plant)
        stack.callback(loop.stop)
        begun = time.monotonic()
        while loop.findings.cycles < cycles and not (until_lost and loop.findings.count("lost")):
            loop.cycle()
            _progress(loop.findings, cycles, time.monotonic() - begun)
        loop.everything()
        return loop.findings


def _progress(findings: Findings, cycles: int, seconds: float) -> None:
    if findings.cycles % 10 == 0 or findings.differences:
        print(
            f"{findings.engine}: cycle {findings.cycles} of {cycles}, {findings.acknowledged} acknowledged, "
            f"{len(findings.differences)} differences, {seconds:.0f} s",
            file=sys.stderr,
            flush=True,
        )


def report(findings: Findings) -> str:
    """What a run saw, in words."""
    counts = Counter(one.kind for one in findings.differences)
    lines = [
        f"{findings.engine}: {findings.cycles} cycles, {findings.acknowledged} writes acknowledged before a kill",
        f"{findings.unanswered} without an answer, {findings.recorded_unanswered} of them recorded",
        f"{findings.sent_again} sent again on purpose",
        ", ".join(f"{kind} {counts[kind]}" for kind in _KINDS),
        f"slowest restart {findings.slowest_restart:.1f} s",
        *[f"{one.kind}: {one.about}" for one in findings.differences[:8]],
    ]
    return "\n".join(lines)
