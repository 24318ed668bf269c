"""Enrolment: a terminal's own key, a request without secrets, an answer that only it can open and only once."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from credentials.cose_key import X25519Key
from credentials.enrolment_file import EnrolmentRequest
from credentials.spec import Audience, Domain, Role
from tests.simulated_authority import INSTANT, SimulatedAuthority, reader, root_certificate
from tests.simulated_mirror import SimulatedMirror, enrolled, enrolment_claims, sealed_enrolment
from tests.simulated_terminal import take
from verifier.enrolment import fingerprints, install, request
from verifier.errors import EnrolmentError, TrustMissing
from verifier.store import TerminalStore

AUTHORITY = SimulatedAuthority()


@pytest.fixture
def mirror(tmp_path):
    """Only its TUF root matters here."""
    return SimulatedMirror(tmp_path / "mirror")


@pytest.fixture
def asked(tmp_path):
    """A terminal that has asked."""
    return request(tmp_path / "store")


@pytest.fixture
def folder(tmp_path):
    """Its store."""
    return tmp_path / "store"


def test_request_says_name_and_public_key_and_keeps_the_private_one(folder, asked):
    """Asking twice gives the same request; the key's file is for nobody else."""
    assert request(folder) == asked
    key = folder / "terminal_key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    private = X25519PrivateKey.from_private_bytes(key.read_bytes())
    assert asked.public_key == X25519Key(private.public_key().public_bytes_raw())
    assert key.read_bytes() not in asked.encode()
    assert EnrolmentRequest.decode(asked.encode()) == asked


def test_two_terminals_have_two_names_and_keys(tmp_path, asked):
    """Nothing about a terminal is shared."""
    other = request(tmp_path / "other")
    assert (other.terminal_id, other.public_key) != (asked.terminal_id, asked.public_key)


def test_folder_of_something_else_is_left_alone(tmp_path):
    """A folder with other files in it does not become a store."""
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(EnrolmentError, match="empty"):
        request(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_answer_makes_the_terminal(folder, asked, mirror):
    """Profile, mode, roots and reader keys are those of the file."""
    claims = enrolment_claims(asked.terminal_id, Audience.POLICE, mirror, test_mode=False)
    store = install(folder, sealed_enrolment(claims, asked.public_key))
    assert store.enrolment == claims
    assert TerminalStore.open(folder).enrolment == claims
    assert fingerprints(claims).keys() == set(Domain)
    with pytest.raises(TrustMissing):
        store.verifier()


def test_answer_without_a_request_is_refused(tmp_path):
    """There is no key to open it with."""
    with pytest.raises(EnrolmentError, match="asked for nothing"):
        install(tmp_path, b"")


@pytest.mark.parametrize("content", [b"", b"x", bytes(47), bytes(48), bytes(2_000), bytes(1_000_001)])
@pytest.mark.usefixtures("asked")
def test_file_that_is_no_answer_is_refused(folder, content):
    """Nothing, garbage, too much."""
    with pytest.raises(EnrolmentError, match=r"damaged|larger"):
        install(folder, content)


def test_answer_for_another_terminal_does_not_open(tmp_path, folder, asked, mirror):
    """Sealed to another key, or naming another terminal."""
    other = request(tmp_path / "other")
    claims = enrolment_claims(other.terminal_id, Audience.POLICE, mirror)
    for sealed in (sealed_enrolment(claims, other.public_key), sealed_enrolment(claims, asked.public_key)):
        with pytest.raises(EnrolmentError, match="another terminal"):
            install(folder, sealed)


def test_altered_answer_does_not_open(folder, asked, mirror):
    """A flipped bit anywhere."""
    sealed = sealed_enrolment(enrolment_claims(asked.terminal_id, Audience.ANYONE, mirror), asked.public_key)
    for place in (0, 31, 32, len(sealed) // 2, len(sealed) - 1):
        altered = bytearray(sealed)
        altered[place] ^= 1
        with pytest.raises(EnrolmentError):
            install(folder, bytes(altered))


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.ENROLMENT, Role.CREDENTIAL}])
def test_answer_signed_by_another_role_is_refused(folder, asked, mirror, role):
    """Only an enrolment signer enrols."""
    claims = enrolment_claims(asked.terminal_id, Audience.ANYONE, mirror)
    with pytest.raises(EnrolmentError, match="not signed"):
        install(folder, sealed_enrolment(claims, asked.public_key, role=role))


def test_answer_with_other_roots_is_not_believed(folder, asked, mirror):
    """The signer must be issued by a root that stands inside."""
    roots = {domain: root_certificate(domain, "outsider root") for domain in Domain}
    claims = enrolment_claims(asked.terminal_id, Audience.ANYONE, mirror, roots=roots)
    with pytest.raises(EnrolmentError, match="not signed"):
        install(folder, sealed_enrolment(claims, asked.public_key))


@pytest.mark.parametrize("root", [b"", b"\x30\x00", bytes(500)])
def test_answer_with_a_root_that_is_none_is_refused(folder, asked, mirror, root):
    """A root is a certificate of an authority."""
    roots = {Domain.LICENCE: root_certificate(Domain.LICENCE), Domain.HEALTH: root}
    claims = enrolment_claims(asked.terminal_id, Audience.ANYONE, mirror, roots=roots)
    with pytest.raises(EnrolmentError, match="malformed"):
        install(folder, sealed_enrolment(claims, asked.public_key))


def test_reader_keys_must_be_of_the_profile_and_under_their_id(folder, asked, mirror):
    """A police key for a pharmacy, a key for everybody, a key under another's id."""
    police = reader(Audience.POLICE).for_terminal()
    wrong = replace(reader(Audience.HEALTH).for_terminal(), key_id=police.key_id)
    for profile, key in ((Audience.HEALTH, police), (Audience.ANYONE, police), (Audience.HEALTH, wrong)):
        claims = enrolment_claims(asked.terminal_id, profile, mirror, reader_keys=(key,))
        with pytest.raises(EnrolmentError, match="reader key"):
            install(folder, sealed_enrolment(claims, asked.public_key))


# --- again ------------------------------------------------------------------------------------------------------


@pytest.fixture
def synchronised(folder, mirror):
    """A terminal with lists, one entry of them revoked."""
    store = enrolled(folder, Audience.POLICE, mirror)
    take(store, AUTHORITY.publish(edition=4, status={9: 1}))
    return store


def _again(
    folder: Path, mirror: SimulatedMirror, profile: Audience = Audience.POLICE, **changes
) -> TerminalStore:
    asked = request(folder)
    claims = enrolment_claims(asked.terminal_id, profile, mirror, **changes)
    return install(folder, sealed_enrolment(claims, asked.public_key))


@pytest.mark.parametrize("earlier", [0, 1])
def test_equal_or_older_answer_is_refused(folder, mirror, synchronised, earlier):
    """Nobody makes a terminal forget by enrolling it again with yesterday's file."""
    issued = synchronised.enrolment.issued_at - earlier
    with pytest.raises(EnrolmentError, match="as new, or newer"):
        _again(folder, mirror, issued_at=issued)
    assert synchronised.status().tombstones == 1


@pytest.mark.usefixtures("synchronised")
def test_newer_answer_renews_and_keeps_the_lists(folder, mirror):
    """Same roots, profile and mode: lists and memory stay, the mirror changes."""
    again = _again(folder, mirror, issued_at=INSTANT, mirror_url="https://mirror.example/police")
    assert again.enrolment.mirror_url == "https://mirror.example/police"
    assert (again.status().number, again.status().tombstones) == (1, 1)


@pytest.mark.parametrize("changes", [{"profile": Audience.ANYONE}, {"test_mode": False}])
@pytest.mark.usefixtures("synchronised")
def test_newer_answer_of_another_kind_begins_anew(folder, mirror, changes):
    """Another profile or mode: nothing of the former lists stays on the terminal."""
    again = _again(folder, mirror, issued_at=INSTANT, **changes)
    with pytest.raises(TrustMissing):
        again.verifier()
    assert not (folder / "snapshots").exists()
    assert again.tombstones().entries == {}


@pytest.mark.usefixtures("synchronised")
def test_newer_answer_replaces_a_lost_memory(folder, mirror):
    """The operator's new file is the way out of TRUST_BROKEN when the memory is gone."""
    (folder / "floor.cbor").unlink()
    again = _again(folder, mirror, issued_at=INSTANT)
    with pytest.raises(TrustMissing):
        again.verifier()


@pytest.mark.usefixtures("synchronised")
def test_journal_outlives_a_new_beginning(folder, mirror):
    """What the terminal answered is not part of what it believes."""
    (folder / "journal.jsonl").write_text("{}\n")
    _again(folder, mirror, Audience.ANYONE, issued_at=INSTANT)
    assert (folder / "journal.jsonl").read_text() == "{}\n"
