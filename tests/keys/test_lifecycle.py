from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from credentials.spec import Domain, Role
from credentials.trust_list import SignerState
from keys import KeyNotActive, TransitionRefused
from keys.lifecycle import activate, planned_end, require_active, ripe, step
from keys.policy import ANNOUNCEMENT_DAYS, DAY, LIST_SIGNER_LIFE_DAYS, SIGNER_LIFE_DAYS
from tests.conftest import INSTANT

ALLOWED = {
    ("announced", "active"), ("announced", "retired"), ("announced", "compromised"),
    ("active", "retired"), ("active", "compromised"),
    ("retired", "compromised"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "after"), list(product(SignerState, SignerState)))
def test_states_change_by_the_permitted_steps_only(keys, before, after):
    """Every pair of states: six steps exist, nothing leads back, compromise is final."""
    record = replace(keys.active(Domain.LICENCE, Role.CREDENTIAL), state=before)
    if (before, after) in ALLOWED:
        moved = step(record, after, INSTANT + 5)
        assert (moved.state, moved.state_since) == (after, INSTANT + 5)
    else:
        with pytest.raises(TransitionRefused):
            step(record, after, INSTANT + 5)


@pytest.mark.parametrize(("seconds", "allowed"), [(-1, False), (0, True), (1, True)])
def test_signer_is_used_once_its_announcement_is_31_days_old(keys, seconds, allowed):
    """One second too early is refused, unless it is an emergency."""
    announced = INSTANT - ANNOUNCEMENT_DAYS * DAY - seconds
    waiting = keys.announced(Domain.LICENCE, Role.CREDENTIAL)[0]
    record = replace(waiting, announced=announced, not_before=announced)
    assert ripe(record, INSTANT) is allowed
    if allowed:
        assert activate(record, INSTANT).activated == INSTANT
    else:
        with pytest.raises(TransitionRefused, match="31 days"):
            activate(record, INSTANT)
        assert activate(record, INSTANT, emergency=True).state is SignerState.ACTIVE


def test_signer_of_the_first_trust_list_owes_no_announcement(keys):
    """Every terminal that was ever enrolled has known it."""
    assert ripe(keys.announced(Domain.HEALTH, Role.CREDENTIAL)[0], INSTANT)


def test_signer_outside_its_window_is_never_activated(keys):
    """Not even in an emergency: what it signs would be KEY_EXPIRED."""
    record = keys.announced(Domain.LICENCE, Role.CREDENTIAL)[0]
    for instant in (record.not_before - 1, record.not_after):
        with pytest.raises(TransitionRefused, match="window"):
            activate(record, instant, emergency=True)


@pytest.mark.parametrize("state", [one for one in SignerState if one is not SignerState.ACTIVE])
def test_only_an_active_key_signs(keys, state):
    """Every other state refuses."""
    record = keys.active(Domain.LICENCE, Role.CREDENTIAL)
    require_active(record, INSTANT)
    with pytest.raises(KeyNotActive):
        require_active(replace(record, state=state), INSTANT)


def test_active_key_signs_inside_its_window_only(keys):
    """The window is half open: the first second signs, the last instant does not."""
    record = keys.active(Domain.LICENCE, Role.CREDENTIAL)
    require_active(record, record.not_before)
    require_active(record, record.not_after - 1)
    for instant in (record.not_before - 1, record.not_after):
        with pytest.raises(KeyNotActive, match="rotate"):
            require_active(record, instant)


def test_planned_end_is_a_life_after_activation(keys):
    """30 days for document signers, a year for list signers, never past the window."""
    signer = keys.active(Domain.LICENCE, Role.CREDENTIAL)
    assert planned_end(signer) == signer.not_before + SIGNER_LIFE_DAYS * DAY == signer.not_after
    status = keys.active(Domain.LICENCE, Role.STATUS)
    assert planned_end(status) == status.not_before + LIST_SIGNER_LIFE_DAYS * DAY
    waiting = activate(keys.announced(Domain.LICENCE, Role.CREDENTIAL)[0], INSTANT)
    assert planned_end(waiting) == INSTANT + SIGNER_LIFE_DAYS * DAY < waiting.not_after
