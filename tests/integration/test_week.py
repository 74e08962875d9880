"""A week of deployments, played by its people through the API; the log alone tells all of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.demo.week.house import furnish
from fleet.demo.week.player import play
from fleet.demo.week.stage import Stage
from fleet.demo.week.stories import WEEK
from fleet.store.store import Store
from tests.support.week_house import week_house


@pytest.fixture
async def stage(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with week_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_week_is_played_and_its_log_tells_every_step(stage: Stage) -> None:
    stage.clock.go_to(stage.time(-8))
    await furnish(stage)
    await play(stage, WEEK)
