"""What a restored service has to know of the time between its backup and now, of which it remembers nothing.

Terminals and phones remember. So that they refuse nothing that is right and are told nothing that is wrong:

- **Editions jump.** The next edition exceeds every one that may have been published since the backup: ten for each second
  that passed, a thousand at least, and more than what a published folder holds, where there is one.
- **Nothing that was published as revoked comes back, and no burnt signer.** Where the published folder is there, its
  revoked entries that the database does not know as such are kept as tombstones, and stand in every later edition, and its
  compromised signers are burnt again. Where it is not, terminals keep their own tombstones of what they saw.
- Everything else since the backup is forgotten: suspensions and points have to be recorded again, and what signers made
  since then had signed is no longer known. Both are counted, where the published folder tells.
- **No index is used twice.** Credentials were issued since the backup under indexes that the database takes for free: all
  lists up to the last known one, and one more, are closed, and new credentials go into new lists.
- **Signature counts rise** by what each signer may have signed meanwhile: at twice the pace that it had until then, and
  one block. One that comes near its cap is followed by the next signer at the next publication.
- Leases are free. Phones whose refresh token is younger than the backup need a new offer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from credentials.spec import Domain, StatusValue
from credentials.trust_list import SignerState
from keys import KeyFolder, lifecycle
from keys.errors import KeyMissing
from keys.policy import COUNT_BLOCK
from keys.signature_count import raise_count
from wallet_api.issuance.store import ListKind
from wallet_api.publication.check import unpack
from wallet_api.publication.reading import PublishedEdition, read_edition
from wallet_api.publication.store import read_state

from . import store

_EDITIONS_A_SECOND: Final = 10
_EDITIONS_AT_LEAST: Final = 1_000
_SETTLING_IN: Final = 3_600  # seconds; the pace of a younger signer says nothing yet
_KINDS: Final = {
    Domain.LICENCE: (ListKind.STATUS, ListKind.POINTS),
    Domain.HEALTH: (ListKind.STATUS,),
}


@dataclass(frozen=True, slots=True)
class Passed:
    """What a restored service was told. The next edition exceeds `edition`; the rest is known from a published folder.

    `revoked` entries and `burnt` signers stay so; `suspended` entries and `signers` are forgotten.
    """

    edition: int
    saw_published: bool = False
    revoked: int = 0
    suspended: int = 0
    burnt: int = 0
    signers: int = 0


def read_published(folder: Path | None, keys: KeyFolder) -> PublishedEdition | None:
    """What was last published, every signature verified under the restored roots. Raises `PublicationRefused`."""
    if folder is None:
        return None
    return read_edition(folder, {domain: keys.root_certificate(domain) for domain in Domain})


def skip_to_the_present(
    connection: Connection,
    keys: KeyFolder,
    published: PublishedEdition | None,
    base_url: str,
    made_at: int,
    now: int,
) -> Passed:
    """Tell the database and the key folder what may have happened since `made_at`."""
    store.free_leases(connection)
    raise_counts(keys, made_at, now)
    floor = max(store.last_edition(connection), 0 if published is None else published.edition)
    floor += max(_EDITIONS_AT_LEAST, _EDITIONS_A_SECOND * max(0, now - made_at))
    store.skip_editions(connection, floor, now)
    passed = Passed(floor)
    if published is not None:
        known = read_state(connection, base_url, 1, now).status
        revoked = store.add_tombstones(connection, _forgotten(published, known, StatusValue.REVOKED), now)
        suspended = sum(1 for _ in _forgotten(published, known, StatusValue.SUSPENDED))
        passed = Passed(floor, True, revoked, suspended, *_burn_again(keys, published, now))
    for domain, kinds in _KINDS.items():
        for kind in kinds:
            store.close_lists(connection, domain, kind, _last_published(published, domain, kind))
    return passed


def raise_counts(keys: KeyFolder, made_at: int, now: int) -> None:
    """Count what each signer may have signed since the backup; never beyond its cap."""
    for record in keys.records():
        if record.cap:
            started = record.not_before if record.activated is None else record.activated
            used = keys.signatures(record)
            meanwhile = 2 * used * max(0, now - made_at) // max(_SETTLING_IN, made_at - started)
            raise_count(keys.store.count_path(record), record.cap, COUNT_BLOCK + meanwhile)


def _burn_again(keys: KeyFolder, published: PublishedEdition, now: int) -> tuple[int, int]:
    """How many signers were burnt as the published trust lists say, and how many of theirs are not in the folder.

    Successors take over at the next publication, when the passphrase is at hand.
    """
    burnt = missing = 0
    for entry in (one for trust in published.trust.values() for one in trust.signers):
        try:
            record = keys.find(entry.key_id)
        except KeyMissing:
            missing += 1
            continue
        if entry.state is SignerState.COMPROMISED and record.state is not SignerState.COMPROMISED:
            keys.store.write(lifecycle.step(record, SignerState.COMPROMISED, now))
            burnt += 1
    return burnt, missing


def _forgotten(
    published: PublishedEdition, known: Mapping[Domain, Mapping[int, Mapping[int, int]]], sought: StatusValue
) -> Iterator[tuple[Domain, int, int]]:
    """Entries published as `sought` for which the database has something else, and nothing graver."""
    for (domain, number), claims in published.status.items():
        held = known[domain].get(number, {})
        for index, value in enumerate(unpack(claims.entries)):
            if value == sought and held.get(index) not in {sought, StatusValue.REVOKED}:
                yield domain, number, index


def _last_published(published: PublishedEdition | None, domain: Domain, kind: ListKind) -> int:
    if published is None:
        return 0
    if kind is ListKind.POINTS:
        return max(published.points, default=0)
    return max((number for one, number in published.status if one is domain), default=0)
