"""Discovery: what the service says of itself, and which addresses the phone may ask (OpenID4VCI 1.0, section 12.2).

`https`, or `http` on loopback; every address has the issuer's own origin, but for the trust lists, whose signature is
checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from credentials.jws import b64url_decode
from credentials.spec import Domain

from .errors import OfferRefused

__all__ = ["IssuerMetadata", "checked", "on_loopback", "read_metadata", "well_known"]

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class IssuerMetadata:
    """What the phone needs of the issuer's metadata. Roots are DER; addresses are checked.

    `acts` gives the address of `pause` and of `resume`, where the service offers them.
    """

    credential_endpoint: str
    nonce_endpoint: str
    token_endpoint: str
    batch: int
    configurations: frozenset[str]
    trust_lists: Mapping[Domain, str]
    roots: Mapping[Domain, bytes]
    acts: Mapping[str, str]


def read_metadata(address: str, issuer: dict[str, Any], server: dict[str, Any]) -> IssuerMetadata:
    """Read both discovery documents of the service at `address`.

    Raises `OfferRefused` for an unsafe or foreign address, and whatever a missing or mistyped member raises.
    """
    if issuer["credential_issuer"] != address:
        raise OfferRefused(
            "Le service qui répond n'est pas celui de l'offre.",
            "The service that answers is not the one of the offer.",
        )
    ours = issuer["laissez_passer"]
    return IssuerMetadata(
        credential_endpoint=checked(issuer["credential_endpoint"], address),
        nonce_endpoint=checked(issuer["nonce_endpoint"], address),
        token_endpoint=checked(server["token_endpoint"], address),
        batch=int(issuer.get("batch_credential_issuance", {}).get("batch_size", 1)),
        configurations=frozenset(issuer["credential_configurations_supported"]),
        trust_lists={Domain(one): checked(url, None) for one, url in ours["trust_lists"].items()},
        roots={Domain(one): b64url_decode(root["der_b64u"]) for one, root in ours["roots"].items()},
        acts={
            act: checked(ours[f"{act}_endpoint"], address)
            for act in ("pause", "resume")
            if f"{act}_endpoint" in ours
        },
    )


def well_known(issuer: str, name: str) -> str:
    """`/.well-known/name` goes between host and path of the issuer's address."""
    parts = urlsplit(issuer)
    return f"{parts.scheme}://{parts.netloc}/.well-known/{name}{parts.path.rstrip('/')}"


def on_loopback(address: str) -> bool:
    """Whether `address` is on this very machine."""
    return urlsplit(address).hostname in _LOOPBACK


def checked(address: object, origin: str | None) -> str:
    """An address that may be asked; with `origin`, one of the same origin. Raises `OfferRefused`."""
    parts = _split(address)
    secure = parts is not None and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    )
    if parts is None or not secure or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise OfferRefused(
            "L'adresse du service n'est pas sûre (https est exigé) : rien n'est envoyé.",
            "The service's address is not safe (https is required): nothing is sent.",
        )
    if origin is not None and parts[:2] != urlsplit(origin)[:2]:
        raise OfferRefused(
            "Le service renvoie vers une autre adresse que la sienne : rien n'est envoyé.",
            "The service points to an address other than its own: nothing is sent.",
        )
    return str(address)


def _split(address: object) -> SplitResult | None:
    if not isinstance(address, str) or not address.isascii() or not address.isprintable() or " " in address:
        return None
    try:
        parts = urlsplit(address)
        usable = parts.port != 0  # a port that is no number raises here
    except ValueError:
        return None
    return parts if usable else None
