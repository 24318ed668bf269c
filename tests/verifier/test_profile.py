"""Profiles and the field-by-role table: what each role may read, held against the views themselves."""

from __future__ import annotations

from dataclasses import fields

import pytest

from credentials.spec import Audience
from credentials.views import VIEW_SPECS, View
from verifier.profile import ANYONE, FIELDS, HEALTH, POLICE, PROFILES, Profile, Sight


def test_profiles_read_their_views():
    """Police: road check, proof and age; health: care; anyone: the unsealed views."""
    assert POLICE.views == {View.ROAD_CHECK, View.PROOF, View.AGE_OVER_18}
    assert HEALTH.views == {View.CARE}
    assert ANYONE.views == {View.PROOF, View.AGE_OVER_18}
    assert {profile.id: profile.audience for profile in PROFILES.values()} == {one: one for one in Audience}


def test_only_the_police_sees_points_and_names_of_refused_documents():
    """Code de la route L223-7 for points; L225-6 for why a licence is not in force."""
    assert [one.sees_points for one in (POLICE, HEALTH, ANYONE)] == [True, False, False]
    assert [one.sees_names_of_refused for one in (POLICE, HEALTH, ANYONE)] == [True, False, False]
    assert [one.sees_rights for one in (POLICE, HEALTH, ANYONE)] == [False, True, False]
    assert [one.sees_status for one in (POLICE, HEALTH, ANYONE)] == [True, True, False]


@pytest.mark.parametrize(
    ("profile", "sealed", "accepted"),
    [
        (POLICE, True, {Audience.POLICE}),
        (POLICE, False, {Audience.POLICE, Audience.ANYONE}),
        (HEALTH, True, {Audience.HEALTH}),
        (HEALTH, False, {Audience.HEALTH}),
        (ANYONE, True, set()),
        (ANYONE, False, {Audience.ANYONE}),
    ],
)
def test_audiences_accepted(profile, sealed, accepted):
    """The profile's own, and `anyone` for the unsealed views of those who read any; nobody else's seal."""
    assert {one for one in Audience if profile.accepts(one, sealed=sealed)} == accepted


def test_every_field_of_every_view_stands_in_the_table_once():
    """A claim outside the table would have no rule: neither filter, screen nor privacy page would know it."""
    governed = [claim for row in FIELDS for claim in row.claims]
    assert len(governed) == len(set(governed))
    held = {field.name for spec in VIEW_SPECS.values() for field in fields(spec.subject)}
    assert held | {"restrictions"} == set(governed)


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.id)
def test_no_view_holds_what_its_reader_may_not_see(profile):
    """A profile's views hold no hidden field: what a verdict leaves out is restriction codes alone."""
    for view in profile.views:
        assert not {field.name for field in fields(VIEW_SPECS[view].subject)} & profile.hidden, view


def test_never_means_that_no_unsealed_view_holds_the_field():
    """A field never shown to `anyone` stands in sealed views only: the fence is bytes, the table is the second one."""
    for row in FIELDS:
        if row.anyone is not Sight.NEVER:
            continue
        for spec in VIEW_SPECS.values():
            if not spec.sealed:
                assert not {field.name for field in fields(spec.subject)} & set(row.claims), (
                    row.key,
                    spec.view,
                )


def test_rows_of_law_are_as_the_page_says():
    """Points never for health and anyone, the NIR never beside a licence, neither ever in the journal."""
    rows = {row.key: row for row in FIELDS}
    assert [rows["points"].sight(one) for one in Audience] == [Sight.YES, Sight.NEVER, Sight.NEVER]
    assert [rows["nir"].sight(one) for one in Audience] == [Sight.NEVER, Sight.MASKED, Sight.NEVER]
    assert [rows["restrictions"].sight(one) for one in Audience] == [Sight.YES, Sight.NO, Sight.NO]
    assert {key for key, row in rows.items() if row.journal.shown} == {"outcome", "lists"}


def test_profile_has_no_default():
    """A word that is no profile is refused, the empty one too."""
    assert Profile.named("police") is POLICE
    for name in ("", "Police", "municipal"):
        with pytest.raises(ValueError):
            Profile.named(name)
