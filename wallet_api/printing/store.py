"""SQL of printed cards. They hang on one row of `wallet` for each document, which stands for paper and is no phone."""

from __future__ import annotations

from sqlalchemy import Connection, select

from wallet_api import tables
from wallet_api.wallets.enrol import enrol
from wallet_api.wallets.store import PAPER_DESK

_wallet, _credential = tables.wallet, tables.credential


def paper_desk(connection: Connection, authority_id: str, document_id: str, now: int) -> str:
    """The id of the document's row for paper, made when it is first printed. The caller holds the document."""
    found: str | None = connection.execute(
        select(_wallet.c.wallet_id).where(
            _wallet.c.authority_id == authority_id,
            _wallet.c.document_id == document_id,
            _wallet.c.thumbprint == PAPER_DESK,
        )
    ).scalar_one_or_none()
    if found is not None:
        return found
    return enrol(connection, authority_id, document_id, PAPER_DESK, now, {"paper": True})


def credential_at(connection: Connection, authority_id: str, number: int, index: int) -> str:
    """The credential of an entry of the status lists."""
    found: str = connection.execute(
        select(_credential.c.credential_id).where(
            _credential.c.authority_id == authority_id,
            _credential.c.status_list == number,
            _credential.c.status_index == index,
        )
    ).scalar_one()
    return found


def is_printed(connection: Connection, authority_id: str, document_id: str, credential_id: str) -> bool:
    """Whether this is a credential on paper of that document, whoever printed it."""
    return (
        connection.execute(
            select(_credential.c.credential_id).where(
                _credential.c.authority_id == authority_id,
                _credential.c.document_id == document_id,
                _credential.c.credential_id == credential_id,
                _credential.c.paper == 1,
                _credential.c.state == "issued",
            )
        ).scalar_one_or_none()
        is not None
    )


def is_revoked(connection: Connection, authority_id: str, credential_id: str) -> bool:
    """Whether its loss, or another final cause, is recorded."""
    cause = tables.status_cause
    found = connection.execute(
        select(cause.c.cause_id).where(
            cause.c.authority_id == authority_id,
            cause.c.credential_id == credential_id,
            cause.c.value == 1,
            cause.c.lifted_at.is_(None),
        )
    )
    return found.first() is not None
