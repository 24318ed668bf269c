"""Make new keys with their certificates and windows, and store them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec, x25519

from credentials.cose_key import key_id
from credentials.spec import DOMAIN_OF, EDDSA, ES256, Audience, DocumentType, Domain, Role
from credentials.trust_list import SignerState

from .errors import KeyFileRefused
from .file_signer import PrivateKey, generate, public_half
from .hierarchy import Purpose, create_root, issue, verify_chain
from .policy import (
    ANNOUNCED_WINDOW_DAYS,
    DAY,
    DOMAIN_ROOT_LIFE_DAYS,
    TUF_ROOT_LIFE_DAYS,
    day_start,
    life_days,
    signature_cap,
)
from .reader_keys import SEALED_AUDIENCES
from .record import KeyKind, KeyRecord, UpdateRole
from .store import KeyStore

STATUS_PATH = {Domain.LICENCE: "/s/l/", Domain.HEALTH: "/s/h/"}
POINTS_PATH = "/p/"


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Which list uris a signer refers to or signs."""

    status: tuple[str, ...]
    points: tuple[str, ...]

    @classmethod
    def of(cls, domain: Domain, role: Role, base_url: str) -> Prefixes:
        """Those of a new service: document signers refer to the lists, list signers sign them."""
        listed = role in {Role.CREDENTIAL, Role.STATUS, Role.COMPANION}
        pointed = domain is Domain.LICENCE and role in {Role.CREDENTIAL, Role.POINTS}
        return cls(
            (base_url + STATUS_PATH[domain],) if listed else (),
            (base_url + POINTS_PATH,) if pointed else (),
        )

    @classmethod
    def like(cls, record: KeyRecord) -> Prefixes:
        """Those of another signer of the same role."""
        return cls(record.status_prefixes, record.points_prefixes)


def new_root(store: KeyStore, domain: Domain, at: int) -> KeyRecord:
    """A domain root from 00:00 UTC of the day of `at`."""
    key = ec.generate_private_key(ec.SECP256R1())
    start = day_start(at)
    window = (start, start + DOMAIN_ROOT_LIFE_DAYS * DAY)
    record = _plain(KeyKind.ROOT, domain, "root", key, window, certificate=create_root(domain, key, at))
    store.add(record, key)
    return record


def new_signer(
    store: KeyStore,
    root: KeyRecord,
    role: Role,
    prefixes: Prefixes,
    at: int,
    *,
    active: bool,
    announced: int | None,
) -> KeyRecord:
    """A signer under `root`, from 00:00 UTC of the day of `at`.

    One that is to wait gets a window that covers its wait and its life. Raises `KeyFileRefused` without the root's
    private half, `ChainInvalid` past the root's end.
    """
    domain = _domain(root)
    key = generate(ES256)
    public = public_half(key)
    window = _window(role, root, at, active=active)
    types = tuple(one for one in DocumentType if DOMAIN_OF[one] is domain)
    record = KeyRecord(
        key_id=key_id(public),
        kind=KeyKind.SIGNER,
        domain=domain,
        purpose=role.value,
        generation=0,
        algorithm=ES256,
        public_key=public,
        state=SignerState.ACTIVE if active else SignerState.ANNOUNCED,
        state_since=window[0] if active else at,
        announced=announced,
        activated=window[0] if active else None,
        not_before=window[0],
        not_after=window[1],
        cap=signature_cap(role),
        document_types=types,
        status_prefixes=prefixes.status,
        points_prefixes=prefixes.points,
        certificate=issue(
            _root_key(store, root), root.certificate, public, Purpose(domain, role, types, *window)
        ),
    )
    verify_chain(record.certificate, root.certificate, role, types, window[0])
    store.add(record, key)
    return record


def new_update_key(store: KeyStore, role: UpdateRole, at: int) -> None:
    """A role key of the update repository; its metadata carries a shorter expiry of its own."""
    key = generate(EDDSA)
    start = day_start(at)
    window = (start, start + 10 * TUF_ROOT_LIFE_DAYS * DAY)
    store.add(_plain(KeyKind.UPDATE, None, role.value, key, window, algorithm=EDDSA), key)


def new_reader_key(
    store: KeyStore, audience: Audience, generation: int, window: tuple[int, int]
) -> KeyRecord:
    """A reader key of one generation; `window` is [first use, end of grace)."""
    key = x25519.X25519PrivateKey.generate()
    domain = SEALED_AUDIENCES[audience]
    record = _plain(KeyKind.READER, domain, audience.value, key, window, algorithm=0, generation=generation)
    store.add(record, key)
    return record


def of_kind(
    records: Iterable[KeyRecord], kind: KeyKind, domain: Domain | None, purpose: str
) -> list[KeyRecord]:
    """The keys of one kind and purpose, in the order given."""
    return [one for one in records if one.kind is kind and one.domain is domain and one.purpose == purpose]


def _domain(root: KeyRecord) -> Domain:
    if root.domain is None or root.kind is not KeyKind.ROOT:
        msg = f"{root.name} is no root"
        raise ValueError(msg)
    return root.domain


def _window(role: Role, root: KeyRecord, at: int, *, active: bool) -> tuple[int, int]:
    waits = role is Role.CREDENTIAL and not active
    start = day_start(at)
    days = ANNOUNCED_WINDOW_DAYS if waits else life_days(role)
    return start, min(start + days * DAY, root.not_after)


def _root_key(store: KeyStore, root: KeyRecord) -> ec.EllipticCurvePrivateKey:
    if not store.pem(root).exists():
        msg = f"the root of {root.domain} is kept elsewhere; bring it back with: wallet-keys root bring"
        raise KeyFileRefused(msg)
    key = store.private(root)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        msg = f"{root.name} is no root of this project"
        raise KeyFileRefused(msg)
    return key


def _plain(
    kind: KeyKind,
    domain: Domain | None,
    purpose: str,
    key: PrivateKey,
    window: tuple[int, int],
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
        state_since=window[0],
        announced=None,
        activated=window[0],
        not_before=window[0],
        not_after=window[1],
        cap=0,
        certificate=certificate,
    )
