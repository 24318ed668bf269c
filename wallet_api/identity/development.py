"""The development issuer: tokens for invented people, on loopback, in a demonstration home and nowhere else.

It asks for no password, so whoever reaches it may be anybody. It signs with a key of its own that `init` leaves in
`access/` of the home, mode 0600; a home with `LP_OIDC_ISSUER` set does not listen to it.
"""

from __future__ import annotations

import logging
import secrets
import threading
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from credentials import strict_json
from credentials.cose_key import P256Key, to_jwk
from credentials.strict_json import JsonValue
from keys.disk import make_private_folder, require_private, write_private
from wallet_api.openid4vci.dpop import jwk_thumbprint
from wallet_api.settings import Settings, SettingsRefused
from wallet_api.telemetry import log

from .fictitious_callers import CALLERS
from .trusted_keys import TrustedKey, read_key_set

TOKEN_SECONDS: Final = 3_600
_FILE: Final = "development-issuer.pem"


class DevelopmentIssuer:
    """Signs tokens, and is the source of the key that verifies them. Its file is read at the first use."""

    def __init__(self, settings: Settings) -> None:
        """Issue for the home of these settings."""
        self._path = settings.access_folder / _FILE
        self.issuer = f"{settings.base_url}/dev"
        self.audience = settings.oidc_audience or settings.base_url
        self.role_claim = settings.oidc_role_claim
        self._lock = threading.Lock()
        self._pair: tuple[ec.EllipticCurvePrivateKey, P256Key] | None = None
        self._trusted: dict[str, TrustedKey] = {}
        self._warned = False

    def create(self) -> None:
        """Make the key of a new home."""
        make_private_folder(self._path.parent)
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),  # it opens invented people's records alone
        )
        write_private(self._path, pem)

    def mint(self, name: str, now: int, *, acr: str | None = None) -> str:
        """An access token for one of `CALLERS`, good for an hour. Raises `KeyError` for anybody else."""
        import jwt  # late, for the commands that make no token

        caller = CALLERS[name]
        private, public = self._keys()
        claims: dict[str, str | int] = {
            **caller.claims,
            "iss": self.issuer,
            "aud": self.audience,
            "sub": f"fictitious-{name}",
            "client_id": "laissez-passer-dev",
            "jti": secrets.token_urlsafe(12),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            self.role_claim: caller.role.value,
        }
        if acr is not None:
            claims["acr"] = acr
        headers = {"typ": "at+jwt", "kid": jwk_thumbprint(public)}
        return jwt.encode(claims, private, algorithm="ES256", headers=headers)

    def key_set(self) -> dict[str, JsonValue]:
        """The public key as a JWK Set."""
        _, public = self._keys()
        row: dict[str, JsonValue] = {
            **to_jwk(public),
            "kid": jwk_thumbprint(public),
            "alg": "ES256",
            "use": "sig",
        }
        return {"keys": [row]}

    def find(self, kid: str) -> TrustedKey | None:
        """The key under which these tokens are verified."""
        if not self._trusted:
            self._trusted = read_key_set(strict_json.encode(self.key_set()))
        return self._trusted.get(kid)

    def warn_once(self) -> None:
        """Say in the log that anybody on this machine may be anybody here."""
        if not self._warned:
            self._warned = True
            log("development issuer in use", level=logging.WARNING)

    def _keys(self) -> tuple[ec.EllipticCurvePrivateKey, P256Key]:
        with self._lock:
            if self._pair is None:
                self._pair = self._read()
            return self._pair

    def _read(self) -> tuple[ec.EllipticCurvePrivateKey, P256Key]:
        if not self._path.is_file():
            msg = f"{self._path} is missing; make a new demonstration home, or set LP_OIDC_ISSUER"
            raise SettingsRefused(msg)
        require_private(self._path)
        private = serialization.load_pem_private_key(self._path.read_bytes(), None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            msg = f"{self._path} is of another kind; make a new demonstration home"
            raise SettingsRefused(msg)
        numbers = private.public_key().public_numbers()
        return private, P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
