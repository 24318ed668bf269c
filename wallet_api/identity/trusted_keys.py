"""The public keys under which access tokens are verified: a JWK Set (RFC 7517), read strictly.

- The type of a key fixes the algorithms that it may serve: P-256 ES256, Ed25519 EdDSA, RSA RS256 and PS256. A token's
  `alg` only chooses among those, so `none` and the HMAC family have no key (threats.md, T13).
- A set that holds a secret (`oct`, or a private member) or one `kid` twice is refused whole: somebody made a mistake.
- Keys of another use or type are left out, as RFC 7517, section 5, asks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from credentials import strict_json
from credentials.errors import CredentialFormatError
from credentials.strict_json import JsonValue

if TYPE_CHECKING:
    from jwt import PyJWK

MAX_BYTES: Final = 65_536
MAX_KEYS: Final = 32
MAX_KID: Final = 128  # characters
_MAX_MEMBERS: Final = 2_048
_RSA_BITS: Final = range(2_048, 8_193)
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_ALGORITHMS: Final = {
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA",),
    ("RSA", None): ("RS256", "PS256"),
}


class KeySetRefused(Exception):
    """The text is no usable JWK Set; it says why, and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One public key, prepared for each algorithm that its type and its own `alg` admit."""

    prepared: Mapping[str, PyJWK]

    def signed(self, algorithm: str, message: bytes, signature: bytes) -> bool:
        """Whether `signature` is this key's over `message`; False for an algorithm that is not the key's."""
        ready = self.prepared.get(algorithm)
        if ready is None:
            return False
        return bool(ready.Algorithm.verify(message, ready.key, signature))


def read_key_set(content: bytes) -> dict[str, TrustedKey]:
    """The usable keys of a JWK Set by `kid`. Raises `KeySetRefused`."""
    try:
        rows = strict_json.decode(content, max_bytes=MAX_BYTES, max_members=_MAX_MEMBERS).get("keys")
    except CredentialFormatError:
        raise KeySetRefused("the JWK Set is no strict JSON of at most 64 KiB") from None
    if not isinstance(rows, list) or len(rows) > MAX_KEYS:
        raise KeySetRefused(f"the JWK Set has no list of at most {MAX_KEYS} keys")
    found: dict[str, TrustedKey] = {}
    for row in rows:
        if not isinstance(row, dict) or _PRIVATE & row.keys() or row.get("kty") == "oct":
            raise KeySetRefused("the JWK Set holds a secret; publish the public keys alone")
        kid = row.get("kid")
        algorithms = _algorithms(row)
        if not algorithms or not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
            continue
        if kid in found:
            raise KeySetRefused("the JWK Set holds one kid twice")
        found[kid] = _prepared(row, algorithms)
    if not found:
        raise KeySetRefused("the JWK Set holds no signing key with a kid (P-256, Ed25519 or RSA)")
    return found


def _algorithms(row: dict[str, JsonValue]) -> tuple[str, ...]:
    """What a key may verify; nothing for a key of another type, use or algorithm."""
    operations = row.get("key_ops", ["verify"])
    if row.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return ()
    kind, curve = row.get("kty"), row.get("crv")
    if not isinstance(kind, str) or not (curve is None or isinstance(curve, str)):
        return ()
    possible = _ALGORITHMS.get((kind, curve), ())
    wanted = row.get("alg")
    return possible if wanted is None else tuple(one for one in possible if one == wanted)


def _prepared(row: dict[str, JsonValue], algorithms: tuple[str, ...]) -> TrustedKey:
    from jwt import PyJWK  # late, for the commands that see no token: 0.1 s of start-up
    from jwt.exceptions import PyJWTError

    try:
        prepared = {one: PyJWK(dict(row), one) for one in algorithms}
    except (PyJWTError, ValueError, TypeError):
        raise KeySetRefused("a key of the JWK Set is malformed") from None
    size = getattr(next(iter(prepared.values())).key, "key_size", None)
    if row.get("kty") == "RSA" and size not in _RSA_BITS:
        raise KeySetRefused("an RSA key of the JWK Set is shorter than 2048 bits, or absurdly long")
    return TrustedKey(prepared)
