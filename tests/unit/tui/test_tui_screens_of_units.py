"""The fleet table and one unit's page, drawn from answers made up in the test."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fleet.client import LinkDown, LinkUp
from protocols.api.events import EventView
from protocols.api.feed import FleetChanged, UnitsChanged
from protocols.api.units import SettingsChange, Standing, UnitRow, UnitState
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tui.unit_table import UnitTable


async def test_ten_thousand_units_are_asked_for_a_page_at_a_time(tmp_path: Path) -> None:
    client = StubClient(10_000)
    async with console(client, tmp_path) as screen:
        await screen.press("2")
        await screen.sees("UNITS  10\N{NO-BREAK SPACE}000", "van kit 000")
        await screen.press("end")
        await screen.sees("camera 9999")
        assert screen.cursor_line().startswith("▸camera 9999")
        pages = [question for question in screen.asked("list_units") if question[2] == "label"]
        assert len(pages) <= 4
        assert {question[5] for question in pages} == {100}
        await screen.press("home", "down", "down")
        await screen.until(lambda: screen.cursor_line().startswith("▸bench 002"))


async def test_only_what_is_on_the_screen_is_watched(tmp_path: Path) -> None:
    client = StubClient(500)
    async with console(client, tmp_path) as screen:
        await screen.press("2")
        await screen.sees("van kit 000")
        visible = [row.unit_id for row in client.rows[:17]]
        await screen.until(lambda: client.stub_feed.watched and client.stub_feed.watched[-1].units == visible)
        await screen.press("pagedown", "pagedown")
        await screen.until(lambda: client.stub_feed.watched[-1].units[0] != visible[0])
        assert len(client.stub_feed.watched[-1].units) == 17
        await screen.press("1")
        await screen.until(lambda: client.stub_feed.watched[-1].units == [])
        assert client.stub_feed.watched[-1].events


def changed(row: UnitRow, **fields: object) -> UnitRow:
    return msgspec.structs.replace(row, **fields)


async def test_a_change_repaints_its_cells_and_moves_nothing(tmp_path: Path) -> None:
    client = StubClient(500)
    async with console(client, tmp_path) as screen:
        await screen.press("2", "down", "down", "down")
        await screen.sees("spare 003")
        before = screen.lines
        client.stub_feed.items.put_nowait(UnitsChanged([changed(client.rows[5], presence="stale", supply_mv=4_630)]))
        await screen.sees("4.63 V")
        after = screen.lines
        different = [y for y, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
        assert different == [10]
        assert "stale" in after[10]
        assert screen.cursor_line().startswith("▸spare 003")


async def test_units_that_join_above_do_not_move_the_one_under_the_cursor(tmp_path: Path) -> None:
    client = StubClient(300)
    async with console(client, tmp_path) as screen:
        await screen.press("2", "pagedown", "pagedown", "up")
        await screen.sees("▸")
        line, at = screen.cursor_line()[:28], screen.lines.index(screen.cursor_line())
        joined = [changed(client.rows[0], unit_id=f"unit-new{number:05}", label="aaa") for number in range(7)]
        client.rows[:0] = joined
        client.stub_feed.items.put_nowait(FleetChanged())
        await screen.sees("UNITS  307")
        await screen.until(lambda: screen.lines[at].startswith(line))


async def test_a_key_pressed_while_the_fleet_is_asked_for_again_is_not_undone(tmp_path: Path) -> None:
    async with console(StubClient(300), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("UNITS  300", "▸")
        table = screen.app.screen.query_one(UnitTable)
        table.refresh_rows()
        await screen.press("end")
        await screen.until(lambda: table.unit is not None)
        assert table.cursor == 299


async def test_filtering_as_one_types_and_saving_it(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("2", "slash", *"quiet")
        await screen.sees("12 of 212 pass the filter")
        await screen.press("enter", "f", "s")
        await screen.sees("Save this filter as")
        await screen.press(*"mine", "enter")
        await screen.sees("saved mine")
        await screen.press("escape")
        await screen.press("escape")
        await screen.sees("UNITS  212")
        await screen.press("f", "enter")
        await screen.sees("12 of 212 pass the filter")
    assert "mine" in (tmp_path / "filters.json").read_text()


async def test_those_that_do_not_report_are_the_quiet_and_those_that_never_did(tmp_path: Path) -> None:
    client = StubClient()
    words = [row.presence for row in client.rows]
    async with console(client, tmp_path) as screen:
        await screen.press("2", "f")
        await screen.sees("not reporting")
        await screen.press("enter")
        await screen.sees(f"{words.count('quiet') + words.count('never')} of 212 pass the filter")
        await screen.press("end")
        await screen.sees("▸spare 203", "roof 201")


async def test_a_unit_opened_without_a_link_comes_when_the_link_does(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await screen.press("2")
        await screen.sees("van kit 005")
        client.is_cut = True
        client.stub_feed.items.put_nowait(LinkDown(datetime.now(UTC), "no answer"))
        await screen.sees("no link ")
        await screen.press("enter")
        await screen.sees("unit-00000000   no link: asks again by itself")
        await screen.press("r")
        await screen.sees("a report can not be asked for now")
        client.is_cut = False
        client.stub_feed.items.put_nowait(LinkUp(90.0))
        await screen.sees("van kit 000", "SoC temperature")


async def test_what_was_said_goes_with_its_room(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.sees("NEEDS YOU  17")
        await screen.press("z")
        await screen.sees("times are in UTC")
        await screen.press("8")
        await screen.sees("have access")
        await screen.misses("times are in UTC")
        assert screen.app.note is None


async def test_help_that_is_longer_than_the_screen_says_so(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("question_mark")
        await screen.sees("HERE", "↓ more")
        await screen.press("end")
        await screen.sees("stands under 7, for those who may read it.")
        await screen.misses("↓ more")


async def test_sorting_by_one_more_key_and_turning_it_round(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("2", "s")
        await screen.sees("Sort by")
        await screen.press("t")
        await screen.sees("temp↑")
        await screen.press("s")
        await screen.sees("Sort by")
        await screen.press("t")
        await screen.sees("temp↓", "83 °C")
        assert screen.asked("list_units")[-1][1:4] == ("", "temperature", True)


@pytest.mark.parametrize("size", SIZES)
async def test_a_unit_s_page(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(StubClient(), tmp_path, size) as screen:
        await screen.press("2")
        await screen.sees("van kit 005")
        await screen.press("down", "enter")
        await screen.sees("roof 001", "unit-00000001", "link up", "report", "settings in step", "SoC temperature")
        await screen.press("end")
        await screen.sees("IDENTITY", "accepted by TO-07", "soft: a file on the unit", "d left")
        await screen.press("escape")
        await screen.sees("UNITS  212")
        assert screen.cursor_line().startswith("▸roof 001")


async def test_a_report_is_asked_for_and_followed(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("van kit 000")
        await screen.press("enter")
        await screen.sees("r report")
        screen.client._states_told = 0
        await screen.press("r")
        await screen.sees("report from van kit 000: done")
        assert screen.asked("request_report") == [("request_report", "unit-00000000")]


async def test_a_command_that_runs_out_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    client = StubClient()
    client.command_states = ["queued"]
    client.now -= timedelta(minutes=5)
    async with console(client, tmp_path) as screen:
        screen.app.server_clock.set(datetime.now(UTC))
        await screen.press("2")
        await screen.sees("van kit 000")
        await screen.press("enter")
        await screen.sees("r report")
        await screen.press("r")
        await screen.sees("report from van kit 000: queued")
        assert screen.app.note is not None
        assert not screen.app.note.waiting


async def test_settings_show_the_sentence_before_they_are_saved(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("van kit 000")
        await screen.press("enter")
        await screen.sees("c check")
        await screen.press("e")
        await screen.sees("nothing differs")
        await screen.press("3", "0")
        await screen.sees("goes into the log", "TO-12 wants version 4 for", "every 30 s,")
        await screen.press("enter")
        await screen.sees("should run settings v4")
        assert screen.asked("change_settings")[-1][2] == SettingsChange(based_on=3, report_every_s=30)


async def test_a_value_out_of_range_is_not_sent(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("van kit 000")
        await screen.press("enter")
        await screen.sees("c check")
        await screen.press("e")
        await screen.sees("nothing differs")
        await screen.press("0", "enter")
        await screen.sees("report every: a whole number of seconds from 1 to 86400")
        assert screen.asked("change_settings") == []


def stand(client: StubClient, index: int, state: UnitState, standing: Standing) -> str:
    """Give a unit another standing; returns its id."""
    client.rows[index] = changed(client.rows[index], state=state, presence=state)
    client.standings[client.rows[index].unit_id] = standing
    return client.rows[index].unit_id


@pytest.mark.parametrize("size", SIZES)
async def test_a_quarantined_unit_says_why_and_presses(tmp_path: Path, size: tuple[int, int]) -> None:
    client = StubClient(role="supervisor")
    standing = Standing(cause="two-successors", changed_by="controller", changed_at=client.now - timedelta(minutes=3))
    unit_id = stand(client, 0, "quarantined", standing)
    async with console(client, tmp_path, size) as screen:
        await screen.sees("quarantined: it may open nothing")
        await screen.press("2", "enter")
        await screen.sees(unit_id, "soft key", "quarantined 3 min ago by controller", "its key was copied")
        await screen.press("u")
        await screen.sees("Release van kit 000", "It is trusted again", "unit.released: TO-12 releases")
        await screen.press("enter")
        await screen.sees("why?")
        await screen.press(*"looked", "enter")
        await screen.sees("is released: it is active again")
    assert screen.asked("release_unit") == [("release_unit", unit_id, "looked")]


async def test_a_unit_is_revoked_only_when_it_is_named(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await screen.press("2", "enter")
        await screen.sees("unit-00000000", "settings behind")
        await screen.press("x")
        await screen.sees("Revoke van kit 000", "For good", "unit.revoked: TO-12 revokes unit-00000000", "soft key")
        await screen.press(*"stolen", "enter", *"van", "enter")
        await screen.sees("type van kit 000, or its id, to revoke it")
        assert screen.asked("revoke_unit") == []
        await screen.press(*" kit 000", "enter")
        await screen.sees("is revoked; its session is closed within seconds")
        assert screen.asked("revoke_unit") == [("revoke_unit", "unit-00000000", "stolen")]
        await screen.sees("not cut off yet")
        await screen.misses("x revoke")


async def test_a_unit_is_quarantined_with_a_reason(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await screen.press("2", "enter")
        await screen.sees("unit-00000000", "settings behind")
        await screen.press("k")
        await screen.sees("Quarantine van kit 000", "It may go on reporting")
        await screen.press(*"odd", "enter")
        await screen.sees("is quarantined: it may report and open nothing")
    assert screen.asked("quarantine_unit") == [("quarantine_unit", "unit-00000000", "odd")]


async def test_a_key_that_is_another_role_s_says_whose(tmp_path: Path) -> None:
    client = StubClient()
    stand(client, 0, "quarantined", Standing(cause="by-person", changed_by="TO-07", changed_at=client.now))
    async with console(client, tmp_path) as screen:
        await screen.press("2", "enter")
        await screen.sees(" ago by TO-07; it may report and open nothing", "a person said so: see its alarm below")
        await screen.misses("u release")
        await screen.press("u")
        await screen.sees("releasing is a supervisor's")
    async with console(StubClient(role="administrator"), tmp_path) as screen:
        await screen.press("2", "enter")
        await screen.sees("unit-00000000", "settings behind")
        await screen.press("x")
        await screen.sees("revoking is an engineer's or a supervisor's")
        await screen.press("k")
        await screen.sees("quarantining is an engineer's or a supervisor's")


async def test_the_weightiest_keys_fit_beside_an_alarm(tmp_path: Path) -> None:
    client = StubClient(role="supervisor")
    client.event_list = [changed_event(client, 3, client.rows[0].unit_id)]
    async with console(client, tmp_path) as screen:
        await screen.press("2", "enter")
        await screen.sees("1 open alarm")
        await screen.sees("r report", "a ack", "k quarantine", "x revoke", "esc back", "? keys")
        stand(client, 0, "quarantined", Standing(cause="by-person", changed_by="TO-07", changed_at=client.now))
        client.stub_feed.items.put_nowait(UnitsChanged([client.rows[0]]))
        await screen.sees("a ack", "u release", "x revoke", "esc back", "? keys")


async def test_open_alarms_are_acknowledged_on_the_page(tmp_path: Path) -> None:
    client = StubClient()
    client.event_list = [changed_event(client, number, client.rows[5].unit_id) for number in (3, 2)]
    async with console(client, tmp_path) as screen:
        await screen.press("2", "down", "down", "down", "down", "down", "enter")
        await screen.sees("2 open alarms")
        await screen.press("a")
        await screen.sees("acknowledged 2 alarms of van kit 005")
    assert [question[1] for question in screen.asked("acknowledge")] == [3, 2]


def changed_event(client: StubClient, event_id: int, unit_id: str) -> EventView:
    """An open alarm of a unit."""
    event = next(event for event in client.event_list if event.severity == "alarm")
    return msgspec.structs.replace(event, event_id=event_id, unit_id=unit_id, acknowledged_at=None)
