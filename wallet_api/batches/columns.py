"""The columns of a file of acts: what each act asks for, in words for who fills the file in. Pure, and light to import.

What stands here is what `read_file.py` reads; a test holds the two, and the example of each act, against one another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ALWAYS: Final = ("act", "licence_id")
"""Columns that every file has; the others as its acts ask for them, in any order."""


@dataclass(frozen=True, slots=True)
class ActColumns:
    """What an act is, the columns that it needs, those that it may have, and a line; in French and English."""

    fr: str
    en: str
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    example: tuple[tuple[str, str], ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that a line of this act may fill, `act` and `licence_id` included."""
        return (*ALWAYS, *self.needed, *self.optional)


_LICENCE: Final = "019a4b7c5e2070318a4d6f0b2c9e1d57"
_DECISION: Final = "decision_reference"
ACT_COLUMNS: Final[dict[str, ActColumns]] = {
    "withdrawal": ActColumns(
        "retrait de points : offence, ou points avec offence_class",
        "withdrawal of points: offence, or points with offence_class",
        (_DECISION, "committed_on", "established_on"),
        ("offence", "points", "offence_class", "stop_reference"),
        (
            (_DECISION, "D-2026-000123"),
            ("committed_on", "2026-10-12"),
            ("established_on", "2026-10-30"),
            ("points", "3"),
            ("offence_class", "contravention_4"),
        ),
    ),
    "course": ActColumns(
        "stage de récupération de points, deux jours consécutifs",
        "course that gives points back, two consecutive days",
        (_DECISION, "first_day", "last_day"),
        (),
        ((_DECISION, "D-2026-000124"), ("first_day", "2026-10-23"), ("last_day", "2026-10-24")),
    ),
    "suspension": ActColumns(
        "suspension : dès maintenant sans from ; until est le premier jour sans elle",
        "suspension: from now on without from; until is the first day without it",
        (_DECISION,),
        ("from", "until", "decided_by", "grave_case"),
        ((_DECISION, "D-2026-000125"), ("until", "2027-03-01"), ("decided_by", "prefect")),
    ),
    "revocation": ActColumns(
        "révocation, sans retour : du droit, ou du seul titre",
        "revocation, for good: of the right, or of the title alone",
        (_DECISION,),
        ("subject",),
        ((_DECISION, "D-2026-000126"), ("subject", "right")),
    ),
}
_MEANINGS: Final = {
    "act": "|".join(ACT_COLUMNS),
    "licence_id": "wallet-api authority find --person NOM",
    _DECISION: "3 à 64 lettres, chiffres, . _ / - ; unique · 3 to 64 letters, digits, . _ / -; unique",
    "committed_on": "jour des faits · day of the facts: AAAA-MM-JJ · YYYY-MM-DD",
    "established_on": "paiement ou condamnation · payment or conviction: AAAA-MM-JJ · YYYY-MM-DD",
    "offence": "code de la table des infractions · code of the table: phone, red_light...",
    "points": "0 à 9 · 0 to 9",
    "offence_class": "contravention_1 ... contravention_5, delit, delit_alcool_stupefiants",
    "stop_reference": "référence du contrôle, commune à ses infractions · of the stop, shared by its offences",
    "first_day": "AAAA-MM-JJ · YYYY-MM-DD",
    "last_day": "AAAA-MM-JJ · YYYY-MM-DD",
    "from": "jour ou instant · day or instant: 2026-11-20, 2026-11-20T08:00:00+01:00",
    "until": "jour ou instant · day or instant",
    "decided_by": "court (sinon · default) | prefect",
    "grave_case": "true | false",
    "subject": "right (sinon · default) | document",
}
COLUMNS: Final = frozenset(_MEANINGS)
_BLAMED: Final = {
    "content-refused": {"offence", "points", "offence_class"},  # of a line whose members each are well formed
    "not-found": {"licence_id"},
    "decision-already-recorded": {_DECISION},
    "points-not-of-class": {"points", "offence_class"},
    "offence-contradicted": {"offence"},
    "course-days": {"first_day", "last_day"},
    "course-too-soon": {"last_day"},
    "measure-too-long": {"until"},
    "dates-out-of-order": {"committed_on", "established_on", "first_day", "last_day", "from", "until"},
    "decision-too-old": {"established_on", "last_day", "from"},
}
"""Problems of a line that are about what some of its columns say."""


def blamed(code: str, act: str) -> list[str]:
    """The columns of a line of `act` that a problem is about; none where it is about something else."""
    own = ACT_COLUMNS[act].all if act in ACT_COLUMNS else ALWAYS
    return in_order(_BLAMED.get(code, set()) & {*own})


def in_order(names: Iterable[str]) -> list[str]:
    """Declared columns among `names`, each once, in the order of the table; whatever else a file says is left out."""
    wanted = {*names}
    return [one for one in _MEANINGS if one in wanted]


def example_of(act: str) -> str:
    """A file of one line of an act."""
    cells = (("act", act), ("licence_id", _LICENCE), *ACT_COLUMNS[act].example)
    return "".join(",".join(one[side] for one in cells) + "\n" for side in (0, 1))


def described() -> str:
    """The columns of every act with one example each, as the command line shows them."""
    return (
        "Un fichier CSV, UTF-8, virgules ou points-virgules : une ligne de noms de colonnes, puis un acte par ligne,\n"
        "5 000 au plus ; act et licence_id toujours, les autres colonnes selon l'acte, une cellule vide est laissée de côté.\n"
        "A CSV file, UTF-8, commas or semicolons: a row of column names, then one act a line, 5,000 at most; act and\n"
        "licence_id always, the other columns as the act asks for them, an empty cell is left out.\n\n"
        "colonnes · columns :\n"
        + "".join(f"  {name:<18}  {meaning}\n" for name, meaning in _MEANINGS.items())
        + "".join(_described(act, one) for act, one in ACT_COLUMNS.items())
    )


def _described(act: str, one: ActColumns) -> str:
    example = "".join(f"    {line}\n" for line in example_of(act).splitlines())
    optional = f"\n  facultatif · optional : {', '.join(one.optional)}" if one.optional else ""
    return (
        f"\n{act} : {one.fr} · {one.en}\n  il faut · needed : {', '.join((*ALWAYS, *one.needed))}{optional}\n"
        f"{example}"
    )
