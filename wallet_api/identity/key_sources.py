"""Where the trusted keys come from: a file, an https address, or the demonstration's own key.

- The place is a setting. Nothing in a token makes the service fetch another one (`jku`, `x5u` are refused; T47).
- A file is read again when it changed. An address is asked again every ten minutes, and at once for a `kid` that is
  not known, but at most every thirty seconds: invented ids cost the provider nothing.
- While the provider is silent the last keys serve for a day; after that nobody is let in, and told why (503).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Final, Protocol
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from wallet_api.clock import Clock
from wallet_api.problems import WalletError
from wallet_api.settings import is_loopback
from wallet_api.telemetry import log

from .trusted_keys import MAX_BYTES, KeySetRefused, TrustedKey, read_key_set

FETCH_SECONDS: Final = 5
REFRESH_SECONDS: Final = 600
SHORTEST_WAIT: Final = 30  # seconds between two fetches, whatever is asked
STALE_SECONDS: Final = 86_400


class KeySource(Protocol):
    """Finds the key that a token names."""

    def find(self, kid: str) -> TrustedKey | None:
        """The key, or None when the issuer has none of that id. Raises `WalletError` when no key can be had."""


class KeysInFile:
    """A JWK Set on disk, read again when the file was replaced or written."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path
        self._seen: tuple[tuple[int, int, int], Mapping[str, TrustedKey]] | None = None

    def find(self, kid: str) -> TrustedKey | None:
        """The key; a file that became unreadable lets nobody in, since it may be a removal half done."""
        try:
            state = self._path.stat()
            mark = (state.st_mtime_ns, state.st_size, state.st_ino)
            if self._seen is None or self._seen[0] != mark:
                with self._path.open("rb") as file:
                    self._seen = (mark, read_key_set(file.read(MAX_BYTES + 1)))
            return self._seen[1].get(kid)
        except (OSError, KeySetRefused) as error:
            log("identity keys unreadable", error=type(error).__name__)
            raise WalletError("identity-unavailable") from None


class KeysAtAddress:
    """A JWK Set behind an https address (http on loopback), cached."""

    def __init__(self, address: str, clock: Clock) -> None:
        """Fetch nothing yet."""
        self._address, self._clock = address, clock
        self._lock = threading.Lock()
        self._keys: Mapping[str, TrustedKey] = {}
        self._fetched_at: int | None = None
        self._tried_at: int | None = None

    def find(self, kid: str) -> TrustedKey | None:
        """The key, after at most one fetch."""
        age = self._age(self._fetched_at)
        if age is None:  # nothing can be said before the first answer: everybody waits for it
            with self._lock:
                self._refresh()
        elif (age >= REFRESH_SECONDS or kid not in self._keys) and self._lock.acquire(blocking=False):
            try:  # one request pays for it; the others go on with the keys that are there
                self._refresh()
            finally:
                self._lock.release()
        age = self._age(self._fetched_at)
        if age is None or age >= STALE_SECONDS:
            raise WalletError("identity-unavailable")
        return self._keys.get(kid)

    def _refresh(self) -> None:
        waited = self._age(self._tried_at)
        if waited is not None and waited < SHORTEST_WAIT:
            return
        self._tried_at = self._clock.now()
        try:
            self._keys = read_key_set(self._fetch())
        except (OSError, HTTPException, KeySetRefused) as error:
            log("identity keys unreachable", error=type(error).__name__)
            return
        self._fetched_at = self._tried_at

    def _fetch(self) -> bytes:
        proxies = ProxyHandler({}) if is_loopback(self._address) else ProxyHandler()
        request = Request(self._address, headers={"Accept": "application/jwk-set+json, application/json"})  # noqa: S310 - a setting, https or loopback
        with build_opener(proxies, _NoRedirect()).open(request, timeout=FETCH_SECONDS) as answer:
            content: bytes = answer.read(MAX_BYTES + 1)
            return content

    def _age(self, instant: int | None) -> int | None:
        """Seconds since `instant`; a clock set back counts as a long time, so that nothing waits for it."""
        if instant is None:
            return None
        age = self._clock.now() - instant
        return age if age >= 0 else REFRESH_SECONDS


class _NoRedirect(HTTPRedirectHandler):
    """Keys come from the address that the operator wrote, not from where it points."""

    def redirect_request(self, *_: object) -> None:
        raise URLError("the address of the JWK Set redirects; set the final one")
