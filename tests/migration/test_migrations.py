"""The schema is the sum of the migrations, and each can be undone and done again."""

import asyncio

import asyncpg
import pytest

from fleet.demo.postgres import PostgresServer
from fleet.errors import SchemaOutdated
from fleet.store.migrate import current_revision, downgrade, newest_revision, upgrade
from fleet.store.store import ROLE, Store, open_store


def schema(server: PostgresServer, dsn: str) -> str:
    """The schema of the database as pg_dump writes it, without alembic's own table and what differs from run to run."""
    dumped = server.run("pg_dump", "--schema-only", "--exclude-table=alembic_version", f"--dbname={dsn}").stdout
    idle = ("--", "SET ", "\\restrict", "\\unrestrict")
    return "\n".join(line for line in dumped.splitlines() if line and not line.startswith(idle))


async def test_up_down_up_gives_the_same_schema(postgres: PostgresServer, empty_dsn: str) -> None:
    before = schema(postgres, empty_dsn)
    await upgrade(empty_dsn)
    first = schema(postgres, empty_dsn)
    assert "CREATE TABLE public.health_report" in first
    assert await current_revision(empty_dsn) == newest_revision()
    await downgrade(empty_dsn)
    assert await current_revision(empty_dsn) is None
    assert schema(postgres, empty_dsn) == before
    await upgrade(empty_dsn)
    assert schema(postgres, empty_dsn) == first


async def test_upgrading_an_upgraded_database_changes_nothing(postgres: PostgresServer, dsn: str) -> None:
    before = schema(postgres, dsn)
    await upgrade(dsn)
    assert schema(postgres, dsn) == before


async def test_controllers_that_upgrade_at_once_wait_for_each_other(postgres: PostgresServer, empty_dsn: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(upgrade(empty_dsn))
    assert await current_revision(empty_dsn) == newest_revision()


async def test_the_controllers_role_works_and_can_not_change_the_schema(store: Store, dsn: str) -> None:
    await store.check_schema()
    connection = await asyncpg.connect(dsn, server_settings={"role": ROLE})
    try:
        for forbidden in ("CREATE TABLE intruder (x int)", "DROP TABLE unit", "DELETE FROM log_entry"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(forbidden)
        await connection.execute("CREATE TEMPORARY TABLE staging (x int) ON COMMIT DELETE ROWS")
    finally:
        await connection.close()


async def test_an_older_schema_is_noticed(empty_dsn: str) -> None:
    await upgrade(empty_dsn)
    opened = await open_store(empty_dsn, max_connections=2)
    try:
        await downgrade(empty_dsn)
        with pytest.raises(SchemaOutdated, match="fleet migrate"):
            await opened.check_schema()
    finally:
        await opened.close()
