"""A process that dies between recording and handing out leaves `reserved` rows, and nothing else: no alarm, no obstacle."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import text

from credentials.spec import Domain
from tests.wallet_api.citizens import Citizen
from tests.wallet_api.simulated_wallet import Key
from wallet_api.audit import acts
from wallet_api.issuance import issue
from wallet_api.publication.run import publish_now

pytestmark = pytest.mark.postgres
LICENCE = Domain.LICENCE.value
ROAD, PROOF = "driving_licence.road_check.cbor", "driving_licence.proof.cbor"
SOON, LATER, MUCH_LATER = 60, 400, 86_400


class _Killed(BaseException):
    """Nothing of ours catches it: what follows in the process does not happen."""


@pytest.fixture
def killed(service, wallet, monkeypatch):
    """Ask for a view, and die after the rows were recorded; the rows stay reserved."""

    def ask(configuration: str) -> None:
        def die(*_: object) -> None:
            raise _Killed

        with monkeypatch.context() as patch:
            patch.setattr(issue, "_sign", die)
            with suppress(_Killed):
                assert wallet.ask(configuration, [Key(), Key()]).status_code == 500
        with service.database.read() as connection:
            query = text("SELECT count(*) FROM credential WHERE state = 'reserved'")
            assert connection.execute(query).scalar_one() > 0

    return ask


def _found(service) -> list[tuple[str, str | None]]:
    with service.database.read() as connection:
        found = list(acts.compare(connection, LICENCE, service.clock.now()))
    return [(one.fault.value, one.differs) for one in found]


def _quiet(service, clock) -> None:
    """Now, when signing is surely over, and a day later, each time with new lists."""
    for seconds in (0, LATER, MUCH_LATER):
        clock.instant += seconds
        publish_now(service)
        assert _found(service) == []


@pytest.mark.parametrize("configuration", [ROAD, PROOF])
@pytest.mark.parametrize("wait", [SOON, LATER, 3_600])
def test_issuing_that_died_supersedes_nothing_and_is_no_alarm(
    service, clock, wallet, killed, configuration, wait
):
    """After one that was handed out, at any distance: the older one stays the newest, for the lists and for the audit."""
    wallet.get(configuration)
    clock.instant += wait
    wallet.renew()
    killed(configuration)
    _quiet(service, clock)


@pytest.mark.parametrize("configuration", [ROAD, PROOF])
@pytest.mark.parametrize("wait", [0, SOON, 299, 300, 301, LATER])
def test_citizen_asks_again_after_an_issuing_that_died(service, clock, wallet, killed, configuration, wait):
    """At once, or when the signing would surely be over; and renews the day after."""
    killed(configuration)
    clock.instant += wait
    wallet.renew()
    assert wallet.get(configuration)
    _quiet(service, clock)
    wallet.renew()
    assert wallet.get(configuration)
    _quiet(service, clock)


def test_acts_reach_what_was_left_reserved(service, clock, wallet, killed, licence_authority):
    """Points, a suspension and its end, zero: whoever may have received it after all shows nothing that counts."""
    wallet.get(PROOF)
    clock.instant += LATER
    wallet.renew()
    killed(ROAD)
    killed(PROOF)
    clock.instant += SOON
    path = f"/authority/licences/{wallet.document_id}"
    assert licence_authority.withdraw(wallet.document_id, 2, "D-1").status_code == 201
    _quiet(service, clock)
    made = licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"}).json()["measure_id"]
    _quiet(service, clock)
    lift = licence_authority.post(f"{path}/suspensions/{made}/lift", {"decision_reference": "L-1"})
    assert lift.status_code == 201
    wallet.renew()
    killed(PROOF)
    _quiet(service, clock)
    for number in range(2):
        licence_authority.withdraw(wallet.document_id, 6, f"Z-{number}")
    _quiet(service, clock)


def test_phone_that_is_lost_takes_what_was_left_reserved_with_it(
    service, clock, client, wallet, killed, keys_of_roles
):
    """As any other credential of it."""
    camille = Citizen(client, lambda acr=None: keys_of_roles.of("camille", acr=acr))
    wallet.get(PROOF)
    clock.instant += LATER
    wallet.renew()
    killed(PROOF)
    (phone,) = [one["wallet_id"] for one in camille.get("/me/devices")["items"]]
    camille.post("/me/devices/losses", {"wallet_ids": [phone]})
    _quiet(service, clock)


def test_issuing_that_died_under_a_restriction_replaces_nothing(
    service, clock, wallet, killed, licence_authority
):
    """It would have granted less, so the older ones would have been replaced; the restriction itself reaches them."""
    wallet.get(ROAD)
    clock.instant += LATER
    path = f"/authority/licences/{wallet.document_id}/restrictions"
    body = {"decision_reference": "I-1", "until": "2027-01-01"}
    assert licence_authority.post(path, body).status_code == 201
    clock.instant += LATER
    wallet.renew()
    killed(ROAD)
    _quiet(service, clock)


def test_newer_one_that_is_said_to_have_died_is_named(service, clock, wallet):
    """Somebody who wants an older one to be the newest: what it superseded tells that it was handed out."""
    wallet.get(PROOF)
    clock.instant += 3_600
    wallet.renew()
    wallet.get(PROOF)
    assert _found(service) == []
    newest = "(SELECT max(credential_id) FROM credential)"
    with service.database.write() as connection:
        connection.execute(text(f"UPDATE credential SET state = 'reserved' WHERE credential_id = {newest}"))
    assert _found(service) == [("list_entry", "superseded: origin_id")]


def test_window_of_cancellation_changes_nothing_of_it(
    service, application, clock, wallet, killed, licence_authority
):
    """A withdrawal that counts five minutes later, and an issuing that died in between."""
    application.state.service = replace(service, settings=replace(service.settings, cancel_seconds=300))
    wallet.get(ROAD)
    clock.instant += SOON
    licence_authority.withdraw(wallet.document_id, 2, "D-1")
    clock.instant += SOON
    wallet.renew()
    killed(ROAD)
    _quiet(service, clock)
