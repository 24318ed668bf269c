"""Perform one act of authority: in one transaction, once for its key, on a document of the actor's own authority.

1. The document: its version rises and its row stays locked, so that acts on one document queue up.
2. The idempotency key: a request sent again gets the stored answer, and what was begun is undone.
3. The act. What follows belongs to the transaction's ending (`wallet_api/ending.py`):
4. The journal, whose head lets one act of an authority commit at a time.
5. The answer is kept under its key; of two senders at once the second is undone and reads it.
6. With it the person's hour is counted: every earlier act is committed and seen, so of two at once one is refused.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Header, Path, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from credentials.spec import DOMAIN_OF, DocumentType
from wallet_api import idempotency
from wallet_api.access import Actor, requires
from wallet_api.idempotency import IdempotencyKey
from wallet_api.problems import WalletError
from wallet_api.publication.run import publish_after_act
from wallet_api.roles import AccessRole
from wallet_api.statement import Answer
from wallet_api.wiring import Service

from . import store

LICENCE: Final = DocumentType.DRIVING_LICENCE
CARD: Final = DocumentType.VITALE_CARD
LicenceActor = Annotated[Actor, Depends(requires(AccessRole.CLERK, AccessRole.SUPERVISOR))]
CardActor = Annotated[Actor, Depends(requires(AccessRole.HEALTH_AUTHORITY))]
ObjectId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
_TAGS: Final = re.compile(r'(W/)?"([^"-]*)(-[0-9a-f]{16})?"')


@dataclass(frozen=True, slots=True)
class ActTerms:
    """What the headers of an act say: the idempotency key, and the version of the document that its author saw."""

    key: str | None
    if_match: str | None = None

    def accept(self, version: int) -> bool:
        """Whether the author saw this version, or did not say; a weak tag never matches (RFC 9110, section 13.1.1).

        What time alone changed since, such as a suspension that ended, is no act that the author missed.
        """
        if self.if_match is None or self.if_match.strip() == "*":
            return True
        return any((weak, seen) == ("", str(version)) for weak, seen, _ in _TAGS.findall(self.if_match))


async def _terms(  # waits for nothing, so it needs no thread of its own
    key: IdempotencyKey = None,
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=200,
            description="ETag of the document as it was read; the act is refused when the document changed since.",
        ),
    ] = None,
) -> ActTerms:
    return ActTerms(key, if_match)


Terms = Annotated[ActTerms, Depends(_terms)]


def released_at(service: Service, now: int) -> int:
    """The instant from which an act recorded at `now` counts; before it the act can be cancelled."""
    return now + service.settings.cancel_seconds


def tag_of(version: int, shown: BaseModel) -> str:
    """The strong tag of what is shown of a document: its version, then a digest, since time changes it too."""
    return f'"{version}-{hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:16]}"'


def perform(
    service: Service,
    actor: Actor,
    terms: ActTerms,
    path: str,
    body: BaseModel,
    document: tuple[DocumentType, str],
    act: Callable[[Connection, int], BaseModel],
    *,
    first: Callable[[Connection], None] | None = None,
    ask: Callable[[Connection], None] | None = None,
    status: int = 201,
    counted: bool = True,
) -> Response:
    """Run one act in one transaction, once for its key, on a document of the actor's own authority.

    An act that is `counted` is one of those that a person may do in an hour. `first` takes locks that come before the
    document's, `ask` sends what the act will read together with it. Raises `WalletError`.
    """
    document_type, document_id = document
    if DOMAIN_OF[document_type] != actor.authority_id:
        raise WalletError("forbidden")

    begun: list[Answer] = []

    def begin(connection: Connection) -> None:
        if first is not None:
            first(connection)
        begun.append(store.ask_act(connection, actor.authority_id, document_id, document_type.value))
        if ask is not None:
            ask(connection)

    def on_document(connection: Connection, now: int) -> BaseModel:
        found = begun[0].row()
        if found is None:
            raise WalletError("not-found")
        if not terms.accept(found[0] - 1):
            raise WalletError("version-changed")
        return act(connection, now)

    return perform_once(
        service, actor, terms.key, path, body, on_document, ask=begin, status=status, counted=counted
    )


def perform_once(
    service: Service,
    actor: Actor,
    key: str | None,
    path: str,
    body: BaseModel,
    act: Callable[[Connection, int], BaseModel],
    *,
    ask: Callable[[Connection], None] | None = None,
    status: int = 201,
    counted: bool = True,
) -> Response:
    """Run one act, on whatever it is about, in one transaction and once for its key. Raises `WalletError`."""
    now = service.clock.now()
    pace = service.settings.acts_per_hour if counted else None
    request = idempotency.Request(actor.authority_id, actor.actor_id, path, body, pace)
    answer = idempotency.answer_once(
        service.database, key, request, now, lambda connection: act(connection, now), ask=ask, status=status
    )
    if not idempotency.replayed(answer):
        service.telemetry.acts.labels(path.rpartition("/")[2]).inc()
        if status == HTTPStatus.CREATED:
            publish_after_act(service)
    return answer


def path_of(document: tuple[DocumentType, str]) -> str:
    """The address under which acts on a document stand."""
    return f"/authority/{'licences' if document[0] is LICENCE else 'cards'}/{document[1]}"
