"""Publication: what is signed, what each tree holds, what is refused, what a stop leaves behind."""

from __future__ import annotations

import importlib
import os
import random
import shutil
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from credentials import points_list, status_companion, status_list
from credentials.cose_key import X25519Key
from credentials.spec import LIST_SIZE, POINTS_NONE, Audience, Domain, Role, StatusValue
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.status_list import StatusList
from keys import KeyFolder, KeyNotActive, Terminal
from keys.policy import DAY
from tests.conftest import INSTANT
from wallet_api.publication import (
    PublicationRefused,
    PublicationState,
    finish,
    lists,
    points_uri,
    publish,
    published_edition,
    status_uri,
)
from wallet_api.publication import check as checking
from wallet_api.publication.reading import read_edition

publishing = importlib.import_module("wallet_api.publication.publish")  # the function bears the module's name
PASSPHRASE = b"a passphrase for tests only"
BASE_URL = "http://127.0.0.1:8460"
REASON = "motif-de-test-reconnaissable"


def _terminal(name: str, profile: Audience) -> Terminal:
    seed = sha256(name.encode()).digest()
    public = X25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return Terminal(name, profile, X25519Key(public))


def _state(edition: int = 1) -> PublicationState:
    """Two licence lists, one health list, one points list, companions, a terminal of each profile."""
    explained = CompanionEntry(EntryClass.AUTHORITY, INSTANT - DAY, INSTANT + DAY, REASON)
    lost = CompanionEntry(EntryClass.DEVICE, INSTANT - DAY)
    return PublicationState(
        edition=edition,
        base_url=BASE_URL,
        status={
            Domain.LICENCE: {1: {0: 1, 77: 2, 500: 3, LIST_SIZE - 1: 1}, 2: {}},
            Domain.HEALTH: {1: {5: 1, 6: 2}},
        },
        points={1: {0: 0, 1: 12, 2: 9, LIST_SIZE - 1: 3}},
        companions={
            Domain.LICENCE: {1: {0: explained, 77: explained, LIST_SIZE - 1: lost}},
            Domain.HEALTH: {1: {5: lost, 6: explained._replace(entry_class=EntryClass.HOLDER)}},
        },
        terminals=tuple(_terminal(f"terminal-{one}", one) for one in Audience),
    )


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """Keys of a service and its first publication, made once."""
    home = tmp_path_factory.mktemp("home")
    keys = KeyFolder.open(home / "keys", PASSPHRASE)
    keys.create_all(BASE_URL, INSTANT)
    publish(_state(), keys, home / "published", INSTANT)
    return home


@pytest.fixture
def home(made, tmp_path) -> Path:
    """A copy to be changed at will; edition 1 is published as of INSTANT."""
    shutil.copytree(made, tmp_path / "home", copy_function=os.link)
    return tmp_path / "home"


@pytest.fixture
def keys(home) -> KeyFolder:
    for path in [*(home / "keys").rglob("*.count"), *(home / "keys").rglob("lock")]:
        content = path.read_bytes()  # written in place, so not to be shared with the original
        path.unlink()
        path.write_bytes(content)
        path.chmod(0o600)
    return KeyFolder.open(home / "keys", PASSPHRASE)


@pytest.fixture
def published(home) -> Path:
    return home / "published"


def _digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def _refused(state, keys, published, at=INSTANT + 60) -> str:
    """Publish, expect a refusal that changes nothing; gives its words."""
    before = _digests(published)
    with pytest.raises(PublicationRefused) as refusal:
        publish(state, keys, published, at)
    assert _digests(published) == before
    return str(refusal.value)


# What is said


def test_published_lists_say_what_the_state_says_entry_by_entry(published):
    """All 131,072 entries of each list, in the CWT that terminals take and in both forms served at the uri."""
    state = _state()
    for domain, numbers in state.status.items():
        for number, values in numbers.items():
            path = published / f"public/targets/status/{domain}/{number}.cwt"
            claims = status_list.read_cwt(path.read_bytes()).decode()
            assert (claims.uri, claims.edition) == (status_uri(BASE_URL, domain, number), 1)
            assert claims.issued_at == INSTANT
            assert [claims.entries.get(index) for index in range(LIST_SIZE)] == [
                values.get(index, 0) for index in range(LIST_SIZE)
            ]
            served = published / f"lists/{domain}/{number}"
            assert status_list.read_jwt(served.with_suffix(".jwt").read_text()).decode() == claims
            assert served.with_suffix(".cwt").read_bytes() == path.read_bytes()
    balances = points_list.read((published / "police/targets/police/points/1.cose").read_bytes()).decode()
    assert (balances.uri, balances.edition, balances.as_of) == (points_uri(BASE_URL, 1), 1, INSTANT)
    assert [balances.entries.get(index) for index in range(LIST_SIZE)] == [
        state.points[1].get(index, POINTS_NONE) for index in range(LIST_SIZE)
    ]


def test_companion_stands_beside_its_list_with_the_same_edition(published):
    """Every list has one, if empty, since a missing one would be an older one to somebody (T39)."""
    state = _state()
    for domain, area in lists.COMPANION_AREA.items():
        for number in state.status[domain]:
            path = published / f"{area}/targets/{area}/companion/{number}.cose"
            claims = status_companion.read(path.read_bytes()).decode()
            assert (claims.uri, claims.edition) == (status_uri(BASE_URL, domain, number), 1)
            assert dict(claims.entries) == dict(state.companions[domain].get(number, {}))


def test_indexes_name_what_every_terminal_of_an_area_wants(published):
    """Lists, and no package: a package's name is a terminal's."""
    index = (published / "police/targets/police/index.json").read_text()
    assert "police/points/1.cose" in index
    assert "police/companion/2.cose" in index
    assert "terminal-" not in index
    public = (published / "public/targets/index.json").read_text()
    for path in ("trust/licence.cose", "trust/health.cose", "status/licence/2.cwt", "status/health/1.cwt"):
        assert f'"{path}"' in public


@given(
    st.sampled_from([(2, 0, 3), (4, 15, 12)]),
    st.dictionaries(st.integers(0, LIST_SIZE - 1), st.integers(0, 12), max_size=40),
)
def test_packing_agrees_with_the_format_and_unpacking_inverts_it(kind, values):
    """The whole-list arithmetic of publication gives what entry-wise writing gives."""
    bits, fill, most = kind
    fitting = {index: min(value, most) for index, value in values.items()}
    packed = lists.pack(bits, fill, fitting)
    assert packed == StatusList.filled(bits, LIST_SIZE, fill).with_values(fitting)
    flat = checking.unpack(packed)
    assert {index: flat[index] for index in fitting} == fitting
    assert flat.count(fill) >= LIST_SIZE - len(fitting)


# Who gets what (T38)


def test_public_tree_holds_no_file_of_police_or_health(published):
    """Neither below targets, nor as metadata, nor under another name: contents are compared, not paths alone."""
    secret = {
        path.read_bytes()
        for area in ("police", "health")
        for path in (published / area / "targets" / area).rglob("*")
        if path.is_file()
    }
    secret |= {(published / area / "metadata" / f"{area}.json").read_bytes() for area in ("police", "health")}
    for path in [*(published / "public").rglob("*"), *(published / "lists").rglob("*")]:
        if path.is_file():
            assert path.read_bytes() not in secret
            assert not {"police", "health"} & set(path.relative_to(published).parts[2:-1]) - {"health"}
    assert not (published / "public/targets/police").exists()
    assert not (published / "public/targets/health").exists()


def test_reasons_travel_to_their_own_area_only(published):
    """The reason class of a measure stands in the companions and nowhere else; no area holds the other's."""
    holders = {
        path.relative_to(published).as_posix()
        for path in published.rglob("*")
        if path.is_file() and REASON.encode() in path.read_bytes()
    }
    assert holders == {"police/targets/police/companion/1.cose", "health/targets/health/companion/1.cose"}
    assert not (published / "health/targets/police").exists()
    assert not (published / "police/targets/health").exists()
    assert not list((published / "health").rglob("points"))


def test_public_metadata_does_not_tell_how_many_terminals_there_are(keys, published):
    """The public snapshot has the same size whatever the number of police terminals."""
    snapshot = published / "public/metadata/snapshot.json"
    before = len(snapshot.read_bytes())
    many = tuple(_terminal(f"terminal-{number}", Audience.POLICE) for number in range(40))
    publish(replace(_state(2), terminals=many), keys, published, INSTANT + 60)
    assert len(snapshot.read_bytes()) == before


def test_lost_terminal_is_sent_nothing_more(keys, published):
    """Its package is taken away with the next edition, the others' stay."""
    gone = published / "police/targets/police/reader-keys/terminal-police.cose"
    kept = published / "health/targets/health/reader-keys/terminal-health.cose"
    assert gone.exists()
    state = _state(2)
    left = tuple(one for one in state.terminals if one.profile is not Audience.POLICE)
    publish(replace(state, terminals=left), keys, published, INSTANT + 60)
    assert not gone.exists()
    assert kept.exists()
    assert "terminal-police" not in (published / "police/metadata/police.json").read_text()


def test_terminal_of_anyone_is_sent_no_package(published):
    """It has no reader key; its name stands nowhere."""
    assert not [path for path in published.rglob("*") if "terminal-anyone" in path.name]


# What is refused


@pytest.mark.parametrize(("before", "after"), list(product(StatusValue, StatusValue)))
def test_revoked_entry_never_comes_back(keys, published, before, after):
    """All pairs of values: from 1 there is no way out, every other step is free (T37)."""
    first = replace(_state(2), status={**_state().status, Domain.HEALTH: {1: {9: before}}}, companions={})
    first.status[Domain.HEALTH][1].update({5: 1, 6: 2})
    publish(first, keys, published, INSTANT + 1)
    second = replace(first, edition=3, status={**first.status, Domain.HEALTH: {1: {5: 1, 9: after}}})
    if before is StatusValue.REVOKED and after is not StatusValue.REVOKED:
        assert "1 revoked entries would come back" in _refused(second, keys, published)
    else:
        publish(second, keys, published, INSTANT + 60)


def test_restored_database_does_not_revive_anybody(keys, published):
    """An old copy with an empty list is refused, and the words say what may have happened."""
    old = replace(_state(2), status={Domain.LICENCE: {1: {}, 2: {}}, Domain.HEALTH: {1: {}}}, companions={})
    words = _refused(old, keys, published)
    assert "2 revoked" in words
    assert "old copy of the database" in words


@given(st.data())
def test_lost_revocations_are_counted_exactly(data):
    """Against the entry-wise definition, on small lists of random values."""
    size = 64
    before, after = (data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size)) for _ in range(2))
    expected = sum(old == 1 and new != 1 for old, new in zip(before, after, strict=True))
    packed = [StatusList.filled(2, size).with_values(dict(enumerate(values))) for values in (before, after)]
    assert checking.lost_revocations(*packed) == expected


def test_list_that_terminals_know_never_disappears(keys, published):
    """Neither a status list nor a points list."""
    state = _state(2)
    fewer = {**state.status, Domain.LICENCE: {1: state.status[Domain.LICENCE][1]}}
    assert "disappeared" in _refused(replace(state, status=fewer), keys, published)
    assert "disappeared" in _refused(replace(state, points={}), keys, published)


@pytest.mark.parametrize("edition", [0, 1])
def test_edition_must_rise(keys, published, edition):
    """The same number again, or a smaller one, would be a rollback to every terminal."""
    assert "does not follow 1" in _refused(_state(edition), keys, published)
    assert published_edition(published, keys) == 1


def test_clock_that_went_back_stops_publication(keys, published):
    """One second before the last edition is refused; the same second is not."""
    assert "clock" in _refused(_state(2), keys, published, at=INSTANT - 1)
    publish(_state(2), keys, published, INSTANT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"status": {Domain.LICENCE: {1: {LIST_SIZE: 1}}}}, "outside the list"),
        ({"status": {Domain.LICENCE: {1: {-1: 1}}}}, "outside the list"),
        ({"status": {Domain.LICENCE: {1: {3: 4}}}}, "outside 0..3"),
        ({"points": {1: {3: 13}}}, "outside 0..12"),
        ({"points": {1: {3: -1}}}, "outside 0..12"),
        ({"points": {1: {3: POINTS_NONE}}}, "outside 0..12"),
        ({"companions": {Domain.LICENCE: {1: {500: CompanionEntry(EntryClass.AUTHORITY)}}}}, "neither"),
        ({"companions": {Domain.LICENCE: {1: {1: CompanionEntry(EntryClass.AUTHORITY)}}}}, "neither"),
        ({"companions": {Domain.LICENCE: {9: {}}}}, "does not exist"),
        ({"terminals": (_terminal("../../keys", Audience.POLICE),)}, "name"),
        ({"terminals": (_terminal("", Audience.HEALTH),)}, "name"),
        ({"base_url": "http://elsewhere"}, "no signer"),
    ],
)  # fmt: skip
def test_state_that_contradicts_itself_is_refused(keys, published, change, words):
    """Nothing wraps, spills into a neighbour or leaves the folder."""
    assert words in _refused(replace(_state(2), **change), keys, published)


def test_folder_that_was_tampered_with_stops_publication(keys, published):
    """The edition in force is what the next one is compared with, so it must be believable."""
    path = published / "public/targets/status/licence/1.cwt"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.unlink()
    path.write_bytes(content)
    assert "1.cwt" in _refused(_state(2), keys, published)


# What the reading back catches


def _moved_by_one(pack):
    def wrong(bits, fill, values):
        return pack(bits, fill, {(index + 1) % LIST_SIZE: value for index, value in values.items()})

    return wrong


def test_list_that_says_something_else_is_caught_before_anybody_is_served(keys, published, monkeypatch):
    """A fault in packing alone is caught, since the reading back unpacks by its own tables."""
    monkeypatch.setattr(lists, "pack", _moved_by_one(lists.pack))
    assert "something else than the registry" in _refused(_state(2), keys, published)


def test_two_spellings_that_differ_are_caught(keys, published, monkeypatch):
    """The JWT says what the CWT says."""
    prepare = status_list.prepare_jwt
    monkeypatch.setattr(
        status_list, "prepare_jwt", lambda claims, **by: prepare(claims._replace(ttl=7), **by)
    )
    assert "spellings" in _refused(_state(2), keys, published)


def test_list_under_the_key_of_another_role_is_caught(keys, published, monkeypatch):
    """A status list signed by the companion signer is nobody's status list (T17)."""
    signer = keys.signer
    exchanged = {Role.STATUS: Role.COMPANION}
    monkeypatch.setattr(
        keys, "signer", lambda domain, role, at=None: signer(domain, exchanged.get(role, role), at)
    )
    assert "no signer" in _refused(_state(2), keys, published)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("public/targets/police/points/1.cose", "files differ"),
        ("public/metadata/police.json", "metadata that is not its own"),
        ("health/targets/police/index.json", "files differ"),
        ("police/metadata/health.json", "metadata that is not its own"),
    ],
)
def test_file_in_the_wrong_tree_is_caught(keys, published, monkeypatch, path, words):
    """A slip in laying out the trees would hand points to everybody."""
    laid_out = publishing._laid_out
    monkeypatch.setattr(publishing, "_laid_out", lambda *parts: {**laid_out(*parts), path: b"stray"})
    assert words in _refused(_state(2), keys, published)


@pytest.mark.parametrize("path", ["police/targets/police/points/1.cose", "public/metadata/snapshot.json"])
def test_missing_file_is_caught(keys, published, monkeypatch, path):
    """So is one too few."""
    laid_out = publishing._laid_out

    def without(*parts):
        files = laid_out(*parts)
        del files[path]
        return files

    monkeypatch.setattr(publishing, "_laid_out", without)
    _refused(_state(2), keys, published)


# Keys and time


def test_publication_names_a_burnt_signer_and_its_successor(keys, published):
    """One publication after the act, terminals refuse the one and accept the other."""
    burnt = keys.active(Domain.LICENCE, Role.STATUS)
    keys.compromise(burnt.key_id, INSTANT + 10)
    publish(_state(2), keys, published, INSTANT + 20)
    found = read_edition(published, {one: keys.root_certificate(one) for one in Domain})
    assert found is not None
    states = {one.key_id: one.state for one in found.trust[Domain.LICENCE].signers}
    assert states[burnt.key_id] == "compromised"
    assert states[keys.active(Domain.LICENCE, Role.STATUS).key_id] == "active"


def test_publication_does_the_upkeep_that_is_due(keys, published):
    """A service that publishes needs no calendar for its document signers."""
    report = publish(_state(2), keys, published, INSTANT + 31 * DAY)
    assert any("licence credential" in line for line in report.upkeep)
    assert publish(_state(3), keys, published, INSTANT + 31 * DAY).upkeep == ()


def test_service_that_slept_a_year_publishes_again(keys, published):
    """Every signer and the update root are renewed on the way."""
    report = publish(_state(2), keys, published, INSTANT + 400 * DAY)
    assert report.edition == 2
    assert (published / "public/metadata/2.root.json").exists()


def test_clock_before_the_first_keys_publishes_nothing(keys, published):
    """No list is signed outside its signer's window."""
    shutil.rmtree(published)
    with pytest.raises(KeyNotActive):
        publish(_state(2), keys, published, INSTANT - 2 * DAY)
    assert not (published / "public").exists()


# A stop


def _stop_at(monkeypatch, number: int) -> None:
    """Let the switch die at its n-th rename."""
    replace_path = Path.replace
    seen = []

    def stopping(path, target):
        if "/.next/" in str(path):
            seen.append(path)
            if len(seen) == number:
                raise KeyboardInterrupt
        return replace_path(path, target)

    monkeypatch.setattr(Path, "replace", stopping)


@pytest.mark.parametrize("number", range(1, 47, 3))
def test_switch_stopped_anywhere_is_finished_later(keys, published, monkeypatch, number):
    """After a stop at any rename the next start completes the very edition that was checked, and the next follows."""
    _stop_at(monkeypatch, number)
    with pytest.raises(KeyboardInterrupt):
        publish(_state(2), keys, published, INSTANT + 60)
    monkeypatch.undo()
    finish(published)
    assert not (published / ".next").exists()
    checking.check_tree(published, 2, INSTANT + 60)
    publish(_state(3), keys, published, INSTANT + 61)
    checking.check_tree(published, 3, INSTANT + 61)


def test_stop_before_the_check_leaves_the_edition_in_force(keys, published, monkeypatch):
    """What was not checked is never switched to: the next start drops it."""
    before = _digests(published)

    def stopped(*_, **__):
        shutil.copytree(published / ".next", published / ".copy")
        raise KeyboardInterrupt

    monkeypatch.setattr(publishing, "check_next", stopped)
    with pytest.raises(KeyboardInterrupt):
        publish(_state(2), keys, published, INSTANT + 60)
    (published / ".copy").rename(published / ".next")  # as a power cut would leave it
    assert finish(published) is False
    assert _digests(published) == before


def test_file_system_without_links_gets_the_same_tree(keys, published, monkeypatch):
    """A USB stick knows no hard links."""

    def refuse(*_):
        raise OSError("not supported")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    publish(_state(2), keys, published, INSTANT + 60)
    checking.check_tree(published, 2, INSTANT + 60)


def test_random_histories_only_ever_add_revocations(keys, published):
    """A hundred editions of random acts: each is published or refused, and the revoked set never shrinks."""
    draw = random.Random(20261101)
    revoked: set[int] = {5}
    values: dict[int, int] = {5: 1, 6: 2}
    accepted = 0
    for edition in range(2, 42):
        attempt = dict(values)
        for index in draw.sample(range(40), 3):
            attempt[index] = draw.randrange(4)
        state = _state(edition)
        state = replace(state, status={**state.status, Domain.HEALTH: {1: attempt}}, companions={})
        try:
            publish(state, keys, published, INSTANT + edition)
        except PublicationRefused:
            assert not revoked <= {index for index, value in attempt.items() if value == 1}
            continue
        accepted += 1
        values = attempt
        now = {index for index, value in values.items() if value == 1}
        assert revoked <= now
        revoked = now
    assert 5 < accepted < 40
