from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from credentials.spec import EDDSA, ES256
from keys import KeyFileRefused, KeyFolder
from keys.file_signer import FileSigner, generate, raw_signature, read_key, write_key
from verifier.signatures import SignatureInvalid, load_public_key, verify_signature

from .conftest import PASSPHRASE


@pytest.mark.parametrize("algorithm", [ES256, EDDSA])
def test_signature_of_a_stored_key_verifies_in_the_verifier(tmp_path, algorithm):
    """A key goes to disk and comes back; what it signs passes the verifier's code and no other message does."""
    path = tmp_path / "one.pem"
    write_key(path, generate(algorithm), PASSPHRASE)
    signer = FileSigner(read_key(path, PASSPHRASE), None)
    signature = signer.sign(b"message")
    public = load_public_key(signer.public_key)
    verify_signature(public, signer.algorithm, signature, b"message")
    assert signer.algorithm == algorithm
    with pytest.raises(SignatureInvalid):
        verify_signature(public, signer.algorithm, signature, b"massage")


@pytest.mark.parametrize("r", [1, 0x7F << 248, 0x80 << 248, (1 << 240) + 5, (1 << 256) - 1])
@pytest.mark.parametrize("s", [1, 0x80 << 248, 255])
def test_raw_signature_is_64_bytes_for_every_length_of_the_integers(r, s):
    """DER drops leading zeros and adds one before a high bit; r || s has 32 bytes each all the same."""
    assert raw_signature(encode_dss_signature(r, s)) == r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_ten_thousand_signatures_repeat_no_nonce():
    """Two signatures with one r would give the private key away (T51)."""
    signer = FileSigner(generate(ES256), None)
    assert len({signer.sign(b"same message")[:32] for _ in range(10_000)}) == 10_000


def test_private_file_is_encrypted_and_for_its_owner(tmp_path):
    """Mode 0600, and nothing to read without the passphrase."""
    path = tmp_path / "one.pem"
    write_key(path, generate(ES256), PASSPHRASE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"ENCRYPTED" in path.read_bytes()
    with pytest.raises(KeyFileRefused, match="passphrase"):
        read_key(path, b"another passphrase, long enough")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_private_file_that_others_may_read_is_refused(tmp_path, mode):
    """The refusal names the command that mends it."""
    path = tmp_path / "one.pem"
    write_key(path, generate(ES256), PASSPHRASE)
    path.chmod(mode)
    with pytest.raises(KeyFileRefused, match="chmod 600"):
        read_key(path, PASSPHRASE)


def test_folder_that_others_may_enter_is_refused(keys):
    """Opening it is enough to be told."""
    keys.path.chmod(0o750)
    with pytest.raises(KeyFileRefused, match="chmod 700"):
        KeyFolder.open(keys.path, PASSPHRASE)


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1())], ids=["P-384"])
def test_key_of_a_foreign_kind_is_refused(tmp_path, key):
    """A file may hold any key; only the kinds that this format knows are used."""
    path = tmp_path / "one.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(PASSPHRASE),
        )
    )
    path.chmod(0o600)
    with pytest.raises(KeyFileRefused, match="curve"):
        read_key(path, PASSPHRASE)


def test_damaged_private_file_is_refused(tmp_path):
    """One byte changed, or everything gone: the same refusal, no traceback of the library."""
    path = tmp_path / "one.pem"
    write_key(path, generate(ES256), PASSPHRASE)
    content = bytearray(path.read_bytes())
    content[80] ^= 1
    path.write_bytes(content)
    with pytest.raises(KeyFileRefused):
        read_key(path, PASSPHRASE)
    path.write_bytes(b"")
    with pytest.raises(KeyFileRefused):
        read_key(path, PASSPHRASE)
