"""The closed catalogue as code: outcomes, reasons, notices and their figures; texts stand in `reasons.json`.

1. `reasons.json` holds the same codes, ranks and exits; a test compares the two field by field.
2. Codes never change meaning and none is deleted; a new one takes a free rank.
3. Order of members is precedence: the lowest rank is the reason, and every refusal precedes every check.
4. Nothing here loads a text, so that a verdict costs no file access until somebody wants to read it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Self


class Outcome(StrEnum):
    """The four answers; the same word for every profile and both documents."""

    VALID = "VALID"
    CHECK = "CHECK"
    REFUSED = "REFUSED"
    UNREADABLE = "UNREADABLE"


class About(StrEnum):
    """Whose trouble a reason is."""

    DOCUMENT = "document"
    HOLDER = "holder"
    ISSUER = "issuer"
    TERMINAL = "terminal"
    READING = "reading"
    ENTITLEMENT = "entitlement"


class Exposes(StrEnum):
    """What of the claims a reason lets through: the view, names to the police alone, or nothing."""

    ALL = "all"
    NAME = "name"
    NONE = "none"


class Severity(StrEnum):
    """Whether a notice stands under the verdict or among the details."""

    ATTENTION = "attention"
    INFO = "info"


class Stage(StrEnum):
    """How far a verification came, in order."""

    TERMINAL = "terminal"
    READING = "reading"
    SEALING = "sealing"
    SIGNATURE = "signature"
    HOLDER = "holder"
    STATE = "state"
    ENTITLEMENT = "entitlement"


_VALID, _CHECK, _REFUSED, _UNREADABLE = Outcome
_DOCUMENT, _HOLDER, _ISSUER, _TERMINAL, _READING, _ENTITLEMENT = About
_ALL, _NAME, _NONE = Exposes
_ATTENTION, _INFO = Severity


class Reason(StrEnum):
    """Why a verdict is what it is. Columns: outcome, rank, exit code, about, exposes, parameters."""

    outcome: Outcome
    rank: int
    exit_code: int
    about: About
    exposes: Exposes
    params: tuple[str, ...]

    def __new__(
        cls,
        code: str,
        outcome: Outcome,
        rank: int,
        exit_code: int,
        about: About,
        exposes: Exposes,
        *params: str,
    ) -> Self:
        """A member is its code, with its figures as attributes."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.outcome, member.rank, member.exit_code = outcome, rank, exit_code
        member.about, member.exposes, member.params = about, exposes, params
        return member

    TRUST_MISSING = ("TRUST_MISSING", _UNREADABLE, 10, 13, _TERMINAL, _NONE)
    TRUST_BROKEN = ("TRUST_BROKEN", _UNREADABLE, 11, 13, _TERMINAL, _NONE)
    NO_CODE = ("NO_CODE", _UNREADABLE, 20, 12, _READING, _NONE)
    SEVERAL_CODES = ("SEVERAL_CODES", _UNREADABLE, 21, 12, _READING, _NONE)
    LAYOUT = ("LAYOUT", _UNREADABLE, 22, 12, _READING, _NONE)
    TOO_BIG = ("TOO_BIG", _UNREADABLE, 23, 12, _READING, _NONE)
    NOT_OURS = ("NOT_OURS", _UNREADABLE, 24, 12, _READING, _NONE)
    TRUNCATED = ("TRUNCATED", _UNREADABLE, 25, 12, _READING, _NONE)
    DAMAGED = ("DAMAGED", _UNREADABLE, 26, 12, _READING, _NONE)
    MISREAD = ("MISREAD", _UNREADABLE, 27, 12, _READING, _NONE)
    VERSION_UNKNOWN = ("VERSION_UNKNOWN", _UNREADABLE, 28, 12, _READING, _NONE)
    FORMAT_INVALID = ("FORMAT_INVALID", _UNREADABLE, 29, 12, _READING, _NONE)
    ROLE_DENIED = ("ROLE_DENIED", _UNREADABLE, 30, 12, _TERMINAL, _NONE)
    SEAL_KEY_MISSING = ("SEAL_KEY_MISSING", _UNREADABLE, 31, 12, _TERMINAL, _NONE)
    SEAL_BROKEN = ("SEAL_BROKEN", _UNREADABLE, 32, 12, _READING, _NONE)
    WRONG_DOCUMENT = ("WRONG_DOCUMENT", _UNREADABLE, 33, 12, _TERMINAL, _NONE, "document")
    TEST_KEY = ("TEST_KEY", _REFUSED, 40, 10, _DOCUMENT, _NONE)
    KEY_UNKNOWN_STALE = ("KEY_UNKNOWN_STALE", _UNREADABLE, 41, 12, _TERMINAL, _NONE, "age")
    KEY_UNKNOWN = ("KEY_UNKNOWN", _REFUSED, 42, 10, _DOCUMENT, _NONE)
    SIGNER_NOT_ALLOWED = ("SIGNER_NOT_ALLOWED", _REFUSED, 43, 10, _DOCUMENT, _NONE)
    ALG_NOT_ALLOWED = ("ALG_NOT_ALLOWED", _REFUSED, 44, 10, _DOCUMENT, _NONE)
    SIG_INVALID = ("SIG_INVALID", _REFUSED, 45, 10, _DOCUMENT, _NONE)
    KEY_REVOKED = ("KEY_REVOKED", _REFUSED, 46, 10, _ISSUER, _NONE)
    KEY_EXPIRED = ("KEY_EXPIRED", _REFUSED, 47, 10, _ISSUER, _NONE)
    CLAIMS_INVALID = ("CLAIMS_INVALID", _REFUSED, 48, 10, _ISSUER, _NONE)
    HOLDER_PROOF_MISSING = ("HOLDER_PROOF_MISSING", _REFUSED, 50, 10, _HOLDER, _NONE)
    HOLDER_MISMATCH = ("HOLDER_MISMATCH", _REFUSED, 51, 10, _HOLDER, _NONE)
    NONCE_MISMATCH = ("NONCE_MISMATCH", _REFUSED, 52, 10, _HOLDER, _NONE)
    SHOWN_AHEAD = ("SHOWN_AHEAD", _REFUSED, 53, 10, _HOLDER, _NONE, "age")
    REPLAY = ("REPLAY", _REFUSED, 54, 10, _HOLDER, _NONE, "age")
    REVOKED = ("REVOKED", _REFUSED, 60, 10, _DOCUMENT, _NAME, "date")
    DEVICE_REVOKED = ("DEVICE_REVOKED", _REFUSED, 61, 10, _HOLDER, _NONE)
    SUSPENDED = ("SUSPENDED", _REFUSED, 62, 10, _DOCUMENT, _NAME, "date")
    PAUSED = ("PAUSED", _REFUSED, 63, 10, _HOLDER, _NONE)
    REPLACED = ("REPLACED", _REFUSED, 64, 10, _DOCUMENT, _NONE)
    STATUS_BAD_REF = ("STATUS_BAD_REF", _REFUSED, 65, 10, _ISSUER, _NONE)
    NOT_YET = ("NOT_YET", _REFUSED, 66, 10, _DOCUMENT, _NONE, "date")
    EXPIRED = ("EXPIRED", _REFUSED, 67, 10, _DOCUMENT, _NAME, "date")
    NOT_IN_FORCE = ("NOT_IN_FORCE", _REFUSED, 68, 10, _DOCUMENT, _NONE)
    CLOCK_DOUBT = ("CLOCK_DOUBT", _CHECK, 70, 11, _TERMINAL, _ALL)
    POINTS_ZERO = ("POINTS_ZERO", _CHECK, 71, 11, _ENTITLEMENT, _ALL, "date")
    AGE_NOT_PROVED = ("AGE_NOT_PROVED", _CHECK, 72, 11, _ENTITLEMENT, _ALL)
    RIGHTS_ENDED = ("RIGHTS_ENDED", _CHECK, 73, 11, _ENTITLEMENT, _ALL, "date")
    CATEGORY_ABSENT = ("CATEGORY_ABSENT", _CHECK, 74, 11, _ENTITLEMENT, _ALL, "category")
    CATEGORY_EXPIRED = ("CATEGORY_EXPIRED", _CHECK, 75, 11, _ENTITLEMENT, _ALL, "category", "date")
    STATUS_UNKNOWN = ("STATUS_UNKNOWN", _CHECK, 76, 11, _TERMINAL, _ALL)
    LISTS_EXPIRED = ("LISTS_EXPIRED", _CHECK, 77, 11, _TERMINAL, _ALL, "age")
    SUSPENSION_ENDED = ("SUSPENSION_ENDED", _CHECK, 78, 11, _DOCUMENT, _ALL, "date")
    SUPERSEDED = ("SUPERSEDED", _CHECK, 79, 11, _DOCUMENT, _ALL)
    TITLE_EXPIRED = ("TITLE_EXPIRED", _CHECK, 80, 11, _DOCUMENT, _ALL, "date")
    PAPER = ("PAPER", _CHECK, 81, 11, _HOLDER, _ALL)
    LISTS_STALE = ("LISTS_STALE", _CHECK, 82, 11, _TERMINAL, _ALL, "age")
    OK = ("OK", _VALID, 90, 0, _DOCUMENT, _ALL)


class NoticeCode(StrEnum):
    """A fact beside the reason. Columns: severity, reason it decides, kept by a refusal, parameters.

    "Kept by a refusal" holds for lists, clock, status, paper, test mode and reading: a fact read from the claims would
    expose them (verdicts.md section 2, point 3).
    """

    severity: Severity
    decides: Reason | None
    kept_by_refusal: bool
    params: tuple[str, ...]
    place: int

    def __new__(
        cls,
        code: str,
        severity: Severity,
        decides: Reason | None,
        kept_by_refusal: bool,  # noqa: FBT001 - a column of the table
        *params: str,
    ) -> Self:
        """A member is its code, with its figures as attributes; `place` is its order in a verdict."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.severity, member.decides, member.kept_by_refusal = severity, decides, kept_by_refusal
        member.params, member.place = params, len(cls.__members__)
        return member

    LISTS_AGEING = ("LISTS_AGEING", _INFO, None, True, "age")
    LISTS_STALE = ("LISTS_STALE", _ATTENTION, Reason.LISTS_STALE, True, "age")
    LISTS_EXPIRED = ("LISTS_EXPIRED", _ATTENTION, Reason.LISTS_EXPIRED, True, "age")
    STATUS_UNKNOWN = ("STATUS_UNKNOWN", _ATTENTION, Reason.STATUS_UNKNOWN, True)
    CLOCK_DOUBT = ("CLOCK_DOUBT", _ATTENTION, Reason.CLOCK_DOUBT, True)
    NEWER_EXISTS = ("NEWER_EXISTS", _ATTENTION, Reason.SUPERSEDED, True)
    PAPER = ("PAPER", _ATTENTION, Reason.PAPER, True)
    SEEN_REVOKED = ("SEEN_REVOKED", _ATTENTION, Reason.REVOKED, True, "date")
    SUSPENSION_ENDED = ("SUSPENSION_ENDED", _ATTENTION, Reason.SUSPENSION_ENDED, True, "date")
    TITLE_EXPIRED = ("TITLE_EXPIRED", _ATTENTION, Reason.TITLE_EXPIRED, False, "date")
    CATEGORY_EXPIRED = ("CATEGORY_EXPIRED", _ATTENTION, Reason.CATEGORY_EXPIRED, False, "category", "date")
    CATEGORY_ABSENT = ("CATEGORY_ABSENT", _ATTENTION, Reason.CATEGORY_ABSENT, False, "category")
    AGE_NOT_PROVED = ("AGE_NOT_PROVED", _ATTENTION, Reason.AGE_NOT_PROVED, False)
    RIGHTS_ENDED = ("RIGHTS_ENDED", _ATTENTION, Reason.RIGHTS_ENDED, False, "date")
    POINTS_ZERO = ("POINTS_ZERO", _ATTENTION, Reason.POINTS_ZERO, False, "date")
    POINTS_AS_OF = ("POINTS_AS_OF", _INFO, None, False, "date", "source")
    POINTS_LIST_NEWER = ("POINTS_LIST_NEWER", _INFO, None, False, "listed", "attested")
    POINTS_UNKNOWN = ("POINTS_UNKNOWN", _INFO, None, False)
    POINTS_NOT_IN_VIEW = ("POINTS_NOT_IN_VIEW", _ATTENTION, None, False)
    RIGHTS_AS_OF = ("RIGHTS_AS_OF", _INFO, None, False, "date")
    RESTRICTION_UNKNOWN = ("RESTRICTION_UNKNOWN", _ATTENTION, None, False, "restriction")
    PROBATION = ("PROBATION", _INFO, None, False, "date")
    NO_PORTRAIT = ("NO_PORTRAIT", _ATTENTION, None, False)
    EXPIRES_SOON = ("EXPIRES_SOON", _INFO, None, False, "date")
    MIXED_SCRIPTS = ("MIXED_SCRIPTS", _ATTENTION, None, False)
    TEST_MODE = ("TEST_MODE", _ATTENTION, None, True)
    ALREADY_READ = ("ALREADY_READ", _INFO, None, True, "age", "outcome")
    LAYOUT_REPAIRED = ("LAYOUT_REPAIRED", _INFO, None, True)


# A finding of the last two stages also stands among the notices. A tombstone is told apart from a plain REVOKED.
NOTICE_OF: Final = {
    notice.decides: notice
    for notice in NoticeCode
    if notice.decides is not None and notice is not NoticeCode.SEEN_REVOKED
}

# `anyone` learns that a document is not in force, not why (Code de la route L225-6).
FOLDED: Final = frozenset(
    (Reason.REVOKED, Reason.DEVICE_REVOKED, Reason.SUSPENDED, Reason.PAUSED, Reason.REPLACED)
)
# Refusals before the issuer's signature is known to be right: nothing read from the code is repeated.
UNPROVEN: Final = frozenset((Reason.TEST_KEY, Reason.KEY_UNKNOWN, Reason.ALG_NOT_ALLOWED, Reason.SIG_INVALID))

EXIT_USAGE: Final = 2
EXIT_INTERNAL: Final = 70
EXITS_WORST_FIRST: Final = (70, 13, 10, 11, 12, 0)


def worst_exit(codes: list[int]) -> int:
    """The exit code of several inputs: the worst of theirs. Raises `ValueError` for none, or for a usage error."""
    if not codes:
        msg = "no input, so no exit code"
        raise ValueError(msg)
    return min(codes, key=EXITS_WORST_FIRST.index)
