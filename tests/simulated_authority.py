"""An issuing authority in memory: it signs real credentials and real lists, from fixed keys, with any fault asked for.

Same calls, same bytes: ES256 is deterministic, serial numbers are those of names. Nothing here is imported by a room.

    authority = SimulatedAuthority()
    credential = authority.issue(authority.claims(proof(), phone=0))
    snapshot = authority.snapshot(Audience.ANYONE, [authority.publish()])

Every instant is UTC seconds. People are fictitious.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from credentials import (
    cbor,
    enrolment_file,
    points_list,
    sign1,
    status_companion,
    status_list,
    strict_json,
    trust_list,
)
from credentials import claims as claims_codec
from credentials.claims import Claims, StatusReference
from credentials.cose_key import PublicKey, X25519Key, key_id
from credentials.driving_licence import (
    AgeOver18,
    DrivingPrivilege,
    ListEntry,
    PointsBalance,
    Proof,
    RoadCheck,
)
from credentials.enrolment_file import EnrolmentClaims, EnrolmentRequest, ReaderPrivateKey
from credentials.jws import Jws
from credentials.nir import Nir
from credentials.person import BirthDate
from credentials.points_list import PointsListClaims
from credentials.sealed import enrolment_info, hpke_info
from credentials.spec import (
    DOMAIN_OF,
    EDDSA,
    ES256,
    JOSE_ALGORITHM,
    LIST_SIZE,
    POINTS_NONE,
    SD_JWT_TYP,
    Audience,
    DocumentType,
    Domain,
    Form,
    Role,
    Typ,
)
from credentials.stages import CredentialBytes
from credentials.status_companion import CompanionClaims, CompanionEntry
from credentials.status_list import StatusList, StatusListClaims
from credentials.trust_list import (
    EKU,
    Caps,
    ReaderKeyEntry,
    SignerEntry,
    SignerState,
    TrustListClaims,
)
from credentials.views import VIEW_BY_SUBJECT, VIEW_SPECS, Subject, View
from credentials.vitale_card import Care, RightsPeriod
from tests.changed import changed
from tests.simulated_hpke import seal as hpke_seal
from tests.simulated_keys import (
    READERS,
    SIGNERS_ED25519,
    PrivateKey,
    phone_key,
    point_of,
    public_of,
    reader_key,
    sign,
    signer_key,
)
from verifier.facts import ListEdition
from verifier.profile import PROFILES
from verifier.signatures import load_public_key, verify_signature
from verifier.trust import DocumentSigner, HeldPointsList, HeldStatusList, Tombstone, TrustSnapshot
from verifier.unseal import load_reader_key

INSTANT: Final = 1_793_527_200  # 2026-11-01T10:00:00Z, a Sunday at 11:00 in Paris
MINUTE: Final = 60
HOUR: Final = 3_600
DAY: Final = 86_400
BASE: Final = "https://lp.example"
LICENCE_LIST: Final = f"{BASE}/s/l/1"
HEALTH_LIST: Final = f"{BASE}/s/h/1"
POINTS_LIST: Final = f"{BASE}/p/1"
STATUS_PREFIX: Final = {Domain.LICENCE: f"{BASE}/s/l/", Domain.HEALTH: f"{BASE}/s/h/"}
LIST_OF: Final = {Domain.LICENCE: LICENCE_LIST, Domain.HEALTH: HEALTH_LIST}
POINTS_PREFIX: Final = f"{BASE}/p/"
PHONE_CAP: Final = 14 * DAY
PAPER_CAP: Final = 180 * DAY
# A picture of one pixel in WebP: what a portrait costs the format, not what it shows.
PORTRAIT: Final = bytes.fromhex("524946461a000000574542505650384c0d0000002f00000010071011118888fe0700")
REMOVED: Final = object()
"""In `header=`: leave this label out."""


def instant(text: str) -> int:
    """UTC seconds of `2026-11-01` or `2026-11-01T10:00:00`."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def moment(at: int) -> datetime:
    """The same instant as public functions take it."""
    return datetime.fromtimestamp(at, UTC)


# --- people and documents ---------------------------------------------------------------------------------------


def privilege(
    code: str = "B", start: str = "2010-06-02", end: str | None = None, *restrictions: str
) -> DrivingPrivilege:
    """One category."""
    return DrivingPrivilege(
        code, date.fromisoformat(start), None if end is None else date.fromisoformat(end), restrictions
    )


def road_check(**changes: Any) -> RoadCheck:
    """The licence of Camille Élise MARTIN as the police read it, with changes."""
    return changed(_ROAD_CHECK, **changes)


def proof(**changes: Any) -> Proof:
    """The same licence as anybody may read it, with changes."""
    return changed(_PROOF, **changes)


def age_over_18(**changes: Any) -> AgeOver18:
    """Her being of age, with a portrait, with changes."""
    return changed(_AGE, **changes)


def care(**changes: Any) -> Care:
    """The Vitale card of Nour DURAND-LEFÈVRE, a child on her father's card, with changes."""
    return changed(_CARE, **changes)


_CATEGORIES = (
    privilege("AM", "2008-07-11"),
    privilege("B", "2010-06-02", None, "01.06"),
)
_ROAD_CHECK = RoadCheck(
    family_name="MARTIN",
    given_names="Camille Élise",
    birth_date=BirthDate(1990, 3, 14),
    licence_number="12AB34567",
    neph="210692106990",
    issue_date=date(2021, 6, 2),
    expiry_date=date(2036, 6, 2),
    categories=_CATEGORIES,
    points=PointsBalance(12, INSTANT - 2 * DAY),
    points_entry=ListEntry(1, 77_777),
)
_PROOF = Proof("MARTIN", "Camille Élise", BirthDate(1990, 3, 14), _CATEGORIES, date(2036, 6, 2))
_AGE = AgeOver18(True, PORTRAIT)
_CARE = Care(
    family_name="DURAND-LEFÈVRE",
    given_names="Nour",
    birth_date=BirthDate(2018, 3, 9),
    insured_nir=Nir.parse("185057800608491"),
    beneficiary_nir=Nir.parse("218037511600159"),
    scheme="01",
    fund="751",
    centre="0000",
    rights=(RightsPeriod(date(2025, 1, 1), date(2027, 12, 31)),),
    rights_as_of=INSTANT - 3 * DAY,
    rights_source="ADRi",
    exemption_ald=False,
    exemption_c2s=True,
)
SUBJECTS: Final[dict[View, Callable[..., Subject]]] = {
    View.ROAD_CHECK: road_check,
    View.PROOF: proof,
    View.AGE_OVER_18: age_over_18,
    View.CARE: care,
}


# --- signers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SimulatedSigner:
    """One signer: the fixed key of its name, and what the trust list says of it."""

    name: str
    domain: Domain
    role: Role
    document_types: tuple[DocumentType, ...] = ()
    not_before: int = instant("2026-10-15")
    not_after: int = instant("2026-11-14")
    state: SignerState = SignerState.ACTIVE
    state_since: int | None = None
    status_prefixes: tuple[str, ...] = ()
    points_prefixes: tuple[str, ...] = ()
    caps: Mapping[View, Caps] = field(default_factory=dict)

    @property
    def private(self) -> PrivateKey:
        """The private key."""
        return signer_key(self.name)

    @property
    def public_key(self) -> PublicKey:
        """The public key."""
        return public_of(self.private)

    @property
    def key_id(self) -> bytes:
        """Its first 8 bytes of thumbprint."""
        return key_id(self.public_key)

    @property
    def algorithm(self) -> int:
        """ES256 or EdDSA, by the kind of key."""
        return EDDSA if self.name in SIGNERS_ED25519 else ES256

    def sign(self, message: bytes) -> bytes:
        """64 raw bytes."""
        return sign(self.private, message)

    def entry(self) -> SignerEntry:
        """Its line in the trust list, with a certificate of the domain's root."""
        return SignerEntry(
            self.key_id,
            self.role,
            self.algorithm,
            self.public_key,
            self.name,
            self.document_types,
            self.not_before,
            self.not_after,
            self.state,
            self.state_since,
            certificate(self),
            self.status_prefixes,
            self.points_prefixes,
            self.caps,
        )


_TYPE_OF = {domain: document for document, domain in DOMAIN_OF.items()}
_LIST_WINDOW = {"not_before": instant("2026-01-01"), "not_after": instant("2027-01-01")}


def caps_for(domain: Domain, phone: int = PHONE_CAP, paper: int = PAPER_CAP) -> dict[View, Caps]:
    """The longest lives of a document signer, per view of its domain."""
    return {
        view: Caps(phone, paper if spec.paper else 0)
        for view, spec in VIEW_SPECS.items()
        if DOMAIN_OF[spec.document_type] is domain
    }


def document_signer(domain: Domain | str, suffix: str = "", **changes: Any) -> SimulatedSigner:
    """`licence documents`, `health documents standby` ...: a signer of credentials."""
    domain = Domain(domain)
    return changed(
        SimulatedSigner(
            f"{domain} documents{' ' if suffix else ''}{suffix}",
            domain,
            Role.CREDENTIAL,
            (_TYPE_OF[domain],),
            status_prefixes=(STATUS_PREFIX[domain],),
            points_prefixes=(POINTS_PREFIX,) if domain is Domain.LICENCE else (),
            caps=caps_for(domain),
        ),
        **changes,
    )


def list_signer(domain: Domain | str, role: Role | str, **changes: Any) -> SimulatedSigner:
    """The domain's signer of one kind of list."""
    domain, role = Domain(domain), Role(role)
    return changed(
        SimulatedSigner(
            f"{domain} {role}",
            domain,
            role,
            status_prefixes=(STATUS_PREFIX[domain],) if role in (Role.STATUS, Role.COMPANION) else (),
            points_prefixes=(POINTS_PREFIX,) if role is Role.POINTS else (),
            **_LIST_WINDOW,
        ),
        **changes,
    )


def default_signers(domain: Domain) -> tuple[SimulatedSigner, ...]:
    """The signers of a domain: one in each state, and one for each kind of list."""
    documents = (
        document_signer(domain),
        document_signer(
            domain,
            "standby",
            state=SignerState.ANNOUNCED,
            not_before=instant("2026-10-20"),
            not_after=instant("2027-02-17"),
        ),
        document_signer(
            domain,
            "retired",
            state=SignerState.RETIRED,
            state_since=instant("2026-10-25"),
            not_before=instant("2026-09-25"),
        ),
        document_signer(
            domain,
            "compromised",
            state=SignerState.COMPROMISED,
            state_since=instant("2026-10-28"),
            not_before=instant("2026-09-25"),
        ),
        document_signer(domain, "past", not_before=instant("2026-09-01"), not_after=instant("2026-10-01")),
        document_signer(domain, "coming", not_before=instant("2026-11-10"), not_after=instant("2026-12-10")),
        document_signer(domain, "eddsa"),
    )
    lists = [list_signer(domain, role) for role in (Role.STATUS, Role.COMPANION)]
    if domain is Domain.LICENCE:
        lists.append(list_signer(domain, Role.POINTS))
        documents += (document_signer(domain, "short lived", caps=caps_for(domain, DAY, 2 * DAY)),)
    return (*documents, *lists)


# --- certificates -----------------------------------------------------------------------------------------------


def _serial(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:15], "big") | 1


def _subject(text: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Laissez-passer, clés d'essai"),
            x509.NameAttribute(NameOID.COMMON_NAME, text),
        ]
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


@functools.cache
def root_certificate(domain: Domain, name: str | None = None) -> bytes:
    """The self-signed root of a domain, DER; `name` takes another key for it."""
    key = signer_key(name or f"{domain} root")
    title = _subject(f"essai, racine {domain}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    built = (
        x509.CertificateBuilder()
        .subject_name(title)
        .issuer_name(title)
        .public_key(key.public_key())
        .serial_number(_serial(f"root {domain} {name}"))
        .not_valid_before(moment(instant("2026-01-01")))
        .not_valid_after(moment(instant("2031-01-01")))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(key, hashes.SHA256(), ecdsa_deterministic=True)
    )
    return built.public_bytes(serialization.Encoding.DER)


def certificate(signer: SimulatedSigner, root: str | None = None) -> bytes:
    """The signer's certificate, DER, with the purpose of its role; `root` names another key that issues it."""
    return _certificate(
        signer.name,
        signer.domain,
        signer.role,
        signer.document_types,
        signer.not_before,
        signer.not_after,
        root,
    )


@functools.cache
def _certificate(
    name: str,
    domain: Domain,
    role: Role,
    documents: tuple[DocumentType, ...],
    start: int,
    end: int,
    root: str | None,
) -> bytes:
    key = signer_key(name)
    authority = x509.load_der_x509_certificate(root_certificate(domain, root))
    issuer = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    usages = [x509.ObjectIdentifier(EKU[one]) for one in (role, *documents)]
    built = (
        x509.CertificateBuilder()
        .subject_name(_subject(f"essai, {name}"))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(_serial(f"{name} {role} {documents} {start} {end} {root}"))
        .not_valid_before(moment(start))
        .not_valid_after(moment(end))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), critical=False)
        .sign(signer_key(root or f"{domain} root"), hashes.SHA256(), ecdsa_deterministic=True)
    )
    return built.public_bytes(serialization.Encoding.DER)


# --- reader keys ------------------------------------------------------------------------------------------------

# Generation 1 ended its grace, 2 is in grace, 3 is in use, 4 is announced.
_GENERATIONS: Final = {
    1: (instant("2026-03-01"), instant("2026-07-01")),
    2: (instant("2026-06-01"), instant("2026-11-15")),
    3: (instant("2026-10-10"), instant("2027-02-10")),
    4: (instant("2027-01-10"), instant("2027-05-10")),
}
GENERATION_IN_USE: Final = 3


@dataclass(frozen=True, slots=True)
class SimulatedReader:
    """A reader key of one audience."""

    name: str
    audience: Audience
    generation: int

    @property
    def public_key(self) -> X25519Key:
        """What a phone seals to."""
        public = public_of(reader_key(self.name))
        assert isinstance(public, X25519Key)
        return public

    @property
    def key_id(self) -> bytes:
        """Its first 8 bytes of thumbprint."""
        return key_id(self.public_key)

    @property
    def private(self) -> bytes:
        """The private half, 32 bytes."""
        return reader_key(self.name).private_bytes_raw()

    @property
    def info(self) -> bytes:
        """HPKE's info."""
        return hpke_info(self.audience, self.key_id)

    def entry(self) -> ReaderKeyEntry:
        """Its line in the trust list."""
        start, end = _GENERATIONS[self.generation]
        return ReaderKeyEntry(self.key_id, self.audience, self.public_key, self.generation, start, end)

    def for_terminal(self) -> ReaderPrivateKey:
        """What a terminal of the audience is handed, sealed to its own key."""
        return ReaderPrivateKey(
            self.key_id, self.audience, self.generation, _GENERATIONS[self.generation][1], self.private
        )


def reader(audience: Audience, generation: int = GENERATION_IN_USE) -> SimulatedReader:
    """The reader key of a generation, 1 to 4."""
    return SimulatedReader(f"{audience} reader {generation}", audience, generation)


def outsider_reader(audience: Audience) -> SimulatedReader:
    """A reader key that no trust list names."""
    return SimulatedReader(READERS[-1], audience, GENERATION_IN_USE)


READER_AUDIENCE: Final = {Domain.LICENCE: Audience.POLICE, Domain.HEALTH: Audience.HEALTH}


# --- publications -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Publication:
    """Signed lists as they lie in the published tree: by domain, or by the uri of their list."""

    issued_at: int
    trust: Mapping[Domain, bytes]
    status: Mapping[str, bytes]
    companions: Mapping[str, bytes]
    points: Mapping[str, bytes]


def loose_cbor(value: object) -> bytes:
    """Our encoding where the value has one, else the nearest that cbor2 writes: floats, tags, what our gate refuses."""
    try:
        return cbor.encode(value)
    except (TypeError, OverflowError):
        return cbor2.dumps(value, canonical=True)


class SimulatedAuthority:
    """Both domains, their signers and their lists."""

    def __init__(self, at: int = INSTANT) -> None:
        """`at` is the instant at which everything is signed unless a call says otherwise."""
        self.at = at
        self.signers = {domain: default_signers(domain) for domain in Domain}

    def signer(self, name: str) -> SimulatedSigner:
        """The listed signer of this name."""
        return next(one for signers in self.signers.values() for one in signers if one.name == name)

    # credentials

    def claims(
        self,
        subject: Subject,
        *,
        phone: int | None = 0,
        issued_at: int | None = None,
        life: int | None = None,
        index: int = 4_242,
        uri: str | None = None,
        not_before: int | None = None,
    ) -> Claims:
        """Claims of a credential issued an hour ago for 14 days (180 on paper: `phone=None`)."""
        spec = VIEW_BY_SUBJECT[type(subject)]
        start = self.at - HOUR if issued_at is None else issued_at
        lasts = (PAPER_CAP if phone is None else PHONE_CAP) if life is None else life
        return Claims(
            spec.view,
            start,
            start + lasts,
            None if phone is None else point_of(phone_key(phone)),
            StatusReference(uri or LIST_OF[DOMAIN_OF[spec.document_type]], index),
            subject,
            not_before,
        )

    def issue(
        self,
        statement: Claims,
        form: Form = Form.CBOR,
        *,
        signer: SimulatedSigner | None = None,
        header: Mapping[Any, Any] | None = None,
        raw_header: bytes | None = None,
        edit: Callable[[dict[Any, Any]], Any] | None = None,
        raw_payload: bytes | None = None,
        shown_payload: Callable[[bytes], bytes] | None = None,
        shown_header: Callable[[bytes], bytes] | None = None,
        signature: Callable[[bytes], bytes] | None = None,
        frame: Callable[[bytes], bytes] | None = None,
    ) -> CredentialBytes:
        """A credential that really verifies, but for the faults asked for.

        Before the signature: `header` adds, replaces or (`REMOVED`) leaves out labels; `raw_header` and `raw_payload`
        replace the bytes; `edit` changes the decoded claims in place. After it: `shown_header`, `shown_payload`,
        `signature` and `frame` change what is shown.
        """
        spec = VIEW_SPECS[statement.view]
        by = signer or document_signer(DOMAIN_OF[spec.document_type])
        protected = raw_header if raw_header is not None else self._header(form, by, header or {})
        payload = raw_payload if raw_payload is not None else self._payload(form, statement, edit)
        if form is Form.CBOR:
            signed = by.sign(sign1.to_be_signed(protected, payload))
        else:
            signed = by.sign(Jws(protected, payload, b"").signing_input)
        protected = protected if shown_header is None else shown_header(protected)
        payload = payload if shown_payload is None else shown_payload(payload)
        signed = signed if signature is None else signature(signed)
        if form is Form.JWT:
            whole = cbor.encode([protected, payload, signed])
        elif len(signed) == 64:
            whole = sign1.assemble(protected, payload, signed)
        else:
            whole = cbor2.dumps(cbor2.CBORTag(18, [protected, {}, payload, signed]))
        return CredentialBytes(whole if frame is None else frame(whole))

    def _header(self, form: Form, by: SimulatedSigner, changes: Mapping[Any, Any]) -> bytes:
        labels: dict[Any, Any]
        if form is Form.CBOR:
            labels = {1: by.algorithm, 4: by.key_id, 16: int(Typ.CREDENTIAL)}
        else:
            labels = {"alg": JOSE_ALGORITHM[by.algorithm], "kid": by.key_id.hex(), "typ": SD_JWT_TYP}
        labels.update(changes)
        kept = {label: value for label, value in labels.items() if value is not REMOVED}
        return loose_cbor(kept) if form is Form.CBOR else strict_json.encode(kept)

    def _payload(self, form: Form, statement: Claims, edit: Callable[[dict[Any, Any]], Any] | None) -> bytes:
        if form is Form.CBOR:
            payload = bytes(claims_codec.encode_cbor(statement))
            if edit is None:
                return payload
            members = cbor2.loads(payload)
            edit(members)
            return loose_cbor(members)
        payload = bytes(claims_codec.encode_json(statement))
        if edit is None:
            return payload
        members = json.loads(payload)
        edit(members)
        return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()

    # lists

    def trust_list(
        self,
        domain: Domain,
        *,
        version: int = 1,
        at: int | None = None,
        signers: Sequence[SimulatedSigner] | None = None,
        readers: Sequence[SimulatedReader] | None = None,
        signed_by: SimulatedSigner | None = None,
        root: str | None = None,
    ) -> bytes:
        """The signed trust list of a domain; `signed_by` and `root` put another signer or another root behind it."""
        by = signed_by or list_signer(domain, Role.TRUST)
        audience = READER_AUDIENCE[domain]
        listed = self.signers[domain] if signers is None else signers
        keys = [reader(audience, generation) for generation in _GENERATIONS] if readers is None else readers
        content = TrustListClaims(
            domain,
            version,
            self.at if at is None else at,
            tuple(one.entry() for one in listed),
            tuple(one.entry() for one in keys),
        )
        to_sign = trust_list.prepare(content, algorithm=by.algorithm, chain=(certificate(by, root),))
        return to_sign.with_signature(by.sign(to_sign.to_be_signed))

    def status_list(
        self,
        uri: str,
        values: Mapping[int, int],
        *,
        edition: int = 1,
        at: int | None = None,
        size: int = LIST_SIZE,
        bits: int = 2,
        signed_by: SimulatedSigner | None = None,
        jwt: bool = False,
    ) -> bytes:
        """A signed status list, as CWT or as the ASCII of a JWT."""
        by = signed_by or list_signer(domain_of_list(uri), Role.STATUS)
        entries = StatusList.filled(bits, size).with_values(values)
        content = StatusListClaims(uri, edition, self.at if at is None else at, None, None, entries)
        prepare = status_list.prepare_jwt if jwt else status_list.prepare_cwt
        to_sign = prepare(content, algorithm=by.algorithm, key_id=by.key_id)
        return to_sign.with_signature(by.sign(to_sign.to_be_signed))

    def points_list(
        self,
        uri: str,
        values: Mapping[int, int],
        *,
        edition: int = 1,
        at: int | None = None,
        as_of: int | None = None,
        signed_by: SimulatedSigner | None = None,
    ) -> bytes:
        """A signed points list; unnamed entries hold no balance."""
        by = signed_by or list_signer(Domain.LICENCE, Role.POINTS)
        issued_at = self.at if at is None else at
        entries = StatusList.filled(4, LIST_SIZE, POINTS_NONE).with_values(values)
        content = PointsListClaims(uri, edition, issued_at, issued_at if as_of is None else as_of, entries)
        to_sign = points_list.prepare(content, algorithm=by.algorithm, key_id=by.key_id)
        return to_sign.with_signature(by.sign(to_sign.to_be_signed))

    def companion(
        self,
        uri: str,
        entries: Mapping[int, CompanionEntry],
        *,
        edition: int = 1,
        at: int | None = None,
        signed_by: SimulatedSigner | None = None,
    ) -> bytes:
        """A signed companion of the edition `edition` of the list at `uri`."""
        by = signed_by or list_signer(domain_of_list(uri), Role.COMPANION)
        content = CompanionClaims(uri, edition, self.at if at is None else at, entries)
        to_sign = status_companion.prepare(content, algorithm=by.algorithm, key_id=by.key_id)
        return to_sign.with_signature(by.sign(to_sign.to_be_signed))

    def publish(
        self,
        *,
        edition: int = 1,
        at: int | None = None,
        trust_at: int | None = None,
        status: Mapping[int, int] | None = None,
        health_status: Mapping[int, int] | None = None,
        companion: Mapping[int, CompanionEntry] | None = None,
        health_companion: Mapping[int, CompanionEntry] | None = None,
        points: Mapping[int, int] | None = None,
        points_as_of: int | None = None,
        companion_edition: int | None = None,
        signers: Mapping[Domain, Sequence[SimulatedSigner]] | None = None,
        without: Iterable[str] = (),
    ) -> Publication:
        """One publication: both trust lists, one status list a domain with its companion, one points list.

        `without` names uris of lists that are not published; a companion with `uri + "#companion"`.
        """
        issued = self.at if at is None else at
        by = {"edition": edition, "at": issued}
        absent = set(without)
        trust = {
            domain: self.trust_list(
                domain,
                version=edition,
                at=issued if trust_at is None else trust_at,
                signers=None if signers is None else signers.get(domain),
            )
            for domain in Domain
        }
        lists = {
            LICENCE_LIST: self.status_list(LICENCE_LIST, status or {}, **by),
            HEALTH_LIST: self.status_list(HEALTH_LIST, health_status or {}, **by),
        }
        beside = {"edition": edition if companion_edition is None else companion_edition, "at": issued}
        companions = {
            LICENCE_LIST: self.companion(LICENCE_LIST, companion or {}, **beside),
            HEALTH_LIST: self.companion(HEALTH_LIST, health_companion or {}, **beside),
        }
        balances = {POINTS_LIST: self.points_list(POINTS_LIST, points or {}, as_of=points_as_of, **by)}
        return Publication(
            issued,
            trust,
            {uri: one for uri, one in lists.items() if uri not in absent},
            {uri: one for uri, one in companions.items() if not {uri, f"{uri}#companion"} & absent},
            {uri: one for uri, one in balances.items() if uri not in absent},
        )

    # terminals

    def enrolment(
        self,
        request: EnrolmentRequest,
        profile: Audience,
        *,
        test_mode: bool = True,
        at: int | None = None,
        generations: Iterable[int] = (2, 3, 4),
        signed_by: SimulatedSigner | None = None,
        tuf_root: bytes = b"{}",
    ) -> bytes:
        """The answer to a terminal's request, signed and sealed to its key."""
        by = signed_by or list_signer(Domain.LICENCE, Role.ENROLMENT)
        keys = tuple(reader(profile, one).for_terminal() for one in generations) if profile in _SEALED else ()
        content = EnrolmentClaims(
            request.terminal_id,
            profile,
            test_mode,
            self.at if at is None else at,
            {domain: root_certificate(domain) for domain in Domain},
            tuf_root,
            None,
            None,
            keys,
        )
        to_sign = enrolment_file.prepare(content, algorithm=by.algorithm, chain=(certificate(by),))
        signed = to_sign.with_signature(by.sign(to_sign.to_be_signed))
        return hpke_seal(signed, request.public_key, enrolment_info(request.terminal_id))

    def snapshot(
        self,
        profile: Audience,
        publications: Sequence[Publication] | None = None,
        *,
        test_mode: bool = True,
        generations: Iterable[int] = (2, 3, 4),
        clock_floor: int | None = None,
    ) -> TrustSnapshot:
        """What a terminal of this profile holds after these publications, the last in force, every signature verified."""
        history = publications or [self.publish()]
        return snapshot_of(
            profile, history, test_mode=test_mode, generations=generations, clock_floor=clock_floor
        )


def domain_of_list(uri: str) -> Domain:
    """The domain under whose prefix a status list stands; the licence's for a stranger."""
    return Domain.HEALTH if uri.startswith(STATUS_PREFIX[Domain.HEALTH]) else Domain.LICENCE


def snapshot_of(
    profile: Audience,
    history: Sequence[Publication],
    *,
    test_mode: bool = True,
    generations: Iterable[int] = (2, 3, 4),
    clock_floor: int | None = None,
) -> TrustSnapshot:
    """The snapshot that a terminal builds from these publications, in memory and without its store."""
    newest = history[-1]
    trust = {domain: _trusted(domain, message) for domain, message in newest.trust.items()}
    loaded: dict[bytes, tuple[DocumentSigner, ...]] = {}
    audiences: dict[bytes, Audience] = {}
    for one in trust.values():
        for entry in one.signers:
            if entry.role is Role.CREDENTIAL:
                loaded[entry.key_id] = (*loaded.get(entry.key_id, ()), DocumentSigner.of(entry))
        audiences.update({entry.key_id: entry.audience for entry in one.reader_keys})
    tombstones: dict[tuple[str, int], Tombstone] = {}
    for publication in history[:-1]:
        _bury(tombstones, publication, profile)
    instants = [
        claims.issued_at
        for publication in history
        for claims in (
            *(trust_list.read(message).decode() for message in publication.trust.values()),
            *(status_list.read_cwt(message).decode() for message in publication.status.values()),
            *(
                points_list.read(message).decode()
                for message in publication.points.values()
                if profile is Audience.POLICE
            ),
        )
    ]
    readers = (
        [
            load_reader_key(one.private, one.entry().not_after)
            for one in map(functools.partial(reader, profile), generations)
        ]
        if profile in _SEALED
        else []
    )
    return TrustSnapshot(
        profile=PROFILES[profile],
        terminal_id=f"{profile}-simulated",
        test_mode=test_mode,
        clock_floor=max(instants) if clock_floor is None else clock_floor,
        trust={domain: ListEdition(one.version, one.issued_at) for domain, one in trust.items()},
        signers=loaded,
        reader_audiences=audiences,
        reader_keys={one.key_id: one for one in readers},
        status_lists=_status_lists(newest, profile),
        points_lists=_points_lists(newest) if profile is Audience.POLICE else {},
        tombstones=tombstones,
    )


_SEALED: Final = (Audience.POLICE, Audience.HEALTH)
_COMPANIONS_OF: Final = {Audience.POLICE: Domain.LICENCE, Audience.HEALTH: Domain.HEALTH}


def _checked(message: Any, signer: SimulatedSigner) -> Any:
    verify_signature(
        load_public_key(signer.public_key), message.algorithm, message.signature, message.to_be_signed
    )
    return message.decode()


def _trusted(domain: Domain, message: bytes) -> TrustListClaims:
    found: TrustListClaims = _checked(trust_list.read(message), list_signer(domain, Role.TRUST))
    return found


def _status_lists(publication: Publication, profile: Audience) -> dict[str, HeldStatusList]:
    held = {}
    for uri, message in publication.status.items():
        claims = _checked(status_list.read_cwt(message), list_signer(domain_of_list(uri), Role.STATUS))
        held[uri] = HeldStatusList(
            claims.edition, claims.issued_at, claims.entries, _companion_of(publication, uri, claims, profile)
        )
    return held


def _companion_of(
    publication: Publication, uri: str, claims: StatusListClaims, profile: Audience
) -> Mapping[int, CompanionEntry] | None:
    message = publication.companions.get(uri)
    if message is None or _COMPANIONS_OF.get(profile) is not domain_of_list(uri):
        return None
    found = _checked(status_companion.read(message), list_signer(domain_of_list(uri), Role.COMPANION))
    if (found.uri, found.edition) != (uri, claims.edition):
        return None
    entries: Mapping[int, CompanionEntry] = found.entries
    return entries


def _points_lists(publication: Publication) -> dict[str, HeldPointsList]:
    held = {}
    for uri, message in publication.points.items():
        claims = _checked(points_list.read(message), list_signer(Domain.LICENCE, Role.POINTS))
        held[uri] = HeldPointsList(claims.edition, claims.issued_at, claims.as_of, claims.entries)
    return held


def _bury(tombstones: dict[tuple[str, int], Tombstone], publication: Publication, profile: Audience) -> None:
    for uri, held in _status_lists(publication, profile).items():
        for index in range(held.entries.size):
            if held.entries.packed[index >> 2] and held.entries.get(index) == 1:
                known = None if held.companion is None else held.companion.get(index)
                first = tombstones.get((uri, index), Tombstone(None, held.issued_at)).first_seen
                tombstones[uri, index] = Tombstone(None if known is None else known.entry_class, first)
