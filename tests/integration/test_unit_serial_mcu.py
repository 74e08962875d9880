"""The agent's side of its microcontroller, against a simulated one on a pty."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from edge_agent.errors import CaptureError, SensorPowerAway
from edge_agent.inputs.mcu_line import McuLine
from edge_agent.inputs.settings import InputSettings
from edge_agent.inputs.watching import Inputs
from edge_agent.openings.guarded_opener import GuardedOpener
from edge_agent.openings.opener import Ended
from edge_agent.serial.latest import LatestReader
from edge_agent.serial.mcu_link import STOPPED_S, McuLink
from edge_agent.serial.room import LINES_POLL_S
from edge_agent.serial.sensor_power import MARGIN_MS, SensorPower
from firmware_bridge.errors import BridgeError, DeviceRefused, DeviceSilent
from firmware_bridge.mcu.figures import MCU_FIGURES
from firmware_bridge.smp.device import SmpDevice
from firmware_bridge.transport.serial_line import open_line
from tests.support.opening_desk import CountingOpener, HandClock
from tests.support.opening_facts import OFFER
from tests.support.serial_unit import CLOCK, SerialUnit, at_once, holds, opening, running, serial_unit


@pytest.fixture
async def unit(tmp_path: Path) -> AsyncIterator[SerialUnit]:
    async with serial_unit(tmp_path) as unit:
        yield unit


async def test_its_figures_come_and_its_loss_is_told_once(unit: SerialUnit) -> None:
    link = unit.link()
    reader = LatestReader("mcu", "mcu", MCU_FIGURES, link.latest, fresh_s=5.0, faults_told=False)
    async with running(link):
        await holds(lambda: link.state.stats)
        figures = reader.read().figures
        assert set(figures) == MCU_FIGURES
        assert 12_000 < int(figures["supply_mv"]) < 13_000
        assert figures["mcu_version"] == "1.1.0"
        unit.device.port.pull()
        await holds(lambda: unit.told)
        assert link.state.stats is None
        assert reader.read().figures == link.latest.now[0]
        unit.device.port.plug()
        await holds(lambda: link.state.stats)
        await holds(lambda: len(unit.told) == 2)
    assert unit.kinds() == ["mcu-lost", "mcu-back"]


async def test_a_part_that_is_not_fitted_is_unknown(unit: SerialUnit) -> None:
    unit.board.poke("battery_mv", None)
    link = unit.link(with_supply=False)
    async with running(link):
        await holds(lambda: link.state.stats)
    assert {"battery_mv", "supply_mv"} & link.latest.now[0].keys() == set()


async def test_the_watchdog_is_kicked_while_the_agent_works_and_no_longer(unit: SerialUnit) -> None:
    link = unit.link(watchdog_s=1)
    async with running(link):
        await holds(lambda: unit.board.watchdog_due_s)
        before_s = unit.board.watchdog_due_s or 0.0
        await holds(lambda: (unit.board.watchdog_due_s or 0.0) > before_s)
        unit.alive = False
        await holds(lambda: unit.board.watchdog_resets == 1)
        assert unit.kinds() == ["watchdog-not-kicked"]


def kicks_unanswered(monkeypatch: pytest.MonkeyPatch, unanswered: Callable[[int], bool]) -> list[int]:
    """The kicks that were asked for from now on; `unanswered` says which, counted from 1, are lost on the line."""
    asked: list[int] = []
    kick = SmpDevice.kick

    async def lossy(device: SmpDevice, limit_s: int) -> int:
        asked.append(limit_s)
        if unanswered(len(asked)):
            raise DeviceSilent("mcu", "watchdog", 1.0)
        return await kick(device, limit_s)

    monkeypatch.setattr(SmpDevice, "kick", lossy)
    return asked


async def test_a_kick_that_is_lost_now_and_then_is_no_loss_of_the_microcontroller(
    unit: SerialUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = kicks_unanswered(monkeypatch, lambda n: bool(n % 2))
    link = unit.link(watchdog_s=1)
    async with running(link):
        await holds(lambda: len(asked) >= 6)
        assert link.state.stats is not None
    assert (unit.told, unit.board.watchdog_resets, link.latest.now[2]) == ([], 0, "")


async def test_kicks_that_are_never_answered_are_told_once_and_its_figures_go_on(
    unit: SerialUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = kicks_unanswered(monkeypatch, lambda _n: True)
    link = unit.link(watchdog_s=1)
    async with running(link):
        await holds(lambda: unit.told)
        told_after = len(asked)
        await holds(lambda: len(asked) > told_after + 5)
        assert link.state.stats is not None
    assert unit.kinds() == ["watchdog-not-kicked"]
    assert "does not answer the watchdog's kick" in unit.told[0].summary


async def test_an_orderly_stop_asks_again_where_a_message_is_lost(
    unit: SerialUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = unit.link(watchdog_s=10)
    async with running(link):
        await holds(lambda: unit.board.watchdog_due_s)
        asked = kicks_unanswered(monkeypatch, lambda n: n < 3)
        await link.stop()
        assert asked == [STOPPED_S] * 3
        assert (unit.board.watchdog_due_s or 0.0) - unit.device.mcu.now_s() > STOPPED_S - 10


async def test_an_orderly_stop_leaves_time_for_another_agent(unit: SerialUnit) -> None:
    link = unit.link(watchdog_s=10)
    async with running(link):
        await holds(lambda: unit.board.watchdog_due_s)
        await link.stop()
        due_s = (unit.board.watchdog_due_s or 0.0) - unit.device.mcu.now_s()
        assert STOPPED_S - 10 < due_s <= STOPPED_S


async def test_the_port_is_lent_and_taken_back(unit: SerialUnit) -> None:
    link = unit.link(watchdog_s=10)
    async with running(link):
        await holds(lambda: link.state.stats)
        async with link.lent(600):
            line = await open_line(str(unit.device.port.link))
            await line.close()
            assert (unit.board.watchdog_due_s or 0.0) - unit.device.mcu.now_s() > 500
        await holds(lambda: link.state.stats)
    assert unit.told == []


async def test_a_port_that_was_never_there_is_lent_too(unit: SerialUnit) -> None:
    unit.device.port.pull()
    link = unit.link()
    async with running(link):
        await holds(lambda: link.state.fault)
        async with link.lent(600):
            unit.device.port.plug()
            await (await open_line(str(unit.device.port.link))).close()
        await holds(lambda: link.state.stats)


def guarded(link: McuLink) -> tuple[GuardedOpener, CountingOpener, SensorPower]:
    power = SensorPower(link, CLOCK, settle_s=0.0)
    devices = CountingOpener(HandClock())
    return GuardedOpener(devices, [power]), devices, power


async def test_camera_and_microphone_have_power_while_something_is_open(unit: SerialUnit) -> None:
    link = unit.link()
    opener, devices, _ = guarded(link)
    async with running(link):
        await holds(lambda: link.state.stats)
        video, position = opening("video"), opening("position", name="open-" + "b" * 24)
        await (await opener.open(position, None)).close()
        assert unit.board.events == []
        devices.on_open = lambda _: powered.append(unit.board.power_left_ms(unit.device.mcu.now_s()))
        powered: list[int] = []
        thing = await opener.open(video, OFFER)
        assert 55_000 < powered[0] <= 60_000 + MARGIN_MS
        await thing.extend(video.until_boot_ms + 60_000)
        assert unit.board.power_left_ms(unit.device.mcu.now_s()) > 100_000
        await thing.close()
        assert unit.board.power_left_ms(unit.device.mcu.now_s()) == 0


async def test_the_power_lasts_as_long_as_the_last_of_two(unit: SerialUnit) -> None:
    link = unit.link()
    opener, devices, _ = guarded(link)
    async with running(link):
        await holds(lambda: link.state.stats)
        first = await opener.open(opening("video", lasts_ms=120_000), OFFER)
        second = await opener.open(opening("audio", name="open-" + "c" * 24), OFFER)
        assert unit.board.power_left_ms(unit.device.mcu.now_s()) > 100_000
        await first.close()
        assert 0 < unit.board.power_left_ms(unit.device.mcu.now_s()) <= 60_000 + MARGIN_MS
        devices.things[1].events.put_nowait(Ended(CLOCK.mono_ms(), by_deadline=True))
        assert isinstance(await second.event(), Ended)
        assert unit.board.power_left_ms(unit.device.mcu.now_s()) == 0


async def test_the_microcontroller_cuts_the_power_of_an_agent_that_hangs(unit: SerialUnit) -> None:
    link = unit.link()
    opener, _, _ = guarded(link)
    async with running(link):
        await holds(lambda: link.state.stats)
        await opener.open(opening("video", lasts_ms=1), OFFER)
        unit.device.port.pull()
        await holds(lambda: "camera and microphone lost their power" in unit.board.events)


async def test_without_its_answer_nothing_is_opened(unit: SerialUnit) -> None:
    link = unit.link()
    opener, devices, power = guarded(link)
    async with running(link):
        await holds(lambda: link.state.stats)
        unit.device.port.pull()
        await holds(lambda: link.state.fault)
        with pytest.raises(SensorPowerAway) as away:
            await opener.open(opening("video"), OFFER)
    assert away.value.rule == "no-sensor-power"
    assert devices.things == []
    assert not power.is_wanted()


async def test_an_opening_whose_power_can_not_be_renewed_keeps_its_end(unit: SerialUnit) -> None:
    link = unit.link()
    opener, devices, _ = guarded(link)
    async with running(link):
        await holds(lambda: link.state.stats)
        video = opening("video")
        thing = await opener.open(video, OFFER)
        unit.device.port.pull()
        await holds(lambda: link.state.fault)
        with pytest.raises(CaptureError):
            await thing.extend(video.until_boot_ms + 60_000)
        assert devices.things[0].until_boot_ms == video.until_boot_ms
        await thing.close()


async def test_a_device_that_does_not_open_leaves_no_power(unit: SerialUnit) -> None:
    link = unit.link()
    opener, devices, _ = guarded(link)
    devices.failure = CaptureError("no such device")
    async with running(link):
        await holds(lambda: link.state.stats)
        with pytest.raises(CaptureError):
            await opener.open(opening("video"), OFFER)
        assert unit.board.power_left_ms(unit.device.mcu.now_s()) == 0


async def test_power_that_nobody_wants_is_cut(unit: SerialUnit) -> None:
    unit.board.power(600_000, unit.device.mcu.now_s())
    async with running(unit.link(power_wanted=lambda: False)):
        await holds(lambda: unit.board.power_left_ms(unit.device.mcu.now_s()) == 0)


@pytest.mark.parametrize(
    "error", [DeviceRefused("mcu", "sensor power", "it has no switch", 8), DeviceSilent("mcu", "sensor power", 1.0)]
)
async def test_a_switch_that_does_not_cut_the_power_is_no_loss(
    unit: SerialUnit, monkeypatch: pytest.MonkeyPatch, error: BridgeError
) -> None:
    refused: list[int] = []

    async def refuses(_device: SmpDevice, on_ms: int) -> int:
        refused.append(on_ms)
        raise error

    monkeypatch.setattr(SmpDevice, "sensor_power", refuses)
    unit.board.power(600_000, unit.device.mcu.now_s())
    async with running(unit.link(power_wanted=lambda: False)):
        await holds(lambda: len(refused) >= 3)
    assert (set(refused), unit.kinds()) == ({0}, [])


def setting(line: str, kind: str = "tamper", debounce_ms: int = 10) -> InputSettings:
    return InputSettings(name=f"{line}-line", kind=kind, chip="mcu", line=line, debounce_ms=debounce_ms)  # type: ignore[arg-type]  # a word of the test's


async def test_its_lines_tell_what_a_gpio_line_tells(unit: SerialUnit) -> None:
    link = unit.link()
    settings = [setting("tamper"), setting("door", "door"), setting("gpio3", "pir")]
    inputs = Inputs(settings, [McuLine(each, link) for each in settings], unit.tell, CLOCK, draw=at_once)
    async with running(link, inputs):
        unit.board.poke("tamper", 1)
        await holds(lambda: "tamper-line: the housing was opened" in summaries(unit))
        unit.board.poke("door", 1)
        unit.board.poke("gpio", 0b1000)
        await holds(lambda: {"door-line: the door is open", "gpio3-line: movement"} <= summaries(unit))
        unit.board.poke("tamper", 0)
        await holds(lambda: "tamper-line: the housing is closed again" in summaries(unit))
    assert {each.severity for each in unit.told if each.kind == "input-tamper"} == {"alarm", "info"}


async def test_an_opening_between_two_questions_and_one_while_it_was_lost_are_told(unit: SerialUnit) -> None:
    link = unit.link(poll_s=LINES_POLL_S)
    line = setting("tamper", debounce_ms=200)
    inputs = Inputs([line], [McuLine(line, link)], unit.tell, CLOCK, draw=at_once)

    def alarms() -> int:
        return sum(each.kind == "input-tamper" and each.severity == "alarm" for each in unit.told)

    async with running(link, inputs):
        await holds(lambda: link.state.stats)
        seen_ms = link.state.at_boot_ms
        await holds(lambda: link.state.at_boot_ms > seen_ms)
        flick(unit)
        await holds(lambda: alarms() == 1)
        await holds(lambda: summaries(unit) >= {"tamper-line: the housing is closed again"})
        unit.device.port.pull()
        await holds(lambda: "input-unusable" in unit.kinds())
        flick(unit)
        unit.device.port.plug()
        await holds(lambda: alarms() == 2)


async def test_a_line_that_is_not_fitted_is_told(unit: SerialUnit) -> None:
    unit.board.poke("door", None)
    link = unit.link()
    line = setting("door", "door")
    async with running(link, Inputs([line], [McuLine(line, link)], unit.tell, CLOCK, draw=at_once, retry_cap_s=0.1)):
        await holds(lambda: "input-unusable" in unit.kinds())
        unit.board.poke("door", 0)
        await holds(lambda: "input-usable" in unit.kinds())


def flick(unit: SerialUnit) -> None:
    """Open and close the housing faster than anybody asks."""
    unit.board.poke("tamper", 1)
    unit.board.poke("tamper", 0)


def summaries(unit: SerialUnit) -> set[str]:
    return {each.summary for each in unit.told}
