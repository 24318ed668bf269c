"""Document on the phone -> text of a code. No network: everything needed was fetched before."""

from __future__ import annotations

from dataclasses import dataclass

from credentials import envelope, qr_text
from credentials.claims import Claims
from credentials.credential import read
from credentials.envelope import Envelope, Paper, Presentation, Shown
from credentials.errors import TooLarge
from credentials.spec import DOMAIN_OF, Audience, Form
from credentials.stages import QrText
from credentials.views import VIEW_SPECS, View

from .errors import NothingToShow, TooDense, TrustRefused
from .present import audience_of, present
from .seal import seal
from .trusted_readers import read_trust_list
from .wallet import Document, HeldCredential, Wallet

__all__ = ["Code", "choose", "paper_code", "show"]


@dataclass(frozen=True, slots=True)
class Code:
    """A code ready to be drawn: its text, the size of its envelope in bytes, and what it was made from."""

    text: QrText
    envelope_bytes: int
    document: Document
    held: HeldCredential
    at: int


def show(
    wallet: Wallet,
    document: Document,
    view: View,
    form: Form,
    *,
    at: int,
    audience: str | None = None,
    nonce: bytes | None = None,
) -> Code:
    """Sign `view` with its device key at `at` (UTC seconds), seal it where the view is sealed, and count the use.

    Raises `NothingToShow`, `TrustRefused`, `TooDense`, `PhoneError`.
    """
    reader = audience_of(view, audience)
    held = document.next_to_show(view, form, at=at)
    if held is None:
        raise _no_view()
    content, key = wallet.credential(document, held), wallet.device_key(document, held)
    shown = present(form, view, content, key.sign, at=at, audience=reader, nonce=nonce)
    wrapped = _sealed(wallet, document, shown, reader, at) if VIEW_SPECS[view].sealed else Presentation(shown)
    text, size = _text(wrapped)
    return Code(text, size, wallet.record_use(document, held, at), held, at)


def paper_code(wallet: Wallet, document: Document, view: View, form: Form, *, at: int) -> tuple[Code, Claims]:
    """The paper form of `view`, with its claims for the words on the card. Raises `NothingToShow`, `TooDense`."""
    held = document.next_to_show(view, form, at=at, paper=True)
    if held is None:
        raise NothingToShow(
            "Ce titre n'a pas de version papier sur ce téléphone.",
            "This document has no paper version on this phone.",
        )
    content = wallet.credential(document, held)
    text, size = _text(Paper(Shown(form, view, content)))
    return Code(text, size, document, held, at), read(form, content).decode_claims()


def choose(wallet: Wallet, view: View | None, document_id: str | None) -> Document:
    """The document meant: the one named, or the only one that has `view`. Raises `NothingToShow`."""
    if document_id is not None:
        return wallet.document(document_id)
    found = [
        one
        for one in wallet.documents()
        if view is None or one.document_type is VIEW_SPECS[view].document_type
    ]
    if not found:
        raise _no_view()
    if len(found) > 1:
        names = ", ".join(f"{one.document_id} ({one.label})" for one in found)
        raise NothingToShow(
            f"Choisissez la carte avec --document : {names}.", f"Choose the card with --document: {names}."
        )
    return found[0]


def _no_view() -> NothingToShow:
    return NothingToShow(
        "Ce téléphone n'a rien à présenter sous cette vue et cette forme.",
        "This phone has nothing to show under this view and form.",
    )


def _sealed(wallet: Wallet, document: Document, shown: Shown, reader: Audience, at: int) -> Envelope:
    issuer, domain = wallet.issuer(document.issuer), DOMAIN_OF[document.document_type]
    kept = wallet.trust(document.issuer, domain)
    if issuer is None or kept is None or domain not in issuer.roots:
        raise TrustRefused(
            "Ce téléphone ne connaît aucun lecteur habilité. Connectez-vous, puis actualisez.",
            "This phone knows no authorised reader. Go online, then refresh.",
        )
    trusted = read_trust_list(kept[1], root=kept[0], pinned=issuer.roots[domain], domain=domain)
    return seal(shown, trusted.reader_key(reader, at).public_key, reader)


def _text(wrapped: Envelope) -> tuple[QrText, int]:
    try:
        content = envelope.encode(wrapped)
        return qr_text.encode(content), len(content)
    except TooLarge:
        raise TooDense(
            "Ce titre est trop grand pour tenir dans un code.",
            "This document is too large to fit into a code.",
        ) from None
