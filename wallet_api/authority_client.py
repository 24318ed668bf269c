"""The clerk's small client behind `wallet-api authority`: speaks to the service over HTTP like any other program.

The same command typed twice is the same act, unless it says `--again` (`official_client.py`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from credentials.paris_day import paris_day
from credentials.spec import DocumentType

from .clock import rfc3339, system_clock
from .identity.fictitious_callers import first_of
from .official_client import ActRefused, Caller
from .roles import AccessRole
from .settings import Settings

_ANOTHER: Final = (
    "D’une autre autorité peut-être : --as {0} pour une carte, --as {1} pour une clé ou un terminal. · "
    "Perhaps another authority's: --as {0} for a card, --as {1} for a key or a terminal."
)
_POINTS: Final = {"withdraw": "withdrawals", "annul": "annulments", "course": "courses"}


def act(
    settings: Settings, name: str, reference: str, document_type: DocumentType, options: Mapping[str, Any]
) -> str:
    """Perform `withdraw`, `annul`, `course`, `suspend`, `lift` or `revoke`; returns the answer's JSON. Raises `ActRefused`."""
    caller, document = _document_of(settings, reference, document_type, options)
    body: dict[str, object] = {"decision_reference": options["decision"]}
    now = system_clock(settings.test_now).now()
    if name in _POINTS:
        path = f"{document}/points/{_POINTS[name]}"
        body |= _points_members(name, options, paris_day(now).isoformat())
    elif name == "suspend":
        path = f"{document}/suspensions"
        body |= {
            key: options[word] for key, word in (("from", "starts"), ("until", "until")) if options[word]
        }
    elif name == "lift":
        measure_id = options["measure"] or _only_suspension(caller, document, now)
        path = f"{document}/suspensions/{measure_id}/lift"
    else:
        path = f"{document}/revocations"
        body |= {"subject": options["subject"]} if document_type is DocumentType.DRIVING_LICENCE else {}
    return json.dumps(caller.post(path, body))


def _document_of(
    settings: Settings, reference: str, document_type: DocumentType, options: Mapping[str, Any]
) -> tuple[Caller, str]:
    """The official's connection, and the address of the document that a registry reference stands for."""
    licence = document_type is DocumentType.DRIVING_LICENCE
    role = AccessRole.CLERK if licence else AccessRole.HEALTH_AUTHORITY
    root = f"/authority/{'licences' if licence else 'cards'}"
    name = options["caller"] or first_of(role)
    caller = Caller(settings, name, options["token_file"], again=options.get("again", False))
    found = caller.post(f"{root}/searches", {"registry_reference": reference})
    return caller, f"{root}/{found['document_id']}"


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


def _only_suspension(caller: Caller, document: str, now: int) -> str:
    """The one that a lift can mean: in force or to come. What ended by itself, was lifted or is void is none."""
    measures = caller.get(document)["measures"]
    open_ones = [
        one
        for one in measures
        if one["kind"] == "suspension"
        and one["lifted_at"] is None
        and (one["in_force"] or (not one["void"] and one["since"] > rfc3339(now)))
    ]
    if not open_ones:
        raise ActRefused("aucune suspension en cours ni à venir · no suspension is in force or to come")
    if len(open_ones) > 1:
        ids = ", ".join(str(one["measure_id"]) for one in open_ones)
        msg = f"{len(open_ones)} suspensions, --measure dit laquelle · --measure says which one: {ids}"
        raise ActRefused(msg)
    return str(open_ones[0]["measure_id"])


def find(settings: Settings, reference: str, document_type: DocumentType, options: Mapping[str, Any]) -> str:
    """The id by which acts and batches name a document. Raises `ActRefused`."""
    return _document_of(settings, reference, document_type, options)[1].rpartition("/")[2]


def cancel(
    settings: Settings, reference: str, document_type: DocumentType, options: Mapping[str, Any]
) -> str:
    """Cancel an act within its window; returns the answer's JSON. Raises `ActRefused`."""
    caller, document = _document_of(settings, reference, document_type, {**options, "again": False})
    return json.dumps(caller.post(f"{document}/acts/{options['cancelled']}/cancellation", {}))


def decide(settings: Settings, word: str, options: Mapping[str, Any]) -> str:
    """Approve or refuse (`approval`, `refusal`) what another person proposed; the answer's JSON. Raises `ActRefused`."""
    name = options["caller"] or first_of(AccessRole.SUPERVISOR)
    path = f"/authority/proposals/{options['proposal']}/{word}"
    try:
        return json.dumps(Caller(settings, name, options["token_file"]).post(path, {}))
    except ActRefused as error:
        if options["caller"] is None and options["token_file"] is None and str(error).startswith("404 "):
            msg = f"{error} {_ANOTHER.format(first_of(AccessRole.HEALTH_AUTHORITY), first_of(AccessRole.OPERATOR))}"
            raise ActRefused(msg) from None
        raise


def proposals(settings: Settings, options: Mapping[str, Any]) -> str:
    """The proposals of the official's authority that wait, a line of JSON each. Raises `ActRefused`."""
    caller = Caller(settings, options["caller"] or first_of(AccessRole.SUPERVISOR), options["token_file"])
    return "\n".join(json.dumps(one) for one in caller.get("/authority/proposals?limit=100")["items"])
