"""Opaque identifiers and secrets. None is derived from anything known about a person."""

from __future__ import annotations

import hashlib
import secrets


def new_id(now: int) -> str:
    """A UUID version 7 (RFC 9562, section 5.7) as 32 hexadecimal digits: grows with time, so index pages stay warm."""
    value = (now * 1000) << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return f"{value:032x}"


def first_id(instant: int) -> str:
    """Not above any identifier that `new_id` makes at `instant` or later, and above every earlier one."""
    return f"{(instant * 1000) << 80:032x}"


def new_secret(size: int = 32) -> str:
    """An unguessable text of `size` random bytes, base64url."""
    return secrets.token_urlsafe(size)


def fingerprint(secret: str) -> str:
    """What the database keeps of a secret. The secrets are random, so a plain SHA-256 suffices."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
