"""SQL of the counts of quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, delete, func, select, update

from credentials.paris_day import paris_day
from wallet_api import tables
from wallet_api.database import insert_once
from wallet_api.roles import SERVICE
from wallet_api.settings import DAY

from .tally import Cell

KEPT: Final = 92 * DAY
KEPT_MARKS: Final = 40 * DAY  # longer than a day can be reported late


def add_hours(connection: Connection, counts: Mapping[Cell, int]) -> None:
    """Add counts to their hours, in the order of the keys so that two processes never wait for each other in turn."""
    for cell in sorted(counts):
        _add(connection, tables.service_hour.name, {**cell._asdict()}, counts[cell])


def mark_minute(connection: Connection, now: int) -> None:
    """This minute the service lived and reached its database."""
    hour = now - now % 3_600
    row = {"hour": hour, "kind": "minute", "subject": "", "value": f"{now % 3_600 // 60:02}", "count": 1}
    insert_once(connection, tables.service_hour, {"authority_id": SERVICE, **row})


def hours_since(connection: Connection, first: int) -> dict[tuple[str, str, str], int]:
    """Sums over the hours from `first` on, by kind, subject and value; minutes by kind alone."""
    table = tables.service_hour
    rows = connection.execute(
        select(table.c.kind, table.c.subject, table.c.value, func.sum(table.c.count))
        .where(table.c.authority_id == SERVICE, table.c.hour >= first, table.c.kind != "minute")
        .group_by(table.c.kind, table.c.subject, table.c.value)
    )
    return {(kind, subject, value): int(count) for kind, subject, value, count in rows}


def answers_by_hour(connection: Connection, first: int) -> dict[tuple[int, str, str], int]:
    """Answers of all addresses from the hour `first` on, by hour, kind (`answer`, `latency`) and value."""
    table = tables.service_hour
    rows = connection.execute(
        select(table.c.hour, table.c.kind, table.c.value, func.sum(table.c.count))
        .where(table.c.authority_id == SERVICE, table.c.hour >= first, table.c.kind != "minute")
        .group_by(table.c.hour, table.c.kind, table.c.value)
    )
    return {(hour, kind, value): int(count) for hour, kind, value, count in rows}


def minutes_by_hour(connection: Connection, first: int) -> dict[int, int]:
    """How many minutes were marked in each hour from `first` on."""
    table = tables.service_hour
    rows = connection.execute(
        select(table.c.hour, func.count())
        .where(table.c.authority_id == SERVICE, table.c.hour >= first, table.c.kind == "minute")
        .group_by(table.c.hour)
    )
    return {hour: count for hour, count in rows}  # noqa: C416 - rows are no pairs for the type checker


def minutes_since(connection: Connection, first: int, until: int) -> tuple[int | None, int]:
    """The instant of the first minute marked from the hour `first` on, and how many were marked before `until`."""
    table = tables.service_hour
    asked = [table.c.authority_id == SERVICE, table.c.kind == "minute", table.c.hour >= first]
    earliest = connection.execute(
        select(table.c.hour, table.c.value).where(*asked).order_by(table.c.hour, table.c.value).limit(1)
    ).first()
    marked = connection.execute(
        select(table.c.hour, func.count()).where(*asked, table.c.hour <= until).group_by(table.c.hour)
    )
    if earliest is None:
        return None, 0
    this_hour, last = until - until % 3_600, f"{until % 3_600 // 60:02}"
    late = connection.execute(
        select(func.count()).where(*asked, table.c.hour == this_hour, table.c.value >= last)
    ).scalar_one()
    return earliest[0] + 60 * int(earliest[1]), sum(count for _, count in marked) - late


def take_report(connection: Connection, mark: str, now: int) -> bool:
    """Whether this report is the first with its mark."""
    row = {"authority_id": SERVICE, "mark": mark, "recorded_at": now}
    return insert_once(connection, tables.terminal_report, row)


def add_day(connection: Connection, day: str, counts: Mapping[tuple[str, str, str], int]) -> None:
    """Add a report's counts, by kind, profile and value, to its day."""
    for kind, profile, value in sorted(counts):
        key = {"day": day, "kind": kind, "profile": profile, "value": value}
        _add(connection, tables.terminal_day.name, key, counts[kind, profile, value])


def days_between(connection: Connection, first: str, last: str) -> dict[tuple[str, str, str], int]:
    """Sums of the reports from the day `first` to `last`, by kind, profile and value."""
    table = tables.terminal_day
    rows = connection.execute(
        select(table.c.kind, table.c.profile, table.c.value, func.sum(table.c.count))
        .where(table.c.authority_id == SERVICE, table.c.day >= first, table.c.day <= last)
        .group_by(table.c.kind, table.c.profile, table.c.value)
    )
    return {(kind, profile, value): int(count) for kind, profile, value, count in rows}


def add_opinion(connection: Connection, day: str, topic: str, note: int) -> None:
    """Count one opinion of the public."""
    _add(connection, tables.opinion_count.name, {"day": day, "topic": topic, "note": note}, 1)


def opinions_between(connection: Connection, first: str, last: str) -> dict[tuple[str, int], int]:
    """Sums of the public's opinions from the day `first` to `last`, by topic and note."""
    table = tables.opinion_count
    rows = connection.execute(
        select(table.c.topic, table.c.note, func.sum(table.c.count))
        .where(table.c.authority_id == SERVICE, table.c.day >= first, table.c.day <= last)
        .group_by(table.c.topic, table.c.note)
    )
    return {(topic, note): int(count) for topic, note, count in rows}


def purge(connection: Connection, now: int) -> None:
    """Forget hours, days and marks past their time."""
    first = paris_day(now - KEPT).isoformat()
    hours, days, marks = tables.service_hour, tables.terminal_day, tables.terminal_report
    connection.execute(delete(hours).where(hours.c.authority_id == SERVICE, hours.c.hour < now - KEPT))
    public = tables.opinion_count
    connection.execute(delete(public).where(public.c.authority_id == SERVICE, public.c.day < first))
    connection.execute(delete(days).where(days.c.authority_id == SERVICE, days.c.day < first))
    connection.execute(
        delete(marks).where(marks.c.authority_id == SERVICE, marks.c.recorded_at < now - KEPT_MARKS)
    )


def _add(connection: Connection, name: str, key: Mapping[str, object], count: int) -> None:
    table = tables.metadata.tables[name]
    whole = {"authority_id": SERVICE, **key}
    if insert_once(connection, table, {**whole, "count": count}):
        return
    connection.execute(
        update(table)
        .where(*(table.c[column] == value for column, value in whole.items()))
        .values(count=table.c.count + count)
    )
