"""The compromise of a document signer, from the first credential to the last one issued again.

1. A crowd of phones collects credentials from a service; a terminal syncs and accepts what some of them show.
2. The signer is burnt and the lists are published. From here on a terminal that syncs refuses whatever the signer signed.
3. Each phone asks for everything again: the successor signs. The lists are published once more.
4. The terminal refuses the old and accepts the new; no phone is left with credentials of the burnt signer alone.

Each claim is looked at, not assumed: the database is counted, and an enrolled terminal judges codes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from credentials import envelope, qr_text
from credentials.envelope import Paper, Shown
from credentials.spec import Audience, Domain, Role
from credentials.stages import CredentialBytes
from verifier.enrolment import install, request
from verifier.sync import sync
from wallet_api.publication.run import publish_now
from wallet_api.terminals.enrol import enrol_terminal
from wallet_api.wiring import Service

from . import store
from .phones import PAPER, Phones, credentials_of, paper_of

_SAMPLE: Final = 20  # phones whose paper the terminal is shown


class Counting(Protocol):
    """What is told how many are done."""

    def add(self, more: int = 1) -> None:
        """So many more."""


Counter = Callable[[str, int], AbstractContextManager[Counting]]


class DrillFailed(Exception):
    """The service did not stand the exercise; the text says where."""


@dataclass(slots=True)
class DrillReport:
    """What was done, and the seconds that each step took."""

    phones: int
    credentials: int = 0
    reissued: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def members(self) -> dict[str, object]:
        """For programs."""
        return {
            "phones": self.phones,
            "credentials": self.credentials,
            "reissued": self.reissued,
            "seconds": self.seconds,
        }

    def words(self) -> list[str]:
        """For people."""
        spent = self.seconds
        rate = self.reissued / max(spent["reissue"], 1e-9)
        return [
            f"{self.credentials} attestations sur {self.phones} téléphones · credentials on phones",
            f"signataire brûlé et publié en {spent['burn_and_publish']} s · signer burnt and published",
            f"{self.reissued} délivrées à nouveau en {spent['reissue']} s, {rate:.0f}/s · issued again",
            f"publié à nouveau en {spent['publish_again']} s · published again",
            "le terminal refuse l'ancien et accepte le nouveau · the terminal refuses the old, accepts the new",
        ]

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Measure a step."""
        start = time.perf_counter()
        yield
        self.seconds[step] = round(time.perf_counter() - start, 2)


def run_drill(
    service: Service, folder: Path, credentials: int, *, batch: int, workers: int, counter: Counter
) -> DrillReport:
    """Play it all on a service of its own, at least `credentials` of them. Raises `DrillFailed`."""
    phones = Phones(service.settings, -(-credentials // credentials_of(batch)), batch, workers)
    report = DrillReport(phones.count)
    terminal = _Terminal(service, folder / "terminal")
    with report.timed("collect"):
        report.credentials = _collect(service, phones, counter, "1/4 collect")
    sample = phones.first(_SAMPLE)
    old = [paper_of(service, one) for one in sample]
    publish_now(service)
    terminal.sync()
    _require("a credential of the exercise was not accepted", terminal.reasons(old), {"PAPER"})
    key_id = service.keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id
    with report.timed("burn_and_publish"), counter("2/4 burn, publish", 1) as bar:
        service.keys.compromise(key_id, service.clock.now())
        publish_now(service)
        bar.add()
    terminal.sync()
    _require("a terminal still accepts the burnt signer", terminal.reasons(old), {"KEY_REVOKED"})
    with report.timed("reissue"):
        report.reissued = _collect(service, phones, counter, "3/4 issue again")
    new = [paper_of(service, one) for one in sample]
    with report.timed("publish_again"), counter("4/4 publish", 1) as bar:
        publish_now(service)
        bar.add()
    terminal.sync()
    _require("a terminal still accepts the burnt signer", terminal.reasons(old), {"KEY_REVOKED"})
    _require("a credential that was issued again was not accepted", terminal.reasons(new), {"PAPER"})
    _require_all_replaced(service, key_id, report)
    return report


def _collect(service: Service, phones: Phones, counter: Counter, label: str) -> int:
    done = 0
    with counter(label, phones.count * phones.each) as bar:
        if not phones.first(1):
            for _ in phones.enrol(service):
                pass
        for more in phones.collect():
            bar.add(more)
            done += more
    return done


def _require_all_replaced(service: Service, burnt: bytes, report: DrillReport) -> None:
    with service.database.read() as connection:
        left = store.wallets_left(connection, burnt, service.clock.now())
    if left or report.reissued != report.credentials:
        msg = f"{left} phones still depend on the burnt signer; {report.reissued} of {report.credentials} issued again"
        raise DrillFailed(msg)


def _require(what: str, found: set[str], wanted: set[str]) -> None:
    if found != wanted:
        msg = f"{what}: {', '.join(sorted(found))} instead of {', '.join(sorted(wanted))}"
        raise DrillFailed(msg)


class _Terminal:
    """A terminal of anybody, enrolled with the service; it learns only what it syncs."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        answer = enrol_terminal(service, request(folder), Audience.ANYONE, test_mode=False)
        self._store = install(folder, answer)

    def sync(self) -> None:
        source = str(self._service.settings.published_folder / "public")
        sync(self._store, source, at=self._service.clock.now())

    def reasons(self, papers: list[bytes]) -> set[str]:
        """The reason of the verdict on each."""
        at, verifier = datetime.fromtimestamp(self._service.clock.now(), UTC), self._store.verifier()
        return {str(verifier.verify(_code(one), at=at).reason) for one in papers}


def _code(paper: bytes) -> str:
    shown = Shown(PAPER.form, PAPER.view, CredentialBytes(paper))
    return qr_text.encode(envelope.encode(Paper(shown)))
