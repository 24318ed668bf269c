"""What a verification learns on its way, before anybody decides what of it may be shown.

`Facts` is the notebook of one verification: `verify` fills it, `verdict.compose` reads it once and drops what the
profile, the outcome or the reason may not expose. Everything else here is a frozen value that a verdict may carry.
Instants are UTC seconds. The values are named tuples: defining a frozen dataclass costs seven times as much, and a
terminal's cold start has a budget; they validate nothing, `verify` builds them from what it verified. No type shows a personal value in its `repr` through a verdict, which prints its codes alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from credentials.spec import DocumentType, Form, StatusValue
from credentials.views import VIEW_SPECS, Subject, View

from .reasons import NOTICE_OF, NoticeCode, Reason, Stage

if TYPE_CHECKING:
    from .profile import Profile

# An `int` is an instant when the parameter is called `date`, an age in seconds when it is called `age`.
Parameter = int | str | date
Params = Mapping[str, Parameter]
NO_PARAMS: Final[Params] = MappingProxyType({})


class Medium(StrEnum):
    """Where the code was shown."""

    PHONE = "phone"
    PAPER = "paper"


class HolderProof(StrEnum):
    """What ties the code to its holder: a device signature, one over the reader's nonce, or nothing (paper)."""

    DEVICE = "device"
    DEVICE_NONCE = "device_nonce"
    NONE = "none"


class StatusWord(StrEnum):
    """The status entry in words."""

    VALID = "valid"
    REVOKED = "revoked"
    SUSPENDED = "suspended"
    SUPERSEDED = "superseded"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, value: StatusValue | None) -> StatusWord:
        """The word for an entry; `None` is a list this terminal does not hold."""
        return cls.UNKNOWN if value is None else cls[value.name]


class Source(StrEnum):
    """Where the displayed balance comes from."""

    DOCUMENT = "document"
    LIST = "list"


class Answer(StrEnum):
    """What the document says to the question asked."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    NOT_ASKED = "not_asked"


class Notice(NamedTuple):
    """One fact beside the reason, with the parameters of its sentence."""

    code: NoticeCode
    params: Params


class DocumentShown(NamedTuple):
    """Which document came, in which spelling, on what; after `WRONG_DOCUMENT` its type alone, perhaps unverified."""

    type: DocumentType
    view: View | None = None
    form: Form | None = None
    medium: Medium | None = None

    @staticmethod
    def of(view: View, form: Form, *, paper: bool) -> DocumentShown:
        """The shared value for a verified document."""
        return _SHOWN[view, form, paper]


_SHOWN: Final = {
    (view, form, paper): DocumentShown(
        spec.document_type, view, form, Medium.PAPER if paper else Medium.PHONE
    )
    for view, spec in VIEW_SPECS.items()
    for form in Form
    for paper in (False, True)
}


class StatusFound(NamedTuple):
    """The status entry; `since`, `until` and `entry_class` come from the companion, instants or Paris days."""

    value: StatusWord
    since: int | date | None = None
    until: int | date | None = None
    entry_class: str | None = None


class PointsShown(NamedTuple):
    """The displayed balance, its instant and source, and the value not used where there were two."""

    value: int
    as_of: int
    source: Source
    other: int | None = None


class Entitlement(NamedTuple):
    """What the document allows at the instant, as far as the caller asked."""

    answer: Answer
    asked: str | None = None
    because: tuple[Reason, ...] = ()
    as_of: int | None = None


NOT_ASKED: Final = Entitlement(Answer.NOT_ASKED)
NOT_KNOWN: Final = Entitlement(Answer.UNKNOWN)


class ListEdition(NamedTuple):
    """Version and instant of issue of one list; its age is counted from the verdict's instant."""

    version: int
    issued_at: int


class ListsUsed(NamedTuple):
    """The lists a verdict rests on, as far as the terminal holds them."""

    trust: ListEdition | None = None
    status: ListEdition | None = None
    points: ListEdition | None = None


NO_LISTS: Final = ListsUsed()


class SignerShown(NamedTuple):
    """Who signed: the 8-byte key id and the name in the trust list."""

    key_id: bytes
    name: str


class Names(NamedTuple):
    """What a refusal may tell the police."""

    family_name: str
    given_names: str


class Facts:
    """One verification's notebook. `instant` is the caller's `at`; `profile` is None when the store is missing."""

    # Class attributes are the blank page: a notebook costs only what is written into it.
    stage: Stage = Stage.TERMINAL
    document: DocumentShown | None = None
    signer: SignerShown | None = None
    claims: Subject | None = None
    holder_proof: HolderProof | None = None
    shown_at: int | None = None
    status: StatusFound | None = None
    points: PointsShown | None = None
    entitlement: Entitlement = NOT_ASKED

    def __init__(
        self,
        instant: int,
        profile: Profile | None,
        policy: str,
        *,
        test: bool = False,
        lists: ListsUsed = NO_LISTS,
    ) -> None:
        self.instant = instant
        self.profile = profile
        self.policy = policy
        self.test = test
        self.lists = lists
        self.findings: list[tuple[Reason, Params]] = []
        self.notices: list[Notice] = []

    def find(self, reason: Reason, **params: Parameter) -> None:
        """Record a finding of the last two stages, and the notice that says the same."""
        self.findings.append((reason, params))
        code = NOTICE_OF.get(reason)
        if code is not None:
            self._notice(Notice(code, params))

    def notice(self, code: NoticeCode, **params: Parameter) -> None:
        """Record a fact that decides nothing by itself, once."""
        self._notice(Notice(code, params))

    def _notice(self, notice: Notice) -> None:
        if notice not in self.notices:
            self.notices.append(notice)
