"""Who is calling the authority's side, and with which rights: one bearer key for each role, kept hashed.

A minimum that later gives way to persons with signed-in sessions; the roles stay. Deny is the default: a route names
the roles that may use it, and a key has exactly one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from sqlalchemy import Connection, insert, select

from . import tables
from .identifiers import fingerprint, new_id, new_secret
from .problems import WalletError
from .roles import AUTHORITY_OF, AccessRole


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: the authority, the role, and an opaque id for the audit."""

    authority_id: str
    role: AccessRole
    actor_id: str


def create_keys(connection: Connection, folder: Path, now: int) -> dict[AccessRole, Path]:
    """Make one key for each role and write it to a file of mode 0600; the database keeps only its hash."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = {}
    for role in AccessRole:
        secret = new_secret()
        connection.execute(
            insert(tables.access_key).values(
                authority_id=AUTHORITY_OF[role],
                key_hash=fingerprint(secret),
                role=role.value,
                actor_id=new_id(now),
                created_at=now,
            )
        )
        files[role] = folder / f"{role}.key"
        with os.fdopen(os.open(files[role], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secret + "\n")
    return files


def requires(*roles: AccessRole) -> Callable[[Request], Actor]:
    """A dependency that lets only these roles pass. It raises `WalletError`: 401 unknown key, 403 another role."""

    def who(request: Request) -> Actor:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise WalletError("unauthenticated")
        with request.app.state.service.database.read() as connection:
            actor = find_actor(connection, secret)
        if actor is None:
            raise WalletError("unauthenticated")
        if actor.role not in roles:
            raise WalletError("forbidden")
        return actor

    return who


def find_actor(connection: Connection, secret: str) -> Actor | None:
    """The bearer of a key that is not disabled."""
    table = tables.access_key
    row = connection.execute(
        select(table).where(table.c.key_hash == fingerprint(secret), table.c.disabled_at.is_(None))
    ).one_or_none()
    return None if row is None else Actor(row.authority_id, AccessRole(row.role), row.actor_id)
