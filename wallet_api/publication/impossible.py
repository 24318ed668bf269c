"""Rows that nobody of ours wrote: what a publication does when a credential has no place in any list, or no such one.

Somebody wrote into the database, or a disk did. One such row ends no publication by itself, since every other person's
entry waits for it; but nothing may be published that lets anybody look better than the database says:

1. Without its entry a revoked or suspended credential would look valid: nothing is published, and the words say why. A
   superseded one is not refused at the roadside anyway, so it is left out.
2. Without its entry a road check shows the balance that it bears. If the licence may have had more points then than it
   has now, nothing is published; if not, the entry is left out. A revoked one is refused whatever it bears.
3. Without a readable ledger nobody knows whether points were lost since the stored balance: nothing is published.
4. Class and dates of a cause only explain an entry: without them the entry itself stands.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final, NoReturn

from sqlalchemy import Connection

from credentials.signed_list import LAST_INSTANT
from credentials.spec import LIST_SIZE, POINTS_MAX, Domain
from wallet_api import telemetry
from wallet_api.points import store as points
from wallet_api.points.ledger import Ledger
from wallet_api.points.training import restrictions

from .state import ImpossibleRow, PublicationRefused

if TYPE_CHECKING:
    from wallet_api.telemetry import Telemetry

_CLOCKS_DIFFER: Final = 300  # seconds
_NAMED: Final = 5  # credentials that the words name; the log names all


def has_place(numbers: Collection[int], number: object, index: object) -> bool:
    """Whether an entry lies in a list that exists; `numbers` are those of the lists."""
    return type(number) is int and number in numbers and type(index) is int and 0 <= index < LIST_SIZE


def is_balance(value: object) -> bool:
    """Whether a points list can say it."""
    return type(value) is int and 0 <= value <= POINTS_MAX


def is_moment(value: object) -> bool:
    """Whether a companion can say it."""
    return type(value) is int and 0 <= value <= LAST_INSTANT


def bears_more(connection: Connection, document_id: str, issued_at: object, balance: object) -> bool:
    """Whether a road check that was issued then may bear more points than the licence has now; so it does when in doubt."""
    if not is_balance(balance) or type(issued_at) is not int:
        return True
    try:
        rows = points.entries(connection, Domain.LICENCE.value, document_id)
        ledger = Ledger(rows, restrictions(connection, Domain.LICENCE.value, document_id, rows, issued_at))
        # What was released in the same moment may have been counted or not, by whichever clock.
        known = (issued_at, max(rows[0].released_at, issued_at - _CLOCKS_DIFFER))
        borne = max(ledger.standing(issued_at, known_at=one).balance for one in known)
    except (ValueError, TypeError, LookupError):  # a ledger that nobody of ours wrote
        return True
    return borne > balance  # type: ignore[operator] # a balance is a whole number


def look_at(found: Sequence[ImpossibleRow], told: Telemetry, now: int) -> None:
    """Name each row in the log, count them for the metrics and for `/readyz`.

    Raises `PublicationRefused` when one of them must not be left out.
    """
    stopping = sorted({one.credential_id for one in found if one.stops})
    told.count_impossible(len(found) - sum(one.stops for one in found), len(stopping), now)
    for one in found:
        outcome = "stops" if one.stops else "left_out"
        telemetry.log(
            "impossible_row",
            level=logging.ERROR if one.stops else logging.WARNING,
            credential=str(one.credential_id),
            what=one.what.value,
            outcome=outcome,
        )
    if stopping:
        raise PublicationRefused(_words(stopping))


def stop_for_ledger(document_id: str, told: Telemetry, now: int) -> NoReturn:
    """A licence is due, and its ledger cannot be read. Raises `PublicationRefused`."""
    told.count_impossible(0, 1, now)
    telemetry.log(
        "impossible_row", level=logging.ERROR, document=str(document_id), what="ledger", outcome="stops"
    )
    msg = (
        f"rien n'est publié : les mouvements de points du permis {document_id} sont illisibles, et son solde paraîtrait "
        "peut-être plus haut ; lancez wallet-api audit verify, remettez les lignes comme une sauvegarde les montre, publiez "
        f"de nouveau · nothing was published: the changes of points of licence {document_id} cannot be read, and its balance "
        "might look higher; run wallet-api audit verify, put the rows back as a backup shows them, publish again"
    )
    raise PublicationRefused(msg)


def _words(stopping: Sequence[str]) -> str:
    named = ", ".join(stopping[:_NAMED])
    more = len(stopping) - _NAMED
    fr, en = (f" et {more} autres", f" and {more} more") if more > 0 else ("", "")
    return (
        f"rien n'est publié : l'état ou les points de l'attestation {named}{fr} n'ont plus de place dans les listes, et sans "
        "eux elle passerait pour valable, ou pour mieux dotée ; lancez wallet-api audit verify, remettez la ligne comme une "
        "sauvegarde la montre, publiez de nouveau · "
        f"nothing was published: state or points of credential {named}{en} have no place in the lists any more, and without "
        "them it would look valid, or richer; run wallet-api audit verify, put the row back as a backup shows it, publish again"
    )
