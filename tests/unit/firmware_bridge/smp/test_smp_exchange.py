"""One device's requests over a scripted line: what is sent again, what is passed over, what becomes which error."""

import asyncio
from collections.abc import Callable
from hashlib import sha256

import cbor2
import pytest

from firmware_bridge.errors import DeviceRefused, DeviceSilent, LineOverrun, PortLost, ReplyUnreadable
from firmware_bridge.progress import Progress
from firmware_bridge.smp import unit_group
from firmware_bridge.smp.device import Bootloader, Limits, SlotState, SmpDevice
from firmware_bridge.smp.framing import ConsoleDecoder, Header, encode_console, header_of

Body = dict[str, object]
Answer = Body | bytes | Exception | None
QUICK = Limits(reply_s=0.02, erase_s=0.02, slowest_bytes_per_s=10_000_000, tries=3, setbacks=3)
DIGEST = "ab" * 32


class ScriptedLine:
    """A device that answers each message with what `answer` makes of it; None: with nothing."""

    def __init__(self, answer: Callable[[Header, Body], Answer]) -> None:
        self.asked: list[tuple[Header, Body]] = []
        self.came: asyncio.Queue[bytes | Exception] = asyncio.Queue()
        self._answer = answer
        self._decoder = ConsoleDecoder()

    @property
    def name(self) -> str:
        return "port"

    async def read(self) -> bytes:
        content = await self.came.get()
        if isinstance(content, Exception):
            raise content
        return content

    async def write(self, content: bytes) -> None:
        for message in self._decoder.feed(content):
            header = header_of(message)
            assert header is not None
            body = cbor2.loads(message[8:])
            self.asked.append((header, body))
            answer = self._answer(header, body)
            if isinstance(answer, Exception):
                self.came.put_nowait(answer)
            elif answer is not None:
                self.came.put_nowait(reply(header, answer))

    def discard(self) -> None:
        while not self.came.empty():
            self.came.get_nowait()

    async def close(self) -> None:
        pass


def reply(header: Header, body: Body | bytes) -> bytes:
    content = body if isinstance(body, bytes) else cbor2.dumps(body)
    first = bytes([header.op + 1 | 8, 0])
    number = bytes([header.sequence, header.command])
    return encode_console(first + len(content).to_bytes(2) + header.group.to_bytes(2) + number + content)


def echoing(header: Header, body: Body) -> Answer:
    return {"r": body["d"]}


async def test_a_lost_message_is_sent_again_the_same() -> None:
    answers = iter(list[Answer]([None, None, {"r": "a"}]))
    line = ScriptedLine(lambda _header, _body: next(answers))
    async with SmpDevice.on(line, limits=QUICK) as device:
        assert await device.echo("a") == "a"
    assert len(line.asked) == 3
    assert len({header.sequence for header, _ in line.asked}) == 1


async def test_a_silent_device_is_given_up_after_its_tries() -> None:
    line = ScriptedLine(lambda _header, _body: None)
    async with SmpDevice.on(line, limits=QUICK) as device:
        with pytest.raises(DeviceSilent, match="port: echo: no answer within"):
            await device.echo("a")
    assert len(line.asked) == 3


async def test_a_restart_is_asked_for_once() -> None:
    line = ScriptedLine(lambda _header, _body: None)
    async with SmpDevice.on(line, limits=QUICK) as device:
        with pytest.raises(DeviceSilent):
            await device.reset()
    assert len(line.asked) == 1


async def test_late_replies_and_those_to_others_are_passed_over() -> None:
    def answer(header: Header, body: Body) -> Answer:
        for other in (
            header._replace(sequence=header.sequence ^ 1),
            header._replace(group=1),
            header._replace(command=3),
            header._replace(op=0),
        ):
            line.came.put_nowait(reply(other, {"r": "wrong"}))
        line.came.put_nowait(LineOverrun("port", 3))
        return {"r": "right"}

    line = ScriptedLine(answer)
    async with SmpDevice.on(line, limits=QUICK) as device:
        assert await device.echo("a") == "right"


async def test_a_port_that_is_lost_ends_the_request() -> None:
    line = ScriptedLine(lambda _header, _body: PortLost("port", "it was unplugged"))
    async with SmpDevice.on(line, limits=QUICK) as device:
        with pytest.raises(PortLost):
            await device.echo("a")


@pytest.mark.parametrize(
    ("answer", "code", "group", "words"),
    [
        ({"rc": 10}, 10, None, "busy"),
        ({"rc": 99}, 99, None, "unknown"),
        ({"err": {"group": 1, "rc": 27}}, 27, 1, "current version is newer"),
        ({"err": {"group": 1, "rc": 200}}, 200, 1, "unknown"),
        ({"err": {"group": 64, "rc": 2}}, 2, 64, "unknown"),
    ],
)
async def test_a_refusal_says_its_code_and_in_words(answer: Body, code: int, group: int | None, words: str) -> None:
    line = ScriptedLine(lambda _header, _body: answer)
    async with SmpDevice.on(line, limits=QUICK) as device:
        with pytest.raises(DeviceRefused, match=f"port: echo: refused: {words}") as refused:
            await device.echo("a")
    assert (refused.value.code, refused.value.group) == (code, group)


@pytest.mark.parametrize("answer", [{}, {"r": 5}, b"\xff", b"\xa1\x61r\xc0\x60"])
async def test_an_answer_that_is_none_is_unreadable(answer: Body | bytes) -> None:
    line = ScriptedLine(lambda _header, _body: answer)
    async with SmpDevice.on(line, limits=QUICK) as device:
        with pytest.raises(ReplyUnreadable, match="port: echo: its answer is none"):
            await device.echo("a")


async def test_requests_of_several_tasks_take_turns() -> None:
    line = ScriptedLine(echoing)
    async with SmpDevice.on(line, limits=QUICK) as device:
        assert await asyncio.gather(*(device.echo(str(n)) for n in range(20))) == [str(n) for n in range(20)]


async def test_an_old_server_s_code_of_0_is_success_and_unknown_fields_are_passed_over() -> None:
    line = ScriptedLine(lambda _header, _body: {"rc": 0, "r": "a", "new": [1]})
    async with SmpDevice.on(line, limits=QUICK) as device:
        assert await device.echo("a") == "a"
        await device.erase(1)


async def test_slots_are_told_and_a_second_mark_is_no_failure() -> None:
    slot = {"slot": 1, "version": "1.2.3+4", "hash": bytes.fromhex(DIGEST), "bootable": True, "pending": True}

    def answer(header: Header, body: Body) -> Answer:
        return {"images": [slot]} if header.op == 0 else {"err": {"group": 1, "rc": 28}}

    line = ScriptedLine(answer)
    async with SmpDevice.on(line, limits=QUICK) as device:
        flags = {"pending": True, "confirmed": False, "active": False, "permanent": False}
        assert await device.images() == [SlotState(0, 1, "1.2.3+4", DIGEST, bootable=True, **flags)]
        await device.mark_for_test(DIGEST)
        with pytest.raises(DeviceRefused, match="image already pending"):
            await device.mark_for_test("cd" * 32)


async def test_muster_s_own_group() -> None:
    def answer(header: Header, body: Body) -> Answer:
        assert header.group == unit_group.GROUP
        if header.command == unit_group.WATCHDOG:
            return {"left": body["s"]}
        return {"ms": body.get("ms", 7)}

    line = ScriptedLine(answer)
    async with SmpDevice.on(line, limits=QUICK) as device:
        assert await device.kick(60) == 60
        assert await device.sensor_power(960_000) == 960_000
        assert await device.sensor_power_left() == 7
    assert [(header.op, header.command, body) for header, body in line.asked] == [
        (2, 0, {"s": 60}),
        (2, 1, {"ms": 960_000}),
        (0, 1, {}),
    ]


async def test_a_bootloader_that_tells_its_mode() -> None:
    def answer(header: Header, body: Body) -> Answer:
        return {"mode": 1, "no-downgrade": True} if "query" in body else {"bootloader": "MCUboot"}

    async with SmpDevice.on(ScriptedLine(answer), limits=QUICK) as device:
        assert await device.bootloader() == Bootloader("MCUboot", 1, no_downgrade=True)


class Slot:
    """A device's free slot: takes an upload by its offset, as Zephyr does."""

    def __init__(self, buffer_bytes: int = 384) -> None:
        self.content = bytearray()
        self.sha = b""
        self.total = 0
        self.lose = 0
        self.match: bool | None = True
        self._buffer_bytes = buffer_bytes

    def __call__(self, header: Header, body: Body) -> Answer:
        if (header.group, header.command) != (1, 1):
            return {"buf_size": self._buffer_bytes, "buf_count": 4} if header.command == 6 else {"images": []}
        assert 8 + header.length <= self._buffer_bytes - 4
        off, data = body["off"], body["data"]
        assert isinstance(data, bytes)
        if off == 0 and body["sha"] != self.sha:
            assert isinstance(body["sha"], bytes)
            assert isinstance(body["len"], int)
            self.sha, self.total, self.content = body["sha"], body["len"], bytearray(data)
        elif off == len(self.content):
            self.content += data
        self.lose -= 1
        if self.lose == 0:
            return None
        done = len(self.content) == self.total
        return {"off": len(self.content), **({"match": self.match} if done and self.match is not None else {})}


async def test_an_upload_follows_the_offset_and_fills_the_messages() -> None:
    content, slot, told = bytes(range(256)) * 20, Slot(), list[Progress]()
    slot.lose = 4
    line = ScriptedLine(slot)
    async with SmpDevice.on(line, limits=QUICK) as device:
        await device.upload_image(content, image=2, tell=told.append)
    assert bytes(slot.content) == content
    assert slot.sha == sha256(content).digest()
    uploads = [(header, body) for header, body in line.asked if (header.group, header.command) == (1, 1)]
    assert uploads[0][1]["image"] == 2
    assert all("sha" not in body for _, body in uploads[1:])
    assert all(8 + header.length in (379, 380) for header, _ in uploads[:-1])
    assert told[0] == (0, 5120)
    assert told[-1] == (5120, 5120)


async def test_an_upload_goes_on_where_an_earlier_one_was_broken_off() -> None:
    content, slot = bytes(range(256)) * 20, Slot()
    slot.sha, slot.total, slot.content = sha256(content).digest(), len(content), bytearray(content[:3000])
    line = ScriptedLine(slot)
    async with SmpDevice.on(line, limits=QUICK) as device:
        await device.upload_image(content)
    offsets = [body["off"] for header, body in line.asked if (header.group, header.command) == (1, 1)]
    assert offsets[:2] == [0, 3000]
    assert bytes(slot.content) == content


async def test_a_device_that_lost_its_power_meanwhile_gets_everything_again() -> None:
    content, slot = bytes(range(256)) * 20, Slot()
    asked = 0

    def answer(header: Header, body: Body) -> Answer:
        nonlocal asked
        asked += 1
        if asked == 8:
            slot.sha, slot.content = b"", bytearray()
            return {"off": 0}
        return slot(header, body)

    async with SmpDevice.on(ScriptedLine(answer), limits=QUICK) as device:
        await device.upload_image(content)
    assert bytes(slot.content) == content


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"off": 0}, "went back 4 times"),
        ({"off": 9999}, "9999 of 5120 bytes"),
        ({}, "its answer is none"),
    ],
)
async def test_an_upload_that_gets_nowhere_is_given_up(answer: Body, why: str) -> None:
    def answered(header: Header, body: Body) -> Answer:
        return answer if (header.group, header.command) == (1, 1) else {"rc": 8}

    async with SmpDevice.on(ScriptedLine(answered), limits=QUICK) as device:
        with pytest.raises(ReplyUnreadable, match=why):
            await device.upload_image(bytes(5120))


async def test_a_device_that_holds_something_else_in_the_end_is_a_refusal() -> None:
    slot = Slot()
    slot.match = False
    async with SmpDevice.on(ScriptedLine(slot), limits=QUICK) as device:
        with pytest.raises(DeviceRefused, match="not what was sent") as refused:
            await device.upload_image(bytes(1000))
    assert (refused.value.code, refused.value.group) == (24, 1)


async def test_buffers_without_room_for_data_are_an_error() -> None:
    async with SmpDevice.on(ScriptedLine(Slot(64)), limits=QUICK) as device:
        with pytest.raises(ReplyUnreadable, match="no room for data"):
            await device.upload_image(bytes(1000))


async def test_a_file_that_is_longer_than_the_limit_is_not_read() -> None:
    line = ScriptedLine(lambda _header, _body: {"off": 0, "data": b"x", "len": 11})
    async with SmpDevice.on(line, limits=Limits(file_bytes=10)) as device:
        with pytest.raises(ReplyUnreadable, match="at most 10 bytes"):
            await device.read_file("/a")


@pytest.mark.parametrize(
    "parts",
    [
        [{"off": 1, "data": b"x", "len": 2}],
        [{"off": 0, "data": b"x", "len": 2}, {"off": 1, "data": b""}],
        [{"off": 0, "data": b"xyz", "len": 2}],
        [{"off": 0, "data": b"", "len": 2}],
    ],
)
async def test_a_file_that_comes_in_wrong_parts_is_not_read(parts: list[Body]) -> None:
    answers = iter(parts)
    async with SmpDevice.on(ScriptedLine(lambda _header, _body: next(answers)), limits=QUICK) as device:
        with pytest.raises(ReplyUnreadable, match="file download"):
            await device.read_file("/a")
