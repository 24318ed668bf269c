"""T07: a reader key opens until the end of its grace, and not from that instant on."""

from __future__ import annotations

import pytest

from credentials.spec import Audience
from credentials.views import View
from tests.simulated_authority import SimulatedAuthority, instant, moment, reader, road_check
from tests.simulated_phone import SimulatedPhone
from verifier import Reason, Verifier

END = instant("2026-11-15")  # of generation 2 in simulated_authority


@pytest.mark.parametrize(
    ("at", "expected"),
    [(END - 1, Reason.LISTS_STALE), (END, Reason.SEAL_KEY_MISSING), (END + 1, Reason.SEAL_KEY_MISSING)],
    ids=["last second", "end", "one second after"],
)
def test_previous_reader_key_opens_inside_its_grace_only(at, expected):
    """The last second opens (by then the lists are old, which is said); the end itself does not."""
    authority = SimulatedAuthority()
    terminal = Verifier(authority.snapshot(Audience.POLICE))
    issued = authority.issue(authority.claims(road_check(), phone=0))
    text = SimulatedPhone(0).show(
        issued, View.ROAD_CHECK, audience="police", at=at, reader=reader(Audience.POLICE, 2)
    )
    assert terminal.verify(text, at=moment(at)).reason is expected
