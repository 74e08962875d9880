"""`fleet welfare` and `fleet handover`: what is typed while one is out, and when duty changes hands."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.support.rota_cli import asked, fleet
from tests.support.rota_house import RotaHouse, rota_house, week


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_timer_is_started_answered_and_ended(house: RotaHouse) -> None:
    code, _, err = await fleet(house, "TO-12", "welfare", "answer")
    assert (code, "fleet welfare start" in err) == (2, True), err
    begun = await asked(house, "TO-12", "welfare", "start", "--every", "30")
    assert (begun["every_min"], begun["stage"]) == (30, "waiting")
    house.clock.go_on(minutes=45)
    code, out, err = await fleet(house, "SU-01", "welfare", "list")
    assert (code, begun["welfare"] in out, "missed" in out) == (0, True, True), err
    code, out, err = await fleet(house, "TO-12", "welfare", "answer")
    assert (code, "next answer is due" in out) == (0, True), err
    code, _, err = await fleet(house, "SU-01", "welfare", "end", begun["welfare"][:6])
    assert (code, "reason" in err) == (3, True), err
    ended = await asked(house, "SU-01", "welfare", "end", begun["welfare"], "--reason", "seen at home")
    assert ended["ended_how"] == "supervisor"


async def test_a_sheet_is_made_shown_and_acknowledged(house: RotaHouse) -> None:
    await asked(house, "TO-12", "welfare", "start")
    code, out, err = await fleet(house, "TO-12", "handover", "make")
    assert (code, "TO-12 hands over to TO-13 at Mon 9 Feb 2026 09:00" in out) == (0, True), err
    assert "WELFARE TIMERS  1" in out
    assert "OPEN DEPLOYMENTS  0" in out
    (made,) = await asked(house, "TO-13", "handover", "list", "tech")
    assert (made["waits_for"], made["change_at"]) == (["TO-12", "TO-13"], f"{week(0):%Y-%m-%dT%H:%M:%S}Z")
    code, out, err = await fleet(house, "TO-13", "handover", "show", said=b"")
    assert (code, f"{made['handover']}  sha256 {made['sha256']}" in out) == (0, True), err
    for person, said in (("TO-12", "waits for TO-13"), ("TO-13", "TO-13 (incoming)")):
        code, out, err = await fleet(house, person, "handover", "acknowledge", made["handover"][:8])
        assert (code, said in out) == (0, True), err
    code, _, err = await fleet(house, "SU-01", "handover", "acknowledge", made["handover"])
    assert (code, "TO-12 hands over to TO-13" in err) == (3, True), err
