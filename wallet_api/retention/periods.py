"""The table of periods (france.md, 4.7 and section 11). A period is counted in civil years back from the instant of the purge."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final


class Kept(StrEnum):
    """What is kept."""

    OFFERS = "offers"
    ACTIVATIONS = "activations"
    MANDATES = "mandates"
    CREDENTIALS = "credentials"
    PHONES = "phones"
    POINTS = "points"
    MEASURES = "measures"
    REFUSALS = "refusals"
    PROPOSALS = "proposals"
    BATCHES = "batches"
    DOCUMENTS = "documents"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Period:
    """One line: `years` and `days` since the event that `fr` and `en` name; `source` is the rule behind it."""

    kept: Kept
    source: str
    fr: str
    en: str
    years: int = 0
    days: int = 0

    def before(self, now: int) -> int:
        """What happened at this instant or earlier (UTC seconds) is due at `now`."""
        at = datetime.fromtimestamp(now, UTC)
        try:
            back = at.replace(year=at.year - self.years)
        except ValueError:  # 29 February
            back = at.replace(year=at.year - self.years, day=28)
        return int((back - timedelta(days=self.days)).timestamp())

    def after(self, event: int) -> int:
        """The instant (UTC seconds) from which what happened at `event` is due; the purge follows when it runs."""
        at = datetime.fromtimestamp(event, UTC)
        try:
            ahead = at.replace(year=at.year + self.years)
        except ValueError:  # 29 February
            ahead = at.replace(year=at.year + self.years, month=3, day=1)
        return int((ahead + timedelta(days=self.days)).timestamp())

    def length(self, lang: str) -> str:
        """In words."""
        number, french, english = (self.years, "an", "year") if self.years else (self.days, "jour", "day")
        return f"{number} {french if lang == 'fr' else english}{'s' if number > 1 else ''}"


_L225_2: Final = "Code de la route L225-2"
_CNIL: Final = "CNIL 2021-122"
_MINIMISE: Final = "RGPD 5-1 e"

PERIODS: Final = {
    one.kept: one
    for one in (
        Period(
            Kept.OFFERS,
            _MINIMISE,
            "offres, depuis la fin de leur validité",
            "offers, since they ended",
            days=30,
        ),
        Period(
            Kept.ACTIVATIONS,
            _MINIMISE,
            "codes d'activation, depuis la fin de leur validité",
            "activation codes, since they ended",
            days=30,
        ),
        Period(
            Kept.MANDATES,
            _CNIL,
            "mandats donnés à un aidant, depuis leur terme",
            "mandates given to an aidant, since their term",
            years=3,
        ),
        Period(
            Kept.CREDENTIALS,
            _CNIL,
            "attestations émises, depuis leur fin de validité",
            "credentials, since they expired",
            years=1,
        ),
        Period(
            Kept.PHONES,
            _CNIL,
            "téléphones sans attestation ni jeton, depuis leur inscription",
            "phones without credential or token, since they were enrolled",
            years=1,
        ),
        Period(
            Kept.POINTS,
            _L225_2,
            "mouvements de points qui ne pèsent plus, depuis le dernier",
            "changes of points that no longer count, since the last one",
            years=3,
        ),
        Period(
            Kept.MEASURES,
            _L225_2,
            "mesures terminées, sans décision nouvelle depuis",
            "measures that ended, with no new decision since",
            years=10,
        ),
        Period(
            Kept.REFUSALS,
            _L225_2,
            "demandes refusées ou échues, depuis ce jour",
            "requests refused or lapsed, since that day",
            years=2,
        ),
        Period(
            Kept.PROPOSALS,
            _CNIL,
            "demandes approuvées, depuis leur approbation",
            "requests approved, since their approval",
            years=3,
        ),
        Period(
            Kept.BATCHES,
            _L225_2,
            "lots d'actes achevés ou jamais approuvés, depuis ce jour",
            "batches of acts finished or never approved, since that day",
            years=2,
        ),
        Period(
            Kept.DOCUMENTS,
            _MINIMISE,
            "dossiers sur lesquels plus rien ne repose, depuis leur ouverture",
            "files on which nothing rests any more, since they were opened",
            years=1,
        ),
        Period(
            Kept.AUDIT,
            _CNIL,
            "journal des actes, jusqu'au dernier point de contrôle de cet âge",
            "journal of acts, up to the last checkpoint of that age",
            years=3,
        ),
    )
}
"""Nonces, DPoP proofs, tokens and stored answers end by themselves, in minutes to days."""

TERMINALS_FORGET: Final = 31 * 86_400
"""Seconds after the end of a credential. A terminal works offline for 30 days (decisions.md, section 7): until then a list
entry is nobody else's."""
AFTER_ZERO: Final = 10
"""Years that a ledger is kept whole which once fell to zero: the invalidation is a decision (L225-2)."""
