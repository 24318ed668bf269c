"""An official's connection to the service, over HTTP like any other program.

It signs in with a token from a file, or, at a demonstration, as an invented official of the development issuer. The
idempotency key follows from what is sent, so the same command typed twice is the same act, and the second answer says so.
Who means the act a second time, since the first was cancelled, says `again`.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import sys
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from .identity.fictitious_callers import CALLERS
from .problems import PROBLEMS
from .settings import Settings

_TIMEOUT: Final = 60  # seconds
_ANSWER_BYTES: Final = 4_194_304
_AGAIN: Final = (
    "A-t-il agi ? Retapez la même commande : elle n'agit qu'une fois. · "
    "Did it act? Type the same command again: it acts once."
)
_SIGN_IN: Final = (
    "connectez-vous chez votre fournisseur OpenID et donnez son jeton d'accès par --token-file · "
    "sign in at your OpenID provider and give its access token with --token-file"
)
_FIELD: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")
_MOST_FIELDS: Final = 20
_REPLAYED: Final = (
    "Déjà envoyé : voici la réponse d'alors. Si l'acte a été annulé depuis, ajoutez --again.\n"
    "Sent before: this is the answer of then. If the act was cancelled since, add --again.\n"
)


class ActRefused(Exception):
    """The service did not perform the act; the text says why."""


class Caller:
    """One official's connection."""

    def __init__(
        self, settings: Settings, name: str, token_file: Path | None, *, again: bool = False
    ) -> None:
        """Sign in; `again` gives what is sent a key of its own. Raises `ActRefused` where no development issuer answers and no token was given."""
        self._base = settings.base_url
        self._opener = build_opener(ProxyHandler({}))
        self._occasion = secrets.token_bytes(16) if again else b""
        if token_file is not None:
            self._token = token_file.read_text(encoding="ascii").strip()
        elif not settings.develops:
            raise ActRefused(_SIGN_IN)
        elif name not in CALLERS:
            raise ActRefused(
                f"personne de ce nom ; il y a · nobody of that name; there are: {', '.join(CALLERS)}"
            )
        else:
            asked = Request(f"{self._base}/dev/token", urlencode({"name": name}).encode())  # noqa: S310 - our own http(s) address
            self._token = str(self._send(asked)["access_token"])

    def get(self, path: str) -> dict[str, Any]:
        """Read one object."""
        return self._send(Request(self._base + path, headers=self._headers()))  # noqa: S310 - our own http(s) address

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        """Send one object. Raises `ActRefused`."""
        return self.send(path, json.dumps(body).encode(), "application/json")

    def send(self, path: str, content: bytes, media_type: str) -> dict[str, Any]:
        """Send an object or a file. Raises `ActRefused`."""
        key = hashlib.sha256(path.encode() + b"\n" + content + self._occasion).hexdigest()
        headers = {**self._headers(), "Content-Type": media_type, "Idempotency-Key": key}
        return self._send(Request(self._base + path, content, headers))  # noqa: S310 - our own http(s) address

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept-Language": "fr"}

    def _send(self, request: Request) -> dict[str, Any]:
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                found: dict[str, Any] = json.loads(answer.read(_ANSWER_BYTES))
                if answer.headers["Idempotent-Replayed"] is not None:
                    sys.stderr.write(_REPLAYED)
                return found
        except HTTPError as error:
            with error:
                problem = _problem(error.read(_ANSWER_BYTES))
            raise ActRefused(f"{error.code} {problem}") from None
        except (URLError, TimeoutError) as error:
            raise ActRefused(
                f"le service ne répond pas ; tourne-t-il ? · the service does not answer; is it running? {self._base} {_AGAIN}"
            ) from error
        except (OSError, HTTPException, ValueError) as error:
            raise ActRefused(
                f"réponse illisible · the answer cannot be read: {self._base} {_AGAIN}"
            ) from error


def _problem(content: bytes) -> str:
    """What a problem document says, and which fields it names; what something else on the way says is not repeated."""
    try:
        document = json.loads(content)
        said, code = str(document["title"]), str(document.get("type", "")).rpartition("/")[2]
        named = document.get("fields", [])
        fields = [one for one in named if isinstance(one, str) and _FIELD.fullmatch(one)][:_MOST_FIELDS]
    except (ValueError, LookupError, TypeError, AttributeError):
        return f"sans motif · without a reason. {_AGAIN}"
    twin = f" · {PROBLEMS[code].en}" if code in PROBLEMS else ""
    return said + twin + (f" [{', '.join(fields)}]" if fields else "")
