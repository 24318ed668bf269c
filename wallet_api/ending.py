"""What a transaction does last, together with its commit.

Some rows are wanted by everybody: the head of a journal orders all acts of an authority. Who locks it early lets all
others wait for the rest of his transaction, and who then still thinks lets them wait for his thinking. So such work is
left to the end: first every answer that is still out is looked at, then what is left is written and committed in one
message to PostgreSQL, which nothing of ours interrupts. What may not be committed must therefore break a constraint.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from sqlalchemy import Connection, RootTransaction

from .pipeline import pipeline_of

_KEY: Final = "lp_ending"


class Step(Protocol):
    """One thing that a transaction does at its end, with `Statement`."""

    def write(self, connection: Connection) -> None:
        """Ask for what is to be written, and read no answer."""


AnyStep = TypeVar("AnyStep", bound=Step)


class Ending:
    """The steps of one transaction, in their order."""

    def __init__(self, transaction: RootTransaction, *, comes: bool) -> None:
        """`comes`: False for a transaction that is undone whatever happens."""
        self.transaction: Final = transaction
        self.comes: Final = comes
        self.steps: list[Step] = []
        self.checks: list[Callable[[], None]] = []

    def write(self, connection: Connection) -> None:
        """Check, then do the steps. Raises what a check raises, and SQLAlchemy's `DBAPIError`."""
        for check in self.checks:
            check()
        for step in self.steps:
            step.write(connection)

    def commit(self, connection: Connection) -> None:
        """`write` and commit; what is raised means that nothing is committed."""
        self.write(connection)
        if connection.dialect.name == "postgresql":
            pipeline_of(connection).commit()
        self.transaction.commit()


def begin_ending(connection: Connection, *, comes: bool = True) -> Ending:
    """Begin a transaction with an ending of its own on `connection`; for the database alone."""
    ending = connection.info[_KEY] = Ending(connection.begin(), comes=comes)
    return ending


def at_end(connection: Connection, step: Step) -> None:
    """Do a step at the end of the transaction, after those that are there. `RuntimeError` outside `Database.write`."""
    _ending_of(connection).steps.append(step)


def expect(connection: Connection, check: Callable[[], None]) -> None:
    """Look at an answer at the end, so that nothing waits for it before; at once where no end comes.

    What `check` raises undoes the transaction.
    """
    ending = _ending_of(connection)
    if ending.comes:
        ending.checks.append(check)
    else:
        check()


def step_of(connection: Connection, kind: type[AnyStep]) -> AnyStep:
    """The transaction's one step of a kind that gathers; made and put last if there is none yet."""
    steps = _ending_of(connection).steps
    for one in steps:
        if isinstance(one, kind):
            return one
    made = kind()
    steps.append(made)
    return made


def _ending_of(connection: Connection) -> Ending:
    ending = connection.info.get(_KEY)
    if not isinstance(ending, Ending) or ending.transaction is not connection.get_transaction():
        msg = "this transaction has no ending; open it with Database.write"
        raise RuntimeError(msg)
    return ending
