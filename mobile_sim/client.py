"""The phone's only HTTP code: OpenID4VCI 1.0 with DPoP, and the server's clock.

- No redirect is followed, every answer is bounded, and addresses are those that issuer_metadata.py admits.
- The clock offset is learned from the `Date` header (RFC 9110, 6.6.1) of each answer: server minus phone, in seconds.
- A failure is told in plain words; an answer's text is never repeated, only its machine word.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self

import httpx2

from credentials import strict_json
from credentials.errors import CredentialFormatError
from credentials.limits import JSON_MEMBERS, TRUST_LIST_BYTES

from .device_key import DeviceKey
from .dpop import dpop_proof, key_proof
from .errors import ServiceRefused, WalletUnavailable
from .issuer_metadata import IssuerMetadata, checked, on_loopback, read_metadata, well_known
from .offer import PRE_AUTHORIZED
from .refusals import BY_STATUS, OTHERWISE, WORDS

__all__ = ["DEFAULT_BATCH", "Service", "Tokens"]

DEFAULT_BATCH: Final = 2
_TIMEOUT: Final = 15.0  # seconds, for each of connecting, sending and reading
_ANSWER_BYTES: Final = 65_536
_CREDENTIAL_BYTES: Final = 4 * _ANSWER_BYTES
_METADATA_MEMBERS: Final = 4_000  # a dozen configurations, each with words for people
_STEADY: Final = 2  # seconds: a smaller offset is the Date header's own coarseness
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,60}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """An access token, and the refresh token that follows it."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class Service:
    """One issuing service, spoken to with the wallet's key. Use as a context manager."""

    def __init__(
        self, issuer: str, key: DeviceKey, *, clock_offset: int = 0, clock: Callable[[], float] = time.time
    ) -> None:
        self._issuer = checked(issuer, None)
        self._key = key
        self._clock = clock
        self._nonce: str | None = None  # the server's newest DPoP-Nonce (RFC 9449, section 8)
        self.clock_offset = clock_offset
        loopback = on_loopback(issuer)
        self._http = httpx2.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=not loopback)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def now(self) -> int:
        """The phone's clock corrected by the service's offset, UTC seconds."""
        return int(self._clock()) + self.clock_offset

    # --- reading -----------------------------------------------------------------------------------------------

    def offer(self, address: str) -> str:
        """The offer's JSON behind a `credential_offer_uri`."""
        answer = self._get(checked(address, self._issuer), _ANSWER_BYTES)
        return answer.body.decode("utf-8", "replace")

    def metadata(self) -> IssuerMetadata:
        """Issuer and authorisation server metadata (OpenID4VCI 1.0, section 12.2; RFC 8414)."""
        issuer = self._described("openid-credential-issuer")
        server = self._described("oauth-authorization-server")
        try:
            return read_metadata(self._issuer, issuer, server)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise _nonsense() from None

    def _described(self, name: str) -> dict[str, Any]:
        return self._json(
            self._get(well_known(self._issuer, name), _CREDENTIAL_BYTES), members=_METADATA_MEMBERS
        )

    def trust_list(self, address: str) -> bytes:
        """A domain's trust list as it is published; not verified."""
        return self._get(address, TRUST_LIST_BYTES).body

    # --- tokens and credentials --------------------------------------------------------------------------------

    def redeem(self, metadata: IssuerMetadata, code: str, tx_code: str | None) -> Tokens:
        """The offer's code -> tokens (OpenID4VCI 1.0, section 6.1). The code works once."""
        form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code}
        if tx_code is not None:
            form["tx_code"] = tx_code
        return self._tokens(metadata, form)

    def renew(self, metadata: IssuerMetadata, refresh_token: str) -> Tokens:
        """A refresh token -> tokens; the old refresh token ends. Refused while the document is suspended or revoked."""
        return self._tokens(metadata, {"grant_type": "refresh_token", "refresh_token": refresh_token})

    def _tokens(self, metadata: IssuerMetadata, form: dict[str, str]) -> Tokens:
        answer = self._json(self._post(metadata.token_endpoint, form=form))
        match answer:
            case {"access_token": str(access), "token_type": str(kind)} if kind.lower() == "dpop":
                refresh = answer.get("refresh_token")
                return Tokens(access, refresh if isinstance(refresh, str) else None)
        raise _nonsense()

    def credentials(
        self,
        metadata: IssuerMetadata,
        tokens: Tokens,
        configuration: str,
        keys: tuple[DeviceKey, ...],
        *,
        portrait: bool = False,
    ) -> tuple[str, ...]:
        """One credential of `configuration` for each of `keys`, in their order (OpenID4VCI 1.0, section 8)."""
        nonce = self._json(self._post(metadata.nonce_endpoint)).get("c_nonce")
        if not isinstance(nonce, str):
            raise _nonsense()
        proofs = [key_proof(key, issuer=self._issuer, nonce=nonce, at=self.now()) for key in keys]
        body: dict[str, Any] = {"credential_configuration_id": configuration, "proofs": {"jwt": proofs}}
        if portrait:
            body["laissez_passer"] = {"portrait": True}
        answer = self._post(metadata.credential_endpoint, body=body, tokens=tokens, bound=_CREDENTIAL_BYTES)
        return self._received(self._json(answer), len(keys))

    def _received(self, answer: dict[str, Any], count: int) -> tuple[str, ...]:
        match answer.get("credentials"):
            case list(rows) if len(rows) == count:
                found = [row.get("credential") for row in rows if isinstance(row, dict)]
                texts = tuple(one for one in found if isinstance(one, str))
                if len(texts) == count:
                    return texts
        raise _nonsense()

    def activation(self, code: str, second: str | None) -> str:
        """The offer's text behind an activation code from paper. The code works once."""
        body = {"code": code} if second is None else {"code": code, "second": second}
        address = checked(f"{self._issuer}/activations/redemptions", self._issuer)
        text = self._json(self._post(address, body=body)).get("offer")
        if not isinstance(text, str):
            raise _nonsense()
        return text

    def ask(self, metadata: IssuerMetadata, tokens: Tokens, act: str) -> None:
        """Ask to `pause` or `resume` the document of `tokens`."""
        self._post(metadata.acts[act], body={}, tokens=tokens)

    # --- transport ---------------------------------------------------------------------------------------------

    def _get(self, url: str, bound: int) -> _Answer:
        return self._accepted(self._send("GET", url, bound, {}, {}))

    def _post(
        self,
        url: str,
        *,
        form: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
        tokens: Tokens | None = None,
        bound: int = _ANSWER_BYTES,
    ) -> _Answer:
        content: dict[str, Any] = {}
        if form is not None:
            content["data"] = form
        elif body is not None:
            content["content"] = strict_json.encode(body)
        kind = {} if form is not None else {"Content-Type": "application/json"}
        answer = self._send("POST", url, bound, content, kind | self._proof(url, tokens))
        if _wants_nonce(answer):
            answer = self._send("POST", url, bound, content, kind | self._proof(url, tokens))
        return self._accepted(answer)

    def _proof(self, url: str, tokens: Tokens | None) -> dict[str, str]:
        token = None if tokens is None else tokens.access_token
        proof = dpop_proof(
            self._key, method="POST", url=url, at=self.now(), access_token=token, nonce=self._nonce
        )
        return {"DPoP": proof} if token is None else {"DPoP": proof, "Authorization": f"DPoP {token}"}

    def _send(
        self, method: str, url: str, bound: int, content: dict[str, Any], headers: dict[str, str]
    ) -> _Answer:
        began = self._clock()
        try:
            with self._http.stream(method, url, headers={"Accept": "*/*", **headers}, **content) as response:
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) > bound:
                        raise _nonsense()
                answer = _Answer(response.status_code, dict(response.headers), body)
        except (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError) as error:
            raise WalletUnavailable(
                "Le service ne répond pas. Vos titres restent sur ce téléphone et se montrent sans réseau. "
                "Réessayez plus tard.",
                "The service does not answer. Your documents stay on this phone and can be shown without network. "
                "Try again later.",
            ) from error
        self._nonce = answer.headers.get("dpop-nonce", self._nonce)
        self._learn_offset(answer.headers.get("date"), (began + self._clock()) / 2)
        return answer

    def _learn_offset(self, date: str | None, middle: float) -> None:
        try:
            server = parsedate_to_datetime(date).timestamp() + 0.5 if date else None
        except (ValueError, TypeError, OverflowError):
            server = None
        if server is not None:
            offset = round(server - middle)
            self.clock_offset = 0 if abs(offset) < _STEADY else offset

    def _accepted(self, answer: _Answer) -> _Answer:
        if answer.status in range(200, 300):
            return answer
        if answer.status >= 500:
            raise WalletUnavailable(
                f"Le service a une panne (HTTP {answer.status}). Réessayez plus tard.",
                f"The service has a fault (HTTP {answer.status}). Try again later.",
            )
        raise _refused(answer.status, _machine_word(answer))

    def _json(self, answer: _Answer, members: int = JSON_MEMBERS) -> dict[str, Any]:
        try:
            return dict(strict_json.decode(answer.body, max_bytes=_CREDENTIAL_BYTES, max_members=members))
        except CredentialFormatError:
            raise _nonsense() from None


def _wants_nonce(answer: _Answer) -> bool:
    return answer.status in (400, 401) and "dpop-nonce" in answer.headers and _says_use_nonce(answer)


def _says_use_nonce(answer: _Answer) -> bool:
    return _machine_word(answer) == "use_dpop_nonce" or "use_dpop_nonce" in answer.headers.get(
        "www-authenticate", ""
    )


def _machine_word(answer: _Answer) -> str:
    """The last segment of a problem document's `type` (RFC 9457), else OAuth's `error` (RFC 6749, section 5.2)."""
    try:
        members = strict_json.decode(answer.body)
    except CredentialFormatError:
        return "unknown"
    for name in ("type", "error"):
        value = members.get(name)
        word = value.rpartition("/")[2] if isinstance(value, str) else ""
        if _WORD.fullmatch(word):
            return word
    return "unknown"


def _refused(status: int, code: str) -> ServiceRefused:
    french, english = WORDS.get(code, BY_STATUS.get(status, OTHERWISE))
    return ServiceRefused(f"{french} ({code})", f"{english} ({code})", code=code, status=status)


def _nonsense() -> WalletUnavailable:
    return WalletUnavailable(
        "La réponse du service est incompréhensible. Réessayez plus tard.",
        "The service's answer makes no sense. Try again later.",
    )
