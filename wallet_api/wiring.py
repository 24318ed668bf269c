"""What the parts of the service are handed: one frozen value, made here and nowhere else, never a global.

Imports no web framework: the commands that need none start without it.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from keys import KeyFolder, find_passphrase

from .activations.wrong_tries import WrongTries
from .clock import Clock, system_clock
from .database import Database
from .identity.access_token import Trust
from .identity.choose import choose_trust
from .identity.development import DevelopmentIssuer
from .pace import Buckets
from .quality.tally import Tally
from .registries.adapters import LicenceRegistry, RightsRegistry
from .registries.fictitious import EmptyRegistry, FictitiousLicences, FictitiousRights
from .settings import Settings
from .shelf import Shelf
from .telemetry import Telemetry


def new_holder() -> str:
    """Who holds a lease, in words that an operator can follow up: machine, process, and what tells them apart for sure."""
    machine = re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())[:40]
    return f"{machine}:{os.getpid()}:{secrets.token_hex(8)}"


@dataclass(frozen=True, slots=True)
class Service:
    """The wired parts. Nothing here changes while the service runs."""

    settings: Settings
    clock: Clock
    database: Database
    keys: KeyFolder
    licences: LicenceRegistry
    rights: RightsRegistry
    telemetry: Telemetry
    trust: Trust | None
    """Whose access tokens are accepted; None in a home that cannot serve yet."""
    development: DevelopmentIssuer | None
    """The issuer of a demonstration home."""
    holder: str = field(default_factory=new_holder)
    buckets: Buckets = field(default_factory=Buckets)
    """How much each address and caller asked this process lately."""
    tally: Tally = field(default_factory=Tally)
    """What this process answered and no database holds yet."""
    shelf: Shelf = field(default_factory=Shelf)
    """What is the same for everybody until the month ends."""
    wrong_tries: WrongTries = field(default_factory=WrongTries)
    """Who sent this process wrong activation codes lately."""


def wire(
    settings: Settings,
    *,
    clock: Clock | None = None,
    licences: LicenceRegistry | None = None,
    rights: RightsRegistry | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Service:
    """The parts for these settings. Clock and registries can be given; the settings choose otherwise.

    Raises `SettingsRefused` or `KeyFileRefused` when something needed is missing.
    """
    passphrase = find_passphrase(settings.keys_folder, environment)
    clock = clock or system_clock(settings.test_now)
    development = None
    if settings.develops:
        from .identity.development import (
            DevelopmentIssuer,
        )  # tokens cost 0.1 s of start-up, and other homes make none

        development = DevelopmentIssuer(settings)
    return Service(
        settings=settings,
        clock=clock,
        database=Database(settings.database_address, settings.database_limits),
        keys=KeyFolder.open(settings.keys_folder, passphrase),
        licences=licences
        or (FictitiousLicences(portraits_folder(settings)) if settings.demo else EmptyRegistry()),
        rights=rights or (FictitiousRights() if settings.demo else EmptyRegistry()),
        telemetry=Telemetry(),
        trust=choose_trust(settings, clock, development),
        development=development,
    )


def portraits_folder(settings: Settings) -> Path:
    """Where a demonstration home keeps its drawn portraits."""
    return settings.home / "registries" / "portraits"
