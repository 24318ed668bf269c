"""What a terminal tells the authority of its days that are over: how many verdicts of each reason, and nothing else.

1. The counts come from the terminal's own journal, which holds nobody; a line that is torn or foreign is left out.
2. Days are civil days of Paris, the oldest first; the last one told is remembered, so each is told once. The authority
   counts a terminal's day once too, should that memory be lost. A day that it refuses (too old, or not over by its clock)
   does not hold up the days after it.
3. Telling is voluntary: an enrolment without an address for reports turns it off. What cannot be told today is told at a
   later sync, for 30 days, the time a terminal works without a network. No failure here is a failure of the sync.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPException
from typing import Final, NamedTuple

from credentials.errors import CredentialFormatError
from credentials.paris_day import paris_day

from .disk import read_bounded, replace_file
from .errors import SyncError, TrustBroken
from .journal import JOURNAL, REPORTED
from .mirror import TIMEOUT_SECONDS, authorization, opener, require_safe
from .reasons import Reason
from .store import TerminalStore

__all__ = ["DaysReported", "report_days"]

_KEPT: Final = timedelta(days=30)
_MOST: Final = 10_000  # of one reason on one day, as the authority takes them
_REFUSED: Final = {400, 409, 422}  # the authority read the day and does not take it
Days = dict[date, Counter[str]]


class DaysReported(NamedTuple):
    """How many days were told now, how many are left for a later sync, and how many the authority did not take."""

    told: int
    left: int
    refused: int = 0


def report_days(store: TerminalStore, *, at: int) -> DaysReported | None:
    """Tell the authority the finished days it does not know; None when the enrolment names no address for it.

    `at` is the terminal's clock in UTC seconds. Raises `OSError` when the terminal's disk refuses; never for the network.
    """
    address, secret = store.enrolment.reports_url, store.enrolment.mirror_secret
    if address is None or secret is None:
        return None
    yesterday = paris_day(at) - timedelta(days=1)
    last = _last_told(store.folder, yesterday)
    if last == yesterday:
        return DaysReported(0, 0)
    days = _finished(store, max(last + timedelta(days=1), yesterday - _KEPT + timedelta(days=1)), yesterday)
    told, accepted = 0, True
    for day in sorted(days):
        answer = _accepted(address, secret, day, days[day])
        if answer is None:
            left = sum(one >= day for one in days)
            return DaysReported(told, left, len(days) - left - told)
        accepted = answer
        if accepted:
            told += 1
            _remember(store.folder, day)
    if accepted:
        _remember(store.folder, yesterday)
    return DaysReported(told, 0, len(days) - told)


def _finished(store: TerminalStore, first: date, last: date) -> Days:
    """The verdicts of the journal from `first` to `last`, both included, by day and reason."""
    days: Days = {}
    try:
        journal = open(f"{store.folder}/{JOURNAL}", "rb")  # noqa: PTH123, SIM115 - closed below
    except FileNotFoundError:
        return days
    with journal:
        for line in journal:
            found = _verdict(line, str(store.enrolment.profile))
            if found is not None and first <= found[0] <= last:
                days.setdefault(found[0], Counter())[found[1]] += 1
    return days


def _verdict(line: bytes, profile: str) -> tuple[date, str] | None:
    """Day and reason of a journal line; None for one that was cut, edited, or given under another profile."""
    try:
        told = json.loads(line)
        at = datetime.strptime(told["at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        day = paris_day(int(at.timestamp()))
    except (ValueError, TypeError, KeyError, RecursionError, CredentialFormatError):
        return None
    reason = told.get("reason")
    known = isinstance(reason, str) and reason in Reason.__members__
    return (day, reason) if known and told.get("profile") == profile else None


def _accepted(address: str, secret: str, day: date, counts: Counter[str]) -> bool | None:
    """Whether the authority took this day; None when it could not be asked, or could not answer."""
    verdicts = {reason: min(count, _MOST) for reason, count in counts.items()}
    body = json.dumps({"day": day.isoformat(), "verdicts": verdicts}).encode()
    headers = {**authorization(secret), "Content-Type": "application/json"}
    try:
        require_safe(address, secret)
        request = urllib.request.Request(address, body, headers)  # noqa: S310 - the scheme was checked
        with opener(address).open(request, timeout=TIMEOUT_SECONDS):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False if error.code in _REFUSED else None
    except (OSError, HTTPException, ValueError, SyncError):
        return None


def _last_told(folder: str, yesterday: date) -> date:
    """The last day told; long ago when there is none, or when it was told under a clock that ran ahead."""
    try:
        last = date.fromisoformat(read_bounded(f"{folder}/{REPORTED}", 10).decode("ascii"))
    except (OSError, ValueError, TrustBroken):
        return date.min
    return last if last <= yesterday else date.min


def _remember(folder: str, day: date) -> None:
    replace_file(f"{folder}/{REPORTED}", day.isoformat().encode())
