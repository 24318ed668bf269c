"""What the driver raises when it is used without SQLAlchemy's wrapping, as SQLAlchemy would raise it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def driver_of(connection: Connection) -> Any:
    """The driver's own connection."""
    return connection.connection.dbapi_connection


@contextmanager
def driver_errors(connection: Connection) -> Iterator[None]:
    """Raise the driver's errors as SQLAlchemy's `DBAPIError`, without the values of the statement."""
    try:
        yield
    except connection.dialect.loaded_dbapi.Error as error:
        raise _translated(connection, error) from error


def _translated(connection: Connection, error: Exception) -> Exception:
    """A connection that broke is shown to SQLAlchemy, which then trusts none of the pool's older ones and says so."""
    dialect = connection.dialect
    if dialect.is_disconnect(error, driver_of(connection), None):  # type: ignore[arg-type]
        try:
            connection.exec_driver_sql("SELECT 1")
        except DBAPIError as told:
            return told
    made: Exception = DBAPIError.instance(None, None, error, dialect.loaded_dbapi.Error, dialect=dialect)
    return made
