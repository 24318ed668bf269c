"""The terminals of the vectors: which publications each has seen, by name, and how one is set up on a disk.

As data: own/publications/<name>.json holds every signed list in base64, own/stores/<name>.json names the publications in
the order in which the terminal took them, its profile, its roots and its reader keys.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from credentials.spec import Audience, Domain
from credentials.status_companion import CompanionEntry, EntryClass
from credentials.trust_list import SignerState
from tests.changed import changed
from tests.simulated_authority import (
    DAY,
    HOUR,
    INSTANT,
    LICENCE_LIST,
    POINTS_LIST,
    Publication,
    SimulatedAuthority,
    instant,
    moment,
    reader,
    root_certificate,
)
from tests.simulated_terminal import enrol, take
from verifier.store import FLOOR, TerminalStore

LISTED_AT: Final = INSTANT - 2 * HOUR
"""Instant of the lists of the ordinary stores, and their clock floor."""
BALANCES_AT: Final = INSTANT - 36 * HOUR
"""As-of instant of the listed balances."""

# Status entries of the ordinary publications, licence and health alike. Whatever is not named is valid.
GOOD, LAST = 4_242, 131_071
REVOKED_BARE, REVOKED, LOST_PHONE, REPLACED, REVOKED_BY_HOLDER, REVOKED_LAST = (
    1001,
    1002,
    1003,
    1004,
    1005,
    131_070,
)
SUSPENDED_BARE, SUSPENDED, SUSPENDED_OPEN, SUSPENDED_TO_LAST_SECOND = 2001, 2002, 2003, 2004
LAPSED, LAPSED_NOW, PAUSED, PAUSE_OVER = 2005, 2006, 2007, 2008
SUPERSEDED = 3001
REVIVED, REVIVED_DEVICE, REVIVED_BARE = 1101, 1102, 1103
_VALUES: Final = {
    REVOKED_BARE: 1, REVOKED: 1, LOST_PHONE: 1, REPLACED: 1, REVOKED_BY_HOLDER: 1, REVOKED_LAST: 1,
    SUSPENDED_BARE: 2, SUSPENDED: 2, SUSPENDED_OPEN: 2, SUSPENDED_TO_LAST_SECOND: 2,
    LAPSED: 2, LAPSED_NOW: 2, PAUSED: 2, PAUSE_OVER: 2, SUPERSEDED: 3,
}  # fmt: skip
_AUTHORITY, _DEVICE, _HOLDER, _REPLACED = EntryClass
_BECAUSE: Final = {
    REVOKED: CompanionEntry(_AUTHORITY, INSTANT - 5 * DAY, None, "administrative"),
    LOST_PHONE: CompanionEntry(_DEVICE, INSTANT - 4 * DAY),
    REPLACED: CompanionEntry(_REPLACED, INSTANT - 3 * DAY),
    REVOKED_BY_HOLDER: CompanionEntry(_HOLDER, INSTANT - 2 * DAY),
    REVOKED_LAST: CompanionEntry(_AUTHORITY, INSTANT - 5 * DAY),
    SUSPENDED: CompanionEntry(_AUTHORITY, INSTANT - 10 * DAY, INSTANT + 50 * DAY, "administrative"),
    SUSPENDED_OPEN: CompanionEntry(_AUTHORITY, INSTANT - 10 * DAY),
    SUSPENDED_TO_LAST_SECOND: CompanionEntry(_AUTHORITY, INSTANT - 10 * DAY, INSTANT + 1),
    LAPSED: CompanionEntry(_AUTHORITY, INSTANT - 10 * DAY, INSTANT - DAY),
    LAPSED_NOW: CompanionEntry(_AUTHORITY, INSTANT - 10 * DAY, INSTANT),
    PAUSED: CompanionEntry(_HOLDER, INSTANT - DAY),
    PAUSE_OVER: CompanionEntry(_HOLDER, INSTANT - 3 * DAY, INSTANT - DAY),
}
# Entries of the points list.
LISTED_ZERO, LISTED_NINE, LISTED_TWELVE, NOT_LISTED = 501, 502, 503, 77_777
_BALANCES: Final = {LISTED_ZERO: 0, LISTED_NINE: 9, LISTED_TWELVE: 12}


def _publish(**changes: Any) -> Publication:
    ordinary: dict[str, Any] = {
        "edition": 3, "at": LISTED_AT, "status": _VALUES, "health_status": _VALUES, "companion": _BECAUSE,
        "health_companion": _BECAUSE, "points": _BALANCES, "points_as_of": BALANCES_AT,
    }  # fmt: skip
    return SimulatedAuthority().publish(**(ordinary | changes))


def _first_signer_compromised() -> Publication:
    signers = dict(SimulatedAuthority().signers)
    first, *others = signers[Domain.LICENCE]
    burnt = changed(first, state=SignerState.COMPROMISED, state_since=INSTANT - 3 * DAY)
    signers[Domain.LICENCE] = (burnt, *others)
    return _publish(edition=2, at=INSTANT - 2 * DAY, signers=signers)


_BEFORE: Final = {REVIVED: 1, REVIVED_DEVICE: 1, REVIVED_BARE: 1}
_BEFORE_BECAUSE: Final = {
    REVIVED: CompanionEntry(_AUTHORITY, INSTANT - 9 * DAY),
    REVIVED_DEVICE: CompanionEntry(_DEVICE, INSTANT - 9 * DAY),
}

PUBLICATIONS: Final = {
    "ordinary": ("Every kind of entry, signed two hours ago.", _publish),
    "seven-days-old": (
        "The same, signed seven days ago to the second.",
        lambda: _publish(at=INSTANT - 7 * DAY),
    ),
    "thirty-days-old": (
        "The same, signed 30 days ago to the second.",
        lambda: _publish(at=INSTANT - 30 * DAY),
    ),
    "thirty-one-days-old": (
        "The same, signed 31 days ago to the second.",
        lambda: _publish(at=INSTANT - 31 * DAY),
    ),
    "trust-eight-days-old": (
        "Lists of two hours ago beside trust lists of eight days ago.",
        lambda: _publish(trust_at=INSTANT - 8 * DAY),
    ),
    "status-eight-days-old": (
        "Lists of eight days ago beside trust lists of two hours ago.",
        lambda: _publish(at=INSTANT - 8 * DAY, trust_at=LISTED_AT),
    ),
    "mid-october": (
        "Signed at the first second of the signers' window.",
        lambda: _publish(at=instant("2026-10-15")),
    ),
    "mid-november": (
        "Signed in the last hour of the signers' window.",
        lambda: _publish(at=instant("2026-11-13T23:00:00")),
    ),
    "without-licence-status": ("No status list of licences.", lambda: _publish(without=[LICENCE_LIST])),
    "without-licence-status-later": (
        "No status list of licences, one edition later.",
        lambda: _publish(edition=4, at=LISTED_AT + HOUR, without=[LICENCE_LIST]),
    ),
    "without-companion": (
        "No companion of licences.",
        lambda: _publish(without=[f"{LICENCE_LIST}#companion"]),
    ),
    "companion-of-another-edition": (
        "Companions signed for the edition before.",
        lambda: _publish(companion_edition=2),
    ),
    "without-points": ("No points list.", lambda: _publish(without=[POINTS_LIST])),
    "before": (
        "The edition before: three credentials revoked that later lists call valid.",
        lambda: _publish(
            edition=2, at=INSTANT - 2 * DAY, status=_VALUES | _BEFORE, companion=_BECAUSE | _BEFORE_BECAUSE
        ),
    ),
    "first-signer-compromised": (
        "The edition before: the first signer of licences listed as compromised.",
        _first_signer_compromised,
    ),
}


@dataclass(frozen=True, slots=True)
class StoreSpec:
    """One terminal. `damage` says what was done to its folder afterwards."""

    description: str
    profile: Audience
    publications: tuple[str, ...] = ("ordinary",)
    test_mode: bool = True
    generations: tuple[int, ...] = (2, 3, 4)
    damage: str | None = None


_POLICE, _HEALTH, _ANYONE = Audience
STORES: Final = {
    "police": StoreSpec("A road check, lists of two hours ago.", _POLICE),
    "health": StoreSpec("A pharmacy, lists of two hours ago.", _HEALTH),
    "anyone": StoreSpec("A shop, lists of two hours ago.", _ANYONE),
    "police-production": StoreSpec("As police, outside test mode.", _POLICE, test_mode=False),
    "anyone-production": StoreSpec("As anyone, outside test mode.", _ANYONE, test_mode=False),
    "police-7-days": StoreSpec("Lists of seven days ago.", _POLICE, ("seven-days-old",)),
    "anyone-7-days": StoreSpec("Lists of seven days ago.", _ANYONE, ("seven-days-old",)),
    "police-30-days": StoreSpec("Lists of 30 days ago.", _POLICE, ("thirty-days-old",)),
    "anyone-31-days": StoreSpec("Lists of 31 days ago.", _ANYONE, ("thirty-one-days-old",)),
    "police-old-trust": StoreSpec("Only the trust list is old.", _POLICE, ("trust-eight-days-old",)),
    "police-old-status": StoreSpec("Only the status list is old.", _POLICE, ("status-eight-days-old",)),
    "anyone-mid-october": StoreSpec("When the signers' window opens.", _ANYONE, ("mid-october",)),
    "anyone-mid-november": StoreSpec("When the signers' window closes.", _ANYONE, ("mid-november",)),
    "police-no-status": StoreSpec("Without the licences' status list.", _POLICE, ("without-licence-status",)),
    "police-lost-list": StoreSpec(
        "The licences' status list was there and is gone.", _POLICE, ("ordinary", "without-licence-status-later")
    ),
    "police-no-companion": StoreSpec("Without the licences' companion.", _POLICE, ("without-companion",)),
    "police-other-companion": StoreSpec("With a companion of another edition.", _POLICE, ("companion-of-another-edition",)),
    "police-no-points": StoreSpec("Without the points list.", _POLICE, ("without-points",)),
    "police-tombstones": StoreSpec("Once saw entries revoked that lists revive.", _POLICE, ("before", "ordinary")),
    "anyone-tombstones": StoreSpec("Once saw entries revoked that lists revive.", _ANYONE, ("before", "ordinary")),
    "anyone-burnt-signer": StoreSpec(
        "Once saw the first signer compromised; its list now says active.",
        _ANYONE,
        ("first-signer-compromised", "ordinary"),
    ),
    "police-one-reader-key": StoreSpec("Holds the previous reader key alone.", _POLICE, generations=(2,)),
    "police-never-synced": StoreSpec("Enrolled, and never synchronised.", _POLICE, ()),
    "police-memory-lost": StoreSpec(
        "The memory that forbids going back was deleted.", _POLICE, damage="delete floor.cbor"
    ),
}  # fmt: skip


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def publication_json(name: str) -> dict[str, Any]:
    """own/publications/<name>.json."""
    description, make = PUBLICATIONS[name]
    made = make()
    return {
        "name": name,
        "description": description,
        "issued_at": moment(made.issued_at).isoformat().replace("+00:00", "Z"),
        "trust": {str(domain): _text(message) for domain, message in made.trust.items()},
        "status": {uri: _text(message) for uri, message in made.status.items()},
        "companions": {uri: _text(message) for uri, message in made.companions.items()},
        "points": {uri: _text(message) for uri, message in made.points.items()},
    }


def store_json(name: str) -> dict[str, Any]:
    """own/stores/<name>.json."""
    spec = STORES[name]
    generations = spec.generations if spec.profile is not Audience.ANYONE else ()
    keys = [reader(spec.profile, one).for_terminal() for one in generations]
    return {
        "name": name,
        "description": spec.description,
        "profile": str(spec.profile),
        "test_mode": spec.test_mode,
        "roots": {str(domain): _text(root_certificate(domain)) for domain in Domain},
        "reader_keys": [
            {"key_id": one.key_id.hex(), "generation": one.generation, "private": _text(one.private)}
            for one in keys
        ],
        "publications": list(spec.publications),
        "damage": spec.damage,
    }


def read_publication(content: Mapping[str, Any]) -> Publication:
    """Inverse of `publication_json`."""

    def lists(name: str) -> dict[str, bytes]:
        return {uri: b64decode(message) for uri, message in content[name].items()}

    return Publication(
        instant(content["issued_at"].removesuffix("Z")),
        {Domain(domain): message for domain, message in lists("trust").items()},
        lists("status"),
        lists("companions"),
        lists("points"),
    )


def set_up(folder: Path, store: Mapping[str, Any], publications: Mapping[str, Publication]) -> TerminalStore:
    """The terminal of own/stores/<name>.json in an empty folder."""
    terminal = enrol(
        folder,
        Audience(store["profile"]),
        test_mode=store["test_mode"],
        generations=[one["generation"] for one in store["reader_keys"]],
    )
    for name in store["publications"]:
        publication = publications[name]
        take(terminal, publication, at=max(publication.issued_at, INSTANT))
    match store["damage"]:
        case None:
            pass
        case "delete floor.cbor":
            (folder / FLOOR).unlink()
        case other:
            msg = f"unknown damage: {other}"
            raise ValueError(msg)
    return terminal


def names_in(folder: Path) -> Iterator[str]:
    """Names of the JSON files of a folder."""
    return (path.stem for path in sorted(folder.glob("*.json")))
