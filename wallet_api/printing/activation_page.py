"""The sheet with an activation code: what to type, until when, and the fingerprint by which the phone knows the authority.

A second part is never on it: it is told apart.
"""

from __future__ import annotations

from datetime import UTC, datetime

from credentials.paris_day import paris_day
from credentials.spec import DocumentType
from wallet_api.citizens.notice_texts import english, french

from .card_page import BANNER
from .pdf import POINTS_PER_MM, Page, Words, draw_page
from .qr import modules_of

ROOT_DIGITS = 20
_SIDE = 45 * POINTS_PER_MM
_NAMES = {
    DocumentType.DRIVING_LICENCE: ("Permis de conduire", "Driving licence"),
    DocumentType.VITALE_CARD: ("Carte Vitale", "Vitale card"),
}


def activation_page(
    document_type: DocumentType, code: str, root: str, address: str, expires_at: str, *, wants_second: bool
) -> bytes:
    """The sheet as a PDF page. `expires_at` is the instant as the API spells it; `address` that of the service."""
    moment = int(datetime.fromisoformat(expires_at).astimezone(UTC).timestamp())
    day = paris_day(moment)
    name_fr, name_en = _NAMES[document_type]
    short = " ".join(root[start : start + 4] for start in range(0, ROOT_DIGITS, 4))
    second = (
        (
            Words("Le téléphone demandera aussi la seconde partie, que vous seul·e connaissez."),
            Words("The phone also asks for the second part, which you alone know.", 9, above=0),
        )
        if wants_second
        else ()
    )
    return draw_page(
        Page(
            title=f"Code d’activation / Activation code – {BANNER}",
            before=(
                Words(f"{BANNER}.", 11, bold=True, above=0),
                Words("Demonstrator, unofficial service, fictitious data.", 9, above=0),
                Words(f"{name_fr} : code d’activation", 18, bold=True, above=10),
                Words(f"{name_en}: activation code", 11, above=0),
                Words(code, 24, bold=True, above=16),
                Words(f"Utilisable une fois, jusqu’au {french(day)}. / Good once, until {english(day)}."),
            ),
            code=modules_of(code, 57),
            side=_SIDE,
            after=(
                Words(
                    f"Sur votre téléphone, donnez à l’application ce code et l’adresse du service : {address}",
                    above=12,
                ),
                Words(
                    f"On your phone, give the application this code and the service's address: {address}",
                    9,
                    above=0,
                ),
                *second,
                Words(f"Empreinte de l’autorité / Fingerprint of the authority: {short}", bold=True),
                Words(
                    "Personne ne vous demandera ce code au téléphone ou par message. Détruisez la feuille ensuite."
                ),
                Words(
                    "Nobody asks you for this code by telephone or message. Destroy the sheet afterwards.",
                    9,
                    above=0,
                ),
                Words(f"{BANNER}.", 9, bold=True, above=8),
            ),
        )
    )
