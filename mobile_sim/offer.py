"""The offer's text -> what it asks the phone to fetch, and which roots the phone pins (OpenID4VCI 1.0, section 4.1).

Text: `openid-credential-offer://?credential_offer=<JSON>` or `credential_offer_uri=<address>`, and beside it
`lp_root_licence` and `lp_root_health`: the SHA-256 of each domain's root certificate, in hexadecimal. The offer
comes over a channel that the citizen trusts (counter, letter), so what it pins is what the phone believes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from credentials import strict_json
from credentials.errors import CredentialFormatError
from credentials.spec import DocumentType, Domain, Form
from credentials.views import VIEW_SPECS, View

from .errors import OfferRefused

__all__ = ["Configuration", "Offer", "OfferText", "parse_offer", "parse_text"]

SCHEME: Final = "openid-credential-offer"
PRE_AUTHORIZED: Final = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")
_MAX_TEXT: Final = 8_192  # characters
_VIEWS: Final = {str(view) for view in View}
_FORMS: Final = {"cbor": Form.CBOR, "jwt": Form.JWT}


@dataclass(frozen=True, slots=True)
class Configuration:
    """One kind of credential that the service issues: `{document_type}.{view}.{cbor|jwt}[.paper]`."""

    document_type: DocumentType
    view: View
    form: Form
    paper: bool

    @property
    def name(self) -> str:
        """The id in the issuer's metadata."""
        paper = ".paper" if self.paper else ""
        return f"{self.document_type}.{self.view}.{self.form.name.lower()}{paper}"

    @classmethod
    def parse(cls, name: str) -> Configuration | None:
        """Inverse of `name`; None for what this phone does not know."""
        parts = name.split(".")
        paper = parts[3:] == ["paper"]
        if len(parts) != (4 if paper else 3) or parts[1] not in _VIEWS or parts[2] not in _FORMS:
            return None
        spec = VIEW_SPECS[View(parts[1])]
        if spec.document_type != parts[0] or (paper and not spec.paper):
            return None
        return cls(spec.document_type, spec.view, _FORMS[parts[2]], paper)


@dataclass(frozen=True, slots=True)
class OfferText:
    """The text as given: `offer` (JSON) or `address` of it, and the pinned roots, domain -> hexadecimal SHA-256."""

    offer: str | None
    address: str | None
    roots: dict[Domain, str]


@dataclass(frozen=True, slots=True)
class Offer:
    """What the service offers: one document in several configurations, against a code used once."""

    issuer: str
    document_type: DocumentType
    configurations: tuple[Configuration, ...]
    code: str
    wants_tx_code: bool

    def __repr__(self) -> str:
        return f"Offer(issuer={self.issuer!r}, document_type={self.document_type!r}, ...)"


def parse_text(text: str) -> OfferText:
    """Read the offer's text. Raises `OfferRefused`."""
    text = text.strip()
    if len(text) > _MAX_TEXT or not text.startswith(f"{SCHEME}://"):
        raise _malformed()
    try:
        pairs = parse_qsl(urlsplit(text).query, strict_parsing=True, max_num_fields=16)
    except ValueError:
        raise _malformed() from None
    members = dict(pairs)
    if len(members) != len(pairs) or ("credential_offer" in members) == ("credential_offer_uri" in members):
        raise _malformed()
    roots = {domain: members[name] for domain in Domain if (name := f"lp_root_{domain}") in members}
    if not roots or not all(_FINGERPRINT.fullmatch(root) for root in roots.values()):
        raise OfferRefused(
            "Cette offre ne dit pas à quelle autorité se fier. Demandez-en une autre au guichet.",
            "This offer does not say which authority to trust. Ask the counter for another one.",
        )
    return OfferText(members.get("credential_offer"), members.get("credential_offer_uri"), roots)


def parse_offer(offer: str) -> Offer:
    """Read the offer's JSON. Raises `OfferRefused`."""
    try:
        members = strict_json.decode(offer.encode())
    except CredentialFormatError:
        raise _malformed() from None
    match members:
        case {
            "credential_issuer": str(issuer),
            "credential_configuration_ids": list(names),
            "grants": {"urn:ietf:params:oauth:grant-type:pre-authorized_code": dict(grant)},
        }:
            known = tuple(
                found for one in names if isinstance(one, str) and (found := Configuration.parse(one))
            )
            return _offer(issuer, known, grant)
    raise _malformed()


def _offer(issuer: str, configurations: tuple[Configuration, ...], grant: dict[str, Any]) -> Offer:
    code = grant.get("pre-authorized_code")
    types = {one.document_type for one in configurations}
    if not isinstance(code, str) or not code:
        raise _malformed()
    if len(types) != 1:
        raise OfferRefused(
            "Cette offre ne contient pas un titre, et un seul, que ce téléphone connaisse.",
            "This offer does not hold one document, and one only, that this phone knows.",
        )
    return Offer(issuer, types.pop(), tuple(dict.fromkeys(configurations)), code, "tx_code" in grant)


def _malformed() -> OfferRefused:
    return OfferRefused(
        "Cette offre est illisible. Recopiez-la en entier ou demandez-en une autre.",
        "This offer cannot be read. Copy it whole or ask for another one.",
    )
