"""The problems of each operation's own rule, by operation id; what follows from its parts is in `raises.py`."""

from __future__ import annotations

from typing import Final

_STANDING: Final = ("document-revoked", "document-suspended", "title-gone", "credential-denied")
_REGISTRY: Final = ("registry-silent", "person-unknown")
_MEASURE: Final = ("already-revoked", "dates-out-of-order", "already-lifted")
_DRIVING: Final = (*_MEASURE, "measure-too-long", "not-administrative")
_LIFT: Final = (
    "already-lifted",
    "measure-over",
    "not-a-suspension",
    "not-administrative",
    "dates-out-of-order",
)
_CANCEL: Final = ("already-cancelled", "too-late-to-cancel")
_PROPOSE: Final = ("already-proposed", "already-revoked")
_POINTS: Final = ("not-a-licence-with-points", "dates-out-of-order", "licence-invalid")
_FACT: Final = (*_POINTS, "fact-recorded")
_DATED: Final = (*_FACT, "decision-too-old")
_COUNTER: Final = (*_STANDING, *_REGISTRY, "too-many-acts")
_PRINT: Final = (
    *_STANDING,
    *_REGISTRY,
    "signing-unavailable",
    "printed-already",
    "credential-request-refused",
)
_PERSON: Final = ("registry-silent",)
_UNAVAILABLE: Final = ("not-found",)

RAISED: Final[dict[str, tuple[str, ...]]] = {
    "activateCardAtCounter": _COUNTER,
    "activateLicenceAtCounter": _COUNTER,
    "activateUnderMandate": (*_COUNTER, "mandate-ended", "not-found"),
    "addCategory": _DATED,
    "annulLicence": (*_PROPOSE, "dates-out-of-order"),
    "annulWithdrawal": (*_FACT, "already-cancelled"),
    "approveProposal": (
        "second-person-needed",
        "proposal-expired",
        "proposal-decided",
        "proposal-altered",
        "batch-altered",
        "key-act-refused",
        "decision-already-recorded",
        "not-found",
        *_MEASURE,
    ),
    "cancelBatch": (*_CANCEL, "not-found"),
    "cancelCardAct": _CANCEL,
    "cancelLicenceAct": _CANCEL,
    "eraseWhatIsHeldAboutMe": _PERSON,
    "exportWhatIsHeldAboutMe": _PERSON,
    "findCard": (*_REGISTRY, "not-found"),
    "findLicence": (*_REGISTRY, "not-found"),
    "giveMandate": ("not-found",),
    "liftCardSuspension": _LIFT,
    "liftLicenceRestriction": _LIFT,
    "liftLicenceRetention": _LIFT,
    "liftLicenceSuspension": _LIFT,
    "listMyCredentials": _PERSON,
    "listMyDevices": _PERSON,
    "listMyDocuments": _PERSON,
    "listMyNotices": _PERSON,
    "loseCardWallet": _MEASURE,
    "loseLicenceWallet": _MEASURE,
    "offerToMyOtherPhone": (*_STANDING, *_REGISTRY, "not-found"),
    "pauseMyDevice": ("wallet-lost",),
    "printCardAtCounter": (*_PRINT, "too-many-acts"),
    "printMyCard": (*_PRINT, "not-found"),
    "proposeAnnouncement": ("already-proposed", "key-act-refused", "not-found"),
    "proposeCompromise": ("already-proposed", "key-act-refused", "not-found"),
    "proposeRetirement": ("already-proposed", "key-act-refused", "not-found"),
    "publish": ("publication-under-way",),
    "readDevelopmentIssuer": _UNAVAILABLE,
    "readDevelopmentKeys": _UNAVAILABLE,
    "readMyPoints": (*_PERSON, "not-found"),
    "readPoints": ("dates-out-of-order",),
    "readReadiness": ("not-ready",),
    "recordCourse": (*_DATED, "course-days", "course-too-soon"),
    "recordHandIn": (*_FACT, "licence-not-invalid"),
    "recordInvalidationNotice": (*_FACT, "licence-not-invalid"),
    "recordTraining": (*_DATED, "training-outside-window"),
    "redeemActivationCode": (
        *_STANDING,
        *_REGISTRY,
        "activation-refused",
        "second-part-wrong",
        "too-many-codes",
    ),
    "refuseProposal": ("proposal-expired", "proposal-decided"),
    "replaceLicenceTitle": _LIFT,
    "reportLicenceTitleGone": _DRIVING,
    "reportMyPhoneLost": ("not-found",),
    "reportMyPrintedCardLost": ("card-lost-already",),
    "reportPrintedCardLostAtCounter": ("card-lost-already",),
    "reportTerminalDay": ("unauthenticated", "day-not-reportable"),
    "requestCredential": _STANDING,
    "requestDevelopmentToken": _UNAVAILABLE,
    "requestToken": _STANDING,
    "restrictLicence": _DRIVING,
    "resumeMyDevice": ("wallet-lost",),
    "retainLicence": _DRIVING,
    "revokeCard": _PROPOSE,
    "revokeLicence": _PROPOSE,
    "revokeMandate": ("mandate-ended",),
    "submitBatch": (
        "batch-columns",
        "batch-refused",
        "batch-unreadable",
        "batch-too-long",
        "already-proposed",
        "too-many-proposals",
    ),
    "suspendCard": (*_MEASURE, "decision-too-old"),
    "suspendLicence": (*_DRIVING, "decision-too-old"),
    "voidLicenceMeasure": _DRIVING,
    "withdrawPoints": (*_POINTS, "decision-too-old", "offence-contradicted", "points-not-of-class"),
}
"""An operation that answers a problem which is neither here nor in `raises.py` fails the tests by name."""
