"""Logs and metrics without personal data: a closed list of fields goes out, everything else stays in.

A log line never holds a path, a query, a header or an exception's text: the route's template, the status, the problem's
code and the type of an unforeseen exception with its place in our own code say what an operator needs.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

FIELDS: Final = frozenset(
    {
        "event",
        "at",
        "level",
        "method",
        "route",
        "status",
        "problem",
        "milliseconds",
        "error",
        "place",
        "edition",
        "count",
        "chore",
        "credential",  # its opaque id, and so the next one
        "document",
        "what",
        "outcome",
        "until",
    }
)
_LOG: Final = logging.getLogger("wallet_api")
_ROOT: Final = Path(__file__).parent


class Telemetry:
    """Metrics of one application and the writer of its log lines."""

    def __init__(self) -> None:
        """Count from zero, in a registry of its own."""
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lp_requests", "Answered requests.", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram("lp_request_seconds", "Time to answer.", ["route"], registry=self.registry)
        self.issued = Counter(
            "lp_credentials_issued", "Credentials handed out.", ["view", "form"], registry=self.registry
        )
        self.unissued = Counter(
            "lp_credentials_unissued", "Credentials recorded and not handed out.", registry=self.registry
        )
        self.acts = Counter("lp_authority_acts", "Acts of authority.", ["act"], registry=self.registry)
        self.published_at = Gauge(
            "lp_published_timestamp_seconds",
            "Date of the edition in force, whichever process published it; -1 when unknown.",
            registry=self.registry,
        )
        self.lists_age = Gauge(
            "lp_lists_age_seconds", "Age of the published lists; -1 when unknown.", registry=self.registry
        )
        self.publication_age = Gauge(
            "lp_publication_age_seconds",
            "Time since a publication ended well; -1 when unknown.",
            registry=self.registry,
        )
        self.impossible_rows = Gauge(
            "lp_publication_impossible_rows",
            "Credentials that the last publication of this process left out in part, or for which it stopped.",
            ["effect"],
            registry=self.registry,
        )
        self.left_out = self.stopping = self.impossible_at = 0
        """The same for `/readyz`, and of which instant it is (UTC seconds)."""
        self.count_impossible(0, 0, 0)
        self.proposals_waiting = Gauge(
            "lp_proposals_waiting",
            "Proposals that wait for a second person.",
            ["kind"],
            registry=self.registry,
        )
        self.altered = Counter(
            "lp_altered",
            "Refused: a proposal or a batch that is not what was proposed and approved.",
            ["problem"],
            registry=self.registry,
        )
        self.acts_cancellable = Gauge(
            "lp_acts_cancellable", "Acts that can still be cancelled.", ["of"], registry=self.registry
        )
        self.lease_held = Gauge(
            "lp_lease_held", "1 while this process holds the lease.", ["lease"], registry=self.registry
        )
        self.chores = Counter(
            "lp_chores",
            "Rounds of the background loop's chores.",
            ["chore", "outcome"],
            registry=self.registry,
        )

    def count_impossible(self, left_out: int, stopping: int, at: int) -> None:
        """What a publication of this process found among the credentials (`publication/impossible.py`), `at` UTC seconds."""
        self.left_out, self.stopping, self.impossible_at = left_out, stopping, at
        self.impossible_rows.labels("left_out").set(left_out)
        self.impossible_rows.labels("stops").set(stopping)

    def published(self, at: int) -> None:
        """An edition of that instant (UTC seconds) is in force: what was found before it says nothing of it."""
        if at > self.impossible_at:
            self.count_impossible(0, 0, at)

    def exposition(self) -> bytes:
        """The metrics in Prometheus' text form."""
        return generate_latest(self.registry)


def log(event: str, *, level: int = logging.INFO, **fields: str | int | None) -> None:
    """Write one line. Raises `ValueError` for a field outside the list, so that a slip is found by the tests."""
    unknown = fields.keys() - FIELDS
    if unknown:
        msg = f"fields outside the allow-list: {sorted(unknown)}"
        raise ValueError(msg)
    _LOG.log(level, event, extra={"lp": {name: value for name, value in fields.items() if value is not None}})


def place_of(error: BaseException) -> str:
    """Where in our own code an exception came from, as `file:line`; never its text, which may repeat input."""
    own = [
        one for one in traceback.extract_tb(error.__traceback__) if Path(one.filename).is_relative_to(_ROOT)
    ]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "elsewhere"


class _JsonLines(logging.Formatter):
    """One JSON object a line, of the allowed fields only; foreign loggers give their level and event name alone."""

    def format(self, record: logging.LogRecord) -> str:
        fields: Mapping[str, object] = getattr(record, "lp", {})
        event = (
            record.getMessage() if record.name == _LOG.name else f"library {record.name.partition('.')[0]}"
        )
        line = {"at": int(record.created), "level": record.levelname.lower(), "event": event, **fields}
        return json.dumps(line, ensure_ascii=True)


def install_json_logs() -> None:
    """Send everything that is logged in this process through the allow-list, to standard error."""
    target = logging.StreamHandler(sys.stderr)
    target.setFormatter(_JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [target]
    root.setLevel(logging.INFO)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "sqlalchemy"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        logger.setLevel(logging.WARNING)
