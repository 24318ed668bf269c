"""What holds for every test: one fixed instant, no socket beyond loopback, property tests that repeat.

At the end the skipped tests are told by their reason, one line a reason.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import sys
from collections import Counter
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import settings

INSTANT: Final = 1_793_527_200  # 2026-11-01T10:00:00Z, a Sunday at 11:00 in Paris

settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
# Another Python than the first: what a property says was looked for there, here it has to run.
settings.register_profile("brief", deadline=None, derandomize=True, print_blob=True, max_examples=10)
settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile(
    "explore" if os.environ.get("LP_EXPLORE") else "brief" if os.environ.get("LP_BRIEF") else "steady"
)


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a pipeline may start its jobs with the interrupt ignored, and programs under test would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)


class SocketBeyondLoopbackError(Exception):
    """A test tried to reach another machine."""


def _is_loopback(host: object) -> bool:
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host in {None, "", "localhost", "testserver"}:
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _refuse_other_machines(event: str, args: tuple[object, ...]) -> None:
    """Audit hook, so that it also holds for libraries that keep their own reference to the socket module."""
    if event == "socket.getaddrinfo":
        host: object = args[0]
    elif event in {"socket.connect", "socket.sendto"}:
        address = args[1]
        if not isinstance(address, tuple):  # a Unix socket
            return
        host = address[0]
    else:
        return
    if not _is_loopback(host):
        raise SocketBeyondLoopbackError(f"{event}: tests stay on this machine, {host!r} was asked for")


sys.addaudithook(_refuse_other_machines)


@pytest.fixture
def instant() -> int:
    """The instant of every test that needs one, in UTC seconds."""
    return INSTANT


@pytest.fixture
def at(instant: int) -> datetime:
    """The same instant as public functions take it."""
    return datetime.fromtimestamp(instant, UTC)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were skipped, once a reason: what a machine lacks is part of the report."""
    skipped = Counter(
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", ())
        if isinstance(report.longrepr, tuple)
    )
    for reason, count in sorted(skipped.items()):
        terminalreporter.write_line(f"skipped {count}: {reason}")
