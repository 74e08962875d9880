"""Reads one fix from a receiver: opened when asked, closed as soon as there is an answer.

A serial device is read as the system has set it (speed, raw, no echo: see docs/units.md); nothing is set or sent here.
"""

import asyncio

import msgspec

from edge_agent.clock import Clock
from edge_agent.errors import PositionUnavailable
from edge_agent.position.messages import Fix
from edge_agent.position.nmea import Sentences, fix_in
from edge_agent.position.receiver import Receiver, opened


async def read_fix(source: str, limit_s: float, clock: Clock) -> Fix:
    """The first valid fix from `source`, a `messages.Source`, within `limit_s` seconds.

    Raises PositionUnavailable, for any PositionFault; nothing is open any more then.
    """
    with opened(source) as receiver:
        try:
            async with asyncio.timeout(limit_s):
                return await _first_fix(receiver, clock)
        except TimeoutError:
            raise PositionUnavailable("timeout") from None


async def _first_fix(receiver: Receiver, clock: Clock) -> Fix:
    sentences = Sentences()
    while True:
        content = await receiver.read()
        came_ms = clock.mono_ms()
        for sentence in sentences.feed(content):
            fix = fix_in(sentence)
            if fix is not None:
                return msgspec.structs.replace(fix, age_s=(clock.mono_ms() - came_ms) / 1000)
