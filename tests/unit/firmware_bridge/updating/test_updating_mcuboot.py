"""What is well of a device, and the line that opens itself again."""

import itertools
from collections.abc import Callable

import pytest

from firmware_bridge.errors import DeviceRefused, DeviceSilent, PortLost, PortMissing, ReplyUnreadable
from firmware_bridge.images.installed import Installed
from firmware_bridge.images.mcuboot import read_image
from firmware_bridge.progress import Progress
from firmware_bridge.smp.device import Bootloader, SlotState, SmpDevice
from firmware_bridge.transport.line import Line
from firmware_bridge.updating.mcuboot_device import McubootDevice, why_unwell
from firmware_bridge.updating.reopening import ReopeningLine
from tests.support.firmware_images import image_of

WELL = {"supply_mv": 12_400, "battery_mv": 0xFFFFFFFF, "uptime_s": 7, "watchdog_resets": 2}


@pytest.mark.parametrize(
    ("figures", "before", "said"),
    [
        (WELL, {}, None),
        (WELL, WELL, None),
        (WELL | {"uptime_s": 8}, WELL, None),
        (WELL | {"uptime_s": 6}, WELL, "restarted by itself"),
        (WELL | {"watchdog_resets": 3}, WELL, "watchdog"),
        (WELL | {"watchdog_resets": 3}, {}, None),
        (WELL | {"supply_mv": 60_000}, {}, None),
        (WELL | {"supply_mv": 60_001}, {}, "a supply of 60.001 V, and 0 to 60 V can be right"),
        (WELL | {"battery_mv": 99_000}, {}, "a battery voltage of 99.000 V, and 0 to 60 V can be right"),
        ({"supply_mv": 5}, {}, "uptime"),
    ],
)
def test_figures_tell_whether_a_device_is_well(
    figures: dict[str, int], before: dict[str, int], said: str | None
) -> None:
    why = why_unwell(figures, before)
    assert why is None if said is None else said in (why or "")


class Slots(SmpDevice):
    """A device of which only the image list is known: one after the other of `lists`, the last for good; None: it does
    not answer."""

    def __init__(self, *lists: list[SlotState] | None, mode: int | None = None, loses_reset: bool = False) -> None:
        self.lists = list(lists)
        self.mode = mode
        self.loses_reset = loses_reset
        self.asked: list[str] = []

    async def images(self) -> list[SlotState]:
        now = self.lists.pop(0) if len(self.lists) > 1 else self.lists[0]
        if now is None:
            raise DeviceSilent("sim", "image list", 1)
        return now

    async def bootloader(self) -> Bootloader | None:
        return None if self.mode is None else Bootloader("MCUboot", self.mode, no_downgrade=False)

    async def mark_for_test(self, digest_hex: str) -> None:
        self.asked.append(f"mark {digest_hex[:2]}")

    async def reset(self, *, into_bootloader: bool = False) -> None:
        self.asked.append("bootloader" if into_bootloader else "restart")
        if self.loses_reset:
            raise DeviceSilent("sim", "restart", 1)

    async def upload_image(
        self, content: bytes, *, image: int = 0, tell: Callable[[Progress], None] = lambda _progress: None
    ) -> None:
        assert image == 0
        self.asked.append("upload")
        tell(Progress(len(content), len(content)))


IMAGE = image_of("2.0.0+0")
NEW_HASH = read_image(IMAGE).digest_hex


def slot(number: int, version: str, digest_hex: str, *, active: bool = False, pending: bool = False) -> SlotState:
    return SlotState(
        0, number, version, digest_hex, bootable=True, pending=pending, confirmed=active, active=active, permanent=False
    )


RUNS_OLD = [slot(0, "1.0.0", "aa" * 32, active=True), slot(1, "2.0.0", NEW_HASH)]
MARKED = [RUNS_OLD[0], slot(1, "2.0.0", NEW_HASH, pending=True)]
RUNS_NEW = [
    slot(0, "2.0.0", NEW_HASH, active=True)._replace(confirmed=False),
    slot(1, "1.0.0", "aa" * 32)._replace(confirmed=True),
]


def device_on(smp: Slots) -> McubootDevice:
    passed = itertools.count()

    async def rest(_seconds: float) -> None:
        pass

    return McubootDevice("sim", smp, [], boot_limit_s=40.0, clock=lambda: float(next(passed)), rest=rest)


@pytest.mark.parametrize("lost", [False, True])
async def test_an_image_is_tried_and_waited_for(*, lost: bool) -> None:
    smp = Slots(RUNS_OLD, MARKED, MARKED, None, None, RUNS_NEW, loses_reset=lost)
    await device_on(smp).try_once(IMAGE)
    assert smp.asked == [f"mark {NEW_HASH[:2]}", "restart"]
    assert smp.lists == [RUNS_NEW]


async def test_what_is_marked_is_not_marked_again_and_what_runs_is_not_tried() -> None:
    smp = Slots(MARKED, RUNS_NEW)
    await device_on(smp).try_once(IMAGE)
    assert smp.asked == ["restart"]
    smp.asked.clear()
    await device_on(smp).try_once(IMAGE)
    assert smp.asked == []


async def test_a_device_that_did_not_restart_is_looked_at_again_soon() -> None:
    smp = Slots(MARKED)
    device = device_on(smp)
    await device.try_once(IMAGE)
    assert smp.asked == ["restart"]
    assert await device.installed() == Installed("1.0.0", "aa" * 32, confirmed=False)


async def test_a_device_that_never_comes_back_is_given_up() -> None:
    with pytest.raises(DeviceSilent):
        await device_on(Slots(MARKED, None)).try_once(IMAGE)


async def test_a_device_without_the_image_can_not_try_it() -> None:
    with pytest.raises(ReplyUnreadable, match="not there"):
        await device_on(Slots(RUNS_OLD[:1])).try_once(IMAGE)
    with pytest.raises(ReplyUnreadable, match="none of its images runs"):
        await device_on(Slots([RUNS_OLD[1]])).installed()


async def test_only_a_trial_is_reverted() -> None:
    confirmed, trial = Slots(RUNS_OLD), Slots(RUNS_NEW, RUNS_OLD)
    await device_on(confirmed).revert()
    await device_on(trial).revert()
    assert (confirmed.asked, trial.asked) == ([], ["restart"])


@pytest.mark.parametrize(
    ("mode", "goes_back"),
    [(None, True), (1, True), (3, True), (5, True), (0, False), (2, False), (4, False), (6, False)],
)
async def test_nothing_is_sent_to_a_bootloader_that_could_not_go_back(mode: int | None, *, goes_back: bool) -> None:
    smp = Slots(RUNS_OLD, mode=mode)
    if goes_back:
        await device_on(smp).send(IMAGE, lambda _progress: None)
    else:
        with pytest.raises(DeviceRefused, match="could not go back"):
            await device_on(smp).send(IMAGE, lambda _progress: None)
    assert smp.asked == (["upload"] if goes_back else [])


class Cable:
    """A line that is lost after so many calls."""

    def __init__(self, calls: int) -> None:
        self.calls = calls
        self.closed = False

    @property
    def name(self) -> str:
        return "cable"

    def _call(self) -> None:
        if self.calls == 0:
            raise PortLost("cable", "pulled")
        self.calls -= 1

    async def read(self) -> bytes:
        self._call()
        return b"x"

    async def write(self, content: bytes) -> None:
        assert content
        self._call()

    def discard(self) -> None:
        pass

    async def close(self) -> None:
        self.closed = True


async def test_a_lost_line_is_opened_again_by_the_next_call() -> None:
    cables = [Cable(1), Cable(2)]
    left: list[Line] = list(cables)

    async def open_again() -> Line:
        if not left:
            raise PortMissing("cable", "not there")
        return left.pop(0)

    line = ReopeningLine("port", open_again)
    line.discard()
    assert await line.read() == b"x"
    with pytest.raises(PortLost):
        await line.write(b"a")
    assert cables[0].closed
    await line.write(b"a")
    assert await line.read() == b"x"
    with pytest.raises(PortLost):
        await line.read()
    with pytest.raises(PortMissing):
        await line.read()
    left.append(last := Cable(1))
    await line.write(b"a")
    await line.close()
    await line.close()
    assert last.closed
    with pytest.raises(PortLost, match="closed here"):
        await line.read()
