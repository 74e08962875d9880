"""Simulated hosts: the same every time, read by the readers of a real machine, failing now and then."""

import asyncio
import dataclasses
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.errors import InvalidTreeName, NotASimulatedTree, TreeNotWritten
from edge_agent.host_simulation import HostState, SimulatedHost, run_simulation, tree_names
from edge_agent.host_simulation.chance import Spell, Wander
from edge_agent.host_simulation.host_state import Breakage
from edge_agent.host_simulation.model import breakable
from edge_agent.host_simulation.render import render
from edge_agent.host_simulation.tree_writer import TreeWriter
from edge_agent.readers import Figure, default_readers, read_machine

LIMIT_S = 60.0
ALWAYS_KNOWN = {
    "uptime_s", "load_1m", "memory_used_percent", "soc_temp_c", "throttled_bits", "undervolted", "supply_mv",
    "storage_used_percent", "storage_read_only", "clock_synchronised", "link_kind", "link_rx_bytes", "link_tx_bytes",
}  # fmt: skip


def states(name: str, seed: int, steps: int, *, dt_s: float = 2.0, trouble: float = 1.0) -> list[HostState]:
    host = SimulatedHost(name, seed, trouble=trouble)
    return [host.step(dt_s) for _ in range(steps)]


def uptimes(directory: Path) -> dict[str, float]:
    return {path.parts[-3]: float(path.read_text().split()[0]) for path in directory.glob("*/proc/uptime")}


def read_all(root: Path) -> tuple[dict[str, Figure], list[str]]:
    readings = [reader.read() for reader in default_readers(root)]
    figures = {name: value for reading in readings for name, value in reading.figures.items()}
    return figures, [fault.source for reading in readings for fault in reading.faults]


@given(seed=st.integers(0, 1 << 32), name=st.sampled_from(tree_names(50)))
@settings(max_examples=20, deadline=None)
def test_equal_seeds_give_equal_hosts(seed: int, name: str) -> None:
    assert states(name, seed, 30) == states(name, seed, 30)
    assert states(name, seed, 30) != states(name, seed + 1, 30)


def test_hosts_of_one_seed_differ() -> None:
    kits = {SimulatedHost(name, 1).kit for name in tree_names(20)}
    assert len(kits) == 20
    assert {kit.link for kit in kits} == {"ethernet", "wifi", "lte"}


@given(seed=st.integers(0, 1 << 32), dt_s=st.floats(0, 600))
@settings(max_examples=40, deadline=None)
def test_states_stay_physical(seed: int, dt_s: float) -> None:
    before = None
    for state in states("host-001", seed, 60, dt_s=dt_s, trouble=5):
        assert -30 < state.soc_temp_c < 130
        assert 0 <= state.battery_percent <= 100
        assert 0 < state.storage_free_blocks <= state.kit.storage_blocks
        assert 0 < state.memory_available_kib < state.kit.memory_total_kib
        assert state.undervolted == (state.supply_mv < state.kit.undervolted_below_mv)
        assert state.undervolted == bool(state.throttled_bits & 1)
        if before is not None:
            assert state.busy_ticks >= before.busy_ticks
            assert state.idle_ticks >= before.idle_ticks
            assert state.link_rx_bytes >= before.link_rx_bytes
            assert state.throttled_bits >> 16 & before.throttled_bits >> 16 == before.throttled_bits >> 16
        before = state


def test_a_day_shows_every_kind_of_trouble() -> None:
    day = [state for name in tree_names(6) for state in states(name, 11, 24 * 120, dt_s=30)]
    assert any(state.undervolted for state in day)
    assert any(state.storage_read_only for state in day)
    assert any(not state.clock_synchronised for state in day)
    assert any(state.throttled_bits & 0b100 for state in day)
    assert {state.battery_charging for state in day if state.kit.battery} == {True, False}
    assert {breakage for state in day for _, breakage in state.broken} == {"vanished", "garbage", "empty"}


def test_without_trouble_nothing_breaks() -> None:
    for state in states("host-001", 11, 24 * 60, dt_s=60, trouble=0):
        assert (state.undervolted, state.storage_read_only, state.clock_synchronised) == (False, False, True)
        assert state.broken == ()


@pytest.mark.parametrize("name", tree_names(9))
def test_a_sound_tree_is_read_whole(tmp_path: Path, name: str) -> None:
    (state,) = states(name, 3, 1, trouble=0)
    TreeWriter(tmp_path).write(render(state))
    figures, faults = read_all(tmp_path)
    assert faults == []
    assert figures.keys() >= ALWAYS_KNOWN
    assert figures["supply_mv"] == state.supply_mv
    assert figures["soc_temp_c"] == round(state.soc_temp_c, 1)
    assert figures["undervolted"] is state.undervolted
    assert figures["link_kind"] == state.kit.link
    assert figures["uptime_s"] == int(state.uptime_s)
    assert ("battery_percent" in figures) == state.kit.battery
    assert ("wifi_signal_dbm" in figures) == (state.kit.link == "wifi")
    assert ("emmc_worn_percent" in figures) == (state.kit.emmc_decades is not None)
    assert (read_machine(tmp_path).model, read_machine(tmp_path).boot_id) == (state.kit.model, state.kit.boot_id)


@pytest.mark.parametrize("breakage", ["vanished", "garbage", "empty"])
@pytest.mark.parametrize("name", tree_names(3))
def test_a_broken_sensor_costs_its_own_figures_only(tmp_path: Path, name: str, breakage: Breakage) -> None:
    (sound,) = states(name, 4, 1, trouble=0)
    writer = TreeWriter(tmp_path)
    writer.write(render(sound))
    known, _ = read_all(tmp_path)
    for path in breakable(sound.kit):
        writer.write(render(dataclasses.replace(sound, broken=((path, breakage),))))
        figures, faults = read_all(tmp_path)
        lost = known.keys() - figures.keys()
        told = bool(faults) or breakage == "vanished"
        assert told
        assert len(faults) <= 1
        assert lost or path.endswith("in0_lcrit_alarm")
        assert lost <= {"clock_synchronised", "clock_offset_ms"} or len(lost) <= 1
    writer.write(render(sound))
    assert read_all(tmp_path) == (known, [])


def test_a_tree_is_kept_equal_to_its_files(tmp_path: Path) -> None:
    writer = TreeWriter(tmp_path / "tree")
    writer.write({"a/b": b"1", "a/c": b"2"})
    writer.write({"a/b": b"3"})
    assert (tmp_path / "tree/a/b").read_bytes() == b"3"
    assert not (tmp_path / "tree/a/c").exists()
    writer.write({"a/b": b"3", "a/c": b"4"})
    assert (tmp_path / "tree/a/c").read_bytes() == b"4"


def test_a_tree_of_an_earlier_run_is_taken_over(tmp_path: Path) -> None:
    TreeWriter(tmp_path).write({"a/b": b"1", "old": b"2"})
    TreeWriter(tmp_path).write({"a/b": b"3"})
    assert (tmp_path / "a/b").read_bytes() == b"3"
    assert not (tmp_path / "old").exists()


def test_a_directory_with_other_content_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear")
    with pytest.raises(NotASimulatedTree) as caught:
        TreeWriter(tmp_path)
    assert caught.value.directory == tmp_path
    assert (tmp_path / "letter").read_text() == "dear"


def test_a_tree_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    writer = TreeWriter(tmp_path / "tree")
    writer.write({"a/b": b"1"})
    (tmp_path / "tree/a/b").unlink()
    (tmp_path / "tree/a/b/in-the-way").mkdir(parents=True)
    with pytest.raises(TreeNotWritten):
        writer.write({"a/b": b"2"})


async def test_the_simulation_keeps_trees_moving_until_stopped(tmp_path: Path) -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(run_simulation(tmp_path, 3, stop=stop, seed=9, step_s=0.01, ready=ready))
    await asyncio.wait_for(ready.wait(), LIMIT_S)
    first = uptimes(tmp_path)
    assert sorted(first) == tree_names(3)
    async with asyncio.timeout(LIMIT_S):
        while True:
            if all(uptime > first[name] for name, uptime in uptimes(tmp_path).items()):
                break
            await asyncio.sleep(0.005)
    stop.set()
    await asyncio.wait_for(running, LIMIT_S)
    figures, _ = read_all(tmp_path / "host-001")
    assert "uptime_s" in figures


async def test_the_first_trees_are_those_of_the_seed(tmp_path: Path) -> None:
    stop, ready = asyncio.Event(), asyncio.Event()
    running = asyncio.create_task(run_simulation(tmp_path, ["van-1"], stop=stop, seed=9, step_s=LIMIT_S, ready=ready))
    await asyncio.wait_for(ready.wait(), LIMIT_S)
    expected = render(SimulatedHost("van-1", 9).step(LIMIT_S))
    for path, content in expected.items():
        assert (tmp_path / "van-1" / path).read_bytes() == content
    stop.set()
    await asyncio.wait_for(running, LIMIT_S)


@pytest.mark.parametrize("name", ["", "../up", "a/b", "Upper", "-dash", "x" * 41])
async def test_a_name_that_is_no_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidTreeName):
        await run_simulation(tmp_path, [name], stop=asyncio.Event())
    assert uptimes(tmp_path) == {}


def test_a_wander_stays_about_its_mean_however_time_is_cut() -> None:
    for dt_s in (1.0, 50.0):
        wander = Wander(random.Random(1), mean=10, deviation=2, tau_s=20)
        values = [wander.step(dt_s) for _ in range(5_000)]
        mean = sum(values) / len(values)
        spread = (sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5
        assert abs(mean - 10) < 0.7
        assert 1.6 < spread < 2.4


def test_a_spell_comes_as_often_and_lasts_as_long_as_told() -> None:
    spell = Spell(random.Random(2), per_hour=6, shortest_s=30, longest_s=30)
    begun = active = 0
    for _ in range(36_000):
        begun += spell.step(1.0)
        active += spell.active
    assert 40 < begun < 75
    assert active == pytest.approx(begun * 30, rel=0.05)
    never = Spell(random.Random(2), per_hour=0, shortest_s=30, longest_s=30)
    assert not any(never.step(60) for _ in range(1_000))
