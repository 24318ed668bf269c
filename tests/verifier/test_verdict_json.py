"""The JSON of a verdict: the example of verdicts.md to the letter, every key in its place, nothing that must not leave."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from credentials.person import BirthDate
from credentials.spec import Audience
from credentials.views import View
from tests.verdict_specimens import (
    AT,
    CARE,
    CHILD,
    INSURED,
    NINE_DAYS,
    POINTS_AS_OF,
    PORTRAIT,
    READINGS,
    ROAD_CHECK,
    facts_of,
    facts_with_every_notice,
    params_of,
)
from verifier.reasons import NoticeCode, Reason
from verifier.verdict import Answer, Entitlement, Facts, Source, StatusFound, StatusWord, compose, conclude
from verifier.verdict_json import CLAIM_ORDER
from verifier.version import DISTRIBUTION, VERSION

ROOT = Path(__file__).resolve().parents[2]
KEYS = (
    *(
        "format",
        "outcome",
        "reason",
        "word",
        "title",
        "sentence",
        "action",
        "params",
        "exit_code",
        "at",
        "profile",
    ),
    *("policy", "document", "holder_proof", "shown_at", "status", "claims", "points", "entitlement", "lists"),
    *("notices", "signer", "stage", "test", "verifier"),
)
CLAIMS = {
    View.ROAD_CHECK: (
        *(
            "family_name",
            "given_names",
            "display_names",
            "birth_date",
            "licence_number",
            "neph",
            "issue_date",
        ),
        *("expiry_date", "categories", "probation_end", "portrait"),
    ),
    View.PROOF: (
        *(
            "family_name",
            "given_names",
            "display_names",
            "birth_date",
            "expiry_date",
            "categories",
            "portrait",
        ),
    ),
    View.AGE_OVER_18: ("age_over_18", "portrait"),
    View.CARE: (
        *(
            "family_name",
            "given_names",
            "display_names",
            "birth_date",
            "insured_nir",
            "beneficiary_nir",
            "scheme",
        ),
        *("fund", "centre", "rights", "rights_as_of", "rights_source", "exemption_ald", "exemption_c2s"),
    ),
}

# The example of verdicts.md section 7, key by key in its order.
EXAMPLE = """{
  "format": 1,
  "outcome": "CHECK",
  "reason": "LISTS_STALE",
  "word": {"fr": "À VÉRIFIER", "en": "TO CHECK"},
  "title": {"fr": "Listes anciennes", "en": "Old lists"},
  "sentence": {"fr": "Signature valable. Listes vieilles de 9 jours.", "en": "Signature valid. Lists are 9 days old."},
  "action": {"fr": "Synchronisez, ou appelez le fichier.", "en": "Sync, or call the register."},
  "params": {"age": 777600},
  "exit_code": 11,
  "at": "2026-11-22T09:14:05Z",
  "profile": "police",
  "policy": "default-1",
  "document": {"type": "driving_licence", "view": "road_check", "form": "cbor", "medium": "phone"},
  "holder_proof": "device",
  "shown_at": "2026-11-22T09:13:51Z",
  "status": {"value": "valid", "from": null, "to": null, "class": null},
  "claims": {
    "family_name": "MARTIN", "given_names": "Camille Élise",
    "display_names": "MARTIN Camille Élise", "birth_date": "1990-03-14",
    "licence_number": "12AB34567", "neph": "210692106990",
    "issue_date": "2021-06-02", "expiry_date": "2036-06-02",
    "categories": [{"code": "B", "from": "2010-06-02", "to": null, "restrictions": ["01.06"]}],
    "probation_end": null, "portrait": null
  },
  "points": {"value": 8, "max": 12, "as_of": "2026-11-12T05:00:00Z", "source": "list", "other": 10},
  "entitlement": {"answer": "not_asked", "asked": null, "because": [], "as_of": "2026-11-12T05:00:00Z"},
  "lists": {
    "trust": {"version": 41, "issued_at": "2026-11-13T09:14:05Z", "age_s": 777600},
    "status": {"version": 1182, "issued_at": "2026-11-13T09:14:05Z", "age_s": 777600},
    "points": {"version": 377, "issued_at": "2026-11-13T09:14:05Z", "age_s": 777600}
  },
  "notices": [
    {"code": "LISTS_STALE", "severity": "attention",
     "sentence": {"fr": "Listes vieilles de 9 jours.", "en": "Lists are 9 days old."}, "params": {"age": 777600}},
    {"code": "POINTS_AS_OF", "severity": "info",
     "sentence": {"fr": "Solde au 12/11/2026, selon la liste.", "en": "Balance on 12/11/2026, from the list."},
     "params": {"date": "2026-11-12T05:00:00Z", "source": "list"}},
    {"code": "POINTS_LIST_NEWER", "severity": "info",
     "sentence": {"fr": "Solde plus récent dans la liste\u00a0: 8 au lieu de 10.",
                  "en": "Newer balance in the list: 8 instead of 10."},
     "params": {"listed": 8, "attested": 10}},
    {"code": "NO_PORTRAIT", "severity": "attention",
     "sentence": {"fr": "Pas de photo dans ce code.", "en": "No photo in this code."}, "params": {}}
  ],
  "signer": {"key_id": "5f1c0a9be27d4413", "name": "Autorité de démonstration, permis"},
  "stage": "entitlement",
  "test": false,
  "verifier": "laissez-passer-verifier 0.1.0"
}"""


def _example() -> Facts:
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.notice(NoticeCode.NO_PORTRAIT)
    facts.notice(NoticeCode.POINTS_LIST_NEWER, listed=8, attested=10)
    facts.notice(NoticeCode.POINTS_AS_OF, date=POINTS_AS_OF, source=Source.LIST)
    facts.find(Reason.LISTS_STALE, age=NINE_DAYS)
    return facts


def test_example_of_the_page_is_reproduced_to_the_letter():
    """Values and order of keys at every level."""
    example = json.dumps(json.loads(EXAMPLE), ensure_ascii=False, separators=(",", ":"))
    assert conclude(_example()).json_text() == example


def test_version_is_that_of_the_distribution():
    """The constant in code and the project file agree."""
    project = (ROOT / "verifier" / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r'^name = "(.*)"$', project, re.MULTILINE)[1] == DISTRIBUTION
    assert re.search(r'^version = "(.*)"$', project, re.MULTILINE)[1] == VERSION


@pytest.mark.parametrize(("audience", "view"), READINGS)
def test_keys_are_all_there_in_order_whatever_the_reason(audience, view):
    """One shape for every verdict; claims of the view, names alone, or null, as section 4 says."""
    for reason in Reason:
        shown = compose(facts_of(audience, view), reason, params_of(reason)).to_json()
        assert tuple(shown) == KEYS, reason
        claims = shown["claims"]
        if reason.outcome in ("VALID", "CHECK"):
            assert tuple(claims) == CLAIMS[view], reason
        elif audience is Audience.POLICE and view is not View.AGE_OVER_18 and reason.exposes == "name":
            assert tuple(claims) == ("family_name", "given_names", "display_names"), reason
        else:
            assert claims is None, reason
        assert json.loads(json.dumps(shown)) == shown, reason


@pytest.mark.parametrize(("audience", "view"), READINGS)
def test_what_must_never_leave_is_in_no_json(audience, view):
    """No NIR, points entry or list index ever; before the signature, and for a refusal, no claim of the person."""
    personal = ("MARTIN", "Camille", "Léa", "1990-03", "2019-09", "12AB34567", "210692106990", "2036-06-02")
    for reason in Reason:
        text = compose(facts_with_every_notice(audience, view), reason, params_of(reason)).json_text()
        for secret in (INSURED.value, CHILD.value, "31337", "points_entry"):
            assert secret not in text, reason
        if audience is not Audience.POLICE:
            assert '"points":null,"entitlement"' in text
            assert "01.06" not in text
        named = audience is Audience.POLICE and reason.exposes == "name"
        if reason.outcome in ("REFUSED", "UNREADABLE"):
            for claim in personal[3:] if named else personal:
                assert claim not in text, reason


def test_nir_is_masked_in_json_and_whole_in_the_library():
    """`--json` prints the mask; the number is there for the code that bills with it."""
    verdict = conclude(facts_of(Audience.HEALTH, View.CARE))
    claims = verdict.to_json()["claims"]
    assert claims["insured_nir"] == "2 69 05 •• ••• ••• ••"
    assert claims["beneficiary_nir"] == "2 19 09 •• ••• ••• ••"
    assert verdict.claims.insured_nir.value == INSURED.value


def test_care_is_spelt_claim_by_claim():
    """Rights as periods, their instant as RFC 3339, a birth date without its day, flags as booleans."""
    facts = facts_of(Audience.HEALTH, View.CARE)
    facts.claims = replace(CARE, beneficiary_nir=None)
    claims = conclude(facts).to_json()["claims"]
    assert claims["rights"] == [{"from": "2026-01-01", "to": "2026-12-31"}]
    assert claims["rights_as_of"] == "2026-11-12T05:00:00Z"
    assert claims["birth_date"] == "2019-09"
    assert (claims["exemption_ald"], claims["exemption_c2s"]) == (True, False)
    assert claims["beneficiary_nir"] is None


def test_portrait_is_base64url_without_padding():
    """Bytes travel as text of the URL alphabet."""
    claims = conclude(facts_of(Audience.ANYONE, View.PROOF)).to_json()["claims"]
    assert claims["portrait"] == "UklGRgQAAABXRUJQ"
    facts = facts_of(Audience.ANYONE, View.AGE_OVER_18)
    facts.claims = replace(facts.claims, portrait=PORTRAIT + b"\xff\xfe")
    assert conclude(facts).to_json()["claims"] == {"age_over_18": True, "portrait": "UklGRgQAAABXRUJQ__4"}


@pytest.mark.parametrize(
    ("birth_date", "text"),
    [(BirthDate(1990, 3, 14), "1990-03-14"), (BirthDate(1990, 3), "1990-03"), (BirthDate(1990), "1990")],
)
def test_birth_date_is_written_as_far_as_it_is_known(birth_date, text):
    """A missing day or month is never filled up."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.claims = replace(ROAD_CHECK, birth_date=birth_date, probation_end=date(2027, 1, 2))
    claims = conclude(facts).to_json()["claims"]
    assert (claims["birth_date"], claims["probation_end"]) == (text, "2027-01-02")


def test_status_of_the_companion_is_spelt_for_the_police_and_null_for_anyone():
    """Value, from, to and class; `anyone` learns none of it."""
    found = StatusFound(StatusWord.SUSPENDED, AT - 86_400, AT + 86_400, "authority")
    for audience, expected in (
        (
            Audience.POLICE,
            {
                "value": "suspended",
                "from": "2026-11-21T09:14:05Z",
                "to": "2026-11-23T09:14:05Z",
                "class": "authority",
            },
        ),
        (Audience.ANYONE, None),
    ):
        facts = facts_of(audience, View.PROOF)
        facts.status = found
        facts.find(Reason.SUSPENDED, date=found.until)
        shown = conclude(facts).to_json()
        assert shown["status"] == expected
        assert shown["params"] == ({} if expected is None else {"date": "2026-11-23T09:14:05Z"})


def test_params_are_typed_values():
    """A date is YYYY-MM-DD, an instant RFC 3339 in UTC, an age seconds, a code its text."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.find(Reason.CATEGORY_EXPIRED, category="C", date=date(2026, 11, 1))
    assert conclude(facts).to_json()["params"] == {"category": "C", "date": "2026-11-01"}
    refused = compose(facts, Reason.EXPIRED, {"date": AT}).to_json()
    assert refused["params"] == {"date": "2026-11-22T09:14:05Z"}


def test_wrong_document_names_the_type_alone():
    """The announced type, unverified, and nothing else of the code."""
    shown = compose(
        facts_of(Audience.HEALTH, View.CARE), Reason.WRONG_DOCUMENT, {"document": "driving_licence"}
    )
    document = shown.to_json()["document"]
    assert document == {"type": "driving_licence", "view": None, "form": None, "medium": None}
    assert shown.to_json()["signer"] is None


def test_entitlement_lists_reason_codes():
    """What was asked, what answers, and why."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.find(Reason.CATEGORY_ABSENT, category="C")
    facts.entitlement = Entitlement(Answer.NO, "C", (Reason.CATEGORY_ABSENT,), POINTS_AS_OF)
    assert conclude(facts).to_json()["entitlement"] == {
        "answer": "no",
        "asked": "C",
        "because": ["CATEGORY_ABSENT"],
        "as_of": "2026-11-12T05:00:00Z",
    }


def test_missing_store_has_no_profile():
    """The key is there and null."""
    shown = compose(Facts(AT, None, "default-1"), Reason.TRUST_MISSING).to_json()
    assert tuple(shown) == KEYS
    assert shown["profile"] is None
    assert shown["lists"] == {"trust": None, "status": None, "points": None}


def test_hostile_names_are_kept_signed_and_drawn_safely():
    """The signed text stays itself; `display_names` holds nothing that moves a line or reverses it."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.claims = replace(
        ROAD_CHECK, family_name="A\u202eB\nVALIDE", given_names="C\u0300\u0300\u0300\u0300D"
    )
    claims = conclude(facts).to_json()["claims"]
    assert claims["family_name"] == "A\u202eB\nVALIDE"
    assert not set(claims["display_names"]) & {"\u202e", "\n"}
    assert "\n" not in conclude(facts).json_text()


def test_claim_of_an_unknown_kind_does_not_leave():
    """A new type of claim is an error until somebody says how it is spelt."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.claims = replace(ROAD_CHECK, probation_end=object())
    with pytest.raises(TypeError, match="probation_end"):
        conclude(facts).to_json()


def test_every_claim_of_every_view_has_a_place():
    """A field of a view value that the order forgets would be lost in silence; points have their own key."""
    for names in CLAIMS.values():
        assert [name for name in CLAIM_ORDER if name in names] == list(names)


SCRIPT = """
import hashlib
from tests.verdict_specimens import READINGS, facts_with_every_notice, params_of
from verifier.reasons import Reason
from verifier.verdict import compose
digest = hashlib.sha256()
for audience, view in READINGS:
    for reason in Reason:
        digest.update(compose(facts_with_every_notice(audience, view), reason, params_of(reason)).json_text().encode())
print(digest.hexdigest())
"""


@pytest.mark.parametrize(
    ("options", "environment"),
    [
        ((), {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "C"}),
        (("-O",), {"PYTHONHASHSEED": "2", "TZ": "America/Los_Angeles", "LC_ALL": "fr_FR.UTF-8"}),
    ],
)
def test_same_verdicts_have_the_same_bytes_everywhere(options, environment):
    """One digest across hash seeds, time zones, locales and optimisation, equal to this process's own."""
    digest = hashlib.sha256()
    for audience, view in READINGS:
        for reason in Reason:
            verdict = compose(facts_with_every_notice(audience, view), reason, params_of(reason))
            digest.update(verdict.json_text().encode())
    result = subprocess.run(
        [sys.executable, *options, "-c", SCRIPT],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == digest.hexdigest()
