"""What is open under a bench mandate closes when the unit is no longer seen to lie on a bench."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

from edge_agent.openings.verdicts import Bench

LOOK_EVERY_S = 1.0
_LOOK_LIMIT_S = 2.0

_log = structlog.get_logger(__name__)


@asynccontextmanager
async def bench_watched(
    sense: Callable[[], Awaitable[Bench]], close: Callable[[str], None], every_s: float
) -> AsyncIterator[None]:
    """Within the block, sense the bench again `every_s` after each look; `close` by `not-on-bench`, once, when there is
    none, or when it can not be sensed within 2 s."""
    watching = asyncio.create_task(_watch(sense, close, every_s), name="bench watch")
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def _watch(sense: Callable[[], Awaitable[Bench]], close: Callable[[str], None], every_s: float) -> None:
    while await _is_on_bench(sense):  # noqa: ASYNC110 - lids and networks ring no event
        await asyncio.sleep(every_s)
    close("not-on-bench")


async def _is_on_bench(sense: Callable[[], Awaitable[Bench]]) -> bool:
    try:
        async with asyncio.timeout(_LOOK_LIMIT_S):
            return (await sense()).is_sensed
    except Exception as error:  # noqa: BLE001 - whatever it was, a bench that nobody can see is none
        _log.warning("the bench can not be sensed", detail=str(error) or type(error).__name__)
        return False
