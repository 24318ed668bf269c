"""The closed catalogue of what the service refuses, and the exception that carries one of its rows.

Each row is a problem type (RFC 9457) with its HTTP status; `error` is added where OAuth or OpenID4VCI names a code (RFC
6749, section 5.2; OpenID4VCI 1.0, sections 6.3 and 8.3.1.2). `problem_documents.py` renders them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of trouble: HTTP status, OAuth error code if any, and what is wrong and what to do, in French and in English."""

    code: str
    status: int
    fr: str
    en: str
    error: str | None = None


_ROWS: Final = (
    Problem(
        "invalid-request",
        400,
        "Requête incomplète ou malformée : comparez-la à la description (/docs.json).",
        "Incomplete or malformed request: compare it with the description (/docs.json).",
        "invalid_request",
    ),
    Problem(
        "unauthenticated",
        401,
        "Jeton d’accès absent, périmé ou refusé ; reconnectez-vous.",
        "Access token missing, expired or refused; sign in again.",
    ),
    Problem(
        "forbidden",
        403,
        "Votre rôle ne permet pas cet acte ; adressez-vous à qui a le rôle que nomme la description (/docs.json).",
        "Your role does not permit this act; turn to somebody with the role that the description names (/docs.json).",
    ),
    Problem(
        "assurance-too-low",
        401,
        "Cette connexion ne suffit pas : reconnectez-vous au niveau substantiel ou élevé (FranceConnect+).",
        "This sign-in is not enough: sign in again at level substantial or high (FranceConnect+).",
    ),
    Problem(
        "pivot-missing",
        403,
        "Le fournisseur d’identité n’a pas transmis une identité pivot complète ; reconnectez-vous par un autre moyen, ou allez au guichet.",
        "The identity provider did not hand over a complete pivot identity; sign in by another means, or go to the counter.",
    ),
    Problem(
        "identity-unavailable",
        503,
        "Les clés du fournisseur d’identité sont illisibles ; réessayez plus tard.",
        "The keys of the identity provider cannot be read; try again later.",
    ),
    Problem(
        "not-found",
        404,
        "Aucun objet à cette adresse pour vous ; vérifiez l’identifiant ou la référence, et l’autorité dont vous relevez.",
        "There is nothing at this address for you; check the id or reference, and the authority that you act for.",
    ),
    Problem(
        "method-not-allowed",
        405,
        "Cette adresse n’accepte pas ce verbe ; l’en-tête Allow dit lesquels.",
        "This address does not take this verb; the Allow header says which.",
    ),
    Problem(
        "not-acceptable",
        406,
        "Aucune forme demandée n’est disponible ; demandez l’une de celles que cite la description (/docs.json).",
        "None of the forms asked for is available; ask for one that the description names (/docs.json).",
    ),
    Problem(
        "day-not-reportable",
        409,
        "Un terminal rend compte d’un jour terminé, de 31 jours au plus ; attendez demain ou renoncez à ce jour.",
        "A terminal reports a day that is over, at most 31 days ago; wait until tomorrow or leave that day out.",
    ),
    Problem(
        "too-large",
        413,
        "Requête trop volumineuse (256 Kio, davantage pour un lot) ; partagez-la.",
        "The request is too large (256 KiB, more for a batch); split it.",
    ),
    Problem(
        "content-refused",
        422,
        "Un champ manque ou n’a pas la forme attendue ; corrigez ceux que nomme `fields`, sinon voyez /docs.json.",
        "A field is missing or has another form; correct those that `fields` names, or else see /docs.json.",
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
        "Cette clé d’idempotence a servi à une autre requête ; prenez-en une nouvelle pour un nouvel acte.",
        "This idempotency key served another request; take a new one for a new act.",
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
        "Le délai d’annulation est passé : l’acte compte. Il faut une nouvelle décision qui le lève ou l’annule.",
        "The time to cancel is over: the act counts. A new decision must lift or annul it.",
    ),
    Problem(
        "second-person-needed",
        403,
        "Une autre personne doit approuver cette proposition ; demandez-le à un collègue qui en a le rôle.",
        "Another person must approve this proposal; ask a colleague who has the role.",
    ),
    Problem(
        "already-proposed",
        409,
        "Une proposition sur cet objet attend déjà une décision ; faites-la approuver ou refuser d’abord.",
        "A proposal about this object is waiting for a decision already; have it approved or refused first.",
    ),
    Problem(
        "proposal-decided",
        409,
        "Cette proposition est déjà approuvée ou refusée ; relisez-la, et proposez de nouveau si besoin.",
        "This proposal is approved or refused already; read it again, and propose again if needed.",
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
        "La clé n’est pas dans un état qui permet cet acte ; relisez son état (`wallet-keys list`).",
        "The key is not in a state that permits this act; read its state again (`wallet-keys list`).",
    ),
    Problem(
        "already-cancelled",
        409,
        "Cet acte est déjà annulé ; il n’y a rien de plus à faire.",
        "This act is cancelled already; there is nothing more to do.",
    ),
    Problem(
        "version-changed",
        412,
        "Le document a changé depuis sa lecture ; relisez-le avant d’agir.",
        "The document changed since it was read; read it again before acting.",
    ),
    Problem(
        "batch-unreadable",
        422,
        "Ce fichier n’est pas un tableau CSV en UTF-8 avec au moins un acte ; enregistrez-le sous cette forme.",
        "This file is no CSV table in UTF-8 with at least one act; save it in this form.",
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
    Problem(
        "already-lifted",
        409,
        "Cette mesure est déjà levée ; relisez le dossier avant d’agir.",
        "This measure is lifted already; read the document again before acting.",
    ),
    Problem(
        "measure-over",
        409,
        "Cette mesure est finie ou non avenue, ou le sera avant que la levée ne compte : il n’y a rien à lever.",
        "This measure is over or void, or will be before a lift would count: there is nothing to lift.",
    ),
    Problem(
        "already-revoked",
        409,
        "Ce titre est déjà révoqué ; il n’y a rien de plus à faire.",
        "This title is revoked already; there is nothing more to do.",
    ),
    Problem(
        "not-a-suspension",
        409,
        "Cette mesure n’est pas de celles qui se lèvent ici ; relisez sa nature dans le dossier.",
        "This measure is not one that is lifted here; read its kind in the document again.",
    ),
    Problem(
        "not-administrative",
        409,
        "Seule une mesure administrative cesse ou s’efface par une décision de justice (L224-9) ; vérifiez la mesure nommée.",
        "Only an administrative measure stops or is voided by a court's decision (L224-9); check the measure named.",
    ),
    Problem(
        "measure-too-long",
        422,
        "Durée illégale ; avancez la fin : six mois pour une suspension du préfet, un an si le cas est grave ou pour un éthylotest.",
        "Longer than the law allows; set an earlier end: six months for a prefect's suspension, a year in grave cases or for an interlock.",
    ),
    Problem(
        "points-not-of-class",
        422,
        "Ces points ne sont pas ceux de cette classe d’infraction, ce jour-là (L223-2) ; relisez la décision et la date des faits.",
        "These are not the points of this class of offence on that day (L223-2); read the decision and the day of the facts again.",
    ),
    Problem(
        "offence-contradicted",
        422,
        "Cette infraction est inconnue au jour des faits, ou la décision en dit autre chose que la loi ; voyez /authority/offences.",
        "This offence is unknown on the day it was committed, or the decision says otherwise than the law; see /authority/offences.",
    ),
    Problem(
        "course-days",
        422,
        "Un stage dure deux jours consécutifs (R223-5) ; corrigez ses dates.",
        "A course lasts two consecutive days (R223-5); correct its dates.",
    ),
    Problem(
        "course-too-soon",
        409,
        "Un stage moins d’un an après le précédent ne rend aucun point (L223-6) ; il n’y a rien à inscrire.",
        "A course less than a year after the last one gives no points (L223-6); there is nothing to record.",
    ),
    Problem(
        "training-outside-window",
        422,
        "La formation a lieu du sixième au douzième mois d’une période probatoire (R223-4-1) ; vérifiez sa date.",
        "The training takes place from the 6th to the 12th month of a probation (R223-4-1); check its date.",
    ),
    Problem(
        "licence-invalid",
        409,
        "Le permis a perdu sa validité faute de points (L223-1) ; un nouveau permis est nécessaire.",
        "The licence lost its validity for want of points (L223-1); a new licence is needed.",
    ),
    Problem(
        "licence-not-invalid",
        409,
        "Rien à notifier ni à remettre : le permis garde des points, ou rien n’a été notifié ; relisez les points.",
        "Nothing to notify or to hand in: the licence has points left, or nothing was notified; read the points again.",
    ),
    Problem(
        "fact-recorded",
        409,
        "Ce fait est déjà inscrit ; relisez les points avant d’agir.",
        "This fact is recorded already; read the points again before acting.",
    ),
    Problem(
        "not-a-licence-with-points",
        409,
        "Ce document ne porte pas de points ; vérifiez l’identifiant du permis.",
        "This document bears no points; check the id of the licence.",
    ),
    Problem(
        "decision-too-old",
        422,
        "Décision plus ancienne que sa durée de conservation : elle ne s’inscrit plus (L225-2).",
        "The decision is older than the period for which it may be kept; it is not recorded any more (L225-2).",
    ),
    Problem(
        "dates-out-of-order",
        422,
        "Ces dates se contredisent ; vérifiez leur ordre, et qu’aucune n’est à venir ni déjà passée à tort.",
        "These dates contradict each other; check their order, and that none is wrongly in the future or in the past.",
    ),
    Problem(
        "person-unknown",
        404,
        "Le registre ne connaît pas cette personne ; vérifiez la référence auprès de lui.",
        "The registry does not know this person; check the reference with it.",
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
        "Ce type d’autorisation n’existe pas ici ; les métadonnées du serveur disent lesquels.",
        "No such grant type here; the server's metadata says which.",
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
        "Le code de confirmation ne convient pas ; vérifiez celui qui vous fut remis à part.",
        "The transaction code does not fit; check the one that you were given apart.",
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
        "Le document est révoqué : rien n’est renouvelé. Adressez-vous à l’autorité qui l’a révoqué.",
        "The document is revoked: nothing is renewed. Turn to the authority that revoked it.",
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
        "Ce téléphone a été déclaré perdu ; demandez une nouvelle offre.",
        "This phone was declared lost; ask for a new offer.",
        "invalid_grant",
    ),
    Problem(
        "dpop-refused",
        400,
        "La preuve DPoP manque, ne convient pas, est périmée ou déjà vue ; faites-en une neuve, à l’heure juste.",
        "The DPoP proof is missing, does not fit, is too old or was seen before; make a new one, by a clock that is right.",
        "invalid_dpop_proof",
    ),
    Problem(
        "dpop-refused-here",
        401,
        "La preuve DPoP manque, ne convient pas, est périmée ou déjà vue ; faites-en une neuve, à l’heure juste.",
        "The DPoP proof is missing, does not fit, is too old or was seen before; make a new one, by a clock that is right.",
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
        "Demande de titre malformée ; comparez-la à la description (/docs.json).",
        "Malformed credential request; compare it with the description (/docs.json).",
        "invalid_credential_request",
    ),
    Problem(
        "configuration-unknown",
        400,
        "Aucun titre de ce nom n’est délivré ; les métadonnées de l’émetteur disent lesquels.",
        "No credential of this name is issued; the issuer's metadata says which.",
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
        "Une preuve de clé ne convient pas ; refaites-la avec un nonce neuf.",
        "A key proof does not fit; make it again with a fresh nonce.",
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
        "Ce titre n’est pas délivré dans l’état présent du document ; voyez cet état dans « Mon espace ».",
        "This credential is not issued in the present state of the document; see that state in your personal space.",
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
        "Ce mandat a pris fin ou a été révoqué ; la personne peut en donner un autre.",
        "This mandate has ended or was revoked; the person can give another one.",
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
        "Cette carte imprimée est déjà révoquée ; il n’y a rien de plus à faire.",
        "This printed card is revoked already; there is nothing more to do.",
    ),
    Problem(
        "terminal-known",
        409,
        "Ce terminal est déjà enrôlé avec une autre clé ou un autre profil, ou déclaré perdu ; enrôlez-le sous un nouvel identifiant.",
        "This terminal is enrolled already with another key or profile, or reported lost; enrol it under a new id.",
    ),
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
    Problem(
        "not-ready",
        503,
        "Le service n’est pas prêt : réessayez plus tard. L’exploitant lit sur /readyz ce qui manque.",
        "The service is not ready: try again later. The operator reads at /readyz what is missing.",
    ),
    Problem(
        "internal",
        500,
        "Erreur interne, consignée sans votre requête ; réessayez plus tard, puis prévenez l’exploitant.",
        "Internal error, logged without your request; try again later, then warn the operator.",
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
