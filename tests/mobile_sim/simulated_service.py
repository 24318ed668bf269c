"""An issuing service over real HTTP on loopback, with real signatures and any fault asked for.

It stands in for a hostile or broken service; the true one is met in tests/mobile_sim/test_journey.py.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from credentials import jws, strict_json
from credentials.cose_key import P256Key, compress, from_jwk
from credentials.credential import to_sd_jwt
from credentials.spec import Form
from credentials.views import VIEW_SPECS, Subject, View
from mobile_sim.offer import Configuration
from tests.conftest import INSTANT
from tests.mobile_sim.authority import Authority, Reader
from tests.sizes import claims_of, proof, road_check, signed


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class SimulatedService:
    """`answer_by` replaces the honest answer of a path: it gets the request and gives status, headers, body."""

    authority: Authority = field(default_factory=Authority)
    readers: tuple[Reader, ...] = ()
    version: int = 1
    now: int = INSTANT
    code: str = "code-0123456789"
    dpop_nonce: str | None = None
    subjects: dict[View, Subject] = field(
        default_factory=lambda: {View.ROAD_CHECK: road_check(2), View.PROOF: proof(2)}
    )
    answer_by: dict[str, Callable[[Request], tuple[int, dict[str, str], bytes]]] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)
    refresh_token: str = ""
    access_token: str = ""
    nonces: set[str] = field(default_factory=set)
    used_keys: set[bytes] = field(default_factory=set)
    url: str = ""
    index: int = 100

    def __enter__(self) -> Self:
        service = self

        class Answer(BaseHTTPRequestHandler):
            def respond(self) -> None:
                length = int(self.headers.get("content-length", 0))
                service.answer(
                    self, Request(self.command, self.path, dict(self.headers), self.rfile.read(length))
                )

            do_GET = do_POST = respond  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def date_time_string(self, timestamp: float | None = None) -> str:  # noqa: ARG002
                return formatdate(service.now, usegmt=True)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop answering; the port is closed."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()

    # --- protocol ----------------------------------------------------------------------------------------------

    def configurations(self) -> list[str]:
        """Everything issued here."""
        return [
            Configuration(self.authority_document, view, form, paper).name
            for view in self.subjects
            for form in Form
            for paper in ((False, True) if view is View.PROOF else (False,))
        ]

    @property
    def authority_document(self) -> Any:
        """The one document type issued here."""
        return VIEW_SPECS[next(iter(self.subjects))].document_type

    def offer(self, *, pinned: str | None = None, tx_code: bool = False) -> str:
        """The offer's text."""
        grant: dict[str, object] = {"pre-authorized_code": self.code}
        if tx_code:
            grant["tx_code"] = {"length": 6}
        offer = {
            "credential_issuer": self.url,
            "credential_configuration_ids": self.configurations(),
            "grants": {"urn:ietf:params:oauth:grant-type:pre-authorized_code": grant},
        }
        root = pinned or self.authority.pinned
        return f"openid-credential-offer://?credential_offer={quote(json.dumps(offer))}&lp_root_{self.authority.domain}={root}"

    def answer(self, connection: BaseHTTPRequestHandler, request: Request) -> None:
        """Record the request and answer it."""
        self.seen.append(request)
        honest = {
            "/.well-known/openid-credential-issuer": self.issuer_metadata,
            "/.well-known/oauth-authorization-server": self.server_metadata,
            "/trust.cose": self.trust,
            "/token": self.token,
            "/nonce": self.nonce,
            "/credential": self.credential,
            "/wallet/pause": self.bound,
        }
        chosen = self.answer_by.get(request.path) or honest.get(
            request.path, lambda _: problem(404, "not-found")
        )
        status, headers, body = chosen(request)
        connection.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            connection.send_header(name, value)
        connection.end_headers()
        connection.wfile.write(body)

    def issuer_metadata(self, _: Request) -> tuple[int, dict[str, str], bytes]:
        """Discovery."""
        domain = str(self.authority.domain)
        return as_json(
            {
                "credential_issuer": self.url,
                "credential_endpoint": f"{self.url}/credential",
                "nonce_endpoint": f"{self.url}/nonce",
                "batch_credential_issuance": {"batch_size": 4},
                "credential_configurations_supported": {name: {} for name in self.configurations()},
                "laissez_passer": {
                    "trust_lists": {domain: f"{self.url}/trust.cose"},
                    "roots": {
                        domain: {
                            "sha256": self.authority.pinned,
                            "der_b64u": jws.b64url_encode(self.authority.root),
                        }
                    },
                    "pause_endpoint": f"{self.url}/wallet/pause",
                    "resume_endpoint": f"{self.url}/wallet/resume",
                },
            }
        )

    def server_metadata(self, _: Request) -> tuple[int, dict[str, str], bytes]:
        """RFC 8414."""
        return as_json({"issuer": self.url, "token_endpoint": f"{self.url}/token"})

    def trust(self, _: Request) -> tuple[int, dict[str, str], bytes]:
        """The trust list."""
        return 200, {}, self.authority.trust_list(self.readers, version=self.version, issued_at=self.now - 60)

    def token(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """RFC 6749 with DPoP; each refresh token works once."""
        if refused := self.check_dpop(request):
            return refused
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] != self.refresh_token:
                return problem(400, "grant-refused", "invalid_grant")
        elif form.get("pre-authorized_code") != self.code:
            return problem(400, "grant-refused", "invalid_grant")
        self.code = ""
        self.refresh_token, self.access_token = secrets.token_urlsafe(), secrets.token_urlsafe()
        return as_json(
            {
                "access_token": self.access_token,
                "token_type": "DPoP",
                "expires_in": 600,
                "refresh_token": self.refresh_token,
            }
        )

    def nonce(self, _: Request) -> tuple[int, dict[str, str], bytes]:
        """A nonce good once."""
        nonce = secrets.token_urlsafe()
        self.nonces.add(nonce)
        return as_json({"c_nonce": nonce})

    def bound(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """An act that asks for token and proof."""
        if request.headers.get("Authorization") != f"DPoP {self.access_token}":
            return problem(401, "token-refused")
        return self.check_dpop(request, self.access_token) or (204, {}, b"")

    def credential(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """One credential for each proof."""
        status, headers, refused = self.bound(request)
        if status != 204:
            return status, headers, refused
        body = strict_json.decode(request.body)
        configuration = Configuration.parse(str(body["credential_configuration_id"]))
        assert configuration is not None
        keys = [self.proved(text) for text in body["proofs"]["jwt"]]  # type: ignore[index, call-overload]
        return as_json({"credentials": [{"credential": self.issued(configuration, key)} for key in keys]})

    def issued(self, configuration: Configuration, key: P256Key) -> str:
        """One credential as the response spells it."""
        self.index += 1
        point = None if configuration.paper else compress(key)
        claims = claims_of(self.subjects[configuration.view], point, index=self.index)
        content = signed(configuration.form, claims, self.authority.documents)
        return to_sd_jwt(content) if configuration.form is Form.JWT else jws.b64url_encode(content)

    def proved(self, text: str) -> P256Key:
        """The device key of a key proof (OpenID4VCI 1.0, appendix F.1)."""
        key, header, payload = verified(text)
        assert header["typ"] == "openid4vci-proof+jwt"
        assert payload["aud"] == self.url
        assert abs(int(payload["iat"]) - self.now) <= 60
        self.nonces &= {payload["nonce"]}
        assert payload["nonce"] in self.nonces
        return key

    def check_dpop(
        self, request: Request, token: str | None = None
    ) -> tuple[int, dict[str, str], bytes] | None:
        """RFC 9449, section 4.3."""
        _, header, payload = verified(request.headers["DPoP"])
        assert header["typ"] == "dpop+jwt"
        assert (payload["htm"], payload["htu"]) == (request.method, self.url + request.path)
        assert abs(int(payload["iat"]) - self.now) <= 60
        if token is not None:
            assert payload["ath"] == jws.b64url_encode(sha256(token.encode()).digest())
        if self.dpop_nonce is not None and payload.get("nonce") != self.dpop_nonce:
            return 401, {"DPoP-Nonce": self.dpop_nonce}, b'{"error":"use_dpop_nonce"}'
        return None


def verified(text: str) -> tuple[P256Key, dict[str, Any], dict[str, Any]]:
    """Key, header and payload of a JWT that brings its own key, its signature verified."""
    token = jws.parse_compact(text)
    header, payload = dict(strict_json.decode(token.header)), dict(strict_json.decode(token.payload))
    key = from_jwk(header["jwk"])  # type: ignore[arg-type]
    assert isinstance(key, P256Key)
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), compress(key))
    r, s = (int.from_bytes(part, "big") for part in (token.signature[:32], token.signature[32:]))
    public.verify(encode_dss_signature(r, s), token.signing_input, ec.ECDSA(hashes.SHA256()))
    return key, header, payload


def as_json(content: dict[str, object], status: int = 200) -> tuple[int, dict[str, str], bytes]:
    """A JSON answer."""
    return status, {"Content-Type": "application/json"}, json.dumps(content).encode()


def problem(status: int, code: str, error: str | None = None) -> tuple[int, dict[str, str], bytes]:
    """A problem document."""
    content: dict[str, object] = {"type": f"https://lp.example/problems/{code}", "status": status}
    if error is not None:
        content["error"] = error
    return as_json(content, status)
