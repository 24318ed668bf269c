"""What is published after each act, read back as a terminal or a stranger would."""

from __future__ import annotations

from pathlib import Path

import pytest

from credentials import points_list, status_companion, status_list
from credentials.cose_key import X25519Key
from credentials.enrolment_file import EnrolmentRequest
from credentials.spec import Audience
from credentials.status_companion import EntryClass
from tests.wallet_api.conftest import approve
from tests.wallet_api.simulated_wallet import SimulatedWallet
from verifier.signatures import load_public_key, verify_signature
from wallet_api.publication.run import publish_now
from wallet_api.terminals.enrol import enrol_terminal, report_lost


def _status(service, claims) -> int:
    number = claims.status.uri.rpartition("/")[2]
    path = service.settings.published_folder / f"public/targets/status/licence/{number}.cwt"
    return status_list.read_cwt(path.read_bytes()).decode().entries.get(claims.status.index)


def _companion(service, claims):
    path = service.settings.published_folder / "police/targets/police/companion/1.cose"
    return status_companion.read(path.read_bytes()).decode().entries.get(claims.status.index)


def _points(service, claims) -> int:
    entry = claims.subject.points_entry
    path = service.settings.published_folder / f"police/targets/police/points/{entry.list_number}.cose"
    return points_list.read(path.read_bytes()).decode().entries.get(entry.index)


ROAD, PROOF, AGE = (f"driving_licence.{view}.cbor" for view in ("road_check", "proof", "age_over_18"))


def test_unpublished_credential_reads_as_valid(service, wallet):
    """Lists are born full size: what was issued since the last edition has entry 0, and no points yet."""
    claims = wallet.get(ROAD)[0]
    assert (_status(service, claims), _points(service, claims)) == (0, 15)


def test_withdrawal_shows_in_the_points_list_of_the_old_credential(service, wallet, licence_authority):
    """The old credential is superseded and its entry says 9; a refreshed one is valid and says 9."""
    old = wallet.get(ROAD)[0]
    licence_authority.withdraw(wallet.document_id, 3, "D-1")
    new = wallet.get(ROAD)[0]
    publish_now(service)
    assert (_status(service, old), _points(service, old)) == (3, 9)
    assert (_status(service, new), _points(service, new)) == (0, 9)
    assert _companion(service, old) is None


def test_suspension_and_lift_follow_the_causes(service, wallet, licence_authority, clock):
    """Suspended: 2 with class and dates. Lifted: the newest is 0 again, the older stays 3: nothing is revived."""
    older, newest, age = wallet.get(ROAD)[0], wallet.get(ROAD)[0], wallet.get(AGE)[0]
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    made = licence_authority.post(path, {"decision_reference": "S-1", "until": "2026-12-24"}).json()
    publish_now(service)
    assert [_status(service, one) for one in (older, newest, age)] == [2, 2, 0]
    entry = _companion(service, newest)
    assert (entry.entry_class, entry.since, entry.until) == (
        EntryClass.AUTHORITY,
        clock.instant,
        1_798_066_800,
    )
    licence_authority.post(f"{path}/{made['measure_id']}/lift", {"decision_reference": "S-2"})
    clock.instant += 60
    publish_now(service)
    assert [_status(service, one) for one in (older, newest, age)] == [3, 0, 0]


def test_revocation_outweighs_and_stays(service, wallet, licence_authority, supervisor, clock):
    """The gravest cause wins: 1 over the suspension and the newer credential, in every later edition."""
    old, new, proof = wallet.get(ROAD)[0], wallet.get(ROAD)[0], wallet.get(PROOF)[0]
    path = f"/authority/licences/{wallet.document_id}"
    licence_authority.post(f"{path}/suspensions", {"decision_reference": "S-1"})
    approve(supervisor, licence_authority.post(f"{path}/revocations", {"decision_reference": "R-1"}))
    for _ in range(2):
        publish_now(service)
        assert [_status(service, one) for one in (old, new, proof)] == [1, 1, 1]
        assert _companion(service, new).entry_class is EntryClass.AUTHORITY
        clock.instant += 3600


def test_pause_is_reversible_and_lifts_no_measure(service, wallet, licence_authority, clock):
    """Paused: 2, class holder; with a suspension: class authority; resumed: the measure stays."""
    claims = wallet.get(ROAD)[0]
    assert wallet.post("/wallet/pause", {}).status_code == 204
    assert wallet.ask(ROAD, [wallet.key]).json()["error"] == "credential_request_denied"
    publish_now(service)
    assert (_status(service, claims), _companion(service, claims).entry_class) == (2, EntryClass.HOLDER)
    path = f"/authority/licences/{wallet.document_id}/suspensions"
    made = licence_authority.post(path, {"decision_reference": "S-1"}).json()
    assert wallet.post("/wallet/resume", {}).status_code == 204
    clock.instant += 1
    publish_now(service)
    assert (_status(service, claims), _companion(service, claims).entry_class) == (2, EntryClass.AUTHORITY)
    licence_authority.post(f"{path}/{made['measure_id']}/lift", {"decision_reference": "S-2"})
    clock.instant += 1
    publish_now(service)
    assert _status(service, claims) == 0


def test_lost_phone_is_revoked_apart_from_its_paper(service, wallet, licence_authority):
    """Class device for what the phone holds; the printed sheet is not on the phone."""
    claims = wallet.get(ROAD)[0]
    paper = wallet.get(f"{PROOF}.paper")[0]
    path = f"/authority/licences/{wallet.document_id}"
    phone = licence_authority.get(path).json()["wallets"][0]["wallet_id"]
    licence_authority.post(f"{path}/wallets/{phone}/losses", {"decision_reference": "L-1"})
    publish_now(service)
    assert (_status(service, claims), _companion(service, claims).entry_class) == (1, EntryClass.DEVICE)
    assert _status(service, paper) == 0


def test_right_that_shrank_replaces_what_was_issued(service, wallet, client, clock, offer):
    """A category lost in the registry: the next issue makes older credentials 1, class replaced, on every phone."""
    from dataclasses import replace

    other = SimulatedWallet(client, clock)
    other.take(offer().uri)
    held = [wallet.get(ROAD)[0], wallet.get(PROOF)[0], other.get(ROAD)[0], wallet.get(AGE)[0]]

    class Shrunk:
        def find(self, reference, basis):
            record = service.licences.find(reference, basis)
            return replace(record, categories=record.categories[:1])

    from starlette.testclient import TestClient

    from wallet_api.app import create_app

    shrunk = replace(service, licences=Shrunk())
    wallet.client = TestClient(create_app(service.settings, shrunk), base_url="http://testserver")
    new = wallet.get(ROAD)[0]
    publish_now(service)
    assert [_status(service, one) for one in (*held, new)] == [1, 1, 1, 0, 0]
    assert _companion(service, held[0]).entry_class is EntryClass.REPLACED


def test_publishing_after_each_act_when_the_settings_say_so(service, wallet):
    """With LP_PUBLISH_AFTER_ACTS the edition follows the act without a command."""
    from dataclasses import replace

    from wallet_api.publication.run import publish_after_act

    claims = wallet.get(ROAD)[0]
    publish_after_act(service)
    assert _points(service, claims) == 15
    publish_after_act(replace(service, settings=replace(service.settings, publish_after_acts=True)))
    assert _points(service, claims) == 12


def test_editions_rise_and_never_repeat(service):
    """Each publication takes a higher number than every one before."""
    editions = [publish_now(service).edition for _ in range(3)]
    assert editions == [2, 3, 4]


# Over HTTP


def test_public_tree_is_free_and_has_etags(client):
    """The same bytes as the folder, 304 when the client has them, HEAD-free."""
    answer = client.get("/tuf/public/targets/trust/licence.cose")
    assert answer.status_code == 200
    again = client.get(
        "/tuf/public/targets/trust/licence.cose", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/tuf/public/../service.json",
        "/tuf/public/%2e%2e/%2e%2e/service.json",
        "/tuf/public/targets/%2e%2e/%2e%2e/%2e%2e/service.json",
        "/tuf/public//etc/passwd",
        "/tuf/public/targets",
        "/tuf/public/targets/police/points/1.cose",
        "/tuf/public/metadata/police.json",
        "/tuf/public/targets/trust/licence.cose%00",
        "/tuf/public/.lock",
        "/tuf/elsewhere/metadata/root.json",
        "/s/l/0",
        "/s/l/999",
        "/s/x/1",
    ],
)
def test_nothing_but_published_files_is_served(client, path):
    """T38, T47: no traversal, no folder, no other tree's files."""
    assert client.get(path).status_code in {404, 422}


def test_police_tree_opens_to_its_own_mirror_secret(service, client):
    """The secret of a police terminal opens the police tree, not the health tree; a lost terminal's opens neither."""
    secret = _enrolled_secret(service, "terminal-1", Audience.POLICE)
    path = "targets/police/points/1.cose"
    assert client.get(f"/tuf/police/{path}").status_code == 401
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get(f"/tuf/police/{path}", headers=headers).status_code == 200
    assert client.get("/tuf/health/metadata/timestamp.json", headers=headers).status_code == 401
    report_lost(service, "terminal-1")
    assert client.get(f"/tuf/police/{path}", headers=headers).status_code == 401


def _enrolled_secret(service, name: str, profile: Audience) -> str:
    from cryptography.hazmat.primitives.asymmetric import x25519

    from credentials import enrolment_file
    from credentials.sealed import enrolment_info
    from keys.reader_keys import _SUITE

    private = x25519.X25519PrivateKey.generate()
    request = EnrolmentRequest(name, X25519Key(private.public_key().public_bytes_raw()))
    sealed = enrol_terminal(service, request, profile, test_mode=False)
    claims = enrolment_file.read(_SUITE.decrypt(sealed, private, enrolment_info(name))).decode()
    assert claims.mirror_url == f"http://testserver/tuf/{profile}"
    return claims.mirror_secret


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/statuslist+jwt", "application/statuslist+jwt"),
        ("application/statuslist+cwt", "application/statuslist+cwt"),
        ("*/*", "application/statuslist+jwt"),
    ],
)
def test_status_list_is_served_at_its_uri(service, client, accept, kind):
    """Both forms of the Token Status List, by the Accept header, under the status signer's key."""
    from credentials.spec import Domain, Role

    answer = client.get("/s/l/1", headers={"Accept": accept})
    assert answer.headers["content-type"] == kind
    read = status_list.read_jwt(answer.text) if kind.endswith("jwt") else status_list.read_cwt(answer.content)
    signer = service.keys.active(Domain.LICENCE, Role.STATUS)
    verify_signature(load_public_key(signer.public_key), -7, read.signature, read.to_be_signed)
    assert read.decode().uri == "http://testserver/s/l/1"


def test_status_list_in_a_form_that_is_not_made_is_refused(client):
    """406 for anything else."""
    assert client.get("/s/h/1", headers={"Accept": "text/html"}).status_code == 406


def test_terminal_installs_its_file_and_syncs_from_the_folder(service, wallet, tmp_path: Path):
    """The terminal's own code accepts the enrolment and the police tree, and holds the lists of the last edition."""
    from verifier import enrolment, sync

    request = enrolment.request(tmp_path / "store")
    store = enrolment.install(
        tmp_path / "store", enrol_terminal(service, request, Audience.POLICE, test_mode=False)
    )
    wallet.get(ROAD)
    publish_now(service)
    sync.sync(store, str(service.settings.published_folder / "police"), at=service.clock.now())


def test_terminal_may_ask_again_with_its_own_key_alone(service):
    """The same request gets a new file; another key under the known name is refused."""
    from wallet_api.problems import WalletError

    request = EnrolmentRequest("terminal-2", X25519Key(bytes(range(32))))
    enrol_terminal(service, request, Audience.ANYONE, test_mode=False)
    enrol_terminal(service, request, Audience.ANYONE, test_mode=False)
    other = EnrolmentRequest("terminal-2", X25519Key(bytes(range(1, 33))))
    with pytest.raises(WalletError):
        enrol_terminal(service, other, Audience.ANYONE, test_mode=False)
