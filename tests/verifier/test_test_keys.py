"""Test keys are known to the wheel and refused outside test mode (T19)."""

from __future__ import annotations

import pytest

from credentials.cose_key import Ed25519Key, P256Key, compress, key_id
from credentials.spec import Audience, Form
from credentials.views import View
from tests.changed import changed
from tests.simulated_authority import INSTANT, SimulatedAuthority, document_signer, moment, proof
from tests.simulated_keys import ROOT, fixed_keys, keys_in_repository, table_file
from tests.simulated_phone import SimulatedPhone, presented, text_of
from verifier.reasons import Reason
from verifier.signatures import load_public_key
from verifier.test_keys import TEST_DEVICE_KEYS, TEST_SIGNERS
from verifier.trust import DocumentSigner, TrustSnapshot
from verifier.verify import Verifier

AUTHORITY = SimulatedAuthority()
KEYS = fixed_keys() | keys_in_repository()


def _trusting(key: P256Key | Ed25519Key, *, test_mode: bool) -> TrustSnapshot:
    """A terminal whose trust list, by mistake or by malice, names `key` beside the usual signers."""
    snapshot = AUTHORITY.snapshot(Audience.ANYONE, test_mode=test_mode)
    signer = DocumentSigner.of(document_signer("licence").entry())._replace(
        key_id=key_id(key), key=load_public_key(key)
    )
    return snapshot._replace(signers={**snapshot.signers, key_id(key): (signer,)})


def test_table_is_what_the_repository_holds():
    """verifier/test_keys.py names every private key in the repository; `python -m tests.simulated_keys` writes it."""
    assert (ROOT / "verifier/test_keys.py").read_text(encoding="utf-8") == table_file()


def test_scan_finds_planted_keys(tmp_path):
    """A PEM and a JWK put anywhere below the folders are found."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    folder = tmp_path / "tests/deep"
    folder.mkdir(parents=True)
    pem = private.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    (folder / "key.pem").write_bytes(pem)
    found = keys_in_repository(tmp_path)
    assert list(found) == ["tests/deep/key.pem #0"]
    assert not {key_id(one) for one in found.values()} & TEST_SIGNERS


@pytest.mark.parametrize("name", KEYS)
def test_key_of_the_repository_as_signer(name):
    """Even where a trust list names it, a test key signs nothing outside test mode: TEST_KEY, and no claims."""
    key = KEYS[name]
    assert key_id(key) in TEST_SIGNERS
    claims = AUTHORITY.claims(proof())
    issued = AUTHORITY.issue(claims, header={4: key_id(key)})
    text = SimulatedPhone(0).show(issued, View.PROOF, audience="anyone", at=INSTANT)
    verdict = Verifier(_trusting(key, test_mode=False)).verify(text, at=moment(INSTANT))
    assert verdict.reason is Reason.TEST_KEY
    assert verdict.to_json()["claims"] is None


@pytest.mark.parametrize("name", [name for name, key in KEYS.items() if isinstance(key, P256Key)])
def test_key_of_the_repository_as_device_key(name):
    """A real issuer's credential that names a test key as its device key: TEST_KEY before its signature is judged."""
    key = KEYS[name]
    assert isinstance(key, P256Key)
    assert key.x[:8] in TEST_DEVICE_KEYS
    real = _RealIssuer()
    claims = changed(AUTHORITY.claims(proof()), device_key=compress(key))
    issued = real.issue(claims)
    body = SimulatedPhone(0).present(issued, audience="anyone", at=INSTANT)
    text = text_of(presented(Form.CBOR, View.PROOF, body))
    verdict = Verifier(real.snapshot()).verify(text, at=moment(INSTANT))
    assert verdict.reason is Reason.TEST_KEY
    assert verdict.to_json()["claims"] is None


class _RealIssuer:
    """An issuer whose key no repository holds: drawn for this run."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import ed25519

        self.private = ed25519.Ed25519PrivateKey.generate()
        self.public = Ed25519Key(self.private.public_key().public_bytes_raw())

    def issue(self, claims):
        from credentials import credential
        from credentials.spec import EDDSA

        to_sign = credential.prepare(Form.CBOR, claims, algorithm=EDDSA, key_id=key_id(self.public))
        return to_sign.with_signature(self.private.sign(to_sign.to_be_signed))

    def snapshot(self) -> TrustSnapshot:
        return _trusting(self.public, test_mode=False)


def test_real_issuer_and_real_phone_pass_outside_test_mode():
    """The sibling of the cases above: keys of no repository are judged as usual."""
    from cryptography.hazmat.primitives.asymmetric import ec

    from tests.simulated_keys import point_of

    real = _RealIssuer()
    phone = SimulatedPhone(0)
    phone.private = ec.generate_private_key(ec.SECP256R1())
    claims = changed(AUTHORITY.claims(proof()), device_key=point_of(phone.private))
    text = phone.show(real.issue(claims), View.PROOF, audience="anyone", at=INSTANT)
    verdict = Verifier(real.snapshot()).verify(text, at=moment(INSTANT))
    assert verdict.reason is Reason.OK
    assert not verdict.test
