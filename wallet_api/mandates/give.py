"""Give and revoke a mandate: the person's acts, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.activations import store as activations
from wallet_api.activations.code import plain, random_text
from wallet_api.audit.row import MANDATE, digest_of_row
from wallet_api.authority.store import begin_act
from wallet_api.citizens.owner import Citizen, Owned
from wallet_api.identifiers import fingerprint, new_id
from wallet_api.issuance.documents import open_document
from wallet_api.problems import WalletError
from wallet_api.wiring import Service

from . import store
from .store import MandateRow

_DAY: Final = 86_400
_PERSONAL_CHARACTERS: Final = 12  # 60 bits


@dataclass(frozen=True, slots=True)
class Given:
    """A fresh mandate, with the part of every activation code that the person alone is told, this once."""

    row: MandateRow
    personal_code: str


def give(
    service: Service, connection: Connection, citizen: Citizen, mine: Owned, aidant_id: str, days: int
) -> Given:
    """Give it. An earlier one for the same document to the same aidant ends. Raises `WalletError`."""
    now, authority_id, giver_id = service.clock.now(), mine.authority_id, citizen.id_in(mine.authority_id)
    document_id = open_document(service, connection, mine.document_type, mine.reference)
    begin_act(connection, authority_id, document_id, mine.document_type.value)
    for earlier in store.live_of_document(connection, authority_id, document_id, now):
        if earlier.aidant_id == aidant_id:
            end(connection, earlier, giver_id, now)
    letters = random_text(_PERSONAL_CHARACTERS)
    personal = "-".join(letters[start : start + 4] for start in range(0, _PERSONAL_CHARACTERS, 4))
    mandate_id = new_id(now)
    row = MandateRow(
        authority_id,
        mandate_id,
        document_id,
        mine.document_type,
        mine.reference,
        giver_id,
        aidant_id,
        fingerprint(mandate_id + plain(personal)),
        now,
        now + days * _DAY,
        None,
    )
    cells: dict[str, object] = {
        "authority_id": authority_id,
        "mandate_id": mandate_id,
        "document_id": document_id,
        "giver_id": giver_id,
        "aidant_id": aidant_id,
        "second_hash": row.second_hash,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "revoked_at": None,
    }
    store.add(connection, cells)
    _note(connection, row, "mandate_given", giver_id, now, {"made": digest_of_row(cells, MANDATE)})
    return Given(row, personal)


def end(connection: Connection, mandate: MandateRow, actor_id: str, now: int) -> bool:
    """Revoke a mandate and the codes made under it that nobody used; False when it had ended already."""
    if not store.revoke(connection, mandate.authority_id, mandate.mandate_id, now):
        return False
    activations.end_open(
        connection, mandate.authority_id, mandate.document_id, now, mandate_id=mandate.mandate_id
    )
    _note(connection, mandate, "mandate_revoked", actor_id, now)
    return True


def find_given(connection: Connection, citizen: Citizen, mandate_id: str) -> MandateRow:
    """A mandate that this citizen gave. Raises `WalletError` for anybody else's."""
    for authority_id in ("licence", "health"):
        row = store.find(connection, authority_id, mandate_id)
        if row is not None and row.giver_id == citizen.id_in(authority_id):
            return row
    raise WalletError("not-found")


def _note(
    connection: Connection,
    mandate: MandateRow,
    act: str,
    actor_id: str,
    now: int,
    more: audit.Detail | None = None,
) -> None:
    audit.append(
        connection,
        mandate.authority_id,
        now=now,
        actor_id=actor_id,
        act=act,
        subject_id=mandate.document_id,
        detail={
            "mandate": mandate.mandate_id,
            "aidant": mandate.aidant_id,
            "until": mandate.ends_at,
            **(more or {}),
        },
    )
