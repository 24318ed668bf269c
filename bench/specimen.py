"""What the benchmark verifies: one licence and one card of fictitious people, throw-away keys, full-size lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from credentials import credential, envelope, presentation, qr_text, sealed
from credentials.claims import Claims, StatusReference
from credentials.cose_key import P256Key, X25519Key, compress, key_id
from credentials.driving_licence import DrivingPrivilege, ListEntry, PointsBalance, Proof, RoadCheck
from credentials.person import BirthDate
from credentials.spec import ES256, LIST_SIZE, POINTS_NONE, Audience, DocumentType, Domain, Form
from credentials.stages import SealedBytes
from credentials.status_list import StatusList
from credentials.trust_list import Caps, SignerState
from credentials.views import View
from verifier.facts import ListEdition
from verifier.profile import PROFILES
from verifier.signatures import load_public_key
from verifier.trust import DocumentSigner, HeldPointsList, HeldStatusList, TrustSnapshot
from verifier.unseal import load_reader_key
from verifier.verify import Verifier

NOW = 1_795_338_845  # 2026-11-22T09:14:05Z
AT = datetime.fromtimestamp(NOW, UTC)
_DAY = 86_400
STATUS_URI = "https://lp.example/s/l/1"
POINTS_PREFIX = "https://lp.example/p/"
_ECDSA = ec.ECDSA(SHA256())
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


@dataclass(frozen=True, slots=True)
class Key:
    """A P-256 key pair, signing raw."""

    private: ec.EllipticCurvePrivateKey
    public: P256Key

    @classmethod
    def new(cls) -> Key:
        """A throw-away key."""
        private = ec.generate_private_key(ec.SECP256R1())
        numbers = private.public_key().public_numbers()
        return cls(private, P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")))

    def sign(self, message: bytes) -> bytes:
        """r || s."""
        r, s = utils.decode_dss_signature(self.private.sign(message, _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


ISSUER, DEVICE = Key.new(), Key.new()
READER = X25519PrivateKey.generate()
READER_PUBLIC = X25519Key(READER.public_key().public_bytes_raw())
READER_ID = key_id(READER_PUBLIC)
CATEGORIES = (
    DrivingPrivilege("B", date(2010, 6, 2), None, ("01.06",)),
    DrivingPrivilege("A2", date(2012, 4, 1)),
    DrivingPrivilege("C", date(2019, 9, 9), date(2029, 9, 9)),
)
ROAD_CHECK = RoadCheck(
    "MARTIN", "Camille Élise", BirthDate(1990, 3, 14), "12AB34567", "210692106990", date(2021, 6, 2), date(2036, 6, 2),
    CATEGORIES, PointsBalance(12, NOW - 10 * _DAY), ListEntry(1, 77_777),
)  # fmt: skip
PROOF = Proof("MARTIN", "Camille Élise", BirthDate(1990, 3, 14), CATEGORIES, date(2036, 6, 2))


def claims(subject: RoadCheck | Proof) -> Claims:
    """Issued an hour ago for 14 days."""
    view = View.ROAD_CHECK if isinstance(subject, RoadCheck) else View.PROOF
    device = compress(DEVICE.public)
    return Claims(
        view, NOW - 3600, NOW - 3600 + 14 * _DAY, device, StatusReference(STATUS_URI, 77_777), subject
    )


def credential_of(subject: RoadCheck | Proof) -> bytes:
    """Signed by the issuer, in CBOR."""
    unsigned = credential.prepare(Form.CBOR, claims(subject), algorithm=ES256, key_id=key_id(ISSUER.public))
    return unsigned.with_signature(ISSUER.sign(unsigned.to_be_signed))


def presentation_of(subject: RoadCheck | Proof, audience: Audience) -> envelope.Shown:
    """Shown ten seconds ago."""
    binding = presentation.KeyBinding(audience, NOW - 10)
    unsigned = presentation.prepare(Form.CBOR, credential_of(subject), binding)
    body = unsigned.with_signature(DEVICE.sign(unsigned.to_be_signed))
    return envelope.Shown(Form.CBOR, claims(subject).view, body)


def unsealed_text() -> str:
    """A `proof` for anyone."""
    return qr_text.encode(envelope.encode(envelope.Presentation(presentation_of(PROOF, Audience.ANYONE))))


def sealed_text() -> tuple[str, bytes]:
    """A `road_check` sealed to the police, and its sealed bytes."""
    plain = envelope.encode_shown(presentation_of(ROAD_CHECK, Audience.POLICE))
    info = sealed.hpke_info(Audience.POLICE, READER_ID)
    closed = SUITE.encrypt(plain, READER.public_key(), info)
    return qr_text.encode(envelope.encode(envelope.Sealed(READER_ID, SealedBytes(closed)))), closed


def verifier() -> Verifier:
    """A police terminal whose lists are an hour old."""
    signer = DocumentSigner(
        key_id(ISSUER.public), "Banc d'essai", load_public_key(ISSUER.public), frozenset(DocumentType), NOW - 9 * _DAY,
        NOW + 9 * _DAY, SignerState.ACTIVE, None, ("https://lp.example/s/l/",), (POINTS_PREFIX,),
        dict.fromkeys(View, Caps(14 * _DAY, 180 * _DAY)),
    )  # fmt: skip
    hour_ago = NOW - 3600
    points = StatusList.filled(4, LIST_SIZE, POINTS_NONE).with_values({77_777: 9})
    return Verifier(
        TrustSnapshot(
            PROFILES[Audience.POLICE], "bench", test_mode=False, clock_floor=hour_ago,
            trust={domain: ListEdition(41, hour_ago) for domain in Domain},
            signers={signer.key_id: (signer,)},
            reader_audiences={READER_ID: Audience.POLICE},
            reader_keys={READER_ID: load_reader_key(READER.private_bytes_raw())},
            status_lists={STATUS_URI: HeldStatusList(7, hour_ago, StatusList.filled(2, LIST_SIZE))},
            points_lists={POINTS_PREFIX + "1": HeldPointsList(7, hour_ago, hour_ago, points)},
        )
    )  # fmt: skip
