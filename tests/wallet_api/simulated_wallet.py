"""A wallet for tests, written on PyJWT: a second implementation of the proofs that the service reads."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient

from credentials import credential, strict_json
from credentials.claims import Claims
from credentials.cose_key import P256Key, to_jwk
from credentials.jws import b64url_decode
from credentials.spec import Form

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"


class Key:
    """A P-256 key and its JWTs."""

    def __init__(self) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        numbers = self.private.public_key().public_numbers()
        self.public = P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))

    def jwt(self, typ: str, payload: dict[str, Any], **header: Any) -> str:
        """A JWT that brings its own key."""
        headers = {"typ": typ, "jwk": to_jwk(self.public), **header}
        return jwt.encode(payload, self.private, algorithm="ES256", headers=headers)


def dpop(key: Key, at: int, path: str, access_token: str | None = None, **changed: Any) -> str:
    """A DPoP proof for a POST to `path`; `changed` replaces claims."""
    claims = {"htm": "POST", "htu": f"http://testserver{path}", "iat": at, "jti": secrets.token_urlsafe(12)}
    if access_token is not None:
        digest = hashlib.sha256(access_token.encode()).digest()
        claims["ath"] = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return key.jwt("dpop+jwt", {**claims, **changed})


def code_of(offer: str) -> str:
    """The pre-authorised code inside an offer's text."""
    text = parse_qs(urlsplit(offer).query)["credential_offer"][0]
    grant: Any = strict_json.decode(text.encode())["grants"]
    return str(grant[PRE_AUTHORIZED]["pre-authorized_code"])


class SimulatedWallet:
    """One phone with one document."""

    def __init__(self, client: TestClient, clock: Any) -> None:
        self.client, self.clock, self.key = client, clock, Key()
        self.access, self.refresh = "", ""

    def token(self, **form: str) -> Any:
        """Post to the token endpoint; keeps the tokens of a good answer."""
        proof = dpop(self.key, self.clock.instant, "/token")
        answer = self.client.post("/token", data=form, headers={"DPoP": proof})
        if answer.status_code == 200:
            self.access, self.refresh = answer.json()["access_token"], answer.json()["refresh_token"]
        return answer

    def take(self, offer: str, **more: str) -> Any:
        """Take up an offer."""
        return self.token(grant_type=PRE_AUTHORIZED, **{"pre-authorized_code": code_of(offer)}, **more)

    def renew(self) -> Any:
        """Use the refresh token."""
        return self.token(grant_type="refresh_token", refresh_token=self.refresh)

    def nonce(self) -> str:
        """A fresh nonce."""
        return str(self.client.post("/nonce").json()["c_nonce"])

    def proof(self, key: Key, fresh: str, **changed: Any) -> str:
        """A key proof; `changed` replaces claims."""
        claims = {"aud": "http://testserver", "iat": self.clock.instant, "nonce": fresh}
        return key.jwt("openid4vci-proof+jwt", {**claims, **changed})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Post to a resource with the access token."""
        headers = {
            "Authorization": f"DPoP {self.access}",
            "DPoP": dpop(self.key, self.clock.instant, path, self.access),
        }
        return self.client.post(path, json=body, headers=headers)

    def ask(
        self, configuration: str, keys: list[Key], *, nonce: str | None = None, portrait: bool = False
    ) -> Any:
        """Request credentials, one for each key."""
        nonce = nonce or self.nonce()
        body: dict[str, Any] = {
            "credential_configuration_id": configuration,
            "proofs": {"jwt": [self.proof(key, nonce) for key in keys]},
        }
        if portrait:
            body["laissez_passer"] = {"portrait": True}
        return self.post("/credential", body)

    def get(self, configuration: str, count: int = 1, *, portrait: bool = False) -> list[Claims]:
        """The claims of freshly issued credentials."""
        answer = self.ask(configuration, [Key() for _ in range(count)], portrait=portrait)
        assert answer.status_code == 200, answer.text
        return [claims_of(configuration, one["credential"]) for one in answer.json()["credentials"]]


def credential_bytes(configuration: str, text: str) -> tuple[Form, bytes]:
    """The bytes of a credential as the endpoint spells it."""
    if ".cbor" in configuration:
        return Form.CBOR, b64url_decode(text)
    return Form.JWT, credential.from_sd_jwt(text)


def claims_of(configuration: str, text: str) -> Claims:
    """The claims of a credential, unverified."""
    return credential.read(*credential_bytes(configuration, text)).decode_claims()
