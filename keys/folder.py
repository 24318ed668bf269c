"""The keys of one service: who signs now, who is next, and the steps between.

- One active signer per domain and role; a document signer has announced successors beside it.
- A change of state is one replaced file. Where two files change, the safe one changes first: a compromised key stops
  before its successor starts, a successor starts before its predecessor retires.
- The state of a key is looked at each time a signer is asked for, whichever program changed it.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import x25519

from credentials.spec import Audience, Domain, Role
from credentials.trust_list import SignerState

from . import disk, lifecycle
from .create import Prefixes, new_reader_key, new_root, new_signer, new_update_key, of_kind
from .errors import ChainInvalid, KeyFileRefused, KeyMissing, TransitionRefused
from .policy import ANNOUNCED_SIGNERS
from .reader_keys import SEALED_AUDIENCES, first_windows, next_window
from .record import KeyKind, KeyRecord, UpdateRole
from .signer import Signer
from .store import KeyStore

ROLES: dict[Domain, tuple[Role, ...]] = {
    Domain.LICENCE: (Role.CREDENTIAL, Role.STATUS, Role.POINTS, Role.COMPANION, Role.TRUST, Role.ENROLMENT),
    Domain.HEALTH: (Role.CREDENTIAL, Role.STATUS, Role.COMPANION, Role.TRUST, Role.ENROLMENT),
}


class KeyFolder:
    """All keys of one service. Safe between threads; several processes may share the folder."""

    def __init__(self, path: Path, passphrase: bytes) -> None:
        """`open` is the usual way in."""
        self.path = path
        self._passphrase = passphrase
        self.store = KeyStore(path, passphrase)
        # Replaced together, so that no thread reads the signers of one state under the records of another.
        self._active: tuple[tuple[KeyRecord, ...], dict[tuple[Domain | None, str], KeyRecord]] = ((), {})

    @classmethod
    def open(cls, path: Path, passphrase: bytes) -> KeyFolder:
        """The folder at `path`, which may still be absent. Raises `KeyFileRefused` when others may enter it."""
        return cls(path, passphrase)

    # Reading

    def records(self) -> tuple[KeyRecord, ...]:
        """Every key, oldest first. Raises `KeyFileRefused`."""
        return self.store.records()

    def active(self, domain: Domain, role: Role) -> KeyRecord:
        """The signer in use. Raises `KeyMissing`."""
        known = self.store.records()
        indexed, signers = self._active
        if known is not indexed:
            signers = _active(known)
            self._active = known, signers
        try:
            return signers[domain, role]
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

    def root(self, domain: Domain) -> KeyRecord:
        """The domain root. Raises `KeyMissing`."""
        for record in of_kind(self.records(), KeyKind.ROOT, domain, "root"):
            return record
        msg = f"no root for {domain} here; run: wallet-keys generate"
        raise KeyMissing(msg)

    def root_certificate(self, domain: Domain) -> bytes:
        """The DER certificate of the domain root. Raises `KeyMissing`."""
        return self.root(domain).certificate

    def reader_records(self, audience: Audience, at: int) -> list[KeyRecord]:
        """Reader keys whose grace is not over at `at`, by generation: previous, present, next."""
        return [one for one in self._readers(audience) if at < one.not_after]

    def reader_private(self, record: KeyRecord) -> bytes:
        """The private half of a reader key, 32 bytes, to be sealed to a terminal and nothing else."""
        key = self.store.private(record)
        if not isinstance(key, x25519.X25519PrivateKey):
            msg = f"{record.name} is no reader key"
            raise KeyFileRefused(msg)
        return key.private_bytes_raw()

    def signatures(self, record: KeyRecord) -> int:
        """Signatures made or reserved by a counted key; 0 for one that is not counted."""
        return self.store.signatures(record)

    # Signing

    def signer(self, domain: Domain, role: Role, at: int | None = None) -> Signer:
        """The active signer, its cap counted. Ask again for each act: a compromised key is then noticed at once.

        With `at` its window is checked too. Raises `KeyMissing`, `KeyNotActive`, `KeyFileRefused`.
        """
        record = self.active(domain, role)
        lifecycle.require_active(record, at)
        return self.store.signer(record)

    def update_signer(self, role: UpdateRole) -> Signer:
        """The Ed25519 signer of a role of the update repository. Raises `KeyMissing`, `KeyFileRefused`."""
        for record in of_kind(self.records(), KeyKind.UPDATE, None, role):
            return self.store.signer(record)
        msg = f"no key for the update role {role}; run: wallet-keys generate"
        raise KeyMissing(msg)

    # Changing

    def create_all(self, base_url: str, at: int, *, roots: KeyStore | None = None) -> None:
        """Make every key of a new service: all or nothing. Raises `KeyFileRefused` when the folder holds something.

        Domain roots are made too, or copied from `roots`, the folder of a ceremony.

        Signers begin at 00:00 UTC of the day of `at` and are active at once: every terminal is enrolled later and
        knows them, so no announcement is owed.
        """
        if self.path.exists() and any(self.path.iterdir()):
            msg = f"{self.path} holds keys already; nothing was changed"
            raise KeyFileRefused(msg)
        draft = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        shutil.rmtree(draft, ignore_errors=True)
        try:
            _fill(KeyStore(draft, self._passphrase), base_url.rstrip("/"), at, roots)
            draft.rename(self.path)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
        disk.flush_folder(self.path.parent)

    def announce(self, domain: Domain, role: Role, at: int) -> KeyRecord:
        """Make one more signer, known from the next trust list on, with the prefixes of the present one."""
        with self.store.changing():
            return self._new(self.active(domain, role), at)

    def rotate(self, domain: Domain, role: Role, at: int, *, emergency: bool = False) -> KeyRecord:
        """Let the longest announced signer take over and retire the present one.

        List signers need no announcement, since lists arrive together with the trust list that names their signer: a
        new one is made on the spot. Raises `TransitionRefused` when no document signer has been announced long enough.
        """
        with self.store.changing():
            outgoing = [one for one in self._of(domain, role) if one.state is SignerState.ACTIVE]
            incoming = self._successor(domain, role, at)
            urgent = emergency or role is not Role.CREDENTIAL
            taken = lifecycle.activate(incoming, at, emergency=urgent)
            self.store.write(taken)
            self._retire(outgoing, at)
            self._try_top_up(domain, role, at)
            return taken

    def retire(self, identifier: bytes, at: int) -> KeyRecord:
        """Stop a signer for good; what it signed stays accepted. Raises `TransitionRefused`, `KeyMissing`."""
        return self._end(identifier, SignerState.RETIRED, at)

    def compromise(self, identifier: bytes, at: int) -> KeyRecord:
        """Burn a signer: everything it ever signed is refused, and its successor takes over at once."""
        return self._end(identifier, SignerState.COMPROMISED, at)

    def upkeep(self, at: int) -> list[str]:
        """Do what is due: successions, announcements, the next reader keys. Returns one line for each act.

        What is due and cannot be done, since the root is away or at its end, or the disk full, is a line too: publication must go on.
        """
        with self.store.changing():
            done = []
            for domain, roles in ROLES.items():
                for role in roles:
                    try:
                        done += self._keep(domain, role, at)
                    except (KeyFileRefused, ChainInvalid) as error:
                        done.append(f"{domain} {role}: {error}")
                    except OSError as error:
                        done.append(f"{domain} {role}: {error.strerror}")
            for audience in SEALED_AUDIENCES:
                try:
                    done += self._keep_reader(audience, at)
                except OSError as error:
                    done.append(f"{audience}: {error.strerror}")
            return done

    # Within

    def _of(self, domain: Domain, role: Role) -> list[KeyRecord]:
        return of_kind(self.records(), KeyKind.SIGNER, domain, role)

    def _readers(self, audience: Audience) -> list[KeyRecord]:
        found = of_kind(self.records(), KeyKind.READER, SEALED_AUDIENCES.get(audience), audience)
        return sorted(found, key=lambda one: one.generation)

    def _new(self, model: KeyRecord, at: int) -> KeyRecord:
        if model.domain is None:
            msg = f"{model.name} belongs to no domain"
            raise ValueError(msg)
        root, prefixes = self.root(model.domain), Prefixes.like(model)
        return new_signer(self.store, root, model.role, prefixes, at, active=False, announced=at)

    def _successor(self, domain: Domain, role: Role, at: int) -> KeyRecord:
        for record in self.announced(domain, role):
            if record.covers(at):
                return record
        known = self._of(domain, role)
        if not known:
            msg = f"no key of {domain} for {role}; run: wallet-keys generate"
            raise KeyMissing(msg)
        return self._new(known[-1], at)

    def _retire(self, records: list[KeyRecord], at: int) -> None:
        for record in records:
            # What was signed in this very second still counts as signed before.
            self.store.write(lifecycle.step(record, SignerState.RETIRED, at + 1))

    def _top_up(self, domain: Domain, role: Role, at: int) -> list[str]:
        if role is not Role.CREDENTIAL:
            return []
        waiting = sum(at < one.not_after for one in self.announced(domain, role))
        made = [self._new(self.active(domain, role), at) for _ in range(ANNOUNCED_SIGNERS - waiting)]
        return [f"{domain} {role}: {one.key_id.hex()} announced" for one in made]

    def _try_top_up(self, domain: Domain, role: Role, at: int) -> None:
        """A succession that is done stays done when the root is away; upkeep announces the next signer later."""
        with suppress(KeyFileRefused):
            self._top_up(domain, role, at)

    def _end(self, identifier: bytes, state: SignerState, at: int) -> KeyRecord:
        with self.store.changing():
            record = self.find(identifier)
            if record.kind is not KeyKind.SIGNER or record.domain is None:
                msg = f"key {identifier.hex()} is no signer; reader keys and update keys are replaced, not ended"
                raise TransitionRefused(msg)
            ended = lifecycle.step(record, state, at + (state is SignerState.RETIRED))
            self.store.write(ended)
            if record.state is SignerState.ACTIVE:
                self.rotate(record.domain, record.role, at, emergency=True)
            else:
                self._try_top_up(record.domain, record.role, at)
            return ended

    def _keep(self, domain: Domain, role: Role, at: int) -> list[str]:
        known = self._of(domain, role)
        if not known:
            return []
        newest = _active(known).get((domain, role))
        if newest is not None and at < newest.not_before:
            return []  # a clock that went back asks for no new keys
        # A stop between two files can leave two active ones.
        stale = [one for one in known if one.state is SignerState.ACTIVE and one is not newest]
        self._retire(stale, at)
        done = [f"{domain} {role}: {one.key_id.hex()} retired" for one in stale]
        if newest is None or at >= lifecycle.planned_end(newest) or self._nearly_spent(newest):
            # Past its end there is no better signer than the next one, however young its announcement.
            taken = self.rotate(domain, role, at, emergency=True)
            done.append(f"{domain} {role}: {taken.key_id.hex()} active")
        return done + self._top_up(domain, role, at)

    def _nearly_spent(self, record: KeyRecord) -> bool:
        return self.signatures(record) * 10 >= record.cap * 9

    def _keep_reader(self, audience: Audience, at: int) -> list[str]:
        done = []
        while (known := self._readers(audience)) and known[-1].not_before <= at:
            newest = known[-1]
            window = next_window((newest.not_before, newest.not_after), at)
            record = new_reader_key(self.store, audience, newest.generation + 1, window)
            done.append(
                f"{audience}: reader key {record.key_id.hex()} of generation {record.generation} announced"
            )
        return done


def _active(records: tuple[KeyRecord, ...] | list[KeyRecord]) -> dict[tuple[Domain | None, str], KeyRecord]:
    """The active signers; the one activated last where a stop left two."""
    by_age = sorted(records, key=lambda one: one.activated or 0)
    return {
        (one.domain, one.purpose): one
        for one in by_age
        if one.kind is KeyKind.SIGNER and one.state is SignerState.ACTIVE
    }


def _fill(store: KeyStore, base_url: str, at: int, roots: KeyStore | None) -> None:
    store.make()
    for domain, roles in ROLES.items():
        root = new_root(store, domain, at) if roots is None else _copied_root(store, domain, roots)
        for role in roles:
            prefixes = Prefixes.of(domain, role, base_url)
            new_signer(store, root, role, prefixes, at, active=True, announced=None)
            for _ in range(ANNOUNCED_SIGNERS if role is Role.CREDENTIAL else 0):
                new_signer(store, root, role, prefixes, at, active=False, announced=None)
    for update_role in UpdateRole:
        new_update_key(store, update_role, at)
    for audience in SEALED_AUDIENCES:
        for generation, window in enumerate(first_windows(at), 1):
            new_reader_key(store, audience, generation, window)


def _copied_root(store: KeyStore, domain: Domain, roots: KeyStore) -> KeyRecord:
    for root in of_kind(roots.records(), KeyKind.ROOT, domain, "root"):
        store.add(root, roots.private(root))
        return root
    msg = f"the folder of roots holds none for {domain}; run: wallet-keys root create"
    raise KeyMissing(msg)
