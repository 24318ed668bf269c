"""Private keys in encrypted PKCS#8 PEM files, mode 0600, and the signer that uses one.

ES256 nonces come from OpenSSL, which mixes key, message and randomness: a weak random source alone repeats none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519

from credentials.cose_key import Ed25519Key, P256Key, PublicKey, X25519Key, key_id
from credentials.spec import EDDSA, ES256

from .disk import require_private, write_private
from .errors import KeyFileRefused
from .signature_count import SignatureCount

SigningKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PrivateKey = SigningKey | x25519.X25519PrivateKey

_ES256: Final = ec.ECDSA(hashes.SHA256())
_RAW: Final = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def generate(algorithm: int) -> SigningKey:
    """A new key for a COSE algorithm. Raises `ValueError` for one that this project does not sign with."""
    if algorithm == ES256:
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    msg = f"no key is made for COSE algorithm {algorithm}"
    raise ValueError(msg)


def public_half(key: PrivateKey) -> PublicKey:
    """The public key in the credential room's types."""
    match key:
        case ec.EllipticCurvePrivateKey():
            numbers = key.public_key().public_numbers()
            return P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
        case ed25519.Ed25519PrivateKey():
            return Ed25519Key(key.public_key().public_bytes(*_RAW))
        case x25519.X25519PrivateKey():
            return X25519Key(key.public_key().public_bytes(*_RAW))


def write_key(path: Path, key: PrivateKey, passphrase: bytes) -> None:
    """Store a private key, encrypted, mode 0600."""
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    write_private(path, pem)


def read_key(path: Path, passphrase: bytes) -> PrivateKey:
    """Load a private key. Raises `KeyFileRefused`: open to others, missing, damaged, or another passphrase."""
    require_private(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except (OSError, ValueError, TypeError) as error:
        msg = f"{path.name} does not open with this passphrase, or is damaged"
        raise KeyFileRefused(msg) from error
    if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, ec.SECP256R1):
        msg = f"{path.name} holds a key on another curve than P-256"
        raise KeyFileRefused(msg)
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | x25519.X25519PrivateKey):
        msg = f"{path.name} holds a key of a kind that is not used here"
        raise KeyFileRefused(msg)
    return key


class FileSigner:
    """A signer whose key was read from a file and stays loaded; every signature is counted."""

    __slots__ = ("_count", "_key", "algorithm", "key_id", "public_key")

    key_id: bytes
    algorithm: int
    public_key: PublicKey

    def __init__(self, key: SigningKey, count: SignatureCount | None) -> None:
        """Sign with `key`; None counts nothing (role keys of the update repository)."""
        self._key = key
        self._count = count
        self.public_key = public_half(key)
        self.key_id = key_id(self.public_key)
        self.algorithm = ES256 if isinstance(key, ec.EllipticCurvePrivateKey) else EDDSA

    def sign(self, payload: bytes) -> bytes:
        """The raw signature, 64 bytes. Raises `KeyCapReached`, `KeyNotActive`, `KeyFileRefused`."""
        if self._count is not None:
            self._count.take()
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(payload)
        return raw_signature(self._key.sign(payload, _ES256))


def raw_signature(der: bytes) -> bytes:
    """Return r || s of a P-256 signature (RFC 9053 section 2.1) from the DER that OpenSSL made.

    The two integers are below 2^256, so every length is one byte; a leading zero is dropped, a short one filled.
    """
    middle = 4 + der[3]
    r, s = der[4:middle], der[middle + 2 :]
    return r[-32:].rjust(32, b"\0") + s[-32:].rjust(32, b"\0")
