"""A snapshot on disk <-> the values behind it: manifest, index, memory, and the lists read when they are asked for.

    manifest.cbor   [1, number, {file: SHA-256}, {reader key file: SHA-256}, floor, {list: newest version}]
    trust.cbor      the index: trust lists in bare form, which list lies in which file, tombstones that decide
    s<n>.bin        packed entries of a status list, c<n>.cbor its companion, p<n>.bin those of a points list

- `current` names the number and the SHA-256 of the manifest, the manifest the SHA-256 of every file: a byte that changed
  anywhere is `TrustBroken`, when the file is used or at `check_files`.
- Chains, signatures, roles and versions were checked at sync (admission.py). What is read here is what this terminal
  wrote itself, known by its hash before it is parsed, so cbor2 alone reads it.
- Reading is lazy: a look-up loads the one list it needs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Generic, NamedTuple, TypeVar

import cbor2

from credentials.cose_key import Ed25519Key, P256Key, PublicKey
from credentials.spec import POINTS_BITS, STATUS_BITS, Audience, DocumentType, Domain
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.status_list import StatusList
from credentials.trust_list import Caps, SignerEntry, SignerState
from credentials.views import VIEW_BY_NUMBER, VIEW_SPECS

from .disk import read_bounded
from .errors import TrustBroken
from .facts import ListEdition
from .signatures import load_public_key
from .trust import DocumentSigner, HeldPointsList, HeldStatusList, Tombstone

FORMAT: Final = 1
MANIFEST: Final = "manifest.cbor"
INDEX: Final = "trust.cbor"
_CLASSES: Final = tuple(EntryClass)

K = TypeVar("K")
V = TypeVar("V")


class OnDemand(Mapping[K, V], Generic[K, V]):
    """A mapping whose values are made when first asked for, from what `rows` holds under the same key."""

    __slots__ = ("_load", "_made", "_rows")

    def __init__(self, rows: Mapping[K, Any], load: Callable[[K, Any], V]) -> None:
        """`load(key, row)` makes the value; it may raise `TrustBroken`."""
        self._rows = rows
        self._load = load
        self._made: dict[K, V] = {}

    def __getitem__(self, key: K) -> V:
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._load(key, self._rows[key])
        return made

    def __iter__(self) -> Iterator[K]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Memory(NamedTuple):
    """What forbids going back: the clock floor (UTC seconds), the newest snapshot number, the newest version of each list.

    Trust lists are named by their domain, the other lists by their uri.
    """

    floor: int
    number: int
    versions: dict[str, int]

    def joined(self, other: Memory) -> Memory:
        """The later of both, list by list."""
        versions = dict(self.versions)
        for name, version in other.versions.items():
            versions[name] = max(version, versions.get(name, 0))
        return Memory(max(self.floor, other.floor), max(self.number, other.number), versions)

    def encode(self) -> bytes:
        """As `floor.cbor` holds it."""
        return cbor2.dumps(list(self))

    @classmethod
    def decode(cls, content: bytes) -> Memory:
        """Inverse of `encode`."""
        floor, number, versions = cbor2.loads(content)
        return cls(floor, number, versions)


FORGOTTEN: Final = Memory(0, 0, {})


class Tombstones(NamedTuple):
    """Signers seen compromised and entries seen revoked, each with the instant of the list that first said so.

    An entry is `[number of its class or None, instant]`; both mappings only grow.
    """

    signers: dict[bytes, int]
    entries: dict[str, dict[int, list[int | None]]]

    def encode(self) -> bytes:
        """As `tombstones.cbor` holds them."""
        return cbor2.dumps(list(self))

    @classmethod
    def decode(cls, content: bytes) -> Tombstones:
        """Inverse of `encode`."""
        signers, entries = cbor2.loads(content)
        return cls(signers, entries)


class Manifest(NamedTuple):
    """What a snapshot consists of, and the memory it was written with."""

    number: int
    files: dict[str, bytes]
    reader_keys: dict[str, bytes]
    memory: Memory

    def encode(self) -> bytes:
        """As `manifest.cbor` holds it."""
        floor, _, versions = self.memory
        return cbor2.dumps([FORMAT, self.number, self.files, self.reader_keys, floor, versions])

    @classmethod
    def decode(cls, content: bytes) -> Manifest:
        """Inverse of `encode`. Raises `TrustBroken` for a snapshot of another release."""
        version, number, *rest = cbor2.loads(content)
        if version != FORMAT:
            raise TrustBroken("the lists were stored by another release: synchronise again")
        files, reader_keys, floor, versions = rest
        return cls(number, files, reader_keys, Memory(floor, number, versions))


class ListRow(NamedTuple):
    """One list of the index. `as_of` is 0 and `companion` None where there is none; `digest` is that of its payload."""

    file: str
    edition: int
    issued_at: int
    as_of: int
    companion: str | None
    digest: bytes


class TrustRow(NamedTuple):
    """One trust list of the index."""

    version: int
    issued_at: int
    digest: bytes


class Index(NamedTuple):
    """The content of `trust.cbor`: rows of plain values, turned into objects one by one."""

    trust: dict[str, list[Any]]
    signers: dict[bytes, list[list[Any]]]
    reader_audiences: dict[bytes, str]
    status: dict[str, list[Any]]
    points: dict[str, list[Any]]
    tombstones: dict[str, dict[int, list[int | None]]]

    def encode(self) -> bytes:
        """As `trust.cbor` holds it."""
        return cbor2.dumps([FORMAT, *self])

    @classmethod
    def decode(cls, content: bytes) -> Index:
        """Inverse of `encode`."""
        _, *rest = cbor2.loads(content)
        return cls(*rest)

    def trust_rows(self) -> dict[Domain, TrustRow]:
        """Version and instant of each domain's trust list."""
        return {Domain(domain): TrustRow(*row) for domain, row in self.trust.items()}

    def status_row(self, uri: str) -> ListRow | None:
        """The row of a status list that is held."""
        row = self.status.get(uri)
        return None if row is None else ListRow(*row)

    def points_row(self, uri: str) -> ListRow | None:
        """The row of a points list that is held."""
        row = self.points.get(uri)
        return None if row is None else ListRow(*row)


def sha256(content: bytes) -> bytes:
    """The digest by which a manifest knows its files."""
    return hashlib.sha256(content).digest()


class SnapshotFiles:
    """The files of one snapshot, each believed only when its hash is the manifest's."""

    def __init__(self, folder: str, manifest: Manifest) -> None:
        """`folder` holds the files that `manifest` names."""
        self._folder = folder
        self.manifest = manifest

    def read(self, name: str) -> bytes:
        """A file's bytes. Raises `TrustBroken`."""
        return read_known(f"{self._folder}/{name}", self.manifest.files.get(name))

    def index(self) -> Index:
        """The index. Raises `TrustBroken`."""
        return Index.decode(self.read(INDEX))

    def check_files(self) -> None:
        """Read every file. Raises `TrustBroken`."""
        for name in self.manifest.files:
            self.read(name)

    def status_lists(self, index: Index) -> Mapping[str, HeldStatusList]:
        """The status lists by uri."""
        return OnDemand(index.status, self._status_list)

    def points_lists(self, index: Index) -> Mapping[str, HeldPointsList]:
        """The points lists by uri."""
        return OnDemand(index.points, self._points_list)

    def _status_list(self, _: str, row: list[Any]) -> HeldStatusList:
        file, edition, issued_at, _as_of, companion, _digest = row
        return HeldStatusList(
            edition,
            issued_at,
            StatusList(STATUS_BITS, self.read(file)),
            None if companion is None else OnDemand(cbor2.loads(self.read(companion)), _companion_entry),
        )

    def _points_list(self, _: str, row: list[Any]) -> HeldPointsList:
        file, edition, issued_at, as_of, _companion, _digest = row
        return HeldPointsList(edition, issued_at, as_of, StatusList(POINTS_BITS, self.read(file)))


def read_known(path: str, digest: bytes | None) -> bytes:
    """A file whose SHA-256 is known. Raises `TrustBroken` when it is missing or another."""
    try:
        content = read_bounded(path)
    except OSError as error:
        raise TrustBroken("a stored file is missing or cannot be read") from error
    if digest is None or sha256(content) != digest:
        raise TrustBroken("a stored file fails its hash")
    return content


def trust_editions(index: Index) -> dict[Domain, ListEdition]:
    """Version and instant of each trust list, as verdicts show them."""
    return {domain: ListEdition(row.version, row.issued_at) for domain, row in index.trust_rows().items()}


def signers(index: Index) -> Mapping[bytes, tuple[DocumentSigner, ...]]:
    """Signers of credentials by key id, their keys loaded when first asked for."""
    return OnDemand(index.signers, lambda _, rows: tuple(map(_signer, rows)))


def reader_audiences(index: Index) -> dict[bytes, Audience]:
    """The audience of every reader key that a trust list names."""
    return {key_id: Audience(word) for key_id, word in index.reader_audiences.items()}


def tombstones(index: Index) -> Mapping[tuple[str, int], Tombstone]:
    """The tombstones that the present lists no longer confirm."""
    return {
        (uri, place): Tombstone(None if number is None else _CLASSES[number], first_seen or 0)
        for uri, places in index.tombstones.items()
        for place, (number, first_seen) in places.items()
    }


def signer_row(entry: SignerEntry, compromised_since: int | None) -> list[Any]:
    """A signer's entry as the index holds it; who was once seen compromised stays so."""
    compromised = compromised_since is not None
    return [
        entry.key_id,
        entry.name,
        _key_row(entry.public_key),
        [str(document) for document in entry.document_types],
        entry.not_before,
        entry.not_after,
        str(SignerState.COMPROMISED if compromised else entry.state),
        compromised_since if compromised else entry.state_since,
        list(entry.status_prefixes),
        list(entry.points_prefixes),
        {VIEW_SPECS[view].number: [cap.phone_seconds, cap.paper_seconds] for view, cap in entry.caps.items()},
    ]


def companion_row(entry: CompanionEntry) -> list[Any]:
    """A companion's entry as its file holds it."""
    return [_CLASSES.index(entry.entry_class), entry.since, entry.until, entry.reason_class]


def class_number(entry: CompanionEntry | None) -> int | None:
    """The number of an entry's class, as tombstones hold it."""
    return None if entry is None else _CLASSES.index(entry.entry_class)


def _signer(row: list[Any]) -> DocumentSigner:
    key_id, name, key, documents, start, end, state, since, status, points, caps = row
    return DocumentSigner(
        key_id,
        name,
        load_public_key(_key(key)),
        frozenset(map(DocumentType, documents)),
        start,
        end,
        SignerState(state),
        since,
        tuple(status),
        tuple(points),
        {VIEW_BY_NUMBER[number].view: Caps(*cap) for number, cap in caps.items()},
    )


def _key_row(key: PublicKey) -> list[bytes]:
    return [key.x, key.y] if isinstance(key, P256Key) else [key.x]


def _key(row: list[bytes]) -> PublicKey:
    return P256Key(*row) if len(row) == 2 else Ed25519Key(*row)


def _companion_entry(_: int, row: list[Any]) -> CompanionEntry:
    number, since, until, reason = row
    return CompanionEntry(_CLASSES[number], since, until, reason)
