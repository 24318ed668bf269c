"""Gather every row about a person, table by table in the order of the catalogue.

1. The person's documents, as the registries say whose they are.
2. What hangs on each: phones, credentials and their causes, measures, points, decided requests.
3. The journal about any of it. It is kept in the order of its chain and read through once.

An act that can still be cancelled, or waits for a second person, is not told: it may never count.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection

from wallet_api import tables
from wallet_api.citizens import store as own
from wallet_api.citizens.owner import Owner
from wallet_api.clock import rfc3339
from wallet_api.roles import SERVICE

from . import store
from .catalogue import ABOUT, About, Whose

_INSTANTS: Final = frozenset({"since", "until", "as_of"})
_OTHER_PEOPLE: Final = frozenset({"proposer"})
"""Members of a journal line's detail that name an official."""


@dataclass
class Known:
    """Ids found so far in one authority's records."""

    authority_id: str
    citizen: set[str]
    ids: dict[Whose, set[str]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def of(self, whose: Whose) -> set[str]:
        """Ids by which a table names the person."""
        if whose is Whose.CITIZEN:
            return self.citizen
        if whose is Whose.ANYTHING:
            return self.citizen.union(*self.ids.values())
        return self.ids.get(whose, set())


def tell(
    connection: Connection, owner: Owner, now: int, cancel_seconds: int
) -> Iterator[tuple[About, list[dict[str, Any]]]]:
    """Every table that is about people, with the rows about this one, those of no row included."""
    known = _begin(connection, owner, now)
    for about in ABOUT:
        found: list[dict[str, Any]] = []
        for one in known:
            ids = one.of(about.whose)
            for row in store.rows(connection, about, one.authority_id, ids, now, now - cancel_seconds):
                if row.get("origin_id") in one.hidden:
                    continue
                _learn(one, about, row)
                found.append(_told(row))
        yield about, found


def _begin(connection: Connection, owner: Owner, now: int) -> list[Known]:
    known = {
        authority: Known(authority, {owner.citizen.id_in(authority)})
        for authority in (SERVICE, *(one.authority_id for one in owner.owned))
    }
    for one in own.documents(connection, owner.owned):
        mine = known[one.authority_id]
        mine.ids.setdefault(Whose.DOCUMENT, set()).add(one.document_id)
        mine.hidden |= store.unreleased(connection, one.authority_id, one.document_id, now)
    return list(known.values())


_LEARNT: Final = {
    tables.wallet.name: (Whose.WALLET, "wallet_id"),
    tables.credential.name: (Whose.CREDENTIAL, "credential_id"),
    tables.mandate.name: (Whose.ANYTHING, "mandate_id"),
    tables.act_proposal.name: (Whose.ANYTHING, "proposal_id"),
}


def _learn(known: Known, about: About, row: Mapping[str, Any]) -> None:
    if about.what in _LEARNT:
        whose, column = _LEARNT[about.what]
        known.ids.setdefault(whose, set()).add(row[column])


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, value) for name, value in row.items()}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, int) and (name.endswith("_at") or name in _INSTANTS):
        return rfc3339(value)
    if name in {"detail", "grants", "payload", "content"} and isinstance(value, str):
        read = json.loads(value)
        if isinstance(read, dict):
            return {key: one for key, one in read.items() if key not in _OTHER_PEOPLE}
        return read
    return value
