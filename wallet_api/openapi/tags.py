"""The chapters of the interface, in the words of those who use it. Closed: an operation has exactly one of them."""

from __future__ import annotations

from typing import Final

TAGS: Final = {
    "Découverte": "Ce que délivre le service, où, et sous quelles racines. · What is issued here, where, and under which roots.",
    "Délivrance": "Jetons, nonces et titres (OpenID4VCI 1.0). · Tokens, nonces and credentials.",
    "Téléphone": "Ce que la personne fait depuis son téléphone. · What a holder does from the phone.",
    "Mon espace": "Mes points, mes titres, mes téléphones, mes droits. · My points, credentials, phones and rights.",
    "Aidants": "Mandats et actes d’un aidant. · Mandates, and the acts of a helper.",
    "Guichet": "Délivrer à une personne sans téléphone. · Issuing to a person without a phone.",
    "Permis": "Actes d’autorité sur un permis de conduire. · Acts of authority on a driving licence.",
    "Carte Vitale": "Actes d’autorité sur une carte Vitale. · Acts of authority on a Vitale card.",
    "Actes": "Propositions à deux, annulation dans le délai, lots. · Two-person proposals, cancellation in time, batches.",
    "Journal": "Le journal des actes et ses points de contrôle. · The audit journal and its checkpoints.",
    "Connexion": "S’identifier : agents, personnes, aidants. · Signing in: officials, citizens, helpers.",
    "Publication": "Listes et fichiers signés que les terminaux lisent. · Signed lists and files that terminals read.",
    "Qualité": "Disponibilité, délais, avis. · Availability, delays, opinions.",
    "Données ouvertes": "Agrégats sous Licence Ouverte 2.0. · Aggregates under an open licence.",
    "Exploitation": "L’état du service, pour qui le fait tourner. · The state of the service, for its operator.",
}
