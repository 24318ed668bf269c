"""What the service answers, operation by operation, where an answer made member by member would contradict the rules.

One story, told by all of them: Yanis has a licence and a card on a phone; at 09:30 a withdrawal takes three of his eight
points, and it counts five minutes later. `tests/wallet_api/test_openapi_answers.py` holds it against the rules, and
against what a service answers to the bodies of `bodies.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from wallet_api.batches.columns import blamed
from wallet_api.problems import PROBLEMS

from . import answers_to_holders, answers_to_the_public
from .story import (
    ACT,
    BATCH,
    BEFORE,
    CARD,
    COUNTS,
    LICENCE,
    MEASURE,
    NOW,
    OFFICIAL,
    PROPOSAL,
    TOMORROW,
    WALLET,
)


def _points(applied: int, balance: int, **more: object) -> dict[str, Any]:
    told = {"entry_id": ACT, "entry_ids": [ACT], "applied": applied, "balance": balance, "cap": 12}
    return told | {"state": "VALIDE", "as_of": COUNTS, "released_at": COUNTS} | more


def _measure(kind: str, until: str | None = None, since: str = COUNTS) -> dict[str, Any]:
    return {
        "measure_id": MEASURE,
        "kind": kind,
        "since": since,
        "until": until,
        "released_at": COUNTS if since == COUNTS else NOW,
    }


def _proposal(kind: str, subject: str, detail: Mapping[str, object], **more: object) -> dict[str, Any]:
    return {
        "proposal_id": PROPOSAL,
        "kind": kind,
        "subject_id": subject,
        "detail": dict(detail),
        "proposer_id": OFFICIAL,
        "created_at": NOW,
        "expires_at": TOMORROW,
        "state": "open",
        "decided_at": None,
        "act_id": None,
        "released_at": None,
        **more,
    }


def _revocation(reference: str, document: str, subject: str) -> dict[str, str]:
    return {"decision_reference": reference, "document_type": document, "subject": subject}


_REVOCATION: Final = _proposal(
    "revocation", LICENCE, _revocation("D-2026-000132", "driving_licence", "right")
)
_ANNULMENT: Final = _proposal(
    "annulment", LICENCE, {"decision_reference": "D-2026-000140", "document_type": "driving_licence"}
)
_KEY: Final = {"key_id": "5f" * 8}
_LOSS: Final = {
    "entry_id": ACT,
    "kind": "loss",
    "decision_reference": "D-2026-000123",
    "points": 3,
    "applied": -3,
    "first_day": "2026-10-12",
    "last_day": "2026-10-30",
    "offence_class": "contravention_4",
    "offence": "phone",
    "stop_reference": None,
    "annuls_id": None,
    "recorded_at": NOW,
    "released_at": COUNTS,
    "cancelled": False,
    "annulled": False,
}
_WHY: Final = PROBLEMS["points-not-of-class"]
_REFUSED_LINE: Final = {
    "line": 3,
    "code": _WHY.code,
    "fr": _WHY.fr,
    "en": _WHY.en,
    "columns": blamed(_WHY.code, "withdrawal"),
}
_WALLETS: Final = [{"wallet_id": WALLET, "enrolled_at": BEFORE, "paused": False, "lost": False}]
_SUSPENSION: Final = {
    **_measure("suspension", "2028-05-24T22:00:00Z"),
    "subject": "right",
    "imposed_by": "court",
    "in_force": True,
    "lifted_at": None,
    "void": False,
}
_STANDING: Final = {"suspended": False, "revoked": False, "open_proposals": [], "wallets": _WALLETS}
_OF_POINTS: Final[Mapping[str, Any]] = {
    "withdrawPoints": _points(-3, 5),
    "recordCourse": _points(4, 9),
    "recordTraining": _points(0, 6, cap=6),
    "annulWithdrawal": _points(3, 12),
    "addCategory": _points(0, 12),
    "recordInvalidationNotice": _points(0, 0, state="INVALIDE"),
    "recordHandIn": _points(0, 0, state="INVALIDE"),
    "readPoints": {
        **answers_to_holders.STANDING,
        "next_change": answers_to_holders.RETURN,
        "rules": "2026-02-27",
        "entries": [_LOSS],
    },
    "listOffences": [
        {
            "code": "phone",
            "points": 3,
            "offence_class": "contravention_4",
            "article": "R412-6-1",
            "fr": "Téléphone tenu en main",
            "en": "Phone held in the hand",
        }
    ],
}
_OF_MEASURES: Final[Mapping[str, Any]] = {
    "suspendLicence": _measure("suspension", "2028-05-24T22:00:00Z"),
    "liftLicenceSuspension": _measure("lift"),
    "suspendCard": _measure("suspension", "2028-05-24T22:00:00Z"),
    "liftCardSuspension": _measure("lift"),
    "retainLicence": _measure("retention", "2026-11-30T09:30:00Z"),  # 120 hours
    "liftLicenceRetention": _measure("lift"),
    "restrictLicence": _measure("restriction", "2027-11-24T23:00:00Z"),
    "liftLicenceRestriction": _measure("lift"),
    "voidLicenceMeasure": _measure("voiding"),
    "reportLicenceTitleGone": _measure("title_loss"),
    "replaceLicenceTitle": _measure("lift"),
    "cancelLicenceAct": _measure("cancellation", since=NOW),
    "cancelCardAct": _measure("cancellation", since=NOW),
    "loseLicenceWallet": _measure("loss", since=NOW),
    "loseCardWallet": _measure("loss", since=NOW),
    "readLicence": {
        "document_id": LICENCE,
        **_STANDING,
        "suspended": True,
        "measures": [_SUSPENSION],
        "right": {"state": "SUSPENDU", "since": COUNTS, "until": "2028-05-24T22:00:00Z"},
        "title": "held",
    },
    "readCard": {"document_id": CARD, **_STANDING, "measures": []},
}
_OF_PROPOSALS: Final[Mapping[str, Any]] = {
    "revokeLicence": _REVOCATION,
    "annulLicence": _ANNULMENT,
    "revokeCard": _proposal("revocation", CARD, _revocation("D-2026-000135", "vitale_card", "document")),
    "listProposals": {"items": [_REVOCATION], "next": None},
    "readProposal": _REVOCATION,
    "approveProposal": {
        **_ANNULMENT,
        "state": "approved",
        "decided_at": NOW,
        "act_id": ACT,
        "released_at": COUNTS,
    },
    "refuseProposal": {**_REVOCATION, "state": "refused", "decided_at": NOW},
    "proposeCompromise": _proposal("key_compromise", _KEY["key_id"], _KEY),
    "proposeRetirement": _proposal("key_retirement", _KEY["key_id"], _KEY),
    "proposeAnnouncement": _proposal(
        "key_announcement", "licence-credential", {"domain": "licence", "role": "credential"}
    ),
}
_OF_BATCHES: Final[Mapping[str, Any]] = {
    "submitBatch 202": _proposal("batch", BATCH, {"lines": 250, "withdrawal": 250, "sha256": "5f" * 32}),
    "submitBatch 200": {"lines": 250, "refused": 1, "problems": [_REFUSED_LINE]},
    "readBatch": {
        "batch_id": BATCH,
        "state": "running",
        "total": 250,
        "done": 99,
        "failed": 1,
        "cancelled": 0,
        "percentage": 40,
        "created_at": NOW,
        "finished_at": None,
        "cancelled_at": None,
        "problems": [_REFUSED_LINE],
    },
    "listBatchLines": {
        "items": [
            {
                "line": 2,
                "act": "withdrawal",
                "licence_id": LICENCE,
                "members": {"decision_reference": "D-2026-000123", "points": 3, "offence": "phone"},
                "outcome": "done",
                "problem": None,
                "act_id": ACT,
            }
        ],
        "next": None,
    },
    "cancelBatch": {"batch_id": BATCH, "cancelled_at": NOW, "lines": 250},
}
ANSWERS: Final[Mapping[str, Any]] = {
    **_OF_POINTS,
    **_OF_MEASURES,
    **_OF_PROPOSALS,
    **_OF_BATCHES,
    **answers_to_holders.ANSWERS,
    **answers_to_the_public.ANSWERS,
}
"""By the operation's id; with the status behind it where an operation has two answers in JSON."""
