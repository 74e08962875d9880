"""Waiting until what earlier keys began is done, so that the next key finds the field or dialog they led to."""

import asyncio
from typing import Any

from textual import events
from textual.app import App
from textual.message_pump import MessagePump

from tui.field import Field, TextField

LIMIT_S = 1.0
"""How long one key waits for the ones before it; afterwards it goes where the cursor is."""
_ROUNDS = 2
"""A field's key becomes a message of the field's own, which its screen gets: two rounds see both through."""


async def settled(app: App[Any]) -> None:
    """Wait until the screen on top, and the field with the cursor, have dealt with what was sent to them, and until a
    screen that was opened or uncovered by it has too; at most LIMIT_S seconds. For the app's own task alone."""
    try:
        async with asyncio.timeout(LIMIT_S):
            before: object = None
            while before != (before := (app.screen, app.focused)):
                for _ in range(_ROUNDS):
                    if isinstance(app.focused, Field | TextField):
                        await _through(app.focused)
                    await _through(app.screen)
    except TimeoutError:
        app.log.warning("what an earlier key began is not done yet")


async def _through(pump: MessagePump) -> None:
    """Wait until `pump` has come to a message of ours, which is behind all that were there before it."""
    done = asyncio.Event()
    if pump.post_message(events.Callback(callback=done.set)):
        await done.wait()
