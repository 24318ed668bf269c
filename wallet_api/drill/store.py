"""SQL of the exercise."""

from __future__ import annotations

from sqlalchemy import Connection, exists, func, select

from wallet_api import tables


def wallets_left(connection: Connection, burnt: bytes, now: int) -> int:
    """Phones with a view and form that only the burnt signer signed, of what may still be shown."""
    old, new = tables.credential.alias("old"), tables.credential.alias("new")
    replaced = exists().where(
        new.c.authority_id == old.c.authority_id,
        new.c.wallet_id == old.c.wallet_id,
        new.c.view == old.c.view,
        new.c.form == old.c.form,
        new.c.paper == old.c.paper,
        new.c.signer_key_id != burnt,
        new.c.state == "issued",
        new.c.expires_at > now,
    )
    query = select(func.count(old.c.wallet_id.distinct())).where(
        old.c.signer_key_id == burnt, old.c.state == "issued", old.c.expires_at > now, ~replaced
    )
    return connection.execute(query).scalar_one()
