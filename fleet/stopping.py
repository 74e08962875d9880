"""Ending when told to, whatever else goes wrong at that moment."""

import asyncio


def heed_cancellation() -> None:
    """Raise CancelledError if the running task was cancelled; call it where an error may have taken the place of that.

    What breaks while a task is being cancelled hides the cancellation: a rollback on a lost connection raises another
    error, `asyncio.wait_for`, which aiomqtt uses, forgets it at times (Python 3.11). A TaskGroup cancels its tasks only
    once, so one that goes on then goes on for ever.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
