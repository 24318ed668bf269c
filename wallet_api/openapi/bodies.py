"""What a client may send, operation by operation: bodies that the rules accept, not the schema alone.

The people are those of the demonstration registries; each decision has a reference of its own, since none is recorded
twice. `tests/wallet_api/test_openapi_examples.py` sends each of them to a service.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_LICENCE: Final = {"registry_reference": "dossier-c48e05b7"}  # Yanis
_CARD: Final = {"registry_reference": "assure-38d2b964"}
_SEEN: Final = {"identity_document": "identity_card"}
_KEY: Final = {"key_id": "5f" * 8}


def _decided(number: int, **more: Any) -> dict[str, Any]:
    return {"decision_reference": f"D-2026-{number:06}", **more}


BODIES: Final[Mapping[str, Any]] = {
    "withdrawPoints": _decided(
        123,
        offence="phone",
        points=3,
        offence_class="contravention_4",
        committed_on="2026-10-12",
        established_on="2026-10-30",
    ),
    "recordCourse": _decided(124, first_day="2026-10-30", last_day="2026-10-31"),
    "recordTraining": _decided(125, completed_on="2026-11-20"),  # a licence of May 2026, in its seventh month
    "annulWithdrawal": _decided(126, decided_on="2026-10-31", annuls_reference="D-2026-000123"),
    "addCategory": _decided(127, category="A", via="standard", obtained_on="2026-10-30"),
    "recordInvalidationNotice": _decided(128, received_on="2026-10-31"),
    "recordHandIn": _decided(129, handed_in_on="2026-10-31"),
    "suspendLicence": _decided(130, until="2028-05-25", decided_by="court"),
    "liftLicenceSuspension": _decided(131),
    "revokeLicence": _decided(132, subject="right"),
    "suspendCard": _decided(133, until="2028-05-25"),
    "liftCardSuspension": _decided(134),
    "revokeCard": _decided(135),
    "retainLicence": _decided(136, verifications=True),
    "liftLicenceRetention": _decided(137),
    "restrictLicence": _decided(138, **{"from": "2026-11-25", "until": "2027-11-25"}),
    "liftLicenceRestriction": _decided(139),
    "annulLicence": _decided(140),
    "voidLicenceMeasure": _decided(141, ground="acquittal"),
    "reportLicenceTitleGone": _decided(142, circumstance="lost"),
    "replaceLicenceTitle": _decided(143),
    "loseLicenceWallet": _decided(144),
    "loseCardWallet": _decided(145),
    "printCardAtCounter": {**_LICENCE, **_SEEN, "view": "proof"},
    "activateLicenceAtCounter": {**_LICENCE, **_SEEN, "with_second": True},
    "activateCardAtCounter": {**_CARD, **_SEEN, "with_second": True},
    "findLicence": _LICENCE,
    "findCard": _CARD,
    "redeemActivationCode": {"code": "P7K2-03QX-8D4M-Z1RT-5VBN", "second": "428163"},
    "offerToMyOtherPhone": {"form": "cbor", "with_code": True},
    "eraseWhatIsHeldAboutMe": {"end_documents": False},
    "proposeCompromise": _KEY,
    "proposeRetirement": _KEY,
    "proposeAnnouncement": {"domain": "licence", "role": "credential"},
    "reportTerminalDay": {"day": "2026-11-24", "verdicts": {"OK": 41, "EXPIRED": 2}, "opinions": {"good": 5}},
    "requestToken": {
        "grant_type": "urn:ietf:params:oauth:grant-type:pre-authorized_code",
        "pre-authorized_code": "l.7sYb1nTf8cJr5uHd0aLe3g2mVZpQ4kXw",
        "tx_code": "428163",
    },
}
