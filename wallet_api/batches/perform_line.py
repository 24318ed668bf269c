"""Perform the act of one line, as the route of that act would, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from credentials.spec import DocumentType
from wallet_api.access import Actor
from wallet_api.authority import store as documents
from wallet_api.authority.driving_measures import Suspension, suspend_right
from wallet_api.authority.measures import Act, instant_of, revoke
from wallet_api.authority.schemas import LicenceSuspensionBody, RevocationBody
from wallet_api.points.decisions import CourseFollowed, Decision
from wallet_api.points.record import record
from wallet_api.points.schemas import CourseBody, WithdrawalBody
from wallet_api.problems import WalletError

from .read_file import body_of


@dataclass(frozen=True, slots=True)
class Terms:
    """Who acts, when, and from when on it counts."""

    actor: Actor
    now: int
    released_at: int


def perform_line(connection: Connection, terms: Terms, licence_id: str, act: str, content: str) -> str:
    """The id of what was recorded. Raises `WalletError`."""
    body, authority_id = body_of(act, content), terms.actor.authority_id
    licence = DocumentType.DRIVING_LICENCE.value
    if documents.begin_act(connection, authority_id, licence_id, licence) is None:
        raise WalletError("not-found")
    decided = Act(terms.actor, licence_id, body.decision_reference, terms.now, terms.released_at)
    decision: Decision
    match body:
        case WithdrawalBody():
            decision = body.decision()
        case CourseBody():
            decision = CourseFollowed(body.decision_reference, body.first_day, body.last_day)
        case LicenceSuspensionBody():
            since, until = instant_of(body.starts), instant_of(body.until)
            suspension = Suspension(body.decided_by, since, until, body.grave_case, body.ends)
            return suspend_right(connection, decided, suspension).measure_id
        case RevocationBody():
            return revoke(connection, decided, body.subject).measure_id
        case _:
            raise WalletError("content-refused")
    actor_id = terms.actor.actor_id
    written = record(connection, authority_id, licence_id, decision, terms.now, actor_id, terms.released_at)
    return written.entry_id
