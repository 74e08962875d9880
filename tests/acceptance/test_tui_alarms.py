"""Alarms, welfare and handovers in the console, over a real controller that sends real pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.support.alarm_house import PRIMARY_NOW, UNIT, AlarmHouse, address_of, alarm_house
from tests.unit.tui.seen_console import SeenConsole, seen_console


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[AlarmHouse]:
    async with alarm_house(store, dsn, tmp_path) as made:
        yield made


def lines_with(screen: SeenConsole, word: str) -> list[str]:
    return [line for line in screen.lines if word in line]


async def test_a_contact_is_tested_an_alarm_pages_it_and_going_begins_the_call_out(
    house: AlarmHouse, tmp_path: Path
) -> None:
    async with seen_console(house.rota[PRIMARY_NOW], tmp_path) as screen:
        await screen.press("A", "c")
        await screen.sees("NO PAGE CAN REACH YOU")
        await screen.press("n", *address_of(PRIMARY_NOW), "enter")
        await screen.sees("1 of yours", address_of(PRIMARY_NOW), "— · never")
        await screen.press("t")
        await screen.sees("the other side took the test page", "works · ")
        assert len(house.mail.bodies(address_of(PRIMARY_NOW))) == 1
        await screen.press("1")
        await screen.sees("ALARMING DEAD: it has never run")
        for person in ("SU-01", "SU-02"):
            await house.rota[person].add_contact("e-mail", address_of(person))
        await house.happen("tamper", summary="the housing was opened")
        await house.round()
        await screen.sees(f"tamper: paged {PRIMARY_NOW}, secondary in")
        assert len(lines_with(screen, "tamper")) == 1, "the event and its alarm are one line"
        await house.round(minutes=5)
        await screen.sees("supervisor in")
        await screen.press("down", "enter")
        await screen.sees("nobody has acknowledged it", "PAGES", PRIMARY_NOW, "sent", "EVENTS")
        await screen.press("g")
        await screen.sees("A call-out of yours begins now on technical", "A welfare timer starts", "goes into the log")
        assert not (await house.rota[PRIMARY_NOW].call_outs(open_only=True))
        await screen.press("y")
        await screen.sees("your call-out and welfare timer run", f"taken by {PRIMARY_NOW}")
        (out,) = await house.rota[PRIMARY_NOW].call_outs(open_only=True)
        assert out.person == PRIMARY_NOW
        await screen.press("1")
        await screen.sees("WELFARE  due in", "w I am well")
        await screen.press("w")
        await screen.sees("you are well; the next answer is due in")
        (timer,) = await house.rota[PRIMARY_NOW].welfare()
        assert timer.answers == 1


async def test_rules_and_maintenance_are_kept_by_keys(house: AlarmHouse, tmp_path: Path) -> None:
    async with seen_console(house.rota["SU-01"], tmp_path) as screen:
        await screen.press("A", "w")
        await screen.sees("Nobody works on anything")
        await screen.press("n", *UNIT, "tab", "tab", "tab", *"a new aerial", "enter")
        await screen.sees(f"{UNIT} is in maintenance", "now", "a new aerial")
        await screen.press("x")
        await screen.sees("is over: what holds raises again", "Nobody works on anything")
        await screen.press("escape", "r")
        await screen.sees("ALARM RULES", "the defaults")
        await screen.press("n", "e", *"door", "tab", *"unit", "tab", *"door-open", "enter")
        await screen.sees("rule door is laid down", "version 1 by SU-01")
        rules = (await house.rota["SU-01"].alarm_rules()).rules.rules
        assert rules[-1].rule == "door"


async def test_a_handover_is_made_read_and_acknowledged_by_both(house: AlarmHouse, tmp_path: Path) -> None:
    """TO-12 is primary until Monday at nine, TO-13 after that."""
    await house.happen("tamper")
    await house.round()
    async with seen_console(house.rota[PRIMARY_NOW], tmp_path) as screen:
        await screen.press("H")
        await screen.sees("HANDOVERS  0", "n makes the sheet of now")
        await screen.press("n")
        await screen.sees("TO-12 → TO-13", "ALARMS OPEN  1", "tamper", "WAITS FOR YOU")
        await screen.press("a")
        await screen.sees("handover.acknowledged: TO-12 has read the sheet", "has handed over")
        await screen.press("y")
        await screen.sees("acknowledged; it waits for TO-13")
    async with seen_console(house.rota["TO-13"], tmp_path) as screen:
        await screen.press("H")
        await screen.sees("1 WAITS FOR YOU", "  WAITS FOR YOU")
        await screen.press("enter", "a")
        await screen.sees("has taken over")
        await screen.press("y")
        await screen.sees("acknowledged by both")
    assert [row.waits_for for row in await house.rota["SU-01"].handovers()] == [[]]
