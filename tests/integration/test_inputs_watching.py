"""Inputs from end to end over the lines of a simulated host: levels in files, events told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.clock import SystemClock
from edge_agent.inputs.file_lines import DIRECTORY, line_sources, write_line
from edge_agent.inputs.gpio import GpioLine
from edge_agent.inputs.settings import InputKind, InputSettings
from edge_agent.inputs.watching import Inputs
from edge_agent.watch import Happening
from tests.support.waiting import until


class Host:
    """A simulated host's lines, and what was told of them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.told: list[Happening] = []
        (root / DIRECTORY).mkdir(parents=True)

    def set(self, name: str, level: str) -> None:
        write_line(self.root, name, high=level == "1")

    async def tell(self, happening: Happening) -> None:
        self.told.append(happening)

    async def hears(self, kind: str, severity: str, words: str) -> None:
        await until(self._heard(kind, severity, words), limit_s=20)

    def _heard(self, kind: str, severity: str, words: str) -> Callable[[], Awaitable[bool]]:
        async def heard() -> bool:
            return any(each.kind == kind and each.severity == severity and words in each.summary for each in self.told)

        return heard


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def setting(name: str, kind: InputKind, line: int, *, active_low: bool = False) -> InputSettings:
    return InputSettings(name=name, kind=kind, line=line, active_low=active_low, debounce_ms=20)


@asynccontextmanager
async def watched(host: Host, *settings: InputSettings) -> AsyncIterator[Inputs]:
    clock = SystemClock()
    inputs = Inputs(settings, line_sources(settings, host.root, clock), host.tell, clock, retry_cap_s=0.2)
    running = asyncio.create_task(inputs.run())
    try:
        yield inputs
    finally:
        running.cancel()
        await asyncio.wait({running})
    assert running.cancelled()
    assert inputs.lid_open() is None


async def test_every_kind_is_told_when_its_line_changes(host: Host) -> None:
    for name, level in (("housing", "0"), ("door", "0"), ("hall", "0"), ("mains", "1"), ("lid", "0")):
        host.set(name, level)
    kinds: list[InputSettings] = [
        setting("housing", "tamper", 1),
        setting("door", "door", 2),
        setting("hall", "pir", 3),
        setting("mains", "power", 4),
        setting("lid", "lid", 5),
    ]
    async with watched(host, *kinds) as inputs:
        await until(_lid_is("closed", inputs), limit_s=20)
        for name, level in (("housing", "1"), ("door", "1"), ("hall", "1"), ("mains", "0"), ("lid", "1")):
            host.set(name, level)
        await host.hears("input-tamper", "alarm", "housing: ")
        await host.hears("input-door", "warning", "door: ")
        await host.hears("input-pir", "info", "hall: movement")
        await host.hears("input-power", "alarm", "mains: the supply is lost")
        await host.hears("input-lid", "info", "lid: the lid is open")
        host.set("mains", "1")
        await host.hears("input-power", "info", "mains: the supply is back")
    assert len(host.told) == 6


async def test_the_lid_is_known_while_it_is_watched_and_only_then(host: Host) -> None:
    async with watched(host, setting("lid", "lid", 5, active_low=True)) as inputs:
        assert inputs.lid_open() is None
        await host.hears("input-unusable", "warning", "write 0 or 1 into it")
        host.set("lid", "0")
        await until(_lid_is("open", inputs), limit_s=20)
        await host.hears("input-usable", "info", "lid")
        (host.root / DIRECTORY / "lid").unlink()
        await until(_lid_is("unknown", inputs), limit_s=20)
        host.set("lid", "1")
        await until(_lid_is("closed", inputs), limit_s=20)


async def test_a_line_that_fails_is_told_once_and_the_others_live_on(host: Host) -> None:
    host.set("door", "0")
    (host.root / DIRECTORY / "housing").write_text("volts")
    async with watched(host, setting("housing", "tamper", 1), setting("door", "door", 2)):
        await host.hears("input-unusable", "warning", "expected 0 or 1")
        host.set("door", "1")
        await host.hears("input-door", "warning", "door: the door is open")
        host.set("housing", "1")
        await host.hears("input-tamper", "alarm", "housing: the housing was opened")
    assert [each.kind for each in host.told].count("input-unusable") == 1


async def test_a_file_that_stays_empty_is_no_line(host: Host) -> None:
    (host.root / DIRECTORY / "door").write_text("")
    async with watched(host, setting("door", "door", 2)):
        await host.hears("input-unusable", "warning", "it is empty")


async def test_a_unit_whose_chip_is_missing_says_so_and_goes_on(host: Host) -> None:
    settings = [InputSettings(name="housing", kind="tamper", chip="/dev/gpiochip-none", line=17)]
    inputs = Inputs(settings, [GpioLine(settings[0])], host.tell, SystemClock(), retry_cap_s=0.01)
    running = asyncio.create_task(inputs.run())
    await host.hears("input-unusable", "warning", "line 17 of /dev/gpiochip-none")
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})
    assert len(host.told) == 1


async def test_without_inputs_there_is_nothing_to_do_and_no_lid(host: Host) -> None:
    inputs = Inputs([], [], host.tell, SystemClock())
    await inputs.run()
    assert inputs.lid_open() is None


async def test_the_machines_own_root_means_gpio() -> None:
    sources = line_sources([setting("door", "door", 2)], Path("/"), SystemClock())
    assert [type(source) for source in sources] == [GpioLine]


def _lid_is(wanted: str, inputs: Inputs) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return {True: "open", False: "closed", None: "unknown"}[inputs.lid_open()] == wanted

    return holds
