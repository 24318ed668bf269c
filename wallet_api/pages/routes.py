"""The human page at `/` and a page for each problem type. French first; `?lang=en` for English; no script.

Neutral look of our own: nothing that could pass for a page of the State (Code pénal 433-13).
"""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from wallet_api.pages.frame import STYLE, Language, frame
from wallet_api.problems import PROBLEMS, WalletError

router = APIRouter(include_in_schema=False)

_HOME: Final = {
    "fr": (
        "Laissez-passer",
        (
            "Ce service délivre des permis de conduire et des cartes Vitale fictifs à un téléphone simulé, et publie "
            "les listes que des terminaux consultent hors ligne."
        ),
        "Description de l’interface",
        "Qualité du service",
    ),
    "en": (
        "Laissez-passer",
        (
            "This service issues fictitious driving licences and Vitale cards to a simulated phone, and publishes the "
            "lists that terminals consult offline."
        ),
        "Description of the interface",
        "Quality of the service",
    ),
}


@router.get("/")
def read_home(lang: Language = "fr") -> HTMLResponse:
    """What this service is, and that it is no official one."""
    title, text, link, quality = _HOME[lang]
    return frame(
        lang,
        title,
        f'<p>{escape(text)}</p>\n<p><a href="/docs.json">{escape(link)} (OpenAPI)</a></p>\n'
        f'<p><a href="/quality{"" if lang == "fr" else "?lang=en"}">{escape(quality)}</a></p>',
    )


@router.get("/problems/{code}")
def read_problem(code: str, lang: Language = "fr") -> HTMLResponse:
    """What a problem type means. An unknown one is itself a problem."""
    problem = PROBLEMS.get(code)
    if problem is None:
        raise WalletError("not-found")
    text = problem.fr if lang == "fr" else problem.en
    return frame(lang, problem.code, f"<p>{escape(text)}</p>\n<p>HTTP {problem.status}</p>")


@router.get("/style.css")
def read_style() -> Response:
    """The one style sheet; the content policy admits nothing inline."""
    return Response(STYLE, media_type="text/css")
