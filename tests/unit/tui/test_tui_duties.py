"""A cancelled mandate whose kit is out: one line for the duty and for the alarms that tell of it."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from protocols.api.events import EventView
from protocols.people import PERMISSIONS
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tests.unit.tui.stub_mandates import UNIT
from tui.alarms import by_duty
from tui.needs import duty_needs, needs, things, together

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
