"""Steps 11 to 14 of verify.py: the state of a proven document and what it allows. All run; each leaves findings.

Nothing here can turn a refusal into less: the finding of lowest rank decides in `verdict.conclude`.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from credentials.claims import Claims
from credentials.display import mixes_scripts_in_a_word
from credentials.driving_licence import AgeOver18, DrivingPrivilege, Proof, RoadCheck
from credentials.paris_day import paris_day
from credentials.spec import DOMAIN_OF, LIST_SIZE, StatusValue
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.views import VIEW_SPECS
from credentials.vitale_card import Care

from .entitlement import covered, ended_on, may_drive, unknown_restrictions
from .facts import Answer, Entitlement, Facts, ListEdition, ListsUsed, StatusFound, StatusWord
from .points import judge_points
from .policy import Policy
from .reasons import NoticeCode, Reason, Stage
from .trust import DocumentSigner, HeldStatusList, Tombstone, TrustSnapshot

# 9999-12-31T22:59:59Z: a clock may stand later, but no civil day of Paris does.
_LAST_INSTANT: Final = 253_402_297_199


def clock_in_doubt(at: int, floor: int, policy: Policy) -> bool:
    """Whether `at` is more than 5 minutes below the clock floor, or more than 31 days above it."""
    return at < floor - policy.clock_below_floor_seconds or at > floor + policy.clock_above_floor_seconds


def judge(
    facts: Facts,
    snapshot: TrustSnapshot,
    policy: Policy,
    claims: Claims,
    signer: DocumentSigner,
    *,
    paper: bool,
    category: str | None,
) -> None:
    """Run steps 11 to 14 on proven claims, leaving findings and notices in `facts`."""
    # Windows and civil days are judged at the later of `at` and the floor: no true clock stands below it.
    now = min(max(facts.instant, snapshot.clock_floor), _LAST_INSTANT)
    _judge_window(facts, policy, claims, now)  # 11
    if clock_in_doubt(facts.instant, snapshot.clock_floor, policy):
        facts.find(Reason.CLOCK_DOUBT)
    if paper:
        facts.find(Reason.PAPER)
    _judge_status(facts, snapshot, policy, claims, signer, now)  # 12
    facts.stage = Stage.ENTITLEMENT
    subject = claims.subject
    if isinstance(subject, RoadCheck | Proof):
        _judge_licence(facts, snapshot, subject, signer, now, category)  # 11, 13, 14
    elif isinstance(subject, AgeOver18):
        _judge_age(facts, snapshot, subject)
    else:
        _judge_cover(facts, subject, now)


# --- 11 --------------------------------------------------------------------------------------------------------


def _judge_window(facts: Facts, policy: Policy, claims: Claims, now: int) -> None:
    if now + policy.skew_seconds < claims.starts_at:
        facts.find(Reason.NOT_YET, date=claims.starts_at)
    left = claims.expires_at - now
    if left <= 0:
        facts.find(Reason.EXPIRED, date=claims.expires_at)
    elif left < policy.expires_soon_seconds:
        facts.notice(NoticeCode.EXPIRES_SOON, date=claims.expires_at)


# --- 12 --------------------------------------------------------------------------------------------------------


def _judge_status(
    facts: Facts, snapshot: TrustSnapshot, policy: Policy, claims: Claims, signer: DocumentSigner, now: int
) -> None:
    uri, index = claims.status.uri, claims.status.index
    trust = snapshot.trust.get(DOMAIN_OF[VIEW_SPECS[claims.view].document_type])
    if not uri.startswith(signer.status_prefixes) or index >= LIST_SIZE:
        facts.find(Reason.STATUS_BAD_REF)
        _judge_freshness(facts, policy, trust, None)
        return
    held = snapshot.status_lists.get(uri)
    listed = None if held is None else ListEdition(held.edition, held.issued_at)
    facts.lists = ListsUsed(trust, listed)
    _judge_freshness(facts, policy, trust, listed)
    tombstone = snapshot.tombstones.get((uri, index))
    if held is None:
        facts.find(Reason.STATUS_UNKNOWN)
        if tombstone is None:
            facts.status = StatusFound(StatusWord.UNKNOWN)
            return
    value = StatusValue.REVOKED if held is None else _VALUES[held.entries.get(index)]
    companion = _companion(held, index)
    if tombstone is not None and (held is None or value is not StatusValue.REVOKED):
        facts.notice(NoticeCode.SEEN_REVOKED, date=tombstone.first_seen)
        value, companion = StatusValue.REVOKED, _remembered(tombstone)
    facts.status = _found(value, companion)
    if value is StatusValue.REVOKED:
        _judge_revoked(facts, companion)
    elif value is StatusValue.SUSPENDED:
        _judge_suspended(facts, companion, now)
    elif value is StatusValue.SUPERSEDED:
        facts.find(Reason.SUPERSEDED)


def _companion(held: HeldStatusList | None, index: int) -> CompanionEntry | None:
    if held is None or held.companion is None:
        return None
    return held.companion.get(index)


def _remembered(tombstone: Tombstone) -> CompanionEntry | None:
    return None if tombstone.entry_class is None else CompanionEntry(tombstone.entry_class)


def _found(value: StatusValue, companion: CompanionEntry | None) -> StatusFound:
    word = StatusWord.of(value)
    if companion is None or value not in (StatusValue.REVOKED, StatusValue.SUSPENDED):
        return StatusFound(word)
    return StatusFound(word, companion.since, companion.until, companion.entry_class)


_VALUES: Final = tuple(StatusValue)
_REVOKED_AS: Final = {EntryClass.DEVICE: Reason.DEVICE_REVOKED, EntryClass.REPLACED: Reason.REPLACED}


def _judge_revoked(facts: Facts, companion: CompanionEntry | None) -> None:
    if companion is None:
        facts.find(Reason.REVOKED)
        return
    reason = _REVOKED_AS.get(companion.entry_class, Reason.REVOKED)
    if reason is Reason.REVOKED and companion.since is not None:
        facts.find(reason, date=companion.since)
    else:
        facts.find(reason)


def _judge_suspended(facts: Facts, companion: CompanionEntry | None, now: int) -> None:
    if companion is None:
        facts.find(Reason.SUSPENDED)
    elif companion.until is not None and companion.until <= now:
        facts.find(Reason.SUSPENSION_ENDED, date=_last_day_of(companion.until))
    elif companion.entry_class is EntryClass.HOLDER:
        facts.find(Reason.PAUSED)
    elif companion.until is not None:
        facts.find(Reason.SUSPENDED, date=_last_day_of(companion.until))
    else:
        facts.find(Reason.SUSPENDED)


def _last_day_of(until: int) -> date:
    """The last Paris day that a measure touches: `until` is the first instant without it."""
    return paris_day(until - 1)


def _judge_freshness(
    facts: Facts, policy: Policy, trust: ListEdition | None, status: ListEdition | None
) -> None:
    """The older of the two lists decides; an age equal to a limit is still in the milder class."""
    oldest = facts.instant if trust is None else trust.issued_at
    if status is not None and status.issued_at < oldest:
        oldest = status.issued_at
    age = facts.instant - oldest
    if age <= policy.lists_ageing_seconds:
        return
    if age > policy.lists_expired_seconds:
        facts.find(Reason.LISTS_EXPIRED, age=age)
    elif age > policy.lists_stale_seconds:
        facts.find(Reason.LISTS_STALE, age=age)
    else:
        facts.notice(NoticeCode.LISTS_AGEING, age=age)


# --- 11, 13 and 14, by document --------------------------------------------------------------------------------


def _judge_licence(
    facts: Facts,
    snapshot: TrustSnapshot,
    subject: RoadCheck | Proof,
    signer: DocumentSigner,
    now: int,
    category: str | None,
) -> None:
    day = paris_day(now)
    if subject.expiry_date < day:
        facts.find(Reason.TITLE_EXPIRED, date=subject.expiry_date)
    if subject.portrait is None:
        facts.notice(NoticeCode.NO_PORTRAIT)
    _notice_names(facts, subject.family_name, subject.given_names)
    for code in unknown_restrictions(subject.categories):
        facts.notice(NoticeCode.RESTRICTION_UNKNOWN, restriction=code)
    if isinstance(subject, RoadCheck):
        if subject.probation_end is not None and subject.probation_end > day:
            facts.notice(NoticeCode.PROBATION, date=subject.probation_end)
        judge_points(facts, snapshot, subject, signer)
    elif snapshot.profile.sees_points:
        facts.notice(NoticeCode.POINTS_NOT_IN_VIEW)
    past = [one for one in subject.categories if one.valid_to is not None and one.valid_to < day]
    if category is not None:
        _judge_category(facts, subject.categories, category, now)
    elif past and len(past) == len(subject.categories):
        last = max(past, key=_last_day)
        facts.find(Reason.CATEGORY_EXPIRED, category=last.code, date=_last_day(last))
    for one in past:
        facts.notice(NoticeCode.CATEGORY_EXPIRED, category=one.code, date=_last_day(one))


def _last_day(one: DrivingPrivilege) -> date:
    return one.valid_to or date.max


def _judge_category(facts: Facts, categories: tuple[DrivingPrivilege, ...], category: str, now: int) -> None:
    answer = may_drive(categories, category, paris_day(now))
    as_of = facts.entitlement.as_of
    if not answer.held:
        facts.find(Reason.CATEGORY_ABSENT, category=category)
        facts.entitlement = Entitlement(Answer.NO, category, (Reason.CATEGORY_ABSENT,), as_of)
    elif answer.expired and answer.until is not None:
        facts.find(Reason.CATEGORY_EXPIRED, category=category, date=answer.until)
        facts.entitlement = Entitlement(Answer.NO, category, (Reason.CATEGORY_EXPIRED,), as_of)
    elif facts.points is not None and facts.points.value == 0:
        facts.entitlement = Entitlement(Answer.UNKNOWN, category, (Reason.POINTS_ZERO,), as_of)
    else:
        facts.entitlement = Entitlement(Answer.YES, category, (), as_of)


def _judge_age(facts: Facts, snapshot: TrustSnapshot, subject: AgeOver18) -> None:
    if snapshot.profile.sees_points:
        facts.notice(NoticeCode.POINTS_NOT_IN_VIEW)
    if subject.portrait is None:
        facts.notice(NoticeCode.NO_PORTRAIT)
    proven = subject.age_over_18 and subject.portrait is not None
    if proven:
        facts.entitlement = Entitlement(Answer.YES, "age_over_18")
        return
    facts.find(Reason.AGE_NOT_PROVED)
    answer = Answer.UNKNOWN if subject.age_over_18 else Answer.NO
    facts.entitlement = Entitlement(answer, "age_over_18", (Reason.AGE_NOT_PROVED,))


def _judge_cover(facts: Facts, subject: Care, now: int) -> None:
    day = paris_day(now)
    facts.notice(NoticeCode.RIGHTS_AS_OF, date=subject.rights_as_of)
    _notice_names(facts, subject.family_name, subject.given_names)
    last = ended_on(subject.rights, day)
    if last is not None:
        facts.find(Reason.RIGHTS_ENDED, date=last)
        facts.entitlement = Entitlement(Answer.NO, "rights", (Reason.RIGHTS_ENDED,), subject.rights_as_of)
        return
    answer = Answer.YES if covered(subject.rights, day) else Answer.NO
    facts.entitlement = Entitlement(answer, "rights", (), subject.rights_as_of)


def _notice_names(facts: Facts, family_name: str, given_names: str) -> None:
    if mixes_scripts_in_a_word(f"{family_name} {given_names}"):
        facts.notice(NoticeCode.MIXED_SCRIPTS)
