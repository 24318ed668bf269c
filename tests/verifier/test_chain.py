"""Certificates: issued by the root, for this purpose, at this instant, and nothing more."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from credentials.spec import DocumentType, Domain, Role
from credentials.trust_list import EKU
from tests.simulated_authority import (
    INSTANT,
    certificate,
    document_signer,
    list_signer,
    moment,
    root_certificate,
)
from tests.simulated_keys import signer_key
from verifier.chain import ChainInvalid, check_entry, check_issued, check_root

ROOT = root_certificate(Domain.LICENCE)
DAY = 86_400
START, END = INSTANT - DAY, INSTANT + DAY


def _made(
    *,
    key=None,
    issuer=None,
    signed_by=None,
    usages: tuple[str, ...] | None = (EKU[Role.TRUST],),
    critical: bool = True,
    authority: bool | None = False,
) -> bytes:
    """A certificate of the licence root with one thing changed."""
    root = x509.load_der_x509_certificate(ROOT)
    builder = (
        x509.CertificateBuilder()
        .subject_name(root.subject if issuer == "itself" else x509.Name([]))
        .issuer_name(root.subject)
        .public_key(key or signer_key("licence trust").public_key())
        .serial_number(1)
        .not_valid_before(moment(START))
        .not_valid_after(moment(END))
    )
    if authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    if usages is not None:
        oids = [x509.ObjectIdentifier(one) for one in usages]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=critical)
    signed = builder.sign(signed_by or signer_key("licence root"), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.DER)


def test_signer_issued_by_the_root_is_accepted():
    """The key comes out."""
    by = list_signer(Domain.LICENCE, Role.TRUST)
    assert check_issued((certificate(by),), ROOT, Role.TRUST, INSTANT) == by.public_key
    assert check_issued((_made(),), ROOT, Role.TRUST, INSTANT) == by.public_key


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"signed_by": signer_key("outsider root")}, "not issued"),
        ({"usages": None}, "does not say"),
        ({"usages": (EKU[Role.STATUS],)}, "not for the role"),
        ({"usages": (EKU[Role.TRUST], EKU[Role.STATUS])}, "not for the role"),
        ({"usages": ("1.3.6.1.5.5.7.3.1",)}, "not for the role"),
        ({"usages": (EKU[Role.TRUST], "2.5.29.37.0")}, "not ours"),
        ({"critical": False}, "not for the role"),
        ({"authority": True}, "not for the role"),
        ({"authority": None}, "does not say"),
        ({"key": ec.generate_private_key(ec.SECP384R1()).public_key()}, "kind that signs nothing"),
        ({"key": rsa.generate_private_key(65537, 2048).public_key()}, "kind that signs nothing"),
    ],
)
def test_certificate_with_one_fault_is_refused(changes, match):
    """Other issuer, no or another or a second purpose, not critical, an authority, a foreign kind of key."""
    with pytest.raises(ChainInvalid, match=match):
        check_issued((_made(**changes),), ROOT, Role.TRUST, INSTANT)


@pytest.mark.parametrize(("at", "good"), [(START - 1, False), (START, True), (END - 1, True), (END, False)])
def test_window_begins_with_its_start_and_ends_before_its_end(at, good):
    """At each limit and one beyond."""
    if good:
        check_issued((_made(),), ROOT, Role.TRUST, at)
    else:
        with pytest.raises(ChainInvalid, match="cover"):
            check_issued((_made(),), ROOT, Role.TRUST, at)


@pytest.mark.parametrize("at", [-1, 2**40, 2**63])
def test_absurd_instants_are_refused(at):
    """A signed list may claim any instant."""
    with pytest.raises(ChainInvalid):
        check_issued((_made(),), ROOT, Role.TRUST, at)


def test_chain_has_one_certificate():
    """None, or one in between: our roots have a path length of 0."""
    for chain in ((), (_made(), ROOT), (_made(), _made())):
        with pytest.raises(ChainInvalid, match="one certificate"):
            check_issued(chain, ROOT, Role.TRUST, INSTANT)


def test_signer_is_no_root():
    """A signer's certificate pinned as a root issues nothing."""
    signer = certificate(list_signer(Domain.LICENCE, Role.TRUST))
    with pytest.raises(ChainInvalid, match="no authority"):
        check_issued((_made(),), signer, Role.TRUST, INSTANT)
    with pytest.raises(ChainInvalid):
        check_root(signer)


@pytest.mark.parametrize("content", [b"", b"\x30\x80", ROOT[:-1], ROOT + b"\0", bytes(1000)])
def test_bytes_that_are_no_certificate_are_refused(content):
    """In the place of the leaf and of the root."""
    with pytest.raises(ChainInvalid):
        check_issued((content,), ROOT, Role.TRUST, INSTANT)
    with pytest.raises(ChainInvalid):
        check_root(content)


def test_root_is_an_authority_that_signed_itself():
    """The roots of both domains are."""
    for domain in Domain:
        check_root(root_certificate(domain))


def test_entry_equal_to_its_certificate_is_accepted():
    """Every kind of signer."""
    for signer in (document_signer(Domain.LICENCE), list_signer(Domain.LICENCE, Role.POINTS)):
        check_entry(signer.entry(), ROOT)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"role": Role.STATUS}, "not for the role"),
        ({"document_types": (DocumentType.VITALE_CARD,)}, "other document types"),
        ({"document_types": ()}, "other document types"),
        ({"not_before": document_signer(Domain.LICENCE).not_before - 1}, "cover"),
        ({"not_after": document_signer(Domain.LICENCE).not_after + 1}, "cover"),
        ({"public_key": document_signer(Domain.LICENCE, "standby").public_key}, "another key"),
        ({"certificate": certificate(document_signer(Domain.HEALTH))}, "not issued"),
    ],
)
def test_entry_that_says_more_than_its_certificate_is_refused(changes, match):
    """Role, document types, window, key, domain."""
    entry = document_signer(Domain.LICENCE).entry()._replace(**changes)
    with pytest.raises(ChainInvalid, match=match):
        check_entry(entry, ROOT)


def test_entry_may_be_narrower_in_time():
    """A window inside the certificate's."""
    honest = document_signer(Domain.LICENCE).entry()
    check_entry(honest._replace(not_before=honest.not_before + DAY, not_after=honest.not_after - DAY), ROOT)
