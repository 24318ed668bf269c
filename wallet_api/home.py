"""Make a home: settings that never change, tables, signing keys, a development issuer, and the first publication."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from credentials.spec import Domain
from keys import KeyFolder, find_passphrase
from keys.passphrase import create_beside

from .clock import Clock, system_clock
from .database import Database
from .identity.development import DevelopmentIssuer
from .openid4vci.offer import root_fingerprint
from .publication.run import publish_now
from .registries.fictitious import licence_references
from .settings import Settings, from_environment, write_service_file
from .wiring import portraits_folder, wire


@dataclass(frozen=True, slots=True)
class NewHome:
    """What `init` made: fingerprints of the roots, and the first edition."""

    settings: Settings
    roots: Mapping[Domain, str]
    edition: int


def make_home(
    environment: Mapping[str, str], home: Path, *, base_url: str, demo: bool, clock: Clock | None = None
) -> NewHome:
    """Make everything in an empty folder. Raises `SettingsRefused`, or a `SigningKeyError`.

    A demonstration home gets its passphrase beside the keys, fictitious registries and drawn portraits.
    """
    settings = from_environment(environment, home, base_url=base_url, demo=demo)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if demo:
        create_beside(settings.keys_folder)
    passphrase = find_passphrase(settings.keys_folder, environment)
    write_service_file(home, base_url=base_url, demo=demo)
    os.chmod(home, 0o700)  # noqa: PTH101 - the folder may have been there, open to others
    clock = clock or system_clock(settings.test_now)
    KeyFolder.open(settings.keys_folder, passphrase).create_all(base_url, clock.now())
    database = Database(settings.database_address)
    database.migrate(clock.now())
    database.close()
    if settings.develops:
        DevelopmentIssuer(settings).create()
    if demo:
        from .registries.portraits import write_portraits  # pillow is for demonstrations alone

        write_portraits(portraits_folder(settings), licence_references())
    service = wire(settings, clock=clock, environment=environment)
    try:
        roots = {domain: root_fingerprint(service, domain) for domain in Domain}
        return NewHome(settings, roots, publish_now(service).edition)
    finally:
        service.database.close()
