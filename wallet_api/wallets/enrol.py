"""Enrol a phone for a document: its row, and the row of the journal that tells of it, in one transaction.

Every road ends here: an offer that is taken up, whoever made it (an operator, a counter, an aidant's code, the holder for a
second phone), the row that stands for what is printed of a document, an exercise. Whoever writes a phone into the database
beside it is named by `wallet-api audit verify` (`wallet_api/audit/phones.py`).
"""

from __future__ import annotations

from sqlalchemy import Connection

from wallet_api import audit
from wallet_api.audit.row import PHONE, digest_of_row
from wallet_api.identifiers import new_id
from wallet_api.issuance.documents import SYSTEM_ACTOR

from . import store


def enrol(
    connection: Connection,
    authority_id: str,
    document_id: str,
    thumbprint: str,
    now: int,
    entitled: audit.Detail,
) -> str:
    """The id of the phone that holds the key of this thumbprint; `entitled` says by what, in opaque ids. The caller holds the
    document. Raises SQLAlchemy's `IntegrityError` for a document that is none.
    """
    wallet_id = new_id(now)
    row: dict[str, object] = {
        "authority_id": authority_id,
        "wallet_id": wallet_id,
        "document_id": document_id,
        "thumbprint": thumbprint,
        "enrolled_at": now,
    }
    store.add_wallet(connection, row)
    audit.append(
        connection,
        authority_id,
        now=now,
        actor_id=SYSTEM_ACTOR,
        act="wallet_enrolled",
        subject_id=document_id,
        detail={"wallet": wallet_id, "enrolled": digest_of_row(row, PHONE), **entitled},
    )
    return wallet_id
