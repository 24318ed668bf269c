"""Errors are problem documents that repeat nothing; logs hold nothing of a person (threats.md, T49)."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import logging
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from credentials import base45
from tests.wallet_api.simulated_wallet import Key, dpop
from wallet_api import telemetry
from wallet_api.app import create_app
from wallet_api.problems import PROBLEMS
from wallet_api.roles import AccessRole

CANARY = "190017599900132"
NAME = "CANARINETTI"
SPELLINGS = {
    CANARY,
    "1 90 01 75 999 001 32",
    quote("1 90 01 75 999 001 32"),
    base64.b64encode(CANARY.encode()).decode().rstrip("="),
    base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
    base45.encode(CANARY.encode()),
    CANARY.encode().hex(),
    hashlib.sha256(CANARY.encode()).hexdigest(),
    NAME,
}
_ID = "0" * 32
PATHS = [
    "/token",
    "/nonce",
    "/credential",
    "/notification",
    "/wallet/pause",
    "/wallet/resume",
    f"/authority/licences/{_ID}/points/withdrawals",
    f"/authority/licences/{_ID}/points/courses",
    f"/authority/licences/{_ID}/points/trainings",
    f"/authority/licences/{_ID}/points/annulments",
    f"/authority/licences/{_ID}/points/categories",
    f"/authority/licences/{_ID}/points/invalidations",
    f"/authority/licences/{_ID}/points/hand-ins",
    f"/authority/licences/{_ID}/points?at={NAME}",
    f"/authority/offences?on={NAME}",
    f"/authority/licences/{_ID}/suspensions",
    f"/authority/licences/{CANARY}/revocations",
    f"/authority/licences/{_ID}/suspensions/{NAME}/lift",
    "/authority/licences/searches",
    "/authority/licences/activations",
    "/authority/licences/printed-cards",
    f"/authority/licences/{_ID}/printed-cards/{NAME}/loss",
    "/me/printed-cards",
    "/activations/redemptions",
    "/me/mandates",
    f"/me/mandates/{CANARY}/revocation",
    f"/aidant/mandates/{NAME}/activations",
    f"/authority/licences/{_ID}/wallets/{_ID}/losses",
    f"/authority/cards/{_ID}/revocations",
    "/authority/publications",
    "/terminals/reports",
    f"/quality?lang={NAME}",
    f"/authority/proposals/{_ID}/approval",
    f"/authority/proposals/{NAME}/refusal",
    f"/authority/licences/{_ID}/acts/{CANARY}/cancellation",
    "/authority/keys/compromises",
    f"/tuf/public/{CANARY}",
    f"/s/l/{CANARY}",
    f"/problems/{NAME}",
    f"/{NAME}/{CANARY}?{NAME}={CANARY}",
]


@pytest.fixture
def logged() -> io.StringIO:
    """Everything that goes through the JSON formatter while the test runs, foreign loggers included."""
    stream = io.StringIO()
    target = logging.StreamHandler(stream)
    target.setFormatter(telemetry._JsonLines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(target)
    root.setLevel(logging.DEBUG)
    yield stream
    root.removeHandler(target)
    root.setLevel(before)


def _requests(client, clock, keys):
    """The canary in every place of a request: path, query, headers, form, JSON values, JSON names, broken bodies."""
    values = [CANARY, NAME, {"x": CANARY}, [CANARY], {NAME: CANARY}]
    fields = ["decision_reference", "points", "established_on", "from", "until", "registry_reference"]
    fields += ["credential_configuration_id", "proofs", "subject", "notification_id", "event", NAME]
    bodies = [dict.fromkeys(fields, value) for value in values]
    bodies += [{"credential_configuration_id": CANARY, "proofs": {"jwt": [CANARY, f"{NAME}.{CANARY}.x"]}}]
    bodies += [{"decision_reference": "D-100", "points": CANARY, "established_on": NAME}]
    for path in PATHS:
        bare = path.partition("?")[0]
        for key in (*keys, CANARY):
            headers = {
                "Authorization": f"Bearer {key}",
                "Idempotency-Key": f"{CANARY}-{NAME}",
                "DPoP": dpop(Key(), clock.instant, bare, jti=CANARY),
                "User-Agent": NAME,
                "X-Forwarded-For": CANARY,
                "Accept-Language": NAME,
            }
            for body in bodies:
                yield client.post(path, json=body, headers=headers)
            yield client.post(
                path, content=f'{{"a": {CANARY}', headers=headers | {"Content-Type": "application/json"}
            )
            yield client.post(path, content=CANARY.encode(), headers=headers)
            form = {"grant_type": CANARY, "refresh_token": "l" + CANARY * 3, "pre-authorized_code": NAME}
            yield client.post(path, data=form, headers=headers)
            yield client.request(NAME, path, headers=headers)
            yield client.get(path, headers=headers)


def test_no_answer_log_or_metric_repeats_what_was_sent(client, clock, keys_of_roles, logged):
    """A NIR and a name through every route and error path: zero hits, in any spelling, and no 500."""
    statuses, bodies = set(), []
    keys = [keys_of_roles[AccessRole.CLERK]]
    for answer in _requests(client, clock, keys):
        statuses.add(answer.status_code)
        bodies.append(answer.text + repr(answer.headers))
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json", (
                answer.status_code,
                answer.url,
            )
            assert answer.json()["status"] == answer.status_code
    everything = "\n".join([*bodies, logged.getvalue(), client.get("/metrics").text])
    assert {spelling for spelling in SPELLINGS if spelling in everything} == set()
    assert {400, 401, 403, 404, 405, 422} <= statuses
    assert not {status for status in statuses if status >= 500}
    assert logged.getvalue().count("\n") > len(PATHS)


def test_unforeseen_error_is_a_problem_without_its_text(service, logged):
    """An exception's text may repeat input: it is neither answered nor logged, its type and our line are."""

    def fail() -> None:
        raise ValueError(CANARY)

    app = create_app(service.settings, service)
    app.add_api_route("/fails", fail)
    answer = TestClient(app, raise_server_exceptions=False).get("/fails")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert CANARY not in answer.text + logged.getvalue()
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [one["status"] for one in lines if one["event"] == "request"] == [500]
    assert [one["error"] for one in lines if one["event"] == "unforeseen"] == ["ValueError"]


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_every_problem_type_leads_to_a_page(client, code):
    """`type` resolves, in French and in English, under the notice."""
    for query, banner in (
        ("", "Démonstrateur, service non officiel"),
        ("?lang=en", "Demonstrator, unofficial"),
    ):
        answer = client.get(f"/problems/{code}{query}")
        assert answer.status_code == 200
        assert banner in answer.text


def test_problem_speaks_the_language_asked_for(client):
    """French unless English comes first."""
    french = client.get("/nothing").json()
    english = client.get("/nothing", headers={"Accept-Language": "en-GB, fr"}).json()
    assert french["title"] != english["title"]
    assert french["type"] == english["type"]


@pytest.mark.parametrize("content", [b"x" * 300_000, [b" " * 60_000] * 6], ids=["declared", "in chunks"])
def test_request_that_is_too_large_is_refused_before_it_is_read(client, content):
    """By the declared length, or as soon as there is too much: the problem of the catalogue, in the client's language."""
    sent = content if isinstance(content, bytes) else iter(content)
    headers = {"Content-Type": "application/json", "Accept-Language": "en"}
    answer = client.post("/credential", content=sent, headers=headers)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert answer.json()["type"].endswith("/problems/too-large")
    assert answer.json()["title"] == PROBLEMS["too-large"].en


@pytest.mark.parametrize(
    "path",
    ["/", "/healthz", "/readyz", "/s/l/1", "/tuf/public/metadata/timestamp.json", "/authority/offences"],
)
def test_head_is_get_without_the_content(client, path):
    """Mirrors, balancers and `curl -I`: the same status and headers, no byte of content."""
    got, headed = client.get(path), client.head(path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert got.content
    assert headed.headers == got.headers


def test_head_of_what_is_written_to_is_refused(client):
    """An address that knows no GET knows no HEAD."""
    assert (client.head("/token").status_code, client.head("/nothing").status_code) == (405, 404)


def test_date_header_follows_the_service_clock(client, clock):
    """Phones learn their offset from it, so it must be the clock that judges their proofs."""
    clock.instant = 1_800_000_000
    assert client.get("/healthz").headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"


def test_pages_carry_the_notice(client):
    """The home page says what this is not, and loads nothing from elsewhere."""
    answer = client.get("/")
    assert "Démonstrateur, service non officiel, données fictives." in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http" not in answer.text.replace("http-equiv", "")


def test_log_refuses_a_field_outside_its_list():
    """A slip is found by a test, not by a reader of logs."""
    with pytest.raises(ValueError, match="allow-list"):
        telemetry.log("request", person="somebody")


def test_readiness_says_no_when_lists_are_old(client, clock, service):
    """A day is young enough; past the setting the service is not ready, and lives."""
    assert client.get("/readyz").status_code == 200
    clock.instant += service.settings.lists_max_age + 1
    assert client.get("/readyz").status_code == 503
    assert client.get("/healthz").status_code == 200
