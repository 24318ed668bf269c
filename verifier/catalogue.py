"""The texts of the catalogue in French and English, and the formatter that fills them in.

1. `reasons.json` is read the first time a text is asked for, and this module (with `json`) is imported then: judging
   costs no file access.
2. No locale and no time-zone database: dates are JJ/MM/AAAA of the Paris civil day in both languages.
3. No text of a claim enters a sentence but `{category}` and `{restriction}` of the form `[0-9A-Z.]{1,8}`: a name
   cannot imitate a verdict.
4. French has a no-break space before `: ; ? !` and inside guillemets; the catalogue is written so, a test checks it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from credentials.paris_day import paris_day

from .reasons import NoticeCode, Outcome, Reason

if TYPE_CHECKING:
    from .facts import Notice, Parameter, Params
    from .judged import Judged

Language = Literal["fr", "en"]

_PLAIN_CODE: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.")
_PLAIN_CODE_CHARACTERS: Final = 8
_NOT_SUBSTITUTED: Final = "…"


class Bilingual(NamedTuple):
    """One text in French and English."""

    fr: str
    en: str

    def in_language(self, language: Language) -> str:
        """The text in one of the two."""
        return self.fr if language == "fr" else self.en

    def as_json(self) -> dict[str, str]:
        """`{"fr": ..., "en": ...}`."""
        return {"fr": self.fr, "en": self.en}


class Texts(NamedTuple):
    """What a surface writes: the outcome's word, the reason's title and sentence, the next action."""

    word: Bilingual
    title: Bilingual
    sentence: Bilingual
    action: Bilingual


class OutcomeTexts(NamedTuple):
    """How an outcome is written and drawn: word, mark in pure ASCII, shape and border names, vibration in ms."""

    word: Bilingual
    ascii: str
    shape: str
    border: str
    vibration_ms: tuple[int, ...]


class ReasonTexts(NamedTuple):
    """Texts of one reason with their placeholders, and when it arises."""

    title: Bilingual
    sentence: Bilingual
    action: Bilingual
    when: str
    sentence_without_params: Bilingual | None
    action_without_portrait: Bilingual | None


class NoticeTexts(NamedTuple):
    """Texts of one notice with their placeholders, and when it arises."""

    sentence: Bilingual
    when: str


class Catalogue(NamedTuple):
    """`reasons.json` as values."""

    outcomes: Mapping[Outcome, OutcomeTexts]
    reasons: Mapping[Reason, ReasonTexts]
    notices: Mapping[NoticeCode, NoticeTexts]
    exit_codes: Mapping[int, str]


@cache
def catalogue() -> Catalogue:
    """The catalogue, read once from the package's own `reasons.json`."""
    raw = json.loads(Path(__file__).with_name("reasons.json").read_bytes())
    return Catalogue(
        outcomes={Outcome(row["code"]): _outcome(row) for row in raw["outcomes"]},
        reasons={Reason[row["code"]]: _reason(row) for row in raw["reasons"]},
        notices={
            NoticeCode[row["code"]]: NoticeTexts(Bilingual(**row["sentence"]), row["when"])
            for row in raw["notices"]
        },
        exit_codes={int(code): meaning for code, meaning in raw["exit_codes"].items()},
    )


def _outcome(row: dict[str, Any]) -> OutcomeTexts:
    return OutcomeTexts(
        Bilingual(**row["word"]), row["ascii"], row["shape"], row["border"], tuple(row["vibration_ms"])
    )


def _reason(row: dict[str, Any]) -> ReasonTexts:
    return ReasonTexts(
        title=Bilingual(**row["title"]),
        sentence=Bilingual(**row["sentence"]),
        action=Bilingual(**row["action"]),
        when=row["when"],
        sentence_without_params=_optional(row, "sentence_without_params"),
        action_without_portrait=_optional(row, "action_without_portrait"),
    )


def _optional(row: dict[str, Any], name: str) -> Bilingual | None:
    return Bilingual(**row[name]) if name in row else None


def texts(verdict: Judged) -> Texts:
    """Everything a surface writes above the facts. Raises `KeyError` when a parameter is missing, a programming error."""
    reason = catalogue().reasons[verdict.reason]
    sentence, action = reason.sentence, reason.action
    if reason.sentence_without_params is not None and not verdict.params:
        sentence = reason.sentence_without_params
    if reason.action_without_portrait is not None and not _shows_portrait(verdict):
        action = reason.action_without_portrait
    return Texts(
        word=catalogue().outcomes[verdict.outcome].word,
        title=reason.title,
        sentence=filled(sentence, verdict.params),
        action=action,
    )


def notice_sentence(notice: Notice) -> Bilingual:
    """The sentence of a notice. Raises `KeyError` when a parameter is missing, a programming error."""
    return filled(catalogue().notices[notice.code].sentence, notice.params)


def _shows_portrait(verdict: Judged) -> bool:
    claims = getattr(verdict, "claims", None)
    return getattr(claims, "portrait", None) is not None


def filled(text: Bilingual, params: Params) -> Bilingual:
    """The text with its placeholders replaced, in both languages. Raises `KeyError` when one is missing."""
    if "{" not in text.fr:
        return text
    return Bilingual(_fill(text.fr, params, "fr"), _fill(text.en, params, "en"))


def _fill(template: str, params: Params, language: Language) -> str:
    # Not str.format: a template is plain text, and nothing inserted is read again.
    parts = template.split("{")
    written = [parts[0]]
    for part in parts[1:]:
        name, _, rest = part.partition("}")
        written.append(_WRITE[name](params[name], language))
        written.append(rest)
    return "".join(written)


def written_date(value: Parameter) -> str:
    """A date, or the Paris day of an instant in UTC seconds, as JJ/MM/AAAA. Raises `TypeError` for text."""
    if isinstance(value, str):
        msg = "a date is a date or an instant"
        raise TypeError(msg)
    day = value if isinstance(value, date) else paris_day(value)
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def written_age(seconds: Parameter, language: Language) -> str:
    """Seconds in the largest whole unit: 40 s, 12 min, 2 h, 9 jours or 9 days. Raises `TypeError` for a non-integer."""
    if not isinstance(seconds, int):
        msg = "an age is a number of seconds"
        raise TypeError(msg)
    seconds = max(seconds, 0)
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return f"{seconds // _HOUR} h"
    days = seconds // _DAY
    unit = {"fr": "jour", "en": "day"}[language]
    return f"{days} {unit}" if days == 1 else f"{days} {unit}s"


def _code(value: Parameter, _language: Language) -> str:
    plain = (
        isinstance(value, str) and 0 < len(value) <= _PLAIN_CODE_CHARACTERS and _PLAIN_CODE.issuperset(value)
    )
    return str(value) if plain else _NOT_SUBSTITUTED


def _whole(value: Parameter, _language: Language) -> str:
    return str(int(value)) if isinstance(value, int) else _NOT_SUBSTITUTED


def _source(value: Parameter, language: Language) -> str:
    return _SOURCES[str(value)].in_language(language)


def _word(value: Parameter, language: Language) -> str:
    return catalogue().outcomes[Outcome(str(value))].word.in_language(language)


_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_SOURCES: Final = {
    "list": Bilingual("la liste", "the list"),
    "document": Bilingual("le titre", "the document"),
}
_WRITE: Final[dict[str, Callable[[Parameter, Language], str]]] = {
    "age": written_age,
    "attested": _whole,
    "category": _code,
    "date": lambda value, _language: written_date(value),
    "listed": _whole,
    "outcome": _word,
    "restriction": _code,
    "source": _source,
}
