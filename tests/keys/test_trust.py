from __future__ import annotations

import pytest

from credentials import trust_list
from credentials.spec import Audience, DocumentType, Domain, Role
from credentials.trust_list import SignerState
from credentials.views import View
from keys import trust_list_for
from keys.policy import DAY, LISTED_AFTER_END_DAYS
from tests.conftest import INSTANT
from verifier.chain import check_issued
from verifier.signatures import load_public_key, verify_signature

from .conftest import BASE_URL


def _read(keys, domain, at=INSTANT, version=1):
    message = trust_list.read(trust_list_for(domain, keys, at, version))
    key = check_issued(message.chain, keys.root_certificate(domain), Role.TRUST, at)
    verify_signature(load_public_key(key), message.algorithm, message.signature, message.to_be_signed)
    return message.decode()


@pytest.mark.parametrize("domain", list(Domain))
def test_trust_list_verifies_under_the_root_of_its_domain(keys, domain):
    """Signature, chain, domain, version and instant."""
    claims = _read(keys, domain, version=7)
    assert (claims.domain, claims.version, claims.issued_at) == (domain, 7, INSTANT)


def test_trust_list_names_each_role_of_the_domain(keys):
    """One active signer a role; the points signer exists for licences alone."""
    for domain in Domain:
        roles = [one.role for one in _read(keys, domain).signers if one.state is SignerState.ACTIVE]
        expected = [role for role in Role if domain is Domain.LICENCE or role is not Role.POINTS]
        assert sorted(roles) == sorted(expected)


def test_document_signers_have_scope_prefixes_and_caps(keys):
    """14 days on a phone, 180 on paper where a paper form exists; lists under the service's own prefixes."""
    licence = [one for one in _read(keys, Domain.LICENCE).signers if one.role is Role.CREDENTIAL]
    for entry in licence:
        assert entry.document_types == (DocumentType.DRIVING_LICENCE,)
        assert entry.status_prefixes == (f"{BASE_URL}/s/l/",)
        assert entry.points_prefixes == (f"{BASE_URL}/p/",)
        assert {view: (cap.phone_seconds, cap.paper_seconds) for view, cap in entry.caps.items()} == {
            View.ROAD_CHECK: (14 * DAY, 0),
            View.PROOF: (14 * DAY, 180 * DAY),
            View.AGE_OVER_18: (14 * DAY, 180 * DAY),
        }
    assert {one.state for one in licence} == {SignerState.ACTIVE, SignerState.ANNOUNCED}
    health = next(one for one in _read(keys, Domain.HEALTH).signers if one.role is Role.CREDENTIAL)
    assert health.document_types == (DocumentType.VITALE_CARD,)
    assert health.points_prefixes == ()
    assert {view: cap.paper_seconds for view, cap in health.caps.items()} == {View.CARE: 0}


def test_reader_keys_stand_in_the_list_of_their_domain(keys):
    """Police under licence, health under health: present and next."""
    for domain, audience in ((Domain.LICENCE, Audience.POLICE), (Domain.HEALTH, Audience.HEALTH)):
        entries = _read(keys, domain).reader_keys
        assert [(one.audience, one.generation) for one in entries] == [(audience, 1), (audience, 2)]


def test_burnt_signer_stays_listed_as_compromised(keys):
    """A terminal refuses what it signed for as long as any of it could be shown."""
    burnt = keys.active(Domain.LICENCE, Role.CREDENTIAL)
    keys.compromise(burnt.key_id, INSTANT)
    last = burnt.not_after + LISTED_AFTER_END_DAYS * DAY
    for at, listed in ((INSTANT, True), (last - 1, True), (last, False)):
        keys.upkeep(at)
        states = {one.key_id: one.state for one in _read(keys, Domain.LICENCE, at).signers}
        assert (states.get(burnt.key_id) is SignerState.COMPROMISED) is listed


def test_retired_reader_key_leaves_the_list_with_its_grace(keys):
    """A phone must not find it there one second later."""
    first = keys.reader_records(Audience.POLICE, INSTANT)[0]
    for at, listed in ((first.not_after - 1, True), (first.not_after, False)):
        keys.upkeep(at)
        ids = {one.key_id for one in _read(keys, Domain.LICENCE, at).reader_keys}
        assert (first.key_id in ids) is listed
