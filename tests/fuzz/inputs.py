"""Inputs for the fuzzer: an honest code, spoilt at one arrow, everything after that arrow made right again.

`must` says what the verdict has to be, worked out without the verifier:

    UNREADABLE   the reading does not decode, so nobody is accused
    NOTHING      neither VALID nor CHECK, and no name: nothing shown was ever signed as it stands
    CLAIMS       the issuer signed it: VALID or CHECK exactly if `accepted`, and then with exactly these claims
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, Final

import cbor2

from credentials import cbor, envelope, presentation, strict_json
from credentials.claims import Claims, decode_any_cbor, decode_json, encode_cbor, encode_json
from credentials.envelope import Shown
from credentials.errors import CredentialFormatError
from credentials.spec import LIST_SIZE, Audience, Form
from credentials.views import VIEW_SPECS, Subject, View
from tests.fuzz.mutations import bytes_edited, sloppy_cbor, sloppy_json, text_edited, value_edited
from tests.simulated_authority import (
    DAY,
    INSTANT,
    LIST_OF,
    PHONE_CAP,
    SUBJECTS,
    SimulatedAuthority,
    document_signer,
    privilege,
    reader,
)
from tests.simulated_keys import phone_key, point_of
from tests.simulated_phone import SimulatedPhone, presented, printed, sealed_to, text_of, with_crc

AUTHORITY: Final = SimulatedAuthority()
TOO_LONG: Final = 4_296
# What cbor2 raises on hostile bytes.
LOOSE: Final = (cbor2.CBORError, ValueError, TypeError, EOFError, OverflowError, RecursionError)


class Must(StrEnum):
    """What a verdict has to be."""

    UNREADABLE = "unreadable"
    NOTHING = "nothing"
    CLAIMS = "claims"


@dataclass(slots=True)
class Input:
    """One input of the fuzzer, for the terminal of one profile."""

    kind: str
    profile: Audience
    text: str
    must: Must
    accepted: bool = False
    claims: Subject | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """An honest code, stage by stage."""

    view: View
    form: Form
    profile: Audience
    phone: int
    statement: Claims
    payload: bytes
    credential: bytes
    body: bytes
    plain: bytes
    whole: bytes
    text: str


def originals() -> list[Original]:
    """Every view in both forms, some with more of everything."""
    kinds = [(view, form) for view in View for form in Form]
    return [
        _original(view, form, subject, number)
        for number, (view, form) in enumerate(kinds)
        for subject in (SUBJECTS[view](), _richer(view))
    ]


def _richer(view: View) -> Subject:
    if view in (View.ROAD_CHECK, View.PROOF):
        many = tuple(
            privilege(code, "2012-01-02", "2030-01-01", "01.06", "78") for code in ("B", "C", "CE", "A2")
        )
        return SUBJECTS[view](categories=many, family_name="D'ÂPRE-GARÇON")
    return (
        SUBJECTS[view](age_over_18=True) if view is View.AGE_OVER_18 else SUBJECTS[view](beneficiary_nir=None)
    )


def _original(view: View, form: Form, subject: Subject, number: int) -> Original:
    profile = VIEW_SPECS[view].audience
    statement = AUTHORITY.claims(subject, phone=number, issued_at=INSTANT - DAY, index=1_000 + number)
    payload = bytes(encode_cbor(statement) if form is Form.CBOR else encode_json(statement))
    credential = AUTHORITY.issue(statement, form)
    body = SimulatedPhone(number).present(credential, form, audience=profile, at=INSTANT)
    plain = envelope.encode_shown(Shown(form, view, body))
    whole = wrapped(view, form, body)
    return Original(
        view, form, profile, number, statement, payload, credential, body, plain, whole, str(text_of(whole))
    )


def wrapped(view: View, form: Form, body: bytes) -> bytes:
    """The envelope of a presentation, sealed where its view is."""
    spec = VIEW_SPECS[view]
    if spec.sealed:
        return bytes(sealed_to(reader(spec.audience), envelope.encode_shown(Shown(form, view, body))))
    return bytes(presented(form, view, body))


ORIGINALS: Final = originals()


# --- unsigned changes -----------------------------------------------------------------------------------------------


def edited_text(draw: Random) -> Input:
    """Characters changed as a reader or a keyboard might."""
    one = draw.choice(ORIGINALS)
    text = text_edited(one.text, draw)
    if text == one.text:
        return honest(one)
    return Input("text", one.profile, text, Must.UNREADABLE)


def edited_envelope(draw: Random) -> Input:
    """Bytes of the envelope changed, the check sum made right: what a forger without keys can do."""
    one = draw.choice(ORIGINALS)
    whole = one.whole[:-4]
    changed = bytes_edited(whole, draw)
    if changed == whole:
        return honest(one)
    return Input("envelope", one.profile, str(text_of(with_crc(changed))), Must.NOTHING)


def edited_body(draw: Random) -> Input:
    """Bytes of presentation or credential changed, everything around them made right again."""
    one = draw.choice(ORIGINALS)
    if draw.random() < 0.5:
        body = bytes_edited(one.body, draw)
    else:
        # The phone signs what it is handed: only the issuer's signature is left to tell.
        body = _presented(one, bytes_edited(one.credential, draw))
    if body == one.body:
        return honest(one)
    return Input("body", one.profile, str(text_of(wrapped(one.view, one.form, body))), Must.NOTHING)


def edited_content(draw: Random) -> Input:
    """What a seal holds changed, and sealed again with the public reader key."""
    one = draw.choice([other for other in ORIGINALS if VIEW_SPECS[other.view].sealed])
    plain = bytes_edited(one.plain, draw)
    if plain == one.plain:
        return honest(one)
    return Input(
        "sealed content", one.profile, str(text_of(sealed_to(reader(one.profile), plain))), Must.NOTHING
    )


def spliced(draw: Random) -> Input:
    """Honest parts in the wrong place: another's credential, another kind, form, view, seal or reader."""
    one, other = draw.choice(ORIGINALS), draw.choice(ORIGINALS)
    spec = VIEW_SPECS[one.view]
    match draw.randrange(6):
        case 0:  # the same code on another terminal
            profile = draw.choice([profile for profile in Audience if profile is not one.profile])
            accepted = profile is Audience.POLICE and one.profile is Audience.ANYONE
            return Input(
                "splice",
                profile,
                one.text,
                Must.CLAIMS if accepted else Must.NOTHING,
                accepted,
                one.statement.subject,
            )
        case 1:  # another's credential in my presentation
            body = SimulatedPhone(one.phone).present(
                other.credential, other.form, audience=other.profile, at=INSTANT
            )
            if one.phone == other.phone:
                return honest(other)
            return Input(
                "splice", other.profile, str(text_of(wrapped(other.view, other.form, body))), Must.NOTHING
            )
        case 2:  # no presentation
            return Input(
                "splice", one.profile, str(text_of(printed(one.form, one.view, one.credential))), Must.NOTHING
            )
        case 3:  # another view or form announced
            view, form = draw.choice(list(View)), draw.choice(list(Form))
            if (view, form) == (one.view, one.form):
                return honest(one)
            return Input("splice", one.profile, str(text_of(wrapped(view, form, one.body))), Must.NOTHING)
        case 4:  # sealed where it should not be, unsealed where it should, sealed to the other audience
            if spec.sealed:
                whole = draw.choice(
                    (
                        presented(one.form, one.view, one.body),
                        sealed_to(reader(_other(one.profile)), one.plain),
                    )
                )
            else:
                whole = sealed_to(reader(draw.choice((Audience.POLICE, Audience.HEALTH))), one.plain)
            return Input("splice", draw.choice(list(Audience)), str(text_of(whole)), Must.NOTHING)
        case _:  # an hour early or late
            at = INSTANT + draw.choice((-3_600, -151, 61, 3_600, 10**6))
            body = SimulatedPhone(one.phone).present(one.credential, one.form, audience=one.profile, at=at)
            return Input("splice", one.profile, str(text_of(wrapped(one.view, one.form, body))), Must.NOTHING)


def _other(profile: Audience) -> Audience:
    return Audience.HEALTH if profile is Audience.POLICE else Audience.POLICE


def noise(draw: Random) -> Input:
    """Anything at all."""
    profile = draw.choice(list(Audience))
    match draw.randrange(4):
        case 0:
            text = "".join(
                map(
                    chr,
                    (
                        draw.choice((draw.randrange(128), draw.randrange(0xD800)))
                        for _ in range(draw.randrange(200))
                    ),
                )
            )
        case 1:
            text = "LP1:" + "".join(
                draw.choices("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:", k=draw.randrange(600))
            )
        case 2:
            text = str(text_of(with_crc(draw.randbytes(draw.randrange(1, 300)))))
        case _:
            return Input(
                "noise", profile, "LP1:" + "0" * draw.choice((4_291, 4_292, 4_293, 50_000)), Must.UNREADABLE
            )
    return Input("noise", profile, text, Must.UNREADABLE)


def honest(one: Original) -> Input:
    """A code as it should be."""
    return Input("honest", one.profile, one.text, Must.CLAIMS, True, one.statement.subject)


# --- changes that are signed ------------------------------------------------------------------------------------------


def resigned_claims(draw: Random) -> Input:
    """Claims changed in meaning or in spelling, and signed by the issuer and the phone."""
    one = draw.choice(ORIGINALS)
    payload = _changed_payload(one, draw)
    credential = AUTHORITY.issue(one.statement, one.form, raw_payload=payload)
    text = str(text_of(wrapped(one.view, one.form, _presented(one, credential))))
    claims = read_claims(one.form, payload)
    accepted = claims is not None and allowed(claims, one) and len(text) <= TOO_LONG
    return Input(
        "claims", one.profile, text, Must.CLAIMS, accepted, None if claims is None else claims.subject
    )


def _presented(one: Original, credential: bytes) -> bytes:
    if one.form is Form.JWT:
        try:
            parts = cbor2.loads(credential)
            if not (
                isinstance(parts, list) and len(parts) == 3 and all(isinstance(part, bytes) for part in parts)
            ):
                raise ValueError
        except LOOSE:
            return credential
    return SimulatedPhone(one.phone).present(credential, one.form, audience=one.profile, at=INSTANT)


def _changed_payload(one: Original, draw: Random) -> bytes:
    how = draw.random()
    if how < 0.2:
        return bytes_edited(one.payload, draw)
    if one.form is Form.CBOR:
        value = cbor2.loads(one.payload)
        value = value if how < 0.45 else value_edited(_plain(value), draw)
        return sloppy_cbor(_plain(value), draw, 0.0 if how > 0.75 else draw.choice((0.01, 0.05)))
    value = json.loads(one.payload)
    value = value if how < 0.35 else value_edited(value, draw)
    return sloppy_json(value if isinstance(value, dict) else {}, draw, 0.0 if how > 0.75 else 0.1)


def _plain(value: Any) -> Any:
    if isinstance(value, dict) or (hasattr(value, "items") and not isinstance(value, str | bytes)):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def read_claims(form: Form, payload: bytes) -> Claims | None:
    """What a payload says by the long way of reading and, for CBOR, by another library's spelling of the same value."""
    try:
        if form is Form.JWT:
            return decode_json(payload)
        claims = decode_any_cbor(payload)
    except CredentialFormatError:
        return None
    return claims if canonical(payload) else None


def canonical(payload: bytes) -> bool:
    """Whether cbor2 spells the value in these very bytes."""
    try:
        return cbor2.dumps(cbor2.loads(payload), canonical=True) == payload
    except LOOSE:
        return False


def allowed(claims: Claims, one: Original) -> bool:
    """Whether the ordinary terminal may accept these claims, shown by the phone of `one` under its view."""
    signer = document_signer(_domain(one))
    return (
        claims.view is one.view
        and claims.device_key == point_of(phone_key(one.phone))
        and claims.expires_at - claims.issued_at <= PHONE_CAP
        and signer.not_before <= claims.issued_at < signer.not_after
        and claims.starts_at <= INSTANT + 60
        and claims.expires_at > INSTANT
        and claims.status.uri.startswith(signer.status_prefixes)
        and claims.status.index < LIST_SIZE
    )


def _domain(one: Original) -> Any:
    return next(domain for domain, uri in LIST_OF.items() if uri == one.statement.status.uri)


def resigned_header(draw: Random) -> Input:
    """The protected header changed in meaning or spelling, and signed by the issuer."""
    one = draw.choice(ORIGINALS)
    parts = cbor2.loads(one.credential)
    header = parts.value[0] if one.form is Form.CBOR else parts[0]
    if draw.random() < 0.4:
        changed = bytes_edited(header, draw)
    elif one.form is Form.CBOR:
        changed = (
            sloppy_cbor(value_edited(_plain(cbor2.loads(header)), draw), draw, 0.02)
            if draw.random() < 0.7
            else sloppy_cbor(_plain(cbor2.loads(header)), draw, 0.2)
        )
    else:
        value = value_edited(json.loads(header), draw)
        changed = sloppy_json(value if isinstance(value, dict) else {}, draw, 0.05)
    credential = AUTHORITY.issue(one.statement, one.form, raw_header=changed, raw_payload=one.payload)
    text = str(text_of(wrapped(one.view, one.form, _presented(one, credential))))
    # In CBOR a header has one spelling; in JSON members may stand in another order or apart.
    same = changed == header if one.form is Form.CBOR else _json_object(changed) == json.loads(header)
    if same:
        return Input("header", one.profile, text, Must.CLAIMS, True, one.statement.subject)
    return Input("header", one.profile, text, Must.NOTHING)


def _json_object(data: bytes) -> Any:
    try:
        return strict_json.decode(data)
    except CredentialFormatError:
        return None


def resigned_binding(draw: Random) -> Input:
    """What the phone signs changed in meaning or spelling, and signed by the phone."""
    one = draw.choice(ORIGINALS)
    phone = SimulatedPhone(one.phone)
    if one.form is Form.CBOR:
        value: Any = {3: str(one.profile), 6: INSTANT}
        changed = _changed_binding(value, cbor.encode(value), draw, sloppy_cbor)
    else:
        content = presentation.read(one.form, one.body)
        assert content.covers_credential
        payload = cbor2.loads(one.body)[4]
        changed = _changed_binding(json.loads(payload), payload, draw, sloppy_json)
    body = phone.present(one.credential, one.form, audience=one.profile, at=INSTANT, raw_payload=changed)
    text = str(text_of(wrapped(one.view, one.form, body)))
    accepted = _binding_holds(one, changed) and len(text) <= TOO_LONG
    if accepted:
        return Input("binding", one.profile, text, Must.CLAIMS, True, one.statement.subject)
    return Input("binding", one.profile, text, Must.NOTHING)


def _changed_binding(
    value: Any, data: bytes, draw: Random, spell: Callable[[Any, Random, float], bytes]
) -> bytes:
    how = draw.random()
    if how < 0.3:
        return bytes_edited(data, draw)
    value = value if how < 0.5 else value_edited(value, draw)
    return spell(value if isinstance(value, dict) else {}, draw, draw.choice((0.0, 0.1)))


def _binding_holds(one: Original, data: bytes) -> bool:
    if one.form is Form.CBOR:
        if not canonical(data):
            return False
        members = cbor2.loads(data)
        if not hasattr(members, "keys") or not {3, 6} <= set(members.keys()) <= {3, 6, 39}:
            return False
        if any(type(key) is not int for key in members):
            return False
        audience, at, nonce = members[3], members[6], members.get(39, bytes(8))
        if not isinstance(nonce, bytes) or not 8 <= len(nonce) <= 64:
            return False
    else:
        found = _json_object(data)
        if not found or set(found) != {"iat", "aud", "nonce", "sd_hash"}:
            return False
        audience, at = found["aud"], found["iat"]
        if found["sd_hash"] != json.loads(cbor2.loads(one.body)[4])["sd_hash"] or not _nonce(found["nonce"]):
            return False
    return (
        type(at) is int and -60 <= INSTANT - at <= 150 and audience == one.profile and type(audience) is str
    )


def _nonce(text: Any) -> bool:
    from credentials.jws import b64url_decode

    try:
        return isinstance(text, str) and 8 <= len(b64url_decode(text)) <= 64
    except CredentialFormatError:
        return False


# Weight of each kind: what a check sum stops costs a tenth of what is signed anew, so that it comes more often.
KINDS: Final[tuple[tuple[int, Callable[[Random], Input]], ...]] = (
    (38, edited_text),
    (20, edited_envelope),
    (12, edited_body),
    (4, edited_content),
    (3, spliced),
    (3, noise),
    (12, resigned_claims),
    (3, resigned_header),
    (4, resigned_binding),
    (1, lambda draw: honest(draw.choice(ORIGINALS))),
)
RESIGNED: Final = frozenset({"claims", "header", "binding", "sealed content", "splice"})


def make(draw: Random) -> Input:
    """One input, of a kind drawn by weight."""
    return draw.choices(_MAKERS, _WEIGHTS)[0](draw)


_MAKERS: Final = [maker for _, maker in KINDS]
_WEIGHTS: Final = [weight for weight, _ in KINDS]
