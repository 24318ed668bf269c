"""What each verdict shows to whom: every vector on a terminal of every profile, against the table of verdicts.md section 4."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any, Final

import pytest

from credentials.spec import Audience
from tests.vectors.own_vectors import read_all, read_store, set_up_store
from verifier.plain import one_line, panel, plain
from verifier.reasons import Outcome, Reason
from verifier.store import TerminalStore
from verifier.verdict import Check, Refused, Unreadable, Valid, Verdict
from verifier.verify import Verifier

VECTORS: Final = [
    one for one in read_all() if "text" in one["stages"] and one["expect"]["stage"] != "terminal"
]
NAMES: Final = {"family_name", "given_names", "display_names"}
# Fields of a verdict's claims by profile and view, written by hand from the page.
FIELDS: Final = {
    ("police", "road_check"): NAMES
    | {"birth_date", "licence_number", "neph", "issue_date", "expiry_date", "categories", "probation_end", "portrait"},
    ("police", "proof"): NAMES | {"birth_date", "expiry_date", "categories", "portrait"},
    ("police", "age_over_18"): {"age_over_18", "portrait"},
    ("anyone", "proof"): NAMES | {"birth_date", "expiry_date", "categories", "portrait"},
    ("anyone", "age_over_18"): {"age_over_18", "portrait"},
    ("health", "care"): NAMES
    | {
        "birth_date", "insured_nir", "beneficiary_nir", "scheme", "fund", "centre", "rights", "rights_as_of",
        "rights_source", "exemption_ald", "exemption_c2s",
    },
}  # fmt: skip
NAMED_REFUSALS: Final = {Reason.REVOKED, Reason.SUSPENDED, Reason.EXPIRED}
# Values of the vectors' people that only one profile may ever see, wherever they stand.
POLICE_ONLY: Final = ("12AB34567", "210692106990")
NEVER: Final = ("185057800608491", "218037511600159")


@pytest.fixture(scope="module")
def verifiers(tmp_path_factory):
    """A verifier for every store of the vectors."""
    folder = tmp_path_factory.mktemp("terminals")
    names = {one["store"] for one in VECTORS}
    return {name: TerminalStore.open(set_up_store(name, folder)).verifier() for name in names}


@pytest.fixture(scope="module")
def verdicts(verifiers) -> list[tuple[dict[str, Any], Verdict]]:
    """Every vector's text on its own terminal, and on the ordinary terminals of the other profiles."""
    return [
        (vector, _judge(verifiers[name], vector))
        for vector in VECTORS
        for name in sorted({vector["store"], *map(str, Audience)})
    ]


def _judge(verifier: Verifier, vector: dict[str, Any]) -> Verdict:
    nonce = None if vector["nonce"] is None else bytes.fromhex(vector["nonce"])
    at = datetime.fromisoformat(vector["at"])
    return verifier.verify(vector["stages"]["text"], at=at, nonce=nonce, category=vector["category"])


def test_claims_equal_the_table(verdicts):
    """VALID and CHECK show the fields of profile and view; three refusals the names, to the police; all else nothing."""
    for vector, verdict in verdicts:
        content = verdict.to_json()
        shown = content["claims"]
        if verdict.outcome in (Outcome.VALID, Outcome.CHECK):
            assert set(shown) == FIELDS[str(verdict.profile), content["document"]["view"]], vector["id"]
        elif verdict.reason in NAMED_REFUSALS and verdict.profile is Audience.POLICE:
            assert shown is None or set(shown) == NAMES, vector["id"]
        else:
            assert shown is None, (vector["id"], verdict.reason, verdict.profile)


def test_points_and_status_equal_the_table(verdicts):
    """Points for the police in VALID and CHECK; status for police and health, never for anyone."""
    for vector, verdict in verdicts:
        content = verdict.to_json()
        if content["points"] is not None:
            assert verdict.profile is Audience.POLICE
            assert verdict.outcome in (Outcome.VALID, Outcome.CHECK), vector["id"]
        if verdict.profile is Audience.ANYONE:
            assert content["status"] is None
            assert content["lists"]["points"] is None
            assert verdict.reason not in {
                Reason.REVOKED, Reason.DEVICE_REVOKED, Reason.SUSPENDED, Reason.PAUSED, Reason.REPLACED,
                Reason.SUSPENSION_ENDED,
            }  # fmt: skip
        codes = {notice.code for notice in verdict.notices}
        assert verdict.profile is Audience.POLICE or not any(code.startswith("POINTS_") for code in codes)
        assert verdict.profile is Audience.HEALTH or not any(code.startswith("RIGHTS_") for code in codes)


def test_numbers_appear_nowhere_they_may_not(verdicts):
    """Licence number and NEPH for the police alone, a whole NIR for nobody, in JSON and in every text form."""
    for vector, verdict in verdicts:
        told = "".join(
            (verdict.json_text(), panel(verdict), plain(verdict), one_line(verdict), repr(verdict))
        )
        assert not [value for value in NEVER if value in told], vector["id"]
        if verdict.profile is not Audience.POLICE:
            assert not [value for value in POLICE_ONLY if value in told], vector["id"]
        if verdict.outcome is Outcome.UNREADABLE:
            assert "MARTIN" not in told
            assert "DURAND" not in told
            assert vector["stages"]["text"][:40] not in told or len(vector["stages"]["text"]) < 10


def test_one_line_and_repr_name_nobody(verdicts):
    """What goes to a pipe or a log holds codes and sentences of the catalogue alone."""
    for _, verdict in verdicts:
        told = one_line(verdict) + repr(verdict) + repr(verdict.notices)
        for name in ("MARTIN", "Camille", "DURAND", "Nour", "DUPONT"):
            assert name not in told


def test_types_hold_what_they_may(verdicts):
    """Claims exist in Valid and Check alone, names in Refused alone."""
    for _, verdict in verdicts:
        match verdict:
            case Valid() | Check():
                assert verdict.claims is not None
            case Refused():
                assert not hasattr(verdict, "claims")
            case Unreadable():
                assert not hasattr(verdict, "claims")
                assert not hasattr(verdict, "names")
        assert bool(verdict) is isinstance(verdict, Valid)


def test_every_reason_was_seen_with_every_profile_it_can_have(verdicts):
    """The checks above looked at each reason, and at refusals and checks of every profile."""
    seen = defaultdict(set)
    for _, verdict in verdicts:
        seen[verdict.reason].add(verdict.profile)
    without = {Reason.LAYOUT, Reason.NO_CODE, Reason.SEVERAL_CODES, Reason.TRUST_MISSING, Reason.TRUST_BROKEN}
    assert set(seen) == set(Reason) - without
    for reason in (
        Reason.SIG_INVALID,
        Reason.CLAIMS_INVALID,
        Reason.REPLAY,
        Reason.EXPIRED,
        Reason.SUPERSEDED,
    ):
        assert len(seen[reason]) >= 2, reason
    assert read_store("police")["profile"] == "police"


NO_READER_CAN_MEND: Final = {
    "SIG_INVALID", "KEY_UNKNOWN", "ALG_NOT_ALLOWED", "SIGNER_NOT_ALLOWED", "KEY_EXPIRED", "CLAIMS_INVALID",
    "HOLDER_PROOF_MISSING", "HOLDER_MISMATCH", "REPLAY", "SHOWN_AHEAD", "EXPIRED", "NOT_YET", "STATUS_BAD_REF", "PAPER",
    "FORMAT_INVALID", "VERSION_UNKNOWN", "MISREAD", "DAMAGED", "TRUNCATED", "TOO_BIG", "NOT_OURS", "SEAL_BROKEN",
}  # fmt: skip


def test_what_is_wrong_with_a_code_is_wrong_everywhere(verdicts):
    """Whoever reads it: a fault of the code itself is VALID on no terminal."""
    for vector, verdict in verdicts:
        assert not verdict or vector["expect"]["reason"] not in NO_READER_CAN_MEND, vector["id"]
