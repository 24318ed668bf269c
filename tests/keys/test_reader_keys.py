from __future__ import annotations

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from credentials import enrolment_file
from credentials.cose_key import X25519Key, key_id
from credentials.errors import Malformed
from credentials.sealed import enrolment_info
from credentials.spec import CLAIM_BODY, CLAIM_IAT, CLAIM_SUB, Audience, Domain, Role
from keys import Terminal, enrol
from keys.policy import ANNOUNCEMENT_DAYS, DAY, READER_KEY_GRACE_DAYS
from keys.reader_keys import first_windows, next_window, package, private_keys
from tests.conftest import INSTANT
from verifier.chain import check_issued
from verifier.signatures import load_public_key, verify_signature

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
DOMAIN = {Audience.POLICE: Domain.LICENCE, Audience.HEALTH: Domain.HEALTH, Audience.ANYONE: Domain.LICENCE}


def _terminal(profile, name="terminal-1"):
    private = X25519PrivateKey.generate()
    return private, Terminal(name, profile, X25519Key(private.public_key().public_bytes_raw()))


def _verified(keys, message, profile, at=INSTANT):
    key = check_issued(message.chain, keys.root_certificate(DOMAIN[profile]), Role.ENROLMENT, at)
    verify_signature(load_public_key(key), message.algorithm, message.signature, message.to_be_signed)
    return message.decode()


def test_enrolment_file_names_no_empty_address_of_reports():
    """Without an address entry 8 is absent, as in files of before; a null there is a second way to say so: refused."""
    body = {1: "anyone", 2: True, 3: {}, 4: b"", 5: None, 6: None, 7: []}
    entries = {CLAIM_SUB: "terminal-1", CLAIM_IAT: INSTANT, CLAIM_BODY: body}
    assert enrolment_file._enrolment(entries).reports_url is None
    for odd in ({8: None}, {8: 7}, {9: "http://r"}):
        with pytest.raises(Malformed):
            enrolment_file._enrolment({**entries, CLAIM_BODY: body | odd})


@pytest.mark.parametrize("profile", list(Audience))
def test_enrolment_file_opens_with_the_terminals_key_and_verifies(keys, profile):
    """Profile, both roots, update root, mirror and the reader keys of that profile alone."""
    private, terminal = _terminal(profile)
    sealed = enrol(
        keys,
        terminal,
        INSTANT,
        tuf_root=b"root",
        test_mode=True,
        mirror_url="http://m",
        mirror_secret="s",
        reports_url="http://r",
    )
    message = enrolment_file.read(SUITE.decrypt(sealed, private, enrolment_info("terminal-1")))
    claims = _verified(keys, message, profile)
    assert (claims.terminal_id, claims.profile, claims.test_mode) == ("terminal-1", profile, True)
    assert (claims.tuf_root, claims.mirror_url, claims.mirror_secret) == (b"root", "http://m", "s")
    assert claims.reports_url == "http://r"
    assert claims.roots == {domain: keys.root_certificate(domain) for domain in Domain}
    assert [one.generation for one in claims.reader_keys] == ([] if profile is Audience.ANYONE else [1, 2])
    for one in claims.reader_keys:
        public = X25519PrivateKey.from_private_bytes(one.private).public_key().public_bytes_raw()
        assert key_id(X25519Key(public)) == one.key_id
        assert one.audience is profile


def test_key_package_opens_for_no_other_terminal(keys):
    """Neither with another key, nor under another terminal's name (T07)."""
    private, terminal = _terminal(Audience.POLICE)
    stranger, _ = _terminal(Audience.POLICE)
    sealed = package(keys, terminal, INSTANT)
    for key, name in ((stranger, "terminal-1"), (private, "terminal-2")):
        with pytest.raises(InvalidTag):
            SUITE.decrypt(sealed, key, enrolment_info(name))
    message = enrolment_file.read_package(SUITE.decrypt(sealed, private, enrolment_info("terminal-1")))
    assert _verified(keys, message, Audience.POLICE).reader_keys == private_keys(
        keys, Audience.POLICE, INSTANT
    )


def test_terminal_is_handed_previous_present_and_next_key(keys):
    """Within the grace of the previous one three generations, afterwards two."""
    present, coming = keys.reader_records(Audience.HEALTH, INSTANT)
    keys.upkeep(coming.not_before)
    assert [one.generation for one in private_keys(keys, Audience.HEALTH, coming.not_before)] == [1, 2, 3]
    assert [one.generation for one in private_keys(keys, Audience.HEALTH, present.not_after)] == [2, 3]


def test_grace_lasts_31_days_past_the_next_keys_start():
    """A phone without network seals to the previous key that long."""
    present, coming = first_windows(INSTANT)
    assert present[1] - coming[0] == READER_KEY_GRACE_DAYS * DAY == 31 * DAY


@pytest.mark.parametrize("late", [0, 60, 61, 62, 91, 92, 93, 122, 123, 124, 200, 900])
def test_late_successor_is_announced_as_long_as_the_grace_allows(late):
    """A successor made late never leaves a day without a key to seal to."""
    present = first_windows(INSTANT)[0]
    at = INSTANT + late * DAY
    start, end = next_window(present, at)
    assert start % DAY == end % DAY == 0
    assert start <= max(present[1], at)
    if start > at and start != present[1]:
        assert start - at >= ANNOUNCEMENT_DAYS * DAY
