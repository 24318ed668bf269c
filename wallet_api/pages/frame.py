"""What every page of the service has around it: the banner, the other language, one style sheet, no script."""

from __future__ import annotations

from html import escape
from typing import Final, Literal

from fastapi.responses import HTMLResponse

Language = Literal["fr", "en"]

_BANNER: Final = {
    "fr": "Démonstrateur, service non officiel, données fictives.",
    "en": "Demonstrator, unofficial service, fictitious data.",
}
STYLE: Final = """\
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 42rem; padding: 1rem; }
.notice { border: 3px solid; padding: 0.75rem 1rem; font-weight: 600; }
a { display: inline-block; min-height: 2.75rem; }
a:focus-visible, .wide:focus-visible { outline: 3px solid; outline-offset: 3px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: start; font-weight: 600; }
th, td { border: 1px solid; padding: 0.25rem 0.5rem; text-align: end; }
th:first-child { text-align: start; }
"""
"""The one style sheet."""


def frame(lang: Language, title: str, body: str) -> HTMLResponse:
    """A page with this title (text) and body (markup)."""
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
