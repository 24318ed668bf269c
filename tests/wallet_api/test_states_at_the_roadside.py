"""Each state of the right and of the title, from the act to the verdict: recorded, published, synced, judged offline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from tests.wallet_api.conftest import approve
from tests.wallet_api.offline_terminals import ANYONE, POLICE, Held, Roadside, collect
from tests.wallet_api.simulated_wallet import Key

ROAD, PROOF, AGE = (f"driving_licence.{view}.cbor" for view in ("road_check", "proof", "age_over_18"))
HOUR, DAY = 3_600, 86_400


@pytest.fixture
def roadside(service, clock, tmp_path) -> Roadside:
    """Two enrolled terminals."""
    return Roadside(service, tmp_path / "terminals", clock)


@pytest.fixture
def held(wallet) -> dict[str, Held]:
    """One credential of each view, as a phone holds them."""
    return {
        "road_check": collect(wallet, ROAD),
        "proof": collect(wallet, PROOF),
        "age_over_18": collect(wallet, AGE, portrait=True),
    }


@pytest.fixture
def act(wallet, licence_authority, supervisor):
    """An act on the licence of the phone, approved where two people decide; gives the id of what was recorded."""
    count = iter(range(1, 99))

    def perform(path: str, **body: object) -> str:
        body = {"decision_reference": f"DECISION-{next(count)}", **body}
        answer = licence_authority.post(f"/authority/licences/{wallet.document_id}/{path}", body)
        if answer.status_code == 202:
            return approve(supervisor, answer).json()["act_id"]
        assert answer.status_code == 201, answer.text
        return answer.json()["measure_id"]

    return perform


@pytest.fixture
def stand(wallet, licence_authority):
    """The computed state of the licence as its authority reads it."""
    return lambda: licence_authority.get(f"/authority/licences/{wallet.document_id}").json()


def _rfc3339(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).isoformat().replace("+00:00", "Z")


def _code(answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def _reasons(roadside: Roadside, held: dict[str, Held]) -> dict[str, tuple[str, str]]:
    return {view: roadside.reasons(one) for view, one in held.items()}


IN_FORCE = {"road_check": ("OK", "ROLE_DENIED"), "proof": ("OK", "OK"), "age_over_18": ("OK", "OK")}


def _only_the_right(reason: str) -> dict[str, tuple[str, str]]:
    """What a measure on the right changes: two views, and never the age."""
    return IN_FORCE | {"road_check": (reason, "ROLE_DENIED"), "proof": (reason, "NOT_IN_FORCE")}


@pytest.mark.parametrize(("verifications", "hours"), [(False, 72), (True, 120)])
def test_retained_licence_ends_by_itself(roadside, held, act, stand, wallet, clock, verifications, hours):
    """72 or 120 h to the second: dates and class for the police, nothing for others; then valid without any act."""
    start = clock.instant
    act("retentions", verifications=verifications)
    roadside.learn()
    assert _reasons(roadside, held) == _only_the_right("SUSPENDED")
    verdict = roadside.judge(held["road_check"], POLICE)
    assert verdict["status"] == {
        "value": "suspended",
        "from": _rfc3339(start),
        "to": _rfc3339(start + hours * HOUR),
        "class": "authority",
    }
    assert (set(verdict["claims"]), verdict["points"]) == (
        {"family_name", "given_names", "display_names"},
        None,
    )
    told = roadside.judge(held["proof"], ANYONE)
    assert (told["outcome"], told["status"], told["claims"]) == ("REFUSED", None, None)
    assert stand()["right"] == {
        "state": "RETENU",
        "since": _rfc3339(start),
        "until": _rfc3339(start + hours * HOUR),
    }
    assert _code(wallet.ask(PROOF, [Key()])) == "credential-denied"
    clock.instant = start + hours * HOUR - 1
    assert roadside.judge(held["road_check"], POLICE)["reason"] == "SUSPENDED"
    assert stand()["right"]["state"] == "RETENU"
    clock.instant += 1
    assert roadside.judge(held["road_check"], POLICE)["reason"] == "SUSPENSION_ENDED"  # the list is old
    assert stand()["right"] == {"state": "VALIDE", "since": None, "until": None}
    roadside.learn()
    assert _reasons(roadside, held) == IN_FORCE
    assert wallet.renew().status_code == 200


def test_retention_is_lifted_at_once(roadside, held, act, stand, clock):
    """R224-5: the alcohol state was not established."""
    made = act("retentions", verifications=True)
    clock.instant += HOUR
    act(f"retentions/{made}/lift")
    roadside.learn()
    assert _reasons(roadside, held) == IN_FORCE
    measure = stand()["measures"][0]
    assert (measure["in_force"], measure["lifted_at"], measure["imposed_by"]) == (
        False,
        _rfc3339(clock.instant),
        "police",
    )


@pytest.mark.parametrize("decided_by", ["prefect", "court"])
def test_suspension_ends_on_its_day(roadside, held, act, stand, clock, decided_by):
    """Refused with its dates until 00:00 in Paris of its end; then valid."""
    act("suspensions", decided_by=decided_by, until="2027-04-30")
    roadside.learn()
    assert _reasons(roadside, held) == _only_the_right("SUSPENDED")
    assert roadside.judge(held["proof"], POLICE)["params"] == {"date": "2027-04-29"}
    assert stand()["right"] == {
        "state": "SUSPENDU",
        "since": _rfc3339(clock.instant),
        "until": "2027-04-29T22:00:00Z",
    }


def test_police_cannot_tell_kinds_of_measures_apart(roadside, held, act, clock):
    """A retention, a prefect's and a court's suspension with the same dates give the same verdict, byte for byte."""
    end = _rfc3339(clock.instant + 72 * HOUR)
    verdicts = []
    for path, body in (
        ("retentions", {"verifications": False}),
        ("suspensions", {"decided_by": "prefect", "until": end, "grave_case": True}),
        ("suspensions", {"decided_by": "court", "until": end}),
    ):
        made = act(path, **body)
        roadside.learn()
        verdict = roadside.judge(held["road_check"], POLICE)
        verdicts.append({name: value for name, value in verdict.items() if name != "lists"})
        act(f"{path}/{made}/lift")
    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert verdicts[0]["reason"] == "SUSPENDED"


def test_gravest_of_two_measures_shows_and_lifting_one_leaves_the_other(roadside, held, act, stand, clock):
    """Retained, then suspended: the longer end is told; the suspension lifted, the retention still holds."""
    start = clock.instant
    act("retentions", verifications=False)
    suspension = act("suspensions", decided_by="prefect", until="2027-01-10")
    roadside.learn()
    assert roadside.judge(held["road_check"], POLICE)["status"]["to"] == "2027-01-09T23:00:00Z"
    assert stand()["right"]["state"] == "SUSPENDU"
    act(f"suspensions/{suspension}/lift")
    roadside.learn()
    assert roadside.judge(held["road_check"], POLICE)["status"]["to"] == _rfc3339(start + 72 * HOUR)
    assert stand()["right"]["state"] == "RETENU"


def test_restriction_replaces_what_was_issued(roadside, held, act, stand, wallet, clock):
    """R224-6: older ones are replaced for good, new ones bear 69 on every category; afterwards the full right again."""
    end = clock.instant + 10 * DAY
    act("restrictions", until=_rfc3339(end))
    roadside.learn()
    assert _reasons(roadside, held) == _only_the_right("REPLACED")
    assert roadside.judge(held["road_check"], POLICE)["status"]["class"] == "replaced"
    assert stand()["right"]["state"] == "RESTREINT_EAD"
    bound = {"road_check": collect(wallet, ROAD), "proof": collect(wallet, PROOF)}
    roadside.learn()
    assert _reasons(roadside, bound) == {view: IN_FORCE[view] for view in bound}
    shown = roadside.judge(bound["road_check"], POLICE)["claims"]["categories"]
    assert [one["restrictions"] for one in shown] == [["69"], ["01.06", "69"], ["01.06", "69"]]
    clock.instant = end
    assert stand()["right"]["state"] == "VALIDE"
    assert wallet.renew().status_code == 200
    full = collect(wallet, ROAD)
    roadside.learn()
    assert roadside.judge(full, POLICE)["reason"] == "OK"
    assert roadside.judge(full, POLICE)["claims"]["categories"][0]["restrictions"] == []
    assert roadside.judge(bound["road_check"], POLICE)["reason"] == "SUPERSEDED"
    assert _reasons(roadside, held)["proof"] == ("REPLACED", "NOT_IN_FORCE")


def test_lifted_restriction_revives_nothing(roadside, held, act, wallet, clock):
    """The full right comes with a renewed licence, never with the one that the order replaced."""
    made = act("restrictions", until="2027-06-01")
    clock.instant += HOUR
    act(f"restrictions/{made}/lift")
    roadside.learn()
    assert _reasons(roadside, held) == _only_the_right("REPLACED")
    assert wallet.renew().status_code == 200
    assert collect(wallet, PROOF).claims.subject.categories[0].restrictions == ()


def test_annulled_licence_is_revoked_for_good(roadside, held, act, stand, wallet, licence_authority):
    """A court's annulment: revoked with its date for the police; no renewal, no lift, no second annulment."""
    made = act("annulments")
    roadside.learn()
    assert _reasons(roadside, held) == _only_the_right("REVOKED")
    verdict = roadside.judge(held["road_check"], POLICE)
    assert (verdict["params"], verdict["status"]["to"]) == ({"date": "2026-11-01T10:00:00Z"}, None)
    assert stand()["right"]["state"] == "ANNULE"
    assert _code(wallet.renew()) == "document-revoked"
    path = f"/authority/licences/{wallet.document_id}"
    for end, code in ((f"suspensions/{made}/lift", "not-a-suspension"), ("annulments", "already-revoked")):
        answer = licence_authority.post(f"{path}/{end}", {"decision_reference": "AGAIN-1"})
        assert (answer.status_code, _code(answer)) == (409, code)


@pytest.mark.parametrize(("circumstance", "state"), [("lost", "lost"), ("stolen", "stolen")])
def test_gone_title_takes_every_view_and_a_new_one_is_issued_later(
    roadside, held, act, stand, wallet, clock, circumstance, state
):
    """The age too; the right stays; nothing is issued before the new title; what was revoked stays so."""
    made = act("title-losses", circumstance=circumstance)
    roadside.learn()
    gone = {"road_check": ("REVOKED", "ROLE_DENIED")} | dict.fromkeys(
        ("proof", "age_over_18"), ("REVOKED", "NOT_IN_FORCE")
    )
    assert _reasons(roadside, held) == gone
    assert (stand()["right"]["state"], stand()["title"]) == ("VALIDE", state)
    assert _code(wallet.renew()) == "title-gone"
    assert _code(wallet.ask(AGE, [Key()])) == "credential-denied"
    clock.instant += DAY
    act(f"title-losses/{made}/replacement")
    assert stand()["title"] == "held"
    assert wallet.renew().status_code == 200
    new = {"road_check": collect(wallet, ROAD), "age_over_18": collect(wallet, AGE, portrait=True)}
    roadside.learn()
    assert _reasons(roadside, new) == {view: IN_FORCE[view] for view in new}
    assert _reasons(roadside, held) == gone


def test_expired_title_is_told_and_refuses_nothing(roadside, service, wallet, clock):
    """The card is due for renewal, the right remains: a person checks; the age knows no title."""

    class Expiring:
        def find(self, reference, basis):
            return replace(service.licences.find(reference, basis), expiry_date=date(2026, 11, 1))

    wallet.client.app.state.service = replace(service, licences=Expiring())
    held = {
        "road_check": collect(wallet, ROAD),
        "proof": collect(wallet, PROOF),
        "age_over_18": collect(wallet, AGE, portrait=True),
    }
    roadside.learn()
    assert _reasons(roadside, held) == IN_FORCE
    clock.instant = 1_793_573_999  # 2026-11-01T23:59:59 in Paris
    assert _reasons(roadside, held) == IN_FORCE
    clock.instant += 1
    roadside.learn()
    assert _reasons(roadside, held) == IN_FORCE | {
        "road_check": ("TITLE_EXPIRED", "ROLE_DENIED"),
        "proof": ("TITLE_EXPIRED", "TITLE_EXPIRED"),
    }
    told = roadside.judge(held["proof"], ANYONE)
    assert (told["outcome"], told["params"]) == ("CHECK", {"date": "2026-11-01"})


def test_licence_without_points_is_invalid_and_outranks_every_measure(
    roadside, held, act, stand, wallet, licence_authority
):
    """Zero points end the right for good: revoked for the police, whatever else stands against it; the age stays."""
    act("suspensions", decided_by="prefect", until="2027-04-30")
    for number in (1, 2):
        assert licence_authority.withdraw(wallet.document_id, 6, f"LOSS-{number}").status_code == 201
    roadside.learn()
    assert _reasons(roadside, held) == _only_the_right("REVOKED")
    assert (stand()["right"]["state"], stand()["right"]["until"]) == ("INVALIDE", None)
    assert _code(wallet.ask(PROOF, [Key()])) == "credential-denied"


# Administrative measures before a court (L224-9)


@pytest.mark.parametrize("ground", ["acquittal", "no_case", "no_restriction"])
def test_voided_suspension_counts_as_never_taken(roadside, held, act, stand, ground):
    """The court's answer undoes the prefect's measure; the credential was never revoked, so it is valid again."""
    made = act("suspensions", decided_by="prefect", until="2027-04-01")
    roadside.learn()
    assert _reasons(roadside, held) == _only_the_right("SUSPENDED")
    act(f"measures/{made}/voiding", ground=ground)
    roadside.learn()
    assert _reasons(roadside, held) == IN_FORCE
    assert stand()["right"]["state"] == "VALIDE"
    assert [(one["kind"], one["void"]) for one in stand()["measures"]] == [("suspension", True)]


def test_voided_restriction_revives_nothing(roadside, held, act, stand):
    """What the order replaced stays replaced (ARF VCR_04), though the order counts as never given."""
    made = act("restrictions", until="2027-04-01")
    roadside.learn()
    act(f"measures/{made}/voiding", ground="acquittal")
    roadside.learn()
    assert stand()["right"]["state"] == "VALIDE"
    assert _reasons(roadside, held) == _only_the_right("REPLACED")


def test_voiding_reaches_what_is_over_or_lifted_and_happens_once(
    act, stand, wallet, licence_authority, clock
):
    """An acquittal comes late: the measure is void although it ended; a second voiding is refused."""
    retention = act("retentions", verifications=False)
    suspension = act("suspensions", decided_by="prefect", until="2027-04-01")
    act(f"suspensions/{suspension}/lift")
    clock.instant += 30 * DAY
    for one in (retention, suspension):
        act(f"measures/{one}/voiding", ground="acquittal")
    assert all(one["void"] for one in stand()["measures"])
    path = f"/authority/licences/{wallet.document_id}/measures/{retention}/voiding"
    answer = licence_authority.post(path, {"decision_reference": "AGAIN-1", "ground": "no_case"})
    assert (answer.status_code, _code(answer)) == (409, "already-lifted")


@pytest.mark.parametrize("path", ["suspensions", "annulments"])
def test_administrative_measure_stops_with_the_courts(roadside, held, act, stand, clock, path):
    """The court's shorter suspension ends the prefect's longer one; an annulment ends it too."""
    prefects = act("suspensions", decided_by="prefect", until="2027-04-30")
    clock.instant += 1
    court = {} if path == "annulments" else {"decided_by": "court", "until": "2026-12-24"}
    act(path, ends=prefects, **court)
    roadside.learn()
    first, second = stand()["measures"]
    assert (first["in_force"], second["in_force"]) == (False, True)
    if path == "suspensions":
        assert stand()["right"]["until"] == "2026-12-23T23:00:00Z"
        assert roadside.judge(held["road_check"], POLICE)["status"]["to"] == "2026-12-23T23:00:00Z"
    else:
        assert stand()["right"]["state"] == "ANNULE"


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("suspensions", {"decided_by": "prefect"}, 422, "measure-too-long"),
        ("suspensions", {"decided_by": "prefect", "until": "2027-05-02"}, 422, "measure-too-long"),
        ("suspensions", {"decided_by": "prefect", "grave_case": True, "until": "2027-11-02"}, 422, "measure-too-long"),
        ("suspensions", {"decided_by": "police"}, 422, "content-refused"),
        ("suspensions", {"decided_by": "prefect", "until": "2026-12-01", "ends": "0" * 32}, 409, "not-administrative"),
        ("suspensions", {"decided_by": "court", "ends": "0" * 32}, 409, "already-lifted"),
        ("restrictions", {"until": "2027-11-02"}, 422, "measure-too-long"),
        ("restrictions", {"until": "2026-10-01"}, 422, "dates-out-of-order"),
        ("restrictions", {}, 422, "content-refused"),
        ("retentions", {}, 422, "content-refused"),
        ("retentions", {"verifications": "yes"}, 422, "content-refused"),
        ("retentions", {"verifications": True, "from": "2026-11-01T10:00:01Z"}, 422, "dates-out-of-order"),
        ("retentions", {"verifications": False, "from": "2026-10-29T10:00:00Z"}, 422, "dates-out-of-order"),
        ("suspensions", {"from": "9999-12-01", "until": "9999-12-31", "decided_by": "prefect"}, 422, "content-refused"),
        ("suspensions", {"until": "9999-12-31T23:59:59-14:00"}, 422, "content-refused"),
        ("suspensions", {"from": "2200-01-01"}, 422, "content-refused"),
        ("suspensions", {"from": "1899-12-31", "until": "2027-01-01"}, 422, "content-refused"),
        ("restrictions", {"from": "9999-12-01", "until": "9999-12-31"}, 422, "content-refused"),
        ("retentions", {"verifications": True, "from": "0001-01-01T00:00:00+14:00"}, 422, "content-refused"),
        ("suspensions", {"until": "20261201000000"}, 422, "content-refused"),
        ("suspensions", {"until": 1_796_083_200}, 422, "content-refused"),
        ("suspensions", {"until": "1796083200"}, 422, "content-refused"),
        ("suspensions", {"until": "2026-12-01T00:00:00"}, 422, "content-refused"),
        ("suspensions", {"until": "2026-12-01 00:00:00Z"}, 422, "content-refused"),
        ("title-losses", {"circumstance": "eaten"}, 422, "content-refused"),
        (f"retentions/{'0' * 32}/lift", {}, 404, "not-found"),
        (f"measures/{'0' * 32}/voiding", {"ground": "acquittal"}, 404, "not-found"),
        (f"measures/{'0' * 32}/voiding", {"ground": "guilt"}, 422, "content-refused"),
    ],
)  # fmt: skip
def test_measure_that_the_law_does_not_know_is_refused(wallet, licence_authority, path, body, status, code):
    """Too long, out of order, by nobody who may, about nothing: one problem each, and nothing is recorded."""
    root = f"/authority/licences/{wallet.document_id}"
    answer = licence_authority.post(f"{root}/{path}", {"decision_reference": "BAD-1", **body})
    assert (answer.status_code, _code(answer)) == (status, code)
    assert licence_authority.get(root).json()["measures"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("suspensions", {"decided_by": "prefect", "from": "2026-11-01", "until": "2027-05-01"}),
        ("suspensions", {"decided_by": "prefect", "from": "2026-11-01", "grave_case": True, "until": "2027-11-01"}),
        ("restrictions", {"from": "2026-11-01", "until": "2027-11-01"}),
        ("retentions", {"verifications": False, "from": "2026-10-29T10:00:01Z"}),
    ],
)  # fmt: skip
def test_longest_measure_of_the_law_is_recorded(act, path, body):
    """Exactly the limit passes."""
    act(path, **body)


def test_lift_of_another_kind_is_not_found(act, wallet, licence_authority):
    """A retention is not lifted under suspensions, nor a suspension under retentions; a court's act is not voided."""
    ids = {
        "retentions": act("retentions", verifications=False),
        "suspensions": act("suspensions", until="2026-12-01"),
    }
    root = f"/authority/licences/{wallet.document_id}"
    for path, other in (("retentions", "suspensions"), ("suspensions", "retentions")):
        answer = licence_authority.post(f"{root}/{path}/{ids[other]}/lift", {"decision_reference": "BAD-1"})
        assert (answer.status_code, _code(answer)) == (404, "not-found")
    body = {"decision_reference": "BAD-2", "ground": "acquittal"}
    answer = licence_authority.post(f"{root}/measures/{ids['suspensions']}/voiding", body)
    assert (answer.status_code, _code(answer)) == (409, "not-administrative")
