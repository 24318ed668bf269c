"""Limits on how often an address and a caller may ask: exact by the service's clock, bounded in memory."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.wallet_api.conftest import Tokens
from tests.wallet_api.simulated_wallet import Key
from wallet_api.pace import Buckets, address_of
from wallet_api.roles import AccessRole
from wallet_api.settings import PaceLimits, SettingsRefused, from_environment

ONE = ("address", "one")


@pytest.fixture
def paced(application, service):
    """A client of a service with limits of the test's own."""

    def make(*, address: int = 0, caller: int = 0, proxies: tuple[str, ...] = (), peer: str = "203.0.113.7"):
        limits = PaceLimits(address, caller, tuple(ip_network(one) for one in proxies))
        application.state.service = replace(
            service, settings=replace(service.settings, pace=limits), buckets=Buckets()
        )
        return TestClient(application, base_url="http://testserver", client=(peer, 50_000))

    return make


def _refused(answer) -> int:
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert answer.json()["type"].endswith("/problems/too-many-requests")
    assert answer.json()["status"] == 429
    return int(answer.headers["retry-after"])


def test_address_that_asks_too_often_waits_as_long_as_it_is_told(paced, clock):
    """The fourth of three a minute: not after 19 seconds, but after the 20 of Retry-After; then it waits again."""
    client = paced(address=3)
    assert [client.get("/").status_code for _ in range(3)] == [200, 200, 200]
    assert _refused(client.get("/")) == 20
    clock.instant += 19
    assert _refused(client.get("/")) == 1
    clock.instant += 1
    assert client.get("/").status_code == 200
    assert _refused(client.get("/")) == 20
    english = client.get("/", headers={"Accept-Language": "en"})
    assert english.json()["title"].startswith("Too many requests")


def test_probes_and_published_lists_are_never_refused(paced):
    """An address without a request left still reads what terminals and operators need."""
    client = paced(address=1)
    client.get("/")
    _refused(client.get("/"))
    for path in (
        "/healthz",
        "/readyz",
        "/metrics",
        "/tuf/public/metadata/timestamp.json",
        "/s/l/1",
    ):
        assert [client.get(path).status_code for _ in range(5)] == [200] * 5, path
    _refused(client.get("/"))


def test_one_address_does_not_use_up_what_another_has(paced):
    """Each address has a bucket; one of IPv6 shares it with its /64."""
    client = paced(address=1)
    app = client.app
    assert client.get("/").status_code == 200
    _refused(client.get("/"))
    other = TestClient(app, base_url="http://testserver", client=("203.0.113.8", 1))
    assert other.get("/").status_code == 200
    first, second, third = (
        TestClient(app, base_url="http://testserver", client=(one, 1))
        for one in ("2001:db8:0:1::1", "2001:db8:0:1::2", "2001:db8:0:2::1")
    )
    assert first.get("/").status_code == 200
    _refused(second.get("/"))
    assert third.get("/").status_code == 200


def test_caller_is_counted_wherever_it_calls_from(paced, service, clock):
    """One person's bucket, whatever the address; another person's is untouched, and so are those who are nobody."""
    client = paced(caller=2)
    tokens = Tokens(service)
    clerk = {"Authorization": f"Bearer {tokens[AccessRole.CLERK]}"}
    path = "/authority/licences/batches/" + "0" * 32
    assert [client.get(path, headers=clerk).status_code for _ in range(2)] == [404, 404]
    elsewhere = TestClient(client.app, base_url="http://testserver", client=("198.51.100.1", 1))
    assert _refused(elsewhere.get(path, headers=clerk)) == 30
    supervisor = {"Authorization": f"Bearer {tokens[AccessRole.SUPERVISOR]}"}
    assert client.get(path, headers=supervisor).status_code == 404
    assert [client.get(path).status_code for _ in range(5)] == [401] * 5
    clock.instant += 30
    assert client.get(path, headers=clerk).status_code == 404


def test_refused_role_counts_too(paced, service):
    """Somebody who tries doors that are closed to the role is slowed down all the same."""
    client = paced(caller=2)
    citizen = {"Authorization": f"Bearer {Tokens(service)[AccessRole.CITIZEN]}"}
    path = "/authority/licences/batches/" + "0" * 32
    assert [client.get(path, headers=citizen).status_code for _ in range(2)] == [403, 403]
    _refused(client.get(path, headers=citizen))


def test_phone_is_a_caller(paced, wallet):
    """A phone that asks for credentials without end is told to wait; asking for a nonce says who nobody is."""
    paced(caller=2)
    answers = [wallet.ask("driving_licence.proof.cbor", [Key()]) for _ in range(3)]
    assert [one.status_code for one in answers[:2]] == [200, 200]
    assert _refused(answers[2]) == 30
    assert wallet.nonce()


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("203.0.113.7", None, "203.0.113.7"),
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "2001:db8::1", "2001:db8::/64"),
    ],
)
def test_forwarded_address_is_believed_from_our_own_proxies_alone(peer, told, address):
    """The last hop that is no proxy of ours; what the client wrote before it says nothing."""
    headers = [] if told is None else [(b"x-forwarded-for", told.encode())]
    scope = {"client": (peer, 1), "headers": headers}
    assert address_of(scope, (ip_network("10.0.0.0/24"),)) == address


def test_without_a_proxy_nobody_chooses_an_address():
    """The header alone changes nothing."""
    scope = {"client": ("203.0.113.7", 1), "headers": [(b"x-forwarded-for", b"198.51.100.1")]}
    assert address_of(scope, ()) == "203.0.113.7"


def test_memory_is_bounded_and_a_flood_shuts_nobody_out():
    """The bucket not asked for longest goes first; an empty one that is asked for stays empty."""
    buckets = Buckets(most=100)
    buckets.take(ONE, 1, 60, 0)
    for number in range(10_000):
        assert buckets.take(("address", str(number)), 1, 60, 0) is None
        assert buckets.take(ONE, 1, 60, 0) == 60
    assert len(buckets) == 100


@settings(max_examples=200, deadline=None)
@given(
    allowed=st.integers(1, 50),
    seconds=st.sampled_from([1, 60, 3600]),
    steps=st.lists(st.integers(-5, 100), min_size=1, max_size=60),
)
def test_no_stretch_of_time_lets_more_through_than_the_bucket_holds(allowed, seconds, steps):
    """In any stretch at most what a bucket holds and what flowed in; and exactly after the wait there is one again."""
    buckets, now, latest, passed = Buckets(), 1_000, 1_000, []
    for step in steps:
        now += step
        latest = max(latest, now)
        wait = buckets.take(ONE, allowed, seconds, now)
        if wait is None:
            passed.append(latest)
        elif now == latest:
            other = Buckets()
            other._left.update(buckets._left)
            assert other.take(ONE, allowed, seconds, now + wait - 1) is not None or wait == 1
            assert buckets.take(ONE, allowed, seconds, now + wait) is None
            now = latest = now + wait
            passed.append(now)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            inflow = (passed[last] - passed[first]) * allowed / seconds
            assert last - first + 1 <= allowed + inflow


@pytest.mark.parametrize("text", ["10.0.0.1/24", "proxy.example", "10.0.0.1;10.0.0.2"])
def test_proxies_that_are_no_addresses_are_refused_by_name(tmp_path, text):
    """A network with host bits, a name, another separator."""
    with pytest.raises(SettingsRefused, match="LP_PROXY_ADDRESSES"):
        from_environment({"LP_PROXY_ADDRESSES": text}, tmp_path, base_url="http://127.0.0.1:1", demo=False)


def test_limits_are_on_unless_they_are_turned_off(tmp_path):
    """Nothing set is safe; a list of proxies may have spaces."""
    made = from_environment({}, tmp_path, base_url="http://127.0.0.1:1", demo=False).pace
    assert (made.address, made.caller, made.proxies) == (1200, 300, ())
    text = {"LP_PROXY_ADDRESSES": "10.0.0.1, 2001:db8::/32", "LP_ADDRESS_PER_MINUTE": "0"}
    made = from_environment(text, tmp_path, base_url="http://127.0.0.1:1", demo=False).pace
    assert made == PaceLimits(0, 300, (ip_network("10.0.0.1"), ip_network("2001:db8::/32")))
