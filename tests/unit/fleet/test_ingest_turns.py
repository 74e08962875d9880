"""Turns: batches that are written at the same time take effect in the order they came."""

import asyncio
import random

from hypothesis import given
from hypothesis import strategies as st

from fleet.ingest.turns import Turn


async def yields(times: int) -> None:
    for _ in range(times):
        await asyncio.sleep(0)


@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers())
async def test_inserts_and_acknowledgements_keep_the_order_of_arrival(fails: list[bool], seed: int) -> None:
    chance = random.Random(seed)
    inserted: list[int] = []
    acknowledged: list[int] = []

    async def write(number: int, turn: Turn, *, fail: bool) -> None:
        try:
            await yields(chance.randrange(5))
            await turn.comes()
            if not fail:
                inserted.append(number)
                await yields(chance.randrange(5))
                turn.let_pass()
            await yields(chance.randrange(5))
            await turn.is_first()
            acknowledged.append(number)
        finally:
            turn.finish()

    last: Turn | None = None
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        for number, fail in enumerate(fails):
            last = Turn(last)
            tasks.create_task(write(number, last, fail=fail))
    assert inserted == [number for number, fail in enumerate(fails) if not fail]
    assert acknowledged == list(range(len(fails)))


async def test_the_next_batch_inserts_while_the_first_is_committed() -> None:
    first = Turn()
    second = Turn(first)
    first.let_pass()
    async with asyncio.timeout(5):
        await second.comes()
    waiting = asyncio.ensure_future(second.is_first())
    await yields(3)
    assert not waiting.done(), "but it is not acknowledged before the first"
    first.finish()
    async with asyncio.timeout(5):
        await waiting
