"""Work that comes round: done, then again after a while, until cancelled."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from fleet.errors import StoreUnavailable

_AGAIN_S = 30.0

_log = structlog.get_logger(__name__)


async def go_round(what: str, work: Callable[[], Awaitable[object]], every_s: float, again_s: float = _AGAIN_S) -> None:
    """Do `work` every `every_s` seconds, or `again_s` after a lost database (StoreUnavailable); raises other errors.

    `what` names the work in the log.
    """
    while True:
        try:
            await work()
        except StoreUnavailable as error:
            _log.warning("work waits for the database", work=what, detail=error.detail)
            await asyncio.sleep(again_s)
        else:
            await asyncio.sleep(every_s)
