"""Every body of the description is sent to a service: an example that the rules refuse fails, by its operation.

So does the example of an answer that is not what such an act is answered.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select
from starlette.testclient import TestClient

from credentials.spec import Audience, DocumentType
from tests.conftest import INSTANT
from tests.wallet_api.conftest import BASE_URL, MovableClock, Tokens, copy_home
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api import tables
from wallet_api.identifiers import fingerprint
from wallet_api.openid4vci.offer import make_offer
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.roles import AccessRole
from wallet_api.settings import Settings
from wallet_api.terminals.store import add_terminal
from wallet_api.wiring import Service, wire

LICENCE, CARD = DocumentType.DRIVING_LICENCE, DocumentType.VITALE_CARD
JSON = "application/json"
TERMINAL = "mirror-secret-of-a-terminal"
# No example can hold what these prove, or what they name.
NOT_SENT = {
    "requestToken": "the code of an offer, used once, with a DPoP proof",
    "requestCredential": "an access token with a DPoP proof, a fresh nonce, and proofs of the keys",
    "notify": "an access token with a DPoP proof, and the id of an issuance",
    "submitBatch": "a file in CSV, whose lines name licences by their ids",
}
# The body is good, and what it speaks of cannot be had beside the others: the one problem that is awaited.
CIRCUMSTANCES = {
    "recordInvalidationNotice": "licence-not-invalid",
    "recordHandIn": "licence-not-invalid",
    "redeemActivationCode": "activation-refused",
    "proposeCompromise": "not-found",
    "proposeRetirement": "not-found",
    "cancelBatch": "not-found",
    "liftLicenceRetention": "already-lifted",  # by the court that made it void
    "activateUnderMandate": "not-found",  # the mandate names nobody who exists
    "reportMyPhoneLost": "not-found",
}
# An act before the one that ends what it is about; the others in the order of the description.
FIRST = (
    *("suspendLicence", "liftLicenceSuspension"),
    *("revokeLicence", "refuseProposal", "retainLicence", "voidLicenceMeasure", "liftLicenceRetention"),
    *("restrictLicence", "liftLicenceRestriction", "cancelLicenceAct"),
)
LAST = (
    *("reportLicenceTitleGone", "replaceLicenceTitle", "suspendCard", "liftCardSuspension", "cancelCardAct"),
    *("loseLicenceWallet", "loseCardWallet", "reportMyPhoneLost", "annulLicence", "approveProposal"),
)
# Values of an answer that follow from the act, whoever asks and whenever.
FOLLOWING = {
    "applied",
    "balance",
    "cap",
    "state",
    "kind",
    "paused",
    "not_asked",
    "document_type",
    "uses",
    "counted",
}
CALLERS = {"approveProposal": "claire"}  # a second person of the licences
BEGINNER = {"recordTraining"}  # who is in probation


@dataclass
class Demo:
    """A service with documents on phones, and the ids that its answers gave so far, by the parameter that takes them."""

    client: TestClient
    service: Service
    clock: MovableClock
    tokens: Tokens
    ids: dict[bool, dict[str, str]]
    """Of cards, and of everything else."""
    beginner_id: str
    answers: dict[str, Any] = field(default_factory=dict)

    def ask(self, where: str, operation: dict[str, Any]) -> Any:
        """The answer to the body of the description, from somebody of the operation's role, a minute after the act before."""
        self.clock.instant += 60
        name, (method, path) = operation["operationId"], where.split()
        kind, body = next(iter(operation["requestBody"]["content"].items()))
        secret = TERMINAL if name == "reportTerminalDay" else self._token(name, operation.get("x-roles", ()))
        answer = self.client.request(
            method,
            self._address(name, path, operation),
            headers={"Idempotency-Key": f"example-of-{name}", "Authorization": f"Bearer {secret}"},
            **{"json" if kind == JSON else "data": body["example"]},
        )
        if answer.is_success and answer.headers.get("content-type") == JSON:
            self._note("/cards/" in path, answer.json())
        if "laissez-passer-credential" in answer.headers:
            self.ids[False]["credential_id"] = answer.headers["laissez-passer-credential"]
        return answer

    def _token(self, name: str, roles: list[str]) -> str:
        if AccessRole.CITIZEN in roles:
            return self.tokens.of("yanis")
        return (
            self.tokens.of(CALLERS[name])
            if name in CALLERS
            else self.tokens[AccessRole((*roles, "clerk")[0])]
        )

    def _address(self, name: str, path: str, operation: dict[str, Any]) -> str:
        given = {one["name"]: one["example"] for one in operation.get("parameters", ())}
        given |= self.ids["/cards/" in path]
        if name in BEGINNER:
            given["licence_id"] = self.beginner_id
        return re.sub(r"\{(\w+)\}", lambda one: given[one[1]], path)

    def _note(self, of_card: bool, told: dict[str, Any]) -> None:
        kept = {one: told[one] for one in ("measure_id", "proposal_id", "mandate_id") if one in told}
        if "measure_id" in kept:
            kept["act_id"] = kept["measure_id"]
        if told.get("kind") in {"lift", "voiding"}:
            del kept["measure_id"]  # it is about the measure of before
        self.ids[of_card] |= kept


@pytest.fixture(scope="module")
def document(application: FastAPI) -> dict[str, Any]:
    """The document as it is served."""
    made: dict[str, Any] = json.loads(json.dumps(application.openapi()))
    return made


@pytest.fixture
def demo(application: FastAPI, made_home: Settings, tmp_path: Path) -> Iterator[Demo]:
    """Yanis has a licence and a card on a phone, Inès is in her first year; acts can be cancelled as in a service."""
    copy_home(made_home.home, tmp_path / "home")
    clock = MovableClock(INSTANT + 24 * 86_400 - 1_800)  # 2026-11-25T09:30:00Z, as the examples say
    service = wire(replace(made_home, home=tmp_path / "home", cancel_seconds=300), clock=clock.clock())
    application.state.service = service
    client = TestClient(application, base_url=BASE_URL, raise_server_exceptions=False)
    licence_id, wallet_id = _held(client, service, clock, "yanis", LICENCE)
    card_id, card_wallet_id = _held(client, service, clock, "yanis", CARD)
    beginner_id, _ = _held(client, service, clock, "ines", LICENCE)
    with service.database.write() as connection:
        add_terminal(
            connection,
            {
                "terminal_id": bytes(8).hex(),
                "profile": Audience.POLICE.value,
                "public_key": b"\x09".ljust(32, b"\x00"),
                "mirror_hash": fingerprint(TERMINAL),
                "enrolled_at": clock.instant,
            },
        )
    ids = {
        True: {"card_id": card_id, "wallet_id": card_wallet_id},
        False: {"licence_id": licence_id, "wallet_id": wallet_id, "document_type": LICENCE.value},
    }
    yield Demo(client, service, clock, Tokens(service), ids, beginner_id)
    service.database.close()


def _held(
    client: TestClient, service: Service, clock: MovableClock, person: str, document: DocumentType
) -> tuple[str, str]:
    """The ids of a document on a phone and of that phone."""
    with service.database.write() as connection:
        made = make_offer(service, connection, document, PEOPLE[person].references[document])
    phone = SimulatedWallet(client, clock)
    assert phone.take(made.uri).status_code == 200
    with service.database.read() as connection:
        found = select(tables.wallet.c.wallet_id).where(tables.wallet.c.document_id == made.document_id)
        return made.document_id, str(connection.execute(found).scalar_one())


def in_order(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The operations whose bodies are sent, with method and path."""
    found = {
        operation["operationId"]: (f"{method.upper()} {path}", operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if "requestBody" in operation and operation["operationId"] not in NOT_SENT
    }
    names = [one for one in found if one not in FIRST + LAST]
    return (found[one] for one in (*FIRST, *names, *LAST) if one in found)


def refused(document: dict[str, Any], demo: Demo) -> list[str]:
    """Operations whose example is not accepted, with what the service says of it."""
    found = []
    for where, operation in in_order(document):
        name, answer = operation["operationId"], demo.ask(where, operation)
        code = None if answer.is_success else answer.json()["type"].rpartition("/")[2]
        demo.answers[name] = answer.json() if answer.headers.get("content-type") == JSON else None
        if code != CIRCUMSTANCES.get(name):
            found.append(f"{name}: {answer.status_code} {code}")
    return found


def untold(document: dict[str, Any], demo: Demo) -> list[str]:
    """Where the example of an answer differs from what was answered: its members, and the values that follow from the act."""
    found = []
    for _, operation in in_order(document):
        name = operation["operationId"]
        told = next(
            (
                one["content"][JSON]["example"]
                for status, one in operation["responses"].items()
                if status[0] == "2" and JSON in one.get("content", {})
            ),
            None,
        )
        answer = demo.answers[name]
        if told is None or answer is None or name == "requestDevelopmentToken":
            continue
        if told.keys() != answer.keys():
            found.append(f"{name}: members {sorted(told.keys() ^ answer.keys())}")
        found += [
            f"{name}: {one} {told[one]} instead of {answer[one]}"
            for one in sorted(FOLLOWING & told.keys() & answer.keys())
            if told[one] != answer[one]
        ]
    return found


def test_every_example_of_a_body_is_accepted(document: dict[str, Any], demo: Demo) -> None:
    """Sent one after the other to one service, as a reader would: none is refused for what it says."""
    assert refused(document, demo) == []
    assert untold(document, demo) == []
    altered = deepcopy(document)
    told = altered["paths"]["/authority/licences/{licence_id}/points/withdrawals"]["post"]["responses"]["201"]
    told["content"][JSON]["example"]["balance"] = 9
    assert untold(altered, demo) == ["withdrawPoints: balance 9 instead of 5"]


@pytest.mark.parametrize(
    ("name", "path", "planted", "expected"),
    [
        (
            "suspendLicence",
            "/authority/licences/{licence_id}/suspensions",
            {"until": "2020-01-01"},
            "422 dates-out-of-order",
        ),
        (
            "recordCourse",
            "/authority/licences/{licence_id}/points/courses",
            {"last_day": "2026-10-30"},
            "422 course-days",
        ),
        (
            "findLicence",
            "/authority/licences/searches",
            {"registry_reference": "fictif-camille-permis"},
            "404 person-unknown",
        ),
        ("giveOpinion", "/quality/opinions", {"note": 9}, "422 content-refused"),
    ],
)
def test_bad_example_is_named(
    document: dict[str, Any], demo: Demo, name: str, path: str, planted: dict[str, Any], expected: str
) -> None:
    """The test above can fail: what a reviewer found by hand is found by it."""
    operation = document["paths"][path]["post"]
    body = operation["requestBody"]["content"][JSON]["example"]
    altered = {**operation, "requestBody": {"content": {JSON: {"example": {**body, **planted}}}}}
    assert refused({"paths": {path: {"post": altered}}}, demo) == [f"{name}: {expected}"]


def test_what_is_not_sent_or_not_done_is_an_operation(document: dict[str, Any]) -> None:
    """A name that no operation has any more is taken out of the lists."""
    sent = {
        one["operationId"]
        for item in document["paths"].values()
        for one in item.values()
        if "requestBody" in one
    }
    assert NOT_SENT.keys() | CIRCUMSTANCES.keys() <= sent
