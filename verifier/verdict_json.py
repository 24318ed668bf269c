"""The verdict as JSON: what the library, `--json` and the terminal's HTTP API write, field by field.

1. Keys are always all present, in one order; absent things are `null` or `[]`.
2. Instants are RFC 3339 in UTC, dates YYYY-MM-DD, ages seconds, bytes base64url without padding.
3. It never holds the code text, a status or points index, a device key or a digest. A NIR is masked: the number itself
   is `verdict.claims.insured_nir.value`, for the code that bills with it.
4. Same verdict, same bytes, on every platform.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import fields
from datetime import date, datetime, timedelta
from typing import Any, Final

from credentials.display import display_text
from credentials.driving_licence import DrivingPrivilege
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.spec import POINTS_MAX
from credentials.views import Subject
from credentials.vitale_card import RightsPeriod

from .catalogue import notice_sentence
from .facts import (
    DocumentShown,
    Entitlement,
    ListEdition,
    Names,
    Notice,
    Parameter,
    Params,
    PointsShown,
    StatusFound,
)
from .judged import Judged
from .profile import ANYONE, PROFILES
from .verdict import Check, Refused, SignerShown, Valid
from .version import DISTRIBUTION, VERSION

FORMAT: Final = 1
VERIFIER: Final = f"{DISTRIBUTION} {VERSION}"

# Order of the claims of every view; points stand beside the claims, and a list entry is nobody's business.
CLAIM_ORDER: Final = (
    "family_name",
    "given_names",
    "display_names",
    "birth_date",
    "age_over_18",
    "licence_number",
    "neph",
    "issue_date",
    "expiry_date",
    "categories",
    "probation_end",
    "insured_nir",
    "beneficiary_nir",
    "scheme",
    "fund",
    "centre",
    "rights",
    "rights_as_of",
    "rights_source",
    "exemption_ald",
    "exemption_c2s",
    "portrait",
)
_INSTANTS: Final = frozenset({"rights_as_of"})
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - only ever printed, with its Z


def json_text(verdict: Judged) -> str:
    """`to_json` as one line of JSON without a line end."""
    return json.dumps(to_json(verdict), ensure_ascii=False, separators=(",", ":"))


def to_json(verdict: Judged) -> dict[str, object]:
    """The object of verdicts.md section 7."""
    texts = verdict.texts
    return {
        "format": FORMAT,
        "outcome": str(verdict.outcome),
        "reason": str(verdict.reason),
        "word": texts.word.as_json(),
        "title": texts.title.as_json(),
        "sentence": texts.sentence.as_json(),
        "action": texts.action.as_json(),
        "params": _params(verdict.params),
        "exit_code": verdict.exit_code,
        "at": instant_text(verdict.instant),
        "profile": None if verdict.profile is None else str(verdict.profile),
        "policy": verdict.policy,
        "document": None if verdict.document is None else _document(verdict.document),
        "holder_proof": None if verdict.holder_proof is None else str(verdict.holder_proof),
        "shown_at": None if verdict.shown_instant is None else instant_text(verdict.shown_instant),
        "status": None if verdict.status is None else _status(verdict.status),
        "claims": _claims_of(verdict),
        "points": _points_of(verdict),
        "entitlement": _entitlement(verdict.entitlement),
        "lists": {
            "trust": _edition(verdict.lists.trust, verdict.instant),
            "status": _edition(verdict.lists.status, verdict.instant),
            "points": _edition(verdict.lists.points, verdict.instant),
        },
        "notices": [_notice(notice) for notice in verdict.notices],
        "signer": None if verdict.signer is None else _signer(verdict.signer),
        "stage": str(verdict.stage),
        "test": verdict.test,
        "verifier": VERIFIER,
    }


def instant_text(instant: int) -> str:
    """UTC seconds as RFC 3339 in UTC with `Z`."""
    return (_EPOCH + timedelta(seconds=instant)).isoformat() + "Z"


def names_text(named: Names | Subject) -> str:
    """Family and given names, fit for a screen; empty for a view without names."""
    family_name, given_names = getattr(named, "family_name", None), getattr(named, "given_names", None)
    if family_name is None or given_names is None:
        return ""
    return f"{display_text(family_name)} {display_text(given_names)}"


def _claims_of(verdict: Judged) -> dict[str, object] | None:
    match verdict:
        case Valid() | Check():
            return _claims(verdict.claims, (PROFILES[verdict.profile] if verdict.profile else ANYONE).hidden)
        case Refused(names=Names() as names):
            return {
                "family_name": names.family_name,
                "given_names": names.given_names,
                "display_names": names_text(names),
            }
        case _:
            return None


def _claims(claims: Subject, hidden: frozenset[str]) -> dict[str, object]:
    held = {field.name: getattr(claims, field.name) for field in fields(claims) if field.name not in hidden}
    if "family_name" in held:
        held["display_names"] = names_text(claims)
    return {name: _claim(name, held[name]) for name in CLAIM_ORDER if name in held}


def _claim(name: str, value: object) -> object:
    match value:
        case bool() | str() | None:
            return value
        case int() if name in _INSTANTS:
            return instant_text(value)
        case bytes():
            return urlsafe_b64encode(value).rstrip(b"=").decode("ascii")
        case date() | BirthDate():
            return value.isoformat()
        case Nir():
            return value.masked
        case tuple():
            return [_claim(name, one) for one in value]
        case DrivingPrivilege():
            return {
                "code": value.code,
                "from": value.valid_from.isoformat(),
                "to": None if value.valid_to is None else value.valid_to.isoformat(),
                "restrictions": list(value.restrictions),
            }
        case RightsPeriod():
            return {
                "from": value.start.isoformat(),
                "to": None if value.end is None else value.end.isoformat(),
            }
        case _:
            # A claim of a new kind is spelt here first, or it does not leave.
            msg = f"no JSON form for the claim {name}"
            raise TypeError(msg)


def _points_of(verdict: Judged) -> dict[str, object] | None:
    match verdict:
        case Valid(points=PointsShown() as points) | Check(points=PointsShown() as points):
            return {
                "value": points.value,
                "max": POINTS_MAX,
                "as_of": instant_text(points.as_of),
                "source": str(points.source),
                "other": points.other,
            }
        case _:
            return None


def _document(document: DocumentShown) -> dict[str, object]:
    return {
        "type": str(document.type),
        "view": None if document.view is None else str(document.view),
        "form": None if document.form is None else document.form.name.lower(),
        "medium": None if document.medium is None else str(document.medium),
    }


def _status(status: StatusFound) -> dict[str, object]:
    return {
        "value": str(status.value),
        "from": _moment(status.since),
        "to": _moment(status.until),
        "class": None if status.entry_class is None else str(status.entry_class),
    }


def _entitlement(entitlement: Entitlement) -> dict[str, object]:
    return {
        "answer": str(entitlement.answer),
        "asked": entitlement.asked,
        "because": [str(reason) for reason in entitlement.because],
        "as_of": _moment(entitlement.as_of),
    }


def _edition(edition: ListEdition | None, at: int) -> dict[str, object] | None:
    if edition is None:
        return None
    return {
        "version": edition.version,
        "issued_at": instant_text(edition.issued_at),
        "age_s": max(at - edition.issued_at, 0),
    }


def _notice(notice: Notice) -> dict[str, object]:
    return {
        "code": str(notice.code),
        "severity": str(notice.code.severity),
        "sentence": notice_sentence(notice).as_json(),
        "params": _params(notice.params),
    }


def _signer(signer: SignerShown) -> dict[str, object]:
    return {"key_id": signer.key_id.hex(), "name": signer.name}


def _params(params: Params) -> dict[str, Any]:
    return {name: _param(name, value) for name, value in params.items()}


def _param(name: str, value: Parameter) -> object:
    if isinstance(value, date) or name == "date":
        return None if isinstance(value, str) else _moment(value)
    return str(value) if isinstance(value, str) else value


def _moment(moment: int | date | None) -> str | None:
    if moment is None:
        return None
    return instant_text(moment) if isinstance(moment, int) else moment.isoformat()
