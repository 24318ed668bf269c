"""Access tokens: whose are let in, in which role, under which keys; and where the development issuer is not."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from starlette.testclient import TestClient

from tests.conftest import INSTANT
from tests.wallet_api.simulated_provider import AUDIENCE, ISSUER, ProviderKey, answering, key_set
from wallet_api.__main__ import main
from wallet_api.app import create_app
from wallet_api.clock import Clock, fixed_clock
from wallet_api.home import make_home
from wallet_api.identity.access_token import MAX_CHARACTERS, TokenRefused, Trust, pseudonym
from wallet_api.identity.development import TOKEN_SECONDS
from wallet_api.identity.fictitious_callers import CALLERS
from wallet_api.identity.key_sources import (
    REFRESH_SECONDS,
    SHORTEST_WAIT,
    STALE_SECONDS,
    KeysAtAddress,
    KeysInFile,
)
from wallet_api.identity.trusted_keys import KeySetRefused, read_key_set
from wallet_api.problems import WalletError
from wallet_api.roles import AccessRole
from wallet_api.settings import Settings, SettingsRefused, read_settings
from wallet_api.wiring import wire

KEYS = {kind: ProviderKey(f"k-{kind}", kind) for kind in ("EC", "OKP", "RSA", "P384")}
EC = KEYS["EC"]
PASSPHRASE = {"LP_KEY_PASSPHRASE": "a passphrase for tests alone"}
SEARCH = ("/authority/licences/searches", {"registry_reference": "dossier-x"})


class _Fixed:
    """Keys from a set in memory."""

    def __init__(self, content: bytes) -> None:
        self._keys = read_key_set(content)

    def find(self, kid: str) -> Any:
        return self._keys.get(kid)


TRUST = Trust(ISSUER, AUDIENCE, "role", _Fixed(key_set(*KEYS.values())))


def _b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("kind", "algorithm"), [("EC", "ES256"), ("OKP", "EdDSA"), ("RSA", "RS256"), ("RSA", "PS256")]
)
def test_token_of_the_issuer_names_a_role_and_a_pseudonym(kind, algorithm):
    """Each admitted algorithm, under the key type it belongs to."""
    bearer = TRUST.verify(KEYS[kind].token(INSTANT, algorithm=algorithm), INSTANT)
    assert (bearer.role, bearer.actor_id) == (AccessRole.CLERK, pseudonym(ISSUER, "5f2b8c1e"))
    assert len(bearer.actor_id) == 32
    assert bearer.actor_id != pseudonym(ISSUER + "x", "5f2b8c1e") != pseudonym(ISSUER, "x5f2b8c1e")


@pytest.mark.parametrize(
    ("changed", "good"),
    [
        ({"iss": ISSUER + "/"}, False),
        ({"iss": None}, False),
        ({"aud": "https://another.exemple.test"}, False),
        ({"aud": AUDIENCE}, True),
        ({"aud": []}, False),
        ({"aud": {AUDIENCE: 1}}, False),
        ({"exp": INSTANT - 29}, False),  # iat is later than the end
        ({"iat": INSTANT - 300, "exp": INSTANT - 29}, True),
        ({"iat": INSTANT - 300, "exp": INSTANT - 30}, False),
        ({"exp": None}, False),
        ({"exp": str(INSTANT + 300)}, False),
        ({"exp": INSTANT + 86_400}, True),
        ({"exp": INSTANT + 86_401}, False),
        ({"iat": INSTANT + 30}, True),
        ({"iat": INSTANT + 31}, False),
        ({"iat": None}, False),
        ({"iat": True}, False),
        ({"nbf": INSTANT + 30}, True),
        ({"nbf": INSTANT + 31}, False),
        ({"sub": None}, False),
        ({"sub": ""}, False),
        ({"sub": "s" * 255}, True),
        ({"sub": "s" * 256}, False),
        ({"sub": 7}, False),
    ],
)
def test_token_is_judged_by_each_of_its_claims(changed, good):
    """Issuer, audience, times to the second, subject."""
    token = EC.token(INSTANT, **changed) if "sub" not in changed else _with_subject(changed["sub"])
    if good:
        assert TRUST.verify(token, INSTANT).role is AccessRole.CLERK
    else:
        with pytest.raises(TokenRefused):
            TRUST.verify(token, INSTANT)


def _with_subject(subject: Any) -> str:
    """PyJWT refuses to write a `sub` that is no text; a hostile issuer would not."""
    claims = {"iss": ISSUER, "aud": AUDIENCE, "iat": INSTANT, "exp": INSTANT + 300, "role": "clerk"}
    claims |= {} if subject is None else {"sub": subject}
    return _signed(json.dumps(claims).encode())


def _signed(payload: bytes, header: bytes | None = None) -> str:
    header = header or json.dumps({"typ": "at+jwt", "alg": "ES256", "kid": EC.kid}).encode()
    message = f"{_b64(header)}.{_b64(payload)}"
    signature = jwt.get_algorithm_by_name("ES256").sign(message.encode(), EC.private)
    return f"{message}.{_b64(signature)}"


@pytest.mark.parametrize(
    ("claim", "role"),
    [
        ("clerk", AccessRole.CLERK),
        (["offline_access", "clerk", "uma_authorization"], AccessRole.CLERK),
        (["clerk", "clerk"], AccessRole.CLERK),
        (["clerk", "supervisor"], None),
        (["citizen", "clerk"], None),
        ("root", None),
        ("Clerk", None),
        ([], None),
        (None, None),
        ({"clerk": True}, None),
        (["clerk"] * 65, None),
    ],
)
def test_role_is_exactly_one_known_word(claim, role):
    """An unknown role is no role; two are none."""
    assert TRUST.verify(EC.token(INSTANT, role=claim), INSTANT).role is role


@pytest.mark.parametrize("kind", ["EC", "OKP", "RSA"])
@pytest.mark.parametrize(
    "named", ["ES256", "EdDSA", "RS256", "PS256", "ES384", "HS256", "none", "es256", "", 5, None]
)
def test_algorithm_is_one_of_the_key(kind, named):
    """T13: what the header names never makes another use of a key: HMAC under the public key, none, another curve."""
    key = KEYS[kind]
    header = {"typ": "at+jwt", "kid": key.kid} | ({} if named is None else {"alg": named})
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "s", "iat": INSTANT, "exp": INSTANT + 9, "role": "clerk"}
    message = f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"
    own = {"EC": {"ES256"}, "OKP": {"EdDSA"}, "RSA": {"RS256", "PS256"}}[kind]
    signatures = {
        "none": b"",
        "hmac": hmac.digest(json.dumps(key.jwk()).encode(), message.encode(), hashlib.sha256),
        **{one: jwt.get_algorithm_by_name(one).sign(message.encode(), key.private) for one in own},
    }
    for signed_with, signature in signatures.items():
        token = f"{message}.{_b64(signature)}"
        if signed_with == named and named != "none":
            assert TRUST.verify(token, INSTANT).role is AccessRole.CLERK
            continue
        with pytest.raises(TokenRefused):
            TRUST.verify(token, INSTANT)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"kid": "unknown"},
        {"kid": "../../etc/passwd"},
        {"kid": 3},
        {"jku": "http://127.0.0.1:1/jwks"},
        {"x5u": "http://127.0.0.1:1/x"},
        {"jwk": ProviderKey("own").jwk()},
        {"crit": ["exp"], "exp": 1},
    ],
    ids=lambda one: next(iter(one)),
)
def test_header_brings_no_key_and_says_what_it_is(header):
    """T10, T14, RFC 9068: type at+jwt, a kid of the set, no key or address of one."""
    members = {"typ": "at+jwt", "alg": "ES256", "kid": EC.kid, **header}
    content = json.dumps({name: value for name, value in members.items() if value is not None}).encode()
    payload = base64.urlsafe_b64decode(EC.token(INSTANT).split(".")[1] + "==")
    assert TRUST.verify(_signed(payload), INSTANT)
    with pytest.raises(TokenRefused):
        TRUST.verify(_signed(payload, content), INSTANT)


def test_token_of_another_key_or_altered_is_refused():
    """Another key under our kid, every character changed, and texts that are no token."""
    token = EC.token(INSTANT)
    bad = [ProviderKey(EC.kid).token(INSTANT), "", ".", "..", token + "=", token + ".x", "é" * 40, token[:-1]]
    bad += [
        token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(0, len(token), 3)
    ]
    for one in bad:
        with pytest.raises(TokenRefused):
            TRUST.verify(one, INSTANT)


def test_payload_has_one_meaning():
    """A member said twice, and a number that is no whole one, are refused under a good signature."""
    start = f'{{"iss":"{ISSUER}","aud":"{AUDIENCE}","sub":"s","iat":{INSTANT},"exp":{INSTANT + 9}'
    assert TRUST.verify(_signed(f'{start},"role":"clerk"}}'.encode()), INSTANT)
    for more in (',"role":"clerk","role":"supervisor"}', ',"role":"clerk","x":1.5}'):
        with pytest.raises(TokenRefused):
            TRUST.verify(_signed((start + more).encode()), INSTANT)


def test_token_has_a_largest_size():
    """At the bound it is read, one character beyond it is not."""
    token = EC.token(INSTANT, filler="x" * 5_700)
    assert len(token) <= MAX_CHARACTERS
    assert TRUST.verify(token, INSTANT)
    with pytest.raises(TokenRefused):
        TRUST.verify(EC.token(INSTANT, filler="x" * 6_200), INSTANT)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "strict JSON"),
        (b'{"keys":{}}', "list"),
        (b'{"keys":[]}', "no signing key"),
        (key_set(KEYS["P384"]), "no signing key"),
        (key_set(EC, use="enc"), "no signing key"),
        (key_set(EC, key_ops=["sign"]), "no signing key"),
        (key_set(EC, alg="ES512"), "no signing key"),
        (key_set(EC, d="AA"), "secret"),
        (json.dumps({"keys": [{"kty": "oct", "k": "AAAA", "kid": "h"}]}).encode(), "secret"),
        (key_set(EC, EC), "twice"),
        (key_set(EC, x="AAAA"), "malformed"),
        (json.dumps({"keys": [{}] * 33}).encode(), "at most"),
    ],
)
def test_set_of_keys_is_read_strictly(content, words):
    """A published secret or a doubled kid spoils the whole set; foreign keys are left out."""
    with pytest.raises(KeySetRefused, match=words):
        read_key_set(content)


def test_keys_in_a_file_rotate_when_it_is_replaced(tmp_path):
    """Old and new key for a while, then the new one alone; a file that is spoilt lets nobody in."""
    old, new = EC, ProviderKey("new", "OKP")
    file = tmp_path / "jwks.json"
    file.write_bytes(key_set(old))
    trust = Trust(ISSUER, AUDIENCE, "role", KeysInFile(file))
    assert trust.verify(old.token(INSTANT), INSTANT)
    with pytest.raises(TokenRefused):
        trust.verify(new.token(INSTANT), INSTANT)
    file.write_bytes(key_set(old, new))
    assert trust.verify(old.token(INSTANT), INSTANT)
    assert trust.verify(new.token(INSTANT), INSTANT)
    other = tmp_path / "next"
    other.write_bytes(key_set(new))
    other.replace(file)
    with pytest.raises(TokenRefused):
        trust.verify(old.token(INSTANT), INSTANT)
    file.write_bytes(b"{")
    with pytest.raises(WalletError, match="identity-unavailable"):
        trust.verify(new.token(INSTANT), INSTANT)


@pytest.mark.network
def test_keys_at_an_address_rotate_at_a_bounded_rate():
    """An unknown kid fetches once in thirty seconds, whatever is asked; a silent provider is outlived for a day."""
    now = [INSTANT]
    new = ProviderKey("new")
    with answering(key_set(EC)) as provider:
        trust = Trust(ISSUER, AUDIENCE, "role", KeysAtAddress(provider.url, Clock(lambda: float(now[0]))))
        assert trust.verify(EC.token(now[0]), now[0])
        provider.content = key_set(EC, new)
        for number in range(50):
            with pytest.raises(TokenRefused):
                trust.verify(ProviderKey(f"invented-{number % 3}").token(now[0]), now[0])
        assert provider.hits == 1
        now[0] += SHORTEST_WAIT
        assert trust.verify(new.token(now[0]), now[0])
        assert provider.hits == 2
        provider.content = key_set(new)
        now[0] += REFRESH_SECONDS
        with pytest.raises(TokenRefused):
            trust.verify(EC.token(now[0]), now[0])
        assert provider.hits == 3
        provider.status = 500
        now[0] += STALE_SECONDS - 1
        assert trust.verify(new.token(now[0]), now[0])
        now[0] += 1
        with pytest.raises(WalletError, match="identity-unavailable"):
            trust.verify(new.token(now[0]), now[0])
        provider.status = 200
        now[0] += SHORTEST_WAIT
        assert trust.verify(new.token(now[0]), now[0])


@pytest.mark.network
@pytest.mark.parametrize(
    ("status", "content"), [(302, b""), (200, b"<html>"), (200, b" " * 70_000), (404, b"")]
)
def test_address_that_gives_no_keys_is_unavailable(status, content):
    """A redirection is not followed, and nothing else is taken for a set of keys."""
    with answering(content) as provider:
        provider.status = status
        source = KeysAtAddress(provider.url, fixed_clock(INSTANT))
        for _ in range(3):
            with pytest.raises(WalletError, match="identity-unavailable"):
                source.find(EC.kid)
        assert provider.hits == 1


@pytest.mark.network
def test_no_address_in_a_token_is_ever_asked():
    """T47: a loopback sink named in every header that could name one gets no request."""
    with answering(key_set(EC)) as sink:
        for name in ("jku", "x5u", "kid"):
            with pytest.raises(TokenRefused):
                TRUST.verify(EC.token(INSTANT, header={name: sink.url}), INSTANT)
        with pytest.raises(TokenRefused):
            TRUST.verify(EC.token(INSTANT, iss=sink.url), INSTANT)
        assert sink.hits == 0


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home that is no demonstration."""
    home = tmp_path_factory.mktemp("production") / "home"
    return make_home(
        PASSPHRASE, home, base_url="http://testserver", demo=False, clock=fixed_clock(INSTANT)
    ).settings


def _served(settings: Settings, tmp_path: Path) -> TestClient:
    jwks = tmp_path / "jwks.json"
    jwks.write_bytes(key_set(*KEYS.values()))
    set_up = replace(settings, oidc_issuer=ISSUER, oidc_audience=AUDIENCE, oidc_jwks=str(jwks))
    service = wire(set_up, clock=fixed_clock(INSTANT), environment=PASSPHRASE)
    return TestClient(create_app(set_up, service), base_url=AUDIENCE, raise_server_exceptions=False)


def test_production_home_takes_tokens_of_its_provider_alone(production, tmp_path, keys_of_roles):
    """Over HTTP: the provider's clerk acts; no role, two roles, another role 403; a development token 401."""
    client = _served(production, tmp_path)

    def ask(token: str) -> Any:
        return client.post(SEARCH[0], json=SEARCH[1], headers={"Authorization": f"Bearer {token}"})

    assert ask(EC.token(INSTANT)).status_code == 404  # let in: there is no such licence
    for role in ("auditor", "citizen", ["clerk", "supervisor"], "root", None):
        answer = ask(EC.token(INSTANT, role=role))
        assert (answer.status_code, answer.json()["type"][-9:]) == (403, "forbidden")
    for token in (keys_of_roles[AccessRole.CLERK], EC.token(INSTANT, iss="https://x.test"), "x"):
        answer = ask(token)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_production_home_has_no_development_issuer(production, tmp_path):
    """No route, no key, no command; with or without a provider."""
    client = _served(production, tmp_path)
    for method, path in (("GET", "/dev/.well-known/openid-configuration"), ("GET", "/dev/jwks")):
        assert client.request(method, path).status_code == 404
    assert client.post("/dev/token", data={"name": "agnes"}).status_code == 404
    assert not [path for path in client.get("/docs.json").json()["paths"] if path.startswith("/dev")]
    assert not production.access_folder.exists()


def test_production_home_without_a_provider_refuses_to_start(production, tmp_path, monkeypatch, capsys):
    """In words that name the settings, from `serve --check-config` too; publishing goes on."""
    for name, value in PASSPHRASE.items():
        monkeypatch.setenv(name, value)
    for arguments in (["serve"], ["serve", "--check-config"], ["official", "token", "--as", "agnes"]):
        assert main([*arguments, "--home", str(production.home)]) == 2
        assert "LP_OIDC_ISSUER" in capsys.readouterr().err
    assert main(["publish", "--home", str(production.home)]) == 0
    monkeypatch.setenv("LP_OIDC_ISSUER", ISSUER)
    monkeypatch.setenv("LP_OIDC_JWKS", str(tmp_path / "absent.json"))
    capsys.readouterr()
    assert main(["serve", "--check-config", "--home", str(production.home)]) == 2
    assert "absent.json is no JWK Set" in capsys.readouterr().err
    (tmp_path / "absent.json").write_bytes(key_set(EC))
    assert main(["serve", "--check-config", "--home", str(production.home)]) == 0


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"LP_OIDC_ISSUER": ISSUER}, "LP_OIDC_JWKS"),
        ({"LP_OIDC_JWKS": "/keys.json"}, "LP_OIDC_ISSUER"),
        ({"LP_OIDC_ISSUER": "http://idp.test", "LP_OIDC_JWKS": "/keys.json"}, "https"),
        ({"LP_OIDC_ISSUER": ISSUER, "LP_OIDC_JWKS": "http://idp.test/keys"}, "https"),
        ({"LP_OIDC_ISSUER": ISSUER, "LP_OIDC_JWKS": "file:///keys"}, "https"),
    ],
)
def test_settings_of_the_provider_make_sense_together(made_home, environment, words):
    """Half a configuration is refused before anything is served."""
    with pytest.raises(SettingsRefused, match=words):
        read_settings(environment, made_home.home)


def test_demonstration_with_a_provider_or_a_public_address_mints_nothing(made_home, tmp_path):
    """The development issuer is for a demonstration on loopback that names no other."""
    client = _served(made_home, tmp_path)
    assert client.get("/dev/jwks").status_code == 404
    public = replace(made_home, base_url="https://demo.exemple.test")
    with pytest.raises(SettingsRefused, match="nobody could sign in"):
        create_app(public, wire(public, clock=fixed_clock(INSTANT)))


def test_development_issuer_gives_anybody_a_short_token(client, service, clock, logged_warnings):
    """Discovery, keys and token over HTTP; each invented person has the role it says; an hour later it is over."""
    found = client.get("/dev/.well-known/openid-configuration").json()
    keys = client.get(found["jwks_uri"].removeprefix("http://testserver")).content
    trust = Trust(found["issuer"], "http://testserver", "role", _Fixed(keys))
    for name, caller in CALLERS.items():
        answer = client.post("/dev/token", data={"name": name})
        assert answer.headers["cache-control"] == "no-store"
        token = answer.json()["access_token"]
        assert trust.verify(token, clock.instant).role is caller.role
    headers = {
        "Authorization": f"Bearer {client.post('/dev/token', data={'name': 'agnes'}).json()['access_token']}"
    }
    assert client.post(SEARCH[0], json=SEARCH[1], headers=headers).status_code == 404
    clock.instant += TOKEN_SECONDS + 30
    assert client.post(SEARCH[0], json=SEARCH[1], headers=headers).status_code == 401
    assert logged_warnings == ["development issuer in use"]
    wanted = dict.fromkeys(AccessRole, 2) | {AccessRole.AUDITOR: 1, AccessRole.CITIZEN: 4}
    assert {role: sum(one.role is role for one in CALLERS.values()) for role in AccessRole} == wanted
    mode = stat.S_IMODE((service.settings.access_folder / "development-issuer.pem").stat().st_mode)
    assert mode == 0o600


def test_development_issuer_answers_loopback_names_alone(client):
    """A name that another site points at this machine gets nothing; an unknown person neither."""
    for path in ("/dev/token", "/dev/jwks"):
        method = "POST" if "token" in path else "GET"
        content = {"data": {"name": "agnes"}} if method == "POST" else {}
        answer = client.request(method, path, headers={"Host": "attacker.test"}, **content)
        assert answer.status_code == 404
    assert client.post("/dev/token", data={"name": "nobody"}).status_code == 404
    assert client.post("/dev/token", data={"name": "../x"}).status_code == 422


@pytest.fixture
def logged_warnings():
    found: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.WARNING and record.name == "wallet_api":
                found.append(record.getMessage())

    target, logger = Keep(), logging.getLogger("wallet_api")
    logger.addHandler(target)
    yield found
    logger.removeHandler(target)
