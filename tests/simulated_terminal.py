"""A terminal on disk, enrolled and brought up to date by the simulated authority, through the product's own code.

Only the carrier is left out: lists are handed to `admission.admit` as TUF would have named them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from credentials.spec import Audience, Domain
from tests.simulated_authority import Publication, SimulatedAuthority, domain_of_list
from verifier import enrolment, sync
from verifier.admission import Offered, admit
from verifier.store import TerminalStore

COMPANIONS_OF: Final = {
    Audience.POLICE: Domain.LICENCE,
    Audience.HEALTH: Domain.HEALTH,
    Audience.ANYONE: None,
}


def offered(publication: Publication, profile: Audience) -> Offered:
    """What of a publication a terminal of this profile is handed."""
    files = Offered(dict(publication.trust))
    for uri, message in publication.status.items():
        files.status.setdefault(domain_of_list(uri), []).append(message)
    for uri, message in publication.companions.items():
        if COMPANIONS_OF[profile] is domain_of_list(uri):
            files.companions.setdefault(domain_of_list(uri), []).append(message)
    if profile is Audience.POLICE:
        files.points.extend(publication.points.values())
    return files


def enrol(
    folder: Path,
    profile: Audience,
    *,
    test_mode: bool = True,
    generations: Iterable[int] = (2, 3, 4),
    at: int | None = None,
) -> TerminalStore:
    """A terminal that has no lists yet."""
    asked = enrolment.request(folder)
    answer = SimulatedAuthority().enrolment(
        asked, profile, test_mode=test_mode, at=at, generations=generations
    )
    return enrolment.install(folder, answer)


def take(store: TerminalStore, publication: Publication, *, at: int | None = None) -> int | None:
    """Synchronise the terminal with a publication; the new snapshot's number. Raises `ListError`."""
    files = offered(publication, store.enrolment.profile)
    return sync._install(store, admit(files, store, publication.issued_at if at is None else at))


def terminal(
    folder: Path, profile: Audience, publications: Sequence[Publication], **enrolling: object
) -> TerminalStore:
    """An enrolled terminal that has taken these publications, the last in force."""
    store = enrol(folder, profile, **enrolling)  # type: ignore[arg-type]
    for publication in publications:
        take(store, publication)
    return store
