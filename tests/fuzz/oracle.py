"""Judges the verifier: no exception, no verdict that the input does not allow, the same verdict twice, little time and memory."""

from __future__ import annotations

import time
import tracemalloc
from dataclasses import dataclass, field
from typing import Any, Final

from credentials.driving_licence import Proof
from credentials.spec import Audience
from tests.changed import changed
from tests.fuzz.inputs import AUTHORITY, RESIGNED, Input, Must
from tests.simulated_authority import INSTANT, moment
from verifier.reasons import Outcome
from verifier.verdict import Check, Refused, Unreadable, Valid, Verdict
from verifier.verify import Verifier

AT: Final = moment(INSTANT)
CPU_SECONDS: Final = 0.050
MEMORY_BYTES: Final = 16 * 1024 * 1024
MEMORY_EVERY: Final = 500
JSON_EVERY: Final = 20


@dataclass
class Findings:
    """What a run counted, and what it found."""

    inputs: int = 0
    resigned: int = 0
    accepted: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    slowest: float = 0.0
    most_memory: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, other: Findings) -> None:
        """Join the counts of another process."""
        self.inputs += other.inputs
        self.resigned += other.resigned
        self.accepted += other.accepted
        for mine, theirs in ((self.kinds, other.kinds), (self.reasons, other.reasons)):
            for name, count in theirs.items():
                mine[name] = mine.get(name, 0) + count
        self.slowest = max(self.slowest, other.slowest)
        self.most_memory = max(self.most_memory, other.most_memory)
        self.faults += other.faults


class Oracle:
    """Holds a verifier for each profile and judges what each says."""

    def __init__(self) -> None:
        """Set up terminals whose lists were signed two hours ago, everything valid."""
        self.verifiers = {profile: Verifier(AUTHORITY.snapshot(profile)) for profile in Audience}
        self.findings = Findings()

    def judge(self, one: Input) -> None:
        """Verify an input twice and hold the verdict against what it must be."""
        findings = self.findings
        findings.inputs += 1
        findings.kinds[one.kind] = findings.kinds.get(one.kind, 0) + 1
        findings.resigned += one.kind in RESIGNED
        verifier = self.verifiers[one.profile]
        watched = findings.inputs % MEMORY_EVERY == 0
        if watched:
            tracemalloc.start()
        before = time.thread_time()
        try:
            verdict = verifier.verify(one.text, at=AT)
        except Exception as error:  # noqa: BLE001 - any exception is what the fuzzer looks for
            self._fault(one, f"raised {type(error).__name__}")
            return
        finally:
            spent = time.thread_time() - before
            if watched:
                findings.most_memory = max(findings.most_memory, tracemalloc.get_traced_memory()[1])
                tracemalloc.stop()
        if not watched:
            findings.slowest = max(findings.slowest, spent)
            if spent > CPU_SECONDS and self._still_slow(one):
                self._fault(one, f"took {spent:.3f} s of CPU")
        if findings.most_memory > MEMORY_BYTES:
            self._fault(one, f"took {findings.most_memory} bytes")
        findings.reasons[str(verdict.reason)] = findings.reasons.get(str(verdict.reason), 0) + 1
        self._again(one, verdict)
        wrong = wrong_with(one, verdict)
        if wrong:
            self._fault(one, wrong)
        elif isinstance(verdict, Valid | Check):
            findings.accepted += 1

    def _still_slow(self, one: Input) -> bool:
        """Whether it was the input, and not the machine: the best of three."""
        best = CPU_SECONDS * 9
        for _ in range(3):
            before = time.thread_time()
            self.verifiers[one.profile].verify(one.text, at=AT)
            best = min(best, time.thread_time() - before)
        return best > CPU_SECONDS

    def _again(self, one: Input, verdict: Verdict) -> None:
        again = self.verifiers[one.profile].verify(one.text, at=AT)
        if again.grounds != verdict.grounds or type(again) is not type(verdict):
            self._fault(one, "gave two verdicts")
        elif self.findings.inputs % JSON_EVERY == 0 and again.json_text() != verdict.json_text():
            self._fault(one, "gave two spellings of one verdict")

    def _fault(self, one: Input, what: str) -> None:
        self.findings.faults.append(
            f"{one.kind} ({one.profile}, must be {one.must}): {what}: {one.text[:3_000]!a}"
        )


def wrong_with(one: Input, verdict: Verdict) -> str | None:
    """What is wrong with a verdict on an input; None when nothing is."""
    shows = isinstance(verdict, Valid | Check)
    if isinstance(verdict, Unreadable) and (hasattr(verdict, "claims") or hasattr(verdict, "names")):
        return "UNREADABLE with claims"
    match one.must:
        case Must.UNREADABLE:
            return None if verdict.outcome is Outcome.UNREADABLE else f"{verdict.reason} for a misreading"
        case Must.NOTHING:
            if shows:
                return f"FALSE ACCEPT: {verdict.reason}"
            named = isinstance(verdict, Refused) and verdict.names is not None
            return f"{verdict.reason} with a name that nobody proved" if named else None
        case Must.CLAIMS:
            if shows != one.accepted:
                return f"FALSE {'ACCEPT' if shows else 'REFUSAL'}: {verdict.reason}"
            return _wrong_claims(one, verdict)


def _wrong_claims(one: Input, verdict: Verdict) -> str | None:
    if isinstance(verdict, Valid | Check) and verdict.claims != _seen(one):
        return "claims that are not the signed ones"
    names = verdict.names if isinstance(verdict, Refused) else None
    if names is not None and (
        names.family_name != getattr(one.claims, "family_name", None)
        or names.given_names != getattr(one.claims, "given_names", None)
    ):
        return "names that are not the signed ones"
    return None


def _seen(one: Input) -> Any:
    """The claims without restriction codes where the profile may not read them."""
    claims = one.claims
    if isinstance(claims, Proof) and one.profile is Audience.ANYONE:
        return changed(claims, categories=tuple(changed(each, restrictions=()) for each in claims.categories))
    return claims
