"""Offer -> document on the phone, and its renewal (OpenID4VCI 1.0, pre-authorised code, DPoP).

Order, so that no failure costs more than it must:
1. the roots that the offer pins are compared with what the phone knows and with what the service shows;
2. the trust list is fetched and verified: a false service never sees the offer's code;
3. the code, or the refresh token, is exchanged, and the new refresh token is on disk before anything else is asked;
4. each view and form is asked for with fresh device keys, checked, and kept; what had arrived when the network fell
   stays, and `refresh` fetches the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from credentials import credential as credential_format
from credentials.claims import Claims
from credentials.display import display_text
from credentials.driving_licence import AgeOver18
from credentials.errors import CredentialFormatError
from credentials.jws import b64url_decode
from credentials.spec import DOMAIN_OF, Domain, Form
from credentials.stages import CredentialBytes
from credentials.views import View

from .client import DEFAULT_BATCH, Service, Tokens
from .device_key import DeviceKey
from .errors import NothingToShow, OfferRefused, ServiceRefused, TrustRefused, WalletUnavailable
from .issuer_metadata import IssuerMetadata
from .offer import Configuration, Offer, OfferText, parse_offer, parse_text
from .refusals import DENIED
from .trusted_readers import check_root, read_trust_list
from .wallet import Document, Issuer, Received, Wallet

__all__ = ["Wish", "add", "ask", "received", "refresh"]

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Wish:
    """What the citizen wants: keys per view and form, and the views that shall carry a portrait."""

    batch: int = DEFAULT_BATCH
    portraits: tuple[View, ...] = ()


def add(
    wallet: Wallet,
    text: str,
    *,
    tx_code: str | None = None,
    wish: Wish | None = None,
    clock: Clock = time.time,
) -> Document:
    """Take the document of an offer. Raises `OfferRefused`, `TrustRefused`, `ServiceRefused`, `WalletUnavailable`."""
    wanted = wish or Wish()
    offered = parse_text(text)
    key = wallet.key()
    offer = parse_offer(_offer_json(offered, key, clock))
    if offer.wants_tx_code and not tx_code:
        raise OfferRefused(
            "Cette offre demande le code reçu à part : ajoutez --tx-code.",
            "This offer asks for the code received separately: add --tx-code.",
        )
    domain = DOMAIN_OF[offer.document_type]
    issuer = _pin(wallet, offer, offered, domain)
    with Service(offer.issuer, key, clock_offset=issuer.clock_offset, clock=clock) as service:
        metadata = service.metadata()
        _renew_trust(wallet, service, metadata, issuer, domain)
        tokens = service.redeem(metadata, offer.code, tx_code)
        document = wallet.save(_new_document(wallet, offer, metadata, wanted, tokens))
        return _collect(wallet, service, metadata, tokens, document)


def refresh(
    wallet: Wallet, document: Document, *, portraits: tuple[View, ...] | None = None, clock: Clock = time.time
) -> Document:
    """Renew trust list, tokens and credentials of one document. Raises what `add` raises; what is held stays."""
    if portraits is not None:
        document = replace(document, portraits=portraits)
    issuer = _known(wallet, document)
    with Service(document.issuer, wallet.key(), clock_offset=issuer.clock_offset, clock=clock) as service:
        metadata = service.metadata()
        _renew_trust(wallet, service, metadata, issuer, DOMAIN_OF[document.document_type])
        tokens, document = _renew_tokens(wallet, service, metadata, document)
        return _collect(wallet, service, metadata, tokens, document)


def ask(wallet: Wallet, document: Document, act: str, *, clock: Clock = time.time) -> Document:
    """Ask the service to `pause` or `resume` a document: the holder's act, which lifts no measure of the authority."""
    issuer = _known(wallet, document)
    with Service(document.issuer, wallet.key(), clock_offset=issuer.clock_offset, clock=clock) as service:
        metadata = service.metadata()
        if act not in metadata.acts:
            raise NothingToShow(
                "Le service de ce titre ne propose pas la mise en pause. Appelez votre guichet.",
                "The service of this document offers no pause. Call your counter.",
            )
        tokens, document = _renew_tokens(wallet, service, metadata, document)
        service.ask(metadata, tokens, act)
        return document


def _known(wallet: Wallet, document: Document) -> Issuer:
    issuer = wallet.issuer(document.issuer)
    if issuer is None or document.refresh_token is None:
        raise NothingToShow(
            "Ce titre ne peut plus être actualisé : réenregistrez-le ; votre droit demeure.",
            "This document can no longer be refreshed: save it again; your right remains.",
        )
    return issuer


def _renew_tokens(
    wallet: Wallet, service: Service, metadata: IssuerMetadata, document: Document
) -> tuple[Tokens, Document]:
    """Exchange the refresh token; the new one is on disk before it, or the access token, is used."""
    tokens = service.renew(metadata, document.refresh_token or "")
    return tokens, wallet.save(
        replace(document, refresh_token=tokens.refresh_token or document.refresh_token)
    )


def received(configuration: Configuration, text: str, key: DeviceKey | None) -> tuple[Received, Claims]:
    """Check one credential as the service sent it: it decodes, is of the view asked for, and bears our device key.

    Raises `WalletUnavailable`. Its signature is the verifier's business: the phone never says that it is valid.
    """
    try:
        content = _credential_bytes(configuration.form, text)
        claims = credential_format.read(configuration.form, content).decode_claims()
    except CredentialFormatError:
        raise _another() from None
    if claims.view is not configuration.view or claims.device_key != (
        None if key is None else key.compressed
    ):
        raise _another()
    return Received(configuration, content, key, claims.expires_at), claims


def _credential_bytes(form: Form, text: str) -> CredentialBytes:
    return CredentialBytes(b64url_decode(text)) if form is Form.CBOR else credential_format.from_sd_jwt(text)


def _another() -> WalletUnavailable:
    return WalletUnavailable(
        "Le service a remis autre chose que ce qui était demandé : rien n'en est gardé.",
        "The service handed out something other than what was asked for: none of it is kept.",
    )


def _offer_json(offered: OfferText, key: DeviceKey, clock: Clock) -> str:
    if offered.offer is not None:
        return offered.offer
    address = offered.address or ""
    with Service(address, key, clock=clock) as service:
        return service.offer(address)


def _pin(wallet: Wallet, offer: Offer, offered: OfferText, domain: Domain) -> Issuer:
    """The service with the roots that this offer pins. A root once pinned is never exchanged."""
    known = wallet.issuer(offer.issuer) or Issuer(offer.issuer, {})
    pinned = offered.roots.get(domain)
    if pinned is None:
        raise OfferRefused(
            "Cette offre ne dit pas à quelle autorité se fier. Demandez-en une autre au guichet.",
            "This offer does not say which authority to trust. Ask the counter for another one.",
        )
    if known.roots.get(domain, pinned) != pinned:
        raise TrustRefused(
            "Cette offre annonce une autre autorité que celle déjà connue de ce téléphone : elle est refusée.",
            "This offer announces an authority other than the one this phone knows: it is refused.",
        )
    return replace(known, roots={**known.roots, domain: pinned})


def _renew_trust(
    wallet: Wallet, service: Service, metadata: IssuerMetadata, issuer: Issuer, domain: Domain
) -> None:
    root, address = metadata.roots.get(domain), metadata.trust_lists.get(domain)
    if root is None or address is None:
        raise TrustRefused(
            "Le service ne publie pas de liste de confiance pour ce titre : rien n'est enregistré.",
            "The service publishes no trust list for this document: nothing is saved.",
        )
    pinned = issuer.roots[domain]
    check_root(root, pinned)
    message = service.trust_list(address)
    fetched = read_trust_list(message, root=root, pinned=pinned, domain=domain, at=service.now())
    kept = wallet.trust(issuer.url, domain)
    held = None if kept is None else read_trust_list(kept[1], root=kept[0], pinned=pinned, domain=domain)
    fetched.replaces(held)
    wallet.save_issuer(replace(issuer, clock_offset=service.clock_offset))
    wallet.save_trust(issuer.url, domain, root=root, trust_list=message)


def _new_document(
    wallet: Wallet, offer: Offer, metadata: IssuerMetadata, wish: Wish, tokens: Tokens
) -> Document:
    return Document(
        document_id=wallet.free_id(offer.document_type),
        document_type=offer.document_type,
        issuer=offer.issuer,
        label="",
        batch=max(1, min(wish.batch, metadata.batch)),
        portraits=wish.portraits,
        configurations=tuple(one for one in offer.configurations if one.name in metadata.configurations),
        refresh_token=tokens.refresh_token,
    )


def _collect(
    wallet: Wallet, service: Service, metadata: IssuerMetadata, tokens: Tokens, document: Document
) -> Document:
    denied: ServiceRefused | None = None
    for configuration in document.configurations:
        if _without_portrait(configuration, document):
            continue
        keys = (
            (wallet.key(),) if configuration.paper else tuple(DeviceKey.make() for _ in range(document.batch))
        )
        portrait = configuration.view in document.portraits
        try:
            texts = service.credentials(metadata, tokens, configuration.name, keys, portrait=portrait)
        except ServiceRefused as refused:
            if refused.code != DENIED:
                raise
            denied = refused
            continue
        document = _keep(wallet, document, configuration, texts, keys)
    if denied is not None and not document.credentials:
        raise denied
    return wallet.save(replace(document, refreshed_at=service.now()))


def _without_portrait(configuration: Configuration, document: Document) -> bool:
    """On paper, an age needs a portrait: without the citizen's wish for one there is no such paper."""
    return (
        configuration.paper
        and configuration.view is View.AGE_OVER_18
        and View.AGE_OVER_18 not in document.portraits
    )


def _keep(
    wallet: Wallet,
    document: Document,
    configuration: Configuration,
    texts: tuple[str, ...],
    keys: tuple[DeviceKey, ...],
) -> Document:
    owned: tuple[DeviceKey | None, ...] = (None,) if configuration.paper else keys
    pairs = [received(configuration, text, key) for text, key in zip(texts, owned, strict=True)]
    if len({claims.status for _, claims in pairs}) != len(pairs):
        raise _another()  # one status entry for two credentials would let two visits be joined
    label = next((_given_names(claims) for _, claims in pairs if _given_names(claims)), document.label)
    return wallet.keep(replace(document, label=label), tuple(one for one, _ in pairs))


def _given_names(claims: Claims) -> str:
    return "" if isinstance(claims.subject, AgeOver18) else display_text(claims.subject.given_names)
