"""How a terminal speaks HTTP: to addresses that are no more than addresses, with its secret, never along a redirect."""

from __future__ import annotations

import re
import urllib.request
from typing import Any, Final
from urllib.parse import urlsplit

from .errors import SyncError

__all__ = ["TIMEOUT_SECONDS", "authorization", "is_address", "opener", "require_safe"]

TIMEOUT_SECONDS: Final = 20  # per answer, not for the whole
_LOOPBACK: Final = {"localhost", "127.0.0.1", "::1"}


def is_address(place: str) -> bool:
    """Whether `place` is an HTTP address; a folder otherwise."""
    return re.match(r"https?://", place) is not None


def require_safe(address: str, secret: str | None) -> None:
    """Check that the terminal's secret may be sent to `address`. Raises `SyncError`."""
    parts = urlsplit(address)
    if parts.username or parts.query or parts.fragment or not parts.hostname:
        raise SyncError("a mirror's address is scheme, host and path, and nothing else")
    if parts.scheme == "http" and secret and parts.hostname not in _LOOPBACK:
        raise SyncError(
            "this terminal's secret is not sent in clear: name an https address, or sync from a folder"
        )


def authorization(secret: str | None) -> dict[str, str]:
    """The headers of every question (RFC 6750, section 2.1)."""
    told = {"User-Agent": "laissez-passer"}
    return told if secret is None else {**told, "Authorization": f"Bearer {secret}"}


def opener(address: str) -> urllib.request.OpenerDirector:
    """What opens `address`: no redirect, and no proxy in front of this machine."""
    direct = urlsplit(address).hostname in _LOOPBACK
    return urllib.request.build_opener(_NoRedirect, *([urllib.request.ProxyHandler({})] if direct else []))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the terminal's secret elsewhere."""

    def redirect_request(self, *_: Any) -> None:
        """Refuse."""
