"""A verdict as text for a terminal: a panel, one line for a pipe, or plain lines for a screen reader or Braille.

1. The first line holds catalogue text only; what comes from claims stands below, each line under a label, so that no
   name can look like a verdict or move a line.
2. Names are `display_names`; a NIR is masked. What the verdict does not hold is not written.
3. `ascii_only` is for an output that cannot say é: accents fall, and the mark [OK] [!] [X] [?] stands before the word.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import Final, NamedTuple

from credentials.driving_licence import AgeOver18, DrivingPrivilege, Proof, RoadCheck
from credentials.paris_day import paris_day, paris_offset
from credentials.person import BirthDate
from credentials.spec import POINTS_MAX, DocumentType
from credentials.views import Subject
from credentials.vitale_card import Care, RightsPeriod

from .catalogue import Bilingual, Language, catalogue, notice_sentence, written_age, written_date
from .facts import Answer, Entitlement, ListsUsed, Names, PointsShown, StatusFound
from .reasons import NOTICE_OF, NoticeCode, Outcome, Reason
from .verdict import Check, Refused, Unreadable, Valid, Verdict
from .verdict_json import names_text

_LABEL_CHARACTERS: Final = 14
_NO_BREAK_SPACES: Final = "\u00a0\u202f"
_DAY: Final = 86_400


class Row(NamedTuple):
    """One labelled line under the verdict."""

    label: Bilingual
    value: Bilingual


def panel(verdict: Verdict, language: Language = "fr", *, ascii_only: bool = False) -> str:
    """Several lines for a person: the verdict, then what may be shown, then what to do."""
    texts = verdict.texts
    head = [texts.word.in_language(language), texts.sentence.in_language(language)]
    if verdict.reason is not Reason.OK:
        head.insert(1, str(verdict.reason))
    lines = ["  ".join(head)]
    for row in rows(verdict):
        label = row.label.in_language(language)
        lines.append(f"  {label:<{_LABEL_CHARACTERS}}{row.value.in_language(language)}")
    return _written(verdict, lines, ascii_only=ascii_only)


def one_line(verdict: Verdict, language: Language = "fr", *, ascii_only: bool = False) -> str:
    """One line for a pipe: word, code, sentence, action. It names nobody; a script that needs more reads JSON."""
    texts = verdict.texts
    parts = [
        texts.word.in_language(language),
        str(verdict.reason),
        texts.sentence.in_language(language),
        texts.action.in_language(language),
    ]
    return _written(verdict, ["  ".join(parts)], ascii_only=ascii_only)


def plain(verdict: Verdict, language: Language = "fr", *, ascii_only: bool = False) -> str:
    """The word alone on the first line, then `label : value` lines without frame or symbol."""
    texts = verdict.texts
    colon = {"fr": "\u00a0: ", "en": ": "}[language]
    head = [Row(_REASON, Bilingual(str(verdict.reason), str(verdict.reason))), Row(_MEANING, texts.sentence)]
    lines = [texts.word.in_language(language)]
    lines += [
        row.label.in_language(language) + colon + row.value.in_language(language)
        for row in (*head, *rows(verdict))
    ]
    return _written(verdict, lines, ascii_only=ascii_only)


def mark(outcome: Outcome) -> str:
    """`[OK]`, `[!]`, `[X]` or `[?]`."""
    return catalogue().outcomes[outcome].ascii


def ascii_text(text: str) -> str:
    """The text without accents and no-break spaces; what has no ASCII spelling becomes `?`."""
    for letter, spelling in _SPELLINGS.items():
        text = text.replace(letter, spelling)
    letters = (letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return "".join(letter if letter.isascii() else "?" for letter in letters)


def rows(verdict: Verdict) -> list[Row]:
    """What the verdict holds, in reading order; the action comes last."""
    return list(_rows(verdict))


_SPELLINGS: Final = {
    "œ": "oe",
    "Œ": "OE",
    "æ": "ae",
    "Æ": "AE",
    "’": "'",
    "•": "*",
    "°": "o",
    "«\u00a0": '"',
    "\u00a0»": '"',
}

_REASON: Final = Bilingual("Motif", "Reason")
_MEANING: Final = Bilingual("Phrase", "Sentence")
_HOLDER: Final = Bilingual("Titulaire", "Holder")
_NOTICE: Final = Bilingual("Avis", "Notice")
_ACTION: Final = Bilingual("À faire", "To do")
_DOCUMENTS: Final = {
    DocumentType.DRIVING_LICENCE: Bilingual("permis de conduire", "driving licence"),
    DocumentType.VITALE_CARD: Bilingual("carte Vitale", "health card"),
}
# Their date stands in the row of the balance or of the cover.
_ROWS_OF_THEIR_OWN: Final = frozenset((NoticeCode.POINTS_AS_OF, NoticeCode.RIGHTS_AS_OF))
_ANSWERS: Final = {
    Answer.YES: Bilingual("oui", "yes"),
    Answer.NO: Bilingual("non", "no"),
    Answer.UNKNOWN: Bilingual("non établi", "not proved"),
}


def _written(verdict: Verdict, lines: list[str], *, ascii_only: bool) -> str:
    if ascii_only:
        lines = [ascii_text(line) for line in lines]
        lines[0] = f"{mark(verdict.outcome)} {lines[0]}"
    return "\n".join(map(_one_line, lines))


def _one_line(line: str) -> str:
    return "".join(
        letter if letter.isprintable() or letter in _NO_BREAK_SPACES else "\ufffd" for letter in line
    )


def _rows(verdict: Verdict) -> Iterator[Row]:
    match verdict:
        case Valid(claims=claims, points=points) | Check(claims=claims, points=points):
            yield from _subject_rows(claims, verdict.entitlement, verdict.instant)
            if points is not None:
                yield _points_row(points)
            yield from _entitlement_rows(verdict.entitlement)
        case Refused(names=Names() as names):
            yield _same(_HOLDER, names_text(names))
        case Refused() | Unreadable():
            pass
    if verdict.document is not None:
        yield Row(Bilingual("Titre", "Document"), _DOCUMENTS[verdict.document.type])
    if verdict.status is not None:
        yield from _status_rows(verdict.status)
    yield from _list_rows(verdict.lists, verdict.instant)
    said = NOTICE_OF.get(verdict.reason)
    for notice in verdict.notices:
        if notice.code is not said and notice.code not in _ROWS_OF_THEIR_OWN:
            yield Row(_NOTICE, notice_sentence(notice))
    yield Row(_ACTION, verdict.texts.action)


def _subject_rows(claims: Subject, entitlement: Entitlement, at: int) -> Iterator[Row]:
    match claims:
        case RoadCheck() | Proof():
            yield _same(_HOLDER, f"{names_text(claims)}, {_birth(claims.birth_date)}")
            yield Row(Bilingual("Catégories", "Categories"), _categories(claims.categories))
            yield _same(Bilingual("Fin du titre", "Valid until"), written_date(claims.expiry_date))
        case AgeOver18():
            answer = _ANSWERS[Answer.YES if claims.age_over_18 else Answer.NO]
            yield Row(Bilingual("Plus de 18", "Over 18"), answer)
        case Care():
            yield _same(_HOLDER, f"{names_text(claims)}, {_birth(claims.birth_date)}")
            yield from _care_rows(claims, entitlement, at)
    if isinstance(claims, RoadCheck):
        yield _same(Bilingual("Permis n°", "Licence no."), claims.licence_number)
        yield _same(Bilingual("NEPH", "NEPH"), claims.neph)


def _care_rows(care: Care, entitlement: Entitlement, at: int) -> Iterator[Row]:
    yield _same(Bilingual("NIR assuré", "Insured NIR"), care.insured_nir.masked)
    if care.beneficiary_nir is not None:
        yield _same(Bilingual("NIR personne", "Person's NIR"), care.beneficiary_nir.masked)
    yield _same(Bilingual("Régime", "Scheme"), f"{care.scheme}-{care.fund}-{care.centre}")
    yield Row(Bilingual("Droits", "Cover"), _rights(care, entitlement, at))
    flags = [name for name, held in (("ALD", care.exemption_ald), ("C2S", care.exemption_c2s)) if held]
    if flags:
        yield _same(Bilingual("Exonération", "Exemption"), ", ".join(flags))


def _rights(care: Care, entitlement: Entitlement, at: int) -> Bilingual:
    known = written_date(care.rights_as_of)
    current = _current(care.rights, paris_day(at))
    if entitlement.answer is not Answer.YES or current is None:
        return Bilingual(f"à confirmer, connus au {known}", f"to be confirmed, as known on {known}")
    if current.end is None:
        return Bilingual(f"ouverts, connus au {known}", f"active, as known on {known}")
    end = written_date(current.end)
    return Bilingual(f"ouverts jusqu'au {end}, connus au {known}", f"active until {end}, as known on {known}")


def _current(rights: tuple[RightsPeriod, ...], day: date) -> RightsPeriod | None:
    return next((one for one in rights if one.start <= day and (one.end is None or day <= one.end)), None)


def _points_row(points: PointsShown) -> Row:
    day = written_date(points.as_of)
    label = Bilingual("Points", "Points")
    balance = f"{points.value}/{POINTS_MAX}"
    return Row(label, Bilingual(f"{balance} au {day}", f"{balance} on {day}"))


def _entitlement_rows(entitlement: Entitlement) -> Iterator[Row]:
    if entitlement.asked is not None and entitlement.answer in _ANSWERS and len(entitlement.asked) <= 3:
        answer = _ANSWERS[entitlement.answer]
        yield Row(
            Bilingual("Demande", "Asked"),
            Bilingual(
                f"catégorie {entitlement.asked}, {answer.fr}", f"category {entitlement.asked}, {answer.en}"
            ),
        )


def _status_rows(status: StatusFound) -> Iterator[Row]:
    since = None if status.since is None else written_date(status.since)
    until = None if status.until is None else written_date(status.until)
    french = [f"depuis le {since}"] * (since is not None) + [f"jusqu'au {until}"] * (until is not None)
    english = [f"since {since}"] * (since is not None) + [f"until {until}"] * (until is not None)
    if french:
        yield Row(Bilingual("État", "Status"), Bilingual(", ".join(french), ", ".join(english)))


def _list_rows(lists: ListsUsed, at: int) -> Iterator[Row]:
    held = [one.issued_at for one in (lists.trust, lists.status) if one is not None]
    if not held:
        return
    oldest = min(held)
    age = at - oldest
    when = _paris_minute(oldest)
    yield Row(
        Bilingual("Listes", "Lists"),
        Bilingual(f"{when} (il y a {written_age(age, 'fr')})", f"{when} ({written_age(age, 'en')} ago)"),
    )


def _paris_minute(instant: int) -> str:
    minute = (instant + paris_offset(instant)) % _DAY // 60
    return f"{written_date(instant)} {minute // 60:02}:{minute % 60:02}"


def _birth(birth_date: BirthDate) -> str:
    parts = birth_date.isoformat().split("-")
    return "/".join(reversed(parts))


def _categories(privileges: tuple[DrivingPrivilege, ...]) -> Bilingual:
    return Bilingual(
        ", ".join(_category(one, "jusqu'au") for one in privileges),
        ", ".join(_category(one, "until") for one in privileges),
    )


def _category(privilege: DrivingPrivilege, until: str) -> str:
    notes = list(privilege.restrictions)
    if privilege.valid_to is not None:
        notes.append(f"{until} {written_date(privilege.valid_to)}")
    return f"{privilege.code} ({', '.join(notes)})" if notes else privilege.code


def _same(label: Bilingual, text: str) -> Row:
    return Row(label, Bilingual(text, text))
