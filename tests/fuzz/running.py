"""Runs of the fuzzer over several processes, and the faults that can be planted to see that it finds them."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable
from random import Random
from typing import Any, Final

from tests.fuzz.inputs import make
from tests.fuzz.oracle import Findings, Oracle

REPORT_EVERY: Final = 5_000
FAULTS_SHOWN: Final = 5


def _accept_every_signature() -> None:
    from verifier import verify

    verify.verify_signature = lambda *_: None  # type: ignore[assignment]


def _accept_every_age() -> None:
    from verifier.verify import Verifier

    Verifier._check_age = lambda *_: None  # type: ignore[method-assign]


def _accept_every_spelling() -> None:
    import cbor2

    from credentials import claims
    from credentials.errors import Malformed

    def decode(payload: bytes, **_: int) -> Any:
        try:
            value = cbor2.loads(payload)
        except (cbor2.CBORError, ValueError, TypeError, EOFError) as error:
            raise Malformed from error
        return {**value} if hasattr(value, "items") else value

    claims.cbor.decode = decode  # type: ignore[assignment]


def _ignore_the_check_sum() -> None:
    from credentials import envelope

    envelope.crc32 = lambda _: _Everything()  # type: ignore[assignment]


class _Everything:
    def __eq__(self, _: object) -> bool:
        return True

    def __ne__(self, _: object) -> bool:
        return False

    __hash__ = None  # type: ignore[assignment]


def _ignore_the_device_key() -> None:
    from verifier.verify import Verifier

    Verifier._check_device = lambda *_: None  # type: ignore[method-assign]


def _crash_on_mixed_scripts() -> None:
    from verifier import judge

    def covered(*_: object) -> bool:
        raise RecursionError

    judge.unknown_restrictions = covered  # type: ignore[assignment]


def _forget_the_cap() -> None:
    from verifier.trust import DocumentSigner

    DocumentSigner.longest_life = lambda *_, **__: 1 << 60  # type: ignore[method-assign]


PLANTS: Final[dict[str, Callable[[], None]]] = {
    "signature": _accept_every_signature,
    "age": _accept_every_age,
    "spelling": _accept_every_spelling,
    "check-sum": _ignore_the_check_sum,
    "device-key": _ignore_the_device_key,
    "crash": _crash_on_mixed_scripts,
    "cap": _forget_the_cap,
}


def run(seed: int, inputs: int, plant: str | None = None, told: Any = None) -> Findings:
    """Judge `inputs` inputs drawn from `seed`; `told` is a shared counter for progress."""
    if plant is not None:
        PLANTS[plant]()
    draw, oracle = Random(seed), Oracle()
    for number in range(1, inputs + 1):
        oracle.judge(make(draw))
        if told is not None and number % 1_000 == 0:
            with told.get_lock():
                told.value += 1_000
        if len(oracle.findings.faults) >= 50:
            break
    return oracle.findings


_TOLD: Any = None


def _begin(told: Any) -> None:
    global _TOLD  # noqa: PLW0603 - what a process of the pool shares
    _TOLD = told


def _part(arguments: tuple[int, int, str | None]) -> Findings:
    seed, inputs, plant = arguments
    return run(seed, inputs, plant, _TOLD)


def fuzz(inputs: int, seed: int, processes: int, plant: str | None) -> Findings:
    """All inputs, over several processes, with progress on standard error."""
    processes_of = multiprocessing.get_context(
        "spawn"
    )  # a planted fault stays in the process that planted it
    told = processes_of.Value("q", 0)
    shares = [inputs // processes + (one < inputs % processes) for one in range(processes)]
    jobs = [(seed * 1_000_003 + number, share, plant) for number, share in enumerate(shares)]
    begun = time.monotonic()
    whole = Findings()
    with processes_of.Pool(processes, _begin, (told,)) as pool:
        parts = pool.map_async(_part, jobs, chunksize=1)
        while not parts.ready():
            parts.wait(20)
            spent = time.monotonic() - begun
            print(
                f"{told.value:>10} of {inputs} inputs, {told.value / spent:,.0f} a second",
                file=sys.stderr,
                flush=True,
            )
        for part in parts.get():
            whole.add(part)
    return whole


def report(findings: Findings) -> str:
    """What a run found, in words."""
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(findings.kinds.items()))
    reasons = ", ".join(f"{name} {count}" for name, count in sorted(findings.reasons.items()))
    lines = [
        f"{findings.inputs} inputs, {findings.resigned} of them with signatures or seals made again",
        f"kinds: {kinds}",
        f"reasons: {reasons}",
        f"{findings.accepted} accepted, each as it was signed",
        f"slowest {findings.slowest * 1_000:.1f} ms of CPU, most memory {findings.most_memory / 1_048_576:.2f} MiB",
        f"{len(findings.faults)} faults",
        *findings.faults[:FAULTS_SHOWN],
    ]
    return "\n".join(lines)
