"""The human page at `/` and a page for each problem type. French first; `?lang=en` for English; no script.

Neutral look of our own: nothing that could pass for a page of the State (Code pénal 433-13).
"""

from __future__ import annotations

from html import escape
from typing import Final, Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from wallet_api.problems import PROBLEMS, WalletError

router = APIRouter(include_in_schema=False)
Language = Literal["fr", "en"]

_BANNER: Final = {
    "fr": "Démonstrateur, service non officiel, données fictives.",
    "en": "Demonstrator, unofficial service, fictitious data.",
}
_HOME: Final = {
    "fr": (
        "Laissez-passer",
        (
            "Ce service délivre des permis de conduire et des cartes Vitale fictifs à un téléphone simulé, et publie "
            "les listes que des terminaux consultent hors ligne."
        ),
        "Description de l’interface",
    ),
    "en": (
        "Laissez-passer",
        (
            "This service issues fictitious driving licences and Vitale cards to a simulated phone, and publishes the "
            "lists that terminals consult offline."
        ),
        "Description of the interface",
    ),
}
_STYLE: Final = """\
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 42rem; padding: 1rem; }
.notice { border: 3px solid; padding: 0.75rem 1rem; font-weight: 600; }
a { display: inline-block; min-height: 2.75rem; }
a:focus-visible { outline: 3px solid; outline-offset: 3px; }
"""


@router.get("/")
def read_home(lang: Language = "fr") -> HTMLResponse:
    """What this service is, and that it is no official one."""
    title, text, link = _HOME[lang]
    return _page(
        lang, title, f'<p>{escape(text)}</p>\n<p><a href="/docs.json">{escape(link)} (OpenAPI)</a></p>'
    )


@router.get("/problems/{code}")
def read_problem(code: str, lang: Language = "fr") -> HTMLResponse:
    """What a problem type means. An unknown one is itself a problem."""
    problem = PROBLEMS.get(code)
    if problem is None:
        raise WalletError("not-found")
    text = problem.fr if lang == "fr" else problem.en
    return _page(lang, problem.code, f"<p>{escape(text)}</p>\n<p>HTTP {problem.status}</p>")


@router.get("/style.css")
def read_style() -> Response:
    """The one style sheet; the content policy admits nothing inline."""
    return Response(_STYLE, media_type="text/css")


def _page(lang: Language, title: str, body: str) -> HTMLResponse:
    other, name = ("en", "English") if lang == "fr" else ("fr", "Français")
    return HTMLResponse(
        f"""<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} – {escape(_BANNER[lang])}</title><link rel="stylesheet" href="/style.css"></head>
<body>
<header><p class="notice">{escape(_BANNER[lang])}</p></header>
<main><h1>{escape(title)}</h1>
{body}
</main>
<footer><p><a href="?lang={other}" lang="{other}" hreflang="{other}">{name}</a></p></footer>
</body>
</html>
""",
        headers={"Content-Language": lang},
    )
