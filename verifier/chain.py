"""Certificates of list and document signers: who issued them, for what, and when. Used at sync and enrolment only.

X.509 costs 19 MB and 0.1 s to load, so nothing on the road to a verdict imports this file: what was checked here is
stored as bare keys.

1. A signer's certificate is issued directly by the root of its domain, which the enrolment file pinned. There is no
   certificate in between: our roots have a path length of 0.
2. Its extended key usage is critical and names its role, and for a document signer its document types, nothing else.
3. Only P-256 and Ed25519 keys are accepted.
4. The instant is given. For a list it is the list's own: what was signed within the window stays signed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from credentials.cose_key import Ed25519Key, P256Key, PublicKey
from credentials.spec import DocumentType, Role
from credentials.trust_list import EKU, SignerEntry

__all__ = ["ChainInvalid", "check_entry", "check_issued", "check_root"]

_ROLE_OIDS: Final = {EKU[role] for role in Role}
_TYPE_OIDS: Final = {EKU[document] for document in DocumentType}


class ChainInvalid(Exception):
    """A certificate was not issued by the root for this purpose and instant; the text says which of these."""


def check_root(root: bytes) -> None:
    """Check that `root` (DER) is a self-signed authority. Raises `ChainInvalid`."""
    certificate = _load(root)
    _require_issued(certificate, certificate)
    _require_authority(certificate)


def check_issued(chain: tuple[bytes, ...], root: bytes, role: Role, at: int) -> PublicKey:
    """The key of the one certificate in `chain` (DER), issued by `root` for `role` and within its window at `at`.

    Raises `ChainInvalid`.
    """
    if len(chain) != 1:
        raise ChainInvalid("the message carries one certificate, issued by the root itself")
    leaf, authority = _load(chain[0]), _load(root)
    _require_authority(authority)
    _require_issued(leaf, authority)
    _require_usage(leaf, role, None)
    _require_window(leaf, at, at + 1)
    _require_window(authority, at, at + 1)
    return _key(leaf)


def check_entry(entry: SignerEntry, root: bytes) -> None:
    """Check that the certificate of a trust list's entry says the same as the entry. Raises `ChainInvalid`.

    Same key, role, document types and window: the trust list is signed by a key that may not widen them.
    """
    leaf, authority = _load(entry.certificate), _load(root)
    _require_authority(authority)
    _require_issued(leaf, authority)
    _require_usage(leaf, entry.role, entry.document_types if entry.role is Role.CREDENTIAL else None)
    _require_window(leaf, entry.not_before, entry.not_after)
    if _key(leaf) != entry.public_key:
        raise ChainInvalid("a signer's certificate holds another key than its entry")


def _load(der: bytes) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, TypeError) as error:
        raise ChainInvalid("a certificate cannot be read") from error


def _require_issued(leaf: x509.Certificate, authority: x509.Certificate) -> None:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise ChainInvalid("a certificate was not issued by the root of its domain") from error


def _require_authority(authority: x509.Certificate) -> None:
    try:
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError) as error:
        raise ChainInvalid("the root is no authority") from error
    if not constraints.value.ca:
        raise ChainInvalid("the root is no authority")


def _require_usage(leaf: x509.Certificate, role: Role, types: tuple[DocumentType, ...] | None) -> None:
    try:
        usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError) as error:
        raise ChainInvalid("a signer's certificate does not say what its key is for") from error
    found = {one.dotted_string for one in usage.value}
    if not usage.critical or constraints.value.ca or found & _ROLE_OIDS != {EKU[role]}:
        raise ChainInvalid(f"a certificate is not for the role {role}")
    if found - _ROLE_OIDS - _TYPE_OIDS:
        raise ChainInvalid("a signer's certificate has a purpose that is not ours")
    if types is not None and found & _TYPE_OIDS != {EKU[document] for document in types}:
        raise ChainInvalid("a signer's certificate is for other document types than its entry")


def _require_window(certificate: x509.Certificate, first: int, end: int) -> None:
    start, stop = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if not (start <= _moment(first) and _moment(end) <= stop):
        raise ChainInvalid("a certificate does not cover the instants it is used for")


def _moment(instant: int) -> datetime:
    try:
        return datetime.fromtimestamp(instant, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise ChainInvalid("an instant is out of range") from error


def _key(certificate: x509.Certificate) -> PublicKey:
    key = certificate.public_key()
    if isinstance(key, Ed25519PublicKey):
        return Ed25519Key(key.public_bytes_raw())
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        numbers = key.public_numbers()
        return P256Key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
    raise ChainInvalid("a certificate holds a key of a kind that signs nothing here")
