"""Step 13: the balance a road check may see. The later of attested and listed wins, the listed one when equal.

A balance is never shown as "now": a loss follows payment or conviction, not the roadside (Code de la route L223-1).
"""

from __future__ import annotations

from credentials.driving_licence import PointsBalance, RoadCheck
from credentials.spec import POINTS_NONE

from .facts import Entitlement, Facts, ListEdition, ListsUsed, PointsShown, Source
from .reasons import NoticeCode, Reason
from .trust import DocumentSigner, HeldPointsList, TrustSnapshot


def judge_points(facts: Facts, snapshot: TrustSnapshot, subject: RoadCheck, signer: DocumentSigner) -> None:
    """Leave the displayed balance, its notices, and `POINTS_ZERO` where it is nil."""
    held = _held(snapshot, subject, signer)
    if held is not None:
        facts.lists = ListsUsed(
            facts.lists.trust, facts.lists.status, ListEdition(held.edition, held.issued_at)
        )
    attested, listed = subject.points, _listed(held, subject)
    if listed is not None and (attested is None or listed.as_of >= attested.as_of):
        shown, other, source = listed, attested, Source.LIST
    elif attested is not None:
        shown, other, source = attested, listed, Source.DOCUMENT
    else:
        facts.notice(NoticeCode.POINTS_UNKNOWN)
        return
    facts.points = PointsShown(shown.value, shown.as_of, source, None if other is None else other.value)
    facts.notice(NoticeCode.POINTS_AS_OF, date=shown.as_of, source=source)
    if source is Source.LIST and other is not None and other.value != shown.value:
        facts.notice(NoticeCode.POINTS_LIST_NEWER, listed=shown.value, attested=other.value)
    if shown.value == 0:
        facts.find(Reason.POINTS_ZERO, date=shown.as_of)
    facts.entitlement = Entitlement(facts.entitlement.answer, as_of=shown.as_of)


def _held(snapshot: TrustSnapshot, subject: RoadCheck, signer: DocumentSigner) -> HeldPointsList | None:
    entry = subject.points_entry
    if entry is None:
        return None
    for prefix in signer.points_prefixes:
        held = snapshot.points_lists.get(f"{prefix}{entry.list_number}")
        if held is not None:
            return held
    return None


def _listed(held: HeldPointsList | None, subject: RoadCheck) -> PointsBalance | None:
    entry = subject.points_entry
    if held is None or entry is None:
        return None
    value = held.entries.get(entry.index)
    return None if value == POINTS_NONE else PointsBalance(value, held.as_of)
