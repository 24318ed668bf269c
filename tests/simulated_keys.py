"""Every fixed key of the tests, derived from its name: the same on every machine, and worth nothing outside test mode.

`verifier/test_keys.py` names each of them, and each private key that a published vector brought into this repository;
`python -m tests.simulated_keys` writes that file anew, tests/verifier/test_test_keys.py asserts that a terminal outside
test mode refuses each. The reader keys open sealed vectors and are in no table: they sign nothing.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from credentials.cose_key import Ed25519Key, P256Key, PublicKey, X25519Key, compress, key_id
from credentials.errors import CredentialFormatError
from credentials.jws import b64url_decode

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

# SEC 2, section 2.4.2: the order of P-256.
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

SIGNERS_P256: Final = (
    *(f"{domain} {role}" for domain in ("licence", "health") for role in (
        "root", "trust", "status", "companion", "enrolment", "documents", "documents standby", "documents retired",
        "documents compromised", "documents past", "documents coming", "documents twin",
    )),
    "licence points",
    "licence documents narrow",
    "licence documents short lived",
    "both documents",
    "outsider",
    "outsider root",
)  # fmt: skip
SIGNERS_ED25519: Final = ("licence documents eddsa", "health documents eddsa", "outsider eddsa")
PHONES: Final = tuple(f"phone {number}" for number in range(64))
READERS: Final = (
    *(f"{audience} reader {number}" for audience in ("police", "health") for number in range(1, 5)),
    "outsider reader",
)


def _secret(name: str) -> bytes:
    return sha256(f"laissez-passer test key: {name}".encode()).digest()


@functools.cache
def signer_key(name: str) -> PrivateKey:
    """The private key of a signer of this name."""
    if name in SIGNERS_ED25519:
        return ed25519.Ed25519PrivateKey.from_private_bytes(_secret(name))
    if name not in SIGNERS_P256:
        msg = f"no such signer in simulated_keys: {name}"
        raise KeyError(msg)
    return p256_key(name)


@functools.cache
def phone_key(number: int) -> ec.EllipticCurvePrivateKey:
    """The device key of phone `number`, 0 to 63."""
    return p256_key(PHONES[number])


@functools.cache
def p256_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The P-256 key of this name."""
    return ec.derive_private_key(int.from_bytes(_secret(name), "big") % (ORDER - 1) + 1, ec.SECP256R1())


@functools.cache
def reader_key(name: str) -> x25519.X25519PrivateKey:
    """The private key of a reader of this name."""
    if name not in READERS:
        msg = f"no such reader in simulated_keys: {name}"
        raise KeyError(msg)
    return x25519.X25519PrivateKey.from_private_bytes(_secret(name))


def public_of(key: PrivateKey | x25519.X25519PrivateKey) -> PublicKey:
    """The public half as a value of credentials.cose_key."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return Ed25519Key(key.public_key().public_bytes_raw())
    if isinstance(key, x25519.X25519PrivateKey):
        return X25519Key(key.public_key().public_bytes_raw())
    numbers = key.public_key().public_numbers()
    return P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The public half as a compressed point, as claims carry device keys."""
    public = public_of(key)
    assert isinstance(public, P256Key)
    return compress(public)


def sign(key: PrivateKey, message: bytes) -> bytes:
    """64 raw bytes; ES256 is deterministic (RFC 6979), so that what is built twice is built equal."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    r, s = utils.decode_dss_signature(key.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True)))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


# --- what the product must know -------------------------------------------------------------------------------------

ROOT: Final = Path(__file__).resolve().parent.parent
_PEM: Final = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]+-----END [A-Z ]*PRIVATE KEY-----")


def fixed_keys() -> dict[str, PublicKey]:
    """Name -> public key of every signer and phone of the tests."""
    signers = {name: public_of(signer_key(name)) for name in (*SIGNERS_P256, *SIGNERS_ED25519)}
    return signers | {name: public_of(phone_key(number)) for number, name in enumerate(PHONES)}


def keys_in_repository(root: Path = ROOT) -> dict[str, PublicKey]:
    """Path and place -> public half of every private signing key that a file of the repository holds, PEM or JWK."""
    found = {}
    for folder in ("tests", "interop", "docs", "verifier", "wallet_api"):
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in {".pyc", ".png"} or "node_modules" in path.parts or not path.is_file():
                continue
            for number, key in enumerate(_keys_of(path)):
                found[f"{path.relative_to(root)} #{number}"] = key
    return found


def _keys_of(path: Path) -> Iterator[PublicKey]:
    content = path.read_bytes()
    for pem in _PEM.findall(content):
        try:
            private = load_pem_private_key(pem, None)
        except (ValueError, TypeError):  # encrypted, or the text of a pattern
            continue
        if isinstance(private, ed25519.Ed25519PrivateKey) or (
            isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name == "secp256r1"
        ):
            yield public_of(private)
    if path.suffix == ".json":
        yield from _jwks(json.loads(content))


def _jwks(value: Any) -> Iterator[PublicKey]:
    if isinstance(value, list):
        for one in value:
            yield from _jwks(one)
    elif isinstance(value, dict):
        if {"kty", "crv", "x"} <= value.keys() and {"d", "d_hex"} & value.keys():
            key = _jwk(value)
            if key is not None:
                yield key
        elif value.get("algorithm") == "EdDSA" and {"public_key_hex", "private_key_hex"} <= value.keys():
            yield Ed25519Key(bytes.fromhex(value["public_key_hex"]))
        for one in value.values():
            yield from _jwks(one)


def _jwk(members: dict[str, Any]) -> PublicKey | None:
    def number(name: str) -> bytes:
        if f"{name}_hex" in members:
            return bytes.fromhex(members[f"{name}_hex"])
        return b64url_decode(members[name])

    try:
        if members["crv"] == "P-256":
            return P256Key(number("x"), number("y"))
        return Ed25519Key(number("x")) if members["crv"] == "Ed25519" else None
    except (CredentialFormatError, KeyError):  # deliberately broken in its vector
        return None


def signer_ids() -> list[bytes]:
    """Key ids of every test key, in the order of the table."""
    return list(dict.fromkeys(map(key_id, (fixed_keys() | keys_in_repository()).values())))


def device_ids() -> list[bytes]:
    """First 8 bytes of x of every test key that may be a device key, in the order of the table."""
    keys = (fixed_keys() | keys_in_repository()).values()
    return list(dict.fromkeys(key.x[:8] for key in keys if isinstance(key, P256Key)))


_FILE = '''"""Ids of the test keys that this release knows and refuses outside test mode.

A signer is named by its key id, a device key by the first 8 bytes of its x coordinate. The keys themselves stand in
`tests/`; a test scans the repository and asserts that every key found there is named here.
"""

from __future__ import annotations

from typing import Final

# Written by `python -m tests.simulated_keys`.
_SIGNERS: Final = (
%s
)
_DEVICES: Final = (
%s
)
TEST_SIGNERS: Final[frozenset[bytes]] = frozenset(map(bytes.fromhex, _SIGNERS.split()))
TEST_DEVICE_KEYS: Final[frozenset[bytes]] = frozenset(map(bytes.fromhex, _DEVICES.split()))


def is_test_device(point: bytes) -> bool:
    """Whether the 33-byte compressed point is a test device key."""
    return point[1:9] in TEST_DEVICE_KEYS
'''


def table_file() -> str:
    """verifier/test_keys.py as it must be."""
    return _FILE % (_lines(signer_ids()), _lines(device_ids()))


def _lines(ids: list[bytes]) -> str:
    rows = [" ".join(one.hex() for one in ids[at : at + 5]) for at in range(0, len(ids), 5)]
    return ' "\n'.join(f'    "{row}' for row in rows) + '"'


if __name__ == "__main__":
    (ROOT / "verifier/test_keys.py").write_text(table_file(), encoding="utf-8")
