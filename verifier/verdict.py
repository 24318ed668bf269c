"""The verdict: four frozen types, and the one place that decides what each may expose.

How `verify` builds one::

    facts = Facts(at, profile, policy.name, test=snapshot.test_mode, lists=ListsUsed(trust=...))
    facts.stage = Stage.READING  # on entering each stage
    return compose(facts, Reason.DAMAGED)  # stages 1 to 5 stop at their first finding
    return compose(facts, Reason.REPLAY, {"age": 240})
    return compose(facts, Reason.WRONG_DOCUMENT, {"document": DocumentType.VITALE_CARD})
    facts.signer = signer.shown  # once the signature is verified, never before
    facts.document = DocumentShown.of(view, form, paper=False)
    facts.claims = claims.subject
    facts.holder_proof, facts.shown_at = HolderProof.DEVICE, binding.issued_at
    facts.find(Reason.LISTS_STALE, age=777_600)  # stages 6 and 7 collect; the equal notice comes by itself
    facts.notice(NoticeCode.NO_PORTRAIT)  # facts without a reason of their own; SEEN_REVOKED too
    facts.status, facts.points, facts.entitlement = StatusFound(...), PointsShown(...), Entitlement(...)
    return conclude(facts)  # lowest rank wins, OK when nothing was found

A surface that has no text to verify (no code in a picture, no store) composes in the same way from fresh `Facts`.
`TEST_MODE` is added here when `facts.test`; `ALREADY_READ` and `LAYOUT_REPAIRED` by `verdict.with_notice`.

Invariants, each with a test:

1. Claims exist in `Valid` and `Check` alone, names in `Refused` alone, and `Unreadable` tells nothing of the person.
2. Nothing leaves unless the signature and, but for paper, the holder's proof were right: `compose` raises
   `RuntimeError`, a programming error, when asked to expose before the stage `state` or to a profile without that view.
3. `bool(verdict)` is true for `Valid` alone.
4. Texts and JSON are computed when asked for; `repr` shows codes, never a person.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Final, final

from credentials.driving_licence import Proof
from credentials.frozen import frozen
from credentials.spec import Audience, DocumentType
from credentials.views import Subject

from .facts import (
    NO_PARAMS,
    NOT_ASKED,
    Answer,
    DocumentShown,
    Entitlement,
    Facts,
    HolderProof,
    ListEdition,
    ListsUsed,
    Medium,
    Names,
    Notice,
    Parameter,
    Params,
    PointsShown,
    SignerShown,
    Source,
    StatusFound,
    StatusWord,
)
from .judged import Grounds, Judged, in_order
from .profile import ANYONE, PROFILES, Profile
from .reasons import FOLDED, UNPROVEN, Exposes, NoticeCode, Outcome, Reason, Stage

__all__ = [
    "NOT_ASKED",
    "NO_PARAMS",
    "Answer",
    "Check",
    "DocumentShown",
    "Entitlement",
    "Facts",
    "Grounds",
    "HolderProof",
    "ListEdition",
    "ListsUsed",
    "Medium",
    "Names",
    "Notice",
    "NoticeCode",
    "Outcome",
    "Parameter",
    "Params",
    "PointsShown",
    "Reason",
    "Refused",
    "SignerShown",
    "Source",
    "Stage",
    "StatusFound",
    "StatusWord",
    "Unreadable",
    "Valid",
    "Verdict",
    "compose",
    "conclude",
]


@final
@frozen
class Valid(Judged):
    """Genuine, fresh, not revoked, as far as lists less than 7 days old can tell."""

    outcome: ClassVar[Outcome] = Outcome.VALID

    claims: Subject
    points: PointsShown | None

    def __bool__(self) -> bool:
        """True."""
        return True


@final
@frozen
class Check(Judged):
    """Genuine, and a person must check something before concluding."""

    outcome: ClassVar[Outcome] = Outcome.CHECK

    claims: Subject
    points: PointsShown | None


@final
@frozen
class Refused(Judged):
    """Do not accept this code. `names` for the police alone, and only for REVOKED, SUSPENDED and EXPIRED."""

    outcome: ClassVar[Outcome] = Outcome.REFUSED

    names: Names | None


@final
@frozen
class Unreadable(Judged):
    """The terminal could not judge. Says nothing about the person."""

    outcome: ClassVar[Outcome] = Outcome.UNREADABLE


Verdict = Valid | Check | Refused | Unreadable


def compose(facts: Facts, reason: Reason, params: Params = NO_PARAMS) -> Verdict:
    """The verdict for this reason, holding what `facts` has and profile, outcome and reason allow; nothing else does.

    Raises `RuntimeError` when claims would be exposed before they were proven, or to a profile without that view.
    """
    profile = facts.profile or ANYONE
    if reason in FOLDED and not profile.sees_status:
        reason, params = Reason.NOT_IN_FORCE, NO_PARAMS
    if reason.exposes is Exposes.ALL:
        return _proven(facts, profile, reason, params)
    if reason.outcome is Outcome.REFUSED:
        return _refused(facts, profile, reason, params)
    return _unreadable(facts, profile, reason, params)


def conclude(facts: Facts) -> Verdict:
    """The verdict of the last two stages: the finding of lowest rank, or `OK` when there is none."""
    if not facts.findings:
        return compose(facts, Reason.OK)
    hidden = _HIDDEN[(facts.profile or ANYONE).id]
    reason, params = Reason.OK, NO_PARAMS
    for found, its_params in facts.findings:
        if found in hidden:
            if found is not Reason.SUSPENSION_ENDED:
                continue
            # A profile without status has no companion, and without one value 2 is a suspension.
            found, its_params = Reason.SUSPENDED, NO_PARAMS  # noqa: PLW2901
        if found.rank < reason.rank:
            reason, params = found, its_params
    return compose(facts, reason, params)


def _proven(facts: Facts, profile: Profile, reason: Reason, params: Params) -> Valid | Check:
    document, claims = facts.document, facts.claims
    if document is None or claims is None or document.view not in profile.views or facts.stage not in _PROVEN:
        msg = "a verdict may not expose claims that are not proven, or not of this profile's views"
        raise RuntimeError(msg)
    grounds = Grounds(
        reason, params, facts.instant, _id(facts), facts.policy, facts.stage, facts.test, _lists(facts, profile),
        _kept(facts, profile, refusing=False), document, facts.signer, facts.holder_proof, facts.shown_at,
        facts.status if profile.sees_status else None, _entitlement(facts, profile),
    )  # fmt: skip
    kind = Valid if reason is Reason.OK else Check
    return kind(grounds, _visible(claims, profile), facts.points if profile.sees_points else None)


def _refused(facts: Facts, profile: Profile, reason: Reason, params: Params) -> Refused:
    grounds = _bare(facts, profile, reason, params)
    if reason not in UNPROVEN:
        grounds = grounds._replace(
            document=facts.document,
            signer=facts.signer,
            holder_proof=facts.holder_proof,
            shown_instant=facts.shown_at,
            status=facts.status if profile.sees_status else None,
        )
    names = None
    if reason.exposes is Exposes.NAME and profile.sees_names_of_refused and facts.stage in _PROVEN:
        names = _names(facts.claims)
    return Refused(grounds, names)


def _unreadable(facts: Facts, profile: Profile, reason: Reason, params: Params) -> Unreadable:
    grounds = _bare(facts, profile, reason, params)
    kind = params.get("document")
    if isinstance(kind, str):
        grounds = grounds._replace(document=DocumentShown(DocumentType(kind)))
    return Unreadable(grounds)


def _bare(facts: Facts, profile: Profile, reason: Reason, params: Params) -> Grounds:
    """The grounds of a verdict that says nothing about the code."""
    return Grounds(
        reason, params, facts.instant, _id(facts), facts.policy, facts.stage, facts.test, _lists(facts, profile),
        _kept(facts, profile, refusing=True),
    )  # fmt: skip


_PROVEN: Final = (Stage.STATE, Stage.ENTITLEMENT)


def _id(facts: Facts) -> Audience | None:
    return None if facts.profile is None else facts.profile.id


def _lists(facts: Facts, profile: Profile) -> ListsUsed:
    lists = facts.lists
    return lists if lists.points is None or profile.sees_points else lists._replace(points=None)


def _names(claims: Subject | None) -> Names | None:
    family_name: str | None = getattr(claims, "family_name", None)
    given_names: str | None = getattr(claims, "given_names", None)
    return None if family_name is None or given_names is None else Names(family_name, given_names)


def _visible(claims: Subject, profile: Profile) -> Subject:
    """The view without restriction codes where the profile may not read them; no view holds more that is hidden."""
    if type(claims) is Proof and "restrictions" in profile.hidden:
        for privilege in claims.categories:
            if privilege.restrictions:
                bare = tuple(replace(one, restrictions=()) for one in claims.categories)
                return replace(claims, categories=bare)
    return claims


def _entitlement(facts: Facts, profile: Profile) -> Entitlement:
    entitlement = facts.entitlement
    if not entitlement.because:
        return entitlement
    hidden = _HIDDEN[profile.id]
    return entitlement._replace(
        because=tuple(reason for reason in entitlement.because if reason not in hidden)
    )


def _hidden_codes(profile: Profile) -> frozenset[str]:
    """Codes of reasons and notices that a profile never sees."""
    codes: set[str] = set()
    if not profile.sees_points:
        codes.update(code for code in NoticeCode if code.startswith("POINTS_"))
    if not profile.sees_rights:
        codes.update(code for code in NoticeCode if code.startswith("RIGHTS_"))
    if not profile.sees_status:
        codes.update((NoticeCode.SEEN_REVOKED, NoticeCode.SUSPENSION_ENDED))
    if "probation_end" in profile.hidden:
        codes.update((NoticeCode.PROBATION, NoticeCode.RESTRICTION_UNKNOWN))
    return frozenset(codes)


# Reasons and notices are text enumerations and share their codes, so one set serves both.
_HIDDEN: Final = {profile.id: _hidden_codes(profile) for profile in PROFILES.values()}
_TEST_MODE: Final = Notice(NoticeCode.TEST_MODE, NO_PARAMS)


def _kept(facts: Facts, profile: Profile, *, refusing: bool) -> tuple[Notice, ...]:
    if not facts.notices and not facts.test:
        return ()
    hidden = _HIDDEN[profile.id]
    kept = [
        notice
        for notice in facts.notices
        if notice.code not in hidden and (notice.code.kept_by_refusal or not refusing)
    ]
    if facts.test:
        kept.append(_TEST_MODE)
    return in_order(kept)
