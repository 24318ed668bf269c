"""What is about to happen to a citizen's documents, as a feed: computed from the causes at each reading, never stored.

- Pure: what is known comes in, notices come out. The same facts give the same notices under the same ids.
- Nothing is pushed. A text names the day and what to do, never a number of points or a kind of right (france.md, section
  10): it may be read on a screen that others see.
- A topic appears some time before its day and stays for a while after it, as `WINDOWS` says.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from credentials.driving_licence import DrivingPrivilege
from credentials.spec import DocumentType
from credentials.vitale_card import RightsPeriod
from wallet_api.identifiers import fingerprint
from wallet_api.points.balance import Change


class NoticeTopic(StrEnum):
    """What a notice is about."""

    TITLE_END = "title_end"
    CATEGORY_END = "category_end"
    POINTS_RETURN = "points_return"
    PROBATION_END = "probation_end"
    SUSPENSION_END = "suspension_end"
    RIGHTS_END = "rights_end"
    CREDENTIAL_END = "credential_end"
    PRINTED_CARD_END = "printed_card_end"
    MANDATE_END = "mandate_end"


WINDOWS: Final = {
    NoticeTopic.TITLE_END: (183, 366),
    NoticeTopic.CATEGORY_END: (183, 366),
    NoticeTopic.POINTS_RETURN: (3_660, 0),
    NoticeTopic.PROBATION_END: (183, 0),
    NoticeTopic.SUSPENSION_END: (3_660, 31),
    NoticeTopic.RIGHTS_END: (92, 366),
    NoticeTopic.CREDENTIAL_END: (3, 31),
    NoticeTopic.PRINTED_CARD_END: (31, 31),
    NoticeTopic.MANDATE_END: (31, 31),
}
"""Days before and after its day on which a notice is in the feed. Returns of points: the ten years that the law knows."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that happens to a document on a Paris day; `detail` tells two of one day apart (categories, an id)."""

    topic: NoticeTopic
    document_type: DocumentType
    reference: str
    on: date
    detail: str = ""

    @property
    def notice_id(self) -> str:
        """The same as long as the fact is the same; of the registry's reference nothing can be read in it."""
        parts = (self.document_type, self.reference, self.topic, self.on.isoformat(), self.detail)
        return fingerprint("notice " + " ".join(parts))[:32]

    def is_shown(self, today: date) -> bool:
        """Whether the feed of `today` holds it."""
        before, after = WINDOWS[self.topic]
        return self.on - timedelta(days=before) <= today <= self.on + timedelta(days=after)


@dataclass(frozen=True, slots=True)
class LicenceFacts:
    """What is known of a licence: days are Paris days, `suspended_until` the first day without the measure."""

    reference: str
    expiry: date
    categories: tuple[DrivingPrivilege, ...]
    calendar: tuple[Change, ...] = ()
    balance: int = 0
    probation_end: date | None = None
    suspended_until: date | None = None


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What is known of a card: the periods of its rights."""

    reference: str
    rights: tuple[RightsPeriod, ...]


@dataclass(frozen=True, slots=True)
class HeldFacts:
    """Days on which what was issued ends: credentials by phone, printed cards and mandates by their own id."""

    document_type: DocumentType
    reference: str
    phones: tuple[tuple[str, date], ...] = ()
    printed: tuple[tuple[str, date], ...] = ()
    mandates: tuple[tuple[str, date], ...] = ()


Facts = LicenceFacts | CardFacts | HeldFacts


def notices(facts: Iterable[Facts], today: date) -> list[Notice]:
    """The feed of `today`, the earliest first."""
    found = [one for fact in facts for one in _of(fact) if one.is_shown(today)]
    return sorted(found, key=lambda one: (one.on, one.topic, one.notice_id))


def _of(fact: Facts) -> Iterator[Notice]:
    match fact:
        case LicenceFacts():
            yield from _of_licence(fact)
        case CardFacts():
            yield from _of_card(fact)
        case HeldFacts():
            yield from _of_held(fact)


def _of_licence(fact: LicenceFacts) -> Iterator[Notice]:
    def say(topic: NoticeTopic, on: date, detail: str = "") -> Notice:
        return Notice(topic, DocumentType.DRIVING_LICENCE, fact.reference, on, detail)

    yield say(NoticeTopic.TITLE_END, fact.expiry)
    by_end: dict[date, list[str]] = {}
    for one in fact.categories:  # heavy vehicles: the medical examination (R221-10)
        if one.valid_to is not None:
            by_end.setdefault(one.valid_to, []).append(one.code)
    for end, codes in by_end.items():
        yield say(NoticeTopic.CATEGORY_END, end, ", ".join(sorted(codes)))
    balance = fact.balance
    for change in fact.calendar:
        if change.balance > balance:
            yield say(NoticeTopic.POINTS_RETURN, change.on)
        balance = change.balance
    if fact.probation_end is not None:
        yield say(NoticeTopic.PROBATION_END, fact.probation_end)
    if fact.suspended_until is not None:
        yield say(NoticeTopic.SUSPENSION_END, fact.suspended_until)


def _of_card(fact: CardFacts) -> Iterator[Notice]:
    starts = {one.start for one in fact.rights}
    for one in fact.rights:
        if one.end is not None and one.end + timedelta(days=1) not in starts:
            yield Notice(NoticeTopic.RIGHTS_END, DocumentType.VITALE_CARD, fact.reference, one.end)


def _of_held(fact: HeldFacts) -> Iterator[Notice]:
    for topic, ends in (
        (NoticeTopic.CREDENTIAL_END, fact.phones),
        (NoticeTopic.PRINTED_CARD_END, fact.printed),
        (NoticeTopic.MANDATE_END, fact.mandates),
    ):
        for detail, on in ends:
            yield Notice(topic, fact.document_type, fact.reference, on, detail)
