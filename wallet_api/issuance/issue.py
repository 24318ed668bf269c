"""Issue credentials (style.md, rule 28: check and record what you are about to issue before you hand it out).

1. Ask the registry, outside every transaction.
2. In one transaction: spend what entitles to the request, check the document's standing, take random indexes, record
   one row for each credential.
3. Sign.
4. Verify the product as a terminal would read it: signature, and claims equal to what was meant.
5. In one transaction: mark the rows issued and give older credentials their causes.
6. Hand out. A failure after 2 leaves rows marked unissued, or reserved after a crash: never an unrecorded credential.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from sqlalchemy import Connection

from credentials import credential
from credentials.claims import Claims, StatusReference
from credentials.cose_key import P256Key, PublicKey, compress
from credentials.driving_licence import ListEntry, PointsBalance
from credentials.errors import CredentialFormatError
from credentials.paris_day import paris_day
from credentials.spec import DOMAIN_OF, Form, Role
from credentials.stages import CredentialBytes
from credentials.views import Subject, View
from keys.errors import SigningKeyError
from keys.signer import Signer
from verifier.signatures import LoadedKey, SignatureInvalid, load_public_key, verify_signature
from wallet_api.authority import store as measures
from wallet_api.authority.measures import INTERLOCK, cause_of, reaches
from wallet_api.authority.standing import is_restricted, refuses, require_points, touches
from wallet_api.identifiers import fingerprint, new_id
from wallet_api.openid4vci.configurations import Configuration
from wallet_api.openid4vci.store import WalletRow
from wallet_api.points.current import current, probation_end
from wallet_api.problems import WalletError
from wallet_api.registries.adapters import LicenceRecord, RightsRecord
from wallet_api.wiring import Service

from . import store
from .documents import audit_look_up, look_up
from .grants import grants_of
from .store import ListKind, LiveCredential
from .subjects import care_subject, licence_subject, restricted
from .supersede import supersede_older

_EXACT: Final = frozenset({View.ROAD_CHECK, View.CARE})
_HOUR: Final = 3_600
_STATUS_PATH: Final = {"licence": "/s/l/", "health": "/s/h/"}
_TRIES: Final = 8


@dataclass(frozen=True, slots=True)
class Order:
    """What a wallet asks for: one configuration, one device key for each credential, none on paper."""

    configuration: Configuration
    device_keys: tuple[P256Key | None, ...]
    portrait: bool


@dataclass(frozen=True, slots=True)
class _Batch:
    batch_id: str
    authority_id: str
    claims: list[Claims]
    newest: LiveCredential


def issue(
    service: Service, wallet: WalletRow, order: Order, spend: Callable[[Connection], None]
) -> list[CredentialBytes]:
    """One credential for each key. `spend` uses up nonce and proof in the transaction that records.

    Raises `WalletError`.
    """
    record = look_up(service, order.configuration.document_type, wallet.registry_reference)  # step 1
    signer = _signer(service, order)
    document_type = order.configuration.document_type.value
    with service.database.write() as connection:  # step 2
        # Acts on the document wait here, so that none falls between the check of its standing and the record.
        measures.lock_document(connection, wallet.authority_id, wallet.document_id, document_type)
        spend(connection)
        _require_standing(connection, wallet, order, service.clock.now())
        batch = _reserve(service, connection, wallet, order, record, signer.key_id)
    try:
        made = [_sign(signer, order.configuration.form, one) for one in batch.claims]  # steps 3 and 4
        with service.database.write() as connection:  # step 5
            # Batches of one document come to their end one by one: two never supersede each other, or a third twice.
            measures.lock_document(connection, wallet.authority_id, wallet.document_id, document_type)
            store.mark_batch(connection, batch.authority_id, batch.batch_id, "issued")
            now = service.clock.now()
            supersede_older(
                connection, batch.authority_id, wallet.document_id, batch.newest, now, paris_day(now)
            )
    except (SigningKeyError, SignatureInvalid, CredentialFormatError) as error:
        with service.database.write() as connection:
            store.mark_batch(connection, batch.authority_id, batch.batch_id, "unissued")
        service.telemetry.unissued.inc(len(batch.claims))
        raise WalletError("signing-unavailable") from error
    view, form = order.configuration.view.value, order.configuration.form.name.lower()
    service.telemetry.issued.labels(view, form).inc(len(made))
    return made  # step 6


def _signer(service: Service, order: Order) -> Signer:
    domain = DOMAIN_OF[order.configuration.document_type]
    try:
        return service.keys.signer(domain, Role.CREDENTIAL, service.clock.now())
    except SigningKeyError as error:
        raise WalletError("signing-unavailable") from error


def _require_standing(connection: Connection, wallet: WalletRow, order: Order, now: int) -> None:
    if wallet.paused:
        raise WalletError("wallet-paused")
    held = measures.open_measures(connection, wallet.authority_id, wallet.document_id, now)
    if any(touches(one, order.configuration.view) and refuses(one, now) for one in held):
        raise WalletError("credential-denied")
    require_points(connection, wallet.authority_id, wallet.document_id, order.configuration.view, now)
    known = [_key_hash(key) for key in order.device_keys if key is not None]
    if len(set(known)) != len(known) or store.any_key_known(connection, known):
        raise WalletError("device-key-used")


def _reserve(
    service: Service,
    connection: Connection,
    wallet: WalletRow,
    order: Order,
    record: LicenceRecord | RightsRecord,
    signer_key_id: bytes,
) -> _Batch:
    now = service.clock.now()
    batch_id, claims = new_id(now), []
    held = measures.open_measures(connection, wallet.authority_id, wallet.document_id, now)
    if isinstance(record, LicenceRecord) and is_restricted(held, now):
        record = replace(record, categories=restricted(record.categories, INTERLOCK))
    upcoming = [one for one in held if one.since > now]
    newest = None
    for key in order.device_keys:
        credential_id, made = _record_one(
            service, connection, wallet, order, record, key, batch_id, signer_key_id, now
        )
        claims.append(made)
        newest = LiveCredential(
            credential_id,
            wallet.wallet_id,
            batch_id,
            made.view,
            order.configuration.form,
            order.configuration.paper,
            grants_of(made.subject).to_text(),
        )
        for measure in upcoming:
            if reaches(measure, made.view, grants_of(made.subject)):
                store.add_cause(connection, wallet.authority_id, credential_id, cause_of(measure), now)
    if newest is None:
        raise WalletError("credential-request-refused")
    audit_look_up(connection, order.configuration.document_type, wallet.document_id, now)
    return _Batch(batch_id, wallet.authority_id, claims, newest)


def _record_one(
    service: Service,
    connection: Connection,
    wallet: WalletRow,
    order: Order,
    record: LicenceRecord | RightsRecord,
    key: P256Key | None,
    batch_id: str,
    signer_key_id: bytes,
    now: int,
) -> tuple[str, Claims]:
    """Insert one row; an index that another transaction took in the same moment is drawn again."""
    authority_id, configuration = wallet.authority_id, order.configuration
    status_list = store.take_list(connection, authority_id, ListKind.STATUS)
    points_list = (
        store.take_list(connection, authority_id, ListKind.POINTS)
        if configuration.view is View.ROAD_CHECK
        else None
    )
    for _ in range(_TRIES):
        status_index = store.free_index(connection, authority_id, ListKind.STATUS, status_list)
        entry = None
        if points_list is not None:
            index = store.free_index(connection, authority_id, ListKind.POINTS, points_list)
            entry = ListEntry(points_list, index)
        subject = _subject(connection, wallet, order, record, entry, now)
        uri = f"{service.settings.base_url}{_STATUS_PATH[authority_id]}{status_list}"
        claims = _claims(service, order, key, subject, StatusReference(uri, status_index), now)
        credential_id = new_id(now)
        row: dict[str, object] = {
            "authority_id": authority_id,
            "credential_id": credential_id,
            "document_id": wallet.document_id,
            "wallet_id": wallet.wallet_id,
            "batch_id": batch_id,
            "view": configuration.view.value,
            "form": int(configuration.form),
            "paper": int(configuration.paper),
            "device_key_hash": None if key is None else _key_hash(key),
            "status_list": status_list,
            "status_index": status_index,
            "points_list": None if entry is None else entry.list_number,
            "points_index": None if entry is None else entry.index,
            "signer_key_id": signer_key_id,
            "issued_at": claims.issued_at,
            "expires_at": claims.expires_at,
            "state": "reserved",
            "grants": grants_of(subject).to_text(),
        }
        if store.add_credential(connection, row):
            return credential_id, claims
        if key is not None and store.any_key_known(connection, [_key_hash(key)]):
            raise WalletError("device-key-used")
    msg = "no free index after several draws"
    raise RuntimeError(msg)


def _subject(
    connection: Connection,
    wallet: WalletRow,
    order: Order,
    record: LicenceRecord | RightsRecord,
    entry: ListEntry | None,
    now: int,
) -> Subject:
    if isinstance(record, RightsRecord):
        return care_subject(record)
    view = order.configuration.view
    held = points = None
    if view is View.ROAD_CHECK:
        held = current(connection, wallet.authority_id, wallet.document_id, now)
        points = None if held is None else PointsBalance(held.balance, now)
    # On paper an age without a portrait proves nothing, so there it travels unasked.
    portrait = order.portrait or (order.configuration.paper and view is View.AGE_OVER_18)
    return licence_subject(
        view,
        record,
        today=paris_day(now),
        portrait=portrait,
        points=points,
        points_entry=entry,
        probation_end=probation_end(held),
    )


def _claims(
    service: Service, order: Order, key: P256Key | None, subject: Subject, status: StatusReference, now: int
) -> Claims:
    """Issue instants are coarse where nothing needs more, so that two views of one moment tell less (ARF, ISSU)."""
    view, settings = order.configuration.view, service.settings
    issued_at = now if view in _EXACT else now - now % _HOUR
    life = settings.paper_seconds if order.configuration.paper else settings.credential_seconds
    device_key = None if key is None else compress(key)
    return Claims(view, issued_at, issued_at + life, device_key, status, subject)


def _sign(signer: Signer, form: Form, claims: Claims) -> CredentialBytes:
    to_sign = credential.prepare(form, claims, algorithm=signer.algorithm, key_id=signer.key_id)
    made = CredentialBytes(to_sign.with_signature(signer.sign(to_sign.to_be_signed)))
    read = credential.read(form, made)
    verify_signature(_loaded(signer.public_key), signer.algorithm, read.signature, read.to_be_signed)
    if read.decode_claims() != claims:
        msg = "the credential does not read as it was meant"
        raise CredentialFormatError(msg)
    return made


@cache
def _loaded(key: PublicKey) -> LoadedKey:
    return load_public_key(key)


def _key_hash(key: P256Key) -> str:
    return fingerprint(compress(key).hex())
