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
from credentials.driving_licence import ListEntry, PointsBalance, RoadCheck
from credentials.errors import CredentialFormatError
from credentials.paris_day import paris_day
from credentials.spec import DOMAIN_OF, Form, Role
from credentials.stages import CredentialBytes
from credentials.views import Subject, View
from keys.errors import SigningKeyError
from keys.signer import Signer
from verifier.signatures import LoadedKey, SignatureInvalid, load_public_key, verify_signature
from wallet_api import audit
from wallet_api.audit.row import digest_of_batch
from wallet_api.authority import store as measures
from wallet_api.authority.measures import INTERLOCK, cause_of, reaches
from wallet_api.authority.standing import is_restricted, refuses, require_points, touches
from wallet_api.authority.store import MeasureRow
from wallet_api.identifiers import fingerprint, new_id
from wallet_api.openid4vci.configurations import Configuration
from wallet_api.openid4vci.store import WalletRow
from wallet_api.points.current import current, probation_end
from wallet_api.problems import WalletError
from wallet_api.registries.adapters import LicenceRecord, RightsRecord
from wallet_api.wiring import Service

from . import store
from .documents import audit_look_up, audit_unissued, look_up
from .grants import Grants, grants_of
from .store import ListKind, LiveCredential
from .subjects import care_subject, licence_subject, restricted
from .supersede import supersede_older

_EXACT: Final = frozenset({View.ROAD_CHECK, View.CARE})
_HOUR: Final = 3_600
_STATUS_PATH: Final = {"licence": "/s/l/", "health": "/s/h/"}


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
    credential_ids: list[str]
    claims: list[Claims]
    newest: LiveCredential


def issue(
    service: Service, wallet: WalletRow, order: Order, spend: Callable[[Connection], WalletRow]
) -> list[CredentialBytes]:
    """One credential for each key. `spend` uses up nonce and proof in the transaction that records.

    It gives the wallet as it stands now that the document is locked: it may have been paused while the registry was
    asked. Raises `WalletError`.
    """
    record = look_up(service, order.configuration.document_type, wallet.registry_reference)  # step 1
    signer = _signer(service, order)
    document_type = order.configuration.document_type
    with service.database.write() as connection:  # step 2
        # Acts on the document wait here, so that none falls between the check of its standing and the record.
        measures.lock_document(connection, wallet.authority_id, wallet.document_id, document_type.value)
        wallet = spend(connection)
        now = service.clock.now()  # one instant: what begins in between would neither refuse nor give a cause
        held = _require_standing(connection, wallet, order, now)
        batch = _reserve(service, connection, wallet, order, record, signer.key_id, held, now)
    try:
        made = [_sign(signer, order.configuration.form, one) for one in batch.claims]  # steps 3 and 4
        with service.database.write() as connection:  # step 5
            # Batches of one document come to their end one by one: two never supersede each other, or a third twice.
            measures.lock_document(connection, wallet.authority_id, wallet.document_id, document_type.value)
            store.mark(connection, batch.authority_id, batch.credential_ids, "issued")
            now = service.clock.now()
            supersede_older(
                connection, batch.authority_id, wallet.document_id, batch.newest, now, paris_day(now)
            )
    except (SigningKeyError, SignatureInvalid, CredentialFormatError) as error:
        with service.database.write() as connection:
            store.mark(connection, batch.authority_id, batch.credential_ids, "unissued")
            audit_unissued(connection, document_type, wallet.document_id, batch.batch_id, service.clock.now())
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


def _require_standing(connection: Connection, wallet: WalletRow, order: Order, now: int) -> list[MeasureRow]:
    """What stands against the document, none of it refusing the view. Raises `WalletError`."""
    if wallet.paused:
        raise WalletError("wallet-paused")
    held = measures.open_measures(connection, wallet.authority_id, wallet.document_id, now)
    if any(touches(one, order.configuration.view) and refuses(one, now) for one in held):
        raise WalletError("credential-denied")
    require_points(connection, wallet.authority_id, wallet.document_id, order.configuration.view, now)
    known = [_key_hash(key) for key in order.device_keys if key is not None]
    if len(set(known)) != len(known) or store.any_key_known(connection, known):
        raise WalletError("device-key-used")
    return held


def _reserve(
    service: Service,
    connection: Connection,
    wallet: WalletRow,
    order: Order,
    record: LicenceRecord | RightsRecord,
    signer_key_id: bytes,
    held: list[MeasureRow],
    now: int,
) -> _Batch:
    """Record one row for each key; the lists are taken last, since others wait for them."""
    authority_id, document_id = wallet.authority_id, wallet.document_id
    if not order.device_keys:
        raise WalletError("credential-request-refused")
    if isinstance(record, LicenceRecord) and is_restricted(held, now):
        record = replace(record, categories=restricted(record.categories, INTERLOCK))
    subject = _subject(connection, wallet, order, record, now)
    granted, batch_id = grants_of(subject), new_id(now)
    places = _places(connection, authority_id, order)
    claims = [
        _claims(service, order, key, _with_entry(subject, place), _status(service, authority_id, place), now)
        for key, place in zip(order.device_keys, places, strict=True)
    ]
    ids = [new_id(now) for _ in claims]
    rows = [
        _row(wallet, order, one, place, credential_id, batch_id, signer_key_id, granted)
        for credential_id, one, place in zip(ids, claims, places, strict=True)
    ]
    if not store.add_credentials(connection, rows):
        raise WalletError("device-key-used")
    causes = [
        cause_of(one) for one in held if one.since > now and reaches(one, order.configuration.view, granted)
    ]
    store.add_causes(connection, authority_id, [(one, cause) for one in ids for cause in causes], now)
    issued: audit.Detail = {
        "issued": batch_id,
        "until": max(one.expires_at for one in claims),
        "rows": digest_of_batch(rows),
    }
    audit_look_up(connection, order.configuration.document_type, document_id, now, more=issued)
    newest = LiveCredential(
        ids[-1],
        wallet.wallet_id,
        batch_id,
        order.configuration.view,
        order.configuration.form,
        order.configuration.paper,
        granted.to_text(),
    )
    return _Batch(batch_id, authority_id, ids, claims, newest)


@dataclass(frozen=True, slots=True)
class _Place:
    """The entry of a credential in the status lists, and in the points lists where it has one."""

    status: tuple[int, int]
    points: tuple[int, int] | None


def _places(connection: Connection, authority_id: str, order: Order) -> list[_Place]:
    count = len(order.device_keys)
    status = store.take_indexes(connection, authority_id, ListKind.STATUS, count)
    if order.configuration.view is not View.ROAD_CHECK:
        return [_Place(one, None) for one in status]
    points = store.take_indexes(connection, authority_id, ListKind.POINTS, count)
    return [_Place(*pair) for pair in zip(status, points, strict=True)]


def _status(service: Service, authority_id: str, place: _Place) -> StatusReference:
    number, index = place.status
    return StatusReference(f"{service.settings.base_url}{_STATUS_PATH[authority_id]}{number}", index)


def _row(
    wallet: WalletRow,
    order: Order,
    claims: Claims,
    place: _Place,
    credential_id: str,
    batch_id: str,
    signer_key_id: bytes,
    granted: Grants,
) -> dict[str, object]:
    configuration, key = order.configuration, claims.device_key
    return {
        "authority_id": wallet.authority_id,
        "credential_id": credential_id,
        "document_id": wallet.document_id,
        "wallet_id": wallet.wallet_id,
        "batch_id": batch_id,
        "view": configuration.view.value,
        "form": int(configuration.form),
        "paper": int(configuration.paper),
        "device_key_hash": None if key is None else fingerprint(key.hex()),
        "status_list": place.status[0],
        "status_index": place.status[1],
        "points_list": None if place.points is None else place.points[0],
        "points_index": None if place.points is None else place.points[1],
        "signer_key_id": signer_key_id,
        "issued_at": claims.issued_at,
        "expires_at": claims.expires_at,
        "state": "reserved",
        "grants": granted.to_text(),
    }


def _subject(
    connection: Connection,
    wallet: WalletRow,
    order: Order,
    record: LicenceRecord | RightsRecord,
    now: int,
) -> Subject:
    """What the view says of the person, the same in each credential of a batch but for the entry of points."""
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
        points_entry=None,
        probation_end=probation_end(held),
    )


def _with_entry(subject: Subject, place: _Place) -> Subject:
    if place.points is None or not isinstance(subject, RoadCheck):
        return subject
    return replace(subject, points_entry=ListEntry(*place.points))


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
