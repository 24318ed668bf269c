"""`/quality` for people: tables with captions and headers, no script, nothing from elsewhere, no colour that means something."""

from __future__ import annotations

from html import escape
from typing import Final

from fastapi.responses import HTMLResponse

from verifier.catalogue import catalogue
from verifier.reasons import Reason
from wallet_api.pages.frame import Language, frame

from .figures import DAYS, OPINIONS, PERIOD_DAYS, THRESHOLD, CountOf, Quality
from .opinions import NAMES
from .tally import BOUNDS

_NBSP: Final = "\u00a0"
_GROUPS: Final = {
    "issuing": ("Délivrance aux téléphones", "Issuing to phones"),
    "acts": ("Actes des autorités", "Acts of authorities"),
    "lists": ("Listes publiées", "Published lists"),
    "citizens": ("Espace personnel et aidants", "Personal space and aidants"),
    "pages": ("Autres adresses", "Other addresses"),
}
_OPINIONS: Final = dict(
    zip(
        OPINIONS,
        (
            ("très mauvais", "1 – very bad"),
            ("mauvais", "2 – bad"),
            ("moyen", "3 – fair"),
            ("bon", "4 – good"),
            ("très bon", "5 – very good"),
        ),
        strict=True,
    )
)
_TEXTS: Final = {
    "title": ("Qualité du service", "Quality of the service"),
    "period": (
        f"Les {PERIOD_DAYS} derniers jours. Aucune personne, aucun appareil n’est compté séparément.",
        f"The last {PERIOD_DAYS} days. No person and no device is counted separately.",
    ),
    "availability": ("Disponibilité", "Availability"),
    "available": (
        "Part des minutes où le service répondait et atteignait sa base : {share}, sur {known} minutes connues.",
        "Share of minutes in which the service lived and reached its database: {share}, of {known} minutes known.",
    ),
    "unknown": ("Rien n’est encore connu.", "Nothing is known yet."),
    "age": ("Âge des listes publiées : {age}.", "Age of the published lists: {age}."),
    "no_lists": ("Aucune liste n’est publiée.", "No list is published."),
    "days": (f"Par jour, {DAYS} derniers jours", f"By day, last {DAYS} days"),
    "day": ("Jour", "Day"),
    "latency": ("Temps de réponse", "Time to answer"),
    "latency_note": (
        "Chaque valeur est une borne : la moitié (50 %), 95 % ou 99 % des réponses étaient plus rapides ou égales.",
        "Each value is a bound: half (50%), 95% or 99% of the answers were as fast or faster.",
    ),
    "group": ("Adresses", "Addresses"),
    "answers": ("Réponses", "Answers"),
    "failed": ("Erreurs du service", "Service errors"),
    "verdicts": ("Verdicts des terminaux, par motif", "Verdicts of terminals, by reason"),
    "opinions": ("Avis", "Opinions"),
    "opinion": ("Note", "Mark"),
    "reason": ("Motif", "Reason"),
    "outcome": ("Verdict", "Verdict"),
    "count": ("Nombre, au moins", "Number, at least"),
    "voluntary": (
        f"Comptes envoyés volontairement par des terminaux, arrondis à la dizaine ; moins de {THRESHOLD} : non publié.",
        f"Counts that terminals sent of their own accord, rounded down to tens; fewer than {THRESHOLD}: not published.",
    ),
    "public": ("Avis du public, par sujet", "Opinions of the public, by topic"),
    "public_note": (
        "Une note de 1 à 5 sur un sujet, sans texte : POST /quality/opinions. Rien n’est gardé de qui la donne.",
        "A note from 1 to 5 on a topic, without text: POST /quality/opinions. Nothing is kept of who gives it.",
    ),
    "topic": ("Sujet", "Topic"),
    "mean": ("Note moyenne", "Mean note"),
    "withheld": (f"moins de {THRESHOLD}", f"fewer than {THRESHOLD}"),
    "none": ("Aucun compte reçu.", "No count received."),
    "beyond": (f"plus de {BOUNDS[-1]} ms", f"over {BOUNDS[-1]} ms"),
    "json": ("Les mêmes chiffres en JSON", "The same figures as JSON"),
}


class _Words:
    """The texts in one language, and numbers as it writes them."""

    def __init__(self, lang: Language) -> None:
        self.lang, self._place = lang, 0 if lang == "fr" else 1

    def __getitem__(self, name: str) -> str:
        return self.one(_TEXTS[name])

    def one(self, pair: tuple[str, str]) -> str:
        text = pair[self._place]
        if self.lang == "fr":
            for mark in (" :", " ;", " %"):
                text = text.replace(mark, _NBSP + mark[1])
        return escape(text)

    def number(self, value: int) -> str:
        return f"{value:,}".replace(",", _NBSP) if self.lang == "fr" else f"{value:,}"

    def decimal(self, value: float) -> str:
        return f"{value:.1f}".replace(".", ",") if self.lang == "fr" else f"{value:.1f}"

    def share(self, value: float) -> str:
        text = f"{value * 100:.2f}"
        return f"{text.replace('.', ',')}{_NBSP}%" if self.lang == "fr" else f"{text}%"

    def duration(self, seconds: int) -> str:
        hours, minutes = divmod(seconds // 60, 60)
        return f"{self.number(hours)}{_NBSP}h {minutes}{_NBSP}min"


def render(quality: Quality, lang: Language) -> HTMLResponse:
    """The page in one language."""
    words = _Words(lang)
    parts = [
        f"<p>{words['period']}</p>",
        *_availability(quality, words),
        *_latency(quality, words),
        *_verdicts(quality, words),
        *_opinions(quality, words),
        *_public(quality, words),
        f'<p><a href="/quality.json">{words["json"]}</a></p>',
    ]
    return frame(lang, words["title"], "\n".join(parts))


def _availability(quality: Quality, words: _Words) -> list[str]:
    lines = [f"<h2>{words['availability']}</h2>"]
    if quality.availability is None:
        lines.append(f"<p>{words['unknown']}</p>")
    else:
        known = words.number(quality.minutes_known)
        lines.append(
            f"<p>{words['available'].format(share=words.share(quality.availability), known=known)}</p>"
        )
    age = quality.lists_age_seconds
    if quality.days:
        lines.append(_days(quality, words))
    text = words["no_lists"] if age is None else words["age"].format(age=words.duration(max(0, age)))
    return [*lines, f"<p>{text}</p>"]


def _days(quality: Quality, words: _Words) -> str:
    rows = [
        [
            one.day.isoformat(),
            "–" if one.availability is None else words.share(one.availability),
            words.number(one.answers),
            words.number(one.failed),
            *(_bound(value, one.answers, words) for value in (one.p50, one.p95, one.p99)),
        ]
        for one in quality.days
    ]
    shares = [words.one((f"{share} %", f"{share}%")) for share in (50, 95, 99)]
    heads = [words["day"], words["availability"], words["answers"], words["failed"], *shares]
    return _table(words["days"], heads, rows)


def _latency(quality: Quality, words: _Words) -> list[str]:
    rows = [
        [
            words.one(_GROUPS[one.group]),
            words.number(one.answers),
            words.number(one.failed),
            *(_bound(value, one.answers, words) for value in (one.p50, one.p95, one.p99)),
        ]
        for one in quality.groups
    ]
    shares = [words.one((f"{share} %", f"{share}%")) for share in (50, 95, 99)]
    heads = [words["group"], words["answers"], words["failed"], *shares]
    return [
        f"<h2>{words['latency']}</h2>",
        f"<p>{words['latency_note']}</p>",
        _table(words["latency"], heads, rows),
    ]


def _bound(value: int | None, answers: int, words: _Words) -> str:
    if answers == 0:
        return "–"
    return words["beyond"] if value is None else f"{words.number(value)}{_NBSP}ms"


def _verdicts(quality: Quality, words: _Words) -> list[str]:
    texts = catalogue()
    rows = []
    for one in quality.verdicts:
        reason = Reason[one.code]
        title, word = texts.reasons[reason].title, texts.outcomes[reason.outcome].word
        rows.append(
            [words.one((title.fr, title.en)), words.one((word.fr, word.en)), _count(one, words)],
        )
    return _counts("verdicts", [words["reason"], words["outcome"], words["count"]], rows, words)


def _opinions(quality: Quality, words: _Words) -> list[str]:
    rows = [[words.one(_OPINIONS[one.code]), _count(one, words)] for one in quality.opinions]
    return _counts("opinions", [words["opinion"], words["count"]], rows, words)


def _public(quality: Quality, words: _Words) -> list[str]:
    rows = [
        [
            words.one(NAMES[one.topic]),
            "–" if one.mean is None else words.decimal(one.mean),
            words["withheld"] if one.at_least is None else words.number(one.at_least),
        ]
        for one in quality.public_opinions
    ]
    heads = [words["topic"], words["mean"], words["count"]]
    return [
        f"<h2>{words['public']}</h2>",
        f"<p>{words['public_note']}</p>",
        _table(words["public"], heads, rows),
    ]


def _counts(name: str, heads: list[str], rows: list[list[str]], words: _Words) -> list[str]:
    if not rows:
        return [f"<h2>{words[name]}</h2>", f"<p>{words['none']}</p>"]
    return [f"<h2>{words[name]}</h2>", f"<p>{words['voluntary']}</p>", _table(words[name], heads, rows)]


def _count(one: CountOf, words: _Words) -> str:
    return words["withheld"] if one.at_least is None else words.number(one.at_least)


def _table(caption: str, heads: list[str], rows: list[list[str]]) -> str:
    """A table that can be scrolled by keyboard when it is wider than the screen. Everything given is escaped already."""
    head = "".join(f'<th scope="col">{one}</th>' for one in heads)
    body = "\n".join(
        f'<tr><th scope="row">{first}</th>{"".join(f"<td>{one}</td>" for one in others)}</tr>'
        for first, *others in rows
    )
    return (
        f'<div class="wide" role="region" aria-label="{caption}" tabindex="0"><table><caption>{caption}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>"
    )
