"""The claims of a credential: one model, two forms (RFC 8392; SD-JWT VC).

- `decode(encode(claims)) == claims` in both forms, and both forms give equal values (property tests).
- The schema is closed: a missing, unknown or mistyped claim is `Malformed`, but for the declared range to ignore.
- A credential without device key is the paper form; it exists for unsealed views with a name or a portrait.
"""

from __future__ import annotations

from typing import Any, NoReturn

from . import cbor, one_pass, strict_json
from .claim_table import IGNORED_KEYS, IGNORED_PREFIX, KEY_VIEW, VIEW_ROWS
from .cose_key import P256Key, compress, decompress, from_jwk, to_jwk
from .driving_licence import AgeOver18
from .errors import Malformed
from .frozen import frozen
from .limits import URI_CHARACTERS
from .spec import (
    CLAIM_CNF,
    CLAIM_DOCUMENT,
    CLAIM_EXP,
    CLAIM_IAT,
    CLAIM_NBF,
    CLAIM_STATUS,
    CNF_COSE_KEY,
    LIST_SIZE,
)
from .stages import PayloadBytes
from .views import VIEW_BY_NUMBER, VIEW_BY_SUBJECT, VIEW_BY_VCT, Subject, View, ViewSpec

_END_OF_TIME = 1 << 40
DEVICE_KEY_SIZE = 33  # bytes, SEC 1 compressed point on P-256


@frozen
class StatusReference:
    """Where this credential's status stands (Token Status List, section 6.1): list uri and index."""

    uri: str
    index: int

    def __post_init__(self) -> None:
        """Raises `Malformed` for an index below zero; one beyond the list is the verifier's business."""
        if type(self.index) is not int or not 0 <= self.index < 1 << 32:
            msg = "a status index is not negative"
            raise Malformed(msg)
        if not 0 < len(self.uri) <= URI_CHARACTERS or not self.uri.isascii() or not self.uri.isprintable():
            msg = "malformed uri of a status list"
            raise Malformed(msg)


@frozen
class Claims:
    """What the issuer signs. Instants in UTC seconds; the window is [`not_before` or `issued_at`, `expires_at`).

    `device_key` is the holder's P-256 key as a 33-byte compressed point, or None for the paper form.
    """

    view: View
    issued_at: int
    expires_at: int
    device_key: bytes | None
    status: StatusReference
    subject: Subject
    not_before: int | None = None

    def __post_init__(self) -> None:
        """Cross-field rules. Raises `Malformed`."""
        spec = VIEW_BY_SUBJECT[type(self.subject)]
        if spec.view is not self.view:
            _refuse("the subject is not of the announced view")
        if not 0 <= self.issued_at <= self.starts_at < self.expires_at < _END_OF_TIME:
            _refuse("the validity window is empty, or begins before the issue")
        if self.device_key is None:
            self._check_paper(spec)
        known_at = spec.known_at(self.subject)
        if known_at is not None and known_at > self.issued_at:
            _refuse("points or rights are known from after the issue")

    def _check_paper(self, spec: ViewSpec) -> None:
        if not spec.paper:
            _refuse("this view has no paper form")
        if isinstance(self.subject, AgeOver18) and self.subject.portrait is None:
            _refuse("on paper, an age needs a portrait")

    @property
    def starts_at(self) -> int:
        """First instant of the validity window."""
        return self.issued_at if self.not_before is None else self.not_before


def _refuse(why: str) -> NoReturn:
    raise Malformed(why)


# --- CBOR ------------------------------------------------------------------------------------------------------


def encode_cbor(claims: Claims) -> PayloadBytes:
    """The payload of the CBOR form."""
    if claims.device_key is not None and claims.not_before is None:
        times, status = (claims.issued_at, claims.expires_at), (claims.status.index, claims.status.uri)
        usual = one_pass.write(claims.view, times, claims.device_key, status, claims.subject)
        if usual is not None:
            return PayloadBytes(usual)
    return encode_any_cbor(claims)


def encode_any_cbor(claims: Claims) -> PayloadBytes:
    """The payload of the CBOR form, unusual shapes too."""
    entries: dict[int, Any] = {
        CLAIM_EXP: claims.expires_at,
        CLAIM_IAT: claims.issued_at,
        CLAIM_STATUS: {"status_list": {"idx": claims.status.index, "uri": claims.status.uri}},
        CLAIM_DOCUMENT: _document_to_cbor(claims.subject),
    }
    if claims.not_before is not None:
        entries[CLAIM_NBF] = claims.not_before
    if claims.device_key is not None:
        entries[CLAIM_CNF] = {CNF_COSE_KEY: _device_key_to_cbor(claims.device_key)}
    return PayloadBytes(cbor.encode(entries))


def _document_to_cbor(subject: Subject) -> dict[int, Any]:
    spec = VIEW_BY_SUBJECT[type(subject)]
    document: dict[int, Any] = {KEY_VIEW: spec.number}
    for row in VIEW_ROWS[spec.view].rows:
        value = getattr(subject, row.field)
        if value is not None:
            document[row.key] = row.type.to_cbor(value)
    return document


def _device_key_to_cbor(key: bytes) -> dict[int, Any]:
    return {1: 2, -1: 1, -2: key[1:], -3: key[0] == 3}


def decode_cbor(payload: bytes) -> Claims:
    """Read the payload of the CBOR form. Raises `Malformed`."""
    usual = one_pass.read(payload)
    if usual is not None:
        view, issued_at, expires_at, device_key, uri, index, subject = usual
        return Claims(view, issued_at, expires_at, device_key, StatusReference(uri, index), subject)
    return decode_any_cbor(payload)


def decode_any_cbor(payload: bytes) -> Claims:
    """Read the payload of the CBOR form, unusual shapes too, and name what is wrong. Raises `Malformed`."""
    entries = cbor.decode(payload)
    if type(entries) is not dict or not entries.keys() <= _CBOR_CLAIMS:
        _refuse("a claim is unknown")
    view, subject = _document_from_cbor(entries.get(CLAIM_DOCUMENT))
    return Claims(
        view,
        _whole(entries.get(CLAIM_IAT)),
        _whole(entries.get(CLAIM_EXP)),
        _device_key_from_cbor(entries[CLAIM_CNF]) if CLAIM_CNF in entries else None,
        _status(entries.get(CLAIM_STATUS)),
        subject,
        _whole(entries[CLAIM_NBF]) if CLAIM_NBF in entries else None,
    )


_CBOR_CLAIMS = {CLAIM_EXP, CLAIM_NBF, CLAIM_IAT, CLAIM_CNF, CLAIM_STATUS, CLAIM_DOCUMENT}


def _whole(value: Any) -> int:
    if type(value) is not int:
        _refuse("an instant is a whole number of seconds")
    return value


def _document_from_cbor(document: Any) -> tuple[View, Subject]:
    if type(document) is not dict or type(document.get(KEY_VIEW)) is not int:
        _refuse("the document claim names no view")
    spec = VIEW_BY_NUMBER.get(document[KEY_VIEW])
    if spec is None:
        _refuse("the document claim names no known view")
    found = {}
    rows = {row.key: row for row in VIEW_ROWS[spec.view].rows}
    for key, value in document.items():
        row = rows.get(key) if type(key) is int else None
        if row is not None:
            found[row.field] = row.type.from_cbor(value)
        elif key != KEY_VIEW and not (type(key) is int and key in IGNORED_KEYS):
            _refuse("a document claim is unknown or not of this view")
    return spec.view, _subject(spec, found)


def _subject(spec: ViewSpec, found: dict[str, Any]) -> Subject:
    if VIEW_ROWS[spec.view].missing(found.keys()):  # type: ignore[arg-type]
        _refuse("a required claim is missing")
    if spec.view is View.CARE:
        found.setdefault("beneficiary_nir", None)
    return spec.subject(**found)


def _device_key_from_cbor(confirmation: Any) -> bytes:
    match confirmation:
        case {1: {1: 2, -1: 1, -2: bytes(x), -3: bool(odd), **others}, **rest} if not others and not rest:
            key = confirmation[1]
            if len(x) == 32 and type(key[1]) is int and type(key[-1]) is int:
                return (b"\x03" if odd else b"\x02") + x
    msg = "the device key is a compressed P-256 key"
    raise Malformed(msg)


def _status(value: Any) -> StatusReference:
    match value:
        case {"status_list": {"idx": int(index), "uri": str(uri), **others}, **rest} if (
            not others and not rest
        ):
            return StatusReference(uri, index)
    msg = "the status claim is malformed"
    raise Malformed(msg)


# --- JSON ------------------------------------------------------------------------------------------------------


def encode_json(claims: Claims) -> PayloadBytes:
    """The payload of the JWT form. Raises `Malformed` when the device key is not on the curve."""
    spec = VIEW_BY_SUBJECT[type(claims.subject)]
    members: dict[str, Any] = {"vct": spec.vct, "iat": claims.issued_at, "exp": claims.expires_at}
    if claims.not_before is not None:
        members["nbf"] = claims.not_before
    if claims.device_key is not None:
        members["cnf"] = {"jwk": to_jwk(decompress(claims.device_key))}
    members["status"] = {"status_list": {"idx": claims.status.index, "uri": claims.status.uri}}
    for row in VIEW_ROWS[spec.view].rows:
        value = getattr(claims.subject, row.field)
        if value is not None:
            members[row.field] = row.type.to_json(value)
    return PayloadBytes(strict_json.encode(members))


_JSON_CLAIMS = {"vct", "iat", "exp", "nbf", "cnf", "status"}


def decode_json(payload: bytes) -> Claims:
    """Read the payload of the JWT form. Raises `Malformed`."""
    members: dict[str, Any] = dict(strict_json.decode(payload))
    vct = members.get("vct")
    spec = VIEW_BY_VCT.get(vct) if type(vct) is str else None
    if spec is None:
        _refuse("the credential names no known type")
    rows = {row.field: row for row in VIEW_ROWS[spec.view].rows}
    found = {}
    for name, value in members.items():
        if name in rows:
            found[name] = rows[name].type.from_json(value)
        elif name not in _JSON_CLAIMS and not name.startswith(IGNORED_PREFIX):
            _refuse("a claim is unknown or not of this view")
    return Claims(
        spec.view,
        _whole(members.get("iat")),
        _whole(members.get("exp")),
        _device_key_from_json(members["cnf"]) if "cnf" in members else None,
        _status(members.get("status")),
        _subject(spec, found),
        _whole(members["nbf"]) if "nbf" in members else None,
    )


def _device_key_from_json(confirmation: Any) -> bytes:
    match confirmation:
        case {"jwk": dict(jwk), **rest} if not rest:
            key = from_jwk(jwk)
            if isinstance(key, P256Key):
                return compress(key)
    msg = "the device key is a P-256 key"
    raise Malformed(msg)


def within_list(reference: StatusReference) -> bool:
    """Whether the index lies inside the fixed size of every list."""
    return reference.index < LIST_SIZE
