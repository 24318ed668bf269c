from __future__ import annotations

import os

import pytest

from credentials.spec import EDDSA, Audience, Domain, Role
from credentials.trust_list import SignerState
from keys import KeyCapReached, KeyFileRefused, KeyFolder, KeyMissing, KeyNotActive, TransitionRefused
from keys import create as creation
from keys.folder import ROLES
from keys.lifecycle import planned_end
from keys.policy import ANNOUNCED_SIGNERS, ANNOUNCEMENT_DAYS, DAY, day_start
from keys.record import KeyKind, UpdateRole
from keys.trust import trust_claims
from tests.conftest import INSTANT
from verifier.signatures import load_public_key, verify_signature

from .conftest import BASE_URL, PASSPHRASE

PAIRS = [(domain, role) for domain, roles in ROLES.items() for role in roles]


@pytest.mark.parametrize(("domain", "role"), PAIRS)
def test_new_service_signs_at_once_in_every_role(keys, domain, role):
    """First signers are active from 00:00 UTC of the day, so that nothing waits for an announcement."""
    signer = keys.signer(domain, role, INSTANT)
    verify_signature(load_public_key(signer.public_key), signer.algorithm, signer.sign(b"m"), b"m")
    assert keys.active(domain, role).not_before == day_start(INSTANT)


def test_new_service_has_announced_document_signers_in_each_domain(keys):
    """The next in line and the standby, neither of which signs."""
    for domain in Domain:
        waiting = keys.announced(domain, Role.CREDENTIAL)
        assert len(waiting) == ANNOUNCED_SIGNERS
        assert keys.active(domain, Role.CREDENTIAL) not in waiting


@pytest.mark.parametrize("role", list(UpdateRole))
def test_update_roles_have_keys_of_their_own(keys, role):
    """Six Ed25519 keys; no two roles share one."""
    assert keys.update_signer(role).algorithm == EDDSA
    assert len({keys.update_signer(one).key_id for one in UpdateRole}) == len(UpdateRole)


def test_no_secret_stands_in_a_description(keys):
    """Descriptions are public halves, states and windows; private halves lie beside them, encrypted."""
    for path in keys.path.glob("*.json"):
        assert b'"d"' not in path.read_bytes()
    assert all(b"ENCRYPTED" in path.read_bytes() for path in keys.path.glob("*.pem"))
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys.path.rglob("*"))


def test_keys_are_made_once(keys):
    """A second making changes nothing and says so."""
    before = keys.records()
    with pytest.raises(KeyFileRefused, match="already"):
        keys.create_all(BASE_URL, INSTANT)
    assert KeyFolder.open(keys.path, PASSPHRASE).records() == before


def test_interrupted_making_leaves_no_folder(tmp_path, monkeypatch):
    """All keys or none: what failed half way can simply be run again."""

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr("keys.folder.new_reader_key", broken)
    fresh = KeyFolder.open(tmp_path / "keys", PASSPHRASE)
    with pytest.raises(OSError, match="disk full"):
        fresh.create_all(BASE_URL, INSTANT)
    assert list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    fresh.create_all(BASE_URL, INSTANT)
    assert fresh.signer(Domain.LICENCE, Role.CREDENTIAL, INSTANT)


def test_empty_folder_says_what_to_run(tmp_path):
    """A mistyped path is not taken for a service without keys."""
    with pytest.raises(KeyMissing, match="wallet-keys generate"):
        KeyFolder.open(tmp_path / "nowhere", PASSPHRASE).signer(Domain.LICENCE, Role.CREDENTIAL)


def test_other_passphrase_opens_no_key(keys):
    """The descriptions can be listed, nothing can be signed."""
    other = KeyFolder.open(keys.path, b"another passphrase, long enough")
    assert other.records() == keys.records()
    with pytest.raises(KeyFileRefused, match="passphrase"):
        other.signer(Domain.LICENCE, Role.CREDENTIAL)


def test_exchanged_private_half_is_noticed(keys):
    """A key put under another's name signs nothing."""
    licence, health = (keys.store.pem(keys.active(one, Role.CREDENTIAL)) for one in Domain)
    licence.write_bytes(health.read_bytes())
    with pytest.raises(KeyFileRefused, match="another key"):
        keys.signer(Domain.LICENCE, Role.CREDENTIAL)


@pytest.mark.parametrize("damage", ["{}", "", '{"format":1', "[]", '{"format":2}'])
def test_damaged_description_is_refused_in_words(keys, damage):
    """No traceback of a parser, the file's name, and what to do."""
    path = next(keys.path.glob("licence-status-*.json"))
    path.write_text(damage)
    with pytest.raises(KeyFileRefused, match="restore it from a copy"):
        KeyFolder.open(keys.path, PASSPHRASE).records()


def test_description_of_another_key_is_refused(keys):
    """The id must be that of the public half, since everything is looked up by it."""
    path = next(keys.path.glob("licence-status-*.json"))
    other = keys.active(Domain.HEALTH, Role.STATUS).key_id.hex()
    path.write_text(path.read_text().replace(keys.active(Domain.LICENCE, Role.STATUS).key_id.hex(), other))
    with pytest.raises(KeyFileRefused):
        KeyFolder.open(keys.path, PASSPHRASE).records()


def test_compromise_stops_the_key_in_every_program_at_once(keys):
    """Another program that has the folder open gets the successor at its next request."""
    other = KeyFolder.open(keys.path, PASSPHRASE)
    burnt = other.signer(Domain.LICENCE, Role.CREDENTIAL, INSTANT)
    burnt.sign(b"before")
    keys.compromise(burnt.key_id, INSTANT)
    successor = other.signer(Domain.LICENCE, Role.CREDENTIAL, INSTANT)
    assert successor.key_id != burnt.key_id
    assert other.find(burnt.key_id).state is SignerState.COMPROMISED
    assert successor.key_id in {
        one.key_id for one in trust_claims(Domain.LICENCE, keys, INSTANT, 1).signers if one.state == "active"
    }


def test_standby_takes_over_from_a_burnt_signer_the_same_day(keys):
    """It was announced before; a fresh standby is announced in its place (T61)."""
    waiting = keys.announced(Domain.LICENCE, Role.CREDENTIAL)
    keys.compromise(keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id, INSTANT + DAY)
    assert keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id == waiting[0].key_id
    assert len(keys.announced(Domain.LICENCE, Role.CREDENTIAL)) == ANNOUNCED_SIGNERS


def test_compromised_list_signer_is_replaced_on_the_spot(keys):
    """Lists come with the trust list that names their signer: no announcement is owed."""
    burnt = keys.active(Domain.HEALTH, Role.STATUS)
    keys.compromise(burnt.key_id, INSTANT)
    successor = keys.active(Domain.HEALTH, Role.STATUS)
    assert successor.key_id != burnt.key_id
    assert successor.status_prefixes == burnt.status_prefixes
    assert keys.signer(Domain.HEALTH, Role.STATUS, INSTANT).sign(b"list")


def test_nothing_leads_back_from_compromise(keys):
    """Neither retiring nor burning it twice."""
    burnt = keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id
    keys.compromise(burnt, INSTANT)
    for act in (keys.retire, keys.compromise):
        with pytest.raises(TransitionRefused):
            act(burnt, INSTANT + 1)


def test_rotation_spares_what_was_signed_in_that_second(keys):
    """The retired signer's end comes one second later than its last possible signature."""
    before = keys.active(Domain.LICENCE, Role.CREDENTIAL).key_id
    keys.rotate(Domain.LICENCE, Role.CREDENTIAL, INSTANT)
    retired = keys.find(before)
    assert (retired.state, retired.state_since) == (SignerState.RETIRED, INSTANT + 1)


def test_rotation_before_the_announcement_is_over_is_refused(keys):
    """After the first succession the next candidates are young; an emergency may use them all the same."""
    for _ in range(ANNOUNCED_SIGNERS):
        keys.rotate(Domain.LICENCE, Role.CREDENTIAL, INSTANT)
    active = keys.active(Domain.LICENCE, Role.CREDENTIAL)
    with pytest.raises(TransitionRefused, match="emergency"):
        keys.rotate(Domain.LICENCE, Role.CREDENTIAL, INSTANT)
    assert keys.active(Domain.LICENCE, Role.CREDENTIAL) == active
    assert keys.rotate(Domain.LICENCE, Role.CREDENTIAL, INSTANT, emergency=True) != active


def test_root_and_update_keys_are_not_ended_like_signers(keys):
    """Ending a root is a ceremony, not a command."""
    for record in keys.records():
        if record.kind is not KeyKind.SIGNER:
            with pytest.raises(TransitionRefused):
                keys.compromise(record.key_id, INSTANT)


def test_signer_past_its_window_says_to_rotate(keys):
    """No signature that every terminal would refuse as KEY_EXPIRED."""
    end = keys.active(Domain.LICENCE, Role.CREDENTIAL).not_after
    assert keys.signer(Domain.LICENCE, Role.CREDENTIAL, end - 1)
    with pytest.raises(KeyNotActive, match="rotate"):
        keys.signer(Domain.LICENCE, Role.CREDENTIAL, end)


def test_capped_signer_stops_and_upkeep_replaces_it(keys, monkeypatch):
    """At nine tenths of its cap a signer is succeeded before it runs dry."""
    monkeypatch.setattr(creation, "signature_cap", lambda _: 20)
    keys.announce(Domain.LICENCE, Role.STATUS, INSTANT)
    small = keys.rotate(Domain.LICENCE, Role.STATUS, INSTANT)
    assert small.cap == 20
    signer = keys.signer(Domain.LICENCE, Role.STATUS, INSTANT)
    for _ in range(20):
        signer.sign(b"list")
    with pytest.raises(KeyCapReached, match="rotate"):
        signer.sign(b"list")
    assert any("licence status" in line for line in keys.upkeep(INSTANT))
    assert keys.signer(Domain.LICENCE, Role.STATUS, INSTANT).sign(b"list")


def test_stop_between_two_files_of_a_rotation_is_mended(keys, monkeypatch):
    """Two active signers after a crash: the newer one signs, and upkeep retires the older."""

    def stopped(*_):
        raise KeyboardInterrupt

    older = keys.active(Domain.LICENCE, Role.CREDENTIAL)
    monkeypatch.setattr(keys, "_retire", stopped)
    with pytest.raises(KeyboardInterrupt):
        keys.rotate(Domain.LICENCE, Role.CREDENTIAL, INSTANT)
    after = KeyFolder.open(keys.path, PASSPHRASE)
    assert after.active(Domain.LICENCE, Role.CREDENTIAL).key_id != older.key_id
    assert after.find(older.key_id).state is SignerState.ACTIVE
    after.upkeep(INSTANT + 1)
    assert after.find(older.key_id).state is SignerState.RETIRED


def test_daily_upkeep_keeps_every_promise_for_a_year(keys):
    """Each day of 400: an active signer in its window and life, and nothing that a terminal a month offline misses.

    A terminal whose trust list is 31 days old (30 days offline, and a margin) knows today's document signer, the
    standby that would succeed it tonight, and the reader key that phones use.
    """
    known: list[set[bytes]] = []
    for day in range(400):
        at = INSTANT + day * DAY
        keys.upkeep(at)
        named: set[bytes] = set()
        for domain in Domain:
            claims = trust_claims(domain, keys, at, day + 1)
            named |= {one.key_id for one in claims.signers} | {one.key_id for one in claims.reader_keys}
        known.append(named)
        then = known[max(0, day - ANNOUNCEMENT_DAYS + 1)]
        for domain, role in PAIRS:
            record = keys.active(domain, role)
            assert record.covers(at)
            assert at < planned_end(record)
            if role is Role.CREDENTIAL:
                assert record.key_id in then
                assert keys.announced(domain, role)[0].key_id in then
        for audience in (Audience.POLICE, Audience.HEALTH):
            usable = [one for one in keys.reader_records(audience, at) if one.not_before <= at]
            assert usable[-1].key_id in then
            assert keys.reader_records(audience, at)[-1].not_before > at


def test_upkeep_without_the_root_says_so_and_goes_on(keys):
    """Publication must not stop because a root lies in a safe."""
    keys.store.pem(keys.root(Domain.LICENCE)).unlink()
    lines = keys.upkeep(INSTANT + 35 * DAY)
    assert any("licence credential" in one and "root bring" in one for one in lines)
    assert any(one.startswith("health credential") and one.endswith("active") for one in lines)
    assert keys.signer(Domain.LICENCE, Role.CREDENTIAL, INSTANT + 35 * DAY)


def test_service_left_alone_for_a_year_starts_again(keys):
    """Nothing is in its window any more: upkeep makes what is needed."""
    at = INSTANT + 500 * DAY
    keys.upkeep(at)
    for domain, role in PAIRS:
        assert keys.signer(domain, role, at)
    assert [one for one in keys.reader_records(Audience.POLICE, at) if one.not_before <= at < one.not_after]


def test_records_are_read_again_only_after_a_change(keys):
    """Asking for a signer costs one look at one file."""
    first = keys.records()
    assert keys.records() is first
    os.utime(keys.path / "changed", ns=(1, 1))
    assert keys.records() is not first
