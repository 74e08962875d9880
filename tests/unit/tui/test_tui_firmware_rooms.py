"""Rollouts, releases and the bench on a real Textual screen, driven by keys."""

from datetime import timedelta
from pathlib import Path
from time import monotonic

import msgspec
import pytest

from firmware_bridge.simulation.mcu import Mcu
from firmware_bridge.simulation.mcu_device import McuDevice
from protocols.api.feed import RolloutsChanged
from protocols.api.rollouts import NewRollout
from protocols.people import Role
from tests.unit.firmware_bridge.simulation_devices import KEYS, fitted
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tests.unit.tui.stub_firmware import ring
from tui.rooms.firmware_bench import WATCHING


def fleet(role: Role = "supervisor") -> tuple[StubClient, str]:
    """A rollout that is done, one that goes on, one that has stopped; the one that goes on, by its id."""
    client = StubClient(30, role)
    now = client.now
    client.rolls("summer", "done", [ring("all", now, {"done": 38, "left-out": 2})])
    client.rolls("modems", "stopped", [ring("all", now, {"done": 4, "failed": 2, "waiting": 9})], "2 of 6 are bad")
    rings = [
        ring("1 unit", now, {"done": 1}),
        ring("10 %", now, {"done": 12, "working": 3, "waiting": 5}, {"check": 3, "away": 2}),
        ring("rest", now, {"waiting": 190}, {"ring": 190}),
    ]
    going = client.rolls("autumn", "running", rings)
    units = [row.unit_id for row in client.rows]
    client.updates(going, units[0], "done", versions={"mcu": "2.2.1"}, label="roof 1")
    client.updates(going, units[1], "working", part="mcu", done_bytes=50, total_bytes=200, label="roof 2")
    client.updates(going, units[2], "waiting", held="check", label="roof 3")
    client.updates(going, units[3], "rolled-back", reason="it said nothing", label="roof 4")
    return client, going


@pytest.mark.parametrize("size", SIZES)
async def test_one_key_leads_from_anywhere_to_the_rollouts_that_stopped_first(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    client, _ = fleet()
    async with console(client, tmp_path, size) as screen:
        await screen.press("6", "F")
        await screen.sees("FIRMWARE  3 rollouts", "1 stopped by itself", "1 goes on", "2 of 6 are bad")
        assert screen.cursor_line().startswith("▸stopped      modems")
        assert all(len(line) <= size[0] for line in screen.lines)
        await screen.press("slash", *"running", "enter")
        await screen.sees("1 of 3 rollouts", "▸running      autumn")
        await screen.press("escape")
        await screen.sees("FIRMWARE  3 rollouts")
        await screen.press("question_mark")
        await screen.sees("F       ", "firmware")


@pytest.mark.parametrize("size", SIZES)
async def test_a_rollouts_page_has_rings_why_units_wait_and_the_units(tmp_path: Path, size: tuple[int, int]) -> None:
    client, _ = fleet()
    async with console(client, tmp_path, size) as screen:
        await screen.press("F", "down", "enter")
        await screen.sees("3 wait for a check to end, 2 wait to be connected", "12 of 20 done", "not begun")
        await screen.sees("10 %: 0 of 12 bad, 1 more stops it", "roof 1", "MCU 25 %", "waits for a check to end")
        assert all(len(line) <= size[0] for line in screen.lines)
        await screen.press("slash", *"nothing", "enter")
        await screen.sees("1 of 4 units", "▸rolled-back roof 4")
        await screen.press("enter")
        await screen.sees(client.rows[3].unit_id, "last update rolled-back")


async def test_only_units_in_one_state_are_asked_for(tmp_path: Path) -> None:
    client, going = fleet()
    async with console(client, tmp_path) as screen:
        await screen.press("F", "down", "enter")
        await screen.sees("roof 4")
        await screen.press("s", "o")
        await screen.sees("only working", "▸working     roof 2")
        await screen.misses("roof 1")
        assert screen.asked("rollout_units")[-1] == ("rollout_units", going, "", "working", 0, 500)
        await screen.press("escape")
        await screen.sees("roof 1")


async def test_changes_are_shown_without_moving_the_cursor(tmp_path: Path) -> None:
    client, going = fleet()
    async with console(client, tmp_path) as screen:
        await screen.press("F", "down")
        await screen.sees("▸running      autumn")
        await screen.until(lambda: client.stub_feed.watched[-1].rollouts)
        client.rolls("winter", "running", [ring("all", client.now, {"waiting": 3})])
        client.stub_feed.items.put_nowait(RolloutsChanged())
        await screen.sees("4 rollouts", "winter", "▸running      autumn")
        await screen.press("enter", "down")
        await screen.sees("▸working     roof 2")
        rows = client.rollout_unit_list[going]
        rows[1] = msgspec.structs.replace(rows[1], done_bytes=150)
        client.stub_feed.items.put_nowait(RolloutsChanged())
        await screen.sees("MCU 75 %", "▸working     roof 2")


async def test_pause_resume_and_cancel_take_a_reason_and_show_the_sentence(tmp_path: Path) -> None:
    client, going = fleet()
    async with console(client, tmp_path) as screen:
        await screen.press("F", "down")
        await screen.sees("▸running      autumn")
        await screen.press("p", "enter")
        await screen.sees("why? It can not stay empty")
        await screen.press(*"vans are out")
        await screen.sees(f"“rollout.paused: TO-12 pauses {going}: vans are out”")
        assert screen.asked("pause_rollout") == []
        await screen.press("enter")
        await screen.sees("autumn is paused", "▸paused       autumn", "vans are out")
        assert screen.asked("pause_rollout") == [("pause_rollout", going, "vans are out")]
        await screen.press("enter", "r", *"back", "enter")
        await screen.sees("autumn goes on", "autumn   running")
        await screen.press("x", *"wrong", "enter")
        await screen.sees("autumn is cancelled", "autumn   cancelled")
        await screen.press("p")
        assert screen.asked("cancel_rollout") == [("cancel_rollout", going, "wrong")]


async def test_a_new_rollout_says_what_it_will_do_before_it_does(tmp_path: Path) -> None:
    client, _ = fleet()
    async with console(client, tmp_path) as screen:
        await screen.press("F", "n")
        await screen.sees("Roll out autumn: agent 1.5.0, MCU 2.2.1", "1 h later 10 %, 4 h later the rest")
        await screen.press("enter", "ctrl+u", *"half, rest")
        await screen.sees("“half” is none; write 1 unit")
        await screen.press("ctrl+s", "ctrl+u", *"50%, rest")
        await screen.sees("then the rest; at most 20")
        await screen.press("ctrl+s")
        await screen.sees("Enter once more begins it")
        assert screen.asked("start_rollout") == []
        await screen.press("enter")
        await screen.sees("autumn has begun with 8 units", "▸running      autumn")
        ((_, new),) = screen.asked("start_rollout")
        assert isinstance(new, NewRollout)
        assert [one.share_percent for one in new.plan.rings] == [50.0, 100.0]
        await screen.press("n", "ctrl+u", *"again", "ctrl+s", "enter")
        await screen.sees("Refused", "rollout-running", "cancel it, or wait")


@pytest.mark.parametrize("size", SIZES)
async def test_enter_leads_through_a_new_rollouts_fields_and_begins_it_once(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    client, _ = fleet()
    async with console(client, tmp_path, size) as screen:
        await screen.press("F", "n")
        await screen.sees("Roll out autumn", "enter next field")
        await screen.press(*["enter"] * 8)
        await screen.sees("enter look it over")
        assert screen.asked("start_rollout") == []
        await screen.press("enter")
        await screen.sees("rollout.started: TO-12 brings", "Enter once more begins it", "enter begin it")
        await screen.press("up")
        await screen.misses("Enter once more begins it")
        await screen.press("enter", "enter")
        await screen.sees("Enter once more begins it")
        assert screen.asked("start_rollout") == []
        await screen.press("enter", "enter")
        await screen.until(lambda: len(client.rollout_list) > 3)
        assert len(screen.asked("start_rollout")) == 1


async def test_no_other_rollout_is_begun_while_one_is_on_its_way(tmp_path: Path) -> None:
    client, _ = fleet()
    client.starts.clear()
    async with console(client, tmp_path) as screen:
        await screen.press("F", "n", "ctrl+s", "enter", "n")
        await screen.sees("one is being begun")
        client.starts.set()
        await screen.sees("autumn has begun")
        await screen.press("n")
        await screen.sees("Roll out autumn")
        assert len(screen.asked("start_rollout")) == 1


async def test_who_may_not_is_told_whose_it_is(tmp_path: Path) -> None:
    client, _ = fleet("inspector")
    async with console(client, tmp_path) as screen:
        await screen.press("F", "down")
        await screen.sees("▸running      autumn")
        await screen.press("p")
        await screen.sees("pausing a rollout is a supervisor's")
        await screen.press("n")
        await screen.sees("beginning a rollout is a supervisor's")
    client, _ = fleet("approver")
    async with console(client, tmp_path) as screen:
        await screen.press("F")
        await screen.sees("seeing rollouts is")
        assert screen.asked("rollouts") == []


@pytest.mark.parametrize("size", SIZES)
async def test_releases_tell_who_has_signed_and_what_ends(tmp_path: Path, size: tuple[int, int]) -> None:
    client, _ = fleet()
    client.drafts_release("targets", ["SU-01", "TO-12", "TO-15"], ["SU-01"])
    client.ends("targets", timedelta(days=6))
    async with console(client, tmp_path, size) as screen:
        await screen.press("F", "t")
        await screen.sees("DRAFT TARGETS 4  1 of 2 have signed", "may sign: TO-12 (you), TO-15", "ends soon")
        await screen.sees(
            "n under F rolls one out",
            "autumn   models that begin with Raspberry Pi",
            "for nucleo, by mcuboot, 210 kB",
            "s sign",
        )
        assert all(len(line) <= size[0] for line in screen.lines)


async def test_who_may_not_roll_out_is_told_no_key_for_it(tmp_path: Path) -> None:
    client, _ = fleet("inspector")
    async with console(client, tmp_path) as screen:
        await screen.press("F", "t")
        await screen.sees("MANIFESTS")
        assert "rolls one out" not in screen.text


async def test_a_stopped_rollout_and_a_draft_stand_first_and_lead_where_they_are_seen_to(tmp_path: Path) -> None:
    client, _ = fleet()
    client.drafts_release("targets", ["TO-12"], [])
    async with console(client, tmp_path, (160, 48)) as screen:
        await screen.sees("rollout   modems", "rollout stopped by itself: 2 of 6 are bad")
        await screen.sees("sign      targets 4", "release draft waits for your signature, 0 of 2 have signed")
        assert "modems" in screen.cursor_line()
        await screen.press("enter")
        await screen.sees("modems   stopped", "2 of 6 are bad")
        await screen.press("r", *"looked at", "enter")
        await screen.sees("modems goes on")
        await screen.press("escape")
        await screen.misses("rollout stopped by itself")
        await screen.sees("sign      targets 4")
        await screen.press("home", "enter")
        await screen.sees("DRAFT TARGETS 4")


@pytest.mark.parametrize("size", SIZES)
async def test_the_bench_asks_a_port_only_when_it_is_told_to(tmp_path: Path, size: tuple[int, int]) -> None:
    link = tmp_path / "mcu"
    mcu = Mcu(fitted(), KEYS, monotonic)
    async with McuDevice(mcu, link) as device, console(StubClient(1), tmp_path, size) as screen:
        await screen.press("colon", *"bench", "enter")
        await screen.sees("BENCH")
        await screen.press("p", *str(tmp_path / "none"), "enter")
        await screen.sees("no such port here")
        await screen.press("p", *str(tmp_path), "enter")
        await screen.sees("that is no port")
        await screen.press("p", *str(link), "enter")
        await screen.sees("▸mcu", "not asked")
        assert device.messages == 0
        await screen.press("b")
        await screen.sees("SMP console at 115200", "1.1.0", "runs", "u updates it")
        assert all(len(line) <= size[0] for line in screen.lines)


async def test_the_bench_sees_by_itself_what_is_unplugged_and_plugged_in_and_forgets_what_answered(
    tmp_path: Path,
) -> None:
    link = tmp_path / "mcu"
    mcu = Mcu(fitted(), KEYS, monotonic)
    async with console(StubClient(1), tmp_path) as screen:
        await screen.press("colon", *"bench", "enter")
        async with McuDevice(mcu, link):
            await screen.press("p", *str(link), "enter")
            await screen.sees("▸mcu", "not asked")
            await screen.press("b")
            await screen.sees("SMP console at 115200")
        await screen.sees("unplugged: mcu")
        await screen.misses("SMP console at 115200")
        async with McuDevice(mcu, link):
            await screen.sees("plugged in: mcu")
            assert any(line[1:].startswith("mcu") and "not asked" in line for line in screen.lines)
        await screen.sees("unplugged: mcu")
        await screen.press("escape")
        await screen.misses("BENCH")
        assert not [worker for worker in screen.app.workers if worker.group == WATCHING and worker.is_running]
