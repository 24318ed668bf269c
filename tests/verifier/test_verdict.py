"""Verdicts: what each outcome, reason and profile may expose, and how findings become one reason."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC, date, datetime
from typing import assert_never

import pytest

from credentials.spec import Audience, DocumentType, Form, StatusValue
from credentials.views import View
from tests.verdict_specimens import (
    AT,
    PROOF,
    READINGS,
    SIGNER,
    SUBJECTS,
    facts_of,
    facts_with_every_notice,
    params_of,
)
from verifier.profile import PROFILES
from verifier.reasons import NoticeCode, Outcome, Reason, Stage
from verifier.verdict import (
    Answer,
    Check,
    DocumentShown,
    Entitlement,
    Facts,
    Names,
    Refused,
    StatusFound,
    StatusWord,
    Unreadable,
    Valid,
    Verdict,
    compose,
    conclude,
)

# verdicts.md section 4, written out again: nothing here is read from the code under test.
FOLDED = {"REVOKED", "DEVICE_REVOKED", "SUSPENDED", "PAUSED", "REPLACED"}
NAMED_TO_POLICE = {"REVOKED", "SUSPENDED", "EXPIRED"}
BEFORE_SIGNATURE = {"TEST_KEY", "KEY_UNKNOWN", "ALG_NOT_ALLOWED", "SIG_INVALID"}
KEPT_BY_REFUSAL = {
    *(
        "LISTS_AGEING",
        "LISTS_STALE",
        "LISTS_EXPIRED",
        "STATUS_UNKNOWN",
        "CLOCK_DOUBT",
        "NEWER_EXISTS",
        "PAPER",
    ),
    *("SEEN_REVOKED", "SUSPENSION_ENDED", "TEST_MODE", "ALREADY_READ", "LAYOUT_REPAIRED"),
}
NOTICES_HIDDEN_FROM = {
    Audience.POLICE: {"RIGHTS_ENDED", "RIGHTS_AS_OF"},
    Audience.HEALTH: {
        *("POINTS_ZERO", "POINTS_AS_OF", "POINTS_LIST_NEWER", "POINTS_UNKNOWN", "POINTS_NOT_IN_VIEW"),
        *("PROBATION", "RESTRICTION_UNKNOWN"),
    },
    Audience.ANYONE: {
        *("POINTS_ZERO", "POINTS_AS_OF", "POINTS_LIST_NEWER", "POINTS_UNKNOWN", "POINTS_NOT_IN_VIEW"),
        *(
            "PROBATION",
            "RESTRICTION_UNKNOWN",
            "RIGHTS_ENDED",
            "RIGHTS_AS_OF",
            "SEEN_REVOKED",
            "SUSPENSION_ENDED",
        ),
    },
}
LAST_STAGES = [one for one in Reason if 60 <= one.rank < 90 and one is not Reason.NOT_IN_FORCE]


def _kind(verdict: Verdict) -> Outcome:
    match verdict:
        case Valid():
            return Outcome.VALID
        case Check():
            return Outcome.CHECK
        case Refused():
            return Outcome.REFUSED
        case Unreadable():
            return Outcome.UNREADABLE
        case _:
            assert_never(verdict)


@pytest.mark.parametrize(("audience", "view"), READINGS)
@pytest.mark.parametrize("reason", Reason)
def test_reason_gives_its_outcome_and_exposes_what_the_page_allows(audience, view, reason):
    """For each reason, profile and view: the type, the reason, claims, names, status and signer of section 4."""
    verdict = compose(facts_of(audience, view), reason, params_of(reason))
    anyone = audience is Audience.ANYONE
    expected = Reason.NOT_IN_FORCE if anyone and reason in FOLDED else reason
    assert verdict.reason is expected
    assert _kind(verdict) is verdict.outcome is expected.outcome
    assert bool(verdict) is (reason is Reason.OK)
    assert verdict.exit_code == expected.exit_code
    if expected.outcome in (Outcome.VALID, Outcome.CHECK):
        assert verdict.claims is not None
        assert (verdict.points is not None) is (audience is Audience.POLICE)
    else:
        assert not hasattr(verdict, "claims")
        assert not hasattr(verdict, "points")
        assert verdict.entitlement == Entitlement(Answer.UNKNOWN, None, (), None)
    if isinstance(verdict, Refused):
        named = audience is Audience.POLICE and reason in NAMED_TO_POLICE and view is not View.AGE_OVER_18
        assert verdict.names == (Names("MARTIN", "Camille Élise") if named else None)
        proven = reason not in BEFORE_SIGNATURE
        assert verdict.signer == (SIGNER if proven else None)
        assert (verdict.document is not None) is proven
        assert (verdict.shown_at is not None) is proven
    if anyone:
        assert verdict.status is None
    assert (verdict.lists.points is not None) is (audience is Audience.POLICE)


@pytest.mark.parametrize("reason", [one for one in Reason if one.outcome is Outcome.UNREADABLE])
@pytest.mark.parametrize(("audience", "view"), READINGS)
def test_unreadable_says_nothing_about_code_or_person(audience, view, reason):
    """Whatever was learnt: no document, signer, holder's proof, instant or status; WRONG_DOCUMENT names the type."""
    verdict = compose(facts_with_every_notice(audience, view), reason, params_of(reason))
    assert isinstance(verdict, Unreadable)
    expected = DocumentShown(DocumentType.DRIVING_LICENCE) if reason is Reason.WRONG_DOCUMENT else None
    assert verdict.document == expected
    assert {verdict.signer, verdict.holder_proof, verdict.shown_at, verdict.status} == {None}
    assert {notice.code.value for notice in verdict.notices} <= KEPT_BY_REFUSAL


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize(("audience", "view"), READINGS)
def test_notices_are_those_the_outcome_and_profile_may_carry(audience, view, reason):
    """In the catalogue's order, cut to what a refusal may say and to what the profile may learn."""
    verdict = compose(facts_with_every_notice(audience, view), reason, params_of(reason))
    codes = [notice.code for notice in verdict.notices]
    assert codes == sorted(codes, key=list(NoticeCode).index)
    refusing = verdict.outcome in (Outcome.REFUSED, Outcome.UNREADABLE)
    expected = KEPT_BY_REFUSAL if refusing else {code.value for code in NoticeCode}
    assert set(codes) == expected - NOTICES_HIDDEN_FROM[audience] - {"TEST_MODE"}


@pytest.mark.parametrize(("audience", "view"), [READINGS[0], (Audience.ANYONE, View.PROOF)])
def test_two_findings_yield_the_lower_rank_and_the_notices_it_may_carry(audience, view):
    """Every pair of the last two stages, in both orders; a profile never sees the reasons of another."""
    for pair in itertools.combinations(LAST_STAGES, 2):
        verdict = _concluded(audience, view, pair)
        assert verdict == _concluded(audience, view, pair[::-1]), pair
        assert verdict.reason is _expected_reason(audience, pair), pair
        assert {notice.code.value for notice in verdict.notices} == _expected_notices(
            audience, verdict, pair
        ), pair


def _concluded(audience: Audience, view: View, found: tuple[Reason, ...]) -> Verdict:
    facts = facts_of(audience, view)
    for reason in found:
        facts.find(reason, **params_of(reason))
    return conclude(facts)


def _expected_reason(audience: Audience, found: tuple[Reason, ...]) -> Reason:
    seen = [one for one in found if one not in NOTICES_HIDDEN_FROM[audience] - {"SUSPENSION_ENDED"}]
    if audience is Audience.ANYONE:  # without a companion, value 2 is a suspension
        seen = [Reason.SUSPENDED if one is Reason.SUSPENSION_ENDED else one for one in seen]
    lowest = min(seen, key=lambda one: one.rank, default=Reason.OK)
    return Reason.NOT_IN_FORCE if audience is Audience.ANYONE and lowest in FOLDED else lowest


def _expected_notices(audience: Audience, verdict: Verdict, found: tuple[Reason, ...]) -> set[str]:
    noticed = {"NEWER_EXISTS" if one is Reason.SUPERSEDED else one.value for one in found}
    noticed &= {code.value for code in NoticeCode}
    if verdict.outcome is Outcome.REFUSED:
        noticed &= KEPT_BY_REFUSAL
    return noticed - NOTICES_HIDDEN_FROM[audience]


def test_no_finding_is_valid():
    """Nothing found is OK, and only that is true."""
    verdict = conclude(facts_of(Audience.POLICE, View.ROAD_CHECK))
    assert isinstance(verdict, Valid)
    assert verdict.reason is Reason.OK


def test_finding_of_another_profile_is_never_the_reason():
    """A balance of 0 or ended cover decides for the police or for health alone, and is not among `because`."""
    facts = facts_of(Audience.ANYONE, View.PROOF)
    facts.find(Reason.POINTS_ZERO, date=date(2026, 11, 12))
    facts.find(Reason.RIGHTS_ENDED, date=date(2026, 11, 12))
    facts.entitlement = Entitlement(Answer.UNKNOWN, "B", (Reason.POINTS_ZERO, Reason.CATEGORY_ABSENT))
    verdict = conclude(facts)
    assert isinstance(verdict, Valid)
    assert verdict.notices == ()
    assert verdict.entitlement.because == (Reason.CATEGORY_ABSENT,)


def test_restriction_codes_reach_the_police_alone():
    """`proof` shown to anyone loses its restriction codes; the police read the same view whole."""
    shown = conclude(facts_of(Audience.ANYONE, View.PROOF))
    whole = conclude(facts_of(Audience.POLICE, View.PROOF))
    assert isinstance(shown, Valid)
    assert isinstance(whole, Valid)
    assert [one.restrictions for one in shown.claims.categories] == [(), ()]
    assert [one.code for one in shown.claims.categories] == ["B", "C"]
    assert whole.claims == PROOF


@pytest.mark.parametrize("audience", Audience)
@pytest.mark.parametrize("view", View)
def test_claims_of_a_view_that_the_profile_does_not_read_are_never_composed(audience, view):
    """Asking for them is a programming error: it raises, and no verdict comes of it."""
    if (audience, view) in READINGS:
        return
    facts = facts_of(audience, view)
    for reason in (Reason.OK, Reason.PAPER):
        with pytest.raises(RuntimeError, match="not proven"):
            compose(facts, reason)


@pytest.mark.parametrize("stage", [one for one in Stage if one not in (Stage.STATE, Stage.ENTITLEMENT)])
def test_claims_are_never_composed_before_the_holder_is_proven(stage):
    """Before the stage `state` a valid verdict cannot be made, and a refusal names nobody."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.stage = stage
    with pytest.raises(RuntimeError):
        compose(facts, Reason.OK)
    refused = compose(facts, Reason.REVOKED)
    assert isinstance(refused, Refused)
    assert refused.names is None


@pytest.mark.parametrize("missing", ["document", "claims"])
def test_valid_without_document_or_claims_is_a_programming_error(missing):
    """An empty notebook never becomes a valid verdict."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    setattr(facts, missing, None)
    with pytest.raises(RuntimeError):
        conclude(facts)


def test_store_without_profile_composes_the_least():
    """With no store there is no profile: the verdict says so and holds what `anyone` would get."""
    verdict = compose(Facts(AT, None, "default-1"), Reason.TRUST_MISSING)
    assert isinstance(verdict, Unreadable)
    assert verdict.profile is None
    assert verdict.exit_code == 13


def test_test_mode_stands_on_every_verdict():
    """Each reason, the notice last but for what surfaces add."""
    for reason in Reason:
        verdict = compose(facts_of(Audience.POLICE, View.ROAD_CHECK, test=True), reason, params_of(reason))
        assert verdict.test
        assert NoticeCode.TEST_MODE in [notice.code for notice in verdict.notices]


def test_surface_adds_a_notice_in_its_place():
    """`with_notice` gives another verdict of the same type, in the catalogue's order; the first is unchanged."""
    verdict = compose(facts_of(Audience.POLICE, View.ROAD_CHECK, test=True), Reason.DAMAGED)
    more = verdict.with_notice(NoticeCode.LAYOUT_REPAIRED).with_notice(
        NoticeCode.ALREADY_READ, age=40, outcome=Outcome.VALID
    )
    assert [notice.code for notice in more.notices] == ["TEST_MODE", "ALREADY_READ", "LAYOUT_REPAIRED"]
    assert [notice.code for notice in verdict.notices] == ["TEST_MODE"]
    assert type(more) is type(verdict)


def test_the_same_fact_found_twice_is_noticed_once():
    """A finding brings its notice; noticing the same again adds nothing, another category does."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.find(Reason.CATEGORY_EXPIRED, category="C", date=date(2026, 1, 1))
    facts.notice(NoticeCode.CATEGORY_EXPIRED, category="C", date=date(2026, 1, 1))
    facts.notice(NoticeCode.CATEGORY_EXPIRED, category="D", date=date(2026, 1, 1))
    assert [notice.params["category"] for notice in conclude(facts).notices] == ["C", "D"]


def test_plain_revocation_is_not_noticed_as_seen_before():
    """SEEN_REVOKED is said by a tombstone alone, never by the finding REVOKED."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    facts.find(Reason.REVOKED)
    assert conclude(facts).notices == ()


@pytest.mark.parametrize("reason", [Reason.OK, Reason.PAPER, Reason.REVOKED, Reason.DAMAGED])
def test_verdict_is_frozen_and_its_repr_names_nobody(reason):
    """Nothing can be written into a verdict, and a log line of it holds codes alone."""
    verdict = compose(facts_of(Audience.POLICE, View.ROAD_CHECK), reason)
    for name in ("claims", "grounds", "notices", "whatever"):
        with pytest.raises((dataclasses.FrozenInstanceError, AttributeError, TypeError)):
            setattr(verdict, name, None)
    assert repr(verdict) == f"<{type(verdict).__name__} {reason} police>"
    assert str(verdict) == repr(verdict)


def test_instants_of_a_verdict_are_aware():
    """`at` and `shown_at` are aware datetimes in UTC, to the second."""
    verdict = conclude(facts_of(Audience.POLICE, View.ROAD_CHECK))
    assert verdict.at == datetime(2026, 11, 22, 9, 14, 5, tzinfo=UTC)
    assert verdict.shown_at == datetime(2026, 11, 22, 9, 13, 51, tzinfo=UTC)


def test_action_depends_on_the_portrait():
    """VALID compares with the person when a portrait is shown, with an identity document when none is."""
    with_portrait = conclude(facts_of(Audience.ANYONE, View.PROOF)).texts.action
    without = conclude(facts_of(Audience.POLICE, View.ROAD_CHECK)).texts.action
    card = conclude(facts_of(Audience.HEALTH, View.CARE)).texts.action
    assert with_portrait.fr == "Comparez avec la personne."
    assert without.fr == card.fr == "Comparez avec une pièce d'identité."


def test_sentence_without_its_date_has_its_own_wording():
    """No companion, no date: the sentence closes without one."""
    facts = facts_of(Audience.POLICE, View.ROAD_CHECK)
    assert compose(facts, Reason.REVOKED).texts.sentence.fr == "Ce titre a été révoqué."
    dated = compose(facts, Reason.REVOKED, {"date": AT}).texts.sentence
    assert dated.fr == "Ce titre a été révoqué le 22/11/2026."


def test_document_shown_is_shared_and_says_its_medium():
    """The verified document is looked up, not built: view and form give type and medium."""
    shown = DocumentShown.of(View.CARE, Form.JWT, paper=False)
    assert shown == (DocumentType.VITALE_CARD, View.CARE, Form.JWT, "phone")
    assert DocumentShown.of(View.PROOF, Form.CBOR, paper=True).medium == "paper"
    assert DocumentShown.of(View.CARE, Form.JWT, paper=False) is shown


def test_status_words_cover_every_entry():
    """0 to 3 have a word, and so has a list that is not held."""
    assert [StatusWord.of(value) for value in StatusValue] == ["valid", "revoked", "suspended", "superseded"]
    assert StatusWord.of(None) is StatusWord.UNKNOWN


def test_every_profile_and_view_has_a_specimen():
    """The tables of this file cover all views and profiles."""
    assert set(SUBJECTS) == set(View)
    assert {audience for audience, _ in READINGS} == set(PROFILES) == set(Audience)
    assert StatusFound(StatusWord.VALID).since is None
