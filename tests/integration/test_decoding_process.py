"""The controller's side of a decoder's process: what it makes of real pictures, of damaged ones, and of a process that
was taken over and says what it likes."""

import asyncio
import math
import random
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psutil  # type: ignore[import-untyped] # it has no stubs here
import pytest

from fleet.media import decoder_process as parent_side
from fleet.media.decoder.wire import (
    MOST_JPEG_BYTES,
    MOST_PAINTED_BYTES,
    MOST_WISHES,
    Painting,
    Ready,
    Reply,
    Task,
    Wish,
    framed,
)
from fleet.media.decoder_process import PROGRAM, DecoderProcess, decoder_process
from fleet.media.decoding import Decoding, Easel, Outlets, PreviewPicture
from fleet.media.errors import DecoderLost
from fleet.media.frames import EncodedFrame
from fleet.media.relay import Relay, RelaySettings
from fleet.media.thrift import Thrift
from fleet.readiness.picture import PictureMeasure
from fleet.readiness.sound import SoundMeasure
from tests.support.media_relay_peers import OPENING, SETTINGS, Told
from tests.support.media_relay_source import Camera, pictures, sounds
from tests.support.waiting import until

CAMERA = Camera(gop=10, count=20)
READY = framed(Ready(7, filtered=True))
_LIMIT_S = 60
_HOSTILE = """
import sys
ready, reply = (bytearray.fromhex(part) for part in sys.argv[1:3])
def read(count):
    data = sys.stdin.buffer.read(count)
    if len(data) < count:
        sys.exit()
    return data
def write(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
write(ready)
while True:
    task = read(int.from_bytes(read(4), "big"))
    if len(reply) > 5:
        reply[5] = task[1]
    write(reply)
"""
"""Answers each task with the same reply, but for the task's number: the first of an array, and below 128."""


@dataclass
class Seen:
    """What came out of a decoding."""

    pictures: list[PictureMeasure] = field(default_factory=list)
    sounds: list[SoundMeasure] = field(default_factory=list)
    shown: list[PreviewPicture] = field(default_factory=list)
    damaged: int = 0


def frames(camera: Camera = CAMERA, first: int = 0) -> list[EncodedFrame]:
    units = pictures(camera)
    return [
        EncodedFrame("video", unit, (first + number) * 3600, number % camera.gop == 0)
        for number, unit in enumerate(units)
    ]


def sound_frames() -> list[EncodedFrame]:
    return [EncodedFrame("audio", packet, number * 960, is_keyframe=True) for number, packet in enumerate(sounds())]


def hostile(ready: bytes = READY, reply: bytes = b"") -> Sequence[str]:
    return (sys.executable, "-I", "-S", "-c", _HOSTILE, ready.hex(), reply.hex())


def decoders() -> list[psutil.Process]:
    """Those of this process that run; servers of other tests are its children too."""
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if {PROGRAM[-1], _HOSTILE} & set(child.cmdline()):
                found.append(child)
    return found


@asynccontextmanager
async def decoding(program: Sequence[str] = PROGRAM, width: int = 160) -> AsyncIterator[tuple[Decoding, Seen]]:
    """A decoding with one easel, fed with a keyframe whenever it asks for one."""
    seen = Seen()

    def damaged() -> None:
        seen.damaged += 1
        running.put(frames()[0])

    outlets = Outlets(lambda measure, _: seen.pictures.append(measure), seen.sounds.append, damaged)
    running = Decoding(asyncio.get_running_loop(), outlets, program=program)
    running.easels = (Easel(width, Thrift(10, None), seen.shown.append),)
    try:
        yield running, seen
    finally:
        await running.stop()
        assert decoders() == []


async def test_pictures_measures_and_levels_come_from_a_process_of_its_own() -> None:
    async with decoding() as (running, seen):
        for frame in frames()[:5] + sound_frames() + frames()[5:10]:
            running.put(frame)

        async def all_come() -> bool:
            return bool(seen.shown and seen.pictures and seen.sounds)

        await until(all_come)
        assert len(decoders()) == 1
    shown = seen.shown[0]
    assert (shown.width, shown.height, shown.jpeg[:2]) == (160, 120, b"\xff\xd8")
    assert -11 < seen.sounds[0].level_dbfs < -7
    assert seen.pictures[0].spread > 4
    assert seen.damaged == 0


def reply(**parts: Any) -> bytes:
    return framed(Reply(0, **parts))


MEASURE = PictureMeasure(100.0, 20.0, 0.5, None)
SOUND = SoundMeasure(-20.0, -10.0, 0.0)
JPEG = b"\xff\xd8\xff\x00\xff\xd9"
LIES: dict[str, Sequence[str]] = {
    "noise at the beginning": hostile(ready=b"\x00\x00\x00\x08" + b"\xc1" * 8),
    "a beginning without end": hostile(ready=b"\xff" * 8),
    "two beginnings": hostile(ready=READY * 2),
    "noise": hostile(reply=b"\x00\x00\x00\x08" + b"\xc1" * 8),
    "deep nesting": hostile(reply=(4000).to_bytes(4, "big") + b"\x91" * 4000),
    "an endless answer": hostile(reply=b"\xff\xff\xff\xff\x00\x00"),
    "more than it announced": hostile(reply=reply() + b"\x00"),
    "two answers": hostile(reply=reply() * 2),
    "no number": hostile(reply=reply(decoded=1, picture=PictureMeasure(math.nan, 1.0, None, None))),
    "infinite focus": hostile(reply=reply(decoded=1, picture=PictureMeasure(1.0, 1.0, math.inf, None))),
    "brighter than white": hostile(reply=reply(decoded=1, picture=PictureMeasure(256.0, 1.0, None, None))),
    "a measure of no picture": hostile(reply=reply(picture=MEASURE)),
    "a sound of nothing": hostile(reply=reply(sounds=[SOUND])),
    "countless pictures": hostile(reply=reply(decoded=1 << 60)),
    "a picture that is none": hostile(reply=reply(decoded=1, paintings=[Painting(160, 120, b"GIF89a")])),
    "a wider picture": hostile(reply=reply(decoded=1, paintings=[Painting(161, 120, JPEG)])),
    "a higher picture": hostile(reply=reply(decoded=1, paintings=[Painting(160, 1 << 40, JPEG)])),
    "more pictures": hostile(reply=reply(decoded=1, paintings=[Painting(160, 120, JPEG)] * 2)),
    "an end": (sys.executable, "-I", "-S", "-c", "pass"),
    "no such program": ("/nowhere/decoder",),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_process_that_lies_or_dies_is_ended_and_after_a_few_of_them_nothing_is_decoded(lie: str) -> None:
    async with decoding(LIES[lie]) as (running, seen):
        running.put(frames()[0])

        async def is_over() -> bool:
            running.put(frames()[0])
            return running.is_given_up

        await until(is_over)
        running.put(frames()[0])
        assert decoders() == []
    assert (seen.pictures, seen.sounds, seen.shown) == ([], [], [])
    assert seen.damaged == 4


async def lost(program: Sequence[str], task: Task) -> str:
    """Why a decoder that was given `task` was lost."""
    with pytest.raises(DecoderLost) as raised:
        async with decoder_process(program) as decoder:
            await decoder.done(task)
    return raised.value.detail


async def test_a_picture_that_is_too_large_is_not_even_read() -> None:
    script = f"import sys; sys.argv[2] = '{MOST_JPEG_BYTES + 9000:08x}' + '00' * {MOST_JPEG_BYTES + 9000}{_HOSTILE}"
    program = (sys.executable, "-I", "-S", "-c", script, READY.hex(), "")
    assert await lost(program, Task(1, frames()[:1], wishes=[Wish(160, 50)])) == "its answer is too long"


async def test_pictures_that_are_too_large_together_are_not_even_read() -> None:
    task = Task(1, frames()[:1], wishes=[Wish(width, 75) for width in range(100, 100 + MOST_WISHES)])
    size = MOST_PAINTED_BYTES + 9000
    script = f"import sys; sys.argv[2] = '{size:08x}' + '00' * {size}{_HOSTILE}"
    assert await lost((sys.executable, "-I", "-S", "-c", script, READY.hex(), ""), task) == "its answer is too long"


async def test_one_that_does_not_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parent_side, "_ANSWER_S", 0.05)
    assert await lost(hostile(), Task(1, frames()[:1])) == "it does not answer"


@pytest.mark.parametrize("ready", [READY, b""])
async def test_one_that_hangs_does_not_hold_up_the_end(ready: bytes) -> None:
    async with decoding(hostile(ready=ready)) as (running, _):
        for frame in frames() * 20:
            running.put(frame)

        async def has_begun() -> bool:
            return bool(decoders())

        await until(has_begun)


async def test_another_process_goes_on_when_one_is_lost() -> None:
    async with decoding() as (running, seen):
        running.put(frames()[0])

        async def shows() -> bool:
            return bool(seen.shown)

        await until(shows)
        [child] = decoders()
        child.kill()
        seen.shown.clear()

        async def shows_again() -> bool:
            running.put(frames()[0])
            return bool(seen.shown)

        await until(shows_again)
        [another] = decoders()
        assert another.pid != child.pid


def mutated(chance: random.Random) -> Iterator[EncodedFrame]:
    """Pictures with bytes changed, cut out, put in and repeated; the same for the same seed."""
    changes: list[Callable[[bytearray, int], None]] = [
        lambda data, at: data.__setitem__(at, chance.randrange(256)),
        lambda data, at: data.__delitem__(slice(at, at + chance.randrange(1, 64))),
        lambda data, at: data.__setitem__(slice(at, at), chance.randbytes(chance.randrange(1, 64))),
        lambda data, at: data.__setitem__(slice(at, at), data[: chance.randrange(64)]),
    ]
    for frame in frames() * 15:
        data = bytearray(frame.data)
        for _ in range(chance.randrange(1, 6)):
            if data:
                chance.choice(changes)(data, chance.randrange(len(data)))
        yield EncodedFrame("video", bytes(data), frame.pts, chance.random() < 0.5)


async def fed(decoder: DecoderProcess, given: Iterator[EncodedFrame]) -> None:
    for number, frame in enumerate(given, start=1):
        await decoder.done(Task(number, [frame], measure=True, wishes=[Wish(64, 50)]))


@pytest.mark.parametrize("seed", range(3))
async def test_damaged_pictures_harm_nobody(seed: int) -> None:
    given = mutated(random.Random(seed))
    for _ in range(4):
        try:
            async with decoder_process() as decoder:
                await fed(decoder, given)
                break
        except DecoderLost:  # what damaged pictures may do: another one goes on
            continue
    async with decoding() as (running, seen):
        for frame in [*mutated(random.Random(seed)), *frames()]:
            running.put(frame)

        async def shows() -> bool:
            return bool(seen.shown)

        await until(shows)


async def test_a_stream_s_decoder_starts_with_it_and_ends_with_it() -> None:
    relay = Relay(RelaySettings(stream=SETTINGS))
    relay.open(OPENING, ["video"], Told())

    async def has_begun() -> bool:
        return len(decoders()) == 1

    await until(has_begun)
    await relay.close()
    assert decoders() == []
