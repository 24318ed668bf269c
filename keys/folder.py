"""The key folder of a home: every key of the service, one descriptor and one encrypted PEM file each.

    keys/                        mode 0700
      <domain>-<purpose>-<id>.json     what the key is, its state and window; nothing secret
      <domain>-<purpose>-<id>.pem      the private half, encrypted, mode 0600
      counts/<...>.count               signatures reserved so far
      changed                          replaced at each change, so that running programs notice

- One active signer per domain and role; a document signer has announced successors beside it.
- A change of state is one replaced file. Where two files change, the safe one changes first: a compromised key stops
  before its successor starts, a successor starts before its predecessor retires.
- A private key is read when it is first used and then kept; its state is looked at each time a signer is asked for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from threading import RLock

from cryptography.hazmat.primitives.asymmetric import ec, x25519

from credentials.cose_key import key_id
from credentials.spec import DOMAIN_OF, EDDSA, ES256, Audience, DocumentType, Domain, Role
from credentials.trust_list import SignerState

from . import disk, lifecycle
from .errors import KeyFileRefused, KeyMissing, TransitionRefused
from .file_signer import FileSigner, PrivateKey, SigningKey, generate, public_half, read_key, write_key
from .hierarchy import Purpose, create_root, issue, verify_chain
from .policy import (
    ANNOUNCED_SIGNERS,
    ANNOUNCED_WINDOW_DAYS,
    DAY,
    DOMAIN_ROOT_LIFE_DAYS,
    TUF_ROOT_LIFE_DAYS,
    day_start,
    life_days,
    signature_cap,
)
from .reader_keys import SEALED_AUDIENCES, first_windows, next_window
from .record import KeyKind, KeyRecord, UpdateRole
from .signature_count import SignatureCount, create_count, read_count
from .signer import Signer

ROLES: dict[Domain, tuple[Role, ...]] = {
    Domain.LICENCE: (Role.CREDENTIAL, Role.STATUS, Role.POINTS, Role.COMPANION, Role.TRUST, Role.ENROLMENT),
    Domain.HEALTH: (Role.CREDENTIAL, Role.STATUS, Role.COMPANION, Role.TRUST, Role.ENROLMENT),
}
STATUS_PATH = {Domain.LICENCE: "/s/l/", Domain.HEALTH: "/s/h/"}
POINTS_PATH = "/p/"


class KeyFolder:
    """All keys of one service, on disk. Safe between threads; several processes may share the folder."""

    def __init__(self, path: Path, passphrase: bytes) -> None:
        """Nothing is read yet; `open` is the usual way in."""
        self.path = path
        self._passphrase = passphrase
        self._change_mark = os.fspath(path / "changed")
        self._lock = RLock()
        self._seen: tuple[int, int] | None = None
        self._records: tuple[KeyRecord, ...] = ()
        self._active: dict[tuple[Domain, Role], KeyRecord] = {}
        self._signers: dict[bytes, FileSigner] = {}

    @classmethod
    def open(cls, path: Path, passphrase: bytes) -> KeyFolder:
        """The folder at `path`, which may still be absent. Raises `KeyFileRefused` when others may enter it."""
        if path.exists():
            disk.require_private(path)
        return cls(path, passphrase)

    # Reading

    def records(self) -> tuple[KeyRecord, ...]:
        """Every key, oldest first. Raises `KeyFileRefused`."""
        self._refresh()
        return self._records

    def active(self, domain: Domain, role: Role) -> KeyRecord:
        """The signer in use. Raises `KeyMissing`."""
        self._refresh()
        try:
            return self._active[domain, role]
        except KeyError:
            msg = f"no active key of {domain} for {role}; run: wallet-keys generate, or wallet-keys rotate"
            raise KeyMissing(msg) from None

    def announced(self, domain: Domain, role: Role) -> list[KeyRecord]:
        """Signers that terminals know and that sign nothing yet, the longest known first."""
        found = [one for one in self._of(domain, role) if one.state is SignerState.ANNOUNCED]
        return sorted(found, key=lambda one: (one.announced or 0, one.key_id))

    def find(self, identifier: bytes) -> KeyRecord:
        """The key with that id. Raises `KeyMissing`."""
        for record in self.records():
            if record.key_id == identifier:
                return record
        msg = f"no key {identifier.hex()} here; run: wallet-keys list"
        raise KeyMissing(msg)

    def root_certificate(self, domain: Domain) -> bytes:
        """The DER certificate of the domain root. Raises `KeyMissing`."""
        return self._root(domain).certificate

    def reader_records(self, audience: Audience, at: int) -> list[KeyRecord]:
        """Reader keys whose grace is not over at `at`, by generation: previous, present, next."""
        found = [
            one
            for one in self.records()
            if one.kind is KeyKind.READER and one.purpose == audience and at < one.not_after
        ]
        return sorted(found, key=lambda one: one.generation)

    def reader_private(self, record: KeyRecord) -> bytes:
        """The private half of a reader key, 32 bytes, to be sealed to a terminal and nothing else."""
        key = self._private(record)
        if not isinstance(key, x25519.X25519PrivateKey):
            msg = f"{record.name} is no reader key"
            raise KeyFileRefused(msg)
        return key.private_bytes_raw()

    def signatures(self, record: KeyRecord) -> int:
        """Signatures made or reserved by a counted key; 0 for one that is not counted."""
        return read_count(self._count_path(record)) if record.cap else 0

    # Signing

    def signer(self, domain: Domain, role: Role, at: int | None = None) -> Signer:
        """The active signer, its cap counted. Ask again for each act: a compromised key is then noticed at once.

        With `at` its window is checked too. Raises `KeyMissing`, `KeyNotActive`, `KeyFileRefused`.
        """
        record = self.active(domain, role)
        lifecycle.require_active(record, at)
        return self._signer(record)

    def update_signer(self, role: UpdateRole) -> Signer:
        """The Ed25519 signer of a role of the update repository. Raises `KeyMissing`, `KeyFileRefused`."""
        for record in self.records():
            if record.kind is KeyKind.UPDATE and record.purpose == role:
                return self._signer(record)
        msg = f"no key for the update role {role}; run: wallet-keys generate"
        raise KeyMissing(msg)

    # Changing

    def create_all(self, base_url: str, at: int) -> None:
        """Make every key of a new service: all or nothing. Raises `KeyFileRefused` when the folder holds keys.

        Signers begin at 00:00 UTC of the day of `at` and are active at once: every terminal is enrolled later and
        knows them, so no announcement is owed.
        """
        if self.path.exists() and any(self.path.iterdir()):
            msg = f"{self.path} holds keys already; nothing was changed"
            raise KeyFileRefused(msg)
        draft = KeyFolder(self.path.with_name(f".{self.path.name}.{os.getpid()}"), self._passphrase)
        shutil.rmtree(draft.path, ignore_errors=True)
        try:
            draft._fill(base_url.rstrip("/"), at)
            draft.path.rename(self.path)
        except BaseException:
            shutil.rmtree(draft.path, ignore_errors=True)
            raise
        disk.flush_folder(self.path.parent)

    def announce(self, domain: Domain, role: Role, at: int) -> KeyRecord:
        """Make one more signer, known from the next trust list on, with the prefixes of the present one."""
        with self._lock:
            model = self.active(domain, role)
            record = self._new_signer(domain, role, at, announced=at, like=model)
            self._changed()
            return record

    def rotate(self, domain: Domain, role: Role, at: int, *, emergency: bool = False) -> KeyRecord:
        """Let the longest announced signer take over and retire the present one.

        List signers need no announcement, since lists arrive together with the trust list that names their signer: a
        new one is made on the spot. Raises `TransitionRefused` when no document signer has been announced long enough.
        """
        with self._lock:
            outgoing = [one for one in self._of(domain, role) if one.state is SignerState.ACTIVE]
            incoming = self._successor(domain, role, at)
            taken = lifecycle.activate(incoming, at, emergency=emergency or role is not Role.CREDENTIAL)
            self._write(taken)
            for record in outgoing:
                # What was signed in this very second still counts as signed before.
                self._write(lifecycle.step(record, SignerState.RETIRED, at + 1))
            self._changed()
            self._top_up(domain, role, at)
            return taken

    def retire(self, identifier: bytes, at: int) -> KeyRecord:
        """Stop a signer for good; what it signed stays accepted. Raises `TransitionRefused`, `KeyMissing`."""
        return self._end(identifier, SignerState.RETIRED, at)

    def compromise(self, identifier: bytes, at: int) -> KeyRecord:
        """Burn a signer: everything it ever signed is refused, and its successor takes over at once."""
        return self._end(identifier, SignerState.COMPROMISED, at)

    def upkeep(self, at: int) -> list[str]:
        """Do what is due: successions, announcements, the next reader keys. Returns one line for each act."""
        with self._lock:
            done = []
            for domain, roles in ROLES.items():
                for role in roles:
                    done += self._keep(domain, role, at)
            for audience in SEALED_AUDIENCES:
                done += self._keep_reader(audience, at)
            return done

    # Within

    def _refresh(self) -> None:
        try:
            status = os.stat(self._change_mark)  # noqa: PTH116 - a Path costs more than the signature's overhead allows
        except FileNotFoundError:
            return
        seen = (status.st_ino, status.st_mtime_ns)
        if seen == self._seen:
            return
        with self._lock:
            records = [self._read(path) for path in self.path.glob("*.json")]
            records.sort(key=lambda one: (one.not_before, one.generation, one.name))
            self._records = tuple(records)
            self._active = {
                (one.domain, one.role): one
                for one in sorted(records, key=lambda one: one.activated or 0)
                if one.kind is KeyKind.SIGNER and one.domain and one.state is SignerState.ACTIVE
            }
            self._seen = seen

    def _read(self, path: Path) -> KeyRecord:
        disk.require_private(path)
        return KeyRecord.from_json(path.read_bytes(), path.name)

    def _of(self, domain: Domain, role: Role) -> list[KeyRecord]:
        return [
            one
            for one in self.records()
            if one.kind is KeyKind.SIGNER and one.domain is domain and one.purpose == role
        ]

    def _root(self, domain: Domain) -> KeyRecord:
        for record in self.records():
            if record.kind is KeyKind.ROOT and record.domain is domain:
                return record
        msg = f"no root for {domain} here; run: wallet-keys generate"
        raise KeyMissing(msg)

    def _pem(self, record: KeyRecord) -> Path:
        return self.path / f"{record.name}.pem"

    def _count_path(self, record: KeyRecord) -> Path:
        return self.path / "counts" / f"{record.name}.count"

    def _private(self, record: KeyRecord) -> PrivateKey:
        key = read_key(self._pem(record), self._passphrase)
        if key_id(public_half(key)) != record.key_id:
            msg = f"{record.name}.pem holds another key than its description; restore it from a copy"
            raise KeyFileRefused(msg)
        return key

    def _signer(self, record: KeyRecord) -> FileSigner:
        loaded = self._signers.get(record.key_id)
        if loaded is not None:
            return loaded
        with self._lock:
            key = self._private(record)
            if isinstance(key, x25519.X25519PrivateKey):
                msg = f"{record.name} cannot sign"
                raise KeyFileRefused(msg)
            signer = FileSigner(key, self._count(record) if record.cap else None)
            return self._signers.setdefault(record.key_id, signer)

    def _count(self, record: KeyRecord) -> SignatureCount:
        descriptor = self.path / f"{record.name}.json"
        return SignatureCount(
            self._count_path(record),
            record.cap,
            lambda: lifecycle.require_active(self._read(descriptor), None),
        )

    def _write(self, record: KeyRecord) -> None:
        disk.write_private(self.path / f"{record.name}.json", record.to_json())

    def _changed(self) -> None:
        disk.write_private(self.path / "changed", os.urandom(8).hex().encode())
        self._seen = None

    def _store(self, record: KeyRecord, key: PrivateKey) -> None:
        """The private half and the count first: a description without them would promise a key that is not there."""
        write_key(self._pem(record), key, self._passphrase)
        if record.cap:
            create_count(self._count_path(record))
        self._write(record)

    def _fill(self, base_url: str, at: int) -> None:
        disk.make_private_folder(self.path)
        disk.make_private_folder(self.path / "counts")
        for domain, roles in ROLES.items():
            self._new_root(domain, at)
            self._changed()
            for role in roles:
                like = _Prefixes.of(domain, role, base_url)
                self._new_signer(domain, role, at, announced=None, like=like, active=True)
                for _ in range(ANNOUNCED_SIGNERS if role is Role.CREDENTIAL else 0):
                    self._new_signer(domain, role, at, announced=None, like=like)
        for update_role in UpdateRole:
            self._new_update_key(update_role, at)
        for audience in SEALED_AUDIENCES:
            for generation, window in enumerate(first_windows(at), 1):
                self._new_reader_key(audience, generation, window, at)
        self._changed()

    def _new_root(self, domain: Domain, at: int) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        start = day_start(at)
        window = (start, start + DOMAIN_ROOT_LIFE_DAYS * DAY)
        certificate = create_root(domain, key, at)
        self._store(_plain(KeyKind.ROOT, domain, "root", key, window, at, certificate=certificate), key)

    def _new_signer(
        self,
        domain: Domain,
        role: Role,
        at: int,
        *,
        announced: int | None,
        like: KeyRecord | _Prefixes,
        active: bool = False,
    ) -> KeyRecord:
        root = self._root(domain)
        root_key = self._private(root)
        if not isinstance(root_key, ec.EllipticCurvePrivateKey):
            msg = f"{root.name} is no root of this project"
            raise KeyFileRefused(msg)
        key = generate(ES256)
        days = life_days(role) if active or role is not Role.CREDENTIAL else ANNOUNCED_WINDOW_DAYS
        start = day_start(at)
        window = (start, min(start + days * DAY, root.not_after))
        types = tuple(one for one in DocumentType if DOMAIN_OF[one] is domain)
        public = public_half(key)
        certificate = issue(root_key, root.certificate, public, Purpose(domain, role, types, *window))
        verify_chain(certificate, root.certificate, role, types, start)
        record = KeyRecord(
            key_id=key_id(public),
            kind=KeyKind.SIGNER,
            domain=domain,
            purpose=role.value,
            generation=0,
            algorithm=ES256,
            public_key=public,
            state=SignerState.ACTIVE if active else SignerState.ANNOUNCED,
            state_since=start if active else at,
            announced=announced,
            activated=start if active else None,
            not_before=window[0],
            not_after=window[1],
            cap=signature_cap(role),
            document_types=types,
            status_prefixes=like.status_prefixes,
            points_prefixes=like.points_prefixes,
            certificate=certificate,
        )
        self._store(record, key)
        return record

    def _new_update_key(self, role: UpdateRole, at: int) -> None:
        key = generate(EDDSA)
        start = day_start(at)
        window = (
            start,
            start + 10 * TUF_ROOT_LIFE_DAYS * DAY,
        )  # the metadata carries its own, shorter expiry
        self._store(_plain(KeyKind.UPDATE, None, role.value, key, window, at, algorithm=EDDSA), key)

    def _new_reader_key(
        self, audience: Audience, generation: int, window: tuple[int, int], at: int
    ) -> KeyRecord:
        key = x25519.X25519PrivateKey.generate()
        domain = SEALED_AUDIENCES[audience]
        record = _plain(
            KeyKind.READER, domain, audience.value, key, window, at, algorithm=0, generation=generation
        )
        self._store(record, key)
        return record

    def _successor(self, domain: Domain, role: Role, at: int) -> KeyRecord:
        usable = [one for one in self.announced(domain, role) if one.covers(at)]
        if usable:
            return usable[0]
        known = self._of(domain, role)
        if not known:
            msg = f"no key of {domain} for {role}; run: wallet-keys generate"
            raise KeyMissing(msg)
        record = self._new_signer(domain, role, at, announced=at, like=known[-1])
        self._changed()
        return record

    def _top_up(self, domain: Domain, role: Role, at: int) -> list[str]:
        if role is not Role.CREDENTIAL:
            return []
        waiting = [one for one in self.announced(domain, role) if one.covers(at)]
        made = [
            self._new_signer(domain, role, at, announced=at, like=self.active(domain, role))
            for _ in range(ANNOUNCED_SIGNERS - len(waiting))
        ]
        if made:
            self._changed()
        return [f"{domain} {role}: {one.key_id.hex()} announced" for one in made]

    def _end(self, identifier: bytes, state: SignerState, at: int) -> KeyRecord:
        with self._lock:
            record = self.find(identifier)
            if record.kind is not KeyKind.SIGNER or record.domain is None:
                msg = f"key {identifier.hex()} is no signer; reader keys and update keys are replaced, not ended"
                raise TransitionRefused(msg)
            ended = lifecycle.step(record, state, at)
            self._write(ended)
            self._changed()
            if record.state is SignerState.ACTIVE:
                self.rotate(record.domain, record.role, at, emergency=True)
            else:
                self._top_up(record.domain, record.role, at)
            return ended

    def _keep(self, domain: Domain, role: Role, at: int) -> list[str]:
        known = self._of(domain, role)
        if not known:
            return []
        newest = self._active.get((domain, role))
        stale = [one for one in known if one.state is SignerState.ACTIVE and one is not newest]
        for record in stale:  # left by a stop between two files
            self._write(lifecycle.step(record, SignerState.RETIRED, at))
        if stale:
            self._changed()
        done = [f"{domain} {role}: {one.key_id.hex()} retired" for one in stale]
        if newest is None or at >= lifecycle.planned_end(newest) or self._nearly_spent(newest):
            # Past its end there is no better signer than the next one, however young its announcement.
            taken = self.rotate(domain, role, at, emergency=True)
            done.append(f"{domain} {role}: {taken.key_id.hex()} active")
        return done + self._top_up(domain, role, at)

    def _nearly_spent(self, record: KeyRecord) -> bool:
        return self.signatures(record) * 10 >= record.cap * 9

    def _keep_reader(self, audience: Audience, at: int) -> list[str]:
        known = [one for one in self.records() if one.kind is KeyKind.READER and one.purpose == audience]
        done = []
        while known and max(one.not_before for one in known) <= at:
            newest = max(known, key=lambda one: one.generation)
            window = next_window((newest.not_before, newest.not_after), at)
            record = self._new_reader_key(audience, newest.generation + 1, window, at)
            self._changed()
            known.append(record)
            done.append(
                f"{audience}: reader key {record.key_id.hex()} of generation {record.generation} announced"
            )
        return done


class _Prefixes:
    """List prefixes of a signer that has no model to copy them from."""

    __slots__ = ("points_prefixes", "status_prefixes")

    def __init__(self, status: Iterable[str], points: Iterable[str]) -> None:
        self.status_prefixes = tuple(status)
        self.points_prefixes = tuple(points)

    @classmethod
    def of(cls, domain: Domain, role: Role, base_url: str) -> _Prefixes:
        """What a signer of this role refers to or signs: document signers refer, list signers sign."""
        status = (
            [base_url + STATUS_PATH[domain]] if role in {Role.CREDENTIAL, Role.STATUS, Role.COMPANION} else []
        )
        pointed = domain is Domain.LICENCE and role in {Role.CREDENTIAL, Role.POINTS}
        return cls(status, [base_url + POINTS_PATH] if pointed else [])


def _plain(
    kind: KeyKind,
    domain: Domain | None,
    purpose: str,
    key: SigningKey | x25519.X25519PrivateKey,
    window: tuple[int, int],
    at: int,
    *,
    algorithm: int = ES256,
    generation: int = 0,
    certificate: bytes = b"",
) -> KeyRecord:
    """A key outside the signers' life-cycle: active from the start, uncounted."""
    public = public_half(key)
    return KeyRecord(
        key_id=key_id(public),
        kind=kind,
        domain=domain,
        purpose=purpose,
        generation=generation,
        algorithm=algorithm,
        public_key=public,
        state=SignerState.ACTIVE,
        state_since=day_start(at),
        announced=None,
        activated=day_start(at),
        not_before=window[0],
        not_after=window[1],
        cap=0,
        certificate=certificate,
    )
