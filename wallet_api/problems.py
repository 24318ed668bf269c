"""The closed catalogue of what the service refuses, and the exception that carries one of its rows.

Each row is a problem type (RFC 9457) with its HTTP status; `error` is added where OAuth or OpenID4VCI names a code (RFC
6749, section 5.2; OpenID4VCI 1.0, sections 6.3 and 8.3.1.2). `problem_documents.py` renders them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of trouble: HTTP status, OAuth error code if any, and what to do, in French and in English."""

    code: str
    status: int
    fr: str
    en: str
    error: str | None = None


_ROWS: Final = (
    Problem(
        "invalid-request",
        400,
        "Requête incomplète ou malformée.",
        "Incomplete or malformed request.",
        "invalid_request",
    ),
    Problem(
        "unauthenticated",
        401,
        "Jeton d’accès absent, périmé ou refusé ; reconnectez-vous.",
        "Access token missing, expired or refused; sign in again.",
    ),
    Problem("forbidden", 403, "Votre rôle ne permet pas cet acte.", "Your role does not permit this act."),
    Problem(
        "assurance-too-low",
        401,
        "Cette connexion ne suffit pas : reconnectez-vous au niveau substantiel ou élevé (FranceConnect+).",
        "This sign-in is not enough: sign in again at level substantial or high (FranceConnect+).",
    ),
    Problem(
        "pivot-missing",
        403,
        "Le fournisseur d’identité n’a pas transmis une identité pivot complète.",
        "The identity provider did not hand over a complete pivot identity.",
    ),
    Problem(
        "identity-unavailable",
        503,
        "Les clés du fournisseur d’identité sont illisibles ; réessayez plus tard.",
        "The keys of the identity provider cannot be read; try again later.",
    ),
    Problem("not-found", 404, "Aucun objet à cette adresse.", "There is nothing at this address."),
    Problem(
        "method-not-allowed",
        405,
        "Cette adresse n’accepte pas ce verbe ; l’en-tête Allow dit lesquels.",
        "This address does not take this verb; the Allow header says which.",
    ),
    Problem(
        "not-acceptable",
        406,
        "Aucune forme demandée n’est disponible.",
        "None of the forms asked for is available.",
    ),
    Problem(
        "day-not-reportable",
        409,
        "Un terminal rend compte d’un jour terminé, de 31 jours au plus ; attendez demain ou renoncez à ce jour.",
        "A terminal reports a day that is over, at most 31 days ago; wait until tomorrow or leave that day out.",
    ),
    Problem("too-large", 413, "Requête trop volumineuse.", "The request is too large."),
    Problem(
        "content-refused",
        422,
        "Un champ manque ou n’a pas la forme attendue.",
        "A field is missing or has another form.",
    ),
    Problem(
        "idempotency-key-missing",
        400,
        "Un acte demande l’en-tête Idempotency-Key, de 16 à 64 caractères.",
        "An act needs the Idempotency-Key header, 16 to 64 characters.",
    ),
    Problem(
        "idempotency-key-reused",
        409,
        "Cette clé d’idempotence a servi à une autre requête.",
        "This idempotency key served another request.",
    ),
    Problem(
        "decision-already-recorded",
        409,
        "Une décision porte déjà cette référence ; elle est libre si cet acte est annulé à temps.",
        "A decision with this reference is recorded already; it is free if that act is cancelled in time.",
    ),
    Problem(
        "too-late-to-cancel",
        409,
        "Le délai d’annulation est passé : l’acte compte.",
        "The time to cancel is over: the act counts.",
    ),
    Problem(
        "second-person-needed",
        403,
        "Une autre personne doit approuver cette proposition.",
        "Another person must approve this proposal.",
    ),
    Problem(
        "already-proposed",
        409,
        "Une proposition sur cet objet attend déjà une décision.",
        "A proposal about this object is waiting for a decision already.",
    ),
    Problem(
        "proposal-decided",
        409,
        "Cette proposition est déjà approuvée ou refusée.",
        "This proposal is approved or refused already.",
    ),
    Problem(
        "proposal-expired",
        409,
        "Cette proposition a plus de vingt-quatre heures ; proposez de nouveau.",
        "This proposal is older than twenty-four hours; propose again.",
    ),
    Problem(
        "proposal-altered",
        409,
        "Cette proposition n’est plus celle que le journal dit : rien n’a été fait. Prévenez l’exploitant (`audit verify`), puis proposez de nouveau.",
        "This proposal is not the one that the journal tells: nothing was done. Warn the operator (`audit verify`), then propose again.",
    ),
    Problem(
        "batch-altered",
        409,
        "Ce lot n’est plus celui qui fut proposé et approuvé : rien de plus n’est fait. Prévenez l’exploitant (`audit verify`), puis déposez-le de nouveau.",
        "This batch is not the one that was proposed and approved: nothing more is done. Warn the operator (`audit verify`), then submit it again.",
    ),
    Problem(
        "key-act-refused",
        409,
        "La clé n’est pas dans un état qui permet cet acte.",
        "The key is not in a state that permits this act.",
    ),
    Problem("already-cancelled", 409, "Cet acte est déjà annulé.", "This act is cancelled already."),
    Problem(
        "version-changed",
        412,
        "Le document a changé depuis sa lecture ; relisez-le avant d’agir.",
        "The document changed since it was read; read it again before acting.",
    ),
    Problem(
        "batch-unreadable",
        422,
        "Ce fichier n’est pas un tableau CSV en UTF-8 avec au moins un acte.",
        "This file is no CSV table in UTF-8 with at least one act.",
    ),
    Problem(
        "batch-columns",
        422,
        "Les colonnes du fichier ne sont pas celles d’un lot : act, licence_id, puis celles des actes.",
        "The columns of the file are not those of a batch: act, licence_id, then those of the acts.",
    ),
    Problem(
        "batch-too-long",
        422,
        "Le lot dépasse 5 000 lignes ; partagez-le.",
        "The batch has more than 5,000 lines; split it.",
    ),
    Problem(
        "batch-refused",
        422,
        "Des lignes du lot seraient refusées : essayez-le à blanc, puis corrigez-les.",
        "Lines of the batch would be refused: rehearse it, then correct them.",
    ),
    Problem(
        "too-many-acts",
        429,
        "Trop d’actes en une heure : reprenez après le délai de Retry-After ; sur les permis, un lot approuvé par deux personnes n’attend pas.",
        "Too many acts in one hour: go on after the time in Retry-After; on licences, a batch that two people approve does not wait.",
    ),
    Problem(
        "too-many-proposals",
        429,
        "Vos lots en attente sont déjà nombreux : faites approuver ou refuser les premiers.",
        "Many batches of yours wait already: have the first ones approved or refused.",
    ),
    Problem(
        "too-many-requests",
        429,
        "Trop de requêtes en peu de temps : attendez le délai que donne Retry-After.",
        "Too many requests in a short time: wait as long as Retry-After says.",
    ),
    Problem("already-lifted", 409, "Cette mesure est déjà levée.", "This measure is lifted already."),
    Problem(
        "measure-over",
        409,
        "Cette mesure est finie ou non avenue, ou le sera avant que la levée ne compte : il n’y a rien à lever.",
        "This measure is over or void, or will be before a lift would count: there is nothing to lift.",
    ),
    Problem("already-revoked", 409, "Ce titre est déjà révoqué.", "This title is revoked already."),
    Problem(
        "not-a-suspension",
        409,
        "Cette mesure est définitive : elle ne se lève pas.",
        "This measure is final: it is not lifted.",
    ),
    Problem(
        "not-administrative",
        409,
        "Seule une mesure administrative cesse ou s’efface par une décision de justice (L224-9).",
        "Only an administrative measure stops or is voided by a court's decision (L224-9).",
    ),
    Problem(
        "measure-too-long",
        422,
        "Cette mesure dépasse la durée que la loi permet.",
        "This measure is longer than the law allows.",
    ),
    Problem(
        "points-not-of-class",
        422,
        "Ces points ne sont pas ceux de cette classe d’infraction, ce jour-là (L223-2).",
        "These are not the points of this class of offence on that day (L223-2).",
    ),
    Problem(
        "offence-contradicted",
        422,
        "Cette infraction est inconnue au jour des faits, ou la décision en dit autre chose que la loi.",
        "This offence is unknown on the day it was committed, or the decision says otherwise than the law.",
    ),
    Problem(
        "course-days",
        422,
        "Un stage dure deux jours consécutifs (R223-5).",
        "A course lasts two consecutive days (R223-5).",
    ),
    Problem(
        "course-too-soon",
        409,
        "Un stage moins d’un an après le précédent ne rend aucun point (L223-6).",
        "A course less than a year after the last one gives no points (L223-6).",
    ),
    Problem(
        "training-outside-window",
        422,
        "La formation a lieu du sixième au douzième mois d’une période probatoire (R223-4-1).",
        "The training takes place from the 6th to the 12th month of a probation (R223-4-1).",
    ),
    Problem(
        "licence-invalid",
        409,
        "Le permis a perdu sa validité faute de points (L223-1).",
        "The licence lost its validity for want of points (L223-1).",
    ),
    Problem(
        "licence-not-invalid",
        409,
        "Rien à notifier ni à remettre : le permis garde des points, ou rien n’a été notifié.",
        "Nothing to notify or to hand in: the licence has points left, or nothing was notified.",
    ),
    Problem("fact-recorded", 409, "Ce fait est déjà inscrit.", "This fact is recorded already."),
    Problem(
        "not-a-licence-with-points",
        409,
        "Ce document ne porte pas de points.",
        "This document bears no points.",
    ),
    Problem(
        "decision-too-old",
        422,
        "Décision plus ancienne que sa durée de conservation : elle ne s’inscrit plus (L225-2).",
        "The decision is older than the period for which it may be kept; it is not recorded any more (L225-2).",
    ),
    Problem("dates-out-of-order", 422, "Ces dates se contredisent.", "These dates contradict each other."),
    Problem(
        "person-unknown",
        404,
        "Le registre ne connaît pas cette personne.",
        "The registry does not know this person.",
    ),
    Problem(
        "registry-silent",
        503,
        "Le registre ne répond pas ; réessayez plus tard.",
        "The registry does not answer; try again later.",
    ),
    Problem(
        "unsupported-grant",
        400,
        "Ce type d’autorisation n’existe pas ici.",
        "No such grant type here.",
        "unsupported_grant_type",
    ),
    Problem(
        "grant-refused",
        400,
        "Le code ou le jeton est inconnu, périmé ou déjà utilisé ; demandez une nouvelle offre.",
        "The code or token is unknown, expired or used already; ask for a new offer.",
        "invalid_grant",
    ),
    Problem(
        "tx-code-wrong",
        400,
        "Le code de confirmation ne convient pas.",
        "The transaction code does not fit.",
        "invalid_grant",
    ),
    Problem(
        "document-suspended",
        400,
        "Le document est suspendu : rien n’est renouvelé jusqu’à la levée.",
        "The document is suspended: nothing is renewed before it is lifted.",
        "invalid_grant",
    ),
    Problem(
        "document-revoked",
        400,
        "Le document est révoqué : rien n’est renouvelé.",
        "The document is revoked: nothing is renewed.",
        "invalid_grant",
    ),
    Problem(
        "title-gone",
        400,
        "Le titre est déclaré perdu ou volé : rien n’est délivré avant le nouveau titre.",
        "The title is reported lost or stolen: nothing is issued before the new title.",
        "invalid_grant",
    ),
    Problem(
        "wallet-lost",
        400,
        "Ce téléphone a été déclaré perdu.",
        "This phone was declared lost.",
        "invalid_grant",
    ),
    Problem(
        "dpop-refused",
        400,
        "La preuve DPoP manque, ne convient pas, est périmée ou déjà vue.",
        "The DPoP proof is missing, does not fit, is too old or was seen before.",
        "invalid_dpop_proof",
    ),
    Problem(
        "dpop-refused-here",
        401,
        "La preuve DPoP manque, ne convient pas, est périmée ou déjà vue.",
        "The DPoP proof is missing, does not fit, is too old or was seen before.",
        "invalid_dpop_proof",
    ),
    Problem(
        "token-refused",
        401,
        "Le jeton d’accès est inconnu ou périmé ; renouvelez-le.",
        "The access token is unknown or expired; renew it.",
        "invalid_token",
    ),
    Problem(
        "credential-request-refused",
        400,
        "Demande de titre malformée.",
        "Malformed credential request.",
        "invalid_credential_request",
    ),
    Problem(
        "configuration-unknown",
        400,
        "Aucun titre de ce nom n’est délivré.",
        "No credential of this name is issued.",
        "unknown_credential_configuration",
    ),
    Problem(
        "nonce-refused",
        400,
        "Le nonce est inconnu, périmé ou déjà utilisé ; demandez-en un autre.",
        "The nonce is unknown, expired or used already; ask for another.",
        "invalid_nonce",
    ),
    Problem(
        "proof-refused",
        400,
        "Une preuve de clé ne convient pas.",
        "A key proof does not fit.",
        "invalid_proof",
    ),
    Problem(
        "device-key-used",
        400,
        "Une clé d’appareil a déjà servi : une clé neuve par titre.",
        "A device key was used before: one new key for each credential.",
        "invalid_proof",
    ),
    Problem(
        "credential-denied",
        400,
        "Ce titre n’est pas délivré dans l’état présent du document.",
        "This credential is not issued in the present state of the document.",
        "credential_request_denied",
    ),
    Problem(
        "paused-elsewhere",
        409,
        "La pause vient de votre espace, pas de ce téléphone : reprenez le titre dans votre espace.",
        "The pause was asked for in your own space, not on this phone: resume the document there.",
    ),
    Problem(
        "wallet-paused",
        400,
        "Le document est en pause sur ce téléphone ; reprenez-le d’abord.",
        "The document is paused on this phone; resume it first.",
        "credential_request_denied",
    ),
    Problem(
        "signing-unavailable",
        503,
        "La signature est indisponible ; réessayez plus tard.",
        "Signing is unavailable; try again later.",
    ),
    Problem(
        "activation-refused",
        404,
        "Code d’activation inconnu, déjà utilisé ou périmé ; demandez-en un autre au guichet.",
        "Activation code unknown, used already or expired; ask the counter for another one.",
    ),
    Problem(
        "second-part-wrong",
        403,
        "La seconde partie du code ne convient pas ; après cinq erreurs le code ne vaut plus rien.",
        "The second part of the code does not fit; after five mistakes the code is worth nothing.",
    ),
    Problem(
        "too-many-codes",
        429,
        "Trop de codes erronés ; réessayez après le délai indiqué.",
        "Too many wrong codes; try again after the time given.",
    ),
    Problem(
        "mandate-ended",
        409,
        "Ce mandat a pris fin ou a été révoqué.",
        "This mandate has ended or was revoked.",
    ),
    Problem(
        "printed-already",
        409,
        "Cette demande a déjà imprimé sa carte, montrée une seule fois ; demandez-en une autre avec une autre clé.",
        "This request has printed its card, shown only once; ask for another one with another key.",
    ),
    Problem(
        "card-lost-already",
        409,
        "Cette carte imprimée est déjà révoquée.",
        "This printed card is revoked already.",
    ),
    Problem("terminal-known", 409, "Ce terminal est déjà enrôlé.", "This terminal is enrolled already."),
    Problem(
        "publication-under-way",
        503,
        "Un autre processus publie en ce moment ; réessayez dans un instant.",
        "Another process is publishing at this moment; try again in a moment.",
    ),
    Problem(
        "storage-full",
        507,
        "Le service n’a plus de place : rien n’a été enregistré. Réessayez plus tard avec la même clé d’idempotence.",
        "The service is out of space: nothing was recorded. Try again later with the same idempotency key.",
    ),
    Problem(
        "database-unavailable",
        503,
        "La base de données ne répond pas ; réessayez avec la même clé d’idempotence, rien n’est fait deux fois.",
        "The database does not answer; try again with the same idempotency key, nothing is done twice.",
    ),
    Problem("not-ready", 503, "Le service n’est pas prêt.", "The service is not ready."),
    Problem(
        "internal",
        500,
        "Erreur interne, consignée sans votre requête.",
        "Internal error, logged without your request.",
    ),
)
PROBLEMS: Final = {row.code: row for row in _ROWS}


class WalletError(Exception):
    """A refusal that the client must understand; rendered once, at the edge. `code` is one of `PROBLEMS`.

    `retry_after`: seconds after which the same request may succeed.
    """

    def __init__(self, code: str, *, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.problem = PROBLEMS[code]
        self.retry_after = retry_after
