"""Leases: one holder at a time, a higher number at each taking, and no late act of a holder that was overtaken."""

from __future__ import annotations

import importlib
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace

import pytest
from sqlalchemy import select, update

from wallet_api import tables
from wallet_api.lease import LeaseLost, LeaseOccupied, find_lease, hold
from wallet_api.lease import store as leases
from wallet_api.publication import PublicationRefused, PublicationUnderWay, published_edition, run
from wallet_api.publication.run import publish_now
from wallet_api.wiring import Service, new_holder, wire

publishing = importlib.import_module("wallet_api.publication.publish")  # the function bears the module's name
NAME = "errand"
SECONDS = 20


@pytest.fixture
def other(service) -> Service:
    """Another process of the same service, as far as leases can tell."""
    return replace(service, holder=new_holder())


def _expire(service: Service, name: str) -> None:
    with service.database.write() as connection:
        connection.execute(update(tables.lease).where(tables.lease.c.name == name).values(expires_at=1))


def _editions(service: Service) -> list[tuple[int, int]]:
    with service.database.read() as connection:
        table = tables.publication
        rows = connection.execute(select(table.c.edition, table.c.fencing).order_by(table.c.edition))
        return [(row.edition, row.fencing) for row in rows]


def test_second_holder_is_refused_with_the_first_ones_name(service, other):
    """The words name machine and process, and the instant until which the lease runs; a release frees it at once."""
    with hold(service, NAME) as first:
        with pytest.raises(LeaseOccupied, match=f"{service.holder} holds the lease of errand until 20"):
            hold(other, NAME).__enter__()
        assert service.telemetry.registry.get_sample_value("lp_lease_held", {"lease": NAME}) == 1
    with hold(other, NAME) as second:
        assert second.fencing > first.fencing
    assert service.telemetry.registry.get_sample_value("lp_lease_held", {"lease": NAME}) == 0


def test_service_wired_twice_is_two_holders(service):
    """Machine and process are for people; the random word tells holders apart for sure."""
    twin = wire(service.settings)
    assert twin.holder.rpartition(":")[0] == service.holder.rpartition(":")[0]
    assert twin.holder != service.holder
    twin.database.close()


def test_of_many_takers_exactly_one_holds_at_any_moment(service):
    """Eight takers at once, each many times: never two inside, and no number is given twice."""
    inside, numbers = threading.Semaphore(1), []

    def take(_: int) -> None:
        own = replace(service, holder=new_holder())
        for _ in range(5):
            with hold(own, NAME, patience=SECONDS) as held:
                assert inside.acquire(blocking=False)
                numbers.append(held.fencing)
                inside.release()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(8)))
    assert len(numbers) == 40
    assert numbers == sorted(set(numbers))


def test_lease_of_a_dead_holder_is_taken_over_when_it_ends(service, other):
    """Nobody renews: not before the end, then at once, and the dead one's number is good for nothing."""
    with service.database.write() as connection:
        number = leases.take_lease(connection, NAME, service.holder, 3600)
    with pytest.raises(LeaseOccupied):
        hold(other, NAME).__enter__()
    _expire(service, NAME)
    with hold(other, NAME) as held, service.database.write() as connection:
        assert held.fencing == number + 1
        assert not leases.renew_lease(connection, NAME, service.holder, number, 60)
        assert not leases.lock_lease(connection, NAME, service.holder, number)
        leases.release_lease(connection, NAME, service.holder, number)
        assert find_lease(connection, NAME).held


def test_held_lease_is_renewed_while_the_block_runs(service, other):
    """A lease of two seconds, held for longer: nobody else gets it, and its end moves."""
    brief = replace(service, settings=replace(service.settings, lease_seconds=2))
    with hold(brief, NAME) as held:
        with service.database.read() as connection:
            first = find_lease(connection, NAME)
        end = time.monotonic() + SECONDS
        while find_in(service) == first.expires_at and time.monotonic() < end:
            time.sleep(0.05)
        assert find_in(service) > first.expires_at
        assert not held.lost
        with pytest.raises(LeaseOccupied):
            hold(other, NAME).__enter__()


def find_in(service: Service) -> int:
    """When the lease ends."""
    with service.database.read() as connection:
        return find_lease(connection, NAME).expires_at


def test_overtaken_holder_learns_it_when_it_confirms(service, other):
    """Also when it meets the taker's lease again after that was released."""
    with hold(service, NAME) as slow:
        _expire(service, NAME)
        with hold(other, NAME):
            pass
        with service.database.write() as connection, pytest.raises(LeaseLost, match=other.holder):
            slow.confirm(connection)
        assert slow.lost


def test_publisher_is_refused_while_another_publishes(service, other):
    """`publish_now` says who holds the lease, and nothing is published."""
    before = _editions(service)
    with hold(other, run.LEASE), pytest.raises(PublicationUnderWay, match=other.holder):
        publish_now(service, patience=0.0)
    assert _editions(service) == before
    assert publish_now(service).edition > before[-1][0]


def test_publisher_with_patience_waits_for_the_other(service, other):
    """A clerk who publishes after an act does not see that another process was at it."""
    entered = threading.Event()

    def hold_a_moment() -> None:
        with hold(other, run.LEASE):
            entered.set()
            time.sleep(0.3)

    thread = threading.Thread(target=hold_a_moment)
    thread.start()
    assert entered.wait(SECONDS)
    publish_now(service, patience=SECONDS)
    thread.join()


def test_edition_and_number_rise_together(service, other):
    """What was taken under a later lease is a greater edition: the rows alone prove the order."""
    for one in (service, other, service):
        publish_now(one)
    rows = _editions(service)
    assert rows == sorted(rows)
    assert len({fencing for _, fencing in rows}) == len(rows)


@pytest.mark.parametrize("overtaker_publishes", [False, True])
def test_overtaken_publisher_puts_nothing_in_force(service, other, monkeypatch, overtaker_publishes):
    """It hung while it signed; another took over and even published: the older edition never comes after it."""
    folder = service.settings.published_folder
    before = published_edition(folder, service.keys)
    checking, taken = publishing.check_next, []

    def hang(*arguments: object) -> object:
        found = checking(*arguments)
        if not taken:
            taken.append(True)
            _expire(service, run.LEASE)
            with hold(other, run.LEASE) as held:
                if overtaker_publishes:
                    taken.append(run._publish_under(other, held).edition)
        return found

    # As if the folder's lock did not reach the other machine: the lease alone has to hold.
    monkeypatch.setattr(publishing, "_alone", lambda _folder: nullcontext())
    monkeypatch.setattr(publishing, "check_next", hang)
    with pytest.raises(PublicationRefused, match=f"lost to {other.holder}"):
        publish_now(service)
    in_force = published_edition(folder, service.keys)
    assert in_force == (taken[1] if overtaker_publishes else before)
    assert not (folder / ".next").exists()
    assert publish_now(service).edition > in_force


def test_interrupted_switch_is_finished_by_whoever_publishes_next(service, other, monkeypatch):
    """The files were checked and half of them have their names when the process dies."""
    finish = publishing.finish

    def die(_folder: object) -> bool:
        if (service.settings.published_folder / ".next" / "complete").exists():
            raise KeyboardInterrupt
        return finish(_folder)

    monkeypatch.setattr(publishing, "finish", die)
    with pytest.raises(KeyboardInterrupt):
        publish_now(service)
    monkeypatch.setattr(publishing, "finish", finish)
    left = max(edition for edition, _ in _editions(service))
    assert publish_now(other).edition == left + 1
