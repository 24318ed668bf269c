"""What a terminal believes: a frozen picture of its verified lists, to be looked up and never parsed again.

- Built from lists whose signatures, chains, roles and versions were checked at sync (store.py); nothing here checks them.
- Everything is keyed by what stands in signed bytes: key ids, list uris, indexes.
- A signer of role `credential` is the only kind that may sign a credential; other roles never get here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Self

from credentials.spec import Audience, DocumentType, Domain
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.status_list import StatusList
from credentials.trust_list import Caps, SignerEntry, SignerState
from credentials.views import View

from .facts import ListEdition
from .profile import Profile
from .signatures import LoadedKey, load_public_key
from .unseal import LoadedReaderKey


class DocumentSigner(NamedTuple):
    """A signer of credentials with its key loaded. Instants in UTC seconds, window [`not_before`, `not_after`)."""

    key_id: bytes
    name: str
    key: LoadedKey
    document_types: frozenset[DocumentType]
    not_before: int
    not_after: int
    state: SignerState
    state_since: int | None
    status_prefixes: tuple[str, ...]
    points_prefixes: tuple[str, ...]
    caps: Mapping[View, Caps]

    @classmethod
    def of(cls, entry: SignerEntry) -> Self:
        """From an entry of a verified trust list."""
        return cls(
            entry.key_id,
            entry.name,
            load_public_key(entry.public_key),
            frozenset(entry.document_types),
            entry.not_before,
            entry.not_after,
            entry.state,
            entry.state_since,
            entry.status_prefixes,
            entry.points_prefixes,
            dict(entry.caps),
        )

    def compromised(self) -> bool:
        """Compromise refuses everything that the signer ever signed: a thief writes any `iat`."""
        return self.state is SignerState.COMPROMISED

    def retired_before(self, instant: int) -> bool:
        """Retirement spares what was signed before it."""
        return self.state is SignerState.RETIRED and (self.state_since is None or instant >= self.state_since)

    def longest_life(self, view: View, *, paper: bool) -> int:
        """Seconds that `exp` - `iat` may span; 0 for a view this signer may not sign."""
        caps = self.caps.get(view)
        if caps is None:
            return 0
        return caps.paper_seconds if paper else caps.phone_seconds


class HeldStatusList(NamedTuple):
    """The edition in force of one status list, with the companion of that very edition or none."""

    edition: int
    issued_at: int
    entries: StatusList
    companion: Mapping[int, CompanionEntry] | None = None


class HeldPointsList(NamedTuple):
    """The edition in force of one points list; `as_of` is the instant of its balances."""

    edition: int
    issued_at: int
    as_of: int
    entries: StatusList


class Tombstone(NamedTuple):
    """An entry once seen revoked stays revoked here: its class last seen, and the instant it was first seen."""

    entry_class: EntryClass | None
    first_seen: int


_NOTHING: Final[Mapping[Any, Any]] = MappingProxyType({})


class TrustSnapshot(NamedTuple):
    """Everything `verify` looks up. `trust` holds version and instant of each domain's trust list.

    `reader_audiences` names every reader key the trust lists know; `reader_keys` are those this terminal holds.
    `clock_floor` is the newest instant that a publication role signed (UTC seconds).
    """

    profile: Profile
    terminal_id: str
    test_mode: bool
    clock_floor: int
    trust: Mapping[Domain, ListEdition]
    signers: Mapping[bytes, tuple[DocumentSigner, ...]]
    reader_audiences: Mapping[bytes, Audience] = _NOTHING
    reader_keys: Mapping[bytes, LoadedReaderKey] = _NOTHING
    status_lists: Mapping[str, HeldStatusList] = _NOTHING
    points_lists: Mapping[str, HeldPointsList] = _NOTHING
    tombstones: Mapping[tuple[str, int], Tombstone] = _NOTHING

    def __repr__(self) -> str:
        """Who the terminal is; its keys and lists stay out of logs."""
        return f"<TrustSnapshot {self.terminal_id} {self.profile.id}>"
