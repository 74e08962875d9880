"""Ending when told to, whatever else goes wrong at that moment.

What breaks while a task is being cancelled can hide the cancellation: a rollback on a lost connection raises another
error, and `asyncio.wait_for`, which aiomqtt uses, forgets a cancellation at times (Python 3.11). A TaskGroup cancels
its tasks only once, so one that goes on then goes on for ever.
"""

import asyncio
from typing import Any

_CANCEL_AGAIN_S = 1.0


def cancellations() -> int:
    """How often the running task was cancelled and has not said that it took notice.

    Only a rise tells something: a TaskGroup that fails while it waits for its tasks leaves one behind (Python 3.11).
    """
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def heed_cancellation(before: int) -> None:
    """Raise CancelledError if the running task was cancelled since there were `before` cancellations."""
    if cancellations() > before:
        raise asyncio.CancelledError


async def cancel(task: "asyncio.Task[Any]") -> None:
    """Cancel `task`, again and again, until it has ended; what it ended with is left to the caller."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_CANCEL_AGAIN_S)
