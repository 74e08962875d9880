"""A real PostgreSQL 18 for tests: one server for a run, a fresh database from a template for each test."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import asyncpg
import pytest

from fleet.demo.postgres import PostgresServer
from fleet.store.migrate import upgrade
from fleet.store.store import Store, open_store

TEMPLATE = "muster_template"


async def create_database(server: PostgresServer, name: str, template: str = "template1") -> str:
    """A new database copied from `template`; returns its owner's URL."""
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
    finally:
        await connection.close()
    return server.dsn(name)


async def _drop_database(server: PostgresServer, name: str) -> None:
    connection = await asyncpg.connect(server.dsn())
    try:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The run's server, with the migrated template database."""
    server = PostgresServer.create()
    try:

        async def make_template() -> None:
            await upgrade(await create_database(server, TEMPLATE))

        with asyncio.Runner() as runner:
            runner.run(make_template())
        yield server
    finally:
        server.remove()


@pytest.fixture
async def dsn(postgres: PostgresServer) -> AsyncIterator[str]:
    """The owner's URL of a fresh database at the newest schema."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name, TEMPLATE)
    await _drop_database(postgres, name)


@pytest.fixture
async def empty_dsn(postgres: PostgresServer) -> AsyncIterator[str]:
    """The owner's URL of a fresh database without any schema."""
    name = f"test_{uuid4().hex}"
    yield await create_database(postgres, name)
    await _drop_database(postgres, name)


@pytest.fixture
async def store(dsn: str) -> AsyncIterator[Store]:
    """The store on a fresh database, in the controller's role."""
    opened = await open_store(dsn, max_connections=8)
    yield opened
    await opened.close()


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """The owner's connection to the test's database: to look behind the store."""
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()
