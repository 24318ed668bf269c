"""What a citizen reads and sends. Unknown members are refused."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from credentials.spec import DocumentType, Form, StatusValue
from wallet_api.authority.schemas import RightAnswer
from wallet_api.clock import rfc3339
from wallet_api.identifiers import fingerprint
from wallet_api.points.current import History
from wallet_api.points.offences import offence_on
from wallet_api.points.schemas import ChangeAnswer
from wallet_api.points.store import EntryRow

from .store import MyCredential, MyDevice, Status

ObjectIds = Annotated[
    list[Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]], Field(min_length=1, max_length=50)
]
Value = Literal["valid", "revoked", "suspended", "superseded"]
_VALUES: Final[dict[int, Value]] = {
    StatusValue.VALID: "valid",
    StatusValue.REVOKED: "revoked",
    StatusValue.SUSPENDED: "suspended",
    StatusValue.SUPERSEDED: "superseded",
}


class Nothing(BaseModel):
    """A body in which there is nothing to say."""

    model_config = ConfigDict(extra="forbid")


class LossBody(BaseModel):
    """Which phones are lost; all of them, if none is named. A phone is lost with everything that it holds."""

    model_config = ConfigDict(extra="forbid")
    wallet_ids: ObjectIds | None = None


class OfferBody(BaseModel):
    """What is offered to another phone: one form or both; a code to be typed there makes the offer worthless alone."""

    model_config = ConfigDict(extra="forbid")
    form: Literal["cbor", "jwt"] | None = None
    with_code: bool = Field(default=False, strict=True)

    @property
    def chosen(self) -> Form | None:
        """The form as issuing names it."""
        return None if self.form is None else Form[self.form.upper()]


class MyDocumentAnswer(BaseModel):
    """A document of mine. `opened` says whether the service has ever offered it; only then is there a state to tell.

    `title` is that of a licence; `suspended` and `revoked` are about the card or the licence as a whole.
    """

    document_type: DocumentType
    opened: bool
    right: RightAnswer | None = None
    title: Literal["held", "expired", "lost", "stolen", "revoked"] | None = None
    suspended: bool = False
    revoked: bool = False
    phones: int = 0


class MyDocuments(BaseModel):
    """Every document of mine that the registries know."""

    items: list[MyDocumentAnswer]


class MyDeviceAnswer(BaseModel):
    """A phone that holds a document of mine. `phone` is the same for two documents on one phone."""

    wallet_id: str
    document_type: DocumentType
    phone: str
    enrolled_at: str
    paused: bool
    lost: bool


class MyDevices(BaseModel):
    """My phones, the latest enrolled first; `next` is the `before` of the next page."""

    items: list[MyDeviceAnswer]
    next: str | None = None


class MyCredentialAnswer(BaseModel):
    """A credential of mine, and what the published lists say of it, or will at the next publication."""

    credential_id: str
    document_type: DocumentType
    wallet_id: str
    view: str
    form: Literal["cbor", "jwt"]
    paper: bool
    issued_at: str
    expires_at: str
    status: Value
    status_class: str | None
    status_since: str | None
    status_until: str | None


class MyCredentials(BaseModel):
    """My credentials, the latest first; `next` is the `before` of the next page."""

    items: list[MyCredentialAnswer]
    next: str | None = None


class MyPointsRow(BaseModel):
    """A row of my ledger that counts. `on` is the day from which it does; `points` what the decision says, `applied` what it changed."""

    kind: str
    decision_reference: str
    on: str
    committed_on: str | None
    points: int
    applied: int
    offence_class: str | None
    offence: str | None
    offence_fr: str | None
    offence_en: str | None
    annulled: bool


class MyPoints(BaseModel):
    """My points at `as_of`, how they came about, and what comes back when, if nothing else happens."""

    balance: int
    cap: int
    state: str
    as_of: str
    in_probation: bool
    probation_end: date | None
    course_required: bool
    next_return: ChangeAnswer | None
    calendar: list[ChangeAnswer]
    zero_on: date | None
    new_licence_from: date | None
    history: list[MyPointsRow]


class LossAnswer(BaseModel):
    """How many documents on phones, credentials and open offers came to their end.

    `not_asked` are kinds of documents whose registry did not answer: nothing was revoked there; report again later.
    """

    lost_at: str
    wallets: int
    credentials: int
    offers: int
    not_asked: list[DocumentType]


class PauseAnswer(BaseModel):
    """The document on this phone is in pause, or no longer."""

    wallet_id: str
    paused: bool
    at: str


class OfferAnswer(BaseModel):
    """An offer for one phone, good once and until `expires_at`; the code, if any, is told apart from it."""

    offer: str
    tx_code: str | None
    expires_at: str


def device_answer(one: MyDevice) -> MyDeviceAnswer:
    """A phone, for its owner."""
    return MyDeviceAnswer(
        wallet_id=one.wallet_id,
        document_type=one.document_type,
        phone=fingerprint(f"phone {one.thumbprint}")[:16],
        enrolled_at=rfc3339(one.enrolled_at),
        paused=one.paused_at is not None,
        lost=one.lost_at is not None,
    )


def credential_answer(one: MyCredential, status: Status) -> MyCredentialAnswer:
    """A credential, for its owner."""
    since, until = (None if moment is None else rfc3339(moment) for moment in (status.since, status.until))
    return MyCredentialAnswer(
        credential_id=one.credential_id,
        document_type=one.document_type,
        wallet_id=one.wallet_id,
        view=one.view,
        form="jwt" if one.form == Form.JWT else "cbor",
        paper=one.paper,
        issued_at=rfc3339(one.issued_at),
        expires_at=rfc3339(one.expires_at),
        status=_VALUES[status.value],
        status_class=status.cause_class,
        status_since=since,
        status_until=until,
    )


def points_answer(found: History, now: int) -> MyPoints:
    """The whole history, for its owner: what was cancelled, or may still be, is not in it."""
    standing = found.standing
    calendar = [ChangeAnswer(on=one.on, balance=one.balance, cap=one.cap) for one in standing.calendar]
    return MyPoints(
        balance=standing.balance,
        cap=standing.cap,
        state=standing.state.value,
        as_of=rfc3339(found.as_of),
        in_probation=standing.in_probation,
        probation_end=standing.probation_end if standing.in_probation else None,
        course_required=standing.course_required,
        next_return=next((one for one in calendar if one.balance > standing.balance), None),
        calendar=calendar,
        zero_on=standing.zero_on,
        new_licence_from=standing.new_licence_from,
        history=[
            _points_row(one, found)
            for one in found.rows
            if one.released_at <= now and one.kind != "cancellation" and one.entry_id not in found.cancelled
        ],
    )


def _points_row(row: EntryRow, found: History) -> MyPointsRow:
    committed = row.first_day if row.kind == "loss" else None
    kind = None
    if row.offence is not None and committed is not None:
        kind = offence_on(row.offence, date.fromisoformat(committed))
    return MyPointsRow(
        kind=row.kind,
        decision_reference=row.decision_reference,
        on=row.last_day,
        committed_on=committed,
        points=row.points,
        applied=row.applied,
        offence_class=row.offence_class,
        offence=row.offence,
        offence_fr=None if kind is None else kind.fr,
        offence_en=None if kind is None else kind.en,
        annulled=row.entry_id in found.annulled,
    )
