"""A service per test, on SQLite and on PostgreSQL: a home made once, copied for each test; a clock that tests move."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import Connection, event
from starlette.testclient import TestClient

from credentials.spec import DocumentType, Form
from tests.conftest import INSTANT
from tests.wallet_api import postgres_cluster
from tests.wallet_api.simulated_wallet import SimulatedWallet
from wallet_api import problem_documents
from wallet_api.app import create_app
from wallet_api.backup import restore_backup
from wallet_api.clock import Clock, fixed_clock
from wallet_api.home import make_home
from wallet_api.identity.fictitious_callers import CALLERS, first_of
from wallet_api.openapi.raises import problems_of
from wallet_api.openid4vci.offer import make_offer
from wallet_api.problems import Problem
from wallet_api.registries.fictitious import PEOPLE
from wallet_api.roles import AccessRole
from wallet_api.settings import Settings, read_settings
from wallet_api.statement import Answer, Statement, Values
from wallet_api.wiring import Service, wire

BASE_URL = "http://testserver"
LATER = INSTANT + 7_200  # when backups are restored
LICENCE, CARD = DocumentType.DRIVING_LICENCE, DocumentType.VITALE_CARD


@dataclass
class MovableClock:
    """The instant that the service and the wallets read."""

    instant: int = INSTANT

    def clock(self) -> Clock:
        """What the service is given."""
        return Clock(lambda: float(self.instant))


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A demonstration home on SQLite, never served itself."""
    return _make(tmp_path_factory.mktemp("homes") / "sqlite", {})


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a cluster's first database."""
    postgres_cluster.need()
    with postgres_cluster.cluster() as address:
        yield address


@pytest.fixture(scope="session")
def made_postgres_home(tmp_path_factory: pytest.TempPathFactory, postgres: str) -> Settings:
    """A demonstration home whose database is the template of the others."""
    _execute(postgres, "CREATE DATABASE template_lp")
    address = postgres.replace("/postgres?", "/template_lp?")
    return _make(tmp_path_factory.mktemp("homes") / "postgres", {"LP_DATABASE_URL": address})


def _make(folder: Path, environment: dict[str, str], base_url: str = BASE_URL) -> Settings:
    environment = {
        "LP_CANCEL_SECONDS": "0",
        "LP_ADDRESS_PER_MINUTE": "0",
        "LP_CALLER_PER_MINUTE": "0",
        **environment,
    }
    made = make_home(environment, folder, base_url=base_url, demo=True, clock=fixed_clock(INSTANT))
    return made.settings


def _execute(address: str, statement: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(statement)


def copy_home(made: Path, home: Path) -> None:
    """A home is some hundred and fifty small files, and thousands of tests want their own: `cp` takes half the time."""
    subprocess.run(["cp", "-a", str(made), str(home)], check=True)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A home of the test's own, on each engine."""
    home = tmp_path / "home"
    if request.param == "sqlite":
        made: Settings = request.getfixturevalue("made_home")
        copy_home(made.home, home)
        yield replace(made, home=home)
        return
    made, server = request.getfixturevalue("made_postgres_home"), request.getfixturevalue("postgres")
    copy_home(made.home, home)
    name = f"lp_{os.getpid()}_{abs(hash(request.node.nodeid)):x}"
    _execute(server, f"CREATE DATABASE {name} TEMPLATE template_lp STRATEGY FILE_COPY")
    try:
        yield replace(made, home=home, database_url=server.replace("/postgres?", f"/{name}?"))
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def service(settings: Settings, clock: MovableClock) -> Iterator[Service]:
    """The wired parts."""
    wired = wire(settings, clock=clock.clock())
    yield wired
    wired.database.close()


@pytest.fixture
def statements(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of every statement that the service runs, whichever of the two ways it goes."""
    seen: list[str] = []
    event.listen(service.database.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    ask = Statement.ask

    def noted(self: Statement, connection: Connection, values: Values) -> Answer:
        seen.append(self.text(connection.dialect))
        return ask(self, connection, values)

    monkeypatch.setattr(Statement, "ask", noted)
    return seen


@pytest.fixture(scope="session")
def application(made_home: Settings) -> FastAPI:
    """The application, built once: routes cost more than a test. Each test puts its own service behind it."""
    return create_app(made_home)


@pytest.fixture
def client(application: FastAPI, service: Service) -> TestClient:
    """A client of the application; server errors come back as the answers they are."""
    application.state.service = service
    return TestClient(application, base_url=BASE_URL, raise_server_exceptions=False)


@pytest.fixture
def offer(service: Service) -> Callable[..., Any]:
    """Offer a document of a fictitious person."""

    def make(
        person: str = "camille",
        document: DocumentType = LICENCE,
        *,
        form: Form | None = None,
        with_tx_code: bool = False,
    ) -> Any:
        reference = PEOPLE[person].references[document]
        with service.database.write() as connection:
            return make_offer(service, connection, document, reference, form=form, with_tx_code=with_tx_code)

    return make


@pytest.fixture
def wallet(client: TestClient, clock: MovableClock, offer: Callable[..., Any]) -> SimulatedWallet:
    """A phone that has taken up the offer of Camille's licence."""
    taken = SimulatedWallet(client, clock)
    made = offer()
    assert taken.take(made.uri).status_code == 200
    taken.document_id = made.document_id
    return taken


class Tokens(Mapping[AccessRole, str]):
    """Tokens of the development issuer, one for each role; made when asked for, since tests move the clock."""

    def __init__(self, service: Service) -> None:
        issuer = service.development
        assert issuer is not None
        self._service, self._issuer = service, issuer

    def __getitem__(self, role: AccessRole) -> str:
        return self.of(first_of(role))

    def __iter__(self) -> Iterator[AccessRole]:
        return iter(AccessRole)

    def __len__(self) -> int:
        return len(AccessRole)

    def of(self, name: str, *, acr: str | None = None) -> str:
        """The token of one invented person."""
        return self._issuer.mint(name, self._service.clock.now(), acr=acr)


class Authority:
    """An official with a token, or with a way to a fresh one."""

    def __init__(self, client: TestClient, key: str | Callable[[], str]) -> None:
        self.client, self._key, self.count = client, key, 0

    @property
    def key(self) -> str:
        """A token that is good now."""
        return self._key if isinstance(self._key, str) else self._key()

    def post(self, path: str, body: dict[str, Any], *, key: str | None = None) -> Any:
        """An act; each with a new idempotency key unless one is given."""
        self.count += 1
        headers = {
            "Authorization": f"Bearer {self.key}",
            "Idempotency-Key": key or f"key-of-{id(self)}-{self.count:06}",
        }
        return self.client.post(path, json=body, headers=headers)

    def get(self, path: str) -> Any:
        """A reading."""
        return self.client.get(path, headers={"Authorization": f"Bearer {self.key}"})

    def withdraw(self, document_id: str, points: int, reference: str) -> Any:
        """Points withdrawn by a decision, for one offence of the fourth class: at most six."""
        body = {
            "decision_reference": reference,
            "points": points,
            "offence_class": "contravention_4",
            "committed_on": "2026-10-12",
            "established_on": "2026-10-30",
        }
        return self.post(f"/authority/licences/{document_id}/points/withdrawals", body)


@pytest.fixture
def keys_of_roles(service: Service) -> Tokens:
    return Tokens(service)


@pytest.fixture
def official(client: TestClient, keys_of_roles: Tokens) -> Callable[[str], Authority]:
    """Sign in as one of the invented people."""
    return lambda name: Authority(client, lambda: keys_of_roles.of(name))


@pytest.fixture
def licence_authority(client: TestClient, keys_of_roles: Tokens) -> Authority:
    return Authority(client, lambda: keys_of_roles[AccessRole.CLERK])


@pytest.fixture
def health_authority(client: TestClient, keys_of_roles: Tokens) -> Authority:
    return Authority(client, lambda: keys_of_roles[AccessRole.HEALTH_AUTHORITY])


@pytest.fixture
def supervisor(client: TestClient, keys_of_roles: Tokens) -> Authority:
    """Who approves what the clerk proposes."""
    return Authority(client, lambda: keys_of_roles[AccessRole.SUPERVISOR])


@pytest.fixture
def colleague(official: Callable[[str], Authority]) -> Callable[[AccessRole], Authority]:
    """A second person of a role."""

    def make(role: AccessRole) -> Authority:
        return official([one.name for one in CALLERS.values() if one.role is role][1])

    return make


def approve(by: Authority, proposed: Any, **more: Any) -> Any:
    """The approval of a proposal that was answered with 202."""
    assert proposed.status_code == 202, proposed.text
    return by.post(f"/authority/proposals/{proposed.json()['proposal_id']}/approval", {}, **more)


@pytest.fixture(autouse=True)
def _only_declared_problems(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test asks, an operation answers only the problems that its description lists."""
    undeclared: set[str] = set()
    render = problem_documents.render

    def observe(problem: Problem, request: Request, **more: Any) -> Response:
        route = request.scope.get("route")
        asked = isinstance(route, APIRoute) and request.method in (route.methods or ())
        if asked and route.include_in_schema and problem.code not in problems_of(route):
            undeclared.add(f'{route.operation_id}: add "{problem.code}" to openapi/raised.py')
        return render(problem, request, **more)

    monkeypatch.setattr(problem_documents, "render", observe)
    yield
    assert not undeclared, f"problems that the OpenAPI document does not list: {sorted(undeclared)}"


# Backups


@pytest.fixture
def target(request: pytest.FixtureRequest) -> Iterator[Callable[[str], dict[str, str]]]:
    """An empty database of an engine, as the environment of `restore` names it."""
    made: list[str] = []

    def make(engine: str) -> dict[str, str]:
        if engine == "sqlite":
            return {}
        server = request.getfixturevalue("postgres")
        made.append(f"lp_restored_{os.getpid()}_{len(made)}")
        _execute(server, f"DROP DATABASE IF EXISTS {made[-1]}")
        _execute(server, f"CREATE DATABASE {made[-1]}")
        return {"LP_DATABASE_URL": server.replace("/postgres?", f"/{made[-1]}?")}

    yield make
    for name in made:
        _execute(request.getfixturevalue("postgres"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "service.backup"


@pytest.fixture
def restored(tmp_path, target) -> Iterator[Callable[..., Service]]:
    """Restore a file into a home of its own, and wire it."""
    wired: list[Service] = []

    def restore(file: Path, engine: str = "sqlite", at: int = LATER, **more: Any) -> Service:
        environment, home = target(engine), tmp_path / f"restored-{len(wired)}"
        restore_backup(environment, file, home, clock=fixed_clock(at), **more)
        settings = replace(read_settings(environment, home), cancel_seconds=0)
        wired.append(wire(settings, clock=fixed_clock(at)))
        return wired[-1]

    yield restore
    for one in wired:
        one.database.close()
