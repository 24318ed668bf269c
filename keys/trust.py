"""The trust list of a domain, built from the key folder at an instant and signed by the trust signer.

- Announced signers are in it: a terminal that is then offline for a month accepts them the day they are needed.
- An ended signer stays as long as something it signed can still be shown.
- The reader keys of the domain's audience are in it up to the end of their grace.
"""

from __future__ import annotations

from credentials.cose_key import X25519Key
from credentials.spec import DOMAIN_OF, Domain, Role
from credentials.trust_list import Caps, ReaderKeyEntry, SignerEntry, TrustListClaims, prepare
from credentials.views import VIEW_SPECS, View

from .folder import KeyFolder
from .hierarchy import signer_name
from .policy import DAY, LISTED_AFTER_END_DAYS, caps_of
from .reader_keys import SEALED_AUDIENCES
from .record import KeyKind, KeyRecord


def trust_list_for(domain: Domain, folder: KeyFolder, at: int, version: int) -> bytes:
    """The signed trust list. `version` must exceed that of every list signed before: the caller counts.

    Raises `KeyMissing`, `KeyNotActive`, `KeyCapReached`, `KeyFileRefused`.
    """
    signer = folder.signer(domain, Role.TRUST, at)
    chain = (folder.find(signer.key_id).certificate,)
    to_sign = prepare(trust_claims(domain, folder, at, version), algorithm=signer.algorithm, chain=chain)
    return to_sign.with_signature(signer.sign(to_sign.to_be_signed))


def trust_claims(domain: Domain, folder: KeyFolder, at: int, version: int) -> TrustListClaims:
    """What the list of `trust_list_for` says."""
    return TrustListClaims(
        domain=domain,
        version=version,
        issued_at=at,
        signers=tuple(_signer(domain, one) for one in folder.records() if _listed(one, domain, at)),
        reader_keys=tuple(
            _reader_key(one)
            for audience, owner in SEALED_AUDIENCES.items()
            if owner is domain
            for one in folder.reader_records(audience, at)
        ),
    )


def _listed(record: KeyRecord, domain: Domain, at: int) -> bool:
    if record.kind is not KeyKind.SIGNER or record.domain is not domain:
        return False
    return at < record.not_after + LISTED_AFTER_END_DAYS * DAY


def _signer(domain: Domain, record: KeyRecord) -> SignerEntry:
    return SignerEntry(
        key_id=record.key_id,
        role=record.role,
        algorithm=record.algorithm,
        public_key=record.public_key,
        name=signer_name(domain, record.role),
        document_types=record.document_types,
        not_before=record.not_before,
        not_after=record.not_after,
        state=record.state,
        state_since=record.state_since,
        certificate=record.certificate,
        status_prefixes=record.status_prefixes,
        points_prefixes=record.points_prefixes,
        caps=_caps(record),
    )


def _caps(record: KeyRecord) -> dict[View, Caps]:
    if record.role is not Role.CREDENTIAL:
        return {}
    return {
        view: caps_of(view)
        for view, spec in VIEW_SPECS.items()
        if DOMAIN_OF[spec.document_type] is record.domain
    }


def _reader_key(record: KeyRecord) -> ReaderKeyEntry:
    if not isinstance(record.public_key, X25519Key):
        msg = f"{record.name} is no reader key"
        raise TypeError(msg)
    return ReaderKeyEntry(
        key_id=record.key_id,
        audience=record.audience,
        public_key=record.public_key,
        generation=record.generation,
        not_before=record.not_before,
        not_after=record.not_after,
    )
