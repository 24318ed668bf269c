"""The trust list of a domain: who may sign what, from when to when, and to which keys a phone may seal.

- One list a domain, its version rising by at least one. It is signed by a key whose certificate, issued by the
  domain's root, stands in the message (x5chain, header 33).
- A signer has one role, a window that begins and ends at 00:00 UTC, a state, and for credentials the document types it may
  sign, the prefixes of its list uris, and per view the longest life of what it signs.
- Every signer's certificate carries the extended key usages of its role and document types (EKU below).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from . import cose_key, signed_list
from .cose_key import PublicKey, X25519Key
from .sign1 import ProtectedHeader
from .signed_list import UnverifiedMessage, octets, refuse, text, whole
from .signing import ToSign
from .spec import (
    CLAIM_BODY,
    CLAIM_EDITION,
    CLAIM_IAT,
    CLAIM_SUB,
    EDDSA,
    ES256,
    KEY_ID_SIZE,
    Audience,
    DocumentType,
    Domain,
    Role,
    Typ,
)
from .views import VIEW_BY_NUMBER, VIEW_SPECS, View

# An arc for documentation and examples (RFC 7042bis practice has none for keys): 2.999 is ITU-T X.660's example arc.
_ARC: Final = "2.999.4676"
EKU: Final[dict[Role | DocumentType, str]] = {
    Role.CREDENTIAL: f"{_ARC}.1.1",
    Role.STATUS: f"{_ARC}.1.2",
    Role.POINTS: f"{_ARC}.1.3",
    Role.COMPANION: f"{_ARC}.1.4",
    Role.TRUST: f"{_ARC}.1.5",
    Role.ENROLMENT: f"{_ARC}.1.6",
    DocumentType.DRIVING_LICENCE: f"{_ARC}.2.1",
    DocumentType.VITALE_CARD: f"{_ARC}.2.2",
}


class SignerState(StrEnum):
    """Announced keys are already accepted: a terminal offline for a month must know the standby signer."""

    ANNOUNCED = "announced"
    ACTIVE = "active"
    RETIRED = "retired"
    COMPROMISED = "compromised"


class Caps(NamedTuple):
    """Longest `exp` - `iat` in seconds, for the phone's form and for paper (0: none)."""

    phone_seconds: int
    paper_seconds: int


NO_CAPS: Final[Mapping[View, Caps]] = MappingProxyType({})


class SignerEntry(NamedTuple):
    """One signer. Instants in UTC seconds; the window is [`not_before`, `not_after`)."""

    key_id: bytes
    role: Role
    algorithm: int
    public_key: PublicKey
    name: str
    document_types: tuple[DocumentType, ...]
    not_before: int
    not_after: int
    state: SignerState
    state_since: int | None
    certificate: bytes
    status_prefixes: tuple[str, ...] = ()
    points_prefixes: tuple[str, ...] = ()
    caps: Mapping[View, Caps] = NO_CAPS


class ReaderKeyEntry(NamedTuple):
    """A key to seal to. A phone seals within [`not_before`, `not_after`); `not_after` is the end of the grace."""

    key_id: bytes
    audience: Audience
    public_key: X25519Key
    generation: int
    not_before: int
    not_after: int


class TrustListClaims(NamedTuple):
    """One version of a domain's list."""

    domain: Domain
    version: int
    issued_at: int
    signers: tuple[SignerEntry, ...]
    reader_keys: tuple[ReaderKeyEntry, ...]


def prepare(claims: TrustListClaims, *, algorithm: int, chain: tuple[bytes, ...]) -> ToSign:
    """What the trust signer signs; `chain` is DER, leaf first, without the root."""
    return signed_list.prepare(
        ProtectedHeader(algorithm, int(Typ.TRUST_LIST), chain=chain),
        {
            CLAIM_SUB: str(claims.domain),
            CLAIM_IAT: claims.issued_at,
            CLAIM_EDITION: claims.version,
            CLAIM_BODY: {
                1: [_signer_to_cbor(one) for one in claims.signers],
                2: [_reader_to_cbor(one) for one in claims.reader_keys],
            },
        },
    )


def read(message: bytes) -> UnverifiedMessage[TrustListClaims]:
    """Read the outer layer. Raises `Malformed`; a list without a chain is refused here."""
    outer = signed_list.read(message, Typ.TRUST_LIST, _claims)
    if not outer.chain:
        refuse("a trust list carries the certificate of its signer")
    return outer


def _claims(entries: Mapping[Any, Any]) -> TrustListClaims:
    signed_list.only(entries, {CLAIM_SUB, CLAIM_IAT, CLAIM_EDITION, CLAIM_BODY})
    body = entries.get(CLAIM_BODY)
    if not isinstance(body, dict) or body.keys() != {1, 2}:
        refuse("the body is not that of a trust list")
    if not isinstance(body[1], list) or not isinstance(body[2], list):
        refuse("the body is not that of a trust list")
    return TrustListClaims(
        _word(Domain, entries.get(CLAIM_SUB)),
        whole(entries.get(CLAIM_EDITION)),
        whole(entries.get(CLAIM_IAT)),
        tuple(_signer_from_cbor(one) for one in body[1]),
        tuple(_reader_from_cbor(one) for one in body[2]),
    )


def _word(words: Any, value: object) -> Any:
    try:
        return words(text(value))
    except ValueError:
        refuse("a word outside its closed list")


def _signer_to_cbor(one: SignerEntry) -> list[Any]:
    caps = {VIEW_SPECS[view].number: [cap.phone_seconds, cap.paper_seconds] for view, cap in one.caps.items()}
    return [
        one.key_id,
        str(one.role),
        one.algorithm,
        cose_key.to_cose(one.public_key),
        one.name,
        [str(document) for document in one.document_types],
        one.not_before,
        one.not_after,
        str(one.state),
        one.state_since,
        one.certificate,
        list(one.status_prefixes),
        list(one.points_prefixes),
        caps,
    ]


def _signer_from_cbor(value: Any) -> SignerEntry:
    if not isinstance(value, list) or len(value) != 14:
        refuse("malformed signer")
    key_id, role, algorithm, key, name, documents, start, end, state, since, der, status, points, caps = value
    public_key = cose_key.from_cose(key)
    if cose_key.key_id(public_key) != key_id or algorithm not in (ES256, EDDSA):
        refuse("a signer's key id is not that of its key, or its algorithm is unknown")
    if whole(end) <= whole(start):
        refuse("a signer's window is empty")
    return SignerEntry(
        key_id,
        _word(Role, role),
        algorithm,
        public_key,
        text(name),
        tuple(_word(DocumentType, document) for document in _items(documents)),
        start,
        end,
        _word(SignerState, state),
        None if since is None else whole(since),
        octets(der),
        tuple(text(prefix) for prefix in _items(status)),
        tuple(text(prefix) for prefix in _items(points)),
        _caps(caps),
    )


def _items(value: object) -> list[Any]:
    if not isinstance(value, list):
        refuse("an array is missing")
    return value


def _caps(value: Any) -> dict[View, Caps]:
    if not isinstance(value, dict) or not value.keys() <= VIEW_BY_NUMBER.keys():
        refuse("malformed caps of a signer")
    caps = {}
    for number, cap in value.items():
        if not isinstance(cap, list) or len(cap) != 2:
            refuse("malformed caps of a signer")
        caps[VIEW_BY_NUMBER[number].view] = Caps(whole(cap[0]), whole(cap[1]))
    return caps


def _reader_to_cbor(one: ReaderKeyEntry) -> list[Any]:
    return [
        one.key_id,
        str(one.audience),
        cose_key.to_cose(one.public_key),
        one.generation,
        one.not_before,
        one.not_after,
    ]


def _reader_from_cbor(value: Any) -> ReaderKeyEntry:
    if not isinstance(value, list) or len(value) != 6:
        refuse("malformed reader key")
    key_id, audience, key, generation, start, end = value
    public_key = cose_key.from_cose(key)
    if not isinstance(public_key, X25519Key) or cose_key.key_id(public_key) != key_id:
        refuse("a reader key's id is not that of its key")
    if len(key_id) != KEY_ID_SIZE or whole(end) <= whole(start):
        refuse("malformed reader key")
    return ReaderKeyEntry(key_id, _word(Audience, audience), public_key, whole(generation), start, end)
