"""What anybody is told of quality, of open data and of the state of the service, and operators beside; see `answers.py`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .story import NOW

_BASE: Final = "http://127.0.0.1:8460"
_OF_A_DAY: Final = {"answers": 4_810, "failed": 2, "p50": 10, "p95": 50, "p99": 250}
_JOURNALED: Final = {"authority": "licence", "sequence": 7}
ANSWERS: Final[Mapping[str, Any]] = {
    "publish": {"edition": 42, "lists": 9, "files": 31},
    "readAuditJournal": {
        "rows": [
            {
                **_JOURNALED,
                "recorded_at": NOW,
                "actor_id": "0ae6bbce8ff26d56222db375332d7413",
                "act": "loss",
                "subject_id": "019a4b7c5e2070318a4d6f0b2c9e1d57",
                "detail": {"entry": "01a2120a61c0738b848dbce45dad6b8b", "entries": 1, "points": 3},
                "previous": "13" * 32,
                "digest": "5f" * 32,
            }
        ],
        "next": 7,
    },
    "readAuditCheckpoints": {
        "checkpoints": [
            {
                **_JOURNALED,
                "edition": 42,
                "digest": "5f" * 32,
                "signed_at": NOW,
                "message": "0oRDoQEmoEOhAQU",
            }
        ],
        "next": 42,
    },
    "reportTerminalDay": {"counted": True},
    "readQuality": {
        "since": "2026-10-26T09:00:00Z",
        "until": NOW,
        "availability": 0.99954,
        "minutes_known": 43_230,
        "days": [{"day": "2026-11-24", "availability": 0.99931, **_OF_A_DAY}],
        "groups": [{"group": "issuing", **_OF_A_DAY}],
        "lists_age_seconds": 27,
        "verdicts": [
            {"code": "EXPIRED", "outcome": "REFUSED", "at_least": None},
            {"code": "OK", "outcome": "VALID", "at_least": 40},
        ],
        "opinions": [{"code": "good", "outcome": None, "at_least": 10}],
        "public_opinions": [{"topic": "clarity", "at_least": 20, "mean": 4.2}],
    },
    "describeOpenData": {
        "notice": {
            "fr": "Démonstrateur, service non officiel, données fictives.",
            "en": "Demonstrator, unofficial service, fictitious data.",
        },
        "licence": {
            "name": "Licence Ouverte / Open Licence 2.0",
            "spdx": "etalab-2.0",
            "url": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
        },
        "as_of": "2026-11-01",
        "threshold": 10,
        "disclosure": {
            "fr": "Un nombre inférieur à 10, zéro compris, n’est pas publié.",
            "en": "A count under 10, zero included, is withheld.",
        },
        "tables": [
            {
                "url": f"{_BASE}/open-data/withdrawals.csv",
                "title": {
                    "fr": "Retraits de points par mois et par infraction",
                    "en": "Withdrawals of points by month and offence",
                },
                "description": {
                    "fr": "Retraits qui ont pris effet dans le mois, à l’heure de Paris.",
                    "en": "Withdrawals that began to count in the month, Paris time.",
                },
                "columns": [{"name": "month", "meaning": {"fr": "mois", "en": "month"}}],
                "first_month": "2024-11",
                "last_month": "2026-10",
            }
        ],
    },
    "readReadiness": {
        "database": True,
        "migrated": True,
        "keys": True,
        "lists": True,
        "lists_age": 27,
        "publication_age": 26,
        "leases": {"publication": "free", "steward": "here"},
        "signers": [{"domain": "licence", "role": "credential", "ends_in": 481_080}],
        "loop": "leading",
        "loop_error": None,
        "publication_waits_until": None,
        "publication_note": None,
    },
    "readDevelopmentIssuer": {
        "issuer": f"{_BASE}/dev",
        "jwks_uri": f"{_BASE}/dev/jwks",
        "token_endpoint": f"{_BASE}/dev/token",
    },
    "readDevelopmentKeys": {"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig"}]},
    "requestDevelopmentToken": {
        "access_token": "eyJ0eXAiOiJhdCtqd3QifQ.e30.c2ln",
        "token_type": "Bearer",
        "expires_in": 3_600,
    },
}
