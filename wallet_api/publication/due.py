"""Whether the lists should be published again: an act counts since the last time, or they are old.

- An act counts from its release on; its causes begin then (`since`), a suspension ends (`until`), a lift is dated. The
  instant may lie long after the act, so instants are compared, not rows counted.
- A transaction that began before a publication and ended after it dates its rows before the state was read, yet they
  were not in it. So each change asks for two publications: one at once, and one when `_SETTLED` seconds have passed,
  longer than a transaction may last.
- Acts alone ask no more often than every `SPACING` seconds: act to list within the minute of threats.md, section 7.
- Keys that differ from what the published trust lists say (a burnt signer, a rotation by hand) ask too.
"""

from __future__ import annotations

from typing import Final

from credentials import trust_list
from credentials.errors import CredentialFormatError
from credentials.spec import Domain
from keys.trust import trust_claims
from wallet_api.wiring import Service

from . import store

SPACING: Final = 20  # seconds between publications that acts ask for
_SETTLED: Final = 40  # above the limits on a statement and on a lock


def is_due(service: Service) -> bool:
    """Look at the database and at the key folder; cheap enough for every few seconds."""
    now = service.clock.now()
    with service.database.read() as connection:
        last = store.last_in_force(connection)
        if last is None or now - last.started_at >= service.settings.publish_every:
            return True
        if is_ahead(last, now):  # better refused with words than silent
            return True
        if now - last.started_at < SPACING:
            return False
        if store.changed_between(connection, last.started_at, now):
            return True
        settled = min(now - _SETTLED, last.started_at)
        if store.changed_between(connection, last.started_at - _SETTLED, settled):
            return True
    return any(_keys_differ(service, domain, now) for domain in Domain)


def is_ahead(last: store.EditionRow, now: int) -> bool:
    """Whether an edition was published by a clock that was ahead; of some seconds it is not told."""
    return last.started_at > now + _SETTLED


def _keys_differ(service: Service, domain: Domain, now: int) -> bool:
    """Whether the trust list would say something else today; a list that cannot be read differs."""
    path = service.settings.published_folder / f"public/targets/trust/{domain}.cose"
    try:
        said = trust_list.read(path.read_bytes()).decode()
    except (OSError, CredentialFormatError):
        return True
    meant = trust_claims(domain, service.keys, now, said.version)
    return (said.signers, said.reader_keys) != (meant.signers, meant.reader_keys)
