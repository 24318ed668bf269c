"""The worked cases of the law of points, every one of them, and what the cases leave open."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from credentials.paris_day import paris_midnight
from wallet_api.authority.kinds import MeasureKind
from wallet_api.authority.limits_of_measures import end_of_retention, longest_suspension
from wallet_api.authority.right_to_drive import Measure, right_to_drive
from wallet_api.points.accept import Refusal
from wallet_api.points.balance import BeforeLicence, Standing, standing_at
from wallet_api.points.facts import (
    Annulment,
    CategoryAdded,
    Course,
    Fact,
    HandedIn,
    InvalidationNotified,
    Licence,
    Loss,
    Restricted,
)
from wallet_api.points.offences import OFFENCES, offence_on
from wallet_api.points.rules import RULES, SOURCES, RuleTable

_FILE = json.loads(Path(__file__).with_name("points-cases.json").read_text())
CASES = _FILE["cases"]
_day = date.fromisoformat


def instant(text: str) -> int:
    """A day means noon in Paris."""
    if len(text) == 10:
        return paris_midnight(_day(text)) + 12 * 3_600
    return int(datetime.fromisoformat(text).timestamp())


def licence_of(members: dict[str, Any]) -> Licence:
    training = members.get("training_completed_on")
    return Licence(
        _day(members["obtained_on"]), members["regime"], None if training is None else _day(training)
    )


def fact_of(event: dict[str, Any]) -> Fact | None:
    """What an event of the file is to the engine; None where the points do not depend on it."""
    match event["kind"]:
        case "loss":
            return Loss(
                _day(event["committed_on"]),
                _day(event["established_on"]),
                event["points"],
                event["offence_class"],
                event.get("stop"),
                event.get("ref"),
            )
        case "course":
            return Course(_day(event["first_day"]), _day(event["last_day"]))
        case "category_added":
            return CategoryAdded(_day(event["on"]), event["category"], event["via"])
        case "invalidation_notified":
            return InvalidationNotified(_day(event["on"]))
        case "loss_annulled":
            return Annulment(event["ref"], _day(event["on"]))
        case "suspension":
            return Restricted(_day(event["from"]))
        case _:
            return None


def measures_of(case: dict[str, Any]) -> tuple[list[Measure], set[str]]:
    """The measures of a case, and the names of those that last longer than the law allows (L224-2)."""
    measures: list[Measure] = []
    refused: set[str] = set()
    for place, event in enumerate(case["events"]):
        match event["kind"]:
            case "retention":
                since = instant(event["from"])
                until = end_of_retention(since, verifications=event["hours"] == 120)
                assert until == since + event["hours"] * 3_600
                measures.append(Measure(MeasureKind.RETENTION, since, until))
            case "retention_lifted":
                measures[-1] = replace(measures[-1], lifted_at=instant(event["at"]))
            case "suspension":
                since, until = paris_midnight(_day(event["from"])), paris_midnight(_day(event["to"]))
                if until > longest_suspension(since, grave_case=event["grave_case"]):
                    refused.add(f"events[{place}]")
                else:
                    measures.append(Measure(MeasureKind.SUSPENSION, since, until))
    return measures, refused


def standing_of(case: dict[str, Any], at: str, rules: RuleTable = RULES) -> Standing:
    facts = [one for one in map(fact_of, case["events"]) if one is not None]
    return standing_at(licence_of(case["licence"]), facts, instant(at), rules=rules)


def seen(standing: Standing, expected: dict[str, Any]) -> dict[str, Any]:
    """The members of the engine's answer that a case asserts."""
    later = standing.next_change
    members = {
        "balance": standing.balance,
        "cap": standing.cap,
        "in_probation": standing.in_probation,
        "course_required": standing.course_required,
        "next_change": later and {"on": later.on.isoformat(), "balance": later.balance, "cap": later.cap},
    }
    return {name: value for name, value in members.items() if name in expected}


def test_file_holds_every_case():
    """115 cases, of which 76 are certain."""
    assert len(CASES) == len({case["id"] for case in CASES}) == 115
    assert sum(case["certain"] for case in CASES) == 76


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case_reads_as_the_law_says(case):
    """Balance, cap, probation, next change and state at every instant of the case, and the inputs that are refused."""
    measures, too_long = measures_of(case)
    facts = {f"events[{place}]": fact_of(event) for place, event in enumerate(case["events"])}
    names = [name for name, fact in facts.items() if fact is not None]
    for expected in case["expected"]:
        standing = standing_of(case, expected["at"])
        assert seen(standing, expected) == {name: expected[name] for name in seen(standing, expected)}
        zero = None if standing.zero_on is None else paris_midnight(standing.zero_on)
        right = right_to_drive(measures, zero, instant(expected["at"]))
        assert right.state == expected["state"]
        if "state_until" in expected:
            assert right.until == instant(expected["state_until"])
        refused = {
            "training" if place is None else names[place]
            for place, reason in standing.refused
            if reason is not Refusal.TWICE
        }
        assert refused | too_long == set(case.get("refused", []))


# Each switch that the sources leave open, turned the other way, changes the case that holds its present reading.
_SWITCHES = {
    "delay_offset_days": (1, "PT010"),
    "stop_limit_yields_to_largest": (False, "PT045"),
    "single_point_of_stop_returns": (False, "PT046"),
    "point_left_by_limit_returns": (True, "PT107"),
    "late_establishment_takes_gain_back": (False, "PT098"),
    "clock_runs_in_probation": (False, "PT064"),
    "restoration_forgets_classes": (False, "PT027"),
    "zero_awaits_notice": (True, "PT115"),
}


@pytest.mark.parametrize("name", _SWITCHES)
def test_turning_a_switch_changes_the_case_that_holds_it(name):
    """No switch of the table is without effect."""
    value, number = _SWITCHES[name]
    case = next(one for one in CASES if one["id"] == number)
    rules = replace(RULES, **{name: value})
    answers = [seen(standing_of(case, one["at"], rules), one) for one in case["expected"]]
    assert answers != [seen(standing_of(case, one["at"]), one) for one in case["expected"]]


def test_course_between_zero_and_notice_gives_four_under_the_other_reading():
    """PT115's note: the practice of crediting it leaves 4 points."""
    case = next(one for one in CASES if one["id"] == "PT115")
    standing = standing_of(case, "2025-06-20", replace(RULES, zero_awaits_notice=True))
    assert (standing.balance, standing.state) == (4, "VALIDE")


def test_every_rule_has_its_source():
    """Date, article and certainty of each field of the table; every switch is marked as one."""
    assert set(SOURCES) == {one.name for one in fields(RuleTable)}
    unsettled = {name for name, source in SOURCES.items() if source.basis == "unsettled"}
    assert unsettled == set(_SWITCHES) - {"delay_offset_days"}


def test_first_moment_of_an_offence_is_no_new_offence():
    """A fine paid on the spot is committed and established on one day, and its own delays still run."""
    licence = Licence(date(2010, 1, 15))
    facts = [Loss(date(2025, 3, 10), date(2025, 3, 10), 1, "contravention_3")]
    standing = standing_at(licence, facts, instant("2025-03-11"))
    assert [(one.on, one.balance) for one in standing.calendar] == [(date(2025, 9, 10), 12)]
    facts = [Loss(date(2025, 3, 10), date(2025, 3, 10), 3, "contravention_4")]
    assert standing_at(licence, facts, instant("2028-03-10")).balance == 12


def test_calendar_tells_every_later_change():
    """The series for the holder: one point back, then the rest."""
    case = next(one for one in CASES if one["id"] == "PT020")
    calendar = standing_of(case, "2024-12-01").calendar
    assert [(one.on.isoformat(), one.balance) for one in calendar] == [("2025-05-21", 10), ("2026-11-21", 12)]


def test_required_course_is_no_longer_asked_for_once_followed():
    """PT051 goes on: the course that restores the points also meets the obligation."""
    case = next(one for one in CASES if one["id"] == "PT051")
    assert standing_of(case, "2025-05-05").course_required
    assert not standing_of(case, "2025-06-15").course_required
    literal = replace(RULES, required_course_is_met=False)
    assert standing_of(case, "2025-06-15", literal).course_required


@pytest.mark.parametrize(
    ("earlier", "allowed"),
    [((), "2026-01-01"), ((date(2020, 6, 11),), "2026-07-01"), ((date(2020, 6, 10),), "2026-01-01")],
)
def test_new_licence_waits_six_months_or_a_year(earlier, allowed):
    """Half a year after hand-in, a year when another zero lies less than five years back (L223-5)."""
    case = next(one for one in CASES if one["id"] == "PT029")
    licence = replace(licence_of(case["licence"]), earlier_zeros=earlier)
    facts = [one for one in map(fact_of, case["events"]) if one is not None]
    at = instant("2025-08-01")
    assert standing_at(licence, facts, at).new_licence_from is None
    facts += [InvalidationNotified(date(2025, 6, 20)), HandedIn(date(2025, 7, 1))]
    standing = standing_at(licence, facts, at)
    assert (standing.zero_on, standing.new_licence_from) == (date(2025, 6, 10), _day(allowed))


def test_licence_from_before_probation_begins_with_twelve():
    """Act 2003-495: probation exists since 1 March 2004."""
    at = instant("2004-03-02")
    assert standing_at(Licence(date(2004, 2, 29)), [], at).balance == 12
    assert standing_at(Licence(date(2004, 3, 1)), [], at).balance == 6


def test_instant_before_the_licence_has_no_balance():
    """The engine does not invent one."""
    with pytest.raises(BeforeLicence):
        standing_at(Licence(date(2024, 3, 10)), [], instant("2024-03-09"))


@pytest.mark.parametrize(
    ("code", "on", "points", "offence_class"),
    [
        ("speed_under_5", "2023-12-31", 1, "contravention_3"),
        ("speed_under_5", "2024-01-01", 0, "contravention_3"),
        ("speed_50_or_more", "2025-12-28", 6, "contravention_5"),
        ("speed_50_or_more", "2025-12-29", 6, "delit"),
        ("alcohol_and_drugs", "2025-07-11", 9, "delit_alcool_stupefiants"),
    ],
)
def test_offence_has_the_points_of_its_day(code, on, points, offence_class):
    """The table is versioned by the day of the offence."""
    row = offence_on(code, _day(on))
    assert row is not None
    assert (row.points, row.offence_class) == (points, offence_class)


def test_nine_points_do_not_exist_before_their_act():
    """Nor does the class."""
    assert offence_on("alcohol_and_drugs", date(2025, 7, 10)) is None


def test_every_offence_obeys_the_rules_of_its_class():
    """Points within the class, French and English labels, an article."""
    for versions in OFFENCES.values():
        for row in versions:
            kind = RULES.offence_classes[row.offence_class]
            assert kind.least <= row.points <= kind.most
            assert row.committed_from >= kind.committed_from
            assert row.fr
            assert row.en
            assert row.fr != row.en
            assert row.article
