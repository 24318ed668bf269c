"""Nothing that ties the service to one engine: no trigger, stored routine, sequence, identity, LISTEN or NOTIFY."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from sqlalchemy import text

ROOM = Path(__file__).resolve().parents[2] / "wallet_api"
# What PostgreSQL's own catalogue says of our schema; each must come back empty.
CATALOGUE = {
    "triggers": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "routines": "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')",
    "sequences": "SELECT relname FROM pg_class WHERE relkind = 'S'",
    "identity columns": "SELECT attname FROM pg_attribute WHERE attidentity <> ''",
    "generated columns": "SELECT attname FROM pg_attribute WHERE attgenerated <> ''",
    "rules and views": "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = 'public' AND relkind NOT IN ('r', 'i')",
    "extensions": "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'",
    "defaults that compute": "SELECT column_name FROM information_schema.columns "
    "WHERE table_schema = 'public' AND column_default LIKE '%(%'",
    "engine's own types": "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public' "
    "AND data_type NOT IN ('character varying', 'text', 'integer', 'bigint', 'bytea')",
}
FORBIDDEN = re.compile(
    r"\b(?:create\s+(?:or\s+replace\s+)?(?:trigger|function|procedure|sequence)|nextval|pg_notify|autoincrement"
    r"|pg_advisory\w*|generated\s+(?:always|by\s+default))\b|[\"'](?:listen|notify)\s+\w"
    r"|\b(?-i:Sequence|Identity|Computed)\(|\bserial\b",
    re.IGNORECASE,
)


def _found(service, query: str) -> list[str]:
    with service.database.read() as connection:
        return list(connection.execute(text(query)).scalars())


@pytest.mark.postgres
@pytest.mark.parametrize("what", CATALOGUE)
def test_migrated_schema_on_postgresql_holds_no(what, service):
    """Looked up in the catalogue after every migration ran."""
    if service.database.engine.dialect.name == "sqlite":
        assert _found(service, "SELECT name FROM sqlite_master WHERE type IN ('trigger', 'view')") == []
        assert "sqlite_sequence" not in _found(service, "SELECT name FROM sqlite_master")
        return
    assert _found(service, CATALOGUE[what]) == []


@pytest.mark.postgres
def test_catalogue_would_tell(service):
    """The queries above can fail."""
    if service.database.engine.dialect.name == "sqlite":
        with service.database.write() as connection:
            connection.execute(text("CREATE TRIGGER one AFTER INSERT ON nonce BEGIN DELETE FROM nonce; END"))
        assert _found(service, "SELECT name FROM sqlite_master WHERE type = 'trigger'") == ["one"]
        return
    with service.database.write() as connection:
        for statement in (
            "CREATE TABLE one (id serial, number int GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT now())",
            "CREATE FUNCTION two() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER three BEFORE INSERT ON one FOR EACH ROW EXECUTE FUNCTION two()",
            "CREATE VIEW four AS SELECT 1",
            "ALTER TABLE one ADD COLUMN twice int GENERATED ALWAYS AS (1 + 1) STORED",
        ):
            connection.execute(text(statement))
    silent = {what for what, query in CATALOGUE.items() if not _found(service, query)}
    assert silent == {"extensions"}


def test_no_source_asks_for_such_a_thing():
    """Neither in SQL texts nor in the words of the library."""
    assert [
        f"{path.name}: {hit.group()}"
        for path in sorted(ROOM.rglob("*.py"))
        if (hit := FORBIDDEN.search(path.read_text(encoding="utf-8")))
    ] == []


@pytest.mark.parametrize(
    "line",
    [
        "CREATE TRIGGER x",
        'text("LISTEN acts")',
        "select nextval('x')",
        "Column('id', Identity())",
        "pg_advisory_lock(1)",
        "id SERIAL",
    ],
)
def test_pattern_knows_them(line):
    """It can fail."""
    assert FORBIDDEN.search(line)
