"""Who the citizen is, and which documents the registries say are theirs; each look-up is written to the journal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api import audit
from wallet_api.access import Actor, identify
from wallet_api.asked_service import ServiceOf
from wallet_api.authority.store import find_document
from wallet_api.openapi.raises import guard
from wallet_api.problems import WalletError
from wallet_api.registries.adapters import (
    HOLDER_CARD,
    HOLDER_LICENCE,
    LicenceRecord,
    LicenceRegistry,
    PivotIdentity,
    RegistrySilent,
    RightsRecord,
    RightsRegistry,
)
from wallet_api.roles import SERVICE, AccessRole
from wallet_api.wiring import Service

from .pivot import pivot_of, require_assurance

LICENCE: Final = DocumentType.DRIVING_LICENCE
CARD: Final = DocumentType.VITALE_CARD
BOTH: Final = (LICENCE, CARD)


@dataclass(frozen=True, slots=True)
class Citizen:
    """The bearer of a token of role `citizen` whose level of assurance suffices."""

    bearer_id: str
    pivot: PivotIdentity

    def id_in(self, authority_id: str) -> str:
        """The pseudonym that rows of one authority keep; those of two authorities tell nothing of each other."""
        return hashlib.sha256(f"{authority_id} {self.bearer_id}".encode()).hexdigest()[:32]

    @property
    def actor(self) -> Actor:
        """Who acts, for idempotency keys and the pace of acts."""
        return Actor(SERVICE, AccessRole.CITIZEN, self.id_in(SERVICE))


@dataclass(frozen=True, slots=True)
class Owned:
    """A document that a registry says is the citizen's, by the registry's reference."""

    document_type: DocumentType
    reference: str

    @property
    def authority_id(self) -> str:
        """The authority of this kind of document."""
        return DOMAIN_OF[self.document_type].value


@dataclass(frozen=True, slots=True)
class Owner:
    """A citizen with the documents that are theirs; `silent` are the kinds whose registry did not answer."""

    citizen: Citizen
    owned: tuple[Owned, ...]
    silent: tuple[DocumentType, ...] = ()

    def of(self, document_type: DocumentType) -> Owned:
        """Their document of this kind. Raises `WalletError` when there is none."""
        for one in self.owned:
            if one.document_type is document_type:
                return one
        raise WalletError("not-found")


@guard(
    "official",
    (AccessRole.CITIZEN,),
    problems=("unauthenticated", "forbidden", "assurance-too-low", "pivot-missing", "identity-unavailable"),
)
def _citizen(request: Request) -> Citizen:
    actor, claims = identify(request, (AccessRole.CITIZEN,))
    require_assurance(claims)
    return Citizen(actor.actor_id, pivot_of(claims))


def owner(
    service: Service, citizen: Citizen, kinds: tuple[DocumentType, ...] = BOTH, *, patient: bool = False
) -> Owner:
    """Ask the registries of these kinds whose documents they are, and write that down.

    A registry that does not answer is an error (`WalletError`), unless the caller is `patient` with it.
    """
    owned, silent = [], []
    for kind in kinds:
        try:
            reference = _find(service, citizen, kind)
        except RegistrySilent:
            silent.append(kind)
            continue
        if reference is not None:
            owned.append(Owned(kind, reference))
    found = Owner(citizen, tuple(owned), tuple(silent))
    _journal(service, found, kinds)
    if silent and not patient:
        raise WalletError("registry-silent")
    return found


def records(service: Service, found: Owner) -> list[tuple[Owned, LicenceRecord | RightsRecord]]:
    """What the registries hold of the owner's documents, for the owner's own eyes.

    Raises `WalletError` when one does not answer; the look-up of `owner` is already in the journal with the same basis.
    """
    held: list[tuple[Owned, LicenceRecord | RightsRecord]] = []
    for one in found.owned:
        record: LicenceRecord | RightsRecord | None
        try:
            if one.document_type is LICENCE:
                record = service.licences.find(one.reference, HOLDER_LICENCE)
            else:
                record = service.rights.find(one.reference, HOLDER_CARD, service.clock.now())
        except RegistrySilent:
            raise WalletError("registry-silent") from None
        if record is not None:
            held.append((one, record))
    return held


def _find(service: Service, citizen: Citizen, kind: DocumentType) -> str | None:
    registry: LicenceRegistry | RightsRegistry = service.licences if kind is LICENCE else service.rights
    return registry.find_by_pivot(citizen.pivot, HOLDER_LICENCE if kind is LICENCE else HOLDER_CARD)


def _journal(service: Service, found: Owner, kinds: tuple[DocumentType, ...]) -> None:
    """One row for each look-up, an unanswered one included; its object is the document, if the service opened it."""
    now = service.clock.now()
    references = {one.document_type: one.reference for one in found.owned}
    with service.database.write() as connection:
        for kind in kinds:
            authority_id, reference = DOMAIN_OF[kind].value, references.get(kind)
            opened = reference and find_document(connection, authority_id, kind, reference)
            basis = HOLDER_LICENCE if kind is LICENCE else HOLDER_CARD
            audit.append(
                connection,
                authority_id,
                now=now,
                actor_id=found.citizen.id_in(authority_id),
                act="registry_asked",
                subject_id=opened or found.citizen.id_in(authority_id),
                detail={
                    "purpose": basis.purpose,
                    "article": basis.article,
                    "answer": "silent" if kind in found.silent else "found" if reference else "nobody",
                },
            )


CitizenOf = Annotated[Citizen, Depends(_citizen)]
"""The citizen who calls. 401 without a token or below the level, 403 in another role or without a pivot identity."""


def _owner_of_both(service: ServiceOf, citizen: CitizenOf) -> Owner:
    return owner(service, citizen)


def _owner_of_licence(service: ServiceOf, citizen: CitizenOf) -> Owner:
    return owner(service, citizen, (LICENCE,))


OwnerOf = Annotated[Owner, Depends(_owner_of_both)]
LicenceOwnerOf = Annotated[Owner, Depends(_owner_of_licence)]
