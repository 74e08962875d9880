"""Ends that take their time: whoever receives is gone and may still say why; a driver holds what has to be closed."""

from pathlib import Path

import pytest

from edge_agent.openings import session
from edge_agent.openings.opener import GONE, Failed
from protocols.opening import Closed
from tests.support.mandates import OPENING
from tests.support.opening_desk import CountedThing, unit_at
from tests.support.waiting import until

FAILED = Failed(GONE, "the other end has ended the connection")


async def test_what_can_not_be_closed_is_not_said_or_recorded_to_be_until_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_CLOSE_AGAIN_S", 0.01)
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened()
        thing.held = True
        unit.desk.close(OPENING, "cancelled")
        await until(lambda: _tried(thing))
        assert [one.opening for one in unit.desk.open] == [OPENING]
        assert await unit.recorded() == [("opened", "video", ""), ("opened", "audio", "")]
        thing.held = False
        assert (await unit.told(Closed))[0].reason == "cancelled"
        assert (await unit.recorded())[2:] == [("closed", "video", "cancelled"), ("closed", "audio", "cancelled")]


async def _tried(thing: CountedThing) -> bool:
    return thing.tried_in_vain > 1


async def test_the_device_closes_before_the_reason_comes_which_is_then_recorded(tmp_path: Path) -> None:
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened()
        thing.events.put_nowait(FAILED)

        async def closed() -> bool:
            return thing.closed_at is not None

        await until(closed)
        assert await unit.recorded() == [("opened", "video", ""), ("opened", "audio", "")]
        unit.desk.close(OPENING, "cancelled")
        assert (await unit.told(Closed))[0].reason == "cancelled"
        assert (await unit.recorded())[2:] == [("closed", "video", "cancelled"), ("closed", "audio", "cancelled")]


async def test_without_a_reason_it_is_recorded_that_the_other_end_has_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "_REASON_LIMIT_S", 0.05)
    async with unit_at(tmp_path) as unit:
        thing = await unit.opened()
        thing.events.put_nowait(FAILED)
        said = (await unit.told(Closed))[0]
        assert (said.reason, said.detail) == ("console-gone", FAILED.detail)
        assert unit.desk.open == []
