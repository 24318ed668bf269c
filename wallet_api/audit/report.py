"""Examine every chain, with what attests it, and say how each one stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection

from wallet_api.wiring import Service

from . import store
from .acts import compare
from .checkpoints import DOMAIN_OF
from .evidence import gather
from .examine import examine
from .finding import Fault, Finding


class Counting(Protocol):
    """What is told how many rows were read."""

    def reach(self, done: int) -> None:
        """So many."""


Counter = Callable[[str, int], AbstractContextManager[Counting]]


@dataclass(frozen=True, slots=True)
class ChainReport:
    """How one journal stands: the number of its last row, how far checkpoints attest it, and what is wrong."""

    authority_id: str
    last: int
    checkpoints: int
    attested: int
    findings: tuple[Finding, ...]

    def members(self) -> dict[str, object]:
        """For programs."""
        return {
            "authority": self.authority_id,
            "last": self.last,
            "checkpoints": self.checkpoints,
            "attested": self.attested,
            "findings": [one.members() for one in self.findings],
        }

    def words(self, language: str = "fr") -> list[str]:
        """For people: a sentence on the chain, and one on each row."""
        if language == "fr":
            state = "ALTÉRÉ" if self.findings else "intact"
            head = (
                f"{self.authority_id} : {state}, {self.last} lignes, attesté jusqu'à la ligne {self.attested} "
                f"par {self.checkpoints} points de contrôle"
            )
        else:
            state = "TAMPERED WITH" if self.findings else "intact"
            head = (
                f"{self.authority_id}: {state}, {self.last} rows, attested up to row {self.attested} "
                f"by {self.checkpoints} checkpoints"
            )
        return [head, *(f"  {one.words(language)}" for one in self.findings)]


_NONE: Final = (
    "absent, bien que {editions} éditions aient été publiées depuis sa première ligne · "
    "none, though {editions} editions were published since its first row"
)


def _unattested(connection: Connection, authority_id: str) -> int:
    """How many editions were published since a chain's first row, each of which attested it."""
    begins = store.begins_at(connection, authority_id)
    return 0 if begins is None else store.count_editions(connection, begins)


def examine_all(service: Service, kept: Iterable[Path], counter: Counter) -> Iterator[ChainReport]:
    """A report on each chain, in one consistent view of the database. `kept` are files and folders of checkpoints.

    Raises `SettingsRefused` for a file in `kept` that holds none.
    """
    now = service.clock.now()
    with service.database.read(patient=True) as connection:
        evidence = gather(service.keys, connection, service.settings.published_folder, kept)
        for authority_id in [*DOMAIN_OF, *sorted(store.chains(connection) - DOMAIN_OF.keys())]:
            witnesses = evidence.witnesses[authority_id]
            head = store.head_of(connection, authority_id)
            last = head[0] if head else 0
            rows = store.count_rows(
                connection, authority_id
            )  # fewer than the last number once some were purged
            with counter(authority_id.ljust(8), rows) as progress:
                found = examine(connection, authority_id, witnesses, now=now, progress=progress.reach)
            with counter(f"{authority_id.ljust(8)} actes", rows) as progress:
                found += compare(connection, authority_id, now, progress.reach)
            found += [one for one in evidence.findings if one.authority_id == authority_id]
            if not witnesses and (editions := _unattested(connection, authority_id)):
                found.append(
                    Finding(authority_id, last, Fault.CHECKPOINT, differs=_NONE.format(editions=editions))
                )
            if authority_id not in DOMAIN_OF:
                found.append(Finding(authority_id, 1, Fault.INSERTED))
            attested = max((one.sequence for one in witnesses), default=0)
            yield ChainReport(authority_id, last, len(witnesses), attested, tuple(found))
