"""What holds publication up, or leaves something out of it, in the words of `/readyz`; the page is open, so it names nobody."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel

from wallet_api.telemetry import Telemetry


class PublicationNote(BaseModel):
    """What an operator should know of publication, and do."""

    fr: str
    en: str


_STOPS: Final = PublicationNote(
    fr="Rien n'est publié : l'état ou les points de {count} attestation(s) n'ont plus de place dans les listes. Le journal "
    "technique les nomme (impossible_row) ; lancez wallet-api audit verify, remettez les lignes, puis wallet-api publish.",
    en="Nothing is published: state or points of {count} credential(s) have no place in the lists any more. The log names "
    "them (impossible_row); run wallet-api audit verify, put the rows back, then wallet-api publish.",
)
_LEFT_OUT: Final = PublicationNote(
    fr="Les listes sont publiées, sans une entrée de {count} attestation(s) que la base décrit mal ; personne n'en paraît plus "
    "valable. Le journal technique les nomme (impossible_row) ; lancez wallet-api audit verify et remettez les lignes.",
    en="The lists are published, without an entry of {count} credential(s) that the database describes badly; nobody looks "
    "more valid for it. The log names them (impossible_row); run wallet-api audit verify and put the rows back.",
)


def outlook(told: Telemetry) -> PublicationNote | None:
    """What this process' last publication met; None when all is well."""
    if told.stopping:
        return _said(_STOPS, count=told.stopping)
    return _said(_LEFT_OUT, count=told.left_out) if told.left_out else None


def _said(note: PublicationNote, **what: object) -> PublicationNote:
    return PublicationNote(fr=note.fr.format(**what), en=note.en.format(**what))
