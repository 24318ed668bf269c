"""What the four verdict types share: their grounds under plain names, their texts and their JSON.

`verdict.compose` alone builds grounds; whatever stands here may be shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, Self

from credentials.frozen import frozen
from credentials.spec import Audience

from .facts import (
    NOT_KNOWN,
    DocumentShown,
    Entitlement,
    HolderProof,
    ListsUsed,
    Notice,
    Parameter,
    Params,
    SignerShown,
    StatusFound,
)
from .reasons import NoticeCode, Outcome, Reason, Stage

if TYPE_CHECKING:
    from .catalogue import Texts

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Grounds(NamedTuple):
    """What all four verdicts carry, already cut to what profile, outcome and reason allow. Instants in UTC seconds."""

    reason: Reason
    params: Params
    instant: int
    profile: Audience | None
    policy: str
    stage: Stage
    test: bool
    lists: ListsUsed
    notices: tuple[Notice, ...]
    document: DocumentShown | None = None
    signer: SignerShown | None = None
    holder_proof: HolderProof | None = None
    shown_instant: int | None = None
    status: StatusFound | None = None
    entitlement: Entitlement = NOT_KNOWN


@frozen
class Judged:
    """One field of its own, and everything in `grounds` under its own name."""

    outcome: ClassVar[Outcome]

    grounds: Grounds

    def __bool__(self) -> bool:
        """False, but for `Valid`."""
        return False

    def __repr__(self) -> str:
        """Codes alone: a verdict in a log names nobody."""
        return f"<{type(self).__name__} {self.reason} {self.profile}>"

    @property
    def reason(self) -> Reason:
        """The one reason, from the closed catalogue."""
        return self.grounds.reason

    @property
    def params(self) -> Params:
        """Parameters of the reason's sentence; empty where they are unknown."""
        return self.grounds.params

    @property
    def instant(self) -> int:
        """The instant given by the caller, UTC seconds."""
        return self.grounds.instant

    @property
    def profile(self) -> Audience | None:
        """The terminal's profile; None when its store is missing."""
        return self.grounds.profile

    @property
    def policy(self) -> str:
        """Name of the policy that judged."""
        return self.grounds.policy

    @property
    def stage(self) -> Stage:
        """The last stage reached."""
        return self.grounds.stage

    @property
    def test(self) -> bool:
        """Whether the terminal runs in test mode."""
        return self.grounds.test

    @property
    def lists(self) -> ListsUsed:
        """Editions of the lists this verdict rests on."""
        return self.grounds.lists

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Facts beside the reason, in the catalogue's order."""
        return self.grounds.notices

    @property
    def document(self) -> DocumentShown | None:
        """The verified document; after `WRONG_DOCUMENT` its type alone, perhaps unverified."""
        return self.grounds.document

    @property
    def signer(self) -> SignerShown | None:
        """Who signed, once that is verified."""
        return self.grounds.signer

    @property
    def holder_proof(self) -> HolderProof | None:
        """What ties the code to its holder; None when not reached."""
        return self.grounds.holder_proof

    @property
    def shown_instant(self) -> int | None:
        """The presentation instant, UTC seconds."""
        return self.grounds.shown_instant

    @property
    def status(self) -> StatusFound | None:
        """The status entry; None for `anyone`."""
        return self.grounds.status

    @property
    def entitlement(self) -> Entitlement:
        """What the document allows, as far as the caller asked; unknown unless `Valid` or `Check`."""
        return self.grounds.entitlement

    @property
    def exit_code(self) -> int:
        """The exit code of a command that judged this one input."""
        return self.reason.exit_code

    @property
    def at(self) -> datetime:
        """The instant given by the caller, aware, in UTC."""
        return _EPOCH + timedelta(seconds=self.instant)

    @property
    def shown_at(self) -> datetime | None:
        """The instant at which the phone showed the code, aware, in UTC."""
        return None if self.shown_instant is None else _EPOCH + timedelta(seconds=self.shown_instant)

    @property
    def texts(self) -> Texts:
        """Word, title, sentence and action in French and English, parameters filled in."""
        from .catalogue import texts

        return texts(self)

    def to_json(self) -> dict[str, object]:
        """The verdict as the object of verdicts.md section 7, keys in their order."""
        from .verdict_json import to_json

        return to_json(self)

    def json_text(self) -> str:
        """`to_json` as one line of JSON."""
        from .verdict_json import json_text

        return json_text(self)

    def with_notice(self, code: NoticeCode, **params: Parameter) -> Self:
        """This verdict with one more notice, in the catalogue's order; for surfaces."""
        notices = in_order([*self.notices, Notice(code, params)])
        return replace(self, grounds=self.grounds._replace(notices=notices))


def in_order(notices: list[Notice]) -> tuple[Notice, ...]:
    """The notices in the catalogue's order; the list is sorted in place."""
    if len(notices) > 1:
        notices.sort(key=_place)
    return tuple(notices)


def _place(notice: Notice) -> int:
    return notice.code.place
