"""Each list vouches for itself: one fault each, the whole publication refused, with the list named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from credentials.signed_list import LAST_INSTANT
from credentials.spec import LIST_SIZE, Audience, Domain, Role
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.status_list import StatusList
from credentials.trust_list import SignerState
from tests.simulated_authority import (
    BASE,
    HEALTH_LIST,
    INSTANT,
    LICENCE_LIST,
    POINTS_LIST,
    SimulatedAuthority,
    document_signer,
    list_signer,
)
from tests.simulated_terminal import enrol, offered, take, terminal
from verifier.admission import AHEAD_SECONDS, LEAP, admit
from verifier.errors import ListError
from verifier.graves import revoked

AUTHORITY = SimulatedAuthority()
DAY = 86_400


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A police terminal without lists; admitting writes nothing, so it serves every test."""
    return enrol(tmp_path_factory.mktemp("fresh") / "store", Audience.POLICE)


def _refused(store, match, *, at=INSTANT, publication=None, **faults):
    files = offered(publication or AUTHORITY.publish(), store.enrolment.profile)
    for name, value in faults.items():
        setattr(files, name, value)
    with pytest.raises(ListError, match=match):
        admit(files, store, at)


def test_publication_without_a_fault_is_admitted(fresh):
    """The base of every case below."""
    admitted = admit(offered(AUTHORITY.publish(), Audience.POLICE), fresh, INSTANT)
    assert (admitted.lists, admitted.companions_left_out) == (5, 0)


# --- trust lists ------------------------------------------------------------------------------------------------


def _trust(message: bytes) -> dict[Domain, bytes]:
    return {**AUTHORITY.publish().trust, Domain.LICENCE: message}


def test_missing_trust_list_is_refused(fresh):
    """Without one domain's list nobody would know its reader keys."""
    _refused(
        fresh, "trust list licence: missing", trust={Domain.HEALTH: AUTHORITY.publish().trust[Domain.HEALTH]}
    )


@pytest.mark.parametrize(
    ("fault", "match"),
    [
        ({"root": "outsider root"}, "not issued by the root"),
        ({"signed_by": list_signer(Domain.LICENCE, Role.STATUS)}, "not for the role trust"),
        ({"signed_by": document_signer(Domain.LICENCE)}, "not for the role trust"),
        ({"signed_by": list_signer(Domain.HEALTH, Role.TRUST)}, "not issued by the root"),
        (
            {"signed_by": list_signer(Domain.LICENCE, Role.TRUST, not_after=INSTANT - 12 * 3600)},
            "does not cover",
        ),
        (
            {"signed_by": list_signer(Domain.LICENCE, Role.TRUST, not_before=INSTANT + 14 * 3600)},
            "does not cover",
        ),
    ],
)
def test_trust_list_of_a_wrong_signer_is_refused(fresh, fault, match):
    """Another root, another role, another domain, outside the certificate's window."""
    _refused(fresh, match, trust=_trust(AUTHORITY.trust_list(Domain.LICENCE, **fault)))


def test_trust_list_of_the_other_domain_is_refused(fresh):
    """A health list under the licence's name: its signer is not the licence root's."""
    _refused(fresh, "trust list licence", trust=_trust(AUTHORITY.trust_list(Domain.HEALTH)))


def test_trust_list_with_one_changed_byte_is_refused(fresh):
    """Each of a sample of bytes of the list."""
    message = AUTHORITY.trust_list(Domain.LICENCE)
    for place in range(0, len(message), 293):
        changed = bytearray(message)
        changed[place] ^= 1
        _refused(fresh, "trust list licence", trust=_trust(bytes(changed)))


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"role": Role.STATUS}, "not for the role"),
        ({"not_after": INSTANT + 400 * DAY}, "does not cover"),
        ({"name": "licence documents standby"}, "another key"),
    ],
)
def test_entry_that_widens_its_certificate_is_refused(fresh, changes, match, monkeypatch):
    """The trust signer may not give a key another role, a longer window, or another key its certificate."""
    from tests import simulated_authority

    honest = document_signer(Domain.LICENCE)
    certificate = simulated_authority.certificate(honest)
    altered = replace(honest, **changes)
    real = simulated_authority.certificate
    monkeypatch.setattr(
        simulated_authority,
        "certificate",
        lambda one, root=None: certificate if one == altered else real(one, root),
    )
    _refused(fresh, match, trust=_trust(AUTHORITY.trust_list(Domain.LICENCE, signers=[altered])))


# --- lists ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signer",
    [
        document_signer(Domain.LICENCE),
        list_signer(Domain.LICENCE, Role.COMPANION),
        list_signer(Domain.LICENCE, Role.POINTS),
        list_signer(Domain.LICENCE, Role.TRUST),
        list_signer(Domain.HEALTH, Role.STATUS),
    ],
    ids=lambda one: one.name,
)
def test_status_list_of_a_wrong_signer_is_refused(fresh, signer):
    """One key, one role, one domain (T17)."""
    message = AUTHORITY.status_list(LICENCE_LIST, {}, signed_by=signer)
    _refused(fresh, "not signed by a signer of role status", status={Domain.LICENCE: [message]})


@pytest.mark.parametrize(
    "signer", [list_signer(Domain.LICENCE, Role.STATUS), document_signer(Domain.LICENCE)]
)
def test_points_list_of_a_wrong_signer_is_refused(fresh, signer):
    """As above for points."""
    _refused(fresh, "role points", points=[AUTHORITY.points_list(POINTS_LIST, {}, signed_by=signer)])


@pytest.mark.parametrize(
    "signer", [list_signer(Domain.LICENCE, Role.STATUS), document_signer(Domain.LICENCE)]
)
def test_companion_of_a_wrong_signer_is_refused(fresh, signer):
    """As above for companions."""
    message = AUTHORITY.companion(LICENCE_LIST, {}, signed_by=signer)
    _refused(fresh, "role companion", companions={Domain.LICENCE: [message]})


def test_one_kind_of_list_passed_off_as_another_is_refused(fresh):
    """Every kind in every place: only its own is read (T17)."""
    publication = AUTHORITY.publish()
    kinds = {
        "trust": publication.trust[Domain.LICENCE],
        "status": publication.status[LICENCE_LIST],
        "companion": publication.companions[LICENCE_LIST],
        "points": publication.points[POINTS_LIST],
    }
    for kind, message in kinds.items():
        if kind != "trust":
            _refused(fresh, "trust list", trust=_trust(message))
        if kind != "status":
            _refused(fresh, "status list", status={Domain.LICENCE: [message]})
        if kind != "companion":
            _refused(fresh, "companion", companions={Domain.LICENCE: [message]})
        if kind != "points":
            _refused(fresh, "points list", points=[message])


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"state": SignerState.COMPROMISED, "state_since": INSTANT}, "stolen"),
        ({"state": SignerState.RETIRED, "state_since": INSTANT}, "retired before"),
        ({"state": SignerState.RETIRED, "state_since": INSTANT + 1}, None),
        ({"not_after": INSTANT // DAY * DAY}, "outside its signer's window"),
        ({"status_prefixes": (f"{BASE}/s/x/",)}, "may not sign lists of that name"),
        ({"status_prefixes": ()}, "may not sign lists of that name"),
    ],
)
def test_state_and_scope_of_a_list_signer_count(fresh, changes, match):
    """Compromised, retired before and after, out of its window, beyond its prefixes."""
    signers = [
        replace(one, **changes) if one.role is Role.STATUS else one
        for one in AUTHORITY.signers[Domain.LICENCE]
    ]
    publication = AUTHORITY.publish(signers={Domain.LICENCE: signers})
    if match is None:
        admit(offered(publication, Audience.POLICE), fresh, INSTANT)
    else:
        _refused(fresh, match, publication=publication)


@pytest.mark.parametrize(
    "fault", [{"size": LIST_SIZE // 2}, {"size": LIST_SIZE * 2}, {"bits": 1}, {"bits": 4}, {"edition": 0}]
)
def test_status_list_of_another_shape_is_refused(fresh, fault):
    """Lists are born at full size, two bits an entry, and carry an edition."""
    message = AUTHORITY.status_list(LICENCE_LIST, {}, **fault)
    _refused(fresh, "size, width or edition|inflates beyond its size", status={Domain.LICENCE: [message]})


def test_list_published_twice_is_refused(fresh):
    """Two files that call themselves the same list."""
    message = AUTHORITY.status_list(LICENCE_LIST, {})
    _refused(fresh, "published twice", status={Domain.LICENCE: [message, message]})
    _refused(fresh, "published twice", points=[AUTHORITY.points_list(POINTS_LIST, {})] * 2)


def test_points_for_another_profile_are_refused(tmp_path):
    """Points never lie on a terminal that may not see them, whoever offers them."""
    store = enrol(tmp_path / "store", Audience.ANYONE)
    _refused(store, "not meant for this terminal", points=[AUTHORITY.points_list(POINTS_LIST, {})])


def test_list_with_one_changed_byte_is_refused(fresh):
    """Each of a sample of bytes of each kind of list."""
    publication = AUTHORITY.publish(
        status={4: 1}, companion={4: CompanionEntry(EntryClass.DEVICE)}, points={3: 4}
    )
    kinds = {
        "status": publication.status[LICENCE_LIST],
        "companions": publication.companions[LICENCE_LIST],
        "points": publication.points[POINTS_LIST],
    }
    for kind, message in kinds.items():
        for place in range(0, len(message), 31):
            changed = bytearray(message)
            changed[place] ^= 1
            offer = [bytes(changed)] if kind == "points" else {Domain.LICENCE: [bytes(changed)]}
            _refused(fresh, "list|companion|signed", **{kind: offer})


def test_bomb_is_refused(fresh):
    """A list that inflates to more than any list has."""
    import zlib

    from credentials import status_list
    from credentials.status_list import StatusListClaims

    by = list_signer(Domain.LICENCE, Role.STATUS)
    entries = StatusList(2, b"")
    claims = StatusListClaims(LICENCE_LIST, 1, INSTANT, None, None, entries)
    honest = zlib.compress(b"", 9)
    bomb = zlib.compress(bytes(65 * 1024 * 1024), 1)
    prepared = status_list.prepare_cwt(claims, algorithm=by.algorithm, key_id=by.key_id)
    payload = status_list.read_cwt(prepared.with_signature(bytes(64))).payload
    head = b"\x5a" + len(bomb).to_bytes(4, "big")
    payload = payload.replace(bytes((0x40 | len(honest),)) + honest, head + bomb)
    from credentials import sign1

    protected = sign1.encode_header(
        sign1.ProtectedHeader(by.algorithm, "application/statuslist+cwt", by.key_id)
    )
    message = sign1.assemble(protected, payload, by.sign(sign1.to_be_signed(protected, payload)))
    _refused(fresh, "inflates beyond", status={Domain.LICENCE: [message]})


# --- companions -------------------------------------------------------------------------------------------------


def test_companion_of_another_edition_is_left_out(fresh):
    """It counts as absent (T39), and that is told."""
    why = {4: CompanionEntry(EntryClass.DEVICE)}
    publication = AUTHORITY.publish(edition=2, status={4: 2})
    files = offered(publication, Audience.POLICE)
    files.companions = {Domain.LICENCE: [AUTHORITY.companion(LICENCE_LIST, why, edition=1)]}
    admitted = admit(files, fresh, INSTANT)
    assert admitted.companions_left_out == 1
    assert not [name for name in admitted.files if name.startswith("c")]


@pytest.mark.parametrize("dates", [(0, LAST_INSTANT + 1), (LAST_INSTANT + 1, None), (2**63, 2**63)])
def test_companion_with_a_date_outside_the_calendar_is_refused(fresh, dates):
    """A terminal could not write that day; the last instant of the calendar is still admitted."""
    files = offered(AUTHORITY.publish(status={4: 2}), Audience.POLICE)
    for since, until, fits in ((*dates, False), (0, LAST_INSTANT, True)):
        why = {4: CompanionEntry(EntryClass.AUTHORITY, since, until)}
        files.companions = {Domain.LICENCE: [AUTHORITY.companion(LICENCE_LIST, why)]}
        if fits:
            assert admit(files, fresh, INSTANT).companions_left_out == 0
        else:
            with pytest.raises(ListError, match="calendar"):
                admit(files, fresh, INSTANT)


def test_companion_of_a_list_not_published_is_left_out(fresh):
    """A companion alone explains nothing."""
    files = offered(AUTHORITY.publish(without=[LICENCE_LIST]), Audience.POLICE)
    files.companions = {Domain.LICENCE: [AUTHORITY.companion(LICENCE_LIST, {})]}
    assert admit(files, fresh, INSTANT).companions_left_out == 1


# --- versions and instants --------------------------------------------------------------------------------------


@pytest.fixture
def second(tmp_path):
    """A police terminal that has seen edition 2."""
    return terminal(tmp_path / "store", Audience.POLICE, [AUTHORITY.publish(edition=2, status={9: 1})])


def test_no_version_falls(second):
    """Trust list, status list and points list, each older alone."""
    new, old = AUTHORITY.publish(edition=3), AUTHORITY.publish(edition=1)
    for name, match in (
        ("trust", "trust list"),
        ("status", "status list"),
        ("points", "points list"),
    ):
        files, older = offered(new, Audience.POLICE), offered(old, Audience.POLICE)
        setattr(files, name, getattr(older, name))
        if name == "status":
            files.companions = {}
        with pytest.raises(ListError, match=f"{match}.*older than version 2"):
            admit(files, second, INSTANT)


def test_equal_version_must_be_the_same_list(second):
    """The list itself again is no news; another one under its number is refused."""
    assert take(second, AUTHORITY.publish(edition=2, status={9: 1})) is None
    _refused(second, "two different lists", publication=AUTHORITY.publish(edition=2, status={9: 1, 10: 1}))


def test_no_version_leaps(second):
    """A publisher's 2^63 would shut out every later list (T34); the limit passes, one more does not."""
    _refused(second, "leaps", publication=AUTHORITY.publish(edition=2**63))
    _refused(second, "leaps", publication=AUTHORITY.publish(edition=2 + LEAP + 1))
    assert take(second, AUTHORITY.publish(edition=2 + LEAP)) == 2


def test_time_does_not_go_back(second):
    """A higher number issued before the list in force."""
    _refused(second, "issued before", publication=AUTHORITY.publish(edition=3, at=INSTANT - 1))


def test_list_from_the_future_is_refused(fresh):
    """One day ahead of the terminal's clock passes, one second more does not: the floor cannot run away."""
    _refused(fresh, "set the clock", at=INSTANT - AHEAD_SECONDS - 1)
    admit(offered(AUTHORITY.publish(), Audience.POLICE), fresh, INSTANT - AHEAD_SECONDS)


def test_floor_is_the_newest_instant_signed(fresh):
    """Of any list, not of the trust lists alone."""
    publication = AUTHORITY.publish(at=INSTANT, trust_at=INSTANT - 3600)
    assert admit(offered(publication, Audience.POLICE), fresh, INSTANT).memory.floor == INSTANT


# --- tombstones -------------------------------------------------------------------------------------------------


def test_class_last_seen_is_remembered(second):
    """The companion's class goes into the grave with the entry."""
    why = {9: CompanionEntry(EntryClass.REPLACED)}
    take(second, AUTHORITY.publish(edition=3, status={9: 1}, companion=why))
    take(second, AUTHORITY.publish(edition=4))
    tombstone = second.snapshot().tombstones[LICENCE_LIST, 9]
    assert (tombstone.entry_class, tombstone.first_seen) == (EntryClass.REPLACED, INSTANT)


def test_list_that_disappears_leaves_its_tombstones(second):
    """An unknown list does not make a revoked entry unknown."""
    take(second, AUTHORITY.publish(edition=3, without=[LICENCE_LIST]))
    snapshot = second.snapshot()
    assert LICENCE_LIST not in snapshot.status_lists
    assert (LICENCE_LIST, 9) in snapshot.tombstones
    assert HEALTH_LIST in snapshot.status_lists


def test_confirmed_entries_need_no_tombstone_on_the_road_to_a_verdict(second):
    """What the list in force says itself is not carried twice."""
    assert not second.snapshot().tombstones
    assert second.tombstones().entries == {LICENCE_LIST: {9: [None, INSTANT]}}


def test_revoked_finds_the_ones_of_a_packed_list():
    """Against a look-up entry by entry, for lists of every value."""
    values = {index: index * index % 7 % 4 for index in range(0, 4096, 3)}
    entries = StatusList.filled(2, 4096).with_values(values)
    assert revoked(entries) == [index for index in range(4096) if entries.get(index) == 1]
    assert revoked(StatusList.filled(2, 4096, 2)) == []
