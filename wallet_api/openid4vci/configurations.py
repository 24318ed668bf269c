"""Credential configurations: one for each view and form, and one for each paper form.

The id is `{document_type}.{view}.{cbor|jwt}`, with `.paper` at the end for the form without device key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from credentials.spec import ES256, DocumentType, Form
from credentials.views import VIEW_SPECS, View

CWT_FORMAT: Final = "laissez-passer+cwt"
"""Private format identifier of the CBOR form: `credential` is base64url of the credential's bytes, no padding."""
SD_JWT_FORMAT: Final = "dc+sd-jwt"

_NAMES: Final = {
    View.ROAD_CHECK: ("Permis de conduire, contrôle routier", "Driving licence, road check"),
    View.PROOF: ("Permis de conduire, justificatif", "Driving licence, proof"),
    View.AGE_OVER_18: ("Plus de 18 ans", "Over 18"),
    View.CARE: ("Carte Vitale, soins", "Vitale card, care"),
}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What one credential request asks for."""

    view: View
    form: Form
    paper: bool

    @property
    def document_type(self) -> DocumentType:
        """The document of which the view is a part."""
        return VIEW_SPECS[self.view].document_type

    @property
    def id(self) -> str:
        """The name in offers, metadata and requests."""
        return f"{self.document_type}.{self.view}.{self.form.name.lower()}{'.paper' if self.paper else ''}"

    def metadata(self) -> dict[str, object]:
        """The entry of `credential_configurations_supported` (OpenID4VCI 1.0, section 12.2.4)."""
        jwt = self.form is Form.JWT
        french, english = _NAMES[self.view]
        paper = (" (papier)", " (paper)") if self.paper else ("", "")
        return {
            "format": SD_JWT_FORMAT if jwt else CWT_FORMAT,
            "vct": VIEW_SPECS[self.view].vct,
            "cryptographic_binding_methods_supported": ["jwk"],
            "credential_signing_alg_values_supported": ["ES256" if jwt else ES256],
            "proof_types_supported": {"jwt": {"proof_signing_alg_values_supported": ["ES256"]}},
            "credential_metadata": {
                "display": [
                    {"name": french + paper[0], "locale": "fr-FR"},
                    {"name": english + paper[1], "locale": "en-GB"},
                ]
            },
        }


CONFIGURATIONS: Final = {
    configuration.id: configuration
    for view, spec in VIEW_SPECS.items()
    for form in Form
    for paper in ((False, True) if spec.paper else (False,))
    for configuration in (Configuration(view, form, paper),)
}


def of_document(document_type: DocumentType, form: Form | None = None) -> list[str]:
    """Ids of everything issued from one document, in one form or in both."""
    return [
        name
        for name, one in CONFIGURATIONS.items()
        if one.document_type is document_type and form in (None, one.form)
    ]
