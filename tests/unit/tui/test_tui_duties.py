"""A cancelled mandate whose kit is out: one line for the duty and for the alarms that tell of it."""

from datetime import timedelta
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from protocols.api.duties import RotaDutyKind
from protocols.api.events import EventView
from protocols.people import PERMISSIONS
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tests.unit.tui.stub_mandates import UNIT
from tui.alarms import by_duty
from tui.duty_words import duty_text, is_mine, presses
from tui.needs import duty_needs, needs, things, together
from tui.rooms.now import NowRoom

OUT = "M-000000000001"
BACK = "M-000000000002"


def alarm_of(client: StubClient, event_id: int, mandate: str, unit_id: str = UNIT) -> EventView:
    """The alarm with which the controller tells that `mandate` was cancelled."""
    return msgspec.structs.replace(
        client.event_list[0],
        event_id=event_id,
        unit_id=unit_id,
        label="roof 001",
        source="controller",
        kind="mandate",
        severity="alarm",
        summary=f"TO-07 has cancelled mandate {mandate}: the unit is to be brought back",
        at=client.now - timedelta(hours=3),
        count=1,
        acknowledged_by=None,
        acknowledged_at=None,
    )


@pytest.mark.parametrize("size", SIZES)
async def test_a_cancelled_mandate_is_one_line_that_stays_when_its_alarm_is_taken(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    client = StubClient()
    client.event_list, client.join_list, client.rows = [alarm_of(client, 7, OUT)], [], client.rows[:3]
    client.duty_list = [client.duty("kit-out", OUT, due_at=client.now - timedelta(hours=3), is_alarm=True)]
    async with console(client, tmp_path, size) as screen:
        await screen.sees("NEEDS YOU  2", "1 Now 2", "recover", "cancelled 3 h ago, its kit is not back")
        assert sum("roof 001 " in line[:40] for line in screen.lines) == 1
        assert not [line for line in screen.lines if "has cancelled mandate" in line]
        await screen.press("a")
        await screen.sees("NEEDS YOU  1", "acknowledged roof 001", "recover", "its kit is not back")
        assert client.event_list[0].acknowledged_by == "TO-12"
        assert screen.asked("acknowledge") == [("acknowledge", 7)]


def test_an_alarm_without_its_duty_stands_alone() -> None:
    client = StubClient()
    out, back, elsewhere = (
        alarm_of(client, 7, OUT),
        alarm_of(client, 8, BACK),
        alarm_of(client, 9, OUT, "unit-0000ffff"),
    )
    duties = [client.duty("kit-out", OUT, is_alarm=True), client.duty("sign", BACK)]
    told, others = by_duty([out, back, elsewhere], duties)
    assert told == {OUT: (out,)}
    assert others == [back, elsewhere]
    assert by_duty([out], []) == ({}, [out]), "who may not see mandates has the alarm alone"


def test_an_alarm_whose_duty_is_for_others_is_not_lost_among_what_they_have_to_do() -> None:
    client = StubClient()
    duty = client.duty("kit-out", OUT, due_at=client.now, is_alarm=True)
    alarm = alarm_of(client, 7, OUT)
    told, others = by_duty([alarm], [duty])
    silent = needs(others, [], client.rows[:1], None, PERMISSIONS["engineer"])
    (line,) = duty_needs([duty], (), client.now, told)
    assert together(silent, [line])[0] == line
    assert (line.is_others, line.tone, things([line])) == (True, "bad", 0)
    (taken,) = duty_needs([duty], (), client.now, {})
    assert (taken.tone, things([taken])) == ("muted", 0)


@pytest.mark.parametrize("size", SIZES)
async def test_what_waits_of_rotas_stands_among_the_rest_and_opens_their_board(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    client = StubClient()
    client.event_list, client.join_list, client.rows = [], [], client.rows[:3]
    fields = {"name": "Technical on-call", "unit": None, "rota": "technical"}
    gap = "nobody is primary from Monday: TO-15 is free"
    client.duty_list = [
        client.duty("cover-gap", "technical", sentence=gap, is_alarm=True, due_at=client.now, **fields),
        client.duty("swap-asked", "S-000000000001", sentence="TO-12 asks for it: do you agree?", **fields),
    ]
    async with console(client, tmp_path, size) as screen:
        await screen.sees("NEEDS YOU  2", "1 Now 2", "nobody is primary", "TO-12 asks for it")
        await screen.press("enter")
        await screen.sees("Rota")


async def test_a_long_sentence_has_the_rows_that_the_list_leaves_and_moves_nothing(tmp_path: Path) -> None:
    client = StubClient()
    client.event_list, client.join_list, client.rows = [], [], client.rows[:3]
    long = " ".join(f"word{i:02}" for i in range(40))
    fields = {"name": "Technical on-call", "unit": None, "rota": "technical"}
    client.duty_list = [
        client.duty("cover-gap", "technical", sentence=long, is_alarm=True, due_at=client.now, **fields),
        client.duty("swap-asked", "S-000000000001", sentence="TO-12 asks for it: do you agree?", **fields),
    ]
    async with console(client, tmp_path) as screen:
        await screen.sees("word38 word39")
        border = [place for place, line in enumerate(screen.lines) if line.startswith("───")]
        await screen.press("down")
        await screen.misses("word38 word39")
        assert [place for place, line in enumerate(screen.lines) if line.startswith("───")] == border
        many = [client.duty("swap-asked", f"S-{i:012}", sentence="who agrees?", **fields) for i in range(40)]
        client.duty_list = [client.duty_list[0], *many]
        await screen.press("up")
        room = screen.app.screen
        assert isinstance(room, NowRoom)
        room.refetch()
        await screen.sees("NEEDS YOU  41")
        await screen.misses("word38 word39")


def test_what_waits_of_rotas_is_everybodys_own_and_a_gap_of_the_next_days_presses() -> None:
    client = StubClient()
    for kind in get_args(RotaDutyKind):
        duty = client.duty(kind, "technical", sentence="what waits", rota="technical")
        assert is_mine(duty, PERMISSIONS["administrator"])
        assert duty_text(duty, client.now) == "what waits"
        assert not presses(duty, client.now)
    assert presses(client.duty("cover-gap", "technical", is_alarm=True), client.now)
