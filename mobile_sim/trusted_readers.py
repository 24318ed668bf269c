"""To which keys this phone may seal: the signed trust list of a domain, under the root pinned at `add`.

- The root is the certificate whose SHA-256 the offer carried; no other is believed, whoever serves it.
- The list's signer has a certificate issued by that root, in its window, for the role `trust` and no other.
- A list older than the one held is refused, and so is another list of the same version.
- No reader key is given before its start or past its end, nor one for another audience.

Fetched and checked at `add` and `refresh`; checked again at each use, offline, from the bytes kept. Then the signer's
certificate is judged at the list's own instant, so that a phone without network is not stopped by its end; the end of
each reader key bounds how long that may last.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.utils import CryptographyDeprecationWarning

from credentials import trust_list
from credentials.errors import CredentialFormatError
from credentials.limits import TRUST_LIST_BYTES
from credentials.spec import EDDSA, ES256, SIGNATURE_SIZE, Audience, DocumentType, Domain, Role
from credentials.trust_list import EKU, ReaderKeyEntry, TrustListClaims

from .errors import TrustRefused

__all__ = ["AHEAD_SECONDS", "TrustedReaders", "check_root", "read_trust_list"]

AHEAD_SECONDS: Final = 300  # a list from further ahead of the phone's corrected clock is refused

_UNREADABLE: Final = (
    CredentialFormatError,
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.InvalidVersion,
    CryptographyDeprecationWarning,
)


@dataclass(frozen=True, slots=True)
class TrustedReaders:
    """A verified trust list."""

    claims: TrustListClaims

    @property
    def version(self) -> int:
        """Rises with every list of the domain."""
        return self.claims.version

    def reader_key(self, audience: Audience, at: int) -> ReaderKeyEntry:
        """The newest generation of `audience` that may be sealed to at `at`. Raises `TrustRefused`."""
        usable = [
            one
            for one in self.claims.reader_keys
            if one.audience is audience and one.not_before <= at < one.not_after
        ]
        if not usable:
            raise TrustRefused(
                "Ce téléphone ne connaît plus de lecteur habilité à cette date. Connectez-vous, puis actualisez.",
                "This phone knows no authorised reader any more at this date. Go online, then refresh.",
            )
        return max(usable, key=lambda one: (one.generation, one.not_before))

    def replaces(self, held: TrustedReaders | None) -> TrustedReaders:
        """This list, if it may take the place of `held`. Raises `TrustRefused` for an older or contradictory one."""
        if held is None or self.version > held.version or self.claims == held.claims:
            return self
        raise TrustRefused(
            "Le service propose une liste de confiance plus ancienne que celle du téléphone : elle est refusée.",
            "The service offers a trust list older than the one on this phone: it is refused.",
        )


def check_root(root: bytes, pinned: str) -> None:
    """Raise `TrustRefused` unless `root` (DER) is the certificate whose SHA-256 (hexadecimal) was pinned."""
    if sha256(root).hexdigest() != pinned:
        raise TrustRefused(
            "La racine de confiance n'est pas celle que l'offre annonçait : rien n'est enregistré.",
            "The root of trust is not the one that the offer announced: nothing is saved.",
        )


def read_trust_list(
    message: bytes, *, root: bytes, pinned: str, domain: Domain, at: int | None = None
) -> TrustedReaders:
    """Verify a domain's trust list under its pinned root.

    `at` (UTC seconds) is when it was fetched; None stands for a later use, when the signer's certificate is judged at
    the list's own instant. Raises `TrustRefused`.
    """
    check_root(root, pinned)
    if len(message) > TRUST_LIST_BYTES:
        raise _unverified()
    try:
        outer = trust_list.read(message)
        signer, authority = _certificate(outer.chain[0]), _certificate(root)
        if outer.chain[1:] not in ((), (root,)):
            raise _unverified()
        _check_issued(signer, authority)
        _check_signature(signer, outer.algorithm, outer.signature, outer.to_be_signed)
        claims = outer.decode()
    except _UNREADABLE:
        raise _unverified() from None
    _check_window(signer, authority, claims.issued_at if at is None else at)
    if claims.domain is not domain or (at is not None and claims.issued_at > at + AHEAD_SECONDS):
        raise _unverified()
    return TrustedReaders(claims)


def _certificate(der: bytes) -> x509.Certificate:
    with (
        warnings.catch_warnings()
    ):  # what the library only warns of (a serial number of zero) is refused here
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        return x509.load_der_x509_certificate(der)


def _check_issued(signer: x509.Certificate, authority: x509.Certificate) -> None:
    """Directly issued by the root, no authority itself, and for the role `trust` (RFC 5280, 4.2.1.9 and 4.2.1.12).

    Beside its role a certificate may name the document types of its domain; any other purpose refuses it.
    """
    signer.verify_directly_issued_by(authority)
    if not authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise _unverified()
    if signer.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise _unverified()
    purposes = {
        one.dotted_string for one in signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    }
    if EKU[Role.TRUST] not in purposes or not purposes <= {
        EKU[Role.TRUST],
        *map(EKU.__getitem__, DocumentType),
    }:
        raise _unverified()


def _check_window(signer: x509.Certificate, authority: x509.Certificate, at: int) -> None:
    moment = datetime.fromtimestamp(at, UTC)
    for one in (signer, authority):
        if not one.not_valid_before_utc <= moment < one.not_valid_after_utc:
            raise TrustRefused(
                "Le signataire de la liste de confiance n'est pas dans sa période. Vérifiez l'heure du téléphone, "
                "puis actualisez.",
                "The signer of the trust list is outside its period. Check the phone's clock, then refresh.",
            )


def _check_signature(signer: x509.Certificate, algorithm: int, signature: bytes, signed: bytes) -> None:
    """The certificate's key decides the algorithm; the message must agree."""
    key = signer.public_key()
    if len(signature) != SIGNATURE_SIZE:
        raise InvalidSignature
    if (
        isinstance(key, ec.EllipticCurvePublicKey)
        and isinstance(key.curve, ec.SECP256R1)
        and algorithm == ES256
    ):
        r, s = (int.from_bytes(part, "big") for part in (signature[:32], signature[32:]))
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
    elif isinstance(key, ed25519.Ed25519PublicKey) and algorithm == EDDSA:
        key.verify(signature, signed)
    else:
        raise InvalidSignature


def _unverified() -> TrustRefused:
    return TrustRefused(
        "La liste de confiance du service n'est pas signée par l'autorité attendue : rien n'est scellé.",
        "The service's trust list is not signed by the expected authority: nothing is sealed.",
    )
