"""Taking and renewing a document over real HTTP, from an honest service and from others."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from credentials import jws
from credentials.cose_key import compress
from credentials.credential import read
from credentials.driving_licence import AgeOver18
from credentials.spec import Audience, Form
from credentials.views import View
from mobile_sim.collect import Wish, add, ask, refresh
from mobile_sim.errors import (
    NothingToShow,
    OfferRefused,
    PhoneError,
    ServiceRefused,
    TrustRefused,
    WalletUnavailable,
)
from mobile_sim.show import show
from mobile_sim.wallet import Wallet
from tests.conftest import INSTANT
from tests.mobile_sim.authority import Authority, Reader
from tests.mobile_sim.simulated_service import SimulatedService, as_json, problem
from tests.sizes import PORTRAIT, claims_of, road_check, signed

pytestmark = pytest.mark.network


def clock() -> float:
    """The phone's own clock: 17 minutes fast."""
    return INSTANT + 1020.0


@pytest.fixture
def service():
    with SimulatedService(readers=(Reader(Audience.POLICE),)) as running:
        yield running


@pytest.fixture
def wallet(tmp_path):
    return Wallet.create(tmp_path / "phone")


def count(service, path):
    return sum(request.path == path for request in service.seen)


def test_document_is_taken_in_both_forms_and_on_paper(service, wallet):
    """Two credentials per view and form, one per paper form; all are ours and decode."""
    document = add(wallet, service.offer(), clock=clock)
    for view in (View.ROAD_CHECK, View.PROOF):
        for form in Form:
            held = document.held(view, form)
            assert len(held) == 2
            for one in held:
                claims = read(form, wallet.credential(document, one)).decode_claims()
                assert claims.device_key == wallet.device_key(document, one).compressed
    assert [len(document.held(View.PROOF, form, paper=True)) for form in Form] == [1, 1]
    assert document.label == "Camille Jeanne"
    assert wallet.document(document.document_id) == document


def test_clock_offset_is_learned_and_applied(service, wallet):
    """The phone is 17 minutes fast: proofs and the trust list are judged by the service's clock from the first call on."""
    document = add(wallet, service.offer(), clock=clock)
    assert abs(wallet.issuer(document.issuer).clock_offset + 1020) <= 1


def test_small_offset_is_the_headers_own_coarseness(service, wallet):
    """One second or less is none."""
    add(wallet, service.offer(), clock=lambda: INSTANT + 1.9)
    assert wallet.issuer(service.url).clock_offset == 0


def test_show_needs_no_service(service, wallet):
    """The server is stopped; sealed and unsealed codes are still made."""
    document = add(wallet, service.offer(), clock=clock)
    service.stop()
    for view in (View.ROAD_CHECK, View.PROOF):
        assert show(wallet, document, view, Form.CBOR, at=INSTANT).text.startswith("LP1:")
    with pytest.raises(WalletUnavailable, match="se montrent sans réseau"):
        refresh(wallet, document, clock=clock)
    left = wallet.document(document.document_id)
    assert [one.name for one in left.credentials] == [one.name for one in document.credentials]
    assert sum(one.uses for one in left.credentials) == 2


def test_refresh_rotates_the_token_and_replaces_every_credential(service, wallet):
    """Old credentials and their keys are gone, the new ones unused."""
    old = add(wallet, service.offer(), clock=clock)
    show(wallet, old, View.PROOF, Form.CBOR, at=INSTANT)
    new = refresh(wallet, wallet.document(old.document_id), clock=clock)
    assert new.refresh_token != old.refresh_token
    assert {one.name for one in new.credentials} & {one.name for one in old.credentials} == set()
    assert len(new.credentials) == len(old.credentials)
    assert {one.uses for one in new.credentials} == {0}
    assert refresh(wallet, new, clock=clock).refresh_token == service.refresh_token


def test_new_refresh_token_is_on_disk_before_anything_else_is_asked(service, wallet):
    """The service dies right after the exchange: the rotated token survives, and so do the old credentials."""
    old = add(wallet, service.offer(), clock=clock)
    service.answer_by["/nonce"] = lambda _: problem(503, "not-ready")
    with pytest.raises(WalletUnavailable):
        refresh(wallet, old, clock=clock)
    left = wallet.document(old.document_id)
    assert left.refresh_token == service.refresh_token != old.refresh_token
    assert left.credentials == old.credentials
    del service.answer_by["/nonce"]
    assert refresh(wallet, left, clock=clock).credentials


def test_interrupted_add_is_completed_by_refresh(service, wallet):
    """The network fell after the first view: what arrived is kept, the rest comes later."""
    calls = iter(range(100))
    honest = service.credential
    service.answer_by["/credential"] = lambda request: (
        problem(500, "internal") if next(calls) else honest(request)
    )
    with pytest.raises(WalletUnavailable):
        add(wallet, service.offer(), clock=clock)
    (document,) = wallet.documents()
    assert len(document.credentials) == 2
    service.answer_by.clear()
    assert len(refresh(wallet, document, clock=clock).credentials) == 10


def test_refused_refresh_says_why_and_keeps_what_is_held(service, wallet):
    """Suspended, revoked, lost: in words of the citizen."""
    old = add(wallet, service.offer(), clock=clock)
    for code, words in (
        ("document-suspended", "suspendu"),
        ("title-gone", "perdu ou volé"),
        ("document-revoked", "retiré"),
        ("wallet-lost", "perdu"),
    ):
        service.answer_by["/token"] = lambda _, code=code: problem(400, code, "invalid_grant")
        with pytest.raises(ServiceRefused, match=words) as refused:
            refresh(wallet, old, clock=clock)
        assert (refused.value.code, refused.value.status) == (code, 400)
    assert wallet.document(old.document_id) == old


def test_view_denied_in_the_present_state_leaves_the_others(service, wallet):
    """`credential-denied` for the road check alone: the proof is still taken."""
    honest = service.credential

    def deny(request):
        return problem(400, "credential-denied") if b"road_check" in request.body else honest(request)

    service.answer_by["/credential"] = deny
    document = add(wallet, service.offer(), clock=clock)
    assert {one.view for one in document.credentials} == {View.PROOF}
    service.answer_by["/credential"] = lambda _: problem(400, "credential-denied")
    service.code = "another"
    with pytest.raises(ServiceRefused, match="état présent"):
        add(wallet, service.offer(), clock=clock)


def test_portrait_is_asked_for_only_where_the_citizen_wants_it(service, wallet):
    """No request for a portrait without the wish, and a paper age only with it."""
    service.subjects[View.AGE_OVER_18] = AgeOver18(age_over_18=True, portrait=PORTRAIT)
    document = add(wallet, service.offer(), clock=clock)
    asked = [json.loads(one.body) for one in service.seen if one.path == "/credential"]
    assert not any("laissez_passer" in one for one in asked)
    service.seen.clear()
    refresh(wallet, document, portraits=(View.AGE_OVER_18,), clock=clock)
    asked = [json.loads(one.body) for one in service.seen if one.path == "/credential"]
    wanted = {
        one["credential_configuration_id"] for one in asked if one.get("laissez_passer") == {"portrait": True}
    }
    assert wanted == {f"driving_licence.age_over_18.{form}" for form in ("cbor", "jwt")}
    assert wallet.document(document.document_id).portraits == (View.AGE_OVER_18,)


@pytest.mark.parametrize(("asked", "given"), [(1, 1), (3, 3), (99, 4)])
def test_batch_is_what_is_asked_for_up_to_the_services_size(service, wallet, asked, given):
    """The metadata's batch size is the most."""
    document = add(wallet, service.offer(), wish=Wish(batch=asked), clock=clock)
    assert len(document.held(View.PROOF, Form.CBOR)) == given


def test_server_nonce_is_answered_once_asked_for(service, wallet):
    """RFC 9449, section 8: the request is repeated with the nonce."""
    service.dpop_nonce = "server-nonce"
    assert add(wallet, service.offer(), clock=clock).credentials


def test_pause_brings_the_token_and_a_proof(service, wallet):
    """The rotated refresh token is kept."""
    document = add(wallet, service.offer(), clock=clock)
    paused = ask(wallet, document, "pause", clock=clock)
    assert count(service, "/wallet/pause") == 1
    assert (
        wallet.document(document.document_id).refresh_token == paused.refresh_token == service.refresh_token
    )
    with pytest.raises(ServiceRefused, match="ne connaît pas cette demande"):
        ask(wallet, paused, "resume", clock=clock)


# --- trust -----------------------------------------------------------------------------------------------------


def test_false_service_never_sees_the_code(service, wallet):
    """The offer pins another root: refused before the code is sent, and nothing is saved."""
    with pytest.raises(TrustRefused, match="pas celle que l'offre annonçait"):
        add(wallet, service.offer(pinned=Authority().pinned), clock=clock)
    assert count(service, "/token") == 0
    assert wallet.documents() == ()
    assert wallet.issuer(service.url) is None


def test_list_of_a_thief_stops_before_the_code(service, wallet):
    """Right root, list signed under another one."""
    service.answer_by["/trust.cose"] = lambda _: (200, {}, Authority().trust_list(service.readers))
    with pytest.raises(TrustRefused):
        add(wallet, service.offer(), clock=clock)
    assert count(service, "/token") == 0


def test_pinned_root_is_never_exchanged(service, wallet):
    """A later offer of the same service with another root."""
    add(wallet, service.offer(), clock=clock)
    service.authority, service.code = Authority(), "another"
    with pytest.raises(TrustRefused, match="une autre autorité"):
        add(wallet, service.offer(), clock=clock)


def test_older_trust_list_is_refused_at_refresh(service, wallet):
    """Version 3, then 2: refused, the newer one stays; then 4 is taken."""
    service.version = 3
    document = add(wallet, service.offer(), clock=clock)
    kept = wallet.trust(service.url, service.authority.domain)
    service.version = 2
    with pytest.raises(TrustRefused, match="plus ancienne"):
        refresh(wallet, document, clock=clock)
    assert wallet.trust(service.url, service.authority.domain) == kept
    service.version = 4
    assert refresh(wallet, document, clock=clock)


# --- what a service might hand out -----------------------------------------------------------------------------


def hand_out(service, change):
    """Let the service answer with its honest credentials, changed."""
    honest = service.credential

    def answer(request):
        status, headers, body = honest(request)
        content = json.loads(body)
        if status == 200:
            content = change(content)
        return as_json(content, status)[0], headers, json.dumps(content).encode()

    service.answer_by["/credential"] = answer


def test_credential_of_another_key_is_not_kept(service, wallet):
    """Two credentials of a batch exchanged: each bears the other's key."""
    hand_out(service, lambda content: {"credentials": content["credentials"][::-1]})
    with pytest.raises(WalletUnavailable, match="autre chose que ce qui était demandé"):
        add(wallet, service.offer(), clock=clock)
    assert wallet.documents()[0].credentials == ()


def test_credential_of_another_view_is_not_kept(service, wallet):
    """A road check where a proof was asked for would give more than the citizen meant to."""
    service.subjects = {View.PROOF: road_check(1)}
    honest = service.configurations

    def issued(_, key):
        service.index += 1
        content = signed(Form.CBOR, claims_of(road_check(1), compress(key), index=service.index))
        return jws.b64url_encode(content)

    service.configurations = lambda: [name for name in honest() if name.endswith("cbor")]
    service.issued = issued
    with pytest.raises(WalletUnavailable, match="autre chose"):
        add(wallet, service.offer(), clock=clock)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: {"credentials": content["credentials"][:1]},
        lambda _: {"credentials": []},
        lambda _: {"credentials": [{"credential": 5}, {"credential": None}]},
        lambda _: {"credentials": [{"credential": "AAAA"}] * 2},
        lambda _: {"credentials": [{"credential": "a.b.c~"}] * 2},
        lambda _: {"transaction_id": "later"},
    ],
    ids=["fewer", "none", "mistyped", "no credential", "no JWT", "deferred"],
)
def test_nonsense_in_place_of_credentials_is_not_kept(service, wallet, change):
    """One clear sentence, and no credential on the phone."""
    hand_out(service, change)
    with pytest.raises(WalletUnavailable):
        add(wallet, service.offer(), clock=clock)
    assert wallet.documents()[0].credentials == ()


def test_one_status_entry_for_two_credentials_is_refused(service, wallet):
    """It would let two visits be joined."""
    issued = service.issued

    def same_index(configuration, key):
        service.index = 5
        return issued(configuration, key)

    service.issued = same_index
    with pytest.raises(WalletUnavailable, match="autre chose"):
        add(wallet, service.offer(), clock=clock)


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b""),
        (200, {}, b"<html>"),
        (200, {}, b"[]"),
        (200, {}, b"\xff\xfe{}"),
        (200, {}, b'{"a":1,"a":2}'),
        (200, {}, b"{" + b" " * 500_000 + b"}"),
        (200, {}, b"[" * 100_000),
        (200, {"Content-Encoding": "gzip"}, b"no gzip"),
        (302, {"Location": "http://127.0.0.1:1/"}, b""),
        (500, {}, b"Traceback (most recent call last)"),
        (400, {}, b'{"error":"MARTIN Camille 2910475123"}'),
        (418, {}, b"\x00" * 100),
    ],
)
@pytest.mark.parametrize(
    "path", ["/.well-known/openid-credential-issuer", "/token", "/nonce", "/credential", "/trust.cose"]
)
def test_any_nonsense_of_the_service_is_one_sentence(service, wallet, path, answer):
    """Never a traceback, never the answer's own text."""
    service.answer_by[path] = lambda _: answer
    with pytest.raises(PhoneError) as refused:
        add(wallet, service.offer(), clock=clock)
    for text in (str(refused.value), refused.value.english):
        assert 20 < len(text) < 300
        assert "MARTIN" not in text
        assert "Traceback" not in text


@pytest.mark.parametrize("path", ["/token", "/trust.cose", "/.well-known/openid-credential-issuer"])
def test_redirect_is_not_followed(service, wallet, path):
    """Neither the code nor a proof goes to an address that the answer names."""
    service.answer_by[path] = lambda _: (307, {"Location": f"{service.url}/elsewhere"}, b"")
    with pytest.raises(PhoneError):
        add(wallet, service.offer(), clock=clock)
    assert count(service, "/elsewhere") == 0


@pytest.mark.parametrize("member", ["credential_endpoint", "nonce_endpoint"])
@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/x", "http://lp.example/x", "file:///etc/passwd", "", 5, "http://["]
)
def test_endpoint_elsewhere_is_not_asked(service, wallet, member, address):
    """The service's own origin, https or loopback."""
    honest = service.issuer_metadata
    service.answer_by["/.well-known/openid-credential-issuer"] = lambda request: as_json(
        {**json.loads(honest(request)[2]), member: address}
    )
    with pytest.raises(OfferRefused):
        add(wallet, service.offer(), clock=clock)
    assert count(service, "/token") == 0


def test_metadata_of_another_issuer_is_refused(service, wallet):
    """The answer names another service than the offer."""
    honest = service.issuer_metadata
    service.answer_by["/.well-known/openid-credential-issuer"] = lambda request: as_json(
        {**json.loads(honest(request)[2]), "credential_issuer": "https://autre.example"}
    )
    with pytest.raises(OfferRefused, match="pas celui de l'offre"):
        add(wallet, service.offer(), clock=clock)


def test_used_code_is_said_in_words(service, wallet):
    """A second phone with the same offer."""
    offer = service.offer()
    add(wallet, offer, clock=clock)
    with pytest.raises(ServiceRefused, match="déjà utilisé"):
        add(wallet, offer, clock=clock)


def test_document_without_refresh_token_says_to_save_it_again(service, wallet):
    """The service gave none."""
    document = add(wallet, service.offer(), clock=clock)
    with pytest.raises(NothingToShow, match="réenregistrez"):
        refresh(wallet, replace(document, refresh_token=None), clock=clock)


def test_offer_behind_an_address_is_fetched(service, wallet):
    """`credential_offer_uri` of the same service; the roots still come with the text."""
    text = service.offer()
    inner = parse_qs(urlsplit(text).query)["credential_offer"][0].encode()
    service.answer_by["/offer/1"] = lambda _: (200, {}, inner)
    pinned = f"lp_root_licence={service.authority.pinned}"
    text = f"openid-credential-offer://?credential_offer_uri={service.url}/offer/1&{pinned}"
    assert add(wallet, text, clock=clock).credentials
