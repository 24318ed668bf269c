"""What passes between an operator and a terminal: its request, its enrolment, later reader keys.

The request names the terminal and its own X25519 key. The answers are signed by an enrolment signer whose
certificate stands in the message, then sealed to that key (HPKE, `sealed.enrolment_info`): the private halves of
reader keys never lie in clear in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, NamedTuple

from . import cbor, cose_key, signed_list
from .cose_key import X25519Key
from .frozen import frozen
from .sign1 import ProtectedHeader
from .signed_list import UnverifiedMessage, octets, refuse, text, whole
from .signing import ToSign
from .spec import CLAIM_BODY, CLAIM_IAT, CLAIM_SUB, KEY_ID_SIZE, Audience, Domain, Typ


class EnrolmentRequest(NamedTuple):
    """What a terminal prints for the operator; nothing in it is secret."""

    terminal_id: str
    public_key: X25519Key

    def encode(self) -> bytes:
        """CBOR: [terminal id, COSE_Key]."""
        return cbor.encode([self.terminal_id, cose_key.to_cose(self.public_key)])

    @classmethod
    def decode(cls, request: bytes) -> EnrolmentRequest:
        """Inverse of `encode`. Raises `Malformed`."""
        match cbor.decode(request):
            case [str(terminal_id), dict(key)]:
                public_key = cose_key.from_cose(key)
                if isinstance(public_key, X25519Key):
                    return cls(text(terminal_id, 64), public_key)
        refuse("not a request of enrolment")


@frozen
class ReaderPrivateKey:
    """The private half (32 bytes) of a reader key, for one audience and generation, until the end of its grace."""

    key_id: bytes
    audience: Audience
    generation: int
    not_after: int
    private: bytes = field(repr=False)


@frozen
class EnrolmentClaims:
    """What a terminal is: profile, roots of trust (DER by domain), TUF root, mirror, first reader keys.

    `reports_url` is where it tells how many verdicts of each reason a day had; None: it tells nobody.
    """

    terminal_id: str
    profile: Audience
    test_mode: bool
    issued_at: int
    roots: Mapping[Domain, bytes]
    tuf_root: bytes
    mirror_url: str | None
    mirror_secret: str | None = field(repr=False)
    reader_keys: tuple[ReaderPrivateKey, ...] = field(repr=False)
    reports_url: str | None = None


@frozen
class ReaderKeyPackage:
    """Later generations of reader keys for one terminal."""

    terminal_id: str
    issued_at: int
    reader_keys: tuple[ReaderPrivateKey, ...] = field(repr=False)


def prepare(claims: EnrolmentClaims, *, algorithm: int, chain: tuple[bytes, ...]) -> ToSign:
    """What the enrolment signer signs. Entry 8 stands only where there is an address: one meaning has one encoding."""
    body: dict[int, Any] = {
        1: str(claims.profile),
        2: claims.test_mode,
        3: {str(domain): der for domain, der in claims.roots.items()},
        4: claims.tuf_root,
        5: claims.mirror_url,
        6: claims.mirror_secret,
        7: [_key_to_cbor(one) for one in claims.reader_keys],
    }
    if claims.reports_url is not None:
        body[8] = claims.reports_url
    return signed_list.prepare(
        ProtectedHeader(algorithm, int(Typ.ENROLMENT), chain=chain),
        {CLAIM_SUB: claims.terminal_id, CLAIM_IAT: claims.issued_at, CLAIM_BODY: body},
    )


def read(message: bytes) -> UnverifiedMessage[EnrolmentClaims]:
    """Read the outer layer of an enrolment. Raises `Malformed`."""
    return signed_list.read(message, Typ.ENROLMENT, _enrolment)


def prepare_package(package: ReaderKeyPackage, *, algorithm: int, chain: tuple[bytes, ...]) -> ToSign:
    """What the enrolment signer signs for a package of reader keys."""
    return signed_list.prepare(
        ProtectedHeader(algorithm, int(Typ.READER_KEYS), chain=chain),
        {
            CLAIM_SUB: package.terminal_id,
            CLAIM_IAT: package.issued_at,
            CLAIM_BODY: [_key_to_cbor(one) for one in package.reader_keys],
        },
    )


def read_package(message: bytes) -> UnverifiedMessage[ReaderKeyPackage]:
    """Read the outer layer of a package. Raises `Malformed`."""
    return signed_list.read(message, Typ.READER_KEYS, _package)


def _enrolment(entries: Mapping[Any, Any]) -> EnrolmentClaims:
    signed_list.only(entries, {CLAIM_SUB, CLAIM_IAT, CLAIM_BODY})
    body = entries.get(CLAIM_BODY)
    if not isinstance(body, dict) or body.keys() - {8} != set(range(1, 8)) or type(body[2]) is not bool:
        refuse("the body is not that of an enrolment")
    if not isinstance(body[3], dict):
        refuse("an enrolment holds the roots of its domains")
    return EnrolmentClaims(
        text(entries.get(CLAIM_SUB), 64),
        _audience(body[1]),
        body[2],
        whole(entries.get(CLAIM_IAT)),
        {_domain(domain): octets(der) for domain, der in body[3].items()},
        octets(body[4]),
        None if body[5] is None else text(body[5]),
        None if body[6] is None else text(body[6]),
        _keys(body[7]),
        text(body[8]) if 8 in body else None,
    )


def _package(entries: Mapping[Any, Any]) -> ReaderKeyPackage:
    signed_list.only(entries, {CLAIM_SUB, CLAIM_IAT, CLAIM_BODY})
    return ReaderKeyPackage(
        text(entries.get(CLAIM_SUB), 64), whole(entries.get(CLAIM_IAT)), _keys(entries.get(CLAIM_BODY))
    )


def _audience(value: object) -> Audience:
    try:
        return Audience(text(value))
    except ValueError:
        refuse("an unknown profile")


def _domain(value: object) -> Domain:
    try:
        return Domain(text(value))
    except ValueError:
        refuse("an unknown domain")


def _key_to_cbor(one: ReaderPrivateKey) -> list[Any]:
    return [one.key_id, str(one.audience), one.generation, one.not_after, one.private]


def _keys(value: object) -> tuple[ReaderPrivateKey, ...]:
    if not isinstance(value, list):
        refuse("reader keys are an array")
    return tuple(_key_from_cbor(one) for one in value)


def _key_from_cbor(value: Any) -> ReaderPrivateKey:
    match value:
        case [bytes(key_id), audience, generation, end, bytes(private)] if len(private) == 32:
            if len(key_id) == KEY_ID_SIZE:
                return ReaderPrivateKey(key_id, _audience(audience), whole(generation), whole(end), private)
    refuse("malformed reader key")
