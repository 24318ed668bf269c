"""What the service's machine words mean for the citizen: French, then English.

The words are the last segments of the service's problem types (RFC 9457), and OAuth's error codes where there is none.
"""

from __future__ import annotations

from typing import Final

__all__ = ["BY_STATUS", "DENIED", "OTHERWISE", "WORDS"]

DENIED: Final = "credential-denied"
"""One view is not issued in the present state of the document; the others may be."""

WORDS: Final = {
    "grant-refused": (
        "Le code est inconnu, périmé ou déjà utilisé. Demandez une nouvelle offre.",
        "The code is unknown, expired or used already. Ask for a new offer.",
    ),
    "invalid_grant": (
        "Le code est inconnu, périmé ou déjà utilisé. Demandez une nouvelle offre.",
        "The code is unknown, expired or used already. Ask for a new offer.",
    ),
    "tx-code-wrong": (
        "Le code reçu à part ne convient pas. Vérifiez-le, puis réessayez.",
        "The code received separately does not fit. Check it, then try again.",
    ),
    "activation-refused": (
        "Le code d'activation est inconnu, périmé ou déjà utilisé. Demandez-en un autre au guichet.",
        "The activation code is unknown, expired or used already. Ask the counter for another one.",
    ),
    "second-part-wrong": (
        "La seconde partie du code ne convient pas. Vérifiez-la : après cinq erreurs il faut un autre code.",
        "The second part of the code does not fit. Check it: after five mistakes another code is needed.",
    ),
    "document-suspended": (
        "Titre suspendu : il n'est pas actualisé avant la levée de la suspension.",
        "Document suspended: it is not refreshed before the suspension is lifted.",
    ),
    "document-revoked": (
        "Ce titre a été retiré par l'autorité : il n'est plus actualisé. Vous pouvez contester cette décision.",
        "This document was withdrawn by the authority: it is not refreshed any more. You can dispute this decision.",
    ),
    "title-gone": (
        "Titre déclaré perdu ou volé : il n'est plus actualisé. Demandez-en un nouveau ; votre droit de conduire demeure.",
        "Document reported lost or stolen: it is not refreshed any more. Ask for a new one; your right to drive remains.",
    ),
    "wallet-lost": (
        "Ce téléphone a été déclaré perdu. Réenregistrez vos titres ; votre droit demeure.",
        "This phone was declared lost. Save your documents again; your right remains.",
    ),
    "paused-elsewhere": (
        "La pause vient de votre espace, pas de ce téléphone : reprenez le titre dans votre espace.",
        "The pause was asked for in your own space, not on this phone: resume the document there.",
    ),
    "wallet-paused": (
        "Titre en pause sur ce téléphone. Reprenez-le d'abord.",
        "Document paused on this phone. Resume it first.",
    ),
    DENIED: (
        "Cette présentation n'est pas délivrée dans l'état présent du titre.",
        "This presentation is not issued in the present state of the document.",
    ),
    "invalid_dpop_proof": (
        "Le service ne reconnaît pas ce téléphone. Réessayez.",
        "The service does not recognise this phone. Try again.",
    ),
    "dpop-refused": (
        "Le service ne reconnaît pas ce téléphone. Réessayez.",
        "The service does not recognise this phone. Try again.",
    ),
    "token-refused": (
        "L'accès de ce téléphone a expiré. Réessayez.",
        "This phone's access has expired. Try again.",
    ),
}
BY_STATUS: Final = {
    404: ("Le service ne connaît pas cette demande.", "The service does not know this request."),
    429: ("Trop de demandes. Patientez quelques minutes.", "Too many requests. Wait a few minutes."),
}
OTHERWISE: Final = ("Le service a refusé la demande.", "The service refused the request.")
