"""What becomes of a line that could not be done, or undone: its problem is noted, and no other line waits for it."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from wallet_api import telemetry
from wallet_api.problems import WalletError


def problem_of(error: Exception) -> str:
    """The code to note; a fault of ours is logged. Raises `error` when the database is away: the line waits then."""
    if isinstance(error, WalletError):
        return error.problem.code
    if isinstance(error, (SQLAlchemyError, OSError)):
        raise error
    name, place = type(error).__name__, telemetry.place_of(error)
    telemetry.log("chore_failed", chore="batches", error=name, place=place)
    return "internal"
