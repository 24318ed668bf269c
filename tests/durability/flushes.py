"""What a kill cannot show: that the log was on disk before an act was acknowledged, read from the system calls.

The service and, on PostgreSQL, every process of the cluster run under strace. One clerk sends one act after the other and
nothing else writes. Between two acknowledgements the write-ahead log must be written, and each of those writes must be
followed by a finished `fdatasync` or `fsync` of the log before the answer 201 leaves. The order matters, not the count.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from tests.durability.clerk import ActKind, Clerk
from tests.durability.killing import NO_FAULT, Fault
from tests.durability.place import open_licences, place
from tests.durability.processes import kill, wait_until
from tests.durability.served import starter
from tests.durability.writing import decision

_CALLS: Final = "fsync,fdatasync,write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg"
# seccomp-bpf stops a process at these calls alone; -D leaves the traced one our own child, with its own pid.
STRACE: Final = (
    "strace",
    "-D",
    "-f",
    "--seccomp-bpf",
    "-ttt",
    "-T",
    "-y",
    "-s",
    "16",
    "-e",
    f"trace={_CALLS}",
)
# PostgreSQL writes nothing of its own accord while this is measured.
QUIET: Final = {
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "wal_writer_delay": "10s",
}
_LINE: Final = re.compile(r"(?P<pid>\d+) +(?P<at>\d+\.\d+) (?P<rest>.*)")
_LASTED: Final = re.compile(r"<(\d+\.\d+)>$")
_LOG: Final = re.compile(r"database\.sqlite-wal>|/pg_wal/[0-9A-F]{24}>")
_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Event:
    """The log was written or flushed, or an act acknowledged; in seconds. What was not finished has no end."""

    kind: Literal["write", "flush", "answer"]
    begun: float
    ended: float


@dataclass
class Flushes:
    """Of so many acknowledged acts, those whose log was flushed first; the others by number, and why."""

    engine: str
    acknowledged: int = 0
    flushed_first: int = 0
    syncs: int = 0
    faults: list[str] = field(default_factory=list)


def why_not() -> str | None:
    """Why nothing can be traced here, in words; None when it can."""
    if shutil.which("strace") is None:
        return "strace is not installed here: whether the log is flushed before an answer was not looked at"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "trace"
        one = subprocess.run([*STRACE, "-o", target, "/bin/echo"], capture_output=True, check=False)
        if one.returncode != 0 or not _appears(target):
            return (
                "tracing is not permitted here: whether the log is flushed before an answer was not looked at"
            )
    return None


def _appears(trace: Path) -> bool:
    try:
        wait_until(lambda: trace.exists() and "exited" in trace.read_text(), 5.0, "no trace")
    except TimeoutError:
        return False
    return True


def run(engine: str, acts: int, *, fault: Fault = NO_FAULT) -> Flushes:
    """Send so many acts and read the trace."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lp-trace-")))
        traces = [folder / "service"]
        start = stack.enter_context(starter([*STRACE, "-o", str(traces[0])]))
        where = stack.enter_context(place(engine, QUIET | dict(fault.options), STRACE))
        environment = {**where.environment, "LP_LOOP_SECONDS": "0"}
        service = where.wired()
        with closing(service.database):
            licence = open_licences(service, 1, "trace")[0]
        api = start.start(where.home, environment, plant=fault.plant)
        with closing(Clerk(api.port, where.token("trace"))) as clerk:
            answers = [
                clerk.send(decision(ActKind.SUSPENSION, licence, f"trace-{number}")) for number in range(acts)
            ]
        kill([api.process])
        if where.cluster is not None:
            where.cluster.kill()
            traces.append(where.cluster.trace)
        seen = Flushes(engine)
        _judge(seen, events(line for one in traces for line in _whole(one)))
        if seen.acknowledged != sum(one.acknowledged for one in answers):
            seen.faults.append(f"{seen.acknowledged} answers in the trace, {len(answers)} were received")
        return seen


def _whole(trace: Path) -> list[str]:
    """The lines, once the tracer has written the last."""
    wait_until(
        lambda: "killed by SIGKILL" in trace.read_text(errors="replace"), _SECONDS, "no end of the trace"
    )
    return trace.read_text(errors="replace").splitlines()


def events(lines: Iterable[str]) -> list[Event]:
    """What the lines of one or several traces say, in the order in which it began."""
    unfinished: dict[tuple[str, str], tuple[str, float]] = {}
    found = []
    for line in lines:
        match = _LINE.match(line)
        if match is None:
            continue
        pid, at, rest = match["pid"], float(match["at"]), match["rest"]
        if rest.startswith("<... "):
            call = rest.split()[1]
            text, begun = unfinished.pop((pid, call), ("", at))
            found += _event(text + rest, begun, at)
        elif rest.endswith("<unfinished ...>"):
            unfinished[pid, rest.partition("(")[0]] = rest, at
        else:
            lasted = _LASTED.search(rest)
            found += _event(rest, at, at + (float(lasted[1]) if lasted else 0.0))
    return sorted(found, key=lambda one: one.begun)


def _event(text: str, begun: float, ended: float) -> Iterator[Event]:
    call = text.partition("(")[0]
    if '"HTTP/1.1 201' in text:
        yield Event("answer", begun, ended)
    elif _LOG.search(text) is not None:
        if call not in {"fsync", "fdatasync"}:
            yield Event("write", begun, ended)
        elif " = 0" in text:
            yield Event("flush", begun, ended)


def _judge(seen: Flushes, found: list[Event]) -> None:
    since = 0.0
    for answer in (one for one in found if one.kind == "answer"):
        seen.acknowledged += 1
        between = [one for one in found if since < one.begun < answer.begun]
        writes = [one for one in between if one.kind == "write"]
        flushes = [one for one in between if one.kind == "flush" and one.ended <= answer.begun]
        seen.syncs += len(flushes)
        if not writes:
            seen.faults.append(f"act {seen.acknowledged}: acknowledged before the log was written")
        elif not all(any(flush.begun >= one.begun for flush in flushes) for one in writes):
            seen.faults.append(f"act {seen.acknowledged}: acknowledged before the log was flushed")
        else:
            seen.flushed_first += 1
        since = answer.begun


def report(seen: Flushes) -> str:
    """What a run saw, in words."""
    told = f"{seen.engine}: of {seen.acknowledged} acts acknowledged under strace, the log was flushed before the answer"
    lines = [f"{told} in {seen.flushed_first} ({seen.syncs} flushes)", *seen.faults[:8]]
    return "\n".join(lines)
