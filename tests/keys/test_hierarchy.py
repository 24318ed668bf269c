from __future__ import annotations

from itertools import product

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from credentials.spec import DocumentType, Domain, Role
from credentials.trust_list import EKU
from keys import ChainInvalid
from keys.file_signer import public_half
from keys.hierarchy import Purpose, create_root, issue, verify_chain
from keys.policy import DAY, day_start
from keys.record import KeyKind
from keys.trust import trust_claims
from tests.conftest import INSTANT
from verifier import chain

START = day_start(INSTANT)


@pytest.fixture(scope="module")
def root_key():
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture(scope="module")
def root(root_key):
    return create_root(Domain.LICENCE, root_key, INSTANT)


def _issued(root_key, root, role=Role.STATUS, types=(DocumentType.DRIVING_LICENCE,), key=None):
    key = key or ec.generate_private_key(ec.SECP256R1())
    purpose = Purpose(Domain.LICENCE, role, types, START, START + 30 * DAY)
    return issue(root_key, root, public_half(key), purpose)


def test_every_signer_of_a_new_service_passes_the_verifiers_chain(keys):
    """Each entry of both trust lists: same key, role, scope and window, issued by the domain's root."""
    for domain in Domain:
        chain.check_root(keys.root_certificate(domain))
        for entry in trust_claims(domain, keys, INSTANT, 1).signers:
            chain.check_entry(entry, keys.root_certificate(domain))


def test_signer_of_one_domain_does_not_pass_under_the_root_of_the_other(keys):
    """The two roots share nothing."""
    for entry in trust_claims(Domain.HEALTH, keys, INSTANT, 1).signers:
        with pytest.raises(chain.ChainInvalid):
            chain.check_entry(entry, keys.root_certificate(Domain.LICENCE))


def test_entry_wider_than_its_certificate_is_refused(keys):
    """A thief of the trust key alone widens neither role nor scope nor window."""
    entry = trust_claims(Domain.LICENCE, keys, INSTANT, 1).signers[0]
    root = keys.root_certificate(Domain.LICENCE)
    for wider in (
        entry._replace(role=Role.STATUS if entry.role is not Role.STATUS else Role.TRUST),
        entry._replace(not_after=entry.not_after + 1),
        entry._replace(not_before=entry.not_before - 1),
    ):
        with pytest.raises(chain.ChainInvalid):
            chain.check_entry(wider, root)


@pytest.mark.parametrize(("made", "asked"), list(product(Role, Role)))
def test_certificate_serves_one_role(root_key, root, made, asked):
    """All pairs of roles, on the issuing side: only the diagonal passes."""
    types = (DocumentType.DRIVING_LICENCE,)
    certificate = _issued(root_key, root, made, types)
    if made is asked:
        verify_chain(certificate, root, asked, types, INSTANT)
    else:
        with pytest.raises(ChainInvalid):
            verify_chain(certificate, root, asked, types, INSTANT)


def test_certificate_serves_its_document_types(root_key, root):
    """A signer for licences is not one for health cards."""
    certificate = _issued(root_key, root, Role.CREDENTIAL)
    with pytest.raises(ChainInvalid):
        verify_chain(certificate, root, Role.CREDENTIAL, (DocumentType.VITALE_CARD,), INSTANT)


def test_certificate_of_another_root_is_refused(root):
    """Same names, another key: not issued by this root."""
    other_key = ec.generate_private_key(ec.SECP256R1())
    forged = _issued(other_key, create_root(Domain.LICENCE, other_key, INSTANT))
    with pytest.raises(ChainInvalid, match="root"):
        verify_chain(forged, root, Role.STATUS, (DocumentType.DRIVING_LICENCE,), INSTANT)


@pytest.mark.parametrize(
    ("instant", "good"),
    [(START - 1, False), (START, True), (START + 30 * DAY - 1, True), (START + 30 * DAY, False)],
)
def test_certificate_is_good_inside_its_window(root_key, root, instant, good):
    """From the first second to the last."""
    certificate = _issued(root_key, root)
    types = (DocumentType.DRIVING_LICENCE,)
    if good:
        verify_chain(certificate, root, Role.STATUS, types, instant)
    else:
        with pytest.raises(ChainInvalid, match="window"):
            verify_chain(certificate, root, Role.STATUS, types, instant)


def test_signer_outlives_its_root_nowhere(root_key, root):
    """A window that the root's does not hold is not certified."""
    key = ec.generate_private_key(ec.SECP256R1())
    purpose = Purpose(Domain.LICENCE, Role.STATUS, (), START, START + 30_000 * DAY)
    with pytest.raises(ChainInvalid, match="window"):
        issue(root_key, root, public_half(key), purpose)


def test_every_certificate_is_critical_about_its_use_and_starts_at_midnight(keys):
    """Windows from 00:00 UTC to 00:00 UTC; the usage is critical and holds the role; a signer issues nothing."""
    signers = [one for one in keys.records() if one.kind is KeyKind.SIGNER]
    assert len(signers) == 15
    for record in signers:
        certificate = x509.load_der_x509_certificate(record.certificate)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        assert usage.critical
        assert EKU[record.role] in {one.dotted_string for one in usage.value}
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        for moment in (certificate.not_valid_before_utc, certificate.not_valid_after_utc):
            assert (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def test_root_may_issue_signers_and_no_further_authority(root):
    """Path length 0."""
    constraints = x509.load_der_x509_certificate(root).extensions.get_extension_for_class(
        x509.BasicConstraints
    )
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
