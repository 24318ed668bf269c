"""Lists and clock: ages to the second, points by instant, companions by edition, entries of somebody else (T30, T32, T35 to T39)."""

from __future__ import annotations

import random
from itertools import product

import pytest

from credentials.driving_licence import ListEntry, PointsBalance
from credentials.spec import LIST_SIZE, Audience, Domain
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.status_list import StatusList
from credentials.views import View
from tests.changed import changed
from tests.simulated_authority import (
    BASE,
    DAY,
    HEALTH_LIST,
    HOUR,
    INSTANT,
    LICENCE_LIST,
    POINTS_LIST,
    STATUS_PREFIX,
    SimulatedAuthority,
    moment,
    proof,
    reader,
    road_check,
)
from tests.simulated_phone import SimulatedPhone
from tests.simulated_terminal import enrol
from verifier import sync
from verifier.admission import Offered, admit
from verifier.reasons import NoticeCode, Outcome, Reason
from verifier.trust import HeldPointsList, HeldStatusList
from verifier.verify import Verifier

AUTHORITY = SimulatedAuthority()
POLICE = AUTHORITY.snapshot(Audience.POLICE)
PHONE = SimulatedPhone(0)
AT = moment(INSTANT)


def _road(at: int = INSTANT, **facts) -> str:
    """A road check shown to the police at `at`."""
    subject = facts.pop("subject", None) or road_check()
    issued = AUTHORITY.issue(AUTHORITY.claims(subject, issued_at=INSTANT - DAY, **facts))
    return PHONE.show(issued, View.ROAD_CHECK, audience="police", at=at, reader=reader(Audience.POLICE))


# --- ages (T32) -----------------------------------------------------------------------------------------------------

LIMITS = ((DAY, "LISTS_AGEING"), (7 * DAY, "LISTS_STALE"), (30 * DAY, "LISTS_EXPIRED"))
AGES = [limit + step for limit, _ in LIMITS for step in (-1, 0, 1)]


def _expected_class(age: int) -> str | None:
    return next((name for limit, name in reversed(LIMITS) if age > limit), None)


@pytest.mark.parametrize("old", ["trust", "status", "both"])
@pytest.mark.parametrize("age", AGES)
def test_t32_each_age_limit_to_the_second(age, old):
    """The older of trust list and status list decides; an age equal to a limit is still in the milder class."""
    trust_at = INSTANT - age if old != "status" else INSTANT - HOUR
    status_at = INSTANT - age if old != "trust" else INSTANT - HOUR
    snapshot = changed(
        POLICE,
        clock_floor=INSTANT - HOUR,
        trust={domain: one._replace(issued_at=trust_at) for domain, one in POLICE.trust.items()},
        status_lists={uri: changed(one, issued_at=status_at) for uri, one in POLICE.status_lists.items()},
    )
    verdict = Verifier(snapshot).verify(_road(), at=AT)
    expected = _expected_class(age)
    assert verdict.reason is (Reason[expected] if expected not in (None, "LISTS_AGEING") else Reason.OK)
    told = {str(notice.code) for notice in verdict.notices} & {name for _, name in LIMITS}
    assert told == ({expected} if expected else set())
    assert verdict.outcome in (Outcome.VALID, Outcome.CHECK)  # never a block


def test_t32_the_points_lists_age_never_changes_the_outcome():
    """A points list a year old is shown with its date."""
    old = HeldPointsList(1, INSTANT - 366 * DAY, INSTANT - 366 * DAY, StatusList.filled(4, LIST_SIZE, 7))
    verdict = Verifier(changed(POLICE, points_lists={POINTS_LIST: old})).verify(
        _road(subject=road_check(points=None)), at=AT
    )
    assert verdict
    assert verdict.to_json()["points"]["value"] == 7


# --- the clock (T30) ------------------------------------------------------------------------------------------------

FLOOR = INSTANT - HOUR
CLOCKS = {
    FLOOR - 301: True, FLOOR - 300: False, FLOOR - 1: False, FLOOR: False, FLOOR + 31 * DAY: False,
    FLOOR + 31 * DAY + 1: True, 0: True, 946_684_800: True, 2**31: True,
}  # fmt: skip


@pytest.mark.parametrize("at", CLOCKS)
def test_t30_the_clock_against_its_floor(at):
    """In doubt more than 5 minutes below or 31 days above; then no SHOWN_AHEAD, and at best CHECK."""
    snapshot = changed(POLICE, clock_floor=FLOOR)
    shown_at = FLOOR if at < FLOOR - 300 else at  # the phone's clock is right, the terminal's may not be
    issued = AUTHORITY.issue(AUTHORITY.claims(proof(), issued_at=INSTANT - DAY))
    text = PHONE.show(issued, View.PROOF, audience="anyone", at=shown_at)
    verdict = Verifier(snapshot).verify(text, at=moment(at))
    codes = {notice.code for notice in verdict.notices}
    if verdict.reason in (Reason.EXPIRED, Reason.REPLAY):  # the clock is far ahead
        assert at > FLOOR
        return
    assert (NoticeCode.CLOCK_DOUBT in codes) is CLOCKS[at]
    assert bool(verdict) is not CLOCKS[at]


@pytest.mark.parametrize("before_floor", [149, 150, 151, 3_600])
def test_t30_with_the_clock_in_doubt_replay_holds_against_the_floor(before_floor):
    """What was shown more than 150 s before the floor is REPLAY, whatever the clock says; its age counts from the floor."""
    verdict = Verifier(changed(POLICE, clock_floor=FLOOR)).verify(
        _road(FLOOR - before_floor), at=moment(FLOOR - DAY)
    )
    assert verdict.reason is (Reason.REPLAY if before_floor > 150 else Reason.CLOCK_DOUBT)
    if before_floor > 150:
        assert verdict.params["age"] == before_floor


# --- points (T35) ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [-1, 0, 1])
@pytest.mark.parametrize(("attested", "listed"), [(12, 0), (0, 12), (6, 6), (0, 0), (3, 15)])
def test_t35_the_later_balance_is_shown(attested, listed, step):
    """List one second older, equal, one second newer than the document: the later wins, the list when equal."""
    as_of = INSTANT - 2 * DAY
    held = HeldPointsList(
        1, INSTANT - HOUR, as_of + step, StatusList.filled(4, LIST_SIZE, 15).with_values({77: listed})
    )
    subject = road_check(points=PointsBalance(attested, as_of), points_entry=ListEntry(1, 77))
    verdict = Verifier(changed(POLICE, points_lists={POINTS_LIST: held})).verify(
        _road(subject=subject), at=AT
    )
    from_list = listed != 15 and step >= 0
    value = listed if from_list else attested
    content = verdict.to_json()["points"]
    assert (content["value"], content["source"]) == (value, "list" if from_list else "document")
    assert content["other"] == (None if listed == 15 else attested if from_list else listed)
    assert verdict.reason is (Reason.POINTS_ZERO if value == 0 else Reason.OK)
    newer = {notice.code for notice in verdict.notices} & {NoticeCode.POINTS_LIST_NEWER}
    assert bool(newer) is (from_list and attested != listed)


def test_t35_a_points_list_of_a_foreign_prefix_is_not_looked_up():
    """The entry names a number under the signer's own prefix; a list elsewhere of that number is another list."""
    held = HeldPointsList(1, INSTANT, INSTANT, StatusList.filled(4, LIST_SIZE, 0))
    snapshot = changed(POLICE, points_lists={"https://elsewhere.example/p/1": held})
    assert Verifier(snapshot).verify(_road(), at=AT)


# --- entries of somebody else (T36) ---------------------------------------------------------------------------------


def test_t36_every_index_looks_up_its_own_entry():
    """Twenty credentials and one revoked entry at a time: only the one whose index it is changes."""
    texts = [_road(index=3 * number) for number in range(20)]
    for revoked in range(20):
        entries = StatusList.filled(2, LIST_SIZE).with_values({3 * revoked: 1})
        lists = {LICENCE_LIST: HeldStatusList(1, INSTANT - HOUR, entries)}
        verifier = Verifier(changed(POLICE, status_lists=lists))
        for number, text in enumerate(texts):
            expected = Reason.REVOKED if number == revoked else Reason.OK
            assert verifier.verify(text, at=AT).reason is expected


URIS = {
    LICENCE_LIST: Reason.OK,
    f"{BASE}/s/l/2": Reason.STATUS_UNKNOWN,
    f"{BASE}/s/l/": Reason.STATUS_UNKNOWN,
    f"{BASE}/s/l": Reason.STATUS_BAD_REF,
    HEALTH_LIST: Reason.STATUS_BAD_REF,
    POINTS_LIST: Reason.STATUS_BAD_REF,
    f"{BASE}/s/l/../h/1": Reason.STATUS_UNKNOWN,
    f"{BASE.upper()}/s/l/1": Reason.STATUS_BAD_REF,
    f" {LICENCE_LIST}": Reason.STATUS_BAD_REF,
    "https://lp.example.evil/s/l/1": Reason.STATUS_BAD_REF,
    "x": Reason.STATUS_BAD_REF,
}


@pytest.mark.parametrize("uri", URIS)
@pytest.mark.parametrize("index", [0, LIST_SIZE - 1, LIST_SIZE, 2**32 - 1])
def test_t36_uri_and_index(uri, index):
    """A foreign prefix or an index at the lists' size is the issuer's fault; a list not held is the terminal's lack."""
    verdict = Verifier(POLICE).verify(_road(uri=uri, index=index), at=AT)
    expected = Reason.STATUS_BAD_REF if index >= LIST_SIZE else URIS[uri]
    assert verdict.reason is expected
    assert (verdict.outcome is Outcome.REFUSED) is (expected is Reason.STATUS_BAD_REF)


# --- companions (T39) -----------------------------------------------------------------------------------------------

THREE = tuple(f"{STATUS_PREFIX[Domain.LICENCE]}{number}" for number in (1, 2, 3))
EDITION = 3


@pytest.fixture(scope="module")
def terminal(tmp_path_factory):
    """A police terminal on disk that takes publications one after another."""
    return enrol(tmp_path_factory.mktemp("terminal") / "store", Audience.POLICE)


def _take(terminal, companions: list[bytes], edition: int) -> Verifier:
    values = {7: 1, 8: 2}
    files = Offered(
        {domain: AUTHORITY.trust_list(domain, version=edition) for domain in Domain},
        {Domain.LICENCE: [AUTHORITY.status_list(uri, values, edition=edition) for uri in THREE]},
        {Domain.LICENCE: companions},
    )
    sync._install(terminal, admit(files, terminal, INSTANT))
    return terminal.verifier()


def test_t39_a_companion_counts_beside_its_own_edition_alone(terminal):
    """5 editions x 3 lists: off the diagonal the verdict is the one without companion, and tells no date and no class."""
    because = {
        7: CompanionEntry(EntryClass.DEVICE, INSTANT - DAY),
        8: CompanionEntry(EntryClass.HOLDER, INSTANT - DAY),
    }
    taken = EDITION
    for of_list, signed_for in product(THREE, range(EDITION - 2, EDITION + 3)):
        taken += 5
        # One companion, signed for an edition from two before to two after the one that the lists are of.
        companion = AUTHORITY.companion(of_list, because, edition=taken + signed_for - EDITION)
        verifier = _take(terminal, [companion], taken)
        for uri in THREE:
            own = uri == of_list and signed_for == EDITION
            lost = verifier.verify(_road(uri=uri, index=7), at=AT)
            paused = verifier.verify(_road(uri=uri, index=8), at=AT)
            assert paused.reason is (Reason.PAUSED if own else Reason.SUSPENDED)
            assert lost.to_json()["status"]["value"] == "revoked"
            assert lost.reason is (Reason.DEVICE_REVOKED if own else Reason.REVOKED)
            if not own:
                assert dict(lost.params) == dict(paused.params) == {}
                assert (lost.to_json()["status"]["class"], paused.to_json()["status"]["class"]) == (
                    None,
                    None,
                )


def test_t37_what_was_seen_revoked_stays_so(tmp_path):
    """Twenty publications that revoke and revive at random: what a terminal refuses only grows."""
    draw = random.Random(37)
    store = enrol(tmp_path / "store", Audience.ANYONE)
    texts = [
        PHONE.show(
            AUTHORITY.issue(AUTHORITY.claims(proof(), index=index, issued_at=INSTANT - DAY)),
            View.PROOF,
            audience="anyone",
            at=INSTANT,
        )
        for index in range(12)
    ]
    refused: set[int] = set()
    for edition in range(1, 21):
        values = {index: draw.choice((0, 0, 0, 0, 1, 2, 3)) for index in range(12)}
        files = Offered(
            {domain: AUTHORITY.trust_list(domain, version=edition) for domain in Domain},
            {Domain.LICENCE: [AUTHORITY.status_list(LICENCE_LIST, values, edition=edition)]},
        )
        sync._install(store, admit(files, store, INSTANT))
        verifier = store.verifier()
        refused |= {index for index, value in values.items() if value == 1}
        for index, text in enumerate(texts):
            verdict = verifier.verify(text, at=AT)
            expected = (
                Reason.NOT_IN_FORCE
                if index in refused or values[index] == 2
                else Reason.SUPERSEDED
                if values[index] == 3
                else Reason.OK
            )
            assert verdict.reason is expected, (edition, index)
    assert len(refused) > 6


def test_a_list_of_right_size_answers_for_its_last_entry_too():
    """No index inside the fixed size raises, whatever the list."""
    entries = StatusList.filled(2, LIST_SIZE).with_values({LIST_SIZE - 1: 3})
    snapshot = changed(POLICE, status_lists={LICENCE_LIST: HeldStatusList(1, INSTANT - HOUR, entries)})
    assert Verifier(snapshot).verify(_road(index=LIST_SIZE - 1), at=AT).reason is Reason.SUPERSEDED
