"""Phones and terminals beside the journal: one that somebody wrote into the database, changed or dropped is named."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update

import wallet_api
from credentials.spec import Audience, Domain
from tests.conftest import INSTANT
from tests.wallet_api.citizens import Citizen
from tests.wallet_api.conftest import CARD
from tests.wallet_api.conftest import LICENCE as DRIVING
from tests.wallet_api.simulated_wallet import SimulatedWallet
from verifier.enrolment import request
from wallet_api import audit, tables
from wallet_api.audit import acts
from wallet_api.publication.run import publish_now
from wallet_api.publication.store import read_state
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.retention.periods import Kept
from wallet_api.retention.purge import purge
from wallet_api.roles import SERVICE
from wallet_api.terminals.enrol import enrol_terminal, report_lost

pytestmark = pytest.mark.postgres
LICENCE, HEALTH = Domain.LICENCE.value, Domain.HEALTH.value
ROAD = "driving_licence.road_check.cbor"
DAY = 86_400
YEAR = 366 * DAY
FORGED = "f" * 32
entry, head = tables.audit_entry, tables.audit_head


def _found(service, authority=LICENCE) -> list[tuple[str, str | None, str | None]]:
    with service.database.read() as connection:
        found = list(acts.compare(connection, authority, service.clock.now()))
    assert all(one.words(language) for one in found for language in ("fr", "en"))
    return [(one.fault.value, one.subject, one.differs) for one in found]


def _quiet(service) -> None:
    for authority in (LICENCE, HEALTH, SERVICE):
        assert _found(service, authority) == []
        with service.database.read() as connection:
            assert audit.verify(connection, authority) is None


def _write(service, *statements: str) -> None:
    with service.database.write() as connection:
        for one in statements:
            connection.execute(text(one))


def _phones(service) -> list[str]:
    with service.database.read() as connection:
        query = select(tables.wallet.c.wallet_id).order_by(tables.wallet.c.wallet_id)
        return list(connection.execute(query).scalars())


def _insert(document_id: str, enrolled_at: int = INSTANT, wallet_id: str = FORGED) -> str:
    return (
        "INSERT INTO wallet (authority_id, wallet_id, document_id, thumbprint, enrolled_at) "
        f"VALUES ('licence', '{wallet_id}', '{document_id}', '{'e' * 64}', {enrolled_at})"
    )


def _grant(wallet_id: str, document_id: str) -> str:
    return (
        "INSERT INTO access_grant (authority_id, token_hash, kind, wallet_id, document_id, expires_at) "
        f"VALUES ('licence', '{'d' * 64}', 'access', '{wallet_id}', '{document_id}', {INSTANT + 600})"
    )


@pytest.fixture
def camille(client, keys_of_roles) -> Citizen:
    return Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))


def test_every_road_to_a_phone_is_told(service, wallet, client, clock, offer, camille, official):
    """By offer, of both documents, at a counter, by an aidant, a second phone, on paper; paused, lost, erased: nothing is named."""

    def take(uri: str) -> SimulatedWallet:
        phone = SimulatedWallet(client, clock)
        assert phone.take(uri).status_code == 200
        return phone

    def redeem(code: str, second: str = "") -> str:
        answer = client.post("/activations/redemptions", json={"code": code, "second": second})
        return str(answer.json()["offer"])

    take(offer("camille", CARD).uri)
    reference = {"registry_reference": PEOPLE["camille"].references[DRIVING]}
    asked = {**reference, "identity_document": "passport"}
    take(redeem(official("agnes").post("/authority/licences/activations", asked).json()["code"]))
    jeanne = official("jeanne")
    aidant_id = jeanne.get("/aidant").json()["aidant_id"]
    body = {"aidant_id": aidant_id, "document_type": "driving_licence", "days": 31}
    mandate = camille.post("/me/mandates", body)
    used = jeanne.post(f"/aidant/mandates/{mandate['mandate_id']}/activations", {"purpose": "obtain"})
    take(redeem(used.json()["code"], mandate["personal_code"]))
    second = take(camille.post("/me/documents/driving_licence/offers")["offer"])
    printed = official("agnes").post("/authority/licences/printed-cards", asked)
    assert printed.status_code == 201
    assert len(_phones(service)) == 6
    second.get(ROAD)
    wallet.get(ROAD)
    _quiet(service)
    clock.instant += 60
    devices = [one["wallet_id"] for one in camille.get("/me/devices")["items"]]
    camille.post(f"/me/devices/{devices[0]}/pause")
    camille.post("/me/devices/losses", {"wallet_ids": devices[1:2]})
    _quiet(service)
    camille.post("/me/erasures", {"end_documents": True})
    _quiet(service)
    clock.instant += 600 * DAY  # the printed card lives longest
    list(purge(service))
    assert _phones(service) == []
    _quiet(service)


@pytest.mark.parametrize("enrolled_at", [INSTANT, 5, INSTANT - 4 * YEAR])
def test_forged_phone_and_its_token_are_named(service, wallet, enrolled_at):
    """Whatever day it claims."""
    _write(service, _insert(wallet.document_id, enrolled_at), _grant(FORGED, wallet.document_id))
    assert _found(service) == [
        ("device_untold", FORGED, None),
        ("device_of_another", FORGED, "access_grant"),
    ]


def test_forged_phone_under_the_id_of_an_act_is_named(service, wallet, licence_authority):
    """An id that the journal knows for something else excuses nobody."""
    known = licence_authority.withdraw(wallet.document_id, 1, "D-1").json()["entry_id"]
    _write(service, _insert(wallet.document_id, wallet_id=known))
    assert _found(service) == [("device_untold", known, None)]


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (f"thumbprint = '{'e' * 64}'", "thumbprint, enrolled_at"),
        ("enrolled_at = 5", "thumbprint, enrolled_at"),
    ],
)
def test_changed_phone_is_named(service, wallet, change, differs):
    """Its key, or its day."""
    (mine,) = _phones(service)
    wallet.get(ROAD)
    _write(service, f"UPDATE wallet SET {change}")
    assert _found(service) == [("device_edited", mine, differs)]


def test_phone_moved_to_another_document_is_named_and_what_it_took_there_stays_named(
    service, wallet, offer, client, clock
):
    """A forger who moves his own phone to somebody's licence, collects, and moves it back, leaves credentials that do not fit."""
    own = SimulatedWallet(client, clock)
    made = offer("yanis")
    assert own.take(made.uri).status_code == 200
    (mine,) = (one for one in _phones(service) if _document_of(service, one) == made.document_id)
    _write(
        service,
        f"UPDATE wallet SET document_id = '{wallet.document_id}' WHERE wallet_id = '{mine}'",
    )
    found = _found(service)
    assert ("device_edited", mine, "document_id") in found
    assert ("device_of_another", mine, "access_grant") in found
    own.get(ROAD)
    _write(service, f"UPDATE wallet SET document_id = '{made.document_id}' WHERE wallet_id = '{mine}'")
    assert _found(service) == [("device_of_another", mine, "credential")]


def _document_of(service, wallet_id: str) -> str:
    with service.database.read() as connection:
        query = select(tables.wallet.c.document_id).where(tables.wallet.c.wallet_id == wallet_id)
        return str(connection.execute(query).scalar_one())


def test_token_of_another_document_is_named(service, wallet, offer):
    """Even one of a genuine phone."""
    (mine,) = _phones(service)
    _write(service, _grant(mine, offer("yanis").document_id))
    assert wallet.document_id == _document_of(service, mine)
    assert _found(service) == [("device_of_another", mine, "access_grant")]


@pytest.mark.usefixtures("wallet")
def test_phone_that_vanished_is_named_unless_an_erasure_took_it(service, offer, client, clock, camille):
    """An erasure excuses as many phones of its document as it says."""
    (first,) = _phones(service)
    with service.database.write() as connection:
        row = dict(connection.execute(select(tables.wallet)).mappings().one())
        connection.execute(delete(tables.grant))
        connection.execute(delete(tables.wallet))
    assert _found(service) == [("device_missing", first, None)]
    with service.database.write() as connection:
        connection.execute(insert(tables.wallet).values(**row))
    assert _found(service) == []
    clock.instant += 60
    other = SimulatedWallet(client, clock)
    other.take(offer("camille").uri)
    (second,) = {*_phones(service)} - {first}
    camille.post("/me/devices/losses", {"wallet_ids": [first]})
    assert camille.post("/me/erasures", {"end_documents": False})["erased"]["wallet"] == 1
    assert _found(service) == []
    _write(service, "DELETE FROM access_grant", "DELETE FROM wallet")
    assert [one[0] for one in _found(service)] == ["device_missing"]
    assert second not in _phones(service)


def test_phone_that_vanished_beside_a_purge_is_named(service, wallet, offer, client, clock):
    """The purge took one of them, and says one; and one that is too young for it is not excused by it."""
    old = SimulatedWallet(client, clock)
    old.take(offer("yanis").uri)
    clock.instant += 400 * DAY
    young = SimulatedWallet(client, clock)
    young.take(offer("camille").uri)
    assert len(_phones(service)) == 3
    # Nobody's tokens but the youngest's are left, as when phones go unused.
    _write(service, f"DELETE FROM access_grant WHERE expires_at < {clock.instant}")
    done = {one.kept.value: one.rows for one in purge(service) if one.authority_id == LICENCE}
    assert (done["phones"], len(_phones(service))) == (2, 1)
    assert _found(service) == []
    (left,) = _phones(service)
    _write(service, "DELETE FROM access_grant", "DELETE FROM wallet")
    assert _found(service) == [("device_missing", left, None)]
    with service.database.write() as connection:  # a purge that says one less than are gone
        purged = entry.c.act == "purged"
        detail = connection.execute(
            select(entry.c.detail).where(purged, entry.c.subject_id == "phones")
        ).scalar_one()
        connection.execute(
            update(entry)
            .where(purged, entry.c.subject_id == "phones")
            .values(detail=detail.replace('"rows":2', '"rows":1'))
        )
    assert [one[0] for one in _found(service)] == ["device_missing"] * 2
    assert wallet.document_id


# What entitles a phone


def test_forged_offer_is_named_before_and_after_a_phone_took_it(service, wallet, client, clock, offer):
    """The phone that it enrols through the door is in the journal, and so is what it used."""
    mine = offer("yanis")
    _write(
        service,
        # The forger's own offer, written for somebody else's licence.
        "INSERT INTO offer (authority_id, offer_id, document_id, code_hash, attempts, created_at, expires_at) SELECT "
        f"authority_id, '{FORGED}', '{wallet.document_id}', 'x', 0, created_at, expires_at FROM offer "
        f"WHERE document_id = '{mine.document_id}'",
    )
    assert _found(service) == [("entitlement_untold", FORGED, "offer")]
    with service.database.write() as connection:
        table = tables.offer
        code = connection.execute(
            select(table.c.code_hash).where(table.c.document_id == mine.document_id)
        ).scalar_one()
        connection.execute(update(table).where(table.c.document_id == mine.document_id).values(code_hash="y"))
        connection.execute(update(table).where(table.c.offer_id == FORGED).values(code_hash=code))
    assert SimulatedWallet(client, clock).take(mine.uri).status_code == 200
    _write(service, f"DELETE FROM offer WHERE offer_id = '{FORGED}'")
    assert [(fault, differs) for fault, _, differs in _found(service)] == [
        ("entitlement_edited", "offer"),
        ("entitlement_unmade", "offer"),
    ]


@pytest.mark.usefixtures("wallet")
def test_offer_that_was_made_good_again_is_named(service, client, clock, offer):
    """It enrols one phone; a second time is a second row."""
    uri = offer("camille").uri
    for _ in range(2):
        assert SimulatedWallet(client, clock).take(uri).status_code == 200
        _write(service, "UPDATE offer SET taken_at = NULL")
    assert [(fault, differs) for fault, _, differs in _found(service)] == [("entitlement_unmade", "offer")]


@pytest.fixture
def mandate(camille, official) -> dict[str, str]:
    """A mandate, under which a code was made; another code was made at a counter."""
    jeanne = official("jeanne")
    aidant_id = jeanne.get("/aidant").json()["aidant_id"]
    body = {"aidant_id": aidant_id, "document_type": "driving_licence", "days": 31}
    given = camille.post("/me/mandates", body)
    path = f"/aidant/mandates/{given['mandate_id']}/activations"
    assert jeanne.post(path, {"purpose": "obtain"}).status_code == 201
    return dict(given)


_FORGED_CODE = (
    f"INSERT INTO activation SELECT authority_id, '{FORGED}', document_id, 'x', NULL, 0, NULL, created_at, "
    "expires_at, NULL, actor_id FROM activation"
)
_FORGED_MANDATE = (
    f"INSERT INTO mandate SELECT authority_id, '{FORGED}', document_id, giver_id, aidant_id, second_hash, "
    "starts_at, ends_at, NULL FROM mandate"
)


@pytest.mark.usefixtures("mandate")
@pytest.mark.parametrize(
    ("statement", "fault", "differs"),
    [
        ("UPDATE activation SET code_hash = 'x'", "entitlement_edited", "activation"),
        ("UPDATE activation SET second_hash = NULL", "entitlement_edited", "activation"),
        ("UPDATE activation SET expires_at = expires_at + 1", "entitlement_edited", "activation"),
        ("UPDATE mandate SET second_hash = 'x'", "entitlement_edited", "mandate"),
        ("UPDATE mandate SET aidant_id = giver_id", "entitlement_edited", "mandate"),
        ("UPDATE mandate SET ends_at = ends_at + 1", "entitlement_edited", "mandate"),
        (_FORGED_CODE, "entitlement_untold", "activation"),
        (_FORGED_MANDATE, "entitlement_untold", "mandate"),
    ],
)
def test_forged_or_changed_code_or_mandate_is_named(service, statement, fault, differs):
    """Each cell by which somebody else could use it."""
    _quiet(service)
    _write(service, statement)
    assert [(one[0], one[2]) for one in _found(service)] == [(fault, differs)]


# Terminals


@pytest.fixture
def terminal_id(service, tmp_path, clock) -> str:
    """A terminal that asked twice, and one that was lost."""
    asked = request(tmp_path / "store")
    enrol_terminal(service, asked, Audience.POLICE, test_mode=False)
    clock.instant += 60
    enrol_terminal(service, asked, Audience.POLICE, test_mode=False)
    enrol_terminal(service, request(tmp_path / "lost"), Audience.HEALTH, test_mode=False)
    enrol_terminal(service, request(tmp_path / "anyone"), Audience.ANYONE, test_mode=True)
    with service.database.read() as connection:
        query = select(tables.terminal.c.profile, tables.terminal.c.terminal_id)
        by_profile = {row.profile: row.terminal_id for row in connection.execute(query)}
    report_lost(service, by_profile["health"])
    return str(by_profile["police"])


@pytest.mark.parametrize(
    ("statement", "fault", "differs"),
    [
        (
            "UPDATE terminal SET public_key = substr(public_key, 1, 16) WHERE {own}",
            "device_edited",
            "profile, public_key, enrolled_at",
        ),
        (
            "UPDATE terminal SET profile = 'health' WHERE {own}",
            "device_edited",
            "profile, public_key, enrolled_at",
        ),
        (
            "UPDATE terminal SET enrolled_at = 5 WHERE {own}",
            "device_edited",
            "profile, public_key, enrolled_at",
        ),
        ("UPDATE terminal SET mirror_hash = 'x' WHERE {own}", "device_edited", "mirror_hash"),
        ("DELETE FROM terminal WHERE {own}", "device_missing", None),
        (
            "INSERT INTO terminal SELECT authority_id, 'forged', profile, public_key, NULL, 5, NULL FROM terminal WHERE {own}",
            "device_untold",
            None,
        ),
    ],
)
def test_forged_changed_or_vanished_terminal_is_named(service, terminal_id, statement, fault, differs):
    """Its key, its profile, its day, its mirror secret; one that was never enrolled, one that is gone."""
    _quiet(service)
    own = f"terminal_id = '{terminal_id}'"
    if statement is None:  # a key is bytes, which each engine writes in its own way
        with service.database.write() as connection:
            table = tables.terminal
            connection.execute(
                update(table).where(table.c.terminal_id == terminal_id).values(public_key=bytes(32))
            )
    else:
        _write(service, statement.format(own=own))
    named = "forged" if fault == "device_untold" else terminal_id
    assert _found(service, SERVICE) == [(fault, named, differs)]


def test_mirror_of_a_lost_terminal_that_opens_again_is_named(service, terminal_id):
    """A lost one keeps no secret."""
    _write(service, "UPDATE terminal SET mirror_hash = 'x' WHERE lost_at IS NOT NULL")
    ((fault, named, differs),) = _found(service, SERVICE)
    assert (fault, differs) == ("device_edited", "mirror_hash")
    assert named != terminal_id


# Upgrade and purge of the journal


def _forget(service, *names: str) -> None:
    """Make the journals those of a release that told nothing of devices: without the acts, or without what they kept."""
    with service.database.write() as connection:
        for authority in (LICENCE, HEALTH, SERVICE):
            query = select(entry).where(entry.c.authority_id == authority).order_by(entry.c.sequence)
            rows = [dict(row) for row in connection.execute(query).mappings()]
            connection.execute(delete(entry).where(entry.c.authority_id == authority))
            connection.execute(
                update(head).where(head.c.authority_id == authority).values(sequence=0, digest=audit.ORIGIN)
            )
            for row in rows:
                if row["act"] in names:
                    continue
                detail = (
                    {"profile": "police", "test_mode": False} if row["act"] == "terminal_enrolled" else None
                )
                audit.append(
                    connection,
                    authority,
                    now=row["recorded_at"],
                    actor_id=row["actor_id"],
                    act=row["act"],
                    subject_id=row["subject_id"],
                    detail=detail or json.loads(row["detail"]),
                )


@pytest.fixture
def upgraded(service, wallet, offer, client, clock, terminal_id) -> tuple[str, str]:
    """A service that had phones and terminals before they were told, brought to this release; gives a terminal and an open offer."""
    SimulatedWallet(client, clock).take(offer("yanis", CARD).uri)
    open_offer = offer("yanis").uri
    _forget(service, "wallet_enrolled", "offer_made")
    named = {"device_untold", "device_of_another", "entitlement_untold"}
    assert {one[0] for one in _found(service)} == named
    _write(service, "UPDATE alembic_version SET version_num = '0017'")
    clock.instant += 60
    service.database.migrate(clock.instant)
    assert wallet.document_id
    return terminal_id, open_offer


def test_upgrade_pins_whoever_was_enrolled_and_nobody_later(service, upgraded, wallet, offer, client, clock):
    """Nothing is named; then a phone written with an old day is, and a changed key of an older phone or terminal."""
    _quiet(service)
    service.database.migrate(clock.instant)  # no second time
    with service.database.read() as connection:
        pinned = list(connection.execute(select(entry.c.act).where(entry.c.act.like("%_pinned"))).scalars())
    assert sorted(pinned) == ["offer_pinned"] * 3 + ["terminal_pinned"] * 3 + ["wallet_pinned"] * 2
    terminal_id, open_offer = upgraded
    wallet.renew()
    wallet.get(ROAD)
    for uri in (open_offer, offer("camille").uri):
        assert SimulatedWallet(client, clock).take(uri).status_code == 200
    _quiet(service)
    _write(service, _insert(wallet.document_id, INSTANT - YEAR))
    assert _found(service) == [("device_untold", FORGED, None)]
    _write(
        service,
        f"DELETE FROM wallet WHERE wallet_id = '{FORGED}'",
        f"UPDATE wallet SET thumbprint = '{'e' * 64}'",
    )
    assert {one[0] for one in _found(service)} == {"device_edited"}
    _write(service, f"UPDATE terminal SET enrolled_at = 5 WHERE terminal_id = '{terminal_id}'")
    assert [one[:2] for one in _found(service, SERVICE)] == [("device_edited", terminal_id)]


@pytest.mark.usefixtures("upgraded")
def test_pinned_phone_may_be_purged(service, clock):
    """By the day of its enrolment, not that of the upgrade."""
    clock.instant = INSTANT + YEAR + DAY // 2
    _write(service, "DELETE FROM access_grant")
    list(purge(service))
    assert _phones(service) == []
    _quiet(service)


@pytest.mark.parametrize("more", [999, 1_000, 2_001])
def test_upgrade_pins_more_phones_than_it_reads_at_a_time(service, wallet, clock, more):
    """Each of them once, in a chain that holds."""
    (mine,) = _phones(service)
    with service.database.write() as connection:
        row = dict(connection.execute(select(tables.wallet)).mappings().one())
        copies = [{**row, "wallet_id": f"{number:032x}"} for number in range(more)]
        connection.execute(insert(tables.wallet), copies)
    _write(service, "UPDATE alembic_version SET version_num = '0017'")
    service.database.migrate(clock.instant)
    _quiet(service)
    with service.database.read() as connection:
        pinned = connection.execute(select(entry.c.sequence).where(entry.c.act == "wallet_pinned")).all()
    assert len(pinned) == more + 1
    _write(service, f"UPDATE wallet SET thumbprint = 'x' WHERE wallet_id <> '{mine}'")
    assert [one[0] for one in _found(service)] == ["device_edited"] * more
    assert wallet.document_id


def test_empty_service_is_pinned_by_nothing(service):
    """A new home has no row of the journal from its tables' making."""
    with service.database.read() as connection:
        assert connection.execute(select(entry.c.act).where(entry.c.act.like("%_pinned"))).all() == []


def test_purge_of_the_journal_tells_again_what_it_told_and_nothing_else(service, wallet, terminal_id, clock):
    """Enrolled four years ago and in use: still told; one that was written by hand does not become genuine by waiting."""
    (mine,) = _phones(service)
    _write(service, _insert(wallet.document_id, 5))
    publish_now(service)
    clock.instant = INSTANT + 3 * YEAR + DAY
    _write(
        service,
        f"UPDATE access_grant SET expires_at = {clock.instant + DAY}",
        _grant(FORGED, wallet.document_id),
    )
    publish_now(service)
    done = {(one.authority_id, one.kept.value): one.rows for one in purge(service)}
    assert done[LICENCE, "audit"] > 0
    assert done[SERVICE, "audit"] > 0
    assert sorted(_phones(service)) == sorted([mine, FORGED])
    assert _found(service) == [
        ("device_untold", FORGED, None),
        ("device_of_another", FORGED, "access_grant"),
    ]
    assert _found(service, SERVICE) == []
    _write(service, f"UPDATE wallet SET thumbprint = '{'c' * 64}' WHERE wallet_id = '{mine}'")
    assert ("device_edited", mine, "thumbprint, enrolled_at") in _found(service)
    _write(service, f"UPDATE terminal SET profile = 'health' WHERE terminal_id = '{terminal_id}'")
    assert [one[:2] for one in _found(service, SERVICE)] == [("device_edited", terminal_id)]


def test_nobody_but_the_enrolment_writes_a_phone():
    """Every road goes through `wallets/enrol.py`, which tells the journal."""
    root = Path(wallet_api.__file__).parent
    found = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and "add_wallet" in {getattr(node.func, "attr", None), getattr(node.func, "id", None)}
    }
    assert found == {"wallets/enrol.py"}


def test_terminal_of_another_authority_is_handed_nothing_and_named(service, clock, terminal_id):
    """Terminals are the service's alone."""
    _write(
        service,
        "INSERT INTO terminal (authority_id, terminal_id, profile, public_key, enrolled_at) "
        f"SELECT 'evil', 'terminal-evil', 'police', public_key, {INSTANT} FROM terminal LIMIT 1",
    )
    with service.database.read() as connection:
        handed = read_state(connection, service.settings.base_url, 1, clock.instant).terminals
    names = {one.terminal_id for one in handed}
    assert terminal_id in names
    assert "terminal-evil" not in names
    assert ("device_untold", "terminal-evil", None) in _found(service, SERVICE)


def test_terminal_that_asked_again_after_the_purged_beginning_is_quiet(service, clock, terminal_id, tmp_path):
    """What a purge tells again never comes after a younger word: its secret of that time would be believed."""
    publish_now(service)
    clock.instant += 20 * DAY
    enrol_terminal(service, request(tmp_path / "store"), Audience.POLICE, test_mode=False)
    clock.instant = INSTANT + 3 * YEAR + 5 * DAY
    assert {one.kept for one in purge(service) if one.rows} >= {Kept.AUDIT}
    assert [_found(service, one) for one in (LICENCE, SERVICE)] == [[], []]
    assert terminal_id


@pytest.mark.parametrize("change", ["profile = 'zzz'", "public_key = substr(public_key, 1, 3)"])
def test_terminal_that_nobody_can_seal_for_ends_no_publication(service, terminal_id, change):
    """It is handed nothing, the others are."""
    _write(service, f"UPDATE terminal SET {change} WHERE terminal_id = '{terminal_id}'")
    with service.database.read() as connection:
        handed = read_state(connection, service.settings.base_url, 1, INSTANT).terminals
    assert len(handed) == 1
    assert terminal_id not in {one.terminal_id for one in handed}
    publish_now(service)
