"""What the service knows at one instant and is about to publish: values only, no SQL and no key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from credentials.spec import Domain
from credentials.status_companion import CompanionEntry
from keys import Terminal
from keys.create import POINTS_PATH, STATUS_PATH
from wallet_api.clock import rfc3339


class PublicationRefused(Exception):
    """Nothing was published: the state contradicts itself or the edition in force. The text says which list and why."""


class PublicationUnderWay(PublicationRefused):
    """Another process holds the lease of publication. The text says which, and until when."""


class PublicationWaits(PublicationRefused):
    """The edition in force is dated ahead, by a clock that was: nothing follows it before `until` (UTC seconds)."""

    def __init__(self, until: int) -> None:
        """The words say until when, and what to look at."""
        super().__init__(
            f"rien n'est publié avant {rfc3339(until)}, date de l'édition en force : si l'horloge de cette machine retarde, "
            "mettez-la à l'heure ; si une horloge avançait, la publication reprend d'elle-même à cet instant · "
            f"nothing is published before {rfc3339(until)}, the date of the edition in force: if the clock of this machine is "
            "late, set it right; if a clock was ahead, publication resumes by itself at that instant"
        )
        self.until = until


class Impossible(StrEnum):
    """What of a credential cannot be published."""

    STATUS_ENTRY = "status_entry"
    POINTS_ENTRY = "points_entry"
    EXPLANATION = "explanation"


class ImpossibleRow(NamedTuple):
    """A credential of which something cannot be published; `stops` where nothing may be published without it."""

    credential_id: str
    what: Impossible
    stops: bool


@dataclass(frozen=True, slots=True)
class PublicationState:
    """One consistent picture of the registry, read in one transaction.

    - `edition` exceeds every number used before; everything signed in this publication carries it.
    - `status`: by domain, each existing list with the entries that are not 0. A list exists from its birth on, at full
      size, and never goes away; an empty mapping is a list without a single entry.
    - `companions`: by domain and list, class and dates of entries of value 1 or 2; absent lists get an empty one.
    - `points`: each existing points list with the balances (0..12) of its assigned entries.
    - `terminals`: those that are enrolled and were not reported lost; only they are sent reader keys.
    - `checkpoints`: the newest signed checkpoint of each audit journal, by authority; for auditors, not for terminals.
    - `impossible`: credentials of which something cannot be said (`impossible.py`); who publishes looks at them first.
    """

    edition: int
    base_url: str
    status: Mapping[Domain, Mapping[int, Mapping[int, int]]]
    points: Mapping[int, Mapping[int, int]] = field(default_factory=dict)
    companions: Mapping[Domain, Mapping[int, Mapping[int, CompanionEntry]]] = field(default_factory=dict)
    terminals: tuple[Terminal, ...] = ()
    checkpoints: Mapping[str, bytes] = field(default_factory=dict)
    impossible: tuple[ImpossibleRow, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicationReport:
    """What one publication did. `lists` counts trust lists, status lists with their companions, and points lists. `seconds` is the time it took; `upkeep` the acts of key upkeep that came with it; `impossible` names credentials of which something was left out."""

    edition: int
    issued_at: int
    lists: int
    files: int
    written_bytes: int
    seconds: float
    upkeep: tuple[str, ...] = ()
    impossible: tuple[ImpossibleRow, ...] = ()


def status_uri(base_url: str, domain: Domain, number: int) -> str:
    """The uri that credentials refer to and the list's `sub` repeats; short, since it stands in every code."""
    return f"{base_url}{STATUS_PATH[domain]}{number}"


def points_uri(base_url: str, number: int) -> str:
    """The uri of a points list; it is a name, not an address that answers."""
    return f"{base_url}{POINTS_PATH}{number}"
