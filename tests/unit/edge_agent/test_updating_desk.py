"""The desk for updates with parts that do as they are told: whatever fails and wherever the power is cut, every part
runs what it is to run, or all of them what they ran; else a person is told."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.errors import AgentError, ControllerAway, StateUnusable
from edge_agent.renewal.plan import KnownTime
from edge_agent.updating.desk import UpdateDesk
from edge_agent.updating.errors import FetchFailed, ReleaseUntrusted
from edge_agent.updating.parts import AgentLeaves, Job, Note, PartFailed, PartSilent, PartStuck, PartUnsure
from edge_agent.updating.plan import File, Running
from edge_agent.updating.state import ProgressFile, UpdateProgress
from edge_agent.updating.telling import Telling
from edge_agent.watch import Happening
from protocols.commands import UpdateUnit
from protocols.releases.manifest import Manifest, Part, PartName
from tests.support.mandates import House
from tests.support.opening_agent import people_of_today
from tests.support.reporting import until

UPDATE = "UP-0123456789ab"
MANIFEST = "manifests/spring.json"
UPDATERS: dict[PartName, str] = {"agent": "release", "mcu": "mcuboot", "modem": "quick"}
NAMES: tuple[PartName, ...] = ("agent", "mcu", "modem")


class PowerCut(BaseException):
    """The power is gone."""


@dataclass
class World:
    """What stays when the power goes: what the parts run, and the disk."""

    directory: Path
    runs: dict[PartName, str] = field(default_factory=lambda: dict.fromkeys(NAMES, "1.0.0"))
    fails: dict[PartName, str] = field(default_factory=dict)
    acts: list[str] = field(default_factory=list)
    told: list[Happening] = field(default_factory=list)
    power: int = 1 << 30
    restarts: int = 0
    open: list[str] = field(default_factory=list)
    held: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    order: tuple[PartName, ...] = NAMES
    models: list[str] = field(default_factory=list)
    released: bool = True
    unreleased: AgentError | None = None
    length: int = 1000
    fetch_fails: bool = False
    opens_while_fetching: bool = False
    asked: set[str] = field(default_factory=set)
    now_ms: int = 0
    looks: list[bool] = field(default_factory=list)

    def use_power(self) -> None:
        """Something that takes a moment; the power may end with it."""
        if self.power == 0:
            raise PowerCut
        self.power -= 1

    @property
    def states(self) -> list[str]:
        """What was told of updates, in order."""
        return [f"{one.update.state}:{one.update.part or ''}" for one in self.told if one.update is not None]

    def wall_ms(self) -> int:
        return self.now_ms

    def mono_ms(self) -> int:
        return self.now_ms


@dataclass
class ScriptedPart:
    """A part that does what `World.fails` says of it, and nothing by halves."""

    world: World
    name: PartName

    @property
    def updaters(self) -> frozenset[str]:
        return frozenset({UPDATERS[self.name]})

    async def running(self) -> Running:
        self.world.looks.append(bool(self.world.held) and not self.world.open)
        if self.world.fails.get(self.name) == "silent":
            raise PartSilent("it does not answer")
        return Running(self.world.runs[self.name], f"name of {self.world.runs[self.name]}")

    async def bring(self, job: Job, note: Note) -> None:
        self.world.use_power()
        fails = self.world.fails.get(self.name)
        if fails == "failed":
            raise PartFailed("it does not like it")
        if fails == "unsure":
            raise PartUnsure("it went away")
        note("installing", 1, 1)
        self._restart_first(f"bring {self.name}")
        self.world.acts.append(f"bring {self.name}")
        self.world.runs[self.name] = job.progress.version
        self.world.use_power()

    async def take_back(self, job: Job) -> None:
        self.world.use_power()
        if self.world.fails.get(self.name) == "stuck":
            raise PartStuck("its bootloader refuses it")
        self._restart_first(f"back {self.name}")
        self.world.acts.append(f"back {self.name}")
        self.world.runs[self.name] = job.progress.was_version
        self.world.use_power()

    def _restart_first(self, what: str) -> None:
        if self.name == "agent" and what not in self.world.asked:
            self.world.asked.add(what)
            raise AgentLeaves


class CuttableFile(ProgressFile):
    """The state file, with a power supply."""

    def __init__(self, world: World) -> None:
        super().__init__(world.directory)
        self._world = world

    def save(self, progress: UpdateProgress) -> None:
        self._world.use_power()
        super().save(progress)


@dataclass
class ScriptedReleases:
    """What is released: the manifest of the world."""

    world: World

    async def refresh(self) -> None:
        if not self.world.released:
            raise StateUnusable(self.world.directory, "is read-only")
        if self.world.unreleased is not None:
            raise self.world.unreleased

    async def target(self, path: str) -> File:
        return File("ab" * 32, 1000 if path == MANIFEST else self.world.length)

    async def fetch(self, path: str, file: File, tell: Callable[[int, int], Awaitable[None]]) -> Path:
        self.world.use_power()
        found = self.world.directory / path.replace("/", "-")
        if path == MANIFEST:
            found.write_bytes(msgspec.json.encode(manifest(self.world)))
            return found
        if self.world.opens_while_fetching:
            self.world.open.append("a check")
        if self.world.fetch_fails:
            raise AgentError("the controller has no such file")
        await tell(file.length, file.length)
        found.write_bytes(b"image")
        return found

    async def settle(self, in_use: Sequence[str]) -> None:  # noqa: ARG002 - that it is called is enough
        self.world.acts.append("settle")


@dataclass
class ScriptedOpenings:
    world: World

    @property
    def open(self) -> Sequence[object]:
        return self.world.open

    async def hold(self, why: str) -> bool:
        if self.world.open:
            return False
        self.world.held = why
        return True

    def release(self) -> None:
        self.world.held = ""


def manifest(world: World) -> Manifest:
    parts = [Part(part=name, version="2.0.0", target=f"{name}/image", updater=UPDATERS[name]) for name in world.order]
    return Manifest(format=1, name="spring", parts=parts, models=world.models)


def desk_of(world: World, leave: Callable[[], None], wait: Any = None) -> UpdateDesk:
    house = House()

    async def spool(happening: Happening) -> None:
        world.told.append(happening)

    async def no_wait(_seconds: float) -> None:
        world.open.clear()
        await asyncio.sleep(0)

    identity: Any = type("Identity", (), {"unit_id": "unit-0123abcd", "people_list": people_of_today(house).text()})
    return UpdateDesk(
        CuttableFile(world),
        ScriptedReleases(world),
        {name: ScriptedPart(world, name) for name in NAMES},
        ScriptedOpenings(world),
        Telling(spool, world),
        identity=lambda: identity,
        model="Raspberry Pi 5",
        known_time=lambda: KnownTime(1_764_000_000_000, sure=True),
        figures=lambda: world.figures,
        leave=leave,
        wait=wait or no_wait,
    )


async def _life(world: World, order: UpdateUnit | None) -> tuple[str, str] | None:
    """One start of the agent, until it has ended what it can, or ends itself; what the order was answered."""
    left = asyncio.Event()
    desk = desk_of(world, left.set)
    running = asyncio.create_task(desk.run())
    answer = None
    try:
        if order is not None:
            answer = await desk.begin(order)
        while not left.is_set() and not running.done():
            if answer is not None and answer[0] == "refused":
                break
            if desk.progress is not None and desk.progress.told:
                break
            await asyncio.sleep(0)
    finally:
        running.cancel()
        await asyncio.wait({running})
    if running.done() and not running.cancelled():
        running.result()
    return answer


async def _lives(world: World, order: UpdateUnit, power: int) -> tuple[str, str] | None:
    """Starts of the agent until the update has ended; the power goes once, after `power` moments."""
    world.power = power
    given: UpdateUnit | None = order
    answer = None
    for _ in range(20):
        try:
            answer = await _life(world, given) or answer
            given = None
        except PowerCut:
            world.power = 1 << 30
            given = order if ProgressFile(world.directory).load() is None else None
        world.restarts += 1
        found = ProgressFile(world.directory).load()
        if (found is not None and found.told) or (answer is not None and answer[0] == "refused"):
            return answer
    raise AssertionError("it does not end")


def _run(world: World, power: int = 1 << 30, order: UpdateUnit | None = None) -> tuple[str, str] | None:
    return asyncio.run(_lives(world, order or UpdateUnit(UPDATE, MANIFEST), power))


def test_every_part_is_brought_in_in_the_manifests_order(tmp_path: Path) -> None:
    world = World(tmp_path, order=("mcu", "agent", "modem"))
    assert _run(world) == ("done", "begun")
    assert world.acts == ["bring mcu", "bring agent", "bring modem", "settle"]
    assert set(world.runs.values()) == {"2.0.0"}
    assert world.states[-2:] == ["part-confirmed:modem", "done:"]
    assert world.told[-1].update is not None
    assert world.told[-1].update.versions == dict.fromkeys(NAMES, "2.0.0")
    assert world.held == ""


def test_a_part_that_fails_takes_back_the_others_in_reverse(tmp_path: Path) -> None:
    world = World(tmp_path, order=("mcu", "agent", "modem"), fails={"modem": "failed"})
    _run(world)
    assert world.acts == ["bring mcu", "bring agent", "back agent", "back mcu"]
    assert set(world.runs.values()) == {"1.0.0"}
    assert (world.states[-1], world.told[-1].severity) == ("rolled-back:", "warning")
    assert "modem: it does not like it" in world.told[-1].summary


@pytest.mark.parametrize("fails", [{"modem": "unsure"}, {"modem": "failed", "mcu": "stuck"}])
def test_a_part_of_which_nobody_knows_calls_for_a_person(tmp_path: Path, fails: dict[PartName, str]) -> None:
    world = World(tmp_path, fails=fails)
    _run(world)
    assert (world.states[-1], world.told[-1].severity) == ("failed:", "alarm")
    assert world.runs["agent"] == "1.0.0", "what can be taken back is taken back"


def test_what_runs_already_is_passed_over(tmp_path: Path) -> None:
    world = World(tmp_path, runs={"agent": "2.0.0", "mcu": "1.0.0", "modem": "2.0.0"})
    _run(world)
    assert world.acts == ["bring mcu", "settle"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another model": ({"models": ["Toaster"]}, "is for Toaster"),
    "older": ({"runs": {"agent": "1.0.0", "mcu": "3.0.0", "modem": "1.0.0"}}, "two people"),
    "a part that is silent": ({"fails": {"mcu": "silent"}}, "no answer"),
    "something open": ({"open": ["a check"]}, "a check is open"),
    "undervolted": ({"figures": {"undervolted": True}}, "supply"),
    "battery low": ({"figures": {"battery_percent": 29.9}}, "battery"),
    "nothing released": ({"released": False}, "read-only"),
    "time not known": ({"unreleased": ReleaseUntrusted("time-unknown", "connect it")}, "connect it"),
    "not trusted": ({"unreleased": ReleaseUntrusted("expired", "it has expired")}, "expired"),
    "controller away": ({"unreleased": ControllerAway("its address", "no answer")}, "no answer"),
    "no room for the manifest": ({"unreleased": FetchFailed("no-space", "make room")}, "make room"),
    "file gone": ({"unreleased": FetchFailed("gone", "no such file")}, "no such file"),
    "disk full": ({"length": 1 << 60}, "would not fit"),
}
PASSES = {
    "something open",
    "undervolted",
    "battery low",
    "time not known",
    "controller away",
    "no room for the manifest",
    "disk full",
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_an_order_is_refused_with_its_reason_and_changes_nothing(tmp_path: Path, case: str) -> None:
    changes, reason = REFUSED[case]
    world = World(tmp_path, **changes)
    before = dict(world.runs)
    answer = _run(world)
    assert answer is not None
    assert answer[0] == "refused"
    assert reason in answer[1]
    assert (world.states, world.acts, world.runs) == (["refused:"], [], before)
    assert world.told[-1].update is not None
    assert world.told[-1].update.passing is (case in PASSES)


def test_parts_are_asked_only_while_nothing_is_open_nor_can_be(tmp_path: Path) -> None:
    world = World(tmp_path, open=["a check"])
    _run(world)
    assert world.looks == [], "who asks the microcontroller takes its port from the switch of the sensors' power"
    world = World(tmp_path)
    _run(world)
    assert set(world.looks) == {True}
    assert world.held == ""


def test_an_update_that_is_given_up_asks_its_parts_when_what_is_open_has_closed(tmp_path: Path) -> None:
    world = World(tmp_path, fetch_fails=True, opens_while_fetching=True)
    _run(world)
    assert set(world.looks) == {True}
    assert world.states[-1] == "rolled-back:"


@pytest.mark.parametrize("figures", [{"battery_percent": 30}, {"battery_percent": 5, "battery_charging": True}])
def test_a_unit_with_enough_power_begins(tmp_path: Path, figures: dict[str, Any]) -> None:
    world = World(tmp_path, figures=figures)
    assert _run(world) == ("done", "begun")


def test_files_that_can_not_be_fetched_leave_everything_as_it_was(tmp_path: Path) -> None:
    world = World(tmp_path, fetch_fails=True)
    _run(world)
    assert (world.states[-1], world.acts) == ("rolled-back:", [])


async def test_another_update_waits_for_nobody_and_the_same_is_begun_once(tmp_path: Path) -> None:
    world = World(tmp_path, order=("mcu",))
    desk = desk_of(world, lambda: None)
    running = asyncio.create_task(desk.run())
    assert await desk.begin(UpdateUnit(UPDATE, MANIFEST)) == ("done", "begun")
    assert await desk.begin(UpdateUnit(UPDATE, MANIFEST)) == ("done", "begun before")
    state, reason = await desk.begin(UpdateUnit("UP-ffffffffffff", MANIFEST))
    assert (state, UPDATE in reason) == ("refused", True)
    running.cancel()
    await asyncio.wait({running})


async def test_what_is_open_is_never_cut_for_an_update(tmp_path: Path) -> None:
    world = World(tmp_path, order=("mcu",))
    closed = asyncio.Event()
    asked = asyncio.Event()

    async def wait(_seconds: float) -> None:
        asked.set()
        await closed.wait()
        world.open.clear()

    desk = desk_of(world, lambda: None, wait)
    running = asyncio.create_task(desk.run())
    assert (await desk.begin(UpdateUnit(UPDATE, MANIFEST)))[0] == "done"
    world.open.append("an opening that was granted while the files came")
    await asked.wait()
    assert world.acts == []
    closed.set()
    await until(lambda: desk.progress is not None and desk.progress.told)
    assert world.acts == ["bring mcu", "settle"]
    running.cancel()
    await asyncio.wait({running})


@given(
    order=st.permutations(NAMES).flatmap(lambda names: st.integers(1, 3).map(lambda count: tuple(names[:count]))),
    fails=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["failed", "unsure", "stuck"]), max_size=2),
    power=st.integers(0, 40),
)
@settings(max_examples=150, deadline=None)
def test_wherever_the_power_is_cut_it_comes_to_an_end_that_is_told_truly(
    order: tuple[PartName, ...], fails: dict[PartName, str], power: int
) -> None:
    with TemporaryDirectory() as directory:
        world = World(Path(directory), order=order, fails=fails)
        _run(world, power)
        runs = {world.runs[name] for name in order}
        ends = [state for state in world.states if state in {"done:", "rolled-back:", "failed:"}]
        assert len(set(ends)) == 1
        if ends[0] == "done:":
            assert runs == {"2.0.0"}
        if ends[0] == "rolled-back:":
            assert runs == {"1.0.0"}
        if ends[0] == "failed:":
            assert fails, "nobody is called for nothing"
        assert world.restarts < 12
