"""What integration tests can ask for."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from fleet.store.store import Store
from tests.support.check_house import CheckHouse, check_house
from tests.support.controller import api
from tests.support.postgres import dsn, empty_dsn, owner, postgres, store

__all__ = ["api", "dsn", "empty_dsn", "house", "owner", "postgres", "store"]


@pytest.fixture
async def house(
    store: Store, dsn: str, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> AsyncIterator[CheckHouse]:
    """A controller that checks one unit, until a module has a house of its own."""
    async with check_house(store, dsn, owner, tmp_path) as made:
        yield made
