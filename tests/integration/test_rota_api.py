"""Rotas through the API: laying them down, their book, and what the rules say, as far as each person may know."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.support.rota_house import RotaHouse, rota_house, technical


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_rota_is_laid_down(house: RotaHouse) -> None:
    view = await house["TO-11"].rota("technical")
    assert (view.rota, view.version, view.changed_by, view.ended_at) == (technical(), 1, "SU-01", None)
