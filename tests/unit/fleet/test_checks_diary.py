"""That the end of a check is written however long the database is away, with what it was when it ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fleet.checks import chapters
from fleet.checks.chapters import Outcome
from fleet.checks.diary import Diary
from fleet.checks.permits import Check
from fleet.checks.session import Ended
from fleet.checks.tools import Tools
from fleet.errors import StoreUnavailable
from fleet.readiness.limits import Limits
from tests.support.reporting import until

AT = datetime(2026, 11, 22, 14, tzinfo=UTC)


class _Store:
    """A database that is away until `is_back`."""

    def __init__(self) -> None:
        self.is_back = False
        self.tries = 0

    def was_tried(self, times: int) -> bool:
        return self.tries >= times

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        self.tries += 1
        if not self.is_back:
            raise StoreUnavailable("away")
        yield


async def test_an_end_waits_for_the_database_as_long_as_that_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Outcome] = []

    async def ended(_transaction: object, _check: Check, _controller: str, outcome: Outcome, _now: datetime) -> None:
        written.append(outcome)

    monkeypatch.setattr(chapters, "ended", ended)
    loop = asyncio.get_running_loop()
    real, ahead_s = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: real() + ahead_s[0])
    store = _Store()
    tools: Any = SimpleNamespace(store=store, clock=lambda: AT, controller="one")
    check = Check(
        opening="open-1", unit_id="unit-1", modalities=["video"], mandate_id="M-1", person_id="TO-12", begun_at=AT
    )
    outcome = Outcome(
        ended=Ended("closed", "passed", ""),
        authority=None,
        live_at=AT,
        closed_at=AT,
        observed=None,
        limits=Limits(),
        judgement=None,
    )
    writing = asyncio.create_task(Diary(check, cast(Tools, tools), None).ended(outcome))
    for hours in range(1, 4):
        await until(partial(store.was_tried, hours))
        ahead_s[0] += 3600.0
    assert not writing.done()
    store.is_back = True
    await asyncio.wait_for(writing, 10.0)
    assert written == [outcome]
