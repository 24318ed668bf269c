"""Laws of the claims model and of everything it is wrapped in, over drawn documents of every view."""

from __future__ import annotations

import json

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credentials import cbor, credential, envelope, presentation, qr_text, strict_json
from credentials.claims import decode_cbor, decode_json, encode_cbor, encode_json
from credentials.credential import from_sd_jwt, to_sd_jwt
from credentials.envelope import Paper, Presentation, Sealed, Shown
from credentials.errors import CredentialFormatError, TooLarge
from credentials.presentation import KeyBinding
from credentials.spec import EDDSA, ES256, Form
from credentials.stages import SealedBytes
from credentials.views import View
from tests.changed import changed
from tests.documents import claims, instants

KEY_ID = b"\x01" * 8
SIGNATURE = bytes(range(64))
bindings = st.builds(
    KeyBinding, st.text(max_size=20), instants, st.none() | st.binary(min_size=8, max_size=64)
)
nonces = st.binary(min_size=8, max_size=64)


@given(claims())
def test_both_forms_give_the_claims_back(statement):
    """decode(encode(x)) = x in CBOR and in JSON, so both forms of one document are equal values."""
    assert decode_cbor(encode_cbor(statement)) == statement
    assert decode_json(encode_json(statement)) == statement


@given(claims())
def test_one_value_has_one_cbor_spelling(statement):
    """The payload passes our strict gate, and an independent deterministic encoder writes the same bytes."""
    payload = encode_cbor(statement)
    assert cbor.encode(cbor.decode(payload)) == payload
    assert cbor2.dumps(cbor2.loads(payload), canonical=True) == payload


@given(claims())
def test_json_is_what_any_reader_understands(statement):
    """The standard library reads the same members, and our strict reader passes them."""
    payload = encode_json(statement)
    assert strict_json.decode(payload) == json.loads(payload)


@given(claims(), st.sampled_from(Form), st.sampled_from([ES256, EDDSA]))
def test_credential_gives_its_parts_back(statement, form, algorithm):
    """Key id, algorithm, signed bytes, signature and claims come back from the credential's bytes."""
    to_sign = credential.prepare(form, statement, algorithm=algorithm, key_id=KEY_ID)
    whole = to_sign.with_signature(SIGNATURE)
    read = credential.read(form, whole)
    assert (read.key_id, read.algorithm, read.signature) == (KEY_ID, algorithm, SIGNATURE)
    assert read.to_be_signed == to_sign.to_be_signed
    assert read.decode_claims() == statement
    if form is Form.JWT:
        assert from_sd_jwt(to_sd_jwt(whole)) == whole


@given(claims(), bindings, nonces, st.sampled_from(Form))
def test_presentation_gives_its_parts_back(statement, binding, nonce, form):
    """Credential, binding, signed bytes and signature come back; a KB-JWT always has a nonce."""
    whole = credential.prepare(form, statement, algorithm=ES256, key_id=KEY_ID).with_signature(SIGNATURE)
    if form is Form.JWT:
        binding = KeyBinding(binding.audience, binding.issued_at, nonce)
    to_sign = presentation.prepare(form, whole, binding)
    read = presentation.read(form, to_sign.with_signature(SIGNATURE))
    assert (read.credential, read.binding, read.signature) == (whole, binding, SIGNATURE)
    assert read.to_be_signed == to_sign.to_be_signed
    assert read.covers_credential


@given(
    st.sampled_from(Form), st.sampled_from(View), st.binary(max_size=2_700), st.binary(min_size=8, max_size=8)
)
def test_envelope_and_text_give_their_content_back(form, view, body, key_id):
    """Paper, presentation and seal, through bytes and Base45."""
    shown = Shown(form, view, body)
    assert envelope.decode_shown(envelope.encode_shown(shown)) == shown
    for content in (Paper(shown), Presentation(shown), Sealed(key_id, SealedBytes(body))):
        assert envelope.decode(qr_text.decode(qr_text.encode(envelope.encode(content)))) == content


@given(st.binary(min_size=2_861, max_size=4_000))
def test_what_no_code_can_hold_is_not_written(body):
    """Beyond the largest symbol the writer refuses."""
    with pytest.raises(TooLarge):
        envelope.encode(Presentation(Shown(Form.CBOR, View.PROOF, body)))


@given(claims(), st.data())
def test_a_changed_byte_is_refused_or_another_value(statement, data):
    """One byte of a payload changed: refused, or read as claims that are not equal and have this very spelling."""
    payload = bytearray(encode_cbor(statement))
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] ^= data.draw(st.integers(1, 255))
    try:
        read = decode_cbor(bytes(payload))
    except CredentialFormatError:
        return
    assert read != statement
    assert encode_cbor(read) == payload


@given(claims(), st.data())
def test_a_changed_byte_of_json_is_refused_or_another_value(statement, data):
    """The same for the JWT form; a member's escape or a space may spell one value twice, under another signature."""
    payload = bytearray(encode_json(statement))
    place = data.draw(st.integers(0, len(payload) - 1))
    payload[place] ^= data.draw(st.integers(1, 255))
    try:
        read = decode_json(bytes(payload))
    except CredentialFormatError:
        return
    assert decode_json(encode_json(read)) == read


@given(claims())
def test_errors_never_repeat_the_person(statement):
    """A payload cut anywhere raises our error, and its text holds no word of the document."""
    payload = encode_cbor(statement)
    for length in range(0, len(payload), max(1, len(payload) // 20)):
        with pytest.raises(CredentialFormatError) as refused:
            decode_cbor(payload[:length])
        name = getattr(statement.subject, "family_name", "")
        assert len(name) < 4 or name not in str(refused.value)


@given(claims())
def test_repr_of_a_nir_is_masked(statement):
    """Claims in a log never show a whole number."""
    if statement.view is View.CARE:
        assert statement.subject.insured_nir.value not in repr(statement)


def test_the_model_refuses_another_views_subject():
    """The announced view is that of the subject."""
    from tests.simulated_authority import SimulatedAuthority, proof

    with pytest.raises(CredentialFormatError):
        changed(SimulatedAuthority().claims(proof()), view=View.CARE)
