"""The part of the story that a holder, a helper or a counter is told; see `answers.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from credentials.spec import DocumentType
from wallet_api.citizens.notice_texts import texts
from wallet_api.citizens.notices import Notice, NoticeTopic

from .story import (
    ACTIVATION,
    AIDANT,
    BEFORE,
    COUNTS,
    CREDENTIAL,
    LICENCE,
    MANDATE,
    NOW,
    TOMORROW,
    WALLET,
)

RETURN: Final = {"on": "2029-10-30", "balance": 12, "cap": 12}  # three years after the loss was established
STANDING: Final[Mapping[str, Any]] = {
    "balance": 5,
    "cap": 12,
    "state": "VALIDE",
    "as_of": COUNTS,
    "in_probation": False,
    "probation_end": None,
    "course_required": False,
    "calendar": [RETURN],
    "zero_on": None,
    "new_licence_from": None,
}
_LOSS: Final = {
    "kind": "loss",
    "decision_reference": "D-2026-000123",
    "on": "2026-10-30",
    "committed_on": "2026-10-12",
    "points": 3,
    "applied": -3,
    "offence_class": "contravention_4",
    "offence": "phone",
    "offence_fr": "Téléphone tenu en main",
    "offence_en": "Phone held in the hand",
    "annulled": False,
}


def _notice() -> dict[str, Any]:
    told = Notice(
        NoticeTopic.POINTS_RETURN, DocumentType.DRIVING_LICENCE, "dossier-c48e05b7", date(2029, 10, 30)
    )
    words = zip(("fr", "en"), texts(told), strict=True)
    return {
        "notice_id": told.notice_id,
        "topic": told.topic.value,
        "document_type": told.document_type.value,
        "on": told.on.isoformat(),
        **{language: {"title": title, "text": text} for language, (title, text) in words},
    }


_CREDENTIAL: Final = {
    "credential_id": CREDENTIAL,
    "document_type": "driving_licence",
    "wallet_id": WALLET,
    "view": "proof",
    "form": "cbor",
    "paper": False,
    "issued_at": BEFORE,
    "expires_at": "2026-12-04T08:00:00Z",
    "status": "valid",
    "status_class": None,
    "status_since": None,
    "status_until": None,
}
_OFFER: Final = (
    "openid-credential-offer://?credential_offer=%7B%22credential_issuer%22%3A%22http%3A%2F%2F127.0.0.1%3A8460%22%2C"
    "%22credential_configuration_ids%22%3A%5B%22driving_licence.proof.cbor%22%5D%2C%22grants%22%3A%7B%22urn%3Aietf%3A"
    "params%3Aoauth%3Agrant-type%3Apre-authorized_code%22%3A%7B%22pre-authorized_code%22%3A%22"
    "l.7sYb1nTf8cJr5uHd0aLe3g2mVZpQ4kXw%22%7D%7D%7D"
)
_MANDATE: Final = {
    "mandate_id": MANDATE,
    "document_type": "driving_licence",
    "aidant_id": AIDANT,
    "starts_at": NOW,
    "ends_at": TOMORROW,
    "state": "live",
    "uses": 0,
}
_SHEET: Final = {
    "activation_id": ACTIVATION,
    "document_id": LICENCE,
    "code": "P7K2-03QX-8D4M-Z1RT-5VBN",
    "second": "428163",
    "expires_at": "2026-11-27T09:30:00Z",
    "root": "5f" * 32,
}
_CARD_SHEET: Final = {**_SHEET, "code": "VT9W-0C93-3N7Q-XNZF-DA4Q"}
_KEPT: Final = {
    "what": "points_entry",
    "source": "Code de la route L225-2",
    "period_fr": "3 ans : mouvements de points qui ne pèsent plus, depuis le dernier",
    "period_en": "3 years: changes of points that no longer count, since the last one",
}
ANSWERS: Final[Mapping[str, Any]] = {
    "listMyDocuments": {
        "items": [
            {
                "document_type": "driving_licence",
                "opened": True,
                "right": {"state": "VALIDE", "since": None, "until": None},
                "title": "held",
                "suspended": False,
                "revoked": False,
                "phones": 1,
            }
        ]
    },
    "readMyPoints": {**STANDING, "next_return": RETURN, "history": [_LOSS]},
    "listMyCredentials": {"items": [_CREDENTIAL], "next": None},
    "listMyDevices": {
        "items": [
            {
                "wallet_id": WALLET,
                "document_type": "driving_licence",
                "phone": "408432edafe0a0cd",
                "enrolled_at": BEFORE,
                "paused": False,
                "lost": False,
            }
        ],
        "next": None,
    },
    "reportMyPhoneLost": {"lost_at": NOW, "wallets": 1, "credentials": 5, "offers": 0, "not_asked": []},
    "pauseMyDevice": {"wallet_id": WALLET, "paused": True, "at": NOW},
    "resumeMyDevice": {"wallet_id": WALLET, "paused": False, "at": NOW},
    "offerToMyOtherPhone": {"offer": _OFFER, "tx_code": "428163", "expires_at": TOMORROW},
    "listMyNotices": {"items": [_notice()]},
    "exportWhatIsHeldAboutMe": {
        "as_of": NOW,
        "note_fr": "Le service n’enregistre ni nom, ni date de naissance, ni numéro de permis ou de sécurité sociale.",
        "note_en": "The service records no name, birth date, licence or social security number.",
        "holdings": [
            {
                **_KEPT,
                "kept_back": {"actor_id": "names another person"},
                "rows": [{"kind": "loss", "decision_reference": "D-2026-000123", "points": 3}],
            }
        ],
    },
    "eraseWhatIsHeldAboutMe": {
        "at": NOW,
        "ended_credentials": 0,
        "erased": {"access_grant": 4, "offer": 2, "wallet": 1},
        "kept": [{**_KEPT, "rows": 7, "until": "2029-11-25T09:30:00Z"}],
    },
    "giveMandate": {**_MANDATE, "personal_code": "12A2-78EG-YCWT"},
    "listMyMandates": {"items": [_MANDATE], "next": None},
    "revokeMandate": {**_MANDATE, "state": "revoked"},
    "readAidant": {"aidant_id": AIDANT},
    "listAidantMandates": {"items": [_MANDATE], "next": None},
    "activateUnderMandate": {**_SHEET, "second": None},
    "activateLicenceAtCounter": _SHEET,
    "activateCardAtCounter": _CARD_SHEET,
    "redeemActivationCode": {
        "document_type": "driving_licence",
        "offer": _OFFER,
        "expires_at": "2026-11-25T09:40:00Z",
    },
}
