"""What stands on a printed card: who, what, until when, and how it is read. French first, English beside it.

Nothing on it says that it is valid: a terminal does. Nothing looks like a page of the State (Code pénal 433-13).
"""

from __future__ import annotations

import io
from datetime import date
from typing import Final

from PIL import Image

from credentials import envelope, qr_text
from credentials.claims import Claims
from credentials.display import display_text
from credentials.driving_licence import AgeOver18, Proof
from credentials.envelope import Paper, Shown
from credentials.paris_day import paris_day
from credentials.person import BirthDate
from credentials.spec import Form
from credentials.stages import CredentialBytes
from wallet_api.citizens.notice_texts import english, french

from .pdf import POINTS_PER_MM, Page, Picture, Words, draw_page
from .qr import QUIET_ZONE, modules_of

BANNER: Final = "Démonstrateur, service non officiel, données fictives"
_SIDE: Final = 90 * POINTS_PER_MM
_LEAST_MODULE: Final = 0.4 * POINTS_PER_MM


def code_text(form: Form, claims: Claims, credential: CredentialBytes) -> str:
    """The text of the code: the credential without a device key in its envelope."""
    return str(qr_text.encode(envelope.encode(Paper(Shown(form, claims.view, credential)))))


def card_page(text: str, claims: Claims, credential_id: str) -> bytes:
    """The card as a PDF page. `credential_id` is what a loss is reported with."""
    most = int(_SIDE / _LEAST_MODULE) - 2 * QUIET_ZONE
    title, lines, face = _subject(claims)
    end = paris_day(claims.expires_at - 1)
    return draw_page(
        Page(
            title=f"{title} – {BANNER}",
            before=(
                Words(f"{BANNER}.", 11, bold=True, above=0),
                Words("Demonstrator, unofficial service, fictitious data.", 9, above=0),
                Words(title, 18, bold=True, above=10),
                *lines,
            ),
            code=modules_of(text, most),
            side=_SIDE,
            face=face,
            after=(
                Words(
                    f"Carte imprimée, à présenter avec une pièce d’identité jusqu’au {french(end)}.",
                    12,
                    bold=True,
                ),
                Words(f"Printed card, to be shown with an identity document until {english(end)}.", 10),
                Words(
                    "Un contrôle lit ce code sans téléphone ni réseau et affiche qu’il vient d’un papier. Une photocopie se "
                    "lit aussi : c’est la pièce d’identité qui fait foi de la personne.",
                    10,
                ),
                Words(
                    "Perdue ou volée : signalez-la au guichet ou dans votre espace avec la référence ci-dessous ; elle sera "
                    "refusée, votre droit demeure. / Lost or stolen: report it with this reference.",
                    10,
                ),
                Words(f"Référence / Reference: {credential_id}", 9),
                Words(f"{BANNER}.", 9, bold=True, above=8),
            ),
        )
    )


def _subject(claims: Claims) -> tuple[str, tuple[Words, ...], Picture | None]:
    subject = claims.subject
    if isinstance(subject, Proof):
        codes = ", ".join(one.code for one in subject.categories)
        lines = (
            Words(f"{display_text(subject.family_name)} {display_text(subject.given_names)}", 14, bold=True),
            Words(f"Né·e le / Born on: {_born(subject.birth_date)}"),
            Words(f"Catégories / Categories: {codes}"),
            Words(f"Titre : expire le {_slashed(subject.expiry_date)} / Document expires (DD/MM/YYYY)"),
        )
        return "Permis de conduire / Driving licence", lines, _face(subject.portrait)
    assert isinstance(subject, AgeOver18)  # the two views that have a paper form
    french_text, english_text = (
        ("Plus de 18 ans", "Over 18") if subject.age_over_18 else ("Moins de 18 ans", "Under 18")
    )
    return f"{french_text} / {english_text}", (), _face(subject.portrait)


def _face(portrait: bytes | None) -> Picture | None:
    if portrait is None:
        return None
    with Image.open(io.BytesIO(portrait), formats=("WEBP", "AVIF")) as opened:
        face = opened.convert("RGB")
    return Picture(face.width, face.height, face.tobytes())


def _slashed(day: date) -> str:
    return f"{day.day:02}/{day.month:02}/{day.year}"


def _born(birth: BirthDate) -> str:
    return "/".join(
        ["??" if one is None else f"{one:02}" for one in (birth.day, birth.month)] + [str(birth.year)]
    )
