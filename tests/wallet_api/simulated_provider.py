"""An OpenID provider for tests: keys of every type, tokens that really are signed, and a JWK Set in a file or over HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

ISSUER = "https://identite.exemple.test/realms/agents"
AUDIENCE = "http://testserver"
_MAKERS = {
    "EC": lambda: ec.generate_private_key(ec.SECP256R1()),
    "P384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "OKP": ed25519.Ed25519PrivateKey.generate,
    "RSA": lambda: rsa.generate_private_key(65_537, 2_048),
}
ALGORITHM = {"EC": "ES256", "P384": "ES384", "OKP": "EdDSA", "RSA": "RS256"}


class ProviderKey:
    """A private key under a `kid`."""

    def __init__(self, kid: str, kind: str = "EC") -> None:
        self.kid, self.kind, self.private = kid, kind, _MAKERS[kind]()

    def jwk(self, **more: Any) -> dict[str, Any]:
        """The public half, as a set publishes it."""
        algorithm = jwt.get_algorithm_by_name(ALGORITHM[self.kind])
        return {**algorithm.to_jwk(self.private.public_key(), as_dict=True), "kid": self.kid, **more}

    def token(self, now: int, *, algorithm: str | None = None, header: Any = None, **changed: Any) -> str:
        """An access token; `changed` replaces claims, and None leaves one out."""
        claims = {
            "iss": ISSUER,
            "aud": [AUDIENCE, "account"],
            "sub": "5f2b8c1e",
            "iat": now,
            "exp": now + 300,
            "role": "clerk",
            **changed,
        }
        headers = {"typ": "at+jwt", "kid": self.kid, **(header or {})}
        return jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            self.private,
            algorithm=algorithm or ALGORITHM[self.kind],
            headers=headers,
        )


def key_set(*keys: ProviderKey, **more: Any) -> bytes:
    """A JWK Set."""
    return json.dumps({"keys": [one.jwk(**more) for one in keys]}).encode()


class Answering(ThreadingHTTPServer):
    """A provider on loopback that counts who asks."""

    daemon_threads = True
    content = b""
    status = 200
    hits = 0

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}/jwks"


class _Answer(BaseHTTPRequestHandler):
    server: Answering

    def do_GET(self) -> None:
        self.server.hits += 1
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", self.server.url + "/elsewhere")
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def answering(content: bytes) -> Iterator[Answering]:
    """A running provider."""
    with Answering(("127.0.0.1", 0), _Answer) as server:
        server.content = content
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
