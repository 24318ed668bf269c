"""How often one address and one caller may ask: token buckets in the memory of this process.

- A bucket holds `allowed` requests and fills evenly in `seconds`; who finds it empty is told how long to wait. Time is
  the service's clock, so the same requests at the same instants get the same answers. A clock that goes back adds nothing.
- Memory is bounded: the bucket that was not asked for longest is forgotten first, and being forgotten is being full, so
  a flood from many addresses never shuts out somebody else.
- Each process counts its own: behind a balancer with N processes a caller gets up to N times the setting. What must hold
  across processes (`LP_ACTS_PER_HOUR`, the attempts at a code) is counted in the database, not here.
- Addresses are kept in memory alone; no log, metric or table holds one. An IPv6 address counts with its /64, which is what
  one subscriber has.
"""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from threading import Lock
from typing import Final

from starlette.types import Scope

MOST_BUCKETS: Final = 50_000  # about 10 MB
MINUTE: Final = 60
_SUBSCRIBER: Final = 64  # bits of an IPv6 address
_MOST_HOPS: Final = 10

Key = tuple[str, str]
Network = IPv4Network | IPv6Network


class Buckets:
    """The buckets of one process. A key is what is counted, and whose."""

    def __init__(self, most: int = MOST_BUCKETS) -> None:
        """Everybody's bucket is full."""
        self._most = most
        self._lock = Lock()
        self._left: OrderedDict[Key, tuple[int, int]] = OrderedDict()

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._left)

    def take(self, key: Key, allowed: int, seconds: int, now: int) -> int | None:
        """Take one request out; None when there was one, else the seconds until there is. `allowed` 0: no limit.

        What is left is counted in parts of which a request costs `seconds` and a second adds `allowed`: whole numbers.
        """
        if allowed == 0:
            return None
        full = allowed * seconds
        with self._lock:
            left, since = self._left.pop(key, (full, now))
            left = min(full, left + max(0, now - since) * allowed)
            wait = None if left >= seconds else -((left - seconds) // allowed)
            self._left[key] = (left - seconds if wait is None else left, max(now, since))
            if len(self._left) > self._most:
                self._left.popitem(last=False)
        return wait


def address_of(scope: Scope, proxies: tuple[Network, ...]) -> str:
    """Who sent a request: the peer, or, when the peer is one of our proxies, the last hop that is none of them.

    What stands in `X-Forwarded-For` before that hop was written by the client and is not believed.
    """
    client = scope.get("client")
    hops = [str(client[0]) if client else "unknown"]
    if proxies:
        fields = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
        told = b",".join(fields).decode("latin-1").split(",")[-_MOST_HOPS:]
        hops = [*(one.strip() for one in told), *hops]
    found = hops.pop()
    while hops and _within(found, proxies) and _address(hops[-1]) is not None:
        found = hops.pop()
    address = _address(found)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _SUBSCRIBER), strict=False))
    return found[:64] if address is None else str(address)


def _within(text: str, networks: tuple[Network, ...]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
