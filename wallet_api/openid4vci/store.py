"""SQL of the protocol: offers, wallets, tokens, nonces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from wallet_api import tables
from wallet_api.identifiers import fingerprint
from wallet_api.statement import Answer, Statement

ACCESS, REFRESH = "access", "refresh"


_grant, _wallet, _document, _nonce = tables.grant, tables.wallet, tables.document, tables.nonce
# On the road of every issuing, so built once.
_WALLET_OF: Final = Statement(
    select(
        _wallet.c.authority_id,
        _wallet.c.wallet_id,
        _wallet.c.document_id,
        _document.c.document_type,
        _document.c.registry_reference,
        _wallet.c.thumbprint,
        _wallet.c.paused_at,
        _wallet.c.lost_at,
    )
    .join(
        _grant,
        (_grant.c.authority_id == _wallet.c.authority_id) & (_grant.c.wallet_id == _wallet.c.wallet_id),
    )
    .join(
        _document,
        (_document.c.authority_id == _wallet.c.authority_id)
        & (_document.c.document_id == _wallet.c.document_id),
    )
    .where(
        _grant.c.authority_id == bindparam("authority"),
        _grant.c.token_hash == bindparam("token"),
        _grant.c.kind == bindparam("of"),
        _grant.c.expires_at > bindparam("now"),
    )
)
_USE_NONCE: Final = Statement(
    update(_nonce)
    .where(
        _nonce.c.nonce_hash == bindparam("hash"),
        _nonce.c.used_at.is_(None),
        _nonce.c.expires_at > bindparam("now"),
    )
    .values(used_at=bindparam("now"))
)


@dataclass(frozen=True, slots=True)
class WalletRow:
    """A wallet with its document, as a token names it."""

    authority_id: str
    wallet_id: str
    document_id: str
    document_type: str
    registry_reference: str
    thumbprint: str
    paused: bool
    lost: bool


def add_offer(connection: Connection, row: dict[str, object]) -> None:
    """Record an offer."""
    connection.execute(insert(tables.offer).values(**row))


def lock_document_of(connection: Connection, authority_id: str, code: str) -> None:
    """Lock the document that a code offers, before the offer: acts on it, losses of phones among them, queue up."""
    offer, document = tables.offer, tables.document
    connection.execute(
        select(document.c.version)
        .join(
            offer,
            (offer.c.authority_id == document.c.authority_id)
            & (offer.c.document_id == document.c.document_id),
        )
        .where(offer.c.authority_id == authority_id, offer.c.code_hash == fingerprint(code))
        .with_for_update(of=document)
    )


def find_offer(connection: Connection, authority_id: str, code: str) -> Row[tuple[object, ...]] | None:
    """The offer of a pre-authorised code, locked."""
    table = tables.offer
    return connection.execute(
        select(table)
        .where(table.c.authority_id == authority_id, table.c.code_hash == fingerprint(code))
        .with_for_update()
    ).one_or_none()


def count_attempt(connection: Connection, authority_id: str, offer_id: str) -> None:
    """One more wrong transaction code."""
    table = tables.offer
    connection.execute(
        update(table)
        .where(table.c.authority_id == authority_id, table.c.offer_id == offer_id)
        .values(attempts=table.c.attempts + 1)
    )


def take_offer(connection: Connection, authority_id: str, offer_id: str, now: int) -> bool:
    """Use the offer up; says whether it was still there."""
    table = tables.offer
    result = connection.execute(
        update(table)
        .where(table.c.authority_id == authority_id, table.c.offer_id == offer_id, table.c.taken_at.is_(None))
        .values(taken_at=now)
    )
    return result.rowcount == 1


def end_offers(connection: Connection, authority_id: str, document_id: str, now: int) -> int:
    """Use up every offer of a document that nobody took; says how many there were."""
    table = tables.offer
    return connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.document_id == document_id,
            table.c.taken_at.is_(None),
            table.c.expires_at > now,
        )
        .values(taken_at=now)
    ).rowcount


def add_grant(connection: Connection, row: dict[str, object]) -> None:
    """Record a token by its hash."""
    connection.execute(insert(tables.grant).values(**row))


def use_refresh_token(connection: Connection, authority_id: str, token: str, now: int) -> bool:
    """Spend a refresh token; says whether it was good. The update is atomic: of two senders one wins."""
    table = tables.grant
    result = connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.token_hash == fingerprint(token),
            table.c.kind == REFRESH,
            table.c.used_at.is_(None),
            table.c.expires_at > now,
        )
        .values(used_at=now)
    )
    return result.rowcount == 1


def find_wallet(
    connection: Connection, authority_id: str, token: str, kind: str, now: int
) -> WalletRow | None:
    """Whose token this is, while it lives; the owner comes from the query itself (threats.md, T46)."""
    return found_wallet(ask_wallet(connection, authority_id, token, kind, now))


def ask_wallet(connection: Connection, authority_id: str, token: str, kind: str, now: int) -> Answer:
    """Ask for what `found_wallet` reads."""
    asked = {"authority": authority_id, "token": fingerprint(token), "of": kind, "now": now}
    return _WALLET_OF.ask(connection, asked)


def found_wallet(answer: Answer) -> WalletRow | None:
    """The wallet that was asked for."""
    row = answer.row()
    if row is None:
        return None
    authority_id, wallet_id, document_id, document_type, reference, thumbprint, paused_at, lost_at = row
    return WalletRow(
        authority_id,
        wallet_id,
        document_id,
        document_type,
        reference,
        thumbprint,
        paused=paused_at is not None,
        lost=lost_at is not None,
    )


def add_nonce(connection: Connection, nonce: str, expires_at: int) -> None:
    """Record a fresh nonce by its hash."""
    connection.execute(
        insert(tables.nonce).values(nonce_hash=fingerprint(nonce), expires_at=expires_at, used_at=None)
    )


def use_nonce(connection: Connection, nonce: str, now: int) -> Answer:
    """Spend a nonce; the answer counts one row when it was good. The update is atomic: of two senders one wins."""
    return _USE_NONCE.ask(connection, {"hash": fingerprint(nonce), "now": now})


def purge(connection: Connection, now: int) -> None:
    """Forget what could not be played again anyway."""
    connection.execute(delete(tables.nonce).where(tables.nonce.c.expires_at < now))
    connection.execute(delete(tables.dpop_proof).where(tables.dpop_proof.c.expires_at < now))
    connection.execute(delete(tables.grant).where(tables.grant.c.expires_at < now))
