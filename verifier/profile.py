"""Who a terminal works for, and which field each role may see.

1. A terminal has one profile at a time, and it comes from its store alone: there is no default.
2. What filters a verdict, the screens and the privacy page are generated from `FIELDS`, one table.
3. "Never" is a matter of bytes: such a field stands in a sealed view only. The table is the second fence.

The law behind each row: Code de la route L223-7, L225-3 to L225-6, R225-4; decree 2019-341 for the NIR.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from credentials.spec import Audience
from credentials.views import View


class Sight(StrEnum):
    """How far one role sees one field."""

    YES = "yes"
    NO = "no"
    NEVER = "never"  # forbidden by law, absent from every byte this role can open
    WHERE_HELD = "where_held"  # where the view has it
    MASKED = "masked"  # drawn masked; the full value on demand
    ON_DEMAND = "on_demand"
    FOLDED = "folded"  # five reasons become NOT_IN_FORCE, the status is withheld
    DETAILS = "details"
    CODES = "codes"

    @property
    def shown(self) -> bool:
        """Whether anything of the field reaches this role."""
        return self not in (Sight.NO, Sight.NEVER)


class Field(NamedTuple):
    """One row of the field-by-role table; `claims` names the fields of view values that the row governs."""

    key: str
    claims: tuple[str, ...]
    label_fr: str
    label_en: str
    holder: Sight
    police: Sight
    health: Sight
    anyone: Sight
    journal: Sight

    def sight(self, audience: Audience) -> Sight:
        """What a terminal of this profile sees of the field."""
        return (self.police, self.health, self.anyone)[_COLUMNS.index(audience)]


_COLUMNS: Final = (Audience.POLICE, Audience.HEALTH, Audience.ANYONE)
_YES, _NO, _NEVER, _HELD = Sight.YES, Sight.NO, Sight.NEVER, Sight.WHERE_HELD

# verdicts.md section 4, row by row: holder's own screen, police, health, anyone, journal.
FIELDS: Final = (
    Field(
        "outcome",
        (),
        "issue, motif, avis",
        "outcome, reason, notices",
        _YES,
        _YES,
        _YES,
        Sight.FOLDED,
        Sight.CODES,
    ),
    Field(
        "identity",
        ("family_name", "given_names", "birth_date"),
        "noms, date de naissance",
        "names, birth date",
        *(_YES, _YES, _YES, _HELD, _NO),
    ),
    Field("portrait", ("portrait",), "photo", "portrait", _YES, _HELD, _NO, _HELD, _NO),
    Field(
        "categories",
        ("categories",),
        "catégories datées",
        "categories with dates",
        _YES,
        _YES,
        _NO,
        _HELD,
        _NO,
    ),
    Field("title_expiry", ("expiry_date",), "fin du titre", "title expiry date", _YES, _YES, _NO, _HELD, _NO),
    Field(
        "title_issue", ("issue_date",), "délivrance du titre", "title issue date", _YES, _YES, _NO, _NO, _NO
    ),
    Field(
        "restrictions",
        ("restrictions", "probation_end"),
        "mentions, fin de probation",
        "restriction codes, probation end",
        *(_YES, _YES, _NO, _NO, _NO),
    ),
    Field(
        "numbers",
        ("licence_number", "neph"),
        "numéro du permis, NEPH",
        "licence number, NEPH",
        *(_YES, _YES, _NO, _NO, _NO),
    ),
    Field(
        "points",
        ("points", "points_entry"),
        "points et leur date",
        "points and their date",
        *(Sight.ON_DEMAND, _YES, _NEVER, _NEVER, _NEVER),
    ),
    Field("age_over_18", ("age_over_18",), "majorité", "age of 18", _YES, _YES, _NO, _YES, _NO),
    Field(
        "nir",
        ("insured_nir", "beneficiary_nir"),
        "NIR",
        "NIR",
        *(Sight.MASKED, _NEVER, Sight.MASKED, _NEVER, _NEVER),
    ),
    Field(
        "cover",
        (
            "scheme",
            "fund",
            "centre",
            "rights",
            "rights_as_of",
            "rights_source",
            "exemption_ald",
            "exemption_c2s",
        ),
        "régime, caisse, centre, droits, exonérations",
        "scheme, fund, centre, rights, exemptions",
        *(_YES, _NEVER, _YES, _NEVER, _NEVER),
    ),
    Field(
        "lists",
        (),
        "âge et version des listes, clé du signataire",
        "list ages and versions, signer key id",
        *(Sight.DETAILS, Sight.DETAILS, Sight.DETAILS, Sight.DETAILS, _YES),
    ),
)


class Profile(NamedTuple):
    """A terminal's role: the views it reads, and what of them it may see."""

    id: Audience
    views: frozenset[View]
    hidden: frozenset[str]
    """Fields of view values this profile may not see, from `FIELDS`."""
    sees_points: bool
    sees_rights: bool
    sees_status: bool
    """False for `anyone`: why a licence is not in force is not a shop's business (L225-6)."""
    sees_names_of_refused: bool
    """The police, for REVOKED, SUSPENDED and EXPIRED."""

    @property
    def audience(self) -> Audience:
        """The audience whose sealed codes this profile opens, equal to its id."""
        return self.id

    def accepts(self, audience: Audience, *, sealed: bool) -> bool:
        """Whether a presentation made for `audience` may be judged here; `anyone` passes for unsealed views."""
        if sealed:
            return audience is self.id and self.id is not Audience.ANYONE
        if self.id is Audience.HEALTH:
            return audience is Audience.HEALTH
        return audience is self.id or audience is Audience.ANYONE

    @classmethod
    def named(cls, name: str) -> Profile:
        """The profile of this id. Raises `ValueError` for any other word."""
        return PROFILES[Audience(name)]


def _hidden(audience: Audience) -> frozenset[str]:
    return frozenset(claim for row in FIELDS if not row.sight(audience).shown for claim in row.claims)


def _profile(audience: Audience, *views: View) -> Profile:
    hidden = _hidden(audience)
    return Profile(
        id=audience,
        views=frozenset(views),
        hidden=hidden,
        sees_points="points" not in hidden,
        sees_rights="rights" not in hidden,
        sees_status=audience is not Audience.ANYONE,
        sees_names_of_refused=audience is Audience.POLICE,
    )


POLICE: Final = _profile(Audience.POLICE, View.ROAD_CHECK, View.PROOF, View.AGE_OVER_18)
HEALTH: Final = _profile(Audience.HEALTH, View.CARE)
ANYONE: Final = _profile(Audience.ANYONE, View.PROOF, View.AGE_OVER_18)
PROFILES: Final = {profile.id: profile for profile in (POLICE, HEALTH, ANYONE)}
