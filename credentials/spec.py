"""Numbers and words that stand in signed bytes. Unique, append only, never reused (FORMAT.md, section 10).

Labels of COSE headers and keys: RFC 9052 section 3.1, RFC 9053, RFC 9596 (typ), RFC 9528 (kcwt).
Claim keys of a CWT: RFC 8392; the status claim: Token Status List, section 6.3.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Final

TEXT_PREFIX: Final = "LP1:"
ENVELOPE_VERSION: Final = 1

# COSE header labels
HEADER_ALG: Final = 1
HEADER_KID: Final = 4
HEADER_KCWT: Final = 13
HEADER_TYP: Final = 16
HEADER_X5CHAIN: Final = 33
TAG_SIGN1: Final = 18

# COSE algorithms that this format admits, with their JOSE spelling (RFC 9053 section 2)
ES256: Final = -7
EDDSA: Final = -8
JOSE_ALGORITHM: Final = {ES256: "ES256", EDDSA: "EdDSA"}
COSE_ALGORITHM: Final = {"ES256": ES256, "EdDSA": EDDSA}
SIGNATURE_SIZE: Final = 64  # bytes, r || s or EdDSA
KEY_ID_SIZE: Final = 8  # first bytes of the RFC 9679 thumbprint

# CWT claim keys
CLAIM_SUB: Final = 2
CLAIM_AUD: Final = 3
CLAIM_EXP: Final = 4
CLAIM_NBF: Final = 5
CLAIM_IAT: Final = 6
CLAIM_CNF: Final = 8
CLAIM_CNONCE: Final = 39
CLAIM_STATUS_LIST: Final = 65533
CLAIM_TTL: Final = 65534
CLAIM_STATUS: Final = 65535
CNF_COSE_KEY: Final = 1
# Private use is everything below -65536 (RFC 8392 section 9.1).
CLAIM_DOCUMENT: Final = -65537
CLAIM_EDITION: Final = -65538
CLAIM_BODY: Final = -65539

STATUS_LIST_TYP: Final = "application/statuslist+cwt"
STATUS_LIST_JWT_TYP: Final = "statuslist+jwt"
SD_JWT_TYP: Final = "dc+sd-jwt"
KB_JWT_TYP: Final = "kb+jwt"


class Typ(IntEnum):
    """Header 16 of our own messages: the experimental range of the content-format registry (RFC 7252, 12.3)."""

    CREDENTIAL = 65001
    PRESENTATION = 65002
    POINTS_LIST = 65003
    COMPANION = 65004
    TRUST_LIST = 65005
    ENROLMENT = 65006
    READER_KEYS = 65007
    AUDIT_CHECKPOINT = 65008


class Form(IntEnum):
    """How a credential is spelt: a CWT, or an SD-JWT VC whose parts travel as raw bytes."""

    CBOR = 1
    JWT = 2


class DocumentType(StrEnum):
    """What was issued to the person."""

    DRIVING_LICENCE = "driving_licence"
    VITALE_CARD = "vitale_card"


class Domain(StrEnum):
    """One root of trust each; the two never share a key, an index or a pseudonym."""

    LICENCE = "licence"
    HEALTH = "health"


DOMAIN_OF: Final = {
    DocumentType.DRIVING_LICENCE: Domain.LICENCE,
    DocumentType.VITALE_CARD: Domain.HEALTH,
}


class Audience(StrEnum):
    """Who may open and judge a presentation; also the profile of a terminal."""

    POLICE = "police"
    HEALTH = "health"
    ANYONE = "anyone"


class StatusValue(IntEnum):
    """Token Status List section 7.1; 3 is application specific: a newer credential grants at least as much."""

    VALID = 0
    REVOKED = 1
    SUSPENDED = 2
    SUPERSEDED = 3


class Role(StrEnum):
    """What a signer of the trust list may sign. One key, one role."""

    CREDENTIAL = "credential"
    STATUS = "status"
    POINTS = "points"
    COMPANION = "companion"
    TRUST = "trust"
    ENROLMENT = "enrolment"


STATUS_BITS: Final = 2
POINTS_BITS: Final = 4
POINTS_MAX: Final = 12  # Code de la route L223-1
POINTS_NONE: Final = 15  # no entry, or none assigned
LIST_SIZE: Final = 131_072  # entries; lists are born at full size, so no honest index lies outside
