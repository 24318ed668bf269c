"""Functions that both engines have, under different names."""

from __future__ import annotations

import hashlib
import sqlite3
from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class sha256_hex(FunctionElement[str]):  # noqa: N801 - written like a function of SQL
    """SHA-256 of a text's UTF-8, 64 hexadecimal digits."""

    type = String()
    inherit_cache = True


@compiles(sha256_hex, "postgresql")
def _postgresql(element: sha256_hex, compiler: SQLCompiler, **named: Any) -> str:
    return f"encode(sha256(convert_to({compiler.process(element.clauses, **named)}, 'UTF8')), 'hex')"


@compiles(sha256_hex, "sqlite")
def _sqlite(element: sha256_hex, compiler: SQLCompiler, **named: Any) -> str:
    return f"sha256_hex({compiler.process(element.clauses, **named)})"


def teach(connection: sqlite3.Connection) -> None:
    """Give a connection of SQLite what it lacks."""
    connection.create_function("sha256_hex", 1, _sha256_hex, deterministic=True)


def _sha256_hex(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
