"""Swaps, cover, overrides, call-outs and leave on the console, over a real controller."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest

from fleet.store.store import Store
from protocols.api.call_outs import NewWorkDone
from protocols.api.rota_changes import ChangeView, NewChange
from protocols.api.rota_people import NewAbsence, SetTerms
from protocols.rota.member import WorkingDay, WorkingTerms
from tests.support.alarming_lives import alarming_lives
from tests.support.rota_house import NOW, RotaHouse, rota_house, week
from tests.unit.tui.seen_console import SeenConsole, seen_console

LONDON = "Europe/London"


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        await alarming_lives(store, made.clock.now)
        yield made


class Consoles:
    """Consoles of several people, one after the other on the screen."""

    def __init__(self, stack: AsyncExitStack, house: RotaHouse, folder: Path) -> None:
        self._stack = stack
        self._house = house
        self._folder = folder

    async def of(self, person: str) -> SeenConsole:
        """Somebody's console, as it begins."""
        screen = await self._stack.enter_async_context(seen_console(self._house[person], self._folder))
        await screen.sees("ON CALL", "secondary")
        return screen

    async def board(self, person: str, weeks: int = 1) -> SeenConsole:
        """Somebody's board, the cursor on the Wednesday some weeks after that of NOW."""
        screen = await self.of(person)
        await screen.press("4")
        await screen.sees("technical", "Feb 2026", "score")
        await screen.press(*["down"] * weeks)
        return screen


@asynccontextmanager
async def people(house: RotaHouse, folder: Path) -> AsyncIterator[Consoles]:
    """Consoles that end with the test, in its own task."""
    async with AsyncExitStack() as stack:
        yield Consoles(stack, house, folder)


async def choose(screen: SeenConsole, words: str) -> None:
    """Put the cursor of a dialog's list on the line with these words, and pick it."""
    await screen.sees(words)
    for _ in range(20):
        if any("▸" in line and words in line for line in screen.lines):
            break
        await screen.press("down")
    else:
        raise AssertionError(f"no cursor on {words!r}:\n{screen.text}")
    await screen.press("enter")


async def changes(house: RotaHouse) -> list[ChangeView]:
    return await house["SU-01"].rota_changes("technical")


async def works_office_hours(house: RotaHouse, person: str) -> None:
    hours = [WorkingDay(weekday=day, from_time=time(9), until_time=time(17)) for day in range(5)]
    await house["SU-01"].set_terms(person, SetTerms(version=0, terms=WorkingTerms(hours=hours)))


async def test_a_swap_is_asked_agreed_approved_and_undone_by_keys(house: RotaHouse, tmp_path: Path) -> None:
    """TO-13 is primary from week 0, TO-12 from week 2."""
    async with people(house, tmp_path) as consoles:
        screen = await consoles.board("TO-13")
        await screen.press("o")
        await choose(screen, "swap your primary against a shift of another")
        await choose(screen, "TO-12")
        await screen.sees("TO-12 gets primary, Mon 9 Feb 09:00 – Mon 16 Feb 09:00")
        await choose(screen, "primary, Mon 23 Feb 09:00")
        await screen.sees("brings", "rota.change-asked: TO-13 asks", "waits for TO-12 to agree, then for a supervisor")
        await screen.press("down", "down", *"a course", "enter")
        await screen.sees("it waits for TO-12; c lists changes")
        (asked,) = await changes(house)
        assert (asked.kind, asked.person, asked.gives, asked.reason) == ("swap", "TO-12", "TO-13", "a course")
        assert (asked.starts_at, asked.ends_at) == (week(0), week(1))
        assert (asked.back_position, asked.back_starts_at, asked.back_ends_at) == ("primary", week(2), week(3))

        other = await consoles.of("TO-12")
        await other.sees("NEEDS YOU  1", "swap", "do you agree?")
        await other.press("enter")
        await other.sees(asked.change, "waits for you", "WOULD BRING", "a course")
        await other.press("a")
        await other.sees(f"rota.change-agreed: TO-12 agrees to change {asked.change}")
        await other.press("y")
        await other.sees("agreed: it waits for a supervisor")

        decides = await consoles.board("SU-01")
        await decides.press("c")
        await decides.sees("CHANGES OF technical", "1 waits for you", "TO-13 ⇄ TO-12")
        await decides.press("a")
        await decides.sees("Approve a swap", f"rota.change-approved: SU-01 approves change {asked.change}")
        await decides.press("y")
        await decides.sees("it is approved, and everybody is told", "none waits for you")
        assert [one.state for one in await changes(house)] == ["approved"]
        await screen.sees("TO-12 until Mon 16 Feb 09:00 by swap")

        await decides.press("u")
        await decides.sees("rota.change-undone: SU-01 undoes", "From now on it is as if")
        await decides.press("y")
        await decides.sees("is undone from now on")
        assert [one.state for one in await changes(house)] == ["undone"]
        await screen.sees("TO-13 until Mon 16 Feb 09:00 by primary-weeks")


async def test_a_shift_of_another_is_taken_over_and_refused(house: RotaHouse, tmp_path: Path) -> None:
    async with people(house, tmp_path) as consoles:
        screen = await consoles.board("TO-11")
        await screen.press("o")
        await choose(screen, "take TO-13's primary over yourself")
        await screen.sees("rota.change-asked: TO-11 asks", "waits for TO-13 to agree")
        await screen.press("down", *["backspace"] * 30, *"Wed 11 Feb 09:00")
        await screen.sees("Mon 9 Feb 09:00 – Wed 11 Feb 09:00")
        await screen.press("enter")
        await screen.sees("it waits for TO-13")
        (asked,) = await changes(house)
        assert (asked.person, asked.gives, asked.starts_at) == ("TO-11", "TO-13", week(0))
        assert asked.ends_at == datetime(2026, 2, 11, 9, tzinfo=UTC)
        other = await consoles.board("TO-13")
        await other.press("c")
        await other.sees("1 waits for you")
        await other.press("u")
        await other.sees("undoing a change is a supervisor's")
        await other.press("f")
        await other.sees("rota.change-refused: TO-13 refuses")
        await other.press("enter")
        await other.sees("is refused", "none waits for you")
        assert [one.state for one in await changes(house)] == ["refused"]


async def test_an_override_that_brings_faults_wants_to_know_why(house: RotaHouse, tmp_path: Path) -> None:
    async with people(house, tmp_path) as consoles:
        leave = NewAbsence(person="TO-11", kind="annual", starts_at=week(0), ends_at=week(1), zone=LONDON)
        await house["TO-11"].add_absence(leave)
        screen = await consoles.board("SU-01")
        await screen.press("o")
        await choose(screen, "override: put somebody into TO-13's primary")
        await screen.sees("on leave")
        await choose(screen, "TO-11")
        await screen.sees("say under despite why", "in force at once", "TO-11 is on call and on leave")
        await screen.press("enter")
        assert await changes(house) == []
        await screen.press(*"nobody else is near", "enter")
        await screen.sees("it is in force")
        (made,) = await changes(house)
        assert (made.kind, made.state, made.person, made.gives) == ("override", "approved", "TO-11", None)
        await screen.sees("TO-11 until Mon 16 Feb 09:00 by override")


async def test_what_the_controller_refuses_is_said_in_its_words(house: RotaHouse, tmp_path: Path) -> None:
    async with people(house, tmp_path) as consoles:
        screen = await consoles.board("TO-13")
        await screen.press("o")
        await choose(screen, "let somebody take your primary over")
        await choose(screen, "TO-11")
        await screen.sees("brings", "waits for TO-11")
        new = NewChange(kind="override", position="primary", person="TO-12", starts_at=week(0), ends_at=week(1))
        await house["SU-01"].ask_rota_change("technical", new)
        await screen.press("enter")
        await screen.sees("Refused", "TO-13 has not primary all the time")
        await screen.press("escape")
        await screen.sees("TO-12 until Mon 16 Feb 09:00 by override")


async def test_what_is_past_and_who_only_looks_change_nothing(house: RotaHouse, tmp_path: Path) -> None:
    async with people(house, tmp_path) as consoles:
        screen = await consoles.board("TO-13", weeks=0)
        await screen.press("up", "o")
        await screen.sees("nothing can be changed on this day: it is over")
        inspector = await consoles.board("IN-01")
        await inspector.press("o")
        await inspector.sees("asking for a swap is")
        await inspector.press("k")
        await inspector.sees("CALL-OUTS ON technical", "No call-out is recorded.")
        await inspector.press("n")
        await inspector.sees("recording a call-out is")
        assert await changes(house) == []


async def test_a_call_out_is_recorded_and_the_rest_that_it_breaks_is_planned(house: RotaHouse, tmp_path: Path) -> None:
    async with people(house, tmp_path) as consoles:
        await works_office_hours(house, "TO-12")
        screen = await consoles.board("TO-12", weeks=0)
        await screen.press("k", "n")
        await screen.sees("Record a call-out")
        await screen.press("down", *"23:10", "down", *"02:00")
        await screen.sees("Tue 3 Feb 23:10 – Wed 4 Feb 02:00", "no duty before Wed 4 Feb 13:00")
        await screen.press("enter")
        await screen.sees("CALL-OUT OF TO-12", "as primary", "no duty before Wed 4 Feb 13:00", "breach", "10(1)")
        await screen.press("R")
        await screen.sees("planning compensatory rest is a supervisor's")
        (view,) = await house["TO-12"].call_outs()
        assert (view.left_home_at, view.returned_at, view.source) == (
            datetime(2026, 2, 3, 23, 10, tzinfo=UTC),
            datetime(2026, 2, 4, 2, tzinfo=UTC),
            "hand",
        )
        plans = await consoles.board("SU-01", weeks=0)
        await plans.press("k")
        await plans.sees("TO-12", "rest till")
        await plans.press("enter")
        await plans.sees("breach", "compensatory rest owed; R plans it")
        await plans.press("R")
        await plans.sees("rest.recorded: SU-01 gives TO-12 compensatory rest Wed 4 Feb 09:00", "– 13:00”")
        await plans.press("enter")
        await plans.sees("TO-12 rests", "nothing found")
        assert [one.person for one in await house["SU-01"].rests()] == ["TO-12"]


async def test_one_key_ends_an_open_call_out_and_a_wrong_one_is_withdrawn(house: RotaHouse, tmp_path: Path) -> None:
    async with people(house, tmp_path) as consoles:
        screen = await consoles.board("TO-12", weeks=0)
        await screen.press("k", "n")
        await screen.sees("Record a call-out")
        await screen.press("down", *"11:30", "enter")
        await screen.sees("not back: the rest of 11 h")
        await screen.press("escape")
        await screen.sees("TO-12 OUT", "b logs “call-out.ended: TO-12 says that TO-12 is back now”")
        await screen.press("b")
        await screen.sees("no duty before Wed 4 Feb 23:0")
        (view,) = await house["TO-12"].call_outs()
        assert view.returned_at is not None
        assert (view.returned_at - NOW).total_seconds() < 300
        await screen.press("x")
        await screen.sees("Withdraw a call-out")
        await screen.press(*"it was a drill", "enter")
        await screen.sees("does not count")
        (view,) = await house["TO-12"].call_outs()
        assert view.withdrawn_at is not None


async def test_leave_wishes_and_rest_are_recorded_and_withdrawn(house: RotaHouse, tmp_path: Path) -> None:
    async with people(house, tmp_path) as consoles:
        screen = await consoles.board("TO-12", weeks=0)
        await screen.press("l")
        await screen.sees("LEAVE AND WISHES ON technical", "Nothing is recorded")
        await screen.press("n")
        await screen.sees("Record leave")
        await screen.press("down", "down", *"28 Feb", "down", *"1 Mar")
        await screen.sees("TO-12 is absent Sat 28 Feb", "00:00 – Mon 2 Mar 00:00”")
        await screen.press("enter")
        await screen.sees("leave of TO-12 is recorded", "Sat 28 Feb – Sun 1 Mar")
        await screen.press("w")
        await screen.sees("Wish to be on call")
        await screen.press("down", *"7 Mar", "enter")
        await screen.sees("wishes off", "Sat 7 Mar")
        (leave,), (wish,) = await house["TO-12"].absences(), await house["TO-12"].wishes()
        assert (leave.kind, leave.ends_at) == ("annual", datetime(2026, 3, 2, tzinfo=UTC))
        assert (wish.wants, wish.starts_at) == ("off", datetime(2026, 3, 7, tzinfo=UTC))
        other = await consoles.board("TO-13", weeks=0)
        await other.press("l")
        await other.sees("TO-12", "leave", "Sat 28 Feb")
        assert "annual" not in other.text
        assert "wishes" not in other.text
        await other.press("x")
        await screen.press("x")
        await screen.sees("absence.withdrawn: TO-12 withdraws")
        await screen.press("y")
        await screen.sees("does not count any more")
        await screen.misses("annual leave")
        assert [one.withdrawn_at is None for one in await house["TO-12"].absences()] == [False]


async def test_rest_that_is_owed_opens_where_it_is_planned_and_else_the_year_that_tells_of_it(
    house: RotaHouse, tmp_path: Path
) -> None:
    # Ten hours between two days of work, where eleven are due.
    night = NOW - timedelta(days=1)
    for starts_at in (night - timedelta(hours=10), night + timedelta(hours=8)):
        new = NewWorkDone(person="TO-11", starts_at=starts_at, ends_at=starts_at + timedelta(hours=8), break_min=30)
        await house["TO-11"].add_work(new)
    async with people(house, tmp_path) as consoles:
        screen = await consoles.of("TO-11")
        await screen.sees("NEEDS YOU  1", "a supervisor plans it")
        await screen.press("enter")
        await screen.sees("TO-11 (you)", "2026", "WORKING TIME")
        await screen.press("end")
        await screen.sees("1 h of compensatory rest owed")
        plans = await consoles.of("SU-01")
        await plans.sees("NEEDS YOU  1", "compensatory rest: plan it")
        await plans.press("enter")
        await plans.sees("LEAVE AND WISHES ON technical")
        await plans.press("R", "down", *"Wed 4 Feb 09:00", "down", *"Wed 4 Feb 12:00")
        await plans.sees("rest.recorded: SU-01 gives TO-11 compensatory rest Wed 4 Feb 09:00")


async def test_the_opening_screen_says_who_is_on_call_and_opens_a_gap_on_its_day(
    house: RotaHouse, tmp_path: Path
) -> None:
    async with people(house, tmp_path) as consoles:
        screen = await consoles.of("SU-01")
        await screen.sees("ON CALL  primary TO-12 until Mon 09:00   secondary SU-02   signers 2", "Nothing needs you.")
        leave = NewAbsence(person="AP-01", kind="annual", starts_at=week(0), ends_at=week(1), zone=LONDON)
        await house["AP-01"].add_absence(leave)
        await screen.sees("GAP Mon 09:00", "NEEDS YOU  2", "cover", "AP-01 is on call and on leave")
        await screen.press("enter")
        await screen.sees("technical", "Feb 2026", "Mon 9 Feb 2026", "AP-01 from 09:00")
