"""Settings of the service: `LP_*` environment variables with safe defaults, read when asked for and never on import.

What the home folder fixed at its making (public address, demonstration or not) is read from its `service.json`, since
signed trust lists and credentials repeat it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final

DAY: Final = 86_400  # seconds
LONGEST_CANCEL_SECONDS: Final = 3_600  # the most that `LP_CANCEL_SECONDS` may say
DEFAULT_BASE_URL: Final = "http://127.0.0.1:8460"
_BASE_URL: Final = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?(?:/[a-z0-9._~-]+)*")
_LOOPBACK: Final = re.compile(r"http://(?:127\.[0-9.]+|localhost|testserver)(?::[0-9]{1,5})?(?:/.*)?")


class SettingsRefused(Exception):
    """A setting is missing or makes no sense; the text names the variable and what to write instead."""


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """How many connections to a PostgreSQL server one process opens, and how long it waits, in seconds."""

    pool: int = 20
    """`LP_POOL_SIZE`: connections of one process; all processes together stay below the server's `max_connections`."""
    lock: int = 10
    """`LP_LOCK_SECONDS`: a statement that waits longer for somebody's lock is given up (answer 503)."""
    statement: int = 30
    """`LP_STATEMENT_SECONDS`: a statement that runs longer is given up; migrations, publication and backup are exempt."""


@dataclass(frozen=True, slots=True)
class PaceLimits:
    """How many requests one process answers, on average over a minute; 0 is no limit. `pace.py` says what is counted."""

    address: int = 1200
    """`LP_ADDRESS_PER_MINUTE`: of one address; thousands of phones may share one with their mobile operator."""
    caller: int = 300
    """`LP_CALLER_PER_MINUTE`: of one person, phone or terminal that proved who it is."""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """`LP_PROXY_ADDRESSES`: our own reverse proxies, whose `X-Forwarded-For` is believed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can differ between two installations. Durations are in seconds."""

    home: Path
    """`LP_HOME`, or `--home`: folder of keys, database and published files."""
    base_url: str = DEFAULT_BASE_URL
    """Public address of the service, without a slash at the end; fixed by `wallet-api init`."""
    demo: bool = False
    """Whether the home was made with `--demo`: fictitious registries, passphrase beside the keys."""
    database_url: str = ""
    """`LP_DATABASE_URL`: SQLAlchemy address; empty means `database.sqlite` in the home."""
    cancel_seconds: int = 300
    """`LP_CANCEL_SECONDS`: an act counts from so long after its recording, and can be cancelled until then."""
    acts_per_hour: int = 100
    """`LP_ACTS_PER_HOUR`: single acts of one person in any hour; more need a batch and a second person (T45)."""
    publish_after_acts: bool = False
    """`LP_PUBLISH_AFTER_ACTS`: 1 publishes after each act of authority instead of when `publish` runs."""
    credential_seconds: int = 14 * DAY
    """`LP_CREDENTIAL_DAYS`: life of a credential on a phone; the trust list caps it at 14 days."""
    paper_seconds: int = 180 * DAY
    """`LP_PAPER_DAYS`: life of the paper form; the trust list caps it at 180 days."""
    offer_seconds: int = 1 * DAY
    """`LP_OFFER_HOURS`: how long an offer can be taken up."""
    activation_seconds: int = 2 * DAY
    """`LP_ACTIVATION_HOURS`: how long an activation code on paper can be used."""
    nonce_seconds: int = 300
    """`LP_NONCE_SECONDS`: how long a nonce for key proofs is good (threats.md, T43)."""
    access_seconds: int = 600
    """`LP_ACCESS_SECONDS`: life of an access token."""
    refresh_seconds: int = 180 * DAY
    """`LP_REFRESH_DAYS`: a phone that was not online for so long needs a new offer."""
    batch_size: int = 8
    """`LP_BATCH_SIZE`: most device keys in one credential request."""
    lists_max_age: int = 2 * DAY
    """`LP_LISTS_MAX_AGE_HOURS`: `/readyz` says no once the published lists are older."""
    oidc_issuer: str = ""
    """`LP_OIDC_ISSUER`: `iss` of the access tokens of officials and citizens; empty in a demonstration home alone."""
    oidc_audience: str = ""
    """`LP_OIDC_AUDIENCE`: our name in the `aud` of those tokens; empty means the public address."""
    oidc_jwks: str = ""
    """`LP_OIDC_JWKS`: the issuer's public keys, a file or an https address (http on loopback)."""
    oidc_role_claim: str = "role"
    """`LP_OIDC_ROLE_CLAIM`: the claim that names the role, at the top of the token."""
    lease_seconds: int = 60
    """`LP_LEASE_SECONDS`: a process that dies while it publishes is followed by another after so long."""
    loop_seconds: int = 5
    """`LP_LOOP_SECONDS`: the background loop of `serve` looks this often for what is due; 0 turns it off, and the
    counts of quality with it."""
    publish_every: int = 3_600
    """`LP_PUBLISH_EVERY_SECONDS`: lists are signed again after so long, even if nothing changed (decisions.md, section 7)."""
    database_limits: DatabaseLimits = DatabaseLimits()
    """`LP_POOL_SIZE`, `LP_LOCK_SECONDS`, `LP_STATEMENT_SECONDS`; PostgreSQL alone."""
    open_data_threshold: int = 10
    """`LP_OPEN_DATA_THRESHOLD`: figures are rounded down to its multiples; none under it is published, nor one that gives it away."""
    pace: PaceLimits = PaceLimits()
    """`LP_ADDRESS_PER_MINUTE`, `LP_CALLER_PER_MINUTE`, `LP_PROXY_ADDRESSES`."""
    test_now: str = ""
    """`LP_TEST_NOW`: RFC 3339 instant at which the service's clock starts; honoured in a demonstration home only."""

    @property
    def database_address(self) -> str:
        """The SQLAlchemy address in force."""
        return self.database_url or f"sqlite:///{(self.home / 'database.sqlite').resolve()}"

    @property
    def keys_folder(self) -> Path:
        """Where the keys room keeps its files."""
        return self.home / "keys"

    @property
    def published_folder(self) -> Path:
        """Root of the published trees."""
        return self.home / "published"

    @property
    def access_folder(self) -> Path:
        """Where a demonstration home keeps the key of its development issuer."""
        return self.home / "access"

    @property
    def develops(self) -> bool:
        """Whether the development issuer is on: a demonstration on loopback, with no real issuer set."""
        return self.demo and not self.oidc_issuer and is_loopback(self.base_url)


def read_settings(environment: Mapping[str, str], home: Path | None = None) -> Settings:
    """Settings of a home that `init` made. Raises `SettingsRefused`."""
    folder = home or Path(environment.get("LP_HOME", "home"))
    fixed = _read_service_file(folder)
    base_url = str(fixed["base_url"])
    if environment.get("LP_BASE_URL", base_url) != base_url:
        msg = "LP_BASE_URL differs from the address that init wrote into the signed lists; unset it or init a new home"
        raise SettingsRefused(msg)
    return from_environment(environment, folder, base_url=base_url, demo=bool(fixed["demo"]))


def from_environment(environment: Mapping[str, str], home: Path, *, base_url: str, demo: bool) -> Settings:
    """Settings for a folder whose fixed facts are given. Raises `SettingsRefused`."""
    check_base_url(base_url)
    test_now = environment.get("LP_TEST_NOW", "")
    if test_now and not demo:
        msg = "LP_TEST_NOW moves the clock and is for homes made with --demo; unset it"
        raise SettingsRefused(msg)
    issuer, jwks = environment.get("LP_OIDC_ISSUER", ""), environment.get("LP_OIDC_JWKS", "")
    _check_issuer(issuer, jwks)
    return Settings(
        home=home,
        base_url=base_url,
        demo=demo,
        database_url=environment.get("LP_DATABASE_URL", ""),
        cancel_seconds=_number(environment, "LP_CANCEL_SECONDS", 300, 0, LONGEST_CANCEL_SECONDS),
        acts_per_hour=_number(environment, "LP_ACTS_PER_HOUR", 100, 1, 10_000),
        publish_after_acts=_flag(environment, "LP_PUBLISH_AFTER_ACTS"),
        credential_seconds=_number(environment, "LP_CREDENTIAL_DAYS", 14, 1, 14) * DAY,
        paper_seconds=_number(environment, "LP_PAPER_DAYS", 180, 1, 180) * DAY,
        offer_seconds=_number(environment, "LP_OFFER_HOURS", 24, 1, 720) * 3600,
        activation_seconds=_number(environment, "LP_ACTIVATION_HOURS", 48, 1, 336) * 3600,
        nonce_seconds=_number(environment, "LP_NONCE_SECONDS", 300, 30, 900),
        access_seconds=_number(environment, "LP_ACCESS_SECONDS", 600, 60, 3600),
        refresh_seconds=_number(environment, "LP_REFRESH_DAYS", 180, 1, 400) * DAY,
        batch_size=_number(environment, "LP_BATCH_SIZE", 8, 2, 64),
        lists_max_age=_number(environment, "LP_LISTS_MAX_AGE_HOURS", 48, 1, 720) * 3600,
        oidc_issuer=issuer,
        oidc_audience=environment.get("LP_OIDC_AUDIENCE", "") or base_url,
        oidc_jwks=jwks,
        oidc_role_claim=environment.get("LP_OIDC_ROLE_CLAIM", "") or "role",
        lease_seconds=_number(environment, "LP_LEASE_SECONDS", 60, 2, 3600),
        loop_seconds=_number(environment, "LP_LOOP_SECONDS", 5, 0, 300),
        publish_every=_number(environment, "LP_PUBLISH_EVERY_SECONDS", 3600, 1, 86400),
        database_limits=DatabaseLimits(
            pool=_number(environment, "LP_POOL_SIZE", 20, 2, 500),
            lock=_number(environment, "LP_LOCK_SECONDS", 10, 1, 600),
            statement=_number(environment, "LP_STATEMENT_SECONDS", 30, 1, 3600),
        ),
        open_data_threshold=_number(environment, "LP_OPEN_DATA_THRESHOLD", 10, 2, 1000),
        pace=PaceLimits(
            address=_number(environment, "LP_ADDRESS_PER_MINUTE", 1200, 0, 100_000),
            caller=_number(environment, "LP_CALLER_PER_MINUTE", 300, 0, 100_000),
            proxies=_networks(environment, "LP_PROXY_ADDRESSES"),
        ),
        test_now=test_now,
    )


def write_service_file(home: Path, *, base_url: str, demo: bool) -> None:
    """Fix the facts that signed bytes repeat; to be called by `init` alone. Raises `SettingsRefused`."""
    check_base_url(base_url)
    path = _service_file(home)
    if path.exists():
        msg = f"{home} is a home already; choose another folder"
        raise SettingsRefused(msg)
    home.mkdir(parents=True, exist_ok=True)
    content = {"format": 1, "base_url": base_url, "demo": demo}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def check_base_url(base_url: str) -> None:
    """Refuse an address that credentials could not repeat. Raises `SettingsRefused`."""
    if not _BASE_URL.fullmatch(base_url) or len(base_url) > 120:
        msg = "the public address is http(s)://host[:port][/path], lower case, without a slash at the end"
        raise SettingsRefused(msg)
    if base_url.startswith("http://") and not is_loopback(base_url):
        msg = "the public address must be https:// unless the service is on loopback"
        raise SettingsRefused(msg)


def is_loopback(address: str) -> bool:
    """Whether an http address stays on this machine."""
    return _LOOPBACK.fullmatch(address) is not None


def _check_issuer(issuer: str, jwks: str) -> None:
    if bool(issuer) != bool(jwks):
        msg = "LP_OIDC_ISSUER and LP_OIDC_JWKS go together: the issuer's address, and a file or address of its keys"
        raise SettingsRefused(msg)
    if issuer and not (issuer.startswith("https://") or is_loopback(issuer)):
        msg = "LP_OIDC_ISSUER is an https:// address, spelled as the iss of its tokens"
        raise SettingsRefused(msg)
    if "://" in jwks and not (jwks.startswith("https://") or is_loopback(jwks)):
        msg = "LP_OIDC_JWKS is a file, or an https:// address"
        raise SettingsRefused(msg)


def _service_file(home: Path) -> Path:
    return home / "service.json"


def _read_service_file(home: Path) -> dict[str, object]:
    try:
        content = json.loads(_service_file(home).read_bytes())
    except FileNotFoundError:
        msg = f"{home} is no home of the service; run: wallet-api init --home {home}"
        raise SettingsRefused(msg) from None
    except (OSError, ValueError) as error:
        msg = f"service.json of {home} cannot be read; restore it from a copy"
        raise SettingsRefused(msg) from error
    if (
        not isinstance(content, dict)
        or content.get("format") != 1
        or not {"base_url", "demo"} <= content.keys()
    ):
        msg = f"service.json of {home} is of another version"
        raise SettingsRefused(msg)
    return content


def _flag(environment: Mapping[str, str], name: str) -> bool:
    value = environment.get(name, "0")
    if value not in {"0", "1"}:
        msg = f"{name} is 0 or 1"
        raise SettingsRefused(msg)
    return value == "1"


def _number(environment: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = environment.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) or not low <= int(text) <= high:
        msg = f"{name} is a whole number from {low} to {high}"
        raise SettingsRefused(msg)
    return int(text)


def _networks(environment: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    try:
        return tuple(ip_network(one.strip()) for one in environment.get(name, "").split(",") if one.strip())
    except ValueError:
        msg = f"{name} is a list of addresses or networks with commas between them, such as 10.0.0.7,10.1.0.0/24"
        raise SettingsRefused(msg) from None
