"""Who signed: state, window, scope, algorithm, key ids, and one artefact passed off as another (T10 to T17, T61)."""

from __future__ import annotations

import random
import socket
from itertools import product

import pytest

from credentials import credential as credential_codec
from credentials import enrolment_file, points_list, presentation, status_companion, status_list, trust_list
from credentials.cose_key import X25519Key
from credentials.enrolment_file import EnrolmentClaims, ReaderKeyPackage
from credentials.errors import CredentialFormatError
from credentials.spec import DOMAIN_OF, Audience, Domain, Form, Role
from credentials.trust_list import SignerState
from credentials.views import VIEW_SPECS, View
from tests.changed import changed
from tests.simulated_authority import (
    DAY,
    HEALTH_LIST,
    INSTANT,
    LICENCE_LIST,
    PHONE_CAP,
    POINTS_LIST,
    REMOVED,
    SUBJECTS,
    SimulatedAuthority,
    certificate,
    document_signer,
    instant,
    list_signer,
    moment,
    proof,
    reader,
)
from tests.simulated_keys import public_of, signer_key
from tests.simulated_phone import SimulatedPhone, printed, text_of
from verifier.reasons import Outcome, Reason
from verifier.signatures import load_public_key
from verifier.trust import DocumentSigner
from verifier.verify import CANDIDATES, Verifier

AUTHORITY = SimulatedAuthority()
SHOP = AUTHORITY.snapshot(Audience.ANYONE)
AT = moment(INSTANT)


def _shown(issued: bytes, form: Form = Form.CBOR, at: int = INSTANT, view: View = View.PROOF) -> str:
    return SimulatedPhone(0).show(issued, view, form, audience="anyone", at=at)


def _trusting(*signers: DocumentSigner):
    """A shop's terminal whose trust lists hold exactly these signers."""
    found: dict[bytes, tuple[DocumentSigner, ...]] = {}
    for one in signers:
        found[one.key_id] = (*found.get(one.key_id, ()), one)
    return Verifier(SHOP._replace(signers=found))


# --- state and window (T11, T61) ------------------------------------------------------------------------------------

OPENS, CLOSES = instant("2026-10-15"), instant("2026-11-14")
STATES = {
    "announced": (SignerState.ANNOUNCED, None),
    "active": (SignerState.ACTIVE, None),
    "retired": (SignerState.RETIRED, instant("2026-10-25")),
    "retired, instant unknown": (SignerState.RETIRED, None),
    "compromised": (SignerState.COMPROMISED, instant("2026-10-28")),
    "compromised, instant unknown": (SignerState.COMPROMISED, None),
}
ISSUED = {
    "a second before the window": OPENS - 1,
    "the window's first second": OPENS,
    "a second before the retirement": instant("2026-10-25") - 1,
    "the second of the retirement": instant("2026-10-25"),
    "yesterday": INSTANT - DAY,
    "the window's last second": CLOSES - 1,
    "the window's end": CLOSES,
}


def _expected(state: SignerState, since: int | None, issued_at: int) -> Reason:
    if state is SignerState.COMPROMISED:
        return Reason.KEY_REVOKED
    if state is SignerState.RETIRED and (since is None or issued_at >= since):
        return Reason.KEY_REVOKED
    return Reason.OK if OPENS <= issued_at < CLOSES else Reason.KEY_EXPIRED


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("issued", ISSUED)
@pytest.mark.parametrize("later", [60, DAY, 10 * DAY])
def test_t11_t61_state_of_the_signer_and_instant_of_issue(state, issued, later):
    """Every cell: retirement spares what was signed before it, compromise spares nothing, whatever `iat` says."""
    (kind, since), issued_at = STATES[state], ISSUED[issued]
    signer = document_signer("licence", state=kind, state_since=since)
    text = _shown(AUTHORITY.issue(AUTHORITY.claims(proof(), issued_at=issued_at)), at=issued_at + later)
    snapshot = _trusting(DocumentSigner.of(signer.entry())).snapshot._replace(clock_floor=issued_at)
    fresh = {uri: held._replace(issued_at=issued_at + later) for uri, held in snapshot.status_lists.items()}
    trust = {domain: one._replace(issued_at=issued_at + later) for domain, one in snapshot.trust.items()}
    verifier = Verifier(snapshot._replace(status_lists=fresh, trust=trust))
    verdict = verifier.verify(text, at=moment(issued_at + later))
    assert verdict.reason is _expected(kind, since, issued_at)


@pytest.mark.parametrize(
    "issued_at", [OPENS, OPENS + 1, instant("2026-10-28") - 1, instant("2026-10-28"), CLOSES - 1]
)
def test_t61_a_stolen_signer_may_write_any_instant(issued_at):
    """From the window's first second to its last: KEY_REVOKED, and no name."""
    thief = document_signer("licence", "compromised", not_before=OPENS, not_after=CLOSES)
    listed = changed(thief, state=SignerState.COMPROMISED, state_since=instant("2026-10-28"))
    issued = AUTHORITY.issue(AUTHORITY.claims(proof(), issued_at=issued_at), signer=thief)
    verdict = _trusting(DocumentSigner.of(listed.entry())).verify(_shown(issued), at=AT)
    assert verdict.reason is Reason.KEY_REVOKED
    assert verdict.to_json()["claims"] is None


@pytest.mark.parametrize("over", [-1, 0, 1])
@pytest.mark.parametrize("view", View)
def test_t61_life_at_the_cap(view, over):
    """`exp` - `iat` at the cap passes, a second more is CLAIMS_INVALID, for every view and on paper."""
    profile = VIEW_SPECS[view].audience
    key = reader(profile) if VIEW_SPECS[view].sealed else None
    verifier = Verifier(AUTHORITY.snapshot(profile))
    claims = AUTHORITY.claims(SUBJECTS[view](), life=PHONE_CAP + over)
    text = SimulatedPhone(0).show(AUTHORITY.issue(claims), view, audience=profile, at=INSTANT, reader=key)
    assert verifier.verify(text, at=AT).reason is (Reason.CLAIMS_INVALID if over > 0 else Reason.OK)
    if not VIEW_SPECS[view].paper:
        return
    on_paper = AUTHORITY.issue(AUTHORITY.claims(SUBJECTS[view](), phone=None, life=180 * DAY + over))
    verdict = verifier.verify(text_of(printed(Form.CBOR, view, on_paper)), at=AT)
    assert verdict.reason is (Reason.CLAIMS_INVALID if over > 0 else Reason.PAPER)


# --- scope (T12) ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("view", View)
@pytest.mark.parametrize("domain", Domain)
def test_t12_a_signer_signs_its_own_document_types(domain, view, form):
    """Every signer x every view: SIGNER_NOT_ALLOWED off the diagonal."""
    profile = VIEW_SPECS[view].audience
    key = reader(profile) if VIEW_SPECS[view].sealed else None
    issued = AUTHORITY.issue(AUTHORITY.claims(SUBJECTS[view]()), form, signer=document_signer(domain))
    text = SimulatedPhone(0).show(issued, view, form, audience=profile, at=INSTANT, reader=key)
    verdict = Verifier(AUTHORITY.snapshot(profile)).verify(text, at=AT)
    own = DOMAIN_OF[VIEW_SPECS[view].document_type] is domain
    assert verdict.reason is (Reason.OK if own else Reason.SIGNER_NOT_ALLOWED)


def test_t12_a_signer_of_both_types_needs_a_cap_for_the_view():
    """A signer of the right type without a cap for the view may not sign it."""
    signer = document_signer("licence", caps={})
    issued = AUTHORITY.issue(AUTHORITY.claims(proof()))
    verdict = _trusting(DocumentSigner.of(signer.entry())).verify(_shown(issued), at=AT)
    assert verdict.reason is Reason.CLAIMS_INVALID


# --- algorithms and embedded keys (T10, T13) ------------------------------------------------------------------------

COSE = (-7, -8, -9, -19, -35, -36, -37, -38, -47, -257, 0, 1, 4, 5, -65535)
JOSE = (
    "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "es256", "ES256 ",
    "ES256K", "ES384", "EdDSA", "eddsa", "Ed25519", "ESP256",
)  # fmt: skip


@pytest.mark.parametrize("name", ["licence documents", "licence documents eddsa"])
@pytest.mark.parametrize("form", Form)
def test_t13_the_trust_list_decides_the_algorithm(name, form):
    """Every announced algorithm x both kinds of key: only the key's own passes, nothing else ever."""
    signer = document_signer("licence", name=name)
    label, own = (
        (1, signer.algorithm) if form is Form.CBOR else ("alg", {-7: "ES256", -8: "EdDSA"}[signer.algorithm])
    )
    for announced in COSE if form is Form.CBOR else JOSE:
        issued = AUTHORITY.issue(AUTHORITY.claims(proof()), form, signer=signer, header={label: announced})
        verdict = Verifier(SHOP).verify(_shown(issued, form), at=AT)
        assert verdict.reason is (Reason.OK if announced == own else Reason.ALG_NOT_ALLOWED), announced


@pytest.mark.parametrize("announced", [None, True, -7.0, b"ES256", "ES256", [-7], {1: -7}, REMOVED])
def test_t13_an_algorithm_that_is_no_number(announced):
    """A list, a text, a float, nothing: FORMAT_INVALID before any key is looked at."""
    issued = AUTHORITY.issue(AUTHORITY.claims(proof()), header={1: announced})
    assert Verifier(SHOP).verify(_shown(issued), at=AT).reason is Reason.FORMAT_INVALID


def test_t13_an_algorithm_outside_the_signed_header():
    """Only the protected header counts: anything unprotected is FORMAT_INVALID."""
    import cbor2

    issued = cbor2.loads(AUTHORITY.issue(AUTHORITY.claims(proof()), header={1: REMOVED})).value
    for unprotected in ({1: -7}, {1: -7, 4: b"x" * 8}, {4: b"x" * 8}):
        whole = cbor2.dumps(cbor2.CBORTag(18, [issued[0], unprotected, *issued[2:]]))
        assert Verifier(SHOP).verify(_shown(whole), at=AT).reason is Reason.FORMAT_INVALID


def test_t10_embedded_keys_and_addresses_are_refused_without_a_socket(monkeypatch):
    """An attacker's key, chain or address in any header: refused, and nobody is asked for anything."""

    def no_socket(*_: object, **__: object) -> None:
        msg = "verification opened a socket"
        raise AssertionError(msg)

    monkeypatch.setattr(socket, "socket", no_socket)
    outsider = document_signer("licence", name="outsider")
    own = certificate(changed(list_signer("licence", Role.STATUS), name="outsider"), "outsider root")
    headers: list[tuple[Form, dict[object, object]]] = [
        *((Form.CBOR, {label: value}) for label in (32, 33, 34, 35) for value in (own, [own, own], "https://x.example")),
        (Form.CBOR, {-1: {1: 2, -1: 1, -2: bytes(32)}}),
        (Form.CBOR, {8: {1: {1: 2, -1: 1, -2: bytes(32), -3: True}}}),
        *((Form.JWT, {name: value}) for name in ("jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256") for value in ({}, "https://x.example", ["AA=="])),
    ]  # fmt: skip
    for form, header in headers:
        for signer in (outsider, document_signer("licence")):
            issued = AUTHORITY.issue(AUTHORITY.claims(proof()), form, signer=signer, header=header)
            verdict = Verifier(SHOP).verify(_shown(issued, form), at=AT)
            assert verdict.reason is Reason.FORMAT_INVALID, header


# --- key ids (T14, T15) ---------------------------------------------------------------------------------------------


def test_t14_hostile_key_ids(monkeypatch):
    """5,000 key ids: paths, SQL, NULs, numbers, lists, a kilobyte: KEY_UNKNOWN or FORMAT_INVALID, and no file is opened."""
    import builtins

    draw = random.Random(14)
    words = [
        b"../../..",
        b"/etc/pas",
        b"'; DROP ",
        b"\x00" * 8,
        b"%s%s%s%s",
        b"file:///",
        b"CON.txt\x00",
        b"\xff" * 8,
    ]
    kids: list[object] = [
        *words,
        *(draw.randbytes(8) for _ in range(4_000)),
        *(draw.randbytes(draw.choice([0, 1, 7, 9, 16, 255, 900])) for _ in range(900)),
        *("licence", 1, -1, None, True, [b"x" * 8], {1: b"x"}, 1.5, "x" * 900),
    ]
    kids += [draw.choice(words) + draw.randbytes(draw.randrange(9)) for _ in range(5_000 - len(kids))]
    claims = AUTHORITY.claims(proof(), phone=None, life=PHONE_CAP)
    payload = AUTHORITY._payload(Form.CBOR, claims, None)
    issued = [AUTHORITY.issue(claims, header={4: kid}, raw_payload=payload) for kid in kids]
    verifier = Verifier(SHOP)
    monkeypatch.setattr(builtins, "open", lambda *_: pytest.fail("verification opened a file"))
    for kid, one in zip(kids, issued, strict=True):
        verdict = verifier.verify(text_of(printed(Form.CBOR, View.PROOF, one)), at=AT)
        known = isinstance(kid, bytes) and len(kid) == 8
        assert verdict.reason is (Reason.KEY_UNKNOWN if known else Reason.FORMAT_INVALID), kid


@pytest.mark.parametrize("count", [1, 2, CANDIDATES, CANDIDATES + 1])
def test_t15_signers_that_share_a_key_id(count):
    """Up to four are tried, the one that verified is named; more are KEY_UNKNOWN, which bounds the time."""
    names = ["licence documents twin", "outsider", "licence root", "licence enrolment", "both documents"][
        :count
    ]
    shared = b"\x01" * 8
    base = DocumentSigner.of(document_signer("licence").entry())
    signers = [
        base._replace(key_id=shared, name=name, key=load_public_key(public_of(signer_key(name))))
        for name in names
    ]
    verifier = _trusting(*signers)
    for name in names:
        by = document_signer("licence", name=name)
        issued = AUTHORITY.issue(AUTHORITY.claims(proof()), signer=by, header={4: shared})
        verdict = verifier.verify(_shown(issued), at=AT)
        if count > CANDIDATES:
            assert verdict.reason is Reason.KEY_UNKNOWN
        else:
            assert verdict
            assert verdict.signer is not None
            assert verdict.signer.name == name


def test_t15_scope_is_that_of_the_signer_whose_key_verified():
    """Two signers share an id, one for each document type: each is held to its own."""
    licence = DocumentSigner.of(document_signer("licence").entry())
    twin = DocumentSigner.of(document_signer("health").entry())._replace(
        key_id=licence.key_id,
        key=load_public_key(public_of(signer_key("licence documents twin"))),
    )
    by_twin = document_signer("licence", name="licence documents twin")
    issued = AUTHORITY.issue(AUTHORITY.claims(proof()), signer=by_twin, header={4: licence.key_id})
    assert _trusting(licence, twin).verify(_shown(issued), at=AT).reason is Reason.SIGNER_NOT_ALLOWED
    assert _trusting(licence, twin).verify(_shown(AUTHORITY.issue(AUTHORITY.claims(proof()))), at=AT)


# --- one artefact for another (T17) ---------------------------------------------------------------------------------


def _artefacts() -> dict[str, bytes]:
    """One signed message of each kind, all in COSE."""
    credential = AUTHORITY.issue(AUTHORITY.claims(proof()))
    signer, chain = (
        list_signer("licence", Role.ENROLMENT),
        (certificate(list_signer("licence", Role.ENROLMENT)),),
    )
    enrolled = EnrolmentClaims(
        "t", Audience.POLICE, True, INSTANT, {Domain.LICENCE: b"x"}, b"{}", None, None, ()
    )
    to_sign = enrolment_file.prepare(enrolled, algorithm=-7, chain=chain)
    package = enrolment_file.prepare_package(ReaderKeyPackage("t", INSTANT, ()), algorithm=-7, chain=chain)
    return {
        "credential": credential,
        "presentation": SimulatedPhone(0).present(credential, audience="anyone", at=INSTANT),
        "status list": AUTHORITY.status_list(LICENCE_LIST, {}),
        "points list": AUTHORITY.points_list(POINTS_LIST, {}),
        "companion": AUTHORITY.companion(HEALTH_LIST, {}),
        "trust list": AUTHORITY.trust_list(Domain.LICENCE),
        "enrolment": to_sign.with_signature(signer.sign(to_sign.to_be_signed)),
        "reader keys": package.with_signature(signer.sign(package.to_be_signed)),
    }


READERS = {
    "credential": lambda message: credential_codec.read(Form.CBOR, message).decode_claims(),
    "presentation": lambda message: presentation.read(Form.CBOR, message),
    "status list": lambda message: status_list.read_cwt(message).decode(),
    "points list": lambda message: points_list.read(message).decode(),
    "companion": lambda message: status_companion.read(message).decode(),
    "trust list": lambda message: trust_list.read(message).decode(),
    "enrolment": lambda message: enrolment_file.read(message).decode(),
    "reader keys": lambda message: enrolment_file.read_package(message).decode(),
}
ARTEFACTS = _artefacts()


@pytest.mark.parametrize(("kind", "read_as"), list(product(READERS, READERS)))
def test_t17_no_artefact_passes_for_another(kind, read_as):
    """Every kind read as every kind: only the diagonal passes."""
    if kind == read_as:
        READERS[read_as](ARTEFACTS[kind])
    else:
        with pytest.raises(CredentialFormatError):
            READERS[read_as](ARTEFACTS[kind])


@pytest.mark.parametrize("kind", [kind for kind in READERS if kind != "credential"])
def test_t17_no_artefact_passes_for_a_credential_in_a_code(kind):
    """Shown as paper or under a presentation: UNREADABLE."""
    for text in (
        text_of(printed(Form.CBOR, View.PROOF, ARTEFACTS[kind][:2_000])),
        _shown(ARTEFACTS[kind]) if len(ARTEFACTS[kind]) < 2_000 else "LP1:",
    ):
        assert Verifier(SHOP).verify(text, at=AT).outcome is Outcome.UNREADABLE


def test_a_reader_key_is_no_signing_key():
    """X25519 keys are told apart from Ed25519 ones by type, never by their bytes."""
    from verifier.signatures import SignatureInvalid

    with pytest.raises(SignatureInvalid):
        load_public_key(X25519Key(bytes(32)))
