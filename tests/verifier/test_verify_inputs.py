"""Anything at all as input: one verdict, no claim that was not proven, and the caller's own mistakes told apart."""

from __future__ import annotations

import random
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest

from credentials import base45, qr_text
from credentials.limits import TEXT_CHARACTERS
from credentials.spec import Audience, DocumentType, Form
from credentials.views import VIEW_SPECS, View
from tests.simulated_authority import (
    DAY,
    INSTANT,
    SUBJECTS,
    SimulatedAuthority,
    moment,
    proof,
    reader,
    road_check,
)
from tests.simulated_phone import SimulatedPhone, text_of, with_crc
from verifier.policy import DEFAULT_POLICY
from verifier.reasons import Outcome, Reason
from verifier.verdict import Refused
from verifier.verify import Verifier

AUTHORITY = SimulatedAuthority()
VERIFIERS = {profile: Verifier(AUTHORITY.snapshot(profile)) for profile in Audience}
AT = moment(INSTANT)


def _codes(count: int) -> list[tuple[Audience, str]]:
    kinds = [(view, form) for view in View for form in Form]
    codes = []
    for number in range(count):
        view, form = kinds[number % len(kinds)]
        profile = VIEW_SPECS[view].audience
        issued = AUTHORITY.issue(
            AUTHORITY.claims(SUBJECTS[view](), phone=number % 64, index=number, issued_at=INSTANT - DAY), form
        )
        key = reader(profile) if VIEW_SPECS[view].sealed else None
        phone = SimulatedPhone(number % 64)
        codes.append((profile, phone.show(issued, view, form, audience=profile, at=INSTANT, reader=key)))
    return codes


def test_t21_every_one_character_change_is_unreadable():
    """100 codes, every fifth place changed to another character of the alphabet: UNREADABLE, never an accusation."""
    draw = random.Random(21)
    for profile, text in _codes(100):
        verifier = VERIFIERS[profile]
        assert verifier.verify(text, at=AT)
        for place in range(4 + draw.randrange(5), len(text), 5):
            other = draw.choice([one for one in base45.ALPHABET if one != text[place]])
            verdict = verifier.verify(text[:place] + other + text[place + 1 :], at=AT)
            assert verdict.outcome is Outcome.UNREADABLE, (text, place)
            assert verdict.reason in {Reason.DAMAGED, Reason.MISREAD}


def test_t21_keys_lost_doubled_and_exchanged():
    """What a keyboard reader does to a text: UNREADABLE."""
    draw = random.Random(22)
    for profile, text in _codes(24):
        for _ in range(60):
            place = draw.randrange(4, len(text) - 1)
            for changed in (
                text[:place] + text[place + 1 :],
                text[:place] + text[place] + text[place:],
                text[:place] + text[place + 1] + text[place] + text[place + 2 :],
                text[:place] + text[place].lower() + text[place + 1 :],
            ):
                verdict = VERIFIERS[profile].verify(changed, at=AT)
                assert changed == text or verdict.outcome is Outcome.UNREADABLE


@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("form", Form)
def test_t21_every_byte_changed_with_the_sum_made_right(view, form):
    """A forger who computes the check sum: never VALID or CHECK, and nothing of the person."""
    profile = VIEW_SPECS[view].audience
    issued = AUTHORITY.issue(AUTHORITY.claims(SUBJECTS[view](), issued_at=INSTANT - DAY), form)
    key = reader(profile) if VIEW_SPECS[view].sealed else None
    text = SimulatedPhone(0).show(issued, view, form, audience=profile, at=INSTANT, reader=key)
    body = bytes(qr_text.decode(text))[:-4]
    draw = random.Random(23)
    for place in range(len(body)):
        altered = body[:place] + bytes((body[place] ^ draw.randrange(1, 256),)) + body[place + 1 :]
        verdict = VERIFIERS[profile].verify(text_of(with_crc(altered)), at=AT)
        assert verdict.outcome in (Outcome.UNREADABLE, Outcome.REFUSED), place
        assert verdict.to_json()["claims"] is None
        if isinstance(verdict, Refused):
            assert verdict.names is None


def test_t20_the_cap_on_length():
    """At the cap a text is judged, one character more is TOO_BIG at once, and 100 MB cost nothing."""
    verifier = VERIFIERS[Audience.ANYONE]
    at_cap = "LP1:" + "0" * (TEXT_CHARACTERS - 4)
    assert verifier.verify(at_cap, at=AT).reason is Reason.MISREAD
    assert verifier.verify(at_cap + "0", at=AT).reason is Reason.TOO_BIG
    huge = "LP1:" + "0" * 100_000_000
    tracemalloc.start()
    before = time.process_time()
    assert verifier.verify(huge, at=AT).reason is Reason.TOO_BIG
    assert time.process_time() - before < 0.001
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_a_policy_may_lower_the_cap():
    """A tightened policy refuses earlier; its name stands in the verdict."""
    policy = DEFAULT_POLICY.tightened("short-1", text_characters=400)
    profile, text = _codes(1)[0]
    verdict = Verifier(VERIFIERS[profile].snapshot, policy).verify(text, at=AT)
    assert (verdict.reason, verdict.policy) == (Reason.TOO_BIG, "short-1")


def test_a_policy_may_take_away_a_document():
    """A terminal whose policy does not read licences: WRONG_DOCUMENT, and the type is named."""
    policy = DEFAULT_POLICY.tightened("cards-1", documents=frozenset({DocumentType.VITALE_CARD}))
    text = SimulatedPhone(0).show(
        AUTHORITY.issue(AUTHORITY.claims(proof())), View.PROOF, audience="anyone", at=INSTANT
    )
    verdict = Verifier(VERIFIERS[Audience.ANYONE].snapshot, policy).verify(text, at=AT)
    assert verdict.reason is Reason.WRONG_DOCUMENT
    assert verdict.params["document"] == "driving_licence"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\0",
        "LP1:",
        "LP1",
        "lp1:",
        "LP1:\0",
        "LP1:\ud800",
        "\ufeffLP1:",
        "LP1:é",
        "LP1:" + " " * 50,
        "🪪" * 100,
    ],
)
def test_odd_texts(text):
    """Controls, surrogates, marks of byte order, pictures: UNREADABLE, twice the same."""
    for verifier in VERIFIERS.values():
        verdict = verifier.verify(text, at=AT)
        assert verdict.outcome is Outcome.UNREADABLE
        assert verdict.json_text() == verifier.verify(text, at=AT).json_text()
        verdict.json_text().encode()


class _Text(str):
    """A text whose methods are somebody else's."""

    __slots__ = ()

    def startswith(self, *_: object) -> bool:
        return True


@pytest.mark.parametrize("text", [b"LP1:", None, 5, ["LP1:"], _Text("HC1:")])
def test_a_text_that_is_none_is_the_callers_mistake(text):
    """TypeError, not a verdict."""
    with pytest.raises(TypeError):
        VERIFIERS[Audience.ANYONE].verify(text, at=AT)


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 1, 10),  # noqa: DTZ001
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    ],
)
def test_an_instant_without_zone_or_outside_the_calendar_is_the_callers_mistake(at):
    """ValueError, not a verdict: no clock says such a thing."""
    with pytest.raises(ValueError, match="`at`"):
        VERIFIERS[Audience.ANYONE].verify("LP1:", at=at)


@pytest.mark.parametrize("category", ["", "b", "Z", "B ", "A1E"])
def test_an_unknown_category_is_the_callers_mistake(category):
    """ValueError that names the categories there are."""
    with pytest.raises(ValueError, match="AM A1 A2"):
        VERIFIERS[Audience.ANYONE].verify("LP1:", at=AT, category=category)


@pytest.mark.parametrize(
    "at",
    [
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        moment(0),
        moment(-1),
        moment(2**31),
    ],
)
def test_t30_any_instant_gives_a_verdict(at):
    """From the first to the last instant of the calendar, on every code and profile."""
    for profile, text in _codes(8):
        verdict = VERIFIERS[profile].verify(text, at=at)
        assert not verdict
        assert verdict.json_text() == VERIFIERS[profile].verify(text, at=at).json_text()


def test_the_zone_of_the_instant_does_not_matter():
    """The same instant told in three zones: the same verdict to the byte."""
    profile, text = _codes(1)[0]
    told = {
        VERIFIERS[profile].verify(text, at=AT.astimezone(timezone(timedelta(hours=hours)))).json_text()
        for hours in (-11, 0, 14)
    }
    assert len(told) == 1


def test_verdicts_do_not_depend_on_what_was_judged_before():
    """A verifier has no memory: shuffled, repeated and from eight threads, the same verdicts."""
    codes = _codes(40)
    broken = [(profile, text[:-3]) for profile, text in codes]
    inputs = codes + broken
    expected = [VERIFIERS[profile].verify(text, at=AT).json_text() for profile, text in inputs]
    order = list(range(len(inputs))) * 5
    random.Random(5).shuffle(order)

    def judge(number: int) -> bool:
        profile, text = inputs[number]
        return VERIFIERS[profile].verify(text, at=AT).json_text() == expected[number]

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(judge, order))


def test_far_future_codes_leave_the_floor_unmoved():
    """The clock floor is raised at sync alone, never by a scanned code (T30)."""
    verifier = VERIFIERS[Audience.POLICE]
    issued = AUTHORITY.issue(AUTHORITY.claims(road_check()))
    phone, key = SimulatedPhone(0), reader(Audience.POLICE)
    floor = verifier.snapshot.clock_floor
    for number in range(300):
        text = phone.show(issued, View.ROAD_CHECK, audience="police", at=INSTANT + 10**6 * number, reader=key)
        verdict = verifier.verify(text, at=AT)
        assert verdict.reason is (Reason.OK if number == 0 else Reason.SHOWN_AHEAD)
    assert verifier.snapshot.clock_floor == floor
