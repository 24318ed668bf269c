"""Threat T60: the phone seals to no key that its pinned root does not vouch for."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidTag

from credentials import envelope, qr_text, trust_list
from credentials.spec import ES256, Audience, DocumentType, Domain, Form, Role
from credentials.views import View
from mobile_sim.device_key import DeviceKey
from mobile_sim.errors import TrustRefused
from mobile_sim.show import show
from mobile_sim.trusted_readers import read_trust_list
from tests.conftest import INSTANT
from tests.mobile_sim.authority import DAY, MIDNIGHT, Authority, Reader

SEED = 20_261_101


def read(authority, message, *, pinned=None, root=None, domain=Domain.LICENCE, at=INSTANT):
    return read_trust_list(
        message, root=root or authority.root, pinned=pinned or authority.pinned, domain=domain, at=at
    )


@pytest.fixture
def authority():
    return Authority()


def test_list_under_the_pinned_root_is_read(authority):
    """Version and reader keys."""
    police = Reader(Audience.POLICE)
    trusted = read(authority, authority.trust_list([police], version=4))
    assert trusted.version == 4
    assert trusted.reader_key(Audience.POLICE, INSTANT) == police.entry


def test_root_with_the_chain_is_the_same(authority):
    """A signer may send the root along; another certificate behind its own it may not."""
    leaf = authority.certificate()
    assert read(authority, authority.trust_list(chain=(leaf, authority.root)))
    with pytest.raises(TrustRefused):
        read(authority, authority.trust_list(chain=(leaf, Authority().root)))


def test_other_root_is_refused(authority):
    """A thief's authority, whole and consistent, under his own root."""
    thief = Authority()
    with pytest.raises(TrustRefused, match="pas celle que l'offre annonçait"):
        read(thief, thief.trust_list([Reader(Audience.POLICE)]), pinned=authority.pinned)
    with pytest.raises(TrustRefused, match="pas signée par l'autorité"):
        read(authority, thief.trust_list([Reader(Audience.POLICE)]))


def test_signer_of_the_same_root_with_another_role_is_refused(authority):
    """A stolen status signer must not publish reader keys."""
    for role in (Role.STATUS, Role.POINTS, Role.COMPANION, Role.ENROLMENT):
        other = replace(authority, role=role)
        with pytest.raises(TrustRefused):
            read(other, other.trust_list([Reader(Audience.POLICE)]))


def test_signer_may_name_the_documents_of_its_domain(authority):
    """Beside the role `trust`; beside another role they help nothing."""
    documents = (DocumentType.DRIVING_LICENCE,)
    named = replace(authority, document_types=documents)
    assert read(named, named.trust_list())
    other = replace(authority, role=Role.CREDENTIAL, document_types=documents)
    with pytest.raises(TrustRefused):
        read(other, other.trust_list())


def test_root_itself_signs_no_list(authority):
    """A list whose leaf is the root: no authority certificate may sign."""
    own = replace(authority, signer=DeviceKey(authority.root_key))
    with pytest.raises(TrustRefused):
        read(own, own.trust_list(chain=(own.root,)))


@pytest.mark.parametrize("at", [MIDNIGHT - 31 * DAY, MIDNIGHT + 60 * DAY, MIDNIGHT + 400 * DAY])
def test_signer_outside_its_window_is_refused_at_fetching(authority, at):
    """Judged at the phone's corrected clock; the end itself is outside."""
    with pytest.raises(TrustRefused, match="période"):
        read(authority, authority.trust_list(issued_at=at - 60), at=at)


def test_kept_list_outlives_its_signers_certificate(authority):
    """Offline, the certificate is judged at the list's own instant, and the reader key's end is what bounds."""
    police = Reader(Audience.POLICE, not_after=MIDNIGHT + 80 * DAY)
    kept = read(authority, authority.trust_list([police]), at=None)
    assert kept.reader_key(Audience.POLICE, MIDNIGHT + 79 * DAY)
    with pytest.raises(TrustRefused):
        kept.reader_key(Audience.POLICE, MIDNIGHT + 80 * DAY)


def test_list_from_the_future_is_refused(authority):
    """More than five minutes ahead of the corrected clock."""
    assert read(authority, authority.trust_list(issued_at=INSTANT + 300))
    with pytest.raises(TrustRefused):
        read(authority, authority.trust_list(issued_at=INSTANT + 301))


def test_list_of_the_other_domain_is_refused(authority):
    """The licence's root says nothing about health."""
    with pytest.raises(TrustRefused):
        read(authority, authority.trust_list(domain=Domain.HEALTH))


def test_older_list_is_refused_and_the_same_one_is_not(authority):
    """Rollback, and a second list of the same version."""
    police, thief = Reader(Audience.POLICE), Reader(Audience.POLICE)
    held = read(authority, authority.trust_list([police], version=5))
    same = read(authority, authority.trust_list([police], version=5))
    assert same.replaces(held) is same
    newer = read(authority, authority.trust_list([police], version=6))
    assert newer.replaces(held) is newer
    assert held.replaces(None) is held
    for refused in (
        authority.trust_list([police], version=4),
        authority.trust_list([thief], version=5),
    ):
        with pytest.raises(TrustRefused, match="plus ancienne"):
            read(authority, refused).replaces(held)


def test_changed_bytes_are_refused_wherever_they_stand(authority):
    """Every byte flipped once, and every cut: no list is read, no other exception comes out."""
    message = authority.trust_list([Reader(Audience.POLICE)])
    flips = random.Random(SEED).sample(range(len(message)), 200)
    for place in flips:
        changed = bytearray(message)
        changed[place] ^= 1 << (place % 8)
        with pytest.raises(TrustRefused):
            read(authority, bytes(changed))
    for length in range(0, len(message), 37):
        with pytest.raises(TrustRefused):
            read(authority, message[:length])


def test_exchanged_key_under_the_old_signature_is_refused(authority):
    """The thief's key in place of the reader's, all else as signed."""
    police, thief = Reader(Audience.POLICE), Reader(Audience.POLICE)
    message = authority.trust_list([police])
    forged = message.replace(police.public.x, thief.public.x).replace(police.entry.key_id, thief.entry.key_id)
    assert forged != message
    with pytest.raises(TrustRefused):
        read(authority, forged)


def test_algorithm_is_the_certificates(authority):
    """A message that names EdDSA over a P-256 certificate is refused."""
    claims = trust_list.read(authority.trust_list()).decode()
    unsigned = trust_list.prepare(claims, algorithm=-8, chain=(authority.certificate(),))
    with pytest.raises(TrustRefused):
        read(authority, unsigned.with_signature(authority.signer.sign(unsigned.to_be_signed)))
    unsigned = trust_list.prepare(claims, algorithm=ES256, chain=(authority.certificate(),))
    assert read(authority, unsigned.with_signature(authority.signer.sign(unsigned.to_be_signed)))


def test_newest_generation_in_force_is_sealed_to(authority):
    """Previous in grace, present, and next announced but not begun."""
    previous = Reader(Audience.POLICE, 1, MIDNIGHT - 120 * DAY, MIDNIGHT + 1 * DAY)
    present = Reader(Audience.POLICE, 2, MIDNIGHT - 30 * DAY, MIDNIGHT + 60 * DAY)
    coming = Reader(Audience.POLICE, 3, MIDNIGHT + 31 * DAY, MIDNIGHT + 120 * DAY)
    health = Reader(Audience.HEALTH, 9)
    trusted = read(authority, authority.trust_list([coming, previous, health, present]))
    assert trusted.reader_key(Audience.POLICE, MIDNIGHT - 31 * DAY) == previous.entry
    assert trusted.reader_key(Audience.POLICE, INSTANT) == present.entry
    assert trusted.reader_key(Audience.POLICE, MIDNIGHT + 31 * DAY - 1) == present.entry
    assert trusted.reader_key(Audience.POLICE, MIDNIGHT + 31 * DAY) == coming.entry
    with pytest.raises(TrustRefused):
        trusted.reader_key(Audience.POLICE, MIDNIGHT + 120 * DAY)
    with pytest.raises(TrustRefused):
        trusted.reader_key(Audience.ANYONE, INSTANT)


def test_list_exchanged_on_the_phone_draws_no_code(phone):
    """A thief who writes his list, or his root too, into the folder: nothing is sealed, and uses are not counted."""
    thief, key = Authority(), Reader(Audience.POLICE)
    for root in (phone.authority.root, thief.root):
        phone.wallet.save_trust(
            phone.licence.issuer, Domain.LICENCE, root=root, trust_list=thief.trust_list([key], version=99)
        )
        with pytest.raises(TrustRefused):
            show(phone.wallet, phone.licence, View.ROAD_CHECK, Form.CBOR, at=INSTANT)
    assert phone.wallet.document("permis-1") == phone.licence


def test_code_opens_with_none_of_the_false_keys(phone):
    """The keys of every attempt above are strangers to what the phone sealed."""
    code = show(phone.wallet, phone.licence, View.ROAD_CHECK, Form.CBOR, at=INSTANT)
    sealed = envelope.decode(qr_text.decode(code.text))
    for audience in Audience:
        with pytest.raises(InvalidTag):
            Reader(audience).open(sealed)
