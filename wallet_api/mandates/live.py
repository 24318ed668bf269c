"""Whether a mandate is live: asked again whenever something that was made under it is used."""

from __future__ import annotations

from sqlalchemy import Connection

from . import store


def is_live(connection: Connection, authority_id: str, mandate_id: str, now: int) -> bool:
    """Begun, neither over nor revoked."""
    found = store.find(connection, authority_id, mandate_id)
    return found is not None and found.is_live(now)
