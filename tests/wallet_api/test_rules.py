"""Pure rules of the service: majority, what grants as much, audit chain, settings, clock."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import delete, update

from credentials.driving_licence import DrivingPrivilege
from credentials.person import BirthDate
from credentials.spec import DocumentType
from wallet_api import audit, tables
from wallet_api.clock import rfc3339, system_clock
from wallet_api.issuance.grants import Grants, grants_of
from wallet_api.issuance.subjects import is_adult, licence_subject
from wallet_api.registries.adapters import ISSUING_LICENCE
from wallet_api.registries.fictitious import PEOPLE, FictitiousLicences, FictitiousRights, licence_references
from wallet_api.registries.portraits import draw_portrait
from wallet_api.roles import SERVICE
from wallet_api.settings import SettingsRefused, from_environment, read_settings, write_service_file

TODAY = date(2026, 11, 22)


@pytest.mark.parametrize(
    ("birth", "today", "adult"),
    [
        (BirthDate(2008, 11, 22), TODAY, True),
        (BirthDate(2008, 11, 23), TODAY, False),
        (BirthDate(2008, 2, 29), date(2026, 2, 28), False),
        (BirthDate(2008, 2, 29), date(2026, 3, 1), True),
        (BirthDate(2008, 10), date(2026, 10, 30), False),
        (BirthDate(2008, 10), date(2026, 10, 31), True),
        (BirthDate(2008), date(2026, 12, 30), False),
        (BirthDate(2008), date(2026, 12, 31), True),
    ],
)
def test_majority_waits_for_the_last_possible_birthday(birth, today, adult):
    """An unknown day or month counts as the last one; the leap day comes of age on 1 March."""
    assert is_adult(birth, today) is adult


def _grants(*privileges: DrivingPrivilege) -> Grants:
    return Grants.from_text(Grants("licence", {one.code: _entry(one) for one in privileges}).to_text())


def _entry(one: DrivingPrivilege):
    return (
        one.valid_from.isoformat(),
        one.valid_to.isoformat() if one.valid_to else "9999-12-31",
        one.restrictions,
    )


START = date(2010, 1, 1)
B = DrivingPrivilege("B", START)
B_GLASSES = DrivingPrivilege("B", START, None, ("01.06",))
C_SHORT = DrivingPrivilege("C", START, date(2027, 1, 1))
C_LONG = DrivingPrivilege("C", START, date(2030, 1, 1))
C_OVER = DrivingPrivilege("C", START, date(2026, 11, 21))


@pytest.mark.parametrize(
    ("newer", "older", "covers"),
    [
        ([B], [B], True),
        ([B, C_SHORT], [B], True),
        ([B], [B, C_SHORT], False),
        ([C_LONG], [C_SHORT], True),
        ([C_SHORT], [C_LONG], False),
        ([B], [B_GLASSES], True),
        ([B_GLASSES], [B], False),
        ([B], [B, C_OVER], True),
    ],
)
def test_newer_grants_as_much_unless_something_still_in_force_is_lost(newer, older, covers):
    """More categories, later ends, fewer restrictions; what has ended is no loss."""
    assert _grants(*newer).covers(_grants(*older), TODAY) is covers


def test_grants_name_nobody(made_home):
    """The text kept in the database holds categories and dates, no name and no number."""
    licences = FictitiousLicences(made_home.home / "registries" / "portraits")
    for reference in licence_references():
        record = licences.find(reference, ISSUING_LICENCE)
        for view in ("road_check", "proof", "age_over_18"):
            subject = licence_subject(
                view, record, today=TODAY, portrait=False, points=None, points_entry=None
            )
            text = grants_of(subject).to_text()
            for secret in (record.family_name, record.given_names, record.licence_number, record.neph):
                assert secret not in text


def test_registries_share_no_reference():
    """The two domains cannot be joined by what is stored (france.md, section 11)."""
    references = [one for person in PEOPLE.values() for one in person.references.values()]
    assert len(set(references)) == len(references)
    parts = [one.partition("-")[2] for one in references]
    assert len(set(parts)) == len(parts)


def test_fictitious_people_are_whole(made_home):
    """Everybody in the phone book exists, and rights are as fresh as the question."""
    licences, rights = FictitiousLicences(made_home.home), FictitiousRights()
    for person in PEOPLE.values():
        for kind, reference in person.references.items():
            found = (
                licences.find(reference, ISSUING_LICENCE)
                if kind == "driving_licence"
                else rights.find(reference, ISSUING_LICENCE, 1_700_000_000)
            )
            assert found is not None
    assert licences.find("nobody", ISSUING_LICENCE) is None
    assert rights.find("nobody", ISSUING_LICENCE, 0) is None


@pytest.mark.parametrize("reference", licence_references())
def test_portrait_fits_its_budget_and_differs(reference):
    """At most 600 bytes, drawn from the reference alone."""
    assert len(draw_portrait(reference)) <= 600
    assert draw_portrait(reference) == draw_portrait(reference)
    assert draw_portrait(reference) != draw_portrait(reference + "x")


# Audit


def _append(service, count: int) -> None:
    with service.database.write() as connection:
        for number in range(count):
            audit.append(
                connection,
                SERVICE,
                now=number,
                actor_id="0" * 32,
                act="test",
                subject_id="x",
                detail={"n": number},
            )


def _broken(service):
    with service.database.read() as connection:
        return audit.verify(connection, SERVICE)


def test_audit_chain_of_untouched_rows_holds(service):
    """An empty chain holds, and so does one of several rows."""
    assert _broken(service) is None
    _append(service, 5)
    assert _broken(service) is None


@pytest.mark.parametrize("field", ["detail", "act", "recorded_at", "actor_id", "subject_id"])
def test_audit_names_the_row_that_was_edited(service, field):
    """T44: one changed field of row 3, and the checker says 3."""
    _append(service, 5)
    table = tables.audit_entry
    with service.database.write() as connection:
        value = 99 if field == "recorded_at" else "changed"
        connection.execute(update(table).where(table.c.sequence == 3).values(**{field: value}))
    assert _broken(service).sequence == 3


@pytest.mark.parametrize(("dropped", "named"), [(1, 1), (3, 3), (5, 5)])
def test_audit_names_the_row_that_was_dropped(service, dropped, named):
    """The first, one in the middle, and the last, which only the head remembers."""
    _append(service, 5)
    table = tables.audit_entry
    with service.database.write() as connection:
        connection.execute(delete(table).where(table.c.sequence == dropped))
    assert _broken(service).sequence == named


def test_acts_leave_audit_rows_without_personal_data(service, wallet, licence_authority):
    """Each act is in the chain, by opaque ids alone."""
    from sqlalchemy import select

    licence_authority.withdraw(wallet.document_id, 3, "D-1")
    with service.database.read() as connection:
        rows = connection.execute(select(tables.audit_entry)).mappings().all()
        assert audit.verify(connection, "licence") is None
    assert {"registry_asked", "loss"} <= {row["act"] for row in rows}
    text = json.dumps([dict(row) for row in rows])
    assert "MARTIN" not in text
    assert "24AA00017" not in text


# Settings and clock


def test_settings_have_safe_defaults(tmp_path):
    """Nothing set: no publishing after acts, no moved clock, the lives of decisions.md."""
    settings = from_environment({}, tmp_path, base_url="http://127.0.0.1:1", demo=False)
    assert (settings.publish_after_acts, settings.test_now) == (False, "")
    assert (settings.credential_seconds, settings.paper_seconds) == (14 * 86_400, 180 * 86_400)


@pytest.mark.parametrize(
    "environment",
    [
        {"LP_CREDENTIAL_DAYS": "15"},
        {"LP_CREDENTIAL_DAYS": "x"},
        {"LP_PAPER_DAYS": "181"},
        {"LP_BATCH_SIZE": "1"},
        {"LP_NONCE_SECONDS": "-5"},
        {"LP_PUBLISH_AFTER_ACTS": "yes"},
        {"LP_TEST_NOW": "2026-11-22T00:00:00Z"},
    ],
)
def test_setting_outside_its_range_is_refused_by_name(tmp_path, environment):
    """The text names the variable."""
    with pytest.raises(SettingsRefused, match=next(iter(environment))):
        from_environment(environment, tmp_path, base_url="http://127.0.0.1:1", demo=False)


@pytest.mark.parametrize(
    "base_url",
    ["http://example.org", "https://example.org/", "ftp://x", "https://EXAMPLE.org", "example.org", ""],
)
def test_public_address_that_credentials_cannot_repeat_is_refused(tmp_path, base_url):
    """https beyond loopback, lower case, no slash at the end."""
    with pytest.raises(SettingsRefused):
        write_service_file(tmp_path / "home", base_url=base_url, demo=False)


def test_home_is_made_once_and_keeps_its_address(tmp_path):
    """A second init is refused; another LP_BASE_URL is refused; a folder that is no home says what to run."""
    write_service_file(tmp_path, base_url="http://127.0.0.1:1", demo=True)
    with pytest.raises(SettingsRefused, match="already"):
        write_service_file(tmp_path, base_url="http://127.0.0.1:1", demo=True)
    assert read_settings({}, tmp_path).demo
    with pytest.raises(SettingsRefused, match="LP_BASE_URL"):
        read_settings({"LP_BASE_URL": "http://127.0.0.1:2"}, tmp_path)
    with pytest.raises(SettingsRefused, match="wallet-api init"):
        read_settings({}, tmp_path / "nothing")


def test_demonstration_clock_starts_where_it_is_told():
    """LP_TEST_NOW is where the clock starts; it runs on from there."""
    started = system_clock("2026-11-22T12:00:00Z").now()
    assert 0 <= started - 1_795_348_800 <= 5
    for text in ("2026-11-22", "soon", "2026-11-22T12:00:00"):
        with pytest.raises(SettingsRefused, match="LP_TEST_NOW"):
            system_clock(text)
    assert rfc3339(1_795_348_800) == "2026-11-22T12:00:00Z"


def test_service_of_a_home_without_demo_issues_to_nobody(service):
    """Until a real registry is connected there is no person to issue to."""
    from wallet_api.openid4vci.offer import make_offer
    from wallet_api.problems import WalletError
    from wallet_api.registries.fictitious import EmptyRegistry

    empty = replace(service, licences=EmptyRegistry(), rights=EmptyRegistry())
    with pytest.raises(WalletError), service.database.write() as connection:
        make_offer(empty, connection, DocumentType.DRIVING_LICENCE, "dossier-7f3a91c2")
