"""Descriptions from units and browsers that are damaged on purpose: refused or played, and nothing is left behind."""

import asyncio
import random
import threading

from fleet.media.browser import watch
from fleet.media.errors import AnswerUnusable, OfferUnusable
from fleet.media.unit_stream import UnitStream, Viewer
from tests.support.media_relay_peers import OPENING, SETTINGS, Screen, Told, answering_unit, live_stream
from tests.support.media_relay_source import Camera
from tests.support.waiting import until

CAMERA = Camera()
_TRIES = 60
_SIGNS = "\0\n:;=/ -1aé\u202e9"


def damaged(text: str, chance: random.Random) -> str:
    """`text` with lines dropped, doubled, swapped, cut, or with other signs."""
    lines = text.splitlines()
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(lines))
        kind = chance.randrange(5)
        if kind == 0 and len(lines) > 1:
            del lines[place]
        elif kind == 1:
            lines.insert(place, lines[chance.randrange(len(lines))])
        elif kind == 2:
            other = chance.randrange(len(lines))
            lines[place], lines[other] = lines[other], lines[place]
        elif kind == 3:
            lines[place] = lines[place][: chance.randint(0, len(lines[place]))]
        else:
            cut = chance.randint(0, len(lines[place]))
            lines[place] = lines[place][:cut] + chance.choice(_SIGNS) + lines[place][cut + 1 :]
    return "\r\n".join(lines) + "\r\n"


async def test_damaged_offers_are_refused_or_played_and_leave_nothing() -> None:
    chance, told = random.Random(5), Told()
    async with live_stream(CAMERA, microphone=True, told=told) as (stream, _):
        viewer = Screen()
        offer = await viewer.offer(("video", "audio"))
        await viewer.connection.close()
        await stream.first_format(5)
        tasks = len(asyncio.all_tasks())
        refused = 0
        for number in range(_TRIES):
            try:
                browser = await watch(stream, damaged(offer, chance), Viewer(f"v-{number}", "p-one", "browser"))
            except OfferUnusable:
                refused += 1
            else:
                await browser.close()
        assert refused > _TRIES // 10
        assert stream.viewers == []
        assert stream.state == "live"
        await until(lambda: _at_most(tasks), limit_s=10)
    joined = [line for line in told.lines if line[0] == "joined"]
    left = [line for line in told.lines if line[0] == "left"]
    assert len(joined) == len(left)


async def test_damaged_answers_are_refused_or_taken_and_leave_nothing() -> None:
    chance, tasks = random.Random(6), len(asyncio.all_tasks())
    threads = threading.active_count()
    refused = 0
    for _ in range(_TRIES):
        stream = UnitStream(OPENING, ["video", "audio"], Told(), SETTINGS)
        unit = await answering_unit(await stream.offer(), CAMERA, microphone=True)
        try:
            await stream.answer(damaged(unit.answer, chance))
        except AnswerUnusable:
            refused += 1
        await stream.close()
        await unit.connection.close()
        assert stream.state == "ended"
    assert refused > _TRIES // 10
    await until(lambda: _at_most(tasks), limit_s=10)
    assert threading.active_count() <= threads + 1


async def test_no_thread_is_left_when_a_stream_ends() -> None:
    before = threading.active_count()
    async with live_stream(CAMERA, microphone=True) as (stream, _):
        await stream.first_format(5)
        assert threading.active_count() > before
    assert "video-decoder" not in {thread.name for thread in threading.enumerate()}


async def _at_most(tasks: int) -> bool:
    return len(asyncio.all_tasks()) <= tasks
