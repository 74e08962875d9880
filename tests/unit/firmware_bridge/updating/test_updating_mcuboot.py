"""What is well of a device, and the line that opens itself again."""

import pytest

from firmware_bridge.errors import PortLost, PortMissing
from firmware_bridge.transport.line import Line
from firmware_bridge.updating.mcuboot_device import why_unwell
from firmware_bridge.updating.reopening import ReopeningLine

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
        (WELL | {"supply_mv": 60_001}, {}, "60001 mV of supply_mv"),
        ({"supply_mv": 5}, {}, "uptime"),
    ],
)
def test_figures_tell_whether_a_device_is_well(
    figures: dict[str, int], before: dict[str, int], said: str | None
) -> None:
    why = why_unwell(figures, before)
    assert why is None if said is None else said in (why or "")


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
