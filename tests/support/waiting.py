"""Waiting for a condition, with a limit."""

import asyncio
from collections.abc import Awaitable, Callable

LIMIT_S = 60.0
_POLL_S = 0.05


async def until(condition: Callable[[], Awaitable[bool]], limit_s: float = LIMIT_S) -> None:
    """Return as soon as `condition` holds; raises TimeoutError after `limit_s`."""
    async with asyncio.timeout(limit_s):
        while not await condition():  # noqa: ASYNC110 - conditions of servers and databases ring no event
            await asyncio.sleep(_POLL_S)
