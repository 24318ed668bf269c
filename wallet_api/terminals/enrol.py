"""Enrol a terminal: its request file in, a signed file sealed to its own key out. No network is needed.

Profile `anyone`, municipal police included, gets no reader key and no mirror secret: it reads the public tree. Without a
secret it reports no counts of verdicts, and neither does a terminal in test mode, whose verdicts are not of real use.
"""

from __future__ import annotations

from sqlalchemy import Connection

from credentials.enrolment_file import EnrolmentRequest
from credentials.spec import Audience
from keys import Terminal, enrol
from wallet_api import audit
from wallet_api.audit.row import TERMINAL, digest_of_mirror, digest_of_row
from wallet_api.identifiers import fingerprint, new_secret
from wallet_api.issuance.documents import SYSTEM_ACTOR
from wallet_api.problems import WalletError
from wallet_api.publication import newest_root
from wallet_api.roles import SERVICE
from wallet_api.wiring import Service

from . import store


def enrol_terminal(
    service: Service, request: EnrolmentRequest, profile: Audience, *, test_mode: bool
) -> bytes:
    """The enrolment file. The same terminal may ask again; one reported lost, or with another key, is refused.

    Raises `WalletError` or a `SigningKeyError`.
    """
    now, base = service.clock.now(), service.settings.base_url
    secret = None if profile is Audience.ANYONE else new_secret()
    area = "public" if profile is Audience.ANYONE else profile.value
    mirror_hash = None if secret is None else fingerprint(secret)
    with service.database.write() as connection:
        key = request.public_key.x
        row: dict[str, object] = {
            "terminal_id": request.terminal_id,
            "profile": profile.value,
            "public_key": key,
            "mirror_hash": mirror_hash,
            "enrolled_at": now,
        }
        if not store.add_terminal(connection, row) and not store.renew_mirror(
            connection, request.terminal_id, profile.value, key, mirror_hash
        ):
            raise WalletError("terminal-known")
        audit.append(
            connection,
            SERVICE,
            now=now,
            actor_id=SYSTEM_ACTOR,
            act="terminal_enrolled",
            subject_id=request.terminal_id,
            detail={
                "profile": profile.value,
                "test_mode": test_mode,
                **_told(connection, request.terminal_id),
            },
        )
        return enrol(
            service.keys,
            Terminal(request.terminal_id, profile, request.public_key),
            now,
            tuf_root=newest_root(service.keys, now),
            test_mode=test_mode,
            mirror_url=f"{base}/tuf/{area}",
            mirror_secret=secret,
            reports_url=None if secret is None or test_mode else f"{base}/terminals/reports",
        )


def _told(connection: Connection, terminal_id: str) -> audit.Detail:
    """What the journal keeps of the row as it stands now: of one that asked again, the key and the day of its enrolment."""
    row = store.enrolled(connection, terminal_id)
    mirror = digest_of_mirror(row["mirror_hash"])
    return {"enrolled": digest_of_row(row, TERMINAL), "mirror": mirror}


def report_lost(service: Service, terminal_id: str) -> None:
    """The terminal is lost: from the next publication on it gets no reader key. Raises `WalletError`."""
    now = service.clock.now()
    with service.database.write() as connection:
        if not store.mark_lost(connection, terminal_id, now):
            raise WalletError("not-found")
        audit.append(
            connection,
            SERVICE,
            now=now,
            actor_id=SYSTEM_ACTOR,
            act="terminal_lost",
            subject_id=terminal_id,
            detail={},
        )
