"""The issuing endpoint's processor time, beside a trivial endpoint with the same request model and one signature.

The application is called with requests already parsed by a server, on SQLite; what the phones compute is made before. Each
phone asks six times, as one does in a few weeks, so that what it held before is looked at too.

Four lines, since one says too little: the whole; without storage, as the goal has it (performance.md, goal 10); without
storage beside a base that verifies the two proofs too; and what the three verifications of ECDSA alone, which the
protocol and rule 28 of style.md ask for, make of the base.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import FastAPI, Header
from fastapi.responses import JSONResponse
from starlette.testclient import TestClient

from credentials.spec import DocumentType, Domain, Form, Role
from tests.wallet_api.simulated_wallet import Key, SimulatedWallet, dpop
from verifier.signatures import load_public_key, verify_signature
from wallet_api.app import create_app
from wallet_api.clock import fixed_clock
from wallet_api.drill.crowd import Crowd, reference
from wallet_api.home import make_home
from wallet_api.openid4vci import dpop as dpop_check
from wallet_api.openid4vci.credential import CredentialRequest, _read_proofs
from wallet_api.openid4vci.offer import make_offer
from wallet_api.wiring import Service, wire

from .paired import Ratio, measure
from .storage_time import storage_seconds

AT: Final = 1_795_694_400
BASE_URL: Final = "http://testserver"
GOAL: Final = 1.25
PHONES, EACH = 220, 6
_CONFIGURATION: Final = "driving_licence.proof.cbor"
Request = tuple[dict[str, str], bytes]


def ratios() -> Iterator[Ratio]:
    """The whole, the whole without storage, the same beside two proofs, and the least that verifying costs."""
    with tempfile.TemporaryDirectory() as folder, storage_seconds() as stored:
        unlimited = {"LP_ADDRESS_PER_MINUTE": "0", "LP_CALLER_PER_MINUTE": "0"}
        made = make_home(
            unlimited, Path(folder) / "home", base_url=BASE_URL, demo=True, clock=fixed_clock(AT)
        )
        service = wire(made.settings, clock=fixed_clock(AT), licences=Crowd(made.settings), environment={})
        app = create_app(made.settings)
        app.state.service = service
        loop = asyncio.new_event_loop()
        try:
            requests = iter(_requests(app, service))
            same = next(requests)
            model, proofs, least = (_base(service, checks) for checks in (None, "proofs", "least"))

            def ours() -> None:
                loop.run_until_complete(_call(app, next(requests)))

            def always(one: FastAPI) -> Callable[[], None]:
                return lambda: loop.run_until_complete(_call(one, same))

            yield _ratio("issuing, beside a model and a signature", ours, always(model))
            yield _ratio("the same, storage left out", ours, always(model), stored)
            yield _ratio("the same, beside two proofs as well", ours, always(proofs), stored)
            yield _ratio("three verifications alone", always(least), always(model))
        finally:
            loop.close()
            service.database.close()


def _ratio(
    name: str, ours: Callable[[], None], base: Callable[[], None], less: Callable[[], float] = lambda: 0.0
) -> Ratio:
    return measure(name, ours, base, goal=GOAL, of="a FastAPI endpoint in the same process", less=less)


def _requests(app: FastAPI, service: Service) -> list[Request]:
    """Requests of many phones, ready to be sent, in turns."""
    client = TestClient(app, base_url=BASE_URL)
    clock = type("Clock", (), {"instant": AT})()
    phones = []
    for number in range(PHONES):
        with service.database.write() as connection:
            offer = make_offer(
                service,
                connection,
                DocumentType.DRIVING_LICENCE,
                reference(number),
                form=Form.CBOR,
                with_tx_code=False,
            )
        phone = SimulatedWallet(client, clock)
        phone.take(offer.uri)
        phones.append(phone)
    return [_request(phone) for _ in range(EACH) for phone in phones]


def _request(phone: SimulatedWallet) -> Request:
    proof = phone.proof(Key(), phone.nonce())
    body = {"credential_configuration_id": _CONFIGURATION, "proofs": {"jwt": [proof]}}
    headers = {
        "authorization": f"DPoP {phone.access}",
        "dpop": dpop(phone.key, AT, "/credential", phone.access),
        "content-type": "application/json",
    }
    return headers, json.dumps(body).encode()


async def _call(app: FastAPI, request: Request) -> None:
    """One request to the application as a server hands it over. Raises when it is not answered with 200."""
    headers, body = request
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/credential",
        "raw_path": b"/credential",
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("testserver", 80),
        "state": {},
    }
    answers: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answers.append(message["status"])

    await app(scope, receive, send)
    if answers != [200]:
        raise RuntimeError(answers)


def _base(service: Service, checks: Literal["proofs", "least"] | None) -> FastAPI:
    """The trivial endpoint: it reads the model, signs as many bytes as a credential has, answers as much.

    `checks`: what it verifies as well, the two proofs as the service does, or three signatures and nothing else.
    """
    app = FastAPI()
    signer = service.keys.signer(Domain.LICENCE, Role.CREDENTIAL, AT)
    filling = "0" * 600
    known, signed = load_public_key(signer.public_key), signer.sign(filling.encode())

    @app.post("/credential")
    def credential(
        body: CredentialRequest,
        authorization: Annotated[str | None, Header()] = None,
        proof: Annotated[str | None, Header(alias="DPoP")] = None,
    ) -> JSONResponse:
        if checks == "proofs":
            token = (authorization or "").partition(" ")[2]
            dpop_check.check(
                proof, method="POST", address=f"{BASE_URL}/credential", now=AT, access_token=token
            )
            _read_proofs(service, body.proofs.jwt)
        if (
            checks == "least"
        ):  # two keys come with the request; the product is verified under one that is known
            for key in (load_public_key(signer.public_key), load_public_key(signer.public_key), known):
                verify_signature(key, signer.algorithm, signed, filling.encode())
        signature = signer.sign(filling.encode())
        return JSONResponse(
            {"credentials": [{"credential": filling + signature.hex()}], "notification_id": ""}
        )

    return app
