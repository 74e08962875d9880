"""The simulated microcontroller's answers, asked and read with the SMP library's own messages."""

from hashlib import sha256
from typing import TypeVar

import cbor2
import pytest
from smp import file_management, image_management, os_management, settings_management, statistics_management
from smp.header import Header, Version
from smp.message import Request, Response

from firmware_bridge.mcu.figures import NOT_FITTED
from firmware_bridge.simulation import image_group
from firmware_bridge.simulation.boot import Booted
from firmware_bridge.simulation.flash import Cut
from firmware_bridge.simulation.mcu import STUCK, UNWELL, Mcu, McuFacts
from firmware_bridge.smp.unit_group import SensorPowerRead, SensorPowerWrite, WatchdogKick
from tests.unit.firmware_bridge.simulation_devices import BOARD, KEYS, NEW, OLD, SMALL, WRONG_KEY, Sample, fitted

Reply = TypeVar("Reply", bound=Response)
PART_BYTES = 200


class Bench:
    """A microcontroller that runs OLD, with the time in hand."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.flash = fitted(OLD)
        self.mcu = Mcu(self.flash, KEYS, lambda: self.now_s, McuFacts(board=BOARD))
        self.mcu.power_on()
        self.wait(1)

    def wait(self, seconds: float) -> None:
        self.now_s += seconds
        self.mcu.advance()

    def body(self, request: Request) -> dict[str, object]:
        """The body of the reply, whose header has to fit the request."""
        reply = self.mcu.answer(request.BYTES)
        assert reply is not None
        asked, header = Header.loads(request.BYTES[:8]), Header.loads(reply[:8])
        assert (header.group_id, header.command_id, header.sequence) == (
            asked.group_id,
            asked.command_id,
            asked.sequence,
        )
        assert (header.op, header.version, header.length) == (asked.op + 1, asked.version, len(reply) - 8)
        body = cbor2.loads(reply[8:])
        assert isinstance(body, dict)
        return body

    def ask(self, request: Request, kind: type[Reply]) -> Reply:
        reply = self.mcu.answer(request.BYTES)
        assert reply is not None
        return kind.loads(reply)

    def refusal(self, request: Request) -> object:
        return self.body(request).get("err")

    def upload(self, content: bytes, *, parts: int | None = None) -> dict[str, object]:
        """Send `content` as a client does, only so many `parts` of it; the last reply."""
        off, sent, body = 0, 0, {}
        while off < len(content) and sent != parts:
            body = self.body(first(content) if off == 0 else part(content, off))
            if "off" not in body:
                return body
            off = int(str(body["off"]))
            sent += 1
        return body

    def states(self) -> list[image_management.ImageState]:
        request = image_management.ImageStatesReadRequest()
        return self.ask(request, image_management.ImageStatesReadResponse).images

    def runs(self) -> tuple[int, bool]:
        booted = self.mcu.booted
        assert isinstance(booted, Booted)
        return booted.image.version[1], booted.confirmed

    def restart(self) -> None:
        assert self.body(os_management.ResetWriteRequest()) == {}
        self.wait(0)
        self.wait(1)


def first(content: bytes, *, upgrade: bool | None = None) -> image_management.ImageUploadWriteRequest:
    return image_management.ImageUploadWriteRequest(
        off=0, data=content[:PART_BYTES], image=0, len=len(content), sha=sha256(content).digest(), upgrade=upgrade
    )


def part(content: bytes, off: int) -> image_management.ImageUploadWriteRequest:
    return image_management.ImageUploadWriteRequest(off=off, data=content[off : off + PART_BYTES])


def mark(digest: bytes | None, *, confirm: bool = False) -> image_management.ImageStatesWriteRequest:
    return image_management.ImageStatesWriteRequest(hash=digest, confirm=confirm)


def image_error(code: int) -> dict[str, int]:
    return {"group": 1, "rc": code}


def test_it_says_what_it_is() -> None:
    bench = Bench()
    assert bench.ask(os_management.EchoWriteRequest(d="muster"), os_management.EchoWriteResponse).r == "muster"
    parameters = bench.ask(os_management.MCUMgrParametersReadRequest(), os_management.MCUMgrParametersReadResponse)
    assert (parameters.buf_size, parameters.buf_count) == (384, 4)
    info = os_management.OSApplicationInfoReadRequest(format="i")
    assert bench.ask(info, os_management.OSApplicationInfoReadResponse).output == BOARD
    assert bench.body(os_management.BootloaderInformationReadRequest()) == {"bootloader": "MCUboot"}
    assert bench.body(os_management.BootloaderInformationReadRequest(query="mode")) == {"mode": 1}
    assert bench.refusal(os_management.BootloaderInformationReadRequest(query="else")) == {"group": 0, "rc": 3}


def test_an_image_is_sent_tried_confirmed() -> None:
    bench = Bench()
    assert bench.upload(NEW.content()) == {"off": len(NEW.content()), "match": True}
    assert bench.body(mark(NEW.digest())).keys() == {"images", "splitStatus"}
    active, waiting = bench.states()
    assert (active.version, active.active, active.confirmed) == ("1.1.0", True, True)
    assert (waiting.version, waiting.pending, waiting.permanent, waiting.hash) == ("1.2.0", True, False, NEW.digest())
    bench.restart()
    assert bench.runs() == (NEW.minor, False)
    active, other = bench.states()
    assert (active.active, active.confirmed, other.confirmed) == (True, False, True)
    bench.body(mark(None, confirm=True))
    bench.restart()
    assert bench.runs() == (NEW.minor, True)


def test_an_image_that_is_not_confirmed_goes() -> None:
    bench = Bench()
    bench.upload(NEW.content())
    bench.body(mark(NEW.digest()))
    bench.restart()
    bench.restart()
    assert bench.runs() == (OLD.minor, True)


def test_an_upload_goes_on_only_where_the_device_is() -> None:
    bench = Bench()
    content = NEW.content()
    bench.upload(content, parts=2)
    assert bench.body(part(content, 600)) == {"off": 400}
    assert bench.body(first(content)) == {"off": 400}
    assert bench.body(part(content, 400)) == {"off": 600}
    other = Sample(3).content()
    assert bench.body(first(other)) == {"off": 200}


def test_an_upload_is_forgotten_when_the_power_fails() -> None:
    bench = Bench()
    content = NEW.content()
    bench.upload(content, parts=3)
    bench.mcu.power_off()
    assert bench.mcu.answer(part(content, 600).BYTES) is None
    bench.mcu.power_on()
    bench.wait(1)
    assert bench.body(part(content, 600)) == {"off": 0}
    assert bench.upload(content) == {"off": len(content), "match": True}


def test_what_lies_there_already_is_not_sent_again_and_what_differs_does_not_match() -> None:
    bench = Bench()
    content = NEW.content()
    bench.upload(content)
    assert bench.body(first(content)) == {"off": len(content), "match": True}
    damaged = bytearray(Sample(3).content())
    damaged[500] ^= 1
    request = image_management.ImageUploadWriteRequest(
        off=0, data=bytes(damaged[:200]), len=len(damaged), sha=sha256(Sample(3).content()).digest()
    )
    body = bench.body(request)
    while body["off"] != len(damaged):
        body = bench.body(part(bytes(damaged), int(str(body["off"]))))
    assert body["match"] is False


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (image_management.ImageUploadWriteRequest(off=0, data=b"short", len=500), image_group.INVALID_HEADER),
        (image_management.ImageUploadWriteRequest(off=0, data=bytes(64), len=500), image_group.INVALID_HEADER_MAGIC),
        (image_management.ImageUploadWriteRequest(off=0, data=NEW.content()[:64]), image_group.INVALID_LENGTH),
        (image_management.ImageUploadWriteRequest(off=0, data=NEW.content()[:64], len=9999), image_group.TOO_LARGE),
        (
            image_management.ImageUploadWriteRequest(off=0, data=NEW.content()[:64], len=500, image=1),
            image_group.NO_FREE_SLOT,
        ),
        (first(Sample(0).content(), upgrade=True), image_group.CURRENT_IS_NEWER),
        (mark(bytes(32)), image_group.HASH_NOT_FOUND),
        (mark(bytes(5)), image_group.INVALID_HASH),
        (mark(None), image_group.INVALID_HASH),
        (mark(OLD.digest()), image_group.TEST_TO_ACTIVE_DENIED),
        (image_management.ImageEraseRequest(slot=7), image_group.INVALID_SLOT),
        (image_management.ImageEraseRequest(slot=0), image_group.NO_FREE_SLOT),
    ],
)
def test_what_can_not_be_is_refused_by_its_code(request_: Request, code: int) -> None:
    assert Bench().refusal(request_) == image_error(code)


def test_an_image_that_is_to_boot_is_not_overwritten() -> None:
    bench = Bench()
    bench.upload(NEW.content())
    bench.body(mark(NEW.digest()))
    assert bench.refusal(first(Sample(3).content())) == image_error(image_group.NO_FREE_SLOT)
    assert bench.refusal(image_management.ImageEraseRequest()) == image_error(image_group.NO_FREE_SLOT)
    assert bench.refusal(mark(None, confirm=True)) == image_error(image_group.ALREADY_PENDING)
    assert "images" in bench.body(mark(NEW.digest()))
    bench.restart()
    assert bench.refusal(first(Sample(3).content())) == image_error(image_group.NO_FREE_SLOT)
    assert bench.refusal(mark(OLD.digest())) == image_error(image_group.ALREADY_PENDING)


def test_a_slot_is_erased() -> None:
    bench = Bench()
    bench.upload(NEW.content())
    assert bench.body(image_management.ImageEraseRequest()) == {}
    assert [state.slot for state in bench.states()] == [0]


@pytest.mark.parametrize("key", [WRONG_KEY, None])
def test_an_image_nobody_trusts_is_taken_and_never_run(key: None) -> None:
    bench = Bench()
    image = Sample(5, key=key)
    assert bench.upload(image.content())["match"] is True
    bench.body(mark(image.digest(), confirm=True))
    bench.restart()
    assert bench.runs() == (OLD.minor, True)


def test_a_program_that_is_stuck_is_restarted_and_goes() -> None:
    bench = Bench()
    image = Sample(6, start=STUCK)
    bench.upload(image.content())
    bench.body(mark(image.digest()))
    bench.restart()
    assert bench.runs() == (6, False)
    assert bench.mcu.answer(os_management.EchoWriteRequest(d="?").BYTES) is None
    bench.wait(10)
    bench.wait(1)
    assert bench.runs() == (OLD.minor, True)


def test_a_program_that_is_unwell_says_a_supply_that_can_not_be() -> None:
    bench = Bench()
    image = Sample(6, start=UNWELL)
    bench.upload(image.content())
    bench.body(mark(image.digest()))
    bench.restart()
    assert stats(bench)["supply_mv"] > 60_000


def stats(bench: Bench) -> dict[str, int]:
    request = statistics_management.GroupDataRequest(name="unit")
    return bench.ask(request, statistics_management.GroupDataResponse).fields


def test_statistics_show_what_was_poked() -> None:
    bench = Bench()
    groups = bench.ask(statistics_management.ListOfGroupsRequest(), statistics_management.ListOfGroupsResponse)
    assert groups.stat_list == ("unit",)
    bench.mcu.board.poke("battery_mv", None)
    bench.mcu.board.poke("tamper", 1)
    bench.mcu.board.poke("tamper", 1)
    said = stats(bench)
    assert (said["battery_mv"], said["tamper"], said["tamper_count"], said["uptime_s"]) == (NOT_FITTED, 1, 1, 1)
    assert bench.refusal(statistics_management.GroupDataRequest(name="else")) == {"group": 2, "rc": 2}


def test_the_watchdog_restarts_the_unit_unless_it_is_kicked() -> None:
    bench = Bench()
    assert bench.body(WatchdogKick(s=30)) == {"left": 30}
    bench.wait(20)
    assert bench.body(WatchdogKick(s=30)) == {"left": 30}
    bench.wait(29)
    assert stats(bench)["watchdog_resets"] == 0
    bench.wait(1)
    assert stats(bench)["watchdog_resets"] == 1
    assert bench.mcu.board.events == ["the watchdog restarted the unit"]
    bench.wait(100)
    assert stats(bench)["watchdog_resets"] == 1
    assert bench.body(WatchdogKick(s=0)) == {"rc": 3}


def test_power_of_camera_and_microphone_ends_by_itself_and_sags_the_supply() -> None:
    bench = Bench()
    bench.mcu.board.poke("supply_mv", 12_000)
    assert bench.body(SensorPowerRead()) == {"ms": 0}
    assert bench.body(SensorPowerWrite(ms=2_000)) == {"ms": 2_000}
    assert stats(bench)["supply_mv"] < 11_900
    assert bench.body(SensorPowerWrite(ms=1_000)) == {"ms": 1_000}
    bench.wait(1)
    assert bench.body(SensorPowerRead()) == {"ms": 0}
    assert stats(bench)["supply_mv"] > 11_900
    assert bench.mcu.board.events == ["camera and microphone have power", "camera and microphone lost their power"]
    assert bench.body(SensorPowerWrite(ms=960_001)) == {"rc": 3}


def test_files_and_settings_are_kept() -> None:
    bench = Bench()
    content = bytes(range(256)) * 3
    for off in range(0, len(content), 256):
        request = file_management.FileUploadRequest(off=off, data=content[off : off + 256], name="/lfs/a", len=768)
        assert bench.body(request) == {"off": off + 256}
    got = b""
    while len(got) < len(content):
        reply = bench.ask(
            file_management.FileDownloadRequest(off=len(got), name="/lfs/a"), file_management.FileDownloadResponse
        )
        got += reply.data
    assert got == content
    digest = bench.ask(
        file_management.FileHashChecksumRequest(name="/lfs/a", type="sha256"), file_management.FileHashChecksumResponse
    )
    assert digest.output == sha256(content).digest()
    assert bench.refusal(file_management.FileDownloadRequest(off=0, name="/no")) == {"group": 8, "rc": 3}
    assert bench.body(settings_management.WriteSettingRequest(name="unit/name", val=b"\x01")) == {}
    assert bench.body(settings_management.ReadSettingRequest(name="unit/name")) == {"val": b"\x01"}
    assert bench.refusal(settings_management.ReadSettingRequest(name="no")) == {"group": 3, "rc": 3}


def test_version_1_is_told_of_errors_without_a_group() -> None:
    bench = Bench()
    assert bench.body(image_management.ImageEraseRequest(slot=7, version=Version.V1)) == {"rc": 1}


@pytest.mark.parametrize(
    "message",
    [
        b"",
        bytes(7),
        bytes.fromhex("0a00000100000000"),
        bytes.fromhex("0100000000000000"),
        bytes.fromhex("0a0000020001010000"),
        bytes(400),
    ],
    ids=["nothing", "short", "length", "reply", "cut", "too large"],
)
def test_what_is_no_request_is_not_answered(message: bytes) -> None:
    assert Bench().mcu.answer(message) is None


@pytest.mark.parametrize(
    ("message", "code"),
    [("0a000001000000001f", 3), ("0a0000010000000001", 3), ("0a000000002a0000", 8), ("080000000000007f", 8)],
    ids=["no CBOR", "no map", "no such group", "no such command"],
)
def test_a_request_it_does_not_know_is_refused(message: str, code: int) -> None:
    reply = Bench().mcu.answer(bytes.fromhex(message))
    assert reply is not None
    assert cbor2.loads(reply[8:]) == {"rc": code}


def test_a_cut_while_a_message_is_worked_on_takes_the_power() -> None:
    bench = Bench()
    bench.flash.cut(Cut(1))
    assert bench.mcu.answer(first(NEW.content()).BYTES) is None
    assert not bench.mcu.powered
    bench.flash.cut(None)
    bench.mcu.power_on()
    assert bench.runs() == (OLD.minor, True)
    assert bench.flash.layout == SMALL
