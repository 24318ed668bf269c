"""SQL of proposals."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select, update

from wallet_api import tables


@dataclass(frozen=True, slots=True)
class ProposalRow:
    """A proposal. `payload` is canonical JSON, `outcome` None until somebody decided; instants in UTC seconds."""

    authority_id: str
    proposal_id: str
    kind: str
    subject_id: str
    payload: str
    proposer_id: str
    proposer_role: str
    created_at: int
    expires_at: int
    decided_at: int | None = None
    outcome: str | None = None
    act_id: str | None = None
    released_at: int | None = None


_NAMES = tuple(ProposalRow.__dataclass_fields__)
_COLUMNS = [tables.act_proposal.c[name] for name in _NAMES]


def add(connection: Connection, row: ProposalRow) -> None:
    """Record a proposal."""
    connection.execute(insert(tables.act_proposal).values({name: getattr(row, name) for name in _NAMES}))


def find(connection: Connection, authority_id: str, proposal_id: str) -> ProposalRow | None:
    """A proposal of one authority."""
    table = tables.act_proposal
    row = connection.execute(
        select(*_COLUMNS).where(table.c.authority_id == authority_id, table.c.proposal_id == proposal_id)
    ).one_or_none()
    return None if row is None else ProposalRow(*row)


def count_waiting(connection: Connection, now: int) -> dict[str, int]:
    """Proposals of all authorities that wait for a second person, by kind."""
    table = tables.act_proposal
    rows = connection.execute(
        select(table.c.kind, func.count().label("waiting"))
        .where(table.c.outcome.is_(None), table.c.expires_at > now)
        .group_by(table.c.kind)
    )
    return {row.kind: row.waiting for row in rows}


def last_about(connection: Connection, authority_id: str, subject_id: str) -> ProposalRow | None:
    """The latest proposal about one object."""
    table = tables.act_proposal
    row = connection.execute(
        select(*_COLUMNS)
        .where(table.c.authority_id == authority_id, table.c.subject_id == subject_id)
        .order_by(table.c.proposal_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else ProposalRow(*row)


def count_open_by(connection: Connection, authority_id: str, proposer_id: str, kind: str, now: int) -> int:
    """How many proposals of one kind by one person wait for a decision."""
    table = tables.act_proposal
    return connection.execute(
        select(func.count())
        .select_from(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.proposer_id == proposer_id,
            table.c.kind == kind,
            table.c.outcome.is_(None),
            table.c.expires_at > now,
        )
    ).scalar_one()


def open_about(connection: Connection, authority_id: str, subject_id: str, now: int) -> list[str]:
    """Ids of the proposals about one object that still wait for a decision."""
    table = tables.act_proposal
    rows = connection.execute(
        select(table.c.proposal_id).where(
            table.c.authority_id == authority_id,
            table.c.subject_id == subject_id,
            table.c.outcome.is_(None),
            table.c.expires_at > now,
        )
    )
    return sorted(rows.scalars())


def decide(
    connection: Connection, authority_id: str, proposal_id: str, decided_by: str, outcome: str, now: int
) -> bool:
    """Write the decision; False when another was quicker or the time is over. One caller of many gets True."""
    table = tables.act_proposal
    result = connection.execute(
        update(table)
        .where(
            table.c.authority_id == authority_id,
            table.c.proposal_id == proposal_id,
            table.c.outcome.is_(None),
            table.c.expires_at > now,
        )
        .values(decided_by=decided_by, decided_at=now, outcome=outcome)
    )
    return result.rowcount == 1


def name_act(
    connection: Connection, authority_id: str, proposal_id: str, act_id: str, released_at: int
) -> None:
    """Say what the approval recorded, and from when it counts."""
    table = tables.act_proposal
    connection.execute(
        update(table)
        .where(table.c.authority_id == authority_id, table.c.proposal_id == proposal_id)
        .values(act_id=act_id, released_at=released_at)
    )


def page(
    connection: Connection, authority_id: str, before: str | None, most: int, *, open_at: int | None
) -> list[ProposalRow]:
    """Proposals of an authority, the latest first, from before `before` on; with `open_at` those open at that instant."""
    table = tables.act_proposal
    query = select(*_COLUMNS).where(table.c.authority_id == authority_id)
    if before is not None:
        query = query.where(table.c.proposal_id < before)
    if open_at is not None:
        query = query.where(table.c.outcome.is_(None), table.c.expires_at > open_at)
    rows = connection.execute(query.order_by(table.c.proposal_id.desc()).limit(most))
    return [ProposalRow(*row) for row in rows]
