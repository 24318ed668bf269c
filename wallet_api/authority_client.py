"""The clerk's small client behind `wallet-api authority`: speaks to the service over HTTP like any other program.

It signs in with a token from a file, or, at a demonstration, as an invented official of the development issuer.
The idempotency key follows from act and decision reference, so the same command typed twice is the same act.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from credentials.paris_day import paris_day
from credentials.spec import DocumentType

from .clock import system_clock
from .identity.fictitious_callers import CALLERS, first_of
from .roles import AccessRole
from .settings import Settings

_TIMEOUT: Final = 30  # seconds
_ANSWER_BYTES: Final = 65_536
_POINTS: Final = {"withdraw": "withdrawals", "annul": "annulments", "course": "courses"}


class ActRefused(Exception):
    """The service did not perform the act; the text says why."""


def act(
    settings: Settings, name: str, reference: str, document_type: DocumentType, options: Mapping[str, Any]
) -> str:
    """Perform `withdraw`, `annul`, `course`, `suspend`, `lift` or `revoke`; returns the answer's JSON. Raises `ActRefused`."""
    licence = document_type is DocumentType.DRIVING_LICENCE
    role = AccessRole.CLERK if licence else AccessRole.HEALTH_AUTHORITY
    root = f"/authority/{'licences' if licence else 'cards'}"
    caller = _Caller(settings, options["caller"] or first_of(role), options["token_file"])
    document = f"{root}/{caller.post(f'{root}/searches', {'registry_reference': reference})['document_id']}"
    body: dict[str, object] = {"decision_reference": options["decision"]}
    today = paris_day(system_clock(settings.test_now).now()).isoformat()
    if name in _POINTS:
        path = f"{document}/points/{_POINTS[name]}"
        body |= _points_members(name, options, today)
    elif name == "suspend":
        path = f"{document}/suspensions"
        body |= {
            key: options[word] for key, word in (("from", "starts"), ("until", "until")) if options[word]
        }
    elif name == "lift":
        path = f"{document}/suspensions/{options['measure'] or _only_suspension(caller, document)}/lift"
    else:
        path = f"{document}/revocations"
        body |= {"subject": options["subject"]} if licence else {}
    return json.dumps(caller.post(path, body, f"{name} {document} {options['decision']}"))


def _points_members(name: str, options: Mapping[str, Any], today: str) -> dict[str, object]:
    """What the act says; days left out are today."""
    if name == "annul":
        return {"annuls_reference": options["annuls"], "decided_on": options["decided"] or today}
    if name == "course":
        return {"first_day": options["first_day"], "last_day": options["last_day"]}
    established = options["established"] or today
    members = {"committed_on": options["committed"] or established, "established_on": established}
    stated = {key: options[key] for key in ("points", "offence_class", "offence") if options[key] is not None}
    # Most offences with points are contraventions of the fourth class; a decision that names another says so.
    return members | ({} if "offence" in stated else {"offence_class": "contravention_4"}) | stated


def _only_suspension(caller: _Caller, document: str) -> str:
    open_ones = [
        one
        for one in caller.get(document)["measures"]
        if one["kind"] == "suspension" and one["lifted_at"] is None
    ]
    if len(open_ones) != 1:
        msg = f"{len(open_ones)} suspensions are open; name one with --measure"
        raise ActRefused(msg)
    return str(open_ones[0]["measure_id"])


class _Caller:
    """One clerk's connection."""

    def __init__(self, settings: Settings, name: str, token_file: Path | None) -> None:
        """Sign in. Raises `ActRefused` where no development issuer answers and no token was given."""
        self._base = settings.base_url
        self._opener = build_opener(ProxyHandler({}))
        if token_file is not None:
            self._token = token_file.read_text(encoding="ascii").strip()
        elif not settings.develops:
            raise ActRefused("sign in at your OpenID provider and give its access token with --token-file")
        elif name not in CALLERS:
            raise ActRefused(f"nobody of that name; there are {', '.join(CALLERS)}")
        else:
            asked = Request(f"{self._base}/dev/token", urlencode({"name": name}).encode())  # noqa: S310 - our own http(s) address
            self._token = str(self._send(asked)["access_token"])

    def get(self, path: str) -> dict[str, Any]:
        """Read one object."""
        return self._send(Request(self._base + path, headers=self._headers()))  # noqa: S310 - our own http(s) address

    def post(self, path: str, body: Mapping[str, object], act_name: str = "") -> dict[str, Any]:
        """Send one object."""
        headers = {**self._headers(), "Content-Type": "application/json"}
        headers["Idempotency-Key"] = hashlib.sha256(act_name.encode()).hexdigest()
        content = json.dumps(body).encode()
        return self._send(Request(self._base + path, content, headers))  # noqa: S310 - our own http(s) address

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}", "Accept-Language": "fr"}

    def _send(self, request: Request) -> dict[str, Any]:
        try:
            with self._opener.open(request, timeout=_TIMEOUT) as answer:
                found: dict[str, Any] = json.loads(answer.read(_ANSWER_BYTES))
                return found
        except HTTPError as error:
            with error:
                problem = json.loads(error.read(_ANSWER_BYTES) or b"{}")
            raise ActRefused(f"{error.code} {problem.get('title', '')}") from None
        except (URLError, TimeoutError) as error:
            raise ActRefused(f"the service does not answer at {self._base}; is it running?") from error
