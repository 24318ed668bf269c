"""Kinds of offences with the points and the class that each had from day to day (france.md, 4.4).

The decision says points and class; this table fills in what a clerk leaves out and refuses what contradicts it. A row
is in force for offences committed from its day on, until a later row of the same code. Points follow the official
notice of 27 February 2026; `checked` is false where class or article was not read in the text of the code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class OffenceKind:
    """One kind of offence as the law had it for what was committed from `committed_from` on."""

    code: str
    points: int
    offence_class: str
    article: str
    fr: str
    en: str
    committed_from: date = date.min
    checked: bool = False


_C2, _C3, _C4, _C5, _D = (
    "contravention_2",
    "contravention_3",
    "contravention_4",
    "contravention_5",
    "delit",
)
_2024: Final = date(2024, 1, 1)  # no point for less than 5 km/h over
_NINE: Final = date(2025, 7, 11)  # act 2025-622
_50: Final = date(2025, 12, 29)  # 50 km/h over becomes a délit

_ROWS: Final = (
    OffenceKind(
        "speed_under_5",
        1,
        _C3,
        "R413-14",
        "Excès de vitesse de moins de 5 km/h, hors agglomération",
        "Speeding by less than 5 km/h, outside towns",
    ),
    OffenceKind(
        "speed_under_5",
        0,
        _C3,
        "R413-14",
        "Excès de vitesse de moins de 5 km/h, hors agglomération",
        "Speeding by less than 5 km/h, outside towns",
        _2024,
    ),
    OffenceKind(
        "speed_under_5_town",
        1,
        _C4,
        "R413-14",
        "Excès de vitesse de moins de 5 km/h, en agglomération",
        "Speeding by less than 5 km/h, in a town",
    ),
    OffenceKind(
        "speed_under_5_town",
        0,
        _C4,
        "R413-14",
        "Excès de vitesse de moins de 5 km/h, en agglomération",
        "Speeding by less than 5 km/h, in a town",
        _2024,
    ),
    OffenceKind(
        "speed_5_to_19",
        1,
        _C3,
        "R413-14",
        "Excès de vitesse de 5 à 19 km/h, hors agglomération",
        "Speeding by 5 to 19 km/h, outside towns",
    ),
    OffenceKind(
        "speed_5_to_19_town",
        1,
        _C4,
        "R413-14",
        "Excès de vitesse de 5 à 19 km/h, en agglomération",
        "Speeding by 5 to 19 km/h, in a town",
    ),
    OffenceKind(
        "speed_20_to_29",
        2,
        _C4,
        "R413-14",
        "Excès de vitesse de 20 à 29 km/h",
        "Speeding by 20 to 29 km/h",
    ),
    OffenceKind(
        "speed_30_to_39",
        3,
        _C4,
        "R413-14",
        "Excès de vitesse de 30 à 39 km/h",
        "Speeding by 30 to 39 km/h",
    ),
    OffenceKind(
        "speed_40_to_49",
        4,
        _C4,
        "R413-14",
        "Excès de vitesse de 40 à 49 km/h",
        "Speeding by 40 to 49 km/h",
    ),
    OffenceKind(
        "speed_50_or_more",
        6,
        _C5,
        "R413-14-1",
        "Excès de vitesse de 50 km/h ou plus",
        "Speeding by 50 km/h or more",
    ),
    OffenceKind(
        "speed_50_or_more",
        6,
        _D,
        "L413-1",
        "Excès de vitesse de 50 km/h ou plus",
        "Speeding by 50 km/h or more",
        _50,
    ),
    OffenceKind(
        "line_straddled",
        1,
        _C4,
        "R412-19",
        "Chevauchement d’une ligne continue",
        "Straddling a solid line",
    ),
    OffenceKind(
        "line_crossed",
        3,
        _C4,
        "R412-19",
        "Franchissement d’une ligne continue",
        "Crossing a solid line",
    ),
    OffenceKind(
        "gloves",
        1,
        _C3,
        "R431-1-2",
        "Deux-roues motorisé sans gants homologués",
        "Motorcycle without approved gloves",
    ),
    OffenceKind(
        "faster_when_overtaken",
        2,
        _C2,
        "R414-16",
        "Accélération sur le point d’être dépassé",
        "Accelerating while being overtaken",
    ),
    OffenceKind(
        "central_reservation",
        2,
        _C2,
        "R421-5",
        "Circulation ou arrêt sur le terre-plein central",
        "Driving or stopping on the central reservation",
    ),
    OffenceKind("phone", 3, _C4, "R412-6-1", "Téléphone tenu en main", "Phone held in the hand"),
    OffenceKind("seat_belt", 3, _C4, "R412-1", "Ceinture de sécurité non attachée", "Seat belt not worn"),
    OffenceKind("helmet", 3, _C4, "R431-1", "Casque homologué non porté", "Approved helmet not worn"),
    OffenceKind(
        "safety_distance", 3, _C4, "R412-12", "Distance de sécurité non respectée", "Safety distance not kept"
    ),
    OffenceKind(
        "hard_shoulder",
        3,
        _C4,
        "R412-8",
        "Circulation sur la bande d’arrêt d’urgence",
        "Driving on the hard shoulder",
    ),
    OffenceKind("dangerous_stop", 3, _C4, "R417-9", "Arrêt dangereux", "Dangerous stop"),
    OffenceKind("red_light", 4, _C4, "R412-30", "Feu rouge franchi", "Red light passed"),
    OffenceKind("stop_sign", 4, _C4, "R415-6", "Stop non respecté", "Stop sign not observed"),
    OffenceKind("priority", 4, _C4, "R415-5", "Refus de priorité", "Priority refused"),
    OffenceKind("wrong_way", 4, _C4, "R412-28", "Circulation en sens interdit", "Driving the wrong way"),
    OffenceKind(
        "reversing_on_motorway",
        4,
        _C4,
        "R421-6",
        "Marche arrière ou demi-tour sur autoroute",
        "Reversing or turning on a motorway",
    ),
    OffenceKind(
        "unlit", 4, _C4, "R416-4", "Circulation de nuit sans éclairage", "Driving without lights at night"
    ),
    OffenceKind(
        "pedestrian_priority",
        6,
        _C4,
        "R415-11",
        "Priorité refusée à un piéton",
        "Priority refused to a pedestrian",
    ),
    OffenceKind(
        "alcohol",
        6,
        _C4,
        "R234-1",
        "Alcoolémie de 0,5 g/l ou plus (0,2 en période probatoire)",
        "Blood alcohol of 0.5 g/l or more (0.2 in probation)",
    ),
    OffenceKind(
        "alcohol_high",
        6,
        _D,
        "L234-1",
        "Alcoolémie de 0,8 g/l ou plus, ou ivresse manifeste",
        "Blood alcohol of 0.8 g/l or more, or manifest drunkenness",
    ),
    OffenceKind("drugs", 6, _D, "L235-1", "Conduite après usage de stupéfiants", "Driving after drug use"),
    OffenceKind(
        "alcohol_and_drugs",
        9,
        "delit_alcool_stupefiants",
        "L235-1",
        "Alcool et stupéfiants ensemble",
        "Alcohol and drugs together",
        _NINE,
        checked=True,
    ),
    OffenceKind(
        "refusal",
        6,
        _D,
        "L233-1, L234-8, L235-3",
        "Refus d’obtempérer ou de se soumettre aux vérifications",
        "Refusing to stop or to be tested",
    ),
    OffenceKind("hit_and_run", 6, _D, "L231-1", "Délit de fuite", "Hit and run"),
    OffenceKind("radar_detector", 6, _C5, "R413-15", "Détecteur de radars", "Radar detector"),
    OffenceKind(
        "driving_while_suspended",
        6,
        _D,
        "L224-16",
        "Conduite malgré une suspension ou une rétention",
        "Driving while suspended or retained",
        checked=True,
    ),
    OffenceKind(
        "interlock_breached",
        6,
        _C5,
        "R224-6 VI",
        "Obligation d’éthylotest antidémarrage non respectée",
        "Interlock order breached",
    ),
)


def _by_code() -> Mapping[str, tuple[OffenceKind, ...]]:
    found: dict[str, tuple[OffenceKind, ...]] = {}
    for row in _ROWS:
        earlier = found.get(row.code, ())
        if earlier and row.committed_from <= earlier[-1].committed_from:
            msg = f"the versions of {row.code} are not in order"
            raise ValueError(msg)
        found[row.code] = (*earlier, row)
    return MappingProxyType(found)


OFFENCES: Final = _by_code()
"""Every version of every kind, by code, oldest first."""


def offence_on(code: str, committed_on: date) -> OffenceKind | None:
    """The version in force on the day of the offence; None when there is no such kind, or not yet."""
    versions = [row for row in OFFENCES.get(code, ()) if row.committed_from <= committed_on]
    return versions[-1] if versions else None
