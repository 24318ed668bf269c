"""The page of settings and the code name the same variables."""

from __future__ import annotations

import re
from pathlib import Path

ROOM = Path(__file__).resolve().parents[2] / "wallet_api"
KEYS = ROOM.parent / "keys" / "passphrase.py"


def test_every_setting_is_documented_and_every_documented_one_exists():
    """An undocumented setting, or one that is only documented, fails the build (style.md, rule 40)."""
    sources = [*(path for path in ROOM.rglob("*.py") if "demo" not in path.parts), KEYS]
    read = {name for path in sources for name in re.findall(r'"(LP_[A-Z_]+)"', path.read_text())}
    documented = re.findall(r"^\| `(LP_[A-Z_]+)` \|", (ROOM / "SETTINGS.md").read_text(), re.MULTILINE)
    assert len(documented) == len(set(documented))
    assert read == set(documented)


def test_documented_defaults_are_those_of_the_code(tmp_path):
    """Nothing set gives what the page says."""
    from wallet_api.settings import DAY, DEFAULT_BASE_URL, from_environment

    rows = dict(
        re.findall(r"^\| `(LP_[A-Z_]+)` \| `([^`]*)`", (ROOM / "SETTINGS.md").read_text(), re.MULTILINE)
    )
    settings = from_environment({}, tmp_path, base_url=DEFAULT_BASE_URL, demo=False)
    assert rows["LP_BASE_URL"] == DEFAULT_BASE_URL
    assert int(rows["LP_CANCEL_SECONDS"]) == settings.cancel_seconds
    assert int(rows["LP_ACTS_PER_HOUR"]) == settings.acts_per_hour
    assert int(rows["LP_ADDRESS_PER_MINUTE"]) == settings.pace.address
    assert int(rows["LP_CALLER_PER_MINUTE"]) == settings.pace.caller
    assert int(rows["LP_OPEN_DATA_THRESHOLD"]) == settings.open_data_threshold
    assert int(rows["LP_CREDENTIAL_DAYS"]) * DAY == settings.credential_seconds
    assert int(rows["LP_PAPER_DAYS"]) * DAY == settings.paper_seconds
    assert int(rows["LP_OFFER_HOURS"]) * 3600 == settings.offer_seconds
    assert int(rows["LP_NONCE_SECONDS"]) == settings.nonce_seconds
    assert int(rows["LP_ACCESS_SECONDS"]) == settings.access_seconds
    assert int(rows["LP_REFRESH_DAYS"]) * DAY == settings.refresh_seconds
    assert int(rows["LP_BATCH_SIZE"]) == settings.batch_size
    assert rows["LP_OIDC_ROLE_CLAIM"] == settings.oidc_role_claim
    assert settings.oidc_audience == DEFAULT_BASE_URL
    assert int(rows["LP_LISTS_MAX_AGE_HOURS"]) * 3600 == settings.lists_max_age
    assert int(rows["LP_LOOP_SECONDS"]) == settings.loop_seconds
    assert int(rows["LP_PUBLISH_EVERY_SECONDS"]) == settings.publish_every
    assert int(rows["LP_LEASE_SECONDS"]) == settings.lease_seconds
    assert int(rows["LP_POOL_SIZE"]) == settings.database_limits.pool
    assert int(rows["LP_LOCK_SECONDS"]) == settings.database_limits.lock
    assert int(rows["LP_STATEMENT_SECONDS"]) == settings.database_limits.statement
