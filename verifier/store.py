"""The terminal store: what a terminal is, what it believes, and the memory that lets it only move forward.

    store/  terminal_key        this terminal's own private X25519 key, made here, never sent
            request.cbor        what it sent to be enrolled: its name and public key
            enrolment.cbor      the signed enrolment, and the bare key that its signature is checked with
            reader_keys/        private reader keys, one file each
            tuf/                state of the update client (sync alone)
            snapshots/<number>/ verified lists (snapshot.py)
            current             number of the snapshot in force and the hash of its manifest, replaced atomically
            floor.cbor          clock floor and newest version of each list, raised at sync alone
            tombstones.cbor     what was ever seen revoked or compromised
            journal.jsonl       one line for each verdict (journal.py)
            shift               salt of the journal's digests, for one shift
            reported            the last day whose counts the authority was told (reports.py)

1. Opening reads no clock and no socket, and checks no X.509 chain: that was done when the file was written.
2. `enrolment.cbor` keeps its issuer's signature, so that no edit of it turns test mode on or changes the profile, unless
   made by whoever can also read `terminal_key` and write all files: he owns the terminal (SECURITY.md). `current`,
   `floor.cbor` and `tombstones.cbor` carry this terminal's mark; everything else is known by its hash.
3. A snapshot older than the memory is `TrustBroken`; so is a lost or altered memory. A snapshot newer than the memory is a
   sync that was killed before its last step: the later of both holds.
4. An old copy of the whole store, memory included, cannot be told from the past: its lists say their age, and the next
   sync brings it forward.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import cbor2

from credentials import cose_key, enrolment_file
from credentials.cose_key import PublicKey
from credentials.enrolment_file import EnrolmentClaims, ReaderPrivateKey
from credentials.errors import CredentialFormatError
from credentials.spec import Audience

from . import snapshot
from .disk import Marks, flush_folder, keep_only, make_private_folder, read_bounded, replace_file, write_file
from .errors import TrustBroken, TrustMissing
from .policy import DEFAULT_POLICY, Policy
from .profile import PROFILES
from .signatures import SignatureInvalid, load_public_key, verify_signature
from .snapshot import FORGOTTEN, Index, Manifest, Memory, OnDemand, SnapshotFiles, Tombstones
from .trust import TrustSnapshot
from .unseal import LoadedReaderKey, load_reader_key

if TYPE_CHECKING:
    from .verify import Verifier

__all__ = ["StoreState", "TerminalStore"]

TERMINAL_KEY: Final = "terminal_key"
REQUEST: Final = "request.cbor"
ENROLMENT: Final = "enrolment.cbor"
READER_KEYS: Final = "reader_keys"
SNAPSHOTS: Final = "snapshots"
CURRENT: Final = "current"
FLOOR: Final = "floor.cbor"
TOMBSTONES: Final = "tombstones.cbor"
NO_TOMBSTONES: Final = Tombstones({}, {})
KEEP: Final = 2  # snapshots: the one in force, and the one that a running reader may still have open


class StoreState(NamedTuple):
    """What `verifier status` tells. Instants in UTC seconds; lists are (name, version, issued_at)."""

    terminal_id: str
    profile: Audience
    test_mode: bool
    enrolled_at: int
    clock_floor: int
    number: int
    lists: tuple[tuple[str, int, int], ...]
    reader_keys: tuple[tuple[str, int, int], ...]
    tombstones: int


class TerminalStore:
    """One terminal's folder, opened. Raises as `open` says."""

    def __init__(self, folder: str, terminal_key: bytes, enrolment: EnrolmentClaims) -> None:
        """`open` is the way in."""
        self.folder = folder
        self.enrolment = enrolment
        self.terminal_key = terminal_key
        self._marks = Marks(terminal_key)

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> TerminalStore:
        """An enrolled terminal's store. Raises `TrustMissing` before enrolment, `TrustBroken` after damage."""
        folder = os.fspath(folder)
        try:
            stored = read_bounded(f"{folder}/{ENROLMENT}")
        except FileNotFoundError:
            raise TrustMissing("this terminal is not enrolled: run `verifier enrol request`") from None
        except OSError as error:
            raise TrustBroken("the terminal's store cannot be read") from error
        try:
            key = read_bounded(f"{folder}/{TERMINAL_KEY}", 32)
        except OSError as error:
            raise TrustBroken("the terminal's own key is lost: enrol it again") from error
        return cls(folder, key, _read_enrolment(Marks(key).content(ENROLMENT, stored)))

    # Judging

    def verifier(self, policy: Policy = DEFAULT_POLICY) -> Verifier:
        """A verifier over the lists in force. Raises `TrustMissing` before the first sync, `TrustBroken`."""
        from .verify import Verifier  # sync and status judge nothing

        return Verifier(self.snapshot(), policy)

    def snapshot(self) -> TrustSnapshot:
        """The lists in force. Raises `TrustMissing` before the first sync, `TrustBroken`."""
        files, memory = self._in_force()
        index = files.index()
        return TrustSnapshot(
            profile=PROFILES[self.enrolment.profile],
            terminal_id=self.enrolment.terminal_id,
            test_mode=self.enrolment.test_mode,
            clock_floor=memory.floor,
            trust=snapshot.trust_editions(index),
            signers=snapshot.signers(index),
            reader_audiences=snapshot.reader_audiences(index),
            reader_keys=self._loaded_reader_keys(files.manifest),
            status_lists=files.status_lists(index),
            points_lists=files.points_lists(index),
            tombstones=snapshot.tombstones(index),
        )

    # Telling

    def status(self) -> StoreState:
        """What this terminal holds, every file of it checked. Raises `TrustMissing`, `TrustBroken`."""
        files, memory = self._in_force()
        files.check_files()
        index = files.index()
        held = self.reader_private_keys(files.manifest)
        rows = [(f"trust/{domain}", row.version, row.issued_at) for domain, row in index.trust_rows().items()]
        for lists in (index.status, index.points):
            rows += [(uri, row[1], row[2]) for uri, row in lists.items()]
        return StoreState(
            self.enrolment.terminal_id,
            self.enrolment.profile,
            self.enrolment.test_mode,
            self.enrolment.issued_at,
            memory.floor,
            files.manifest.number,
            tuple(rows),
            tuple((one.key_id.hex(), one.generation, one.not_after) for one in held),
            sum(map(len, self.tombstones().entries.values())),
        )

    # Remembering

    def memory(self) -> Memory:
        """What was seen last. Raises `TrustBroken` when it is lost."""
        return Memory.decode(self._marked(FLOOR))

    def tombstones(self) -> Tombstones:
        """What was ever seen revoked. Raises `TrustBroken` when it is lost."""
        return Tombstones.decode(self._marked(TOMBSTONES))

    def known(self) -> tuple[Memory, Index | None, tuple[ReaderPrivateKey, ...]]:
        """What a sync starts from: memory, index and reader keys in force.

        A damaged snapshot is mended by the next sync, as long as the memory is sound: then the index is None. A
        damaged memory is not, since nothing would tell old lists from new ones: `TrustBroken`.
        """
        memory = self.memory()
        try:
            files, memory = self._in_force()
            return memory, files.index(), self.reader_private_keys(files.manifest)
        except (TrustMissing, TrustBroken):
            return memory, None, ()

    def sound_manifest(self) -> Manifest | None:
        """The manifest in force when every file of the snapshot is right; None when the next sync must write anew."""
        try:
            files, _ = self._in_force()
            files.check_files()
            self.reader_private_keys(files.manifest)
        except (TrustMissing, TrustBroken):
            return None
        return files.manifest

    def reader_private_keys(self, manifest: Manifest) -> tuple[ReaderPrivateKey, ...]:
        """The reader keys of a snapshot. Raises `TrustBroken`."""
        return tuple(
            _read_reader_key(bytes.fromhex(name), self._reader_key_file(name, digest))
            for name, digest in manifest.reader_keys.items()
        )

    # Moving forward

    def begin(self) -> None:
        """Write the memory of a terminal that has seen nothing yet."""
        self._write_marked(TOMBSTONES, NO_TOMBSTONES.encode())
        self._write_marked(FLOOR, FORGOTTEN.encode())

    def keep_reader_key(self, key: ReaderPrivateKey) -> tuple[str, bytes]:
        """Write a reader key beside the others; its file's name and SHA-256. A file that is already right stays."""
        make_private_folder(f"{self.folder}/{READER_KEYS}")
        name = key.key_id.hex()
        content = cbor2.dumps([str(key.audience), key.generation, key.not_after, key.private])
        replace_file(f"{self.folder}/{READER_KEYS}/{name}", content)
        return name, snapshot.sha256(content)

    def mend_memory(self) -> None:
        """Write the memory that a killed sync did not come to write; nothing otherwise."""
        _, memory = self._in_force()
        if memory != self.memory():
            self._write_marked(FLOOR, memory.encode())

    def install_snapshot(
        self, files: Mapping[str, bytes], reader_keys: Mapping[str, bytes], memory: Memory, seen: Tombstones
    ) -> int:
        """Put a snapshot in force and return its number; `files` are its lists and index, all verified.

        A kill at any point leaves the old snapshot in force, or the new one: files, tombstones (they only grow), then
        `current`, then the memory. Raises `OSError`.
        """
        number = memory.number
        folder = f"{self.folder}/{SNAPSHOTS}/{number}"
        keep_only(folder, set())
        make_private_folder(folder)
        digests = {name: snapshot.sha256(content) for name, content in files.items()}
        manifest = Manifest(number, digests, dict(reader_keys), memory).encode()
        try:
            for name, content in {**files, snapshot.MANIFEST: manifest}.items():
                write_file(f"{folder}/{name}", content)
        except OSError:
            keep_only(folder, set())  # a full disk is not kept full by what nobody will read
            raise
        for name in (folder, f"{self.folder}/{SNAPSHOTS}", self.folder):
            flush_folder(name)
        self._write_marked(TOMBSTONES, seen.encode())
        self._write_marked(CURRENT, cbor2.dumps([number, snapshot.sha256(manifest)]))
        self._write_marked(FLOOR, memory.encode())
        self._sweep(number, reader_keys)
        return number

    # Within

    def _in_force(self) -> tuple[SnapshotFiles, Memory]:
        memory = self.memory()
        self._marked(TOMBSTONES)
        try:
            number, digest = cbor2.loads(self._marked(CURRENT))
        except TrustBroken:
            if memory.number == 0 and not os.path.lexists(f"{self.folder}/{CURRENT}"):
                raise TrustMissing("this terminal has no lists yet: run `verifier sync`") from None
            raise
        folder = f"{self.folder}/{SNAPSHOTS}/{number}"
        manifest = Manifest.decode(snapshot.read_known(f"{folder}/{snapshot.MANIFEST}", digest))
        if manifest.number != number or _is_older(manifest.memory, memory):
            raise TrustBroken("the stored lists are older than what this terminal has seen: synchronise")
        return SnapshotFiles(folder, manifest), memory.joined(manifest.memory)

    def _marked(self, name: str) -> bytes:
        try:
            stored = read_bounded(f"{self.folder}/{name}")
        except OSError as error:
            raise TrustBroken(f"{name} is missing or cannot be read") from error
        return self._marks.content(name, stored)

    def _write_marked(self, name: str, content: bytes) -> None:
        replace_file(f"{self.folder}/{name}", self._marks.marked(name, content))

    def _reader_key_file(self, name: str, digest: bytes) -> bytes:
        return snapshot.read_known(f"{self.folder}/{READER_KEYS}/{name}", digest)

    def _loaded_reader_keys(self, manifest: Manifest) -> Mapping[bytes, LoadedReaderKey]:
        def load(key_id: bytes, digest: bytes) -> LoadedReaderKey:
            key = _read_reader_key(key_id, self._reader_key_file(key_id.hex(), digest))
            return load_reader_key(key.private, key.not_after)

        rows = {bytes.fromhex(name): digest for name, digest in manifest.reader_keys.items()}
        return OnDemand(rows, load)

    def _sweep(self, number: int, reader_keys: Mapping[str, bytes]) -> None:
        """Take away what no snapshot in use needs; what resists is taken at the next sync."""
        keep_only(f"{self.folder}/{SNAPSHOTS}", {str(number - back) for back in range(KEEP)})
        keep_only(f"{self.folder}/{READER_KEYS}", set(reader_keys))


def write_enrolment(folder: str, terminal_key: bytes, message: bytes, signer: PublicKey) -> None:
    """Store a verified enrolment with the bare key of its signer (enrolment.py checked both)."""
    content = cbor2.dumps([cose_key.to_cose(signer), message])
    replace_file(f"{folder}/{ENROLMENT}", Marks(terminal_key).marked(ENROLMENT, content))


def _read_enrolment(content: bytes) -> EnrolmentClaims:
    key, message = cbor2.loads(content)
    try:
        outer = enrolment_file.read(message)
        signer = load_public_key(cose_key.from_cose(key))
        verify_signature(signer, outer.algorithm, outer.signature, outer.to_be_signed)
        return outer.decode()
    except (CredentialFormatError, SignatureInvalid) as error:
        raise TrustBroken("the enrolment was altered: enrol the terminal again") from error


def _read_reader_key(key_id: bytes, content: bytes) -> ReaderPrivateKey:
    audience, generation, not_after, private = cbor2.loads(content)
    return ReaderPrivateKey(key_id, Audience(audience), generation, not_after, private)


def _is_older(held: Memory, seen: Memory) -> bool:
    if held.number < seen.number or held.floor < seen.floor:
        return True
    return any(version < seen.versions.get(name, 0) for name, version in held.versions.items())
