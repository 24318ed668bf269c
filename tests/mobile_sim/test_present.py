"""Presentations and seals, opened by other code than what made them."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from credentials import envelope, presentation, qr_text
from credentials.credential import read
from credentials.envelope import Presentation, Sealed
from credentials.spec import Audience, Domain, Form
from credentials.views import VIEW_SPECS, View
from mobile_sim.device_key import DeviceKey
from mobile_sim.errors import NothingToShow, PhoneError, TrustRefused
from mobile_sim.show import choose, show
from tests.mobile_sim.authority import DAY, Authority, Reader, received, stock
from tests.sizes import ISSUED_AT, care

AT = ISSUED_AT + 3600


def verify_device(key: DeviceKey, signature: bytes, message: bytes) -> None:
    r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
    key.private.public_key().verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))


def opened(phone, code):
    """What a reader of the right audience gets out of a code."""
    wrapped = envelope.decode(qr_text.decode(code.text))
    if isinstance(wrapped, Presentation):
        return wrapped.shown
    assert isinstance(wrapped, Sealed)
    reader = phone.police if code.held.view is View.ROAD_CHECK else phone.health
    return reader.open(wrapped)


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("view", list(View))
def test_code_carries_the_credential_signed_by_its_device_key(phone, view, form):
    """Every view and form: device signature, instant and audience; the credential's bytes are those received."""
    document = phone.vitale if view is View.CARE else phone.licence
    code = show(phone.wallet, document, view, form, at=AT)
    shown = opened(phone, code)
    assert (shown.view, shown.form) == (view, form)
    found = presentation.read(form, shown.body)
    assert found.credential == phone.wallet.credential(document, code.held)
    key = phone.wallet.device_key(document, code.held)
    verify_device(key, found.signature, found.to_be_signed)
    assert read(form, found.credential).decode_claims().device_key == key.compressed
    assert (found.binding.audience, found.binding.issued_at) == (VIEW_SPECS[view].audience, AT)
    with pytest.raises(InvalidSignature):
        verify_device(DeviceKey.make(), found.signature, found.to_be_signed)


@pytest.mark.parametrize("form", list(Form))
def test_readers_nonce_is_signed_and_without_one_the_jwt_form_draws_its_own(phone, form):
    """RFC 9901 requires a nonce; the CBOR form carries none unless the reader gave it."""
    given = show(phone.wallet, phone.licence, View.PROOF, form, at=AT, nonce=b"12345678")
    own = [show(phone.wallet, phone.licence, View.PROOF, form, at=AT) for _ in range(2)]
    nonces = [presentation.read(form, opened(phone, code).body).binding.nonce for code in (given, *own)]
    assert nonces[0] == b"12345678"
    assert (nonces[1:] == [None, None]) is (form is Form.CBOR)
    assert form is Form.CBOR or nonces[1] != nonces[2]


def test_nonce_of_another_length_is_refused_in_words(phone):
    """8 to 64 bytes."""
    for nonce in (b"1234567", bytes(65)):
        with pytest.raises(PhoneError, match="de 8 à 64 octets"):
            show(phone.wallet, phone.licence, View.PROOF, Form.CBOR, at=AT, nonce=nonce)


def test_unsealed_view_can_be_meant_for_one_kind_of_reader(phone):
    """`proof` for the police says so in what is signed."""
    code = show(phone.wallet, phone.licence, View.PROOF, Form.CBOR, at=AT, audience="police")
    assert presentation.read(Form.CBOR, opened(phone, code).body).binding.audience == Audience.POLICE


@pytest.mark.parametrize(
    ("view", "audience"), [("road_check", "anyone"), ("road_check", "health"), ("care", "police")]
)
def test_sealed_view_is_made_for_its_own_readers_only(phone, view, audience):
    """No code is drawn for another audience."""
    document = phone.vitale if view == "care" else phone.licence
    with pytest.raises(PhoneError, match="réservée à un autre lecteur"):
        show(phone.wallet, document, View(view), Form.CBOR, at=AT, audience=audience)


def test_sealed_code_opens_for_its_readers_alone(phone):
    """Neither the other audience, nor another key of the same one, nor the police key under another audience's context."""
    code = show(phone.wallet, phone.licence, View.ROAD_CHECK, Form.CBOR, at=AT)
    wrapped = envelope.decode(qr_text.decode(code.text))
    strangers = (
        phone.health,
        Reader(Audience.POLICE),
        Reader(Audience.HEALTH, private=phone.police.private),
        Reader(Audience.ANYONE, private=phone.police.private),
    )
    for stranger in strangers:
        with pytest.raises(InvalidTag):
            stranger.open(wrapped)
    assert phone.police.open(wrapped).view is View.ROAD_CHECK


def test_sealed_code_shows_nothing_but_the_reader_key_id(phone):
    """No name, no number, and no two codes with a piece in common beyond the frame."""
    codes = [
        qr_text.decode(show(phone.wallet, phone.licence, View.ROAD_CHECK, Form.CBOR, at=AT).text)
        for _ in range(2)
    ]
    for secret in (b"MARTIN", b"Camille", b"26AB12345", b"140675100123"):
        assert all(secret not in code for code in codes)
    frame = codes[0].index(phone.police.entry.key_id) + 8
    pieces = {codes[0][place : place + 6] for place in range(frame + 3, len(codes[0]) - 6)}
    assert not any(codes[1][place : place + 6] in pieces for place in range(frame + 3, len(codes[1]) - 6))


def test_two_shows_of_a_batch_share_neither_key_nor_status_entry(phone):
    """Two visits cannot be joined while unused credentials last."""
    seen = []
    for _ in range(2):
        code = show(phone.wallet, phone.wallet.document("permis-1"), View.PROOF, Form.CBOR, at=AT)
        found = presentation.read(Form.CBOR, opened(phone, code).body)
        claims = read(Form.CBOR, found.credential).decode_claims()
        seen.append((claims.device_key, claims.status))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]


def test_use_is_counted_before_the_code_is_seen(phone):
    """On disk, not only in memory."""
    code = show(phone.wallet, phone.licence, View.PROOF, Form.CBOR, at=AT)
    stored = [one for one in phone.wallet.document("permis-1").credentials if one.name == code.held.name]
    assert [(one.uses, one.last_used) for one in stored] == [(1, AT)]


def test_parent_chooses_the_card_by_its_id(phone):
    """Two Vitale cards: the phone names both with their given names and shows none by chance."""
    cards = [received(phone.authority, care())]
    stock(phone.wallet, Authority(Domain.HEALTH), cards, url="https://autre.example", label="Noé")
    with pytest.raises(NothingToShow, match=r"vitale-1 \(Léa\), vitale-2 \(Noé\)"):
        choose(phone.wallet, View.CARE, None)
    assert choose(phone.wallet, View.CARE, "vitale-2").label == "Noé"
    assert choose(phone.wallet, View.PROOF, None).document_id == "permis-1"


def test_view_of_another_document_is_not_there(phone):
    """A Vitale card has no road check."""
    with pytest.raises(NothingToShow, match="rien à présenter"):
        show(phone.wallet, phone.vitale, View.ROAD_CHECK, Form.CBOR, at=AT)


@pytest.mark.parametrize("at", [ISSUED_AT - 40 * DAY, ISSUED_AT + 91 * DAY], ids=["before", "after"])
def test_no_code_is_sealed_outside_the_reader_keys_time(phone, at):
    """Unsealed views still work."""
    with pytest.raises(TrustRefused, match="lecteur habilité"):
        show(phone.wallet, phone.licence, View.ROAD_CHECK, Form.CBOR, at=at)
    assert show(phone.wallet, phone.licence, View.PROOF, Form.CBOR, at=at).text.startswith("LP1:")
