"""The simulated authority and phone: what they make without a fault is what the product reads and writes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from credentials import credential, envelope, presentation, qr_text
from credentials.envelope import Shown
from credentials.presentation import KeyBinding
from credentials.spec import DOMAIN_OF, Audience, Form
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.views import VIEW_SPECS, View
from tests.simulated_authority import (
    INSTANT,
    SUBJECTS,
    SimulatedAuthority,
    document_signer,
    moment,
    reader,
)
from tests.simulated_hpke import seal
from tests.simulated_keys import phone_key, public_of, reader_key, sign
from tests.simulated_phone import NONCE, SimulatedPhone, presented, printed, sealed_to, text_of
from tests.simulated_terminal import terminal
from verifier.trust import DocumentSigner
from verifier.verify import Verifier

AUTHORITY = SimulatedAuthority()
PHONE = SimulatedPhone(0)
HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


def _profile(view: View) -> Audience:
    return VIEW_SPECS[view].audience


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("view", View)
def test_credential_equals_the_products_own(view, form):
    """What the authority builds part by part is what `credential.prepare` builds."""
    claims = AUTHORITY.claims(SUBJECTS[view]())
    signer = document_signer(DOMAIN_OF[VIEW_SPECS[view].document_type])
    to_sign = credential.prepare(form, claims, algorithm=signer.algorithm, key_id=signer.key_id)
    assert AUTHORITY.issue(claims, form) == to_sign.with_signature(signer.sign(to_sign.to_be_signed))


@pytest.mark.parametrize("form", Form)
def test_presentation_equals_the_products_own(form):
    """What the phone builds part by part is what `presentation.prepare` builds."""
    issued = AUTHORITY.issue(AUTHORITY.claims(SUBJECTS[View.PROOF]()), form)
    to_sign = presentation.prepare(form, issued, KeyBinding("anyone", INSTANT, NONCE))
    expected = to_sign.with_signature(sign(phone_key(0), to_sign.to_be_signed))
    assert PHONE.present(issued, form, audience="anyone", at=INSTANT, nonce=NONCE) == expected


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("view", View)
def test_code_without_fault_is_valid(view, form):
    """Each view in each form, sealed where it must be, is VALID on a terminal of its profile."""
    profile = _profile(view)
    key = reader(profile) if VIEW_SPECS[view].sealed else None
    issued = AUTHORITY.issue(AUTHORITY.claims(SUBJECTS[view]()), form)
    text = PHONE.show(issued, view, form, audience=profile, at=INSTANT, reader=key)
    assert Verifier(AUTHORITY.snapshot(profile)).verify(text, at=moment(INSTANT))


def test_envelopes_equal_the_products_own():
    """Paper, presentation and seal are spelt as `envelope.encode` spells them."""
    shown = Shown(Form.CBOR, View.PROOF, b"body")
    assert presented(Form.CBOR, View.PROOF, b"body") == envelope.encode(envelope.Presentation(shown))
    assert printed(Form.CBOR, View.PROOF, b"body") == envelope.encode(envelope.Paper(shown))
    key = reader(Audience.POLICE)
    content = envelope.decode(sealed_to(key, b"plain"))
    assert isinstance(content, envelope.Sealed)
    assert content.reader_key_id == key.key_id
    assert text_of(presented(Form.CBOR, View.PROOF, b"body")) == qr_text.encode(
        presented(Form.CBOR, View.PROOF, b"body")
    )


def test_seal_agrees_with_the_library():
    """Our repeatable seal opens with the library's HPKE, and twice the same is the same."""
    key = reader_key("police reader 3")
    public = public_of(key)
    sealed = seal(b"plain", public, b"info", bytes(range(32)))
    assert HPKE.decrypt(sealed, key, b"info") == b"plain"
    assert sealed == seal(b"plain", public, b"info", bytes(range(32)))


def test_same_calls_give_same_bytes():
    """Lists, certificates and credentials are built byte for byte again."""
    again = SimulatedAuthority()
    assert again.publish() == AUTHORITY.publish()
    claims = AUTHORITY.claims(SUBJECTS[View.CARE]())
    assert again.issue(claims) == AUTHORITY.issue(claims)


@pytest.mark.parametrize("profile", Audience)
def test_terminal_on_disk_believes_what_the_snapshot_in_memory_does(tmp_path, profile):
    """Enrolment, admission and store lead to the snapshot that `SimulatedAuthority.snapshot` builds directly."""
    entries = {7: 1, 9: 2, 11: 3}
    because = {7: CompanionEntry(EntryClass.DEVICE, INSTANT - 60)}
    history = [
        AUTHORITY.publish(edition=1, at=INSTANT - 7200, status={5: 1, **entries}, companion=because),
        AUTHORITY.publish(edition=2, status=entries, companion=because, points={3: 4}),
    ]
    held = terminal(tmp_path / "store", profile, history).snapshot()
    built = AUTHORITY.snapshot(profile, history)
    for field in ("profile", "test_mode", "clock_floor", "trust", "signers", "reader_audiences"):
        assert _plain(getattr(held, field)) == _plain(getattr(built, field)), field
    assert dict(held.reader_keys).keys() == dict(built.reader_keys).keys()
    assert dict(held.points_lists) == dict(built.points_lists)
    assert held.status_lists.keys() == built.status_lists.keys()
    for uri, one in built.status_lists.items():
        kept = held.status_lists[uri]
        assert (kept.edition, kept.issued_at, kept.entries) == (one.edition, one.issued_at, one.entries)
        assert (kept.companion is None) == (one.companion is None)
        assert dict(kept.companion or {}) == dict(one.companion or {})
    # On disk only the tombstones that the list in force does not confirm are looked up.
    revived = {place: grave for place, grave in built.tombstones.items() if place[1] not in entries}
    assert dict(held.tombstones) == revived


def _plain(value):
    """Loaded keys compare by identity: their algorithm stands for them."""
    if not isinstance(value, Mapping):
        return value
    return {
        key: tuple(one._replace(key=one.key.algorithm) for one in signers)
        if isinstance(signers, tuple) and signers and isinstance(signers[0], DocumentSigner)
        else signers
        for key, signers in value.items()
    }
