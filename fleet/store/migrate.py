"""Bringing a database to the newest schema."""

from collections.abc import Callable
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from fleet.errors import SettingsInvalid, StoreUnavailable

_SCRIPTS = Path(__file__).parent / "migrations"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config


def newest_revision() -> str:
    """The revision this program was built for."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None, "the package always ships a migration"
    return head


async def upgrade(dsn: str) -> None:
    """Bring the database at `dsn` (postgresql://…, its owner) to the newest revision.

    Several controllers may call this at once: the second waits for the first. Raises StoreUnavailable, or
    SettingsInvalid when PostgreSQL does not let this user do it.
    """
    await _with_connection(dsn, lambda connection: command.upgrade(_config(connection), "head"))


async def downgrade(dsn: str, revision: str = "base") -> None:
    """Take the database back to `revision`; loses what the undone migrations held."""
    await _with_connection(dsn, lambda connection: command.downgrade(_config(connection), revision))


async def current_revision(dsn: str) -> str | None:
    """The database's revision, None for an empty one."""
    found: list[str | None] = []
    await _with_connection(
        dsn, lambda connection: found.append(MigrationContext.configure(connection).get_current_revision())
    )
    return found[0]


async def _with_connection(dsn: str, work: Callable[[Connection], object]) -> None:
    engine = create_async_engine(dsn.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await _alone(connection)
            await connection.run_sync(work)
            await connection.commit()
    except OSError as error:
        raise StoreUnavailable(str(error)) from error
    except (DBAPIError, asyncpg.PostgresError) as error:
        raise SettingsInvalid("database.owner_dsn", f"PostgreSQL refused: {str(error).splitlines()[0]}") from error
    finally:
        await engine.dispose()


async def _alone(connection: AsyncConnection) -> None:
    await connection.execute(text("SELECT pg_advisory_lock(hashtext('muster migrations'))"))
    await connection.commit()
