"""The phone's keys: raw signatures, points, and what becomes of a broken file."""

from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from credentials.cose_key import decompress
from mobile_sim.device_key import DeviceKey
from mobile_sim.errors import FolderBroken


def test_signature_is_64_raw_bytes_that_verify():
    """ES256 as r || s; another message does not verify."""
    key = DeviceKey.make()
    for number in range(50):  # short r or s are padded
        message = str(number).encode()
        signature = key.sign(message)
        assert len(signature) == 64
        der = encode_dss_signature(
            *(int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
        )
        key.private.public_key().verify(der, message, ec.ECDSA(hashes.SHA256()))
        with pytest.raises(InvalidSignature):
            key.private.public_key().verify(der, message + b"!", ec.ECDSA(hashes.SHA256()))


def test_compressed_point_names_the_public_key():
    """33 bytes, the way a credential carries a device key."""
    key = DeviceKey.make()
    assert decompress(key.compressed) == key.public


def test_pem_reads_back_as_the_same_key():
    """Written and read, the public half is the same."""
    key = DeviceKey.make()
    assert DeviceKey.from_pem(key.to_pem()).public == key.public


def test_repr_shows_nothing_of_the_key():
    """A traceback must not give a key away."""
    assert repr(DeviceKey.make()) == "DeviceKey(...)"


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        ec.generate_private_key(ec.SECP384R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ),
    ],
    ids=["empty", "nonsense", "Ed25519", "P-384"],
)
def test_pem_of_no_p256_key_is_said_in_words(pem):
    """The citizen is told to save the document again, not shown a traceback."""
    with pytest.raises(FolderBroken, match="Réenregistrez"):
        DeviceKey.from_pem(pem)
