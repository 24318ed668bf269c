"""Every pair of findings of the last two stages, end to end: the lower rank is the reason, both facts are told.

A finding is a change to one scene: an honest document on a fresh terminal. Two findings that need the same thing to be
two ways at once (revoked and suspended, a licence and a Vitale card) cannot meet; those pairs are counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations
from typing import Any, Final

import pytest

from credentials.driving_licence import PointsBalance
from credentials.spec import Audience, Form, StatusValue
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.status_list import StatusList
from credentials.views import VIEW_SPECS, View
from credentials.vitale_card import RightsPeriod
from tests.simulated_authority import (
    DAY,
    HEALTH_LIST,
    HOUR,
    INSTANT,
    LICENCE_LIST,
    SUBJECTS,
    SimulatedAuthority,
    moment,
    privilege,
    reader,
)
from tests.simulated_phone import SimulatedPhone, printed, text_of
from verifier.reasons import NOTICE_OF, NoticeCode, Reason
from verifier.trust import HeldStatusList, Tombstone
from verifier.verdict import Refused
from verifier.verify import Verifier

AUTHORITY = SimulatedAuthority()
SNAPSHOTS = {profile: AUTHORITY.snapshot(profile) for profile in Audience}
INDEX: Final = 4_242


@dataclass
class Scene:
    """What the findings change. `slots` holds what each finding decided, so that two cannot decide one thing twice."""

    views: frozenset[View] = frozenset(View)
    slots: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One reason of the last two stages: the views it can be found on, and what it decides."""

    reason: Reason
    slots: dict[str, Any]
    views: frozenset[View] = frozenset(View)


_LICENCE = frozenset({View.ROAD_CHECK, View.PROOF})
_UNSEALED = frozenset({View.PROOF, View.AGE_OVER_18})
_YESTERDAY = date(2026, 10, 31)


def _entry(value: StatusValue, entry_class: EntryClass, until: int | None = None) -> dict[str, Any]:
    return {"status": (value, CompanionEntry(entry_class, INSTANT - 9 * DAY, until))}


FINDINGS: Final = (
    Finding(Reason.REVOKED, _entry(StatusValue.REVOKED, EntryClass.AUTHORITY)),
    Finding(Reason.DEVICE_REVOKED, _entry(StatusValue.REVOKED, EntryClass.DEVICE)),
    Finding(Reason.SUSPENDED, _entry(StatusValue.SUSPENDED, EntryClass.AUTHORITY)),
    Finding(Reason.PAUSED, _entry(StatusValue.SUSPENDED, EntryClass.HOLDER)),
    Finding(Reason.REPLACED, _entry(StatusValue.REVOKED, EntryClass.REPLACED)),
    Finding(Reason.STATUS_BAD_REF, {"status": "elsewhere"}),
    Finding(Reason.NOT_YET, {"window": "ahead"}),
    Finding(Reason.EXPIRED, {"window": "over"}),
    Finding(Reason.CLOCK_DOUBT, {"clock": "below"}),
    Finding(Reason.POINTS_ZERO, {"points": 0}, frozenset({View.ROAD_CHECK})),
    Finding(Reason.AGE_NOT_PROVED, {"age": False}, frozenset({View.AGE_OVER_18})),
    Finding(Reason.RIGHTS_ENDED, {"rights": "over"}, frozenset({View.CARE})),
    Finding(Reason.CATEGORY_ABSENT, {"category": "C"}, _LICENCE),
    Finding(Reason.CATEGORY_EXPIRED, {"category": "B"}, _LICENCE),
    Finding(Reason.STATUS_UNKNOWN, {"status": "not held"}),
    Finding(Reason.LISTS_EXPIRED, {"lists": 30 * DAY + 1}),
    Finding(Reason.SUSPENSION_ENDED, _entry(StatusValue.SUSPENDED, EntryClass.AUTHORITY, INSTANT - DAY)),
    Finding(Reason.SUPERSEDED, {"status": (StatusValue.SUPERSEDED, None)}),
    Finding(Reason.TITLE_EXPIRED, {"title": "over"}, _LICENCE),
    Finding(Reason.PAPER, {"paper": True}, _UNSEALED),
    Finding(Reason.LISTS_STALE, {"lists": 7 * DAY + 1}),
)
PAIRS: Final = list(combinations(FINDINGS, 2))


def _can_meet(one: Finding, other: Finding) -> bool:
    return not one.slots.keys() & other.slots.keys() and bool(one.views & other.views)


MEETING: Final = [pair for pair in PAIRS if _can_meet(*pair)]


def _subject(view: View, slots: dict[str, Any]) -> Any:
    changes: dict[str, Any] = {}
    if view is View.ROAD_CHECK and "points" in slots:
        changes["points"] = PointsBalance(0, INSTANT - 2 * DAY)
    if "age" in slots:
        changes["age_over_18"] = False
    if "rights" in slots:
        changes["rights"] = (RightsPeriod(date(2025, 1, 1), _YESTERDAY),)
    if "title" in slots:
        changes["expiry_date"] = _YESTERDAY
    if slots.get("category") == "B":
        changes["categories"] = (privilege("B", "2010-06-02", "2026-10-31"),)
    return SUBJECTS[view](**changes)


def _claims(view: View, slots: dict[str, Any]) -> Any:
    window: dict[str, int] = {"issued_at": INSTANT - DAY}
    if slots.get("window") == "ahead":
        window["not_before"] = INSTANT + DAY
    elif slots.get("window") == "over":
        window["life"] = DAY
    uri = "https://elsewhere.example/s/l/1" if slots.get("status") == "elsewhere" else None
    phone = None if slots.get("paper") else 0
    life = window.pop("life", 10 * DAY)
    return AUTHORITY.claims(_subject(view, slots), phone=phone, uri=uri, life=life, index=INDEX, **window)


def _snapshot(profile: Audience, slots: dict[str, Any]) -> Any:
    base = SNAPSHOTS[profile]
    issued_at = INSTANT - slots.get("lists", HOUR)
    uri = HEALTH_LIST if profile is Audience.HEALTH else LICENCE_LIST
    held: dict[str, HeldStatusList] = {}
    status = slots.get("status")
    if status != "not held":
        value, entry = status if isinstance(status, tuple) else (StatusValue.VALID, None)
        entries = StatusList.filled(2, 131_072).with_values({INDEX: int(value)})
        held[uri] = HeldStatusList(3, issued_at, entries, {} if entry is None else {INDEX: entry})
    floor = INSTANT + HOUR if slots.get("clock") == "below" else INSTANT - HOUR
    return base._replace(
        clock_floor=floor,
        status_lists=held,
        trust={domain: one._replace(issued_at=issued_at) for domain, one in base.trust.items()},
    )


def judged(
    *findings: Finding, view: View, profile: Audience, more: Callable[[Any], Any] = lambda one: one
) -> Any:
    """The verdict on a scene in which exactly these findings hold."""
    slots = {name: value for one in findings for name, value in one.slots.items()}
    snapshot = more(_snapshot(profile, slots))
    issued = AUTHORITY.issue(_claims(view, slots))
    shown_at = max(INSTANT, snapshot.clock_floor) if slots.get("clock") else INSTANT
    if slots.get("paper"):
        text: str = text_of(printed(Form.CBOR, view, issued))
    else:
        spec = VIEW_SPECS[view]
        key = reader(spec.audience) if spec.sealed else None
        text = SimulatedPhone(0).show(issued, view, audience=spec.audience, at=shown_at, reader=key)
    category = slots.get("category")
    return Verifier(snapshot).verify(text, at=moment(INSTANT), category=category)


def _profile(view: View) -> Audience:
    return Audience.HEALTH if view is View.CARE else Audience.POLICE


def _name(pair: tuple[Finding, Finding]) -> str:
    return f"{pair[0].reason}-{pair[1].reason}"


def _told(verdict: Any, finding: Finding) -> bool:
    """Whether the fact stands among the notices, or may not: a refusal carries none that is read from the claims."""
    code = NOTICE_OF.get(finding.reason)
    if code is None or (isinstance(verdict, Refused) and not code.kept_by_refusal):
        return code is None or code not in {notice.code for notice in verdict.notices}
    return code in {notice.code for notice in verdict.notices}


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda one: str(one.reason))
def test_each_finding_alone(finding):
    """On every view that it can be found on, it is the reason."""
    for view in sorted(finding.views):
        verdict = judged(finding, view=view, profile=_profile(view))
        assert verdict.reason is finding.reason, view
        assert _told(verdict, finding)


@pytest.mark.parametrize("view", View)
def test_no_finding(view):
    """The scene without any finding is VALID."""
    assert judged(view=view, profile=_profile(view))


@pytest.mark.parametrize("pair", MEETING, ids=_name)
def test_pair(pair):
    """The lower rank is the reason, and both facts are told as far as the outcome may."""
    lower = min(pair, key=lambda one: one.reason.rank)
    for view in sorted(pair[0].views & pair[1].views):
        verdict = judged(*pair, view=view, profile=_profile(view))
        assert verdict.reason is lower.reason, view
        assert all(_told(verdict, one) for one in pair)


def test_every_reason_of_the_last_stages_is_here():
    """FINDINGS holds all of them, and most pairs can meet."""
    last = {reason for reason in Reason if 60 <= reason.rank < 90}
    assert {one.reason for one in FINDINGS} | {Reason.NOT_IN_FORCE} == last
    assert len(PAIRS) == 210
    assert len(MEETING) == 160


def test_all_that_can_meet_on_one_view():
    """Everything wrong at once that can be: the lowest rank still wins."""
    chosen: list[Finding] = []
    for finding in sorted(FINDINGS, key=lambda one: -one.reason.rank):
        if View.ROAD_CHECK in finding.views and not any(
            one.slots.keys() & finding.slots.keys() for one in chosen
        ):
            chosen.append(finding)
            verdict = judged(*chosen, view=View.ROAD_CHECK, profile=Audience.POLICE)
            assert verdict.reason is finding.reason
    assert len(chosen) >= 7


def test_a_tombstone_and_a_list_that_is_gone():
    """Both at once: revoked, with the class last seen, and the notice that the list is not held."""
    grave = Tombstone(EntryClass.DEVICE, INSTANT - 9 * DAY)
    unknown = next(one for one in FINDINGS if one.reason is Reason.STATUS_UNKNOWN)
    verdict = judged(
        unknown,
        view=View.ROAD_CHECK,
        profile=Audience.POLICE,
        more=lambda snapshot: snapshot._replace(tombstones={(LICENCE_LIST, INDEX): grave}),
    )
    assert verdict.reason is Reason.DEVICE_REVOKED
    codes = {notice.code for notice in verdict.notices}
    assert {NoticeCode.SEEN_REVOKED, NoticeCode.STATUS_UNKNOWN} <= codes


FOLDED_PAIRS: Final = [
    (folded, other)
    for folded in FINDINGS
    for other in FINDINGS
    if folded.reason.rank <= 64 and _can_meet(folded, other) and View.PROOF in other.views
]


@pytest.mark.parametrize("pair", FOLDED_PAIRS, ids=_name)
def test_a_shop_learns_not_in_force_in_place_of_five(pair):
    """For `anyone` the five become NOT_IN_FORCE, whatever else holds, and no status, class or date is told."""
    verdict = judged(*pair, view=View.PROOF, profile=Audience.ANYONE)
    content = verdict.to_json()
    assert verdict.reason is Reason.NOT_IN_FORCE
    assert (content["claims"], content["status"], content["params"]) == (None, None, {})
    assert "authority" not in verdict.json_text()
    assert not {"SEEN_REVOKED", "SUSPENSION_ENDED"} & {notice.code for notice in verdict.notices}
