"""Issuing over OpenID4VCI: what is handed out, and everything that is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from sqlalchemy import func, select
from starlette.testclient import TestClient

from credentials import credential
from credentials.cose_key import compress
from credentials.driving_licence import AgeOver18, RoadCheck
from credentials.spec import DocumentType, Domain, Form, Role
from credentials.views import View
from credentials.vitale_card import Care
from tests.wallet_api.conftest import Authority
from tests.wallet_api.simulated_wallet import (
    PRE_AUTHORIZED,
    Key,
    SimulatedWallet,
    claims_of,
    code_of,
    credential_bytes,
    dpop,
)
from verifier.signatures import load_public_key, verify_signature
from wallet_api import tables
from wallet_api.app import create_app
from wallet_api.audit.acts import compare
from wallet_api.clock import rfc3339
from wallet_api.issuance import issue
from wallet_api.openid4vci.configurations import CONFIGURATIONS
from wallet_api.publication.store import read_state

CARD = DocumentType.VITALE_CARD
PHONE = [name for name, one in CONFIGURATIONS.items() if not one.paper]
PAPER = [name for name, one in CONFIGURATIONS.items() if one.paper]


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def test_metadata_names_endpoints_and_configurations(client):
    """The two discovery documents lead to everything else, and French comes first."""
    issuer = client.get("/.well-known/openid-credential-issuer").json()
    server = client.get("/.well-known/oauth-authorization-server").json()
    assert issuer["credential_issuer"] == server["issuer"] == "http://testserver"
    assert set(issuer["credential_configurations_supported"]) == set(CONFIGURATIONS)
    assert issuer["display"][0]["locale"] == "fr-FR"
    assert issuer["batch_credential_issuance"]["batch_size"] >= 2
    assert server["dpop_signing_alg_values_supported"] == ["ES256"]
    assert set(issuer["laissez_passer"]["roots"]) == {"licence", "health"}


@pytest.mark.parametrize("configuration", PHONE)
def test_phone_credential_is_signed_for_its_device_key(service, client, clock, offer, configuration):
    """Every view and form: signature of the active signer, the device key asked for, the life of the settings."""
    one = CONFIGURATIONS[configuration]
    wallet, key = SimulatedWallet(client, clock), Key()
    assert wallet.take(offer("camille", one.document_type).uri).status_code == 200
    answer = wallet.ask(configuration, [key])
    assert answer.status_code == 200, answer.text
    text = answer.json()["credentials"][0]["credential"]
    read = credential.read(*credential_bytes(configuration, text))
    domain = Domain.LICENCE if one.document_type is DocumentType.DRIVING_LICENCE else Domain.HEALTH
    signer = service.keys.active(domain, Role.CREDENTIAL)
    verify_signature(load_public_key(signer.public_key), -7, read.signature, read.to_be_signed)
    claims = read.decode_claims()
    assert (claims.view, claims.device_key) == (one.view, compress(key.public))
    assert claims.expires_at - claims.issued_at == 14 * 86_400
    assert claims.issued_at <= clock.instant
    prefix = "/s/l/1" if domain is Domain.LICENCE else "/s/h/1"
    assert claims.status.uri == f"http://testserver{prefix}"


@pytest.mark.parametrize("configuration", PAPER)
def test_paper_credential_holds_no_device_key(client, clock, offer, configuration):
    """Paper lives 180 days, holds no key, and an age on paper has its portrait."""
    wallet = SimulatedWallet(client, clock)
    wallet.take(offer().uri)
    answer = wallet.ask(configuration, [wallet.key])
    claims = claims_of(configuration, answer.json()["credentials"][0]["credential"])
    assert claims.device_key is None
    assert claims.expires_at - claims.issued_at == 180 * 86_400
    if isinstance(claims.subject, AgeOver18):
        assert claims.subject.portrait is not None


def test_batch_shares_no_index_and_no_key(wallet):
    """Two credentials of one batch cannot be joined by index or key."""
    found = wallet.get("driving_licence.road_check.cbor", 8)
    assert len({one.status.index for one in found}) == 8
    assert len({one.subject.points_entry.index for one in found}) == 8
    assert len({one.device_key for one in found}) == 8


def test_points_stand_in_road_check_alone(wallet, licence_authority):
    """No byte of another view depends on the balance (L223-7): it is equal before and after a withdrawal."""
    others = ["driving_licence.proof.cbor", "driving_licence.age_over_18.cbor"]
    before = [wallet.get(one)[0].subject for one in others]
    assert wallet.get("driving_licence.road_check.cbor")[0].subject.points.value == 12
    assert licence_authority.withdraw(wallet.document_id, 3, "D-1001").status_code == 201
    assert wallet.get("driving_licence.road_check.cbor")[0].subject.points.value == 9
    assert [wallet.get(one)[0].subject for one in others] == before


def test_child_is_billed_under_the_insured_number(client, clock, offer):
    """Léa's card holds two numbers in two claims; her mother's holds one."""
    found = {}
    for person in ("camille", "lea"):
        wallet = SimulatedWallet(client, clock)
        wallet.take(offer(person, CARD).uri)
        found[person] = wallet.get("vitale_card.care.cbor")[0].subject
    assert isinstance(found["lea"], Care)
    assert found["lea"].insured_nir == found["camille"].insured_nir
    assert found["lea"].beneficiary_nir not in {None, found["lea"].insured_nir}
    assert found["camille"].beneficiary_nir is None


def test_portrait_travels_only_when_asked_for(wallet):
    """The default holds none; asked for, it stays within the byte budget."""
    assert wallet.get("driving_licence.road_check.cbor")[0].subject.portrait is None
    portrait = wallet.get("driving_licence.road_check.cbor", portrait=True)[0].subject.portrait
    assert portrait[:4] == b"RIFF"
    assert len(portrait) <= 600


def test_ten_categories_and_a_probation_are_issued(client, clock, offer):
    """The professional driver's ten categories, and the probationer's end of probation and six points."""
    found = {}
    for person in ("theo", "ines"):
        wallet = SimulatedWallet(client, clock)
        wallet.take(offer(person).uri)
        found[person] = wallet.get("driving_licence.road_check.jwt")[0].subject
    assert isinstance(found["theo"], RoadCheck)
    assert len(found["theo"].categories) == 10
    assert found["theo"].birth_date.day is None
    assert found["ines"].probation_end == date(2029, 5, 18)
    assert found["theo"].probation_end is None
    assert found["theo"].points.value == 10
    assert found["ines"].points.value == 6


def test_view_of_another_document_is_unknown(wallet):
    """A licence's token gives no card, and no name outside the metadata gives anything."""
    for name in ("vitale_card.care.cbor", "driving_licence.road_check.cbor.paper", "nothing"):
        answer = wallet.ask(name, [Key()])
        assert (answer.status_code, _code(answer)) == (400, "configuration-unknown")


# Offers and tokens


def test_offer_code_is_good_once(client, clock, offer):
    """The second phone that brings the same code is refused."""
    uri = offer().uri
    assert SimulatedWallet(client, clock).take(uri).status_code == 200
    answer = SimulatedWallet(client, clock).take(uri)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_offer_ends_after_its_time(client, clock, offer):
    """A day later the code is refused."""
    uri = offer().uri
    clock.instant += 86_400
    assert _code(SimulatedWallet(client, clock).take(uri)) == "grant-refused"


def test_offer_carries_the_roots_apart_from_the_network(service, offer):
    """The fingerprints to pin are in the offer's text."""
    from wallet_api.openid4vci.offer import root_fingerprint

    for domain in Domain:
        assert f"lp_root_{domain}={root_fingerprint(service, domain)}" in offer().uri


def test_transaction_code_is_tried_five_times(client, clock, offer):
    """Five wrong codes use the offer up: the right one comes too late."""
    made = offer(with_tx_code=True)
    for _ in range(5):
        assert _code(SimulatedWallet(client, clock).take(made.uri, tx_code="wrong")) == "tx-code-wrong"
    late = SimulatedWallet(client, clock).take(made.uri, tx_code=made.tx_code)
    assert _code(late) == "grant-refused"


def test_transaction_code_opens_its_offer(client, clock, offer):
    """The right code opens it; none at all does not."""
    made = offer(with_tx_code=True)
    assert _code(SimulatedWallet(client, clock).take(made.uri)) == "tx-code-wrong"
    assert SimulatedWallet(client, clock).take(made.uri, tx_code=made.tx_code).status_code == 200


def test_refresh_token_rotates_and_is_good_once(wallet):
    """The new pair works, the used refresh token does not."""
    used = wallet.refresh
    assert wallet.renew().status_code == 200
    assert wallet.refresh != used
    answer = wallet.token(grant_type="refresh_token", refresh_token=used)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    assert wallet.get("driving_licence.proof.cbor")


def test_refresh_token_is_bound_to_the_wallets_key(wallet, client, clock):
    """T43: another key cannot use it, and does not spend it."""
    thief = SimulatedWallet(client, clock)
    thief.refresh = wallet.refresh
    assert _code(thief.renew()) == "grant-refused"
    assert wallet.renew().status_code == 200


def test_access_token_is_bound_to_the_wallets_key(wallet, client, clock):
    """A stolen access token without its key gives nothing."""
    thief = SimulatedWallet(client, clock)
    thief.access = wallet.access
    answer = thief.ask("driving_licence.proof.cbor", [Key()])
    assert (answer.status_code, _code(answer)) == (401, "token-refused")
    assert answer.headers["www-authenticate"].startswith("DPoP")


def test_access_token_ends(wallet, clock):
    """After its seconds the token is refused; the refresh token helps."""
    clock.instant += 600
    assert _code(wallet.ask("driving_licence.proof.cbor", [Key()])) == "token-refused"
    assert wallet.renew().status_code == 200
    assert wallet.get("driving_licence.proof.cbor")


def test_unknown_grant_type_is_said(wallet):
    """Another grant type has its own error code."""
    assert wallet.token(grant_type="password").json()["error"] == "unsupported_grant_type"


# DPoP


@pytest.mark.parametrize(
    "changed",
    [
        {"htm": "GET"},
        {"htu": "http://testserver/credential"},
        {"htu": "http://elsewhere/token"},
        {"iat": 0},
        {"iat": True},
        {"jti": "short"},
        {"jti": 5},
    ],
)
def test_dpop_proof_of_another_request_is_refused(client, clock, offer, changed):
    """Method, address, instant and identifier must fit."""
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code_of(offer().uri)}
    proof = dpop(Key(), clock.instant, "/token", **changed)
    answer = client.post("/token", data=form, headers={"DPoP": proof})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize(("skew", "status"), [(-300, 200), (-301, 400), (60, 200), (61, 400)])
def test_dpop_instant_is_bounded(client, clock, offer, skew, status):
    """Five minutes back and one minute ahead are the limits."""
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code_of(offer().uri)}
    proof = dpop(Key(), clock.instant + skew, "/token")
    assert client.post("/token", data=form, headers={"DPoP": proof}).status_code == status


def test_dpop_proof_is_good_once(client, clock, wallet):
    """A proof played again is refused, though the token is still good."""
    headers = {
        "Authorization": f"DPoP {wallet.access}",
        "DPoP": dpop(wallet.key, clock.instant, "/wallet/pause", wallet.access),
    }
    assert client.post("/wallet/pause", json={}, headers=headers).status_code == 204
    answer = client.post("/wallet/pause", json={}, headers=headers)
    assert answer.json()["error"] == "invalid_dpop_proof"


def test_dpop_proof_at_a_resource_covers_the_token(client, clock, wallet):
    """Without `ath`, or over another token, it is refused with 401."""
    for token in (None, wallet.refresh):
        headers = {
            "Authorization": f"DPoP {wallet.access}",
            "DPoP": dpop(wallet.key, clock.instant, "/wallet/pause", token),
        }
        assert client.post("/wallet/pause", json={}, headers=headers).status_code == 401


def test_dpop_header_must_be_ours_to_the_member(client, clock, offer):
    """`none`, HS256, a private key in the header, another type or an additional member are refused."""
    import jwt as library

    key = Key()
    claims = {"htm": "POST", "htu": "http://testserver/token", "iat": clock.instant, "jti": "abcdefgh"}
    private = {**_jwk(key), "d": "AAAA"}
    texts = [
        library.encode(claims, "", algorithm="none", headers={"typ": "dpop+jwt", "jwk": _jwk(key)}),
        library.encode(claims, "k" * 32, algorithm="HS256", headers={"typ": "dpop+jwt", "jwk": _jwk(key)}),
        key.jwt("dpop+jwt", claims, jwk=private),
        key.jwt("openid4vci-proof+jwt", claims),
        key.jwt("dpop+jwt", claims, kid="1"),
        key.jwt("dpop+jwt", claims)[:-4] + "AAAA",
        "",
        "a.b",
        "x" * 5000,
    ]
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": code_of(offer().uri)}
    for text in texts:
        answer = client.post("/token", data=form, headers={"DPoP": text})
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof")


def _jwk(key: Key) -> dict[str, str]:
    from credentials.cose_key import to_jwk

    return to_jwk(key.public)


# Nonces and key proofs


def test_nonce_is_good_once(wallet):
    """The second request with the same nonce is refused and issues nothing."""
    nonce = wallet.nonce()
    assert wallet.ask("driving_licence.proof.cbor", [Key()], nonce=nonce).status_code == 200
    answer = wallet.ask("driving_licence.proof.cbor", [Key()], nonce=nonce)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_nonce")


def test_nonce_ends_after_five_minutes(wallet, clock):
    """At 299 seconds it is good, at 300 it is not."""
    early, late = wallet.nonce(), wallet.nonce()
    clock.instant += 299
    assert wallet.ask("driving_licence.proof.cbor", [Key()], nonce=early).status_code == 200
    clock.instant += 1
    assert _code(wallet.ask("driving_licence.proof.cbor", [Key()], nonce=late)) == "nonce-refused"


def test_concurrent_uses_of_one_nonce_issue_once(service, wallet, clock):
    """T43: of many senders of one nonce exactly one gets credentials, and one row is issued."""
    nonce = wallet.nonce()

    def use(_: int) -> int:
        own = SimulatedWallet(TestClient(wallet.client.app, base_url="http://testserver"), clock)
        own.key, own.access = wallet.key, wallet.access
        return own.ask("driving_licence.proof.cbor", [Key()], nonce=nonce).status_code

    with ThreadPoolExecutor(12) as pool:
        statuses = list(pool.map(use, range(48)))
    assert sorted(statuses) == [200] + [400] * 47, statuses
    assert _count(service, tables.credential.c.state == "issued") == 1


@pytest.mark.parametrize(
    "changed", [{"aud": "http://elsewhere"}, {"iat": 0}, {"aud": None}, {"nonce": 5}, {"nonce": "unknown"}]
)
def test_key_proof_for_another_place_or_time_is_refused(wallet, changed):
    """Audience, instant and nonce must fit."""
    body = {
        "credential_configuration_id": "driving_licence.proof.cbor",
        "proofs": {"jwt": [wallet.proof(Key(), wallet.nonce(), **changed)]},
    }
    answer = wallet.post("/credential", body)
    assert answer.status_code == 400
    assert answer.json()["error"] in {"invalid_proof", "invalid_nonce"}


def test_proofs_of_one_request_carry_one_nonce(wallet):
    """Two nonces in one batch are refused."""
    proofs = [wallet.proof(Key(), wallet.nonce()) for _ in range(2)]
    body = {"credential_configuration_id": "driving_licence.proof.cbor", "proofs": {"jwt": proofs}}
    assert _code(wallet.post("/credential", body)) == "nonce-refused"


def test_device_key_serves_once(wallet, client, clock, offer):
    """T04: a key that holds a credential gets no other: not in the request, not later, not from the other authority."""
    key = Key()
    assert _code(wallet.ask("driving_licence.proof.cbor", [key, key])) == "device-key-used"
    assert wallet.ask("driving_licence.proof.cbor", [key]).status_code == 200
    assert _code(wallet.ask("driving_licence.road_check.cbor", [key])) == "device-key-used"
    card = SimulatedWallet(client, clock)
    card.take(offer("camille", CARD).uri)
    assert _code(card.ask("vitale_card.care.cbor", [key])) == "device-key-used"


def test_batch_is_bounded(wallet, service):
    """One key more than the metadata says is refused; so is a second one for paper, and none at all."""
    size = service.settings.batch_size
    assert wallet.ask("driving_licence.proof.cbor", [Key() for _ in range(size)]).status_code == 200
    for name, count in (("driving_licence.proof.cbor", size + 1), ("driving_licence.proof.cbor.paper", 2)):
        answer = wallet.ask(name, [Key() for _ in range(count)])
        assert _code(answer) == "credential-request-refused"
    body = {"credential_configuration_id": "driving_licence.proof.cbor", "proofs": {"jwt": []}}
    assert wallet.post("/credential", body).json()["error"] == "invalid_credential_request"


# Recording


def test_credential_is_recorded_before_it_is_signed(service, wallet):
    """A signer that fails leaves a row marked unissued and a clear answer; the next request works."""
    broken = _WithBrokenSigner(service.keys)
    client = TestClient(
        create_app(service.settings, _replaced(service, keys=broken)), base_url="http://testserver"
    )
    honest = wallet.client
    wallet.client = client
    answer = wallet.ask("driving_licence.proof.cbor", [Key()])
    assert (answer.status_code, _code(answer)) == (503, "signing-unavailable")
    assert _count(service, tables.credential.c.state == "unissued") == 1
    with service.database.read() as connection:  # the journal tells of it, so the audit does not
        assert list(compare(connection, "licence", service.clock.now())) == []
    wallet.client = honest
    assert wallet.get("driving_licence.proof.cbor")


class _WithBrokenSigner:
    """The key folder, with a signer whose signatures fit nothing."""

    def __init__(self, keys) -> None:
        self._keys = keys

    def signer(self, domain, role, at):
        honest = self._keys.signer(domain, role, at)

        class Broken:
            key_id, algorithm, public_key = honest.key_id, honest.algorithm, honest.public_key

            def sign(self, payload: bytes) -> bytes:
                return honest.sign(payload + b"another")

        return Broken()


def _replaced(service, **parts):
    from dataclasses import replace

    return replace(service, **parts)


def _count(service, condition) -> int:
    with service.database.read() as connection:
        return connection.execute(
            select(func.count()).select_from(tables.credential).where(condition)
        ).scalar_one()


def test_renewal_supersedes_the_same_view_and_form_of_the_same_wallet(service, wallet):
    """Older ones become 3; another view, another form, paper and the new batch stay."""
    for name in ("driving_licence.road_check.jwt", "driving_licence.proof.cbor"):
        wallet.get(name)
    wallet.ask("driving_licence.proof.cbor.paper", [wallet.key])
    wallet.get("driving_licence.road_check.cbor", 2)
    wallet.get("driving_licence.road_check.cbor", 2)
    cause, issued = tables.status_cause, tables.credential
    with service.database.read() as connection:
        rows = connection.execute(
            select(issued.c.view, issued.c.form, issued.c.paper, cause.c.value).join(
                cause, cause.c.credential_id == issued.c.credential_id
            )
        ).all()
    assert [tuple(row) for row in rows] == [(View.ROAD_CHECK, Form.CBOR, 0, 3)] * 2


def test_renewals_at_once_never_supersede_each_other(service, wallet, clock):
    """Many batches of one view at the same time: at least the last one to finish is plainly valid."""

    def renew(_: int) -> int:
        own = SimulatedWallet(TestClient(wallet.client.app, base_url="http://testserver"), clock)
        own.key, own.access = wallet.key, wallet.access
        return own.ask("driving_licence.proof.cbor", [Key()]).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(renew, range(12))) == {200}
    with service.database.read() as connection:
        superseded = connection.execute(select(tables.status_cause.c.credential_id)).scalars().all()
    assert len(superseded) == len(set(superseded)) < 12


def test_suspension_and_issuing_at_once_leave_no_credential_without_its_cause(
    service, wallet, clock, licence_authority
):
    """Whichever comes first: what was issued before bears the cause, and nothing is issued after."""

    def issue(_: int) -> int:
        own = SimulatedWallet(TestClient(wallet.client.app, base_url="http://testserver"), clock)
        own.key, own.access = wallet.key, wallet.access
        return own.ask("driving_licence.road_check.cbor", [Key()]).status_code

    def suspend(_: int) -> int:
        own = Authority(TestClient(wallet.client.app, base_url="http://testserver"), licence_authority.key)
        path = f"/authority/licences/{wallet.document_id}/suspensions"
        return own.post(path, {"decision_reference": "S-1"}).status_code

    with ThreadPoolExecutor(6) as pool:
        first = [pool.submit(issue, number) for number in range(6)]
        act = pool.submit(suspend, 0)
        rest = [pool.submit(issue, number) for number in range(6)]
    assert act.result() == 201
    assert {one.result() for one in first + rest} <= {200, 400}
    cause, issued = tables.status_cause, tables.credential
    with service.database.read() as connection:
        made = set(connection.execute(select(issued.c.credential_id)).scalars())
        borne = set(
            connection.execute(
                select(cause.c.credential_id).where(cause.c.cause_class == "authority")
            ).scalars()
        )
    assert made == borne


def test_measure_that_begins_while_a_credential_is_made_reaches_it(
    service, wallet, licence_authority, clock, monkeypatch
):
    """The second between the check of the standing and the record: neither refused nor without its cause, were it read twice."""
    begins = clock.instant + 3_600
    body = {"decision_reference": "S-1", "from": rfc3339(begins), "until": rfc3339(begins + 86_400)}
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    assert licence_authority.post(path, body).status_code == 201
    wallet.renew()
    clock.instant = begins - 1
    wallet.renew()
    real = issue._require_standing

    def slowly(*arguments):
        standing = real(*arguments)
        clock.instant = begins
        return standing

    monkeypatch.setattr(issue, "_require_standing", slowly)
    claims = wallet.get("driving_licence.proof.cbor")[0]
    with service.database.read() as connection:
        state = read_state(connection, service.settings.base_url, 9, clock.instant)
        assert list(compare(connection, "licence", clock.instant)) == []
    number = int(claims.status.uri.rpartition("/")[2])
    assert state.status[Domain.LICENCE][number][claims.status.index] == 2
