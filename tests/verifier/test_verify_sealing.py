"""Sealed codes: who opens them, what is inside, and what altered bytes do (T07, T28)."""

from __future__ import annotations

import pytest

from credentials import envelope, qr_text
from credentials.envelope import Shown
from credentials.spec import Audience, Form
from credentials.views import VIEW_SPECS, View
from tests.simulated_authority import (
    DAY,
    INSTANT,
    SUBJECTS,
    SimulatedAuthority,
    care,
    moment,
    reader,
    road_check,
)
from tests.simulated_phone import SimulatedPhone, sealed_to, text_of, with_crc
from verifier.plain import panel
from verifier.reasons import Outcome, Reason
from verifier.verify import Verifier

AUTHORITY = SimulatedAuthority()
VERIFIERS = {profile: Verifier(AUTHORITY.snapshot(profile)) for profile in Audience}
SEALED = (View.ROAD_CHECK, View.CARE)
# What of the two people must not appear anywhere it is not allowed.
PRIVATE = (
    "MARTIN", "Camille", "1990", "12AB34567", "210692106990", "DURAND", "Nour", "1850578", "218037", "751",
)  # fmt: skip


def _text(
    view: View, form: Form = Form.CBOR, *, seal_to: Audience, audience: str | None = None, generation: int = 3
):
    issued = AUTHORITY.issue(AUTHORITY.claims(SUBJECTS[view](), issued_at=INSTANT - DAY), form)
    to = audience or VIEW_SPECS[view].audience
    return SimulatedPhone(0).show(
        issued, view, form, audience=to, at=INSTANT, reader=reader(seal_to, generation)
    )


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("view", SEALED)
@pytest.mark.parametrize("profile", Audience)
def test_t07_a_seal_opens_for_its_audience_alone(view, form, profile):
    """Each sealed view on each profile: VALID on the diagonal, else ROLE_DENIED and not a byte of the claims."""
    audience = VIEW_SPECS[view].audience
    verdict = VERIFIERS[profile].verify(_text(view, form, seal_to=audience), at=moment(INSTANT))
    if profile is audience:
        assert verdict
        return
    assert verdict.reason is Reason.ROLE_DENIED
    told = verdict.json_text() + panel(verdict) + repr(verdict)
    assert [word for word in PRIVATE if word in told.replace(str(INSTANT), "")] == []


@pytest.mark.parametrize("audience", ["police", "health", "anyone"])
@pytest.mark.parametrize("seal_to", [Audience.POLICE, Audience.HEALTH])
@pytest.mark.parametrize("view", View)
def test_t07_view_seal_and_audience_are_one_and_the_same(view, seal_to, audience):
    """Every view sealed to each reader key for each `aud`: only where all three agree, else WRONG_DOCUMENT."""
    verdict = VERIFIERS[seal_to].verify(_text(view, seal_to=seal_to, audience=audience), at=moment(INSTANT))
    if VIEW_SPECS[view].audience == seal_to == audience:
        assert verdict
    else:
        assert verdict.reason is Reason.WRONG_DOCUMENT
        assert verdict.to_json()["claims"] is None
        shown = verdict.to_json()["document"]
        assert isinstance(shown, dict)
        assert (shown["view"], shown["form"], shown["medium"]) == (None, None, None)


@pytest.mark.parametrize(
    ("generation", "reason"), [(1, Reason.SEAL_KEY_MISSING), (2, Reason.OK), (3, Reason.OK), (4, Reason.OK)]
)
def test_t07_generations_of_reader_keys(generation, reason):
    """The previous generation opens in its grace, one past its grace is not held any more."""
    for view in SEALED:
        audience = VIEW_SPECS[view].audience
        text = _text(view, seal_to=audience, generation=generation)
        assert VERIFIERS[audience].verify(text, at=moment(INSTANT)).reason is reason


def test_t07_a_terminal_without_the_key_says_so():
    """A key of this audience that the terminal was not handed: SEAL_KEY_MISSING, the terminal's trouble."""
    verifier = Verifier(AUTHORITY.snapshot(Audience.POLICE, generations=(2,)))
    verdict = verifier.verify(_text(View.ROAD_CHECK, seal_to=Audience.POLICE), at=moment(INSTANT))
    assert (verdict.reason, verdict.outcome) == (Reason.SEAL_KEY_MISSING, Outcome.UNREADABLE)


@pytest.mark.parametrize("profile", [Audience.POLICE, Audience.HEALTH])
def test_t28_every_bit_of_a_sealed_code_flipped(profile):
    """With its check sum made right again: UNREADABLE, never an exception, never an accusation."""
    view = View.ROAD_CHECK if profile is Audience.POLICE else View.CARE
    body = bytes(qr_text.decode(_text(view, seal_to=profile)))[:-4]
    verifier, at = VERIFIERS[profile], moment(INSTANT)
    for bit in range(len(body) * 8):
        altered = bytearray(body)
        altered[bit >> 3] ^= 1 << (bit & 7)
        verdict = verifier.verify(text_of(with_crc(bytes(altered))), at=at)
        assert verdict.outcome is Outcome.UNREADABLE, bit
    assert verifier.verify(text_of(with_crc(body)), at=at)


LOW_ORDER = (
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
)


@pytest.mark.parametrize("point", LOW_ORDER)
def test_t28_points_of_low_order(point):
    """Every point of low order as encapsulated key (RFC 7748, section 6.1): SEAL_BROKEN."""
    key = reader(Audience.POLICE)
    text = text_of(sealed_to(key, b"plain", alter=lambda sealed: point + sealed[32:]))
    assert VERIFIERS[Audience.POLICE].verify(text, at=moment(INSTANT)).reason is Reason.SEAL_BROKEN


@pytest.mark.parametrize("length", [0, 1, 31, 32, 33, 47, 48, 49])
def test_t28_sealed_bytes_of_every_short_length(length):
    """Shorter than a key and a tag: SEAL_BROKEN."""
    key = reader(Audience.POLICE)
    text = text_of(sealed_to(key, b"plain", alter=lambda sealed: sealed[:length]))
    assert VERIFIERS[Audience.POLICE].verify(text, at=moment(INSTANT)).reason is Reason.SEAL_BROKEN


def test_what_opens_is_read_as_strictly_as_an_envelope():
    """A seal proves nothing about its content: each malformed content is UNREADABLE at the stage `sealing`."""
    key = reader(Audience.POLICE)
    issued = AUTHORITY.issue(AUTHORITY.claims(road_check()))
    body = SimulatedPhone(0).present(issued, audience="police", at=INSTANT)
    good = envelope.encode_shown(Shown(Form.CBOR, View.ROAD_CHECK, body))
    for length in range(len(good)):
        text = text_of(sealed_to(key, good[:length]))
        verdict = VERIFIERS[Audience.POLICE].verify(text, at=moment(INSTANT))
        assert (verdict.reason, str(verdict.stage)) == (Reason.FORMAT_INVALID, "sealing")


def test_a_card_is_not_a_licence_whatever_is_announced_inside():
    """A Vitale card announced inside a police seal as a road check: its signer may not sign that."""
    issued = AUTHORITY.issue(AUTHORITY.claims(care(), issued_at=INSTANT - DAY))
    body = SimulatedPhone(0).present(issued, audience="police", at=INSTANT)
    plain = envelope.encode_shown(Shown(Form.CBOR, View.ROAD_CHECK, body))
    verdict = VERIFIERS[Audience.POLICE].verify(
        text_of(sealed_to(reader(Audience.POLICE), plain)), at=moment(INSTANT)
    )
    assert verdict.reason is Reason.CLAIMS_INVALID
    assert verdict.to_json()["claims"] is None
