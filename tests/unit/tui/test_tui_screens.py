"""The rooms on a real Textual screen of 80×24 and of 160×48, driven by keys."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from fleet.client import LinkDown, LinkUp
from protocols.api.feed import EventsChanged, JoinsChanged, SummaryChanged
from tests.unit.tui.stub_client import FINGERPRINT, StubClient
from tests.unit.tui.stub_console import SIZES, console


@pytest.mark.parametrize("size", SIZES)
async def test_the_first_screen_says_what_needs_a_person(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(StubClient(), tmp_path, size) as screen:
        await screen.sees("NEEDS YOU  17", "alarm", "join", "quiet", "212 units", "link 84 ms", "TO-12 · engineer")
        assert "1 Now 17 " in screen.lines[1]
        assert screen.lines[1].rstrip().endswith("9 Events" if size[0] == 80 else "9 Events   0 Mandates")
        assert "enter open" in screen.lines[-1]
        assert screen.lines[-1].rstrip().endswith("q quit  ? keys")


async def test_the_first_screen_is_empty_when_all_is_well(tmp_path: Path) -> None:
    client = StubClient(3)
    client.event_list, client.join_list = [], []
    async with console(client, tmp_path) as screen:
        await screen.sees("NEEDS YOU  0", "Nothing needs you.", "3 units, no open alarm")
        assert "enter open" not in screen.lines[-1]


async def test_a_fleet_without_units_says_how_to_begin(tmp_path: Path) -> None:
    client = StubClient(0)
    client.event_list, client.join_list = [], []
    async with console(client, tmp_path) as screen:
        await screen.sees("The fleet is empty: press j, then v")
        await screen.press("2")
        await screen.sees("nothing has joined yet")


async def test_an_alarm_is_acknowledged_from_the_first_screen(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.sees("NEEDS YOU  17")
        await screen.press("a")
        await screen.sees("acknowledged spare 058: supply-falling", "NEEDS YOU  16")
        assert screen.asked("acknowledge") == [("acknowledge", 58)]


async def test_alarms_of_a_kind_are_one_line_and_taken_together(tmp_path: Path) -> None:
    client = StubClient(3)
    alarm = next(event for event in client.event_list if event.severity == "alarm")
    told = [
        msgspec.structs.replace(
            alarm, event_id=900 + number, count=1, unit_id=client.rows[1].unit_id, label=client.rows[1].label
        )
        for number in range(4)
    ]
    client.event_list, client.join_list = told, []
    async with console(client, tmp_path) as screen:
        await screen.sees("NEEDS YOU  4  in 1 line", "roof 001", "×4 supply 10.9 V", "4 alarms since")
        assert sum("roof 001" in line for line in screen.lines) == 1
        await screen.press("enter")
        await screen.sees("4 open alarms, the newest", "ago: supply 10.9 V", "SoC temperature")
        await screen.press("escape")
        await screen.sees("NEEDS YOU  4")
        await screen.press("a")
        await screen.sees("acknowledged roof 001: supply-falling ×4", "NEEDS YOU  0")
        assert sorted(screen.asked("acknowledge")) == [("acknowledge", 900 + number) for number in range(4)]


async def test_what_the_role_may_not_do_is_not_offered(tmp_path: Path) -> None:
    async with console(StubClient(role="inspector"), tmp_path) as screen:
        await screen.sees(
            "NEEDS YOU  0", "lines are others'", "acknowledging is an engineer's or a supervisor's", "· inspector"
        )
        assert "a ack" not in screen.lines[-1]
        await screen.press("a", "j")
        await screen.sees("WAITING TO JOIN")
        assert "compare" not in screen.lines[-1]
        assert "refuse" not in screen.lines[-1]
        await screen.press("enter", "x", "8")
        await screen.sees("have access")
        assert "n add" not in screen.lines[-1]
        assert screen.asked("acknowledge") == []


async def test_accepting_needs_the_group_that_only_the_unit_shows(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("j")
        await screen.sees("WAITING TO JOIN  2", "bench 2")
        last = FINGERPRINT.replace(":", "")[-4:]
        assert last not in screen.text
        await screen.press("enter")
        await screen.sees("Compare, then accept", "unit.joined: TO-12 compared fingerprint")
        assert last not in screen.text
        await screen.press("enter")
        await screen.sees("nothing is accepted before")
        await screen.press(*"0000", "enter")
        await screen.sees("not this key's fingerprint")
        assert screen.asked("accept_join") == []
        await screen.press(*["backspace"] * 4, *last, "enter")
        await screen.sees("accepted: it is unit-9f02kmnp", "WAITING TO JOIN  1")
        assert screen.asked("accept_join") == [("accept_join", "j1", FINGERPRINT)]


async def test_refusing_needs_a_reason(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("j")
        await screen.sees("bench 2")
        await screen.press("x")
        await screen.sees("join.turned-away")
        await screen.press("enter")
        await screen.sees("can not stay empty")
        await screen.press(*"not ours", "enter")
        await screen.sees("refused bench 2")
        assert screen.asked("refuse_join") == [("refuse_join", "j1", "not ours")]


async def test_a_voucher_is_drawn_and_not_kept(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("j")
        await screen.sees("v voucher")
        await screen.press("v")
        await screen.sees("New voucher")
        await screen.press(*"roof 9", "enter")
        await screen.sees("VOUCHER  roof 9", "MUSTER1-", "▀", "Shown this once")
        await screen.press("enter", "j", "q", "1", "9", "question_mark", "colon", "space", "ctrl+q")
        await screen.sees("MUSTER1-", "esc closes the voucher first")
        await screen.press("c")
        await screen.sees("MUSTER1-", "copied (if your terminal", "allows it)")
        await screen.press("escape")
        await screen.sees("WAITING TO JOIN")
        assert "MUSTER1-" not in screen.text


async def test_the_events_by_severity_unit_and_open(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("9")
        await screen.sees("EVENTS  60", "the agent started")
        await screen.press("o")
        await screen.sees("open only")
        await screen.until(lambda: screen.asked("events")[-1][3] is True)
        await screen.press("s")
        await screen.sees("any severity")
        await screen.press("a")
        await screen.sees("severity alarm", "EVENTS  3")
        await screen.press("a")
        await screen.sees("acknowledged spare 058")
        assert "spare 058" in screen.cursor_line()
        await screen.press("escape")
        await screen.sees("EVENTS  60")
        await screen.press("u")
        await screen.sees("unit van kit 060", "EVENTS  1")


async def test_esc_leads_from_a_unit_s_events_back_to_the_unit(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("van kit 005")
        await screen.press("down", "enter")
        await screen.sees("roof 001", "c check")
        await screen.press("v")
        await screen.sees("EVENTS  1", "unit roof 001")
        await screen.press("escape")
        await screen.sees("SoC temperature", "c check")
        await screen.press("escape")
        await screen.sees("UNITS  212")


async def test_an_event_that_comes_in_does_not_move_the_cursor(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await screen.press("9")
        await screen.sees("EVENTS  60")
        await screen.press(*["down"] * 5)
        line, at = screen.cursor_line(), screen.lines.index(screen.cursor_line())
        new = msgspec.structs.replace(client.event_list[0], event_id=61, summary="something new")
        client.stub_feed.items.put_nowait(EventsChanged([new]))
        await screen.sees("EVENTS  61", "↑ 1 above")
        assert screen.lines[at] == line


async def test_a_refusal_is_shown_whole(tmp_path: Path) -> None:
    async with console(StubClient(role="administrator"), tmp_path) as screen:
        await screen.press("8")
        await screen.sees("4 have access", "x end access")
        await screen.press("x")
        await screen.sees("person.ended: TO-12 ends the access of AD-01")
        await screen.press("y")
        await screen.sees("Refused", "AD-01 is the last administrator", "last-administrator", "found the people")
        await screen.press("escape")
        await screen.misses("Refused")


async def test_a_person_is_added_with_the_sentence_shown(tmp_path: Path) -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEZbX0vQpWfBZg0sBzbRDzJv4cdpC3H6sQ4gmrlVTO3z"
    async with console(StubClient(role="administrator"), tmp_path) as screen:
        await screen.press("8")
        await screen.sees("n add")
        await screen.press("n")
        await screen.sees("fill in every field")
        await screen.press(*"TO-31", "tab", *"Ada", "tab", *"eng", "tab", *key, "enter")
        await screen.sees("PEOPLE LIST  1 in force", "list 2   open", "+ added    TO-31     Ada", "0 of 2 signed")
        assert screen.asked("draft_people")[0][1].key == key  # type: ignore[attr-defined]  # a NewPerson
        await screen.press("escape")
        await screen.sees("4 have access", "1 draft waits for signatures")


async def test_the_link_goes_and_comes_back(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await screen.sees("link 84 ms", "NEEDS YOU  17")
        client.stub_feed.items.put_nowait(LinkDown(datetime.now(UTC) - timedelta(seconds=12), "no answer"))
        await screen.sees("no link 1", "no answer; trying again")
        client.join_list = []
        client.stub_feed.items.put_nowait(LinkUp(210.0))
        await screen.sees("link 210 ms", "the link is back", "NEEDS YOU  15")


async def test_a_key_signs_in_again_after_the_session_has_ended(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await screen.sees("NEEDS YOU  17")
        client.stub_feed.items.put_nowait(LinkDown(datetime.now(UTC), "the session has ended", signed_out=True))
        await screen.sees("signed out: any key signs in")
        await screen.press("down")
        await screen.sees("signed in again as TO-12")


async def test_changes_reach_the_numbers_in_the_header_on_every_screen(tmp_path: Path) -> None:
    client = StubClient()
    async with console(client, tmp_path) as screen:
        await screen.press("8")
        await screen.sees("have access", "1 Now 17")
        summary = msgspec.structs.replace(await client.summary(), alarms=9)
        client.stub_feed.items.put_nowait(SummaryChanged(summary))
        await screen.sees("1 Now 23")
        client.stub_feed.items.put_nowait(JoinsChanged(3))


async def test_going_anywhere_by_name_even_in_one_burst_of_keys(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.sees("NEEDS YOU  17")
        await screen.press("colon", *"camera 009")
        await screen.sees("unit-00000009")
        await screen.press("enter")
        await screen.sees("camera 009", "link up", "r report")
        await screen.press("colon", *"joi", "enter")
        await screen.sees("WAITING TO JOIN")
        await screen.press("2")
        await screen.sees("UNITS  212")


async def test_help_shows_the_keys_that_work_here(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path, (100, 40)) as screen:
        await screen.press("2")
        await screen.sees("van kit 000")
        await screen.press("question_mark")
        await screen.sees(
            "HERE", "saved" if "saved" in screen.text else "filter", "EVERYWHERE", "UTC or local", "quarantined"
        )
        await screen.press("escape")
        await screen.misses("EVERYWHERE")


async def test_times_in_utc_on_request(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.sees("NEEDS YOU  17")
        await screen.press("z")
        await screen.sees("times are in UTC", "UTC   link")
        assert screen.app.server_clock.utc


async def test_plotting_another_figure_over_another_time(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("2")
        await screen.sees("van kit 005")
        await screen.press("enter")
        await screen.sees("c check")
        await screen.press("p")
        await screen.sees("last 24 h", "a point each 15 min", "┐")
        await screen.press("up", "right")
        await screen.sees("SoC temperature", "last 7 d")
        assert screen.asked("history")[-1][1:] == ("unit-00000000", "soc_temp_c", 168)


async def test_a_hostile_label_reaches_nobody_s_terminal(tmp_path: Path) -> None:
    client = StubClient(5)
    client.rows[0] = msgspec.structs.replace(client.rows[0], label="\x1b[2Jx\u202ey[/b]", model="\x07bell")
    async with console(client, tmp_path, (160, 48)) as screen:
        await screen.press("2")
        await screen.sees("�[2Jx�y[/b]", "�bell")
        await screen.press("enter")
        await screen.sees("�[2Jx�y[/b]", "IDENTITY")
        await screen.press("e")
        await screen.sees("Settings of �[2Jx�y[/b]")
        assert "\x1b" not in screen.text
        assert "\x07" not in screen.text


async def test_quitting_asks_nothing(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.sees("NEEDS YOU  17")
        await screen.press("q")
        await screen.until(lambda: not screen.app.is_running)
    assert not (tmp_path / "filters.json").exists()
