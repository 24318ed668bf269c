"""What a notice says, in French and in English: the day, and what to do. No number of points, no kind of right."""

from __future__ import annotations

from datetime import date
from typing import Final

from .notices import Notice, NoticeTopic

_MONTHS: Final = {
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin"),
        *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_TEXTS: Final = {
    NoticeTopic.TITLE_END: (
        (
            "Fin de validité de votre titre",
            "Dernier jour de votre titre de conduite : {day}. Demandez son renouvellement.",
        ),
        ("End of your licence document", "Last day of your licence document: {day}. Ask for a new one."),
    ),
    NoticeTopic.CATEGORY_END: (
        (
            "Fin de validité de catégories",
            "Catégories {detail} : valables jusqu’au {day}. Prenez rendez-vous pour l’avis médical.",
        ),
        (
            "End of categories",
            "Categories {detail}: valid until {day}. Make an appointment for the medical opinion.",
        ),
    ),
    NoticeTopic.POINTS_RETURN: (
        (
            "Des points reviennent",
            "Sans nouvelle infraction, des points reviennent sur votre permis le {day}.",
        ),
        ("Points come back", "Without a new offence, points come back to your licence on {day}."),
    ),
    NoticeTopic.PROBATION_END: (
        ("Fin du délai probatoire", "Sans nouvelle infraction, votre délai probatoire prend fin le {day}."),
        ("End of probation", "Without a new offence, your probation ends on {day}."),
    ),
    NoticeTopic.SUSPENSION_END: (
        (
            "Fin d’une mesure",
            "Une mesure sur votre droit de conduire prend fin le {day}. Vérifiez ce qu’elle demande avant de conduire.",
        ),
        (
            "End of a measure",
            "A measure on your right to drive ends on {day}. Check what it asks of you before you drive.",
        ),
    ),
    NoticeTopic.RIGHTS_END: (
        (
            "Fin de droits",
            "Vos droits à l’assurance maladie sont connus jusqu’au {day}. Contactez votre caisse.",
        ),
        ("End of rights", "Your health-insurance rights are known until {day}. Contact your fund."),
    ),
    NoticeTopic.CREDENTIAL_END: (
        (
            "Titre numérique à renouveler",
            "Ce qu’un de vos téléphones présente expire le {day}. Ouvrez l’application en étant connecté.",
        ),
        (
            "Digital document to renew",
            "What one of your phones shows expires on {day}. Open the application while online.",
        ),
    ),
    NoticeTopic.PRINTED_CARD_END: (
        (
            "Carte imprimée bientôt périmée",
            "Une carte imprimée n’est plus lisible après le {day}. Demandez-en une autre.",
        ),
        ("Printed card about to end", "A printed card cannot be read after {day}. Ask for another one."),
    ),
    NoticeTopic.MANDATE_END: (
        (
            "Fin d’un mandat",
            "Un mandat donné à un aidant prend fin le {day}. Il n’y a rien à faire pour l’arrêter.",
        ),
        (
            "End of a mandate",
            "A mandate given to an assistant ends on {day}. Nothing has to be done to stop it.",
        ),
    ),
}


def texts(notice: Notice) -> tuple[tuple[str, str], tuple[str, str]]:
    """Title and text in French, then in English."""
    return _filled(notice, 0, french(notice.on)), _filled(notice, 1, english(notice.on))


def french(day: date) -> str:
    """`1er août 2028`."""
    return f"{'1er' if day.day == 1 else day.day} {_MONTHS['fr'][day.month - 1]} {day.year}"


def english(day: date) -> str:
    """`1 August 2028`."""
    return f"{day.day} {_MONTHS['en'][day.month - 1]} {day.year}"


def _filled(notice: Notice, language: int, day: str) -> tuple[str, str]:
    title, text = _TEXTS[notice.topic][language]
    return title, text.format(day=day, detail=notice.detail)
