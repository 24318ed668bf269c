"""The files of a key folder: descriptions, encrypted private halves, signature counts.

    keys/                              mode 0700
      <domain>-<purpose>-<id>.json     what the key is, its state and window; nothing secret
      <domain>-<purpose>-<id>.pem      the private half, encrypted, mode 0600
      counts/<...>.count               signatures reserved so far
      changed                          replaced at each change, so that running programs notice
      lock                             held by whoever changes something

A private key is read when it is first used and then kept; descriptions are read again whenever `changed` is replaced.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from cryptography.hazmat.primitives.asymmetric import x25519

from credentials.cose_key import key_id

from . import disk, lifecycle
from .errors import KeyFileRefused
from .file_signer import FileSigner, PrivateKey, public_half, read_key, write_key
from .record import KeyRecord
from .signature_count import SignatureCount, create_count, read_count


class KeyStore:
    """Reads and writes the keys of one folder. Safe between threads; several processes may share the folder."""

    def __init__(self, path: Path, passphrase: bytes) -> None:
        """Nothing is read yet. Raises `KeyFileRefused` when others may enter the folder."""
        if path.exists():
            disk.require_private(path)
        self.path = path
        self._passphrase = passphrase
        self._change_mark = os.fspath(path / "changed")
        self._lock = RLock()
        self._depth = 0
        self._seen: tuple[int, int] | None = None
        self._records: tuple[KeyRecord, ...] = ()
        self._signers: dict[bytes, FileSigner] = {}

    def make(self) -> None:
        """Create the empty folder."""
        disk.make_private_folder(self.path)
        disk.make_private_folder(self.path / "counts")

    def records(self) -> tuple[KeyRecord, ...]:
        """Every key, oldest first; the same tuple as long as nothing changes. Raises `KeyFileRefused`."""
        try:
            status = os.stat(self._change_mark)  # noqa: PTH116 - a Path would double the cost of asking for a signer
        except FileNotFoundError:
            return ()
        seen = (status.st_ino, status.st_mtime_ns)
        if seen == self._seen:
            return self._records
        with self._lock:
            found = [self.read(path) for path in self.path.glob("*.json")]
            records = tuple(sorted(found, key=lambda one: (one.not_before, one.generation, one.name)))
            # First the records, then the mark under which other threads take them without the lock.
            self._records, self._seen = records, seen
        return records

    def read(self, path: Path) -> KeyRecord:
        """One description. Raises `KeyFileRefused`."""
        disk.require_private(path)
        return KeyRecord.from_json(path.read_bytes(), path.name)

    def private(self, record: KeyRecord) -> PrivateKey:
        """The private half. Raises `KeyFileRefused`: absent, damaged, another passphrase, another key."""
        key = read_key(self.pem(record), self._passphrase)
        if key_id(public_half(key)) != record.key_id:
            msg = f"{record.name}.pem holds another key than its description; restore it from a copy"
            raise KeyFileRefused(msg)
        return key

    def signer(self, record: KeyRecord) -> FileSigner:
        """The loaded signer of a key, counted when the key has a cap. Raises `KeyFileRefused`."""
        loaded = self._signers.get(record.key_id)
        if loaded is not None:
            return loaded
        with self._lock:
            key = self.private(record)
            if isinstance(key, x25519.X25519PrivateKey):
                msg = f"{record.name} cannot sign"
                raise KeyFileRefused(msg)
            count = self._count(record) if record.cap else None
            return self._signers.setdefault(record.key_id, FileSigner(key, count))

    def signatures(self, record: KeyRecord) -> int:
        """Signatures made or reserved by a counted key; 0 for one that is not counted."""
        return read_count(self.count_path(record)) if record.cap else 0

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Alone among threads and processes; afterwards every program looks at the folder again."""
        with self._lock:
            if self._depth:
                yield
                return
            with (self.path / "lock").open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1

    def write(self, record: KeyRecord) -> None:
        """Replace the description of a key, and the mark by which running programs notice."""
        disk.write_private_together(
            {
                self.path / f"{record.name}.json": record.to_json(),
                self.path / "changed": os.urandom(8).hex().encode(),
            }
        )
        self._seen = None

    def add(self, record: KeyRecord, key: PrivateKey) -> None:
        """Store a new key: its description last, since it would promise a key that is not there."""
        write_key(self.pem(record), key, self._passphrase)
        if record.cap:
            create_count(self.count_path(record))
        self.write(record)

    def pem(self, record: KeyRecord) -> Path:
        """Where the private half of a key lies."""
        return self.path / f"{record.name}.pem"

    def count_path(self, record: KeyRecord) -> Path:
        """Where the signatures of a key with a cap are counted."""
        return self.path / "counts" / f"{record.name}.count"

    def _count(self, record: KeyRecord) -> SignatureCount:
        description = self.path / f"{record.name}.json"
        return SignatureCount(
            self.count_path(record),
            record.cap,
            lambda: lifecycle.require_active(self.read(description), None),
        )
