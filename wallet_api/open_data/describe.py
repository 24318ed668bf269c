"""What the tables of open data say and do not say, in French and in English."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import BaseModel

from credentials.paris_day import paris_day
from wallet_api.wiring import Service

from .tables_of_month import Name, months_before

LICENCE_URL: Final = "https://www.etalab.gouv.fr/licence-ouverte-open-licence/"


class Text(BaseModel):
    """The same in both languages."""

    fr: str
    en: str


class Licence(BaseModel):
    """Terms of reuse."""

    name: str = "Licence Ouverte / Open Licence 2.0"
    spdx: str = "etalab-2.0"
    url: str = LICENCE_URL


class ColumnText(BaseModel):
    """A column of the file."""

    name: str
    meaning: Text


class TableText(BaseModel):
    """One file."""

    url: str
    title: Text
    description: Text
    columns: list[ColumnText]
    first_month: str | None = None
    last_month: str | None = None


class Catalogue(BaseModel):
    """All files, what they have in common, and their rule of disclosure."""

    notice: Text
    licence: Licence
    as_of: date
    """The Paris day as of whose beginning everything was counted."""
    threshold: int
    disclosure: Text
    tables: list[TableText]


_NOTICE: Final = Text(
    fr="Démonstrateur, service non officiel, données fictives.",
    en="Demonstrator, unofficial service, fictitious data.",
)
_COUNT: Final = (
    ColumnText(
        name="count",
        meaning=Text(
            fr="nombre arrondi vers le bas ; vide s’il n’est pas publié",
            en="count, rounded down; empty where withheld",
        ),
    ),
    ColumnText(
        name="status",
        meaning=Text(fr="published : publié ; withheld : non publié", en="published or withheld"),
    ),
)
_DISCLOSURE: Final = Text(
    fr=(
        "Un nombre inférieur à {threshold}, zéro compris, n’est pas publié ; tout autre est arrondi vers le bas à un "
        "multiple de {threshold}. Un total additionne les nombres arrondis, donc reste au-dessous du vrai, et n’est "
        "publié que s’il ne permet de calculer aucun nombre caché. Les tableaux changent le premier du mois seulement."
    ),
    en=(
        "A count under {threshold}, zero included, is withheld; any other is rounded down to a multiple of {threshold}. A "
        "total adds up the rounded counts, hence stays below the true one, and is published only where no withheld "
        "count can be computed from it. The tables change on the first of a month only."
    ),
)
_TITLES: Final = {
    "withdrawals": (
        Text(
            fr="Retraits de points par mois et par infraction",
            en="Withdrawals of points by month and offence",
        ),
        Text(
            fr=(
                "Retraits qui ont pris effet dans le mois, à l’heure de Paris. Un retrait annulé dans son délai n’est "
                "pas compté ; un retrait annulé plus tard sur recours l’est. « all » est un total."
            ),
            en=(
                "Withdrawals that began to count in the month, Paris time. One cancelled in time is not counted, one "
                "annulled later on appeal is. “all” is a total."
            ),
        ),
    ),
    "documents": (
        Text(fr="Documents par nature et par état", en="Documents by kind and state"),
        Text(
            fr=(
                "Documents ouverts dans le service avant le premier du mois, chacun dans son état le plus grave à cet "
                "instant. « all » est un total."
            ),
            en=(
                "Documents opened in the service before the first of the month, each in its gravest state at that "
                "instant. “all” is a total."
            ),
        ),
    ),
}
_COLUMNS: Final = {
    "withdrawals": (
        ("month", "mois", "month"),
        ("offence_kind", "code de l’infraction", "code of the offence"),
        ("offence_kind_fr", "infraction, en français", "offence, in French"),
        ("offence_kind_en", "infraction, en anglais", "offence, in English"),
    ),
    "documents": (
        ("kind", "code de la nature du document", "code of the kind of document"),
        ("kind_fr", "nature, en français", "kind, in French"),
        ("kind_en", "nature, en anglais", "kind, in English"),
        ("state", "code de l’état", "code of the state"),
        ("state_fr", "état, en français", "state, in French"),
        ("state_en", "état, en anglais", "state, in English"),
    ),
}


def describe(service: Service) -> Catalogue:
    """The catalogue in force now."""
    first = paris_day(service.clock.now()).replace(day=1)
    threshold = service.settings.open_data_threshold
    return Catalogue(
        notice=_NOTICE,
        licence=Licence(),
        as_of=first,
        threshold=threshold,
        disclosure=Text(
            fr=_DISCLOSURE.fr.format(threshold=threshold), en=_DISCLOSURE.en.format(threshold=threshold)
        ),
        tables=[_table(service, "withdrawals", first), _table(service, "documents", first)],
    )


def _table(service: Service, name: Name, first: date) -> TableText:
    title, description = _TITLES[name]
    months = months_before(first) if name == "withdrawals" else []
    return TableText(
        url=f"{service.settings.base_url}/open-data/{name}.csv",
        title=title,
        description=description,
        columns=[
            *(ColumnText(name=one, meaning=Text(fr=fr, en=en)) for one, fr, en in _COLUMNS[name]),
            *_COUNT,
        ],
        first_month=months[0].isoformat()[:7] if months else None,
        last_month=months[-1].isoformat()[:7] if months else None,
    )
