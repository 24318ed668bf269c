"""What holds publication up, or leaves something out of it, in the words of `/readyz`; the page is open, so it names nobody."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from wallet_api.clock import rfc3339
from wallet_api.telemetry import Telemetry

from .due import is_ahead
from .store import EditionRow


class PublicationNote(BaseModel):
    """What an operator should know of publication, and do."""

    fr: str
    en: str


_WAITS: Final = PublicationNote(
    fr="La publication attend jusqu'au {until} : l'édition en force porte cette date, d'une horloge qui avançait, et les "
    "terminaux refusent une édition plus ancienne. Elle reprend d'elle-même à cet instant ; voir EXPLOITATION.md.",
    en="Publication waits until {until}: the edition in force bears that date, by a clock that was ahead, and terminals refuse "
    "an older edition. It resumes by itself at that instant; see EXPLOITATION.md.",
)
_STOPS: Final = PublicationNote(
    fr="Rien n'est publié : la base ne dit plus, de {count} attestation(s) ou permis, ce que les listes doivent dire de l'état ou "
    "des points. Le journal technique les nomme (impossible_row) ; lancez wallet-api audit verify, remettez les lignes, puis "
    "wallet-api publish.",
    en="Nothing is published: of {count} credential(s) or licence(s) the database does not tell any more what the lists must say "
    "of state or points. The log names them (impossible_row); run wallet-api audit verify, put the rows back, then "
    "wallet-api publish.",
)
_LEFT_OUT: Final = PublicationNote(
    fr="Les listes sont publiées, sans une entrée de {count} attestation(s) que la base décrit mal ; personne n'en paraît plus "
    "valable. Le journal technique les nomme (impossible_row) ; lancez wallet-api audit verify et remettez les lignes.",
    en="The lists are published, without an entry of {count} credential(s) that the database describes badly; nobody looks "
    "more valid for it. The log names them (impossible_row); run wallet-api audit verify and put the rows back.",
)


def waits_until(last: EditionRow | None, now: int) -> int | None:
    """Until when nothing can follow the edition in force (UTC seconds); None when something can."""
    return last.started_at if last is not None and is_ahead(last, now) else None


def outlook(told: Telemetry, until: int | None = None) -> PublicationNote | None:
    """That publication waits until an instant, or what this process' last one met; None when all is well."""
    if until is not None:
        return _said(_WAITS, until=rfc3339(until))
    if told.stopping:
        return _said(_STOPS, count=told.stopping)
    return _said(_LEFT_OUT, count=told.left_out) if told.left_out else None


def _said(note: PublicationNote, **what: object) -> PublicationNote:
    return PublicationNote(fr=note.fr.format(**what), en=note.en.format(**what))
