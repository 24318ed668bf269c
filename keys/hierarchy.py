"""One P-256 certificate authority per domain, and the certificates that it issues (RFC 5280).

- A signer's certificate says in a critical extended key usage what the key is for: its role, and for a document
  signer each document type. No name constraints: the trust list repeats the scope, and verifiers look there.
- Windows begin and end at 00:00 UTC and are those of the trust list's entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

from credentials.cose_key import Ed25519Key, P256Key, PublicKey
from credentials.spec import DocumentType, Domain, Role
from credentials.trust_list import EKU

from .errors import ChainInvalid
from .policy import DAY, DOMAIN_ROOT_LIFE_DAYS, day_start

_ORGANISATION = "Laissez-passer, démonstrateur non officiel"
_DOMAIN_NAME = {Domain.LICENCE: "permis de conduire", Domain.HEALTH: "carte Vitale"}
_ROLE_NAME = {
    Role.CREDENTIAL: "signataire de titres",
    Role.STATUS: "listes d'état",
    Role.POINTS: "listes de points",
    Role.COMPANION: "motifs des listes d'état",
    Role.TRUST: "liste de confiance",
    Role.ENROLMENT: "enrôlement des terminaux",
}


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a signer's certificate is for, and when: instants at 00:00 UTC."""

    domain: Domain
    role: Role
    document_types: tuple[DocumentType, ...]
    not_before: int
    not_after: int


def signer_name(domain: Domain, role: Role) -> str:
    """The French name of a signer, as certificates and the trust list give it."""
    return f"{_DOMAIN_NAME[domain].capitalize()}, {_ROLE_NAME[role]}"


def create_root(domain: Domain, key: ec.EllipticCurvePrivateKey, at: int) -> bytes:
    """The self-signed certificate of a domain root, DER; it may issue signers and no further authority."""
    start = day_start(at)
    name = _name(f"Racine {_DOMAIN_NAME[domain]}")
    public = key.public_key()
    identifier = x509.SubjectKeyIdentifier.from_public_key(public)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(start))
        .not_valid_after(_moment(start + DOMAIN_ROOT_LIFE_DAYS * DAY))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(authority=True), critical=True)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def issue(root_key: ec.EllipticCurvePrivateKey, root: bytes, key: PublicKey, purpose: Purpose) -> bytes:
    """A signer's certificate, DER. Raises `ChainInvalid` when the window is not inside the root's."""
    authority = x509.load_der_x509_certificate(root)
    _require_window(authority, purpose.not_before)
    _require_window(authority, purpose.not_after - 1)
    public = _library_key(key)
    usages = [x509.ObjectIdentifier(oid) for oid in _usages(purpose.role, purpose.document_types)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name(signer_name(purpose.domain, purpose.role)))
        .issuer_name(authority.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_moment(purpose.not_before))
        .not_valid_after(_moment(purpose.not_after))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(_authority_identifier(authority), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.DER)


def verify_chain(
    certificate: bytes, root: bytes, role: Role, document_types: Sequence[DocumentType], at: int
) -> None:
    """Check on the issuing side that the root issued this certificate for exactly this purpose, valid at `at`.

    Raises `ChainInvalid`. Terminals have a check of their own.
    """
    try:
        signer, authority = x509.load_der_x509_certificate(certificate), x509.load_der_x509_certificate(root)
        signer.verify_directly_issued_by(authority)
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        constraints = signer.extensions.get_extension_for_class(x509.BasicConstraints)
        top = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound) as error:
        msg = "the certificate was not issued by this root, or lacks its purpose"
        raise ChainInvalid(msg) from error
    found = {one.dotted_string for one in usage.value}
    if not usage.critical or found != set(_usages(role, document_types)):
        msg = f"the certificate is not for the role {role}"
        raise ChainInvalid(msg)
    if constraints.value.ca or not top.value.ca:
        msg = "a signer may not issue, and a root must"
        raise ChainInvalid(msg)
    _require_window(signer, at)
    _require_window(authority, at)


def _require_window(certificate: x509.Certificate, at: int) -> None:
    if not certificate.not_valid_before_utc <= _moment(at) < certificate.not_valid_after_utc:
        msg = "a certificate is outside its window; issue a new one"
        raise ChainInvalid(msg)


def _usages(role: Role, document_types: Sequence[DocumentType]) -> list[str]:
    return [EKU[role], *(EKU[one] for one in document_types)]


def _moment(instant: int) -> datetime:
    return datetime.fromtimestamp(instant, UTC)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, _ORGANISATION),
            x509.NameAttribute(NameOID.COMMON_NAME, common),
        ]
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_identifier(authority: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identifier = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier)


def _library_key(key: PublicKey) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey:
    match key:
        case P256Key(x, y):
            numbers = ec.EllipticCurvePublicNumbers(
                int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1()
            )
            return numbers.public_key()
        case Ed25519Key(x):
            return ed25519.Ed25519PublicKey.from_public_bytes(x)
    msg = "a certificate is issued for a signing key only"
    raise ChainInvalid(msg)
