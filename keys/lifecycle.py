"""States of a signer and the steps between them.

    announced -> active -> retired, and from each of them -> compromised

- Announced: known to terminals, signs nothing yet; a terminal that holds an old trust list accepts it all the same.
- Retired: signs nothing more; what it signed before stays good.
- Compromised: final; everything it ever signed is refused, since a thief writes any instant.
"""

from __future__ import annotations

from typing import Final

from credentials.trust_list import SignerState

from .errors import KeyNotActive, TransitionRefused
from .policy import ANNOUNCEMENT_DAYS, DAY, life_days
from .record import KeyRecord

PERMITTED: Final[dict[SignerState, frozenset[SignerState]]] = {
    SignerState.ANNOUNCED: frozenset({SignerState.ACTIVE, SignerState.RETIRED, SignerState.COMPROMISED}),
    SignerState.ACTIVE: frozenset({SignerState.RETIRED, SignerState.COMPROMISED}),
    SignerState.RETIRED: frozenset({SignerState.COMPROMISED}),
    SignerState.COMPROMISED: frozenset(),
}


def step(record: KeyRecord, state: SignerState, at: int) -> KeyRecord:
    """The key in its next state. Raises `TransitionRefused` for a step that does not exist."""
    if state not in PERMITTED[record.state]:
        msg = f"key {record.key_id.hex()} is {record.state} and cannot become {state}"
        raise TransitionRefused(msg)
    return record.moved(state, at)


def activate(record: KeyRecord, at: int, *, emergency: bool = False) -> KeyRecord:
    """The announced key as the active one.

    Raises `TransitionRefused` before its announcement is 31 days old, unless it is an emergency or every terminal
    ever enrolled knew it, and outside its window.
    """
    if not emergency and not ripe(record, at):
        msg = (
            f"key {record.key_id.hex()} was announced less than {ANNOUNCEMENT_DAYS} days ago: terminals without a "
            "network would refuse it; wait, or say that it is an emergency"
        )
        raise TransitionRefused(msg)
    if not record.covers(at):
        msg = f"key {record.key_id.hex()} is outside its window; announce another one"
        raise TransitionRefused(msg)
    return step(record, SignerState.ACTIVE, at)


def ripe(record: KeyRecord, at: int) -> bool:
    """Whether terminals that were offline for the announcement time know this key."""
    return record.announced is None or at - record.announced >= ANNOUNCEMENT_DAYS * DAY


def planned_end(record: KeyRecord) -> int:
    """When the successor of an active signer takes over."""
    start = record.not_before if record.activated is None else record.activated
    return min(record.not_after, start + life_days(record.role) * DAY)


def require_active(record: KeyRecord, at: int | None) -> None:
    """Raises `KeyNotActive` when the key may not sign at `at` (None: the window is not looked at)."""
    if record.state is not SignerState.ACTIVE:
        msg = f"key {record.key_id.hex()} is {record.state} and signs nothing"
        raise KeyNotActive(msg)
    if at is not None and not record.covers(at):
        msg = f"key {record.key_id.hex()} is outside its window; run: wallet-keys rotate"
        raise KeyNotActive(msg)
