"""The holder's proof: time, nonce, swapped keys and credentials, paper (T01, T03, T06, T08, T09)."""

from __future__ import annotations

import pytest

from credentials.spec import Audience, Form
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.views import View
from tests.changed import changed
from tests.simulated_authority import (
    DAY,
    HOUR,
    INSTANT,
    PHONE_CAP,
    SUBJECTS,
    SimulatedAuthority,
    age_over_18,
    care,
    moment,
    proof,
    reader,
    road_check,
)
from tests.simulated_phone import NONCE, SimulatedPhone, printed, text_of
from verifier.reasons import Outcome, Reason
from verifier.verify import Verifier

AUTHORITY = SimulatedAuthority()
ISSUED_AT = INSTANT - DAY
SNAPSHOTS = {profile: AUTHORITY.snapshot(profile) for profile in Audience}
VERIFIERS = {profile: Verifier(snapshot) for profile, snapshot in SNAPSHOTS.items()}


def _issue(subject, form=Form.CBOR, **facts):
    return AUTHORITY.issue(AUTHORITY.claims(subject, **{"issued_at": ISSUED_AT} | facts), form)


def _codes_shown_now() -> list[tuple[Audience, str]]:
    """Twenty codes: all views, both forms, several phones."""
    codes = []
    for number, (view, form) in enumerate([*((view, form) for view in View for form in Form)] * 3):
        profile = {View.ROAD_CHECK: Audience.POLICE, View.CARE: Audience.HEALTH}.get(view, Audience.ANYONE)
        key = reader(profile) if profile is not Audience.ANYONE else None
        issued = _issue(SUBJECTS[view](), form, phone=number)
        codes.append(
            (
                profile,
                SimulatedPhone(number).show(issued, view, form, audience=profile, at=INSTANT, reader=key),
            )
        )
    return codes[:20]


def test_t01_every_second_around_the_instant():
    """20 codes at every second from -180 to +180: VALID inside the window, REPLAY after it, SHOWN_AHEAD before it."""
    for profile, text in _codes_shown_now():
        for age in range(-180, 181):
            verdict = VERIFIERS[profile].verify(text, at=moment(INSTANT + age))
            expected = Reason.REPLAY if age > 150 else Reason.SHOWN_AHEAD if age < -60 else Reason.OK
            assert verdict.reason is expected, (profile, age)
            if expected is not Reason.OK:
                assert verdict.params["age"] == abs(age)


def test_t01_the_part_of_a_second_is_not_rounded_up():
    """150.999 s are 150 s of age: instants are whole seconds, cut and not rounded."""
    _, text = _codes_shown_now()[2]
    at = moment(INSTANT + 150).replace(microsecond=999_999)
    assert VERIFIERS[Audience.ANYONE].verify(text, at=at)


def test_t03_a_nonce_answers_its_own_request_only():
    """100 x 100 nonces: the diagonal alone is VALID, everything else NONCE_MISMATCH."""
    verifier, phone = VERIFIERS[Audience.ANYONE], SimulatedPhone(0)
    issued = _issue(proof())
    nonces = [number.to_bytes(2, "big") * 8 for number in range(100)]
    for signed in nonces:
        text = phone.show(issued, View.PROOF, audience="anyone", at=INSTANT, nonce=signed)
        for asked in nonces:
            verdict = verifier.verify(text, at=moment(INSTANT), nonce=asked)
            assert verdict.reason is (Reason.OK if asked == signed else Reason.NONCE_MISMATCH)


@pytest.mark.parametrize("form", Form)
def test_t06_only_the_phone_of_the_credential_may_show_it(form):
    """50 phones x 50 credentials: the diagonal alone passes."""
    verifier = VERIFIERS[Audience.ANYONE]
    issued = [_issue(proof(), form, phone=number, index=number) for number in range(50)]
    for number in range(50):
        phone = SimulatedPhone(number)
        for place, one in enumerate(issued):
            text = phone.show(one, View.PROOF, form, audience="anyone", at=INSTANT)
            expected = Reason.OK if place == number else Reason.HOLDER_MISMATCH
            assert verifier.verify(text, at=moment(INSTANT)).reason is expected


@pytest.mark.parametrize("form", Form)
def test_t06_another_credential_put_under_a_presentation(form):
    """What the phone signed covers the credential: another of the same phone is HOLDER_MISMATCH."""
    mine, other = _issue(proof(), form), _issue(proof(given_names="Autre"), form)
    text = SimulatedPhone(0).show(
        mine, View.PROOF, form, audience="anyone", at=INSTANT, shown_credential=other
    )
    assert VERIFIERS[Audience.ANYONE].verify(text, at=moment(INSTANT)).reason is Reason.HOLDER_MISMATCH


@pytest.mark.parametrize("view", [View.ROAD_CHECK, View.CARE])
@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("profile", Audience)
def test_t08_a_view_to_be_sealed_is_never_read_unsealed(view, form, profile):
    """Unsealed `road_check` and `care` are FORMAT_INVALID on every terminal, presented or printed."""
    issued = _issue(SUBJECTS[view](), form)
    shown = SimulatedPhone(0).show(issued, view, form, audience=profile, at=INSTANT)
    for text in (shown, text_of(printed(form, view, issued))):
        assert VERIFIERS[profile].verify(text, at=moment(INSTANT)).reason is Reason.FORMAT_INVALID


@pytest.mark.parametrize("form", Form)
def test_t08_stripping_the_presentation_never_makes_paper(form):
    """A bound credential without its presentation is HOLDER_PROOF_MISSING, never PAPER."""
    text = text_of(printed(form, View.PROOF, _issue(proof(), form)))
    assert VERIFIERS[Audience.ANYONE].verify(text, at=moment(INSTANT)).reason is Reason.HOLDER_PROOF_MISSING


@pytest.mark.parametrize("profile", [Audience.POLICE, Audience.ANYONE])
@pytest.mark.parametrize("over_18", [True, False])
def test_t08_an_age_without_portrait_is_never_valid(profile, over_18):
    """`age_over_18` without a portrait is at best CHECK."""
    issued = _issue(age_over_18(age_over_18=over_18, portrait=None))
    text = SimulatedPhone(0).show(issued, View.AGE_OVER_18, audience="anyone", at=INSTANT)
    verdict = VERIFIERS[profile].verify(text, at=moment(INSTANT))
    assert (verdict.outcome, verdict.reason) == (Outcome.CHECK, Reason.AGE_NOT_PROVED)


@pytest.mark.parametrize("ahead", [HOUR, DAY, 5 * DAY, 13 * DAY, 20 * DAY])
def test_t09_a_code_signed_ahead(ahead):
    """Before its window SHOWN_AHEAD; with a nonce NONCE_MISMATCH; revoked in between DEVICE_REVOKED; at the end EXPIRED."""
    issued = AUTHORITY.issue(AUTHORITY.claims(road_check(), issued_at=INSTANT))
    key = reader(Audience.POLICE)
    text = SimulatedPhone(0).show(issued, View.ROAD_CHECK, audience="police", at=INSTANT + ahead, reader=key)
    fresh = SimulatedAuthority().publish(at=INSTANT + ahead - HOUR)
    verifier = Verifier(AUTHORITY.snapshot(Audience.POLICE, [fresh]))
    later = moment(INSTANT + ahead)
    early = Verifier(SNAPSHOTS[Audience.POLICE]).verify(text, at=moment(INSTANT))
    assert early.reason is Reason.SHOWN_AHEAD
    assert verifier.verify(text, at=later, nonce=NONCE).reason is Reason.NONCE_MISMATCH
    lost = SimulatedAuthority().publish(
        at=INSTANT + ahead - HOUR, status={4242: 1}, companion={4242: CompanionEntry(EntryClass.DEVICE)}
    )
    knowing = Verifier(AUTHORITY.snapshot(Audience.POLICE, [lost]))
    # At the end of the credential nothing of it is left to say but EXPIRED, unless the revocation is known.
    assert knowing.verify(text, at=later).reason is Reason.DEVICE_REVOKED
    in_its_window = verifier.verify(text, at=later).reason
    # What this cannot stop, and no page promises: without a nonce, unrevoked, it passes in its window.
    assert in_its_window is (Reason.OK if ahead < PHONE_CAP else Reason.EXPIRED)


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("profile", Audience)
def test_audience_of_an_unsealed_presentation(audience, profile):
    """`aud` is the terminal's profile or `anyone`, else ROLE_DENIED; a view the profile does not read comes first."""
    text = SimulatedPhone(0).show(_issue(proof()), View.PROOF, audience=audience, at=INSTANT)
    verdict = VERIFIERS[profile].verify(text, at=moment(INSTANT))
    if profile is Audience.HEALTH:
        expected = Reason.WRONG_DOCUMENT
    else:
        expected = Reason.OK if audience in (profile, Audience.ANYONE) else Reason.ROLE_DENIED
    assert verdict.reason is expected


def test_a_verdict_says_what_ties_the_code_to_its_holder():
    """`device`, `device_nonce` or `none`, and the instant of showing."""
    phone, verifier = SimulatedPhone(0), VERIFIERS[Audience.HEALTH]
    key = reader(Audience.HEALTH)
    issued = _issue(care())
    plain = verifier.verify(
        phone.show(issued, View.CARE, audience="health", at=INSTANT - 7, reader=key), at=moment(INSTANT)
    )
    asked = verifier.verify(
        phone.show(issued, View.CARE, audience="health", at=INSTANT, nonce=NONCE, reader=key),
        at=moment(INSTANT),
        nonce=NONCE,
    )
    paper = VERIFIERS[Audience.ANYONE].verify(
        text_of(printed(Form.CBOR, View.PROOF, _issue(proof(), phone=None))), at=moment(INSTANT)
    )
    assert (str(plain.holder_proof), plain.shown_instant) == ("device", INSTANT - 7)
    assert str(asked.holder_proof) == "device_nonce"
    assert (str(paper.holder_proof), paper.shown_instant, paper.reason) == ("none", None, Reason.PAPER)


def test_a_device_key_of_low_order_or_off_its_curve_verifies_nothing():
    """Whatever x the issuer was made to sign: HOLDER_MISMATCH or CLAIMS_INVALID, never an exception."""
    for x in (bytes(32), b"\xff" * 32, bytes(31) + b"\x01", bytes(31) + b"\x05"):
        claims = changed(AUTHORITY.claims(proof()), device_key=b"\x02" + x)
        text = SimulatedPhone(0).show(AUTHORITY.issue(claims), View.PROOF, audience="anyone", at=INSTANT)
        verdict = VERIFIERS[Audience.ANYONE].verify(text, at=moment(INSTANT))
        assert verdict.reason in {Reason.HOLDER_MISMATCH, Reason.CLAIMS_INVALID}
