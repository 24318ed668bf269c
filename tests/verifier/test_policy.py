"""The terminal's policy: the default figures, and that nobody loosens one."""

from __future__ import annotations

import dataclasses

import pytest

from credentials.spec import DocumentType
from verifier.policy import DEFAULT_POLICY, Policy

FIGURES = {
    "presentation_seconds": 90,
    "skew_seconds": 60,
    "clock_below_floor_seconds": 300,
    "clock_above_floor_seconds": 31 * 86_400,
    "lists_ageing_seconds": 86_400,
    "lists_stale_seconds": 7 * 86_400,
    "lists_expired_seconds": 30 * 86_400,
    "text_characters": 4_296,
}


def test_default_figures_are_those_of_the_page():
    """verdicts.md section 3, in seconds and characters, under the name `default-1`."""
    assert DEFAULT_POLICY.name == "default-1"
    assert {name: getattr(DEFAULT_POLICY, name) for name in FIGURES} == FIGURES
    assert DEFAULT_POLICY.replay_seconds == 150
    assert DEFAULT_POLICY.announcement_seconds == 31 * 86_400
    assert DEFAULT_POLICY.expires_soon_seconds == 86_400
    assert DEFAULT_POLICY.documents == frozenset(DocumentType)


@pytest.mark.parametrize("figure", FIGURES)
def test_figure_can_be_tightened_and_never_loosened(figure):
    """One less is accepted, one more is refused, by `tightened` and by the constructor alike."""
    default = FIGURES[figure]
    assert getattr(DEFAULT_POLICY.tightened("strict", **{figure: default - 1}), figure) == default - 1
    for wrong in (default + 1, 0, -1):
        with pytest.raises(ValueError):
            DEFAULT_POLICY.tightened("loose", **{figure: wrong})
        with pytest.raises(ValueError):
            Policy(**{figure: wrong})


def test_tightening_is_one_way():
    """What was tightened is not loosened back, not even to the default."""
    strict = DEFAULT_POLICY.tightened("strict", presentation_seconds=30)
    assert strict.replay_seconds == 90
    with pytest.raises(ValueError, match="presentation_seconds"):
        strict.tightened("stricter", presentation_seconds=90)


def test_tightened_policy_has_its_own_name():
    """A verdict carries the name, so two policies never share one; a name is a plain word."""
    for name in ("default-1", "", "Strict", "a" * 41, "a b"):
        with pytest.raises(ValueError):
            DEFAULT_POLICY.tightened(name, skew_seconds=30)


def test_unknown_figure_is_refused():
    """The announcement time is the issuers' promise, and a misspelt figure is not silently ignored."""
    for figure in ("announcement_seconds", "expires_soon_seconds", "presentation"):
        with pytest.raises(ValueError):
            DEFAULT_POLICY.tightened("strict", **{figure: 1})


def test_documents_can_be_taken_away_but_not_all():
    """An empty set of accepted documents is refused: a terminal that reads nothing is a mistake."""
    licence = frozenset({DocumentType.DRIVING_LICENCE})
    only = DEFAULT_POLICY.tightened("licence", documents=licence)
    assert only.documents == licence
    for documents in (frozenset(), frozenset(DocumentType)):
        with pytest.raises(ValueError):
            only.tightened("other", documents=documents)


def test_lists_age_before_they_are_stale_before_they_expire():
    """Figures out of order are refused."""
    with pytest.raises(ValueError, match="lists age"):
        DEFAULT_POLICY.tightened("odd", lists_expired_seconds=86_400)


@pytest.mark.parametrize("value", [True, 30.0, "30", None])
def test_figure_is_a_whole_number(value):
    """A boolean is not 1 and a float is not a number of seconds."""
    with pytest.raises((ValueError, TypeError)):
        Policy(presentation_seconds=value)


def test_policy_is_frozen():
    """Nobody changes a figure in place."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULT_POLICY.skew_seconds = 600
