"""The console's rota rooms against a real controller: its API, its rules, its solver and its log."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.support.alarming_lives import alarming_lives
from tests.support.mandate_house import Owner, entries
from tests.support.rota_house import RotaHouse, given, rota_house, week
from tests.unit.tui.seen_console import SeenConsole, seen_console


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        await alarming_lives(store, made.clock.now)
        yield made


async def to_board(seen: SeenConsole) -> None:
    await seen.press("4")
    await seen.sees("technical  Feb 2026", "score", "Wed 4 Feb 2026   today")


async def test_a_supervisor_drafts_and_publishes_by_keys(house: RotaHouse, owner: Owner, tmp_path: Path) -> None:
    async with seen_console(house["SU-01"], tmp_path) as seen:
        await to_board(seen)
        await seen.sees("never published", "primary   TO-12 until Mon 9 Feb 09:00 by primary-weeks")
        await seen.press("e", "right", "right")
        await seen.sees("primary-weeks, Mon 16 Feb 09:00 to Mon 23 Feb 09:00  TO-11", "4 SU-01")
        await seen.press("3", "s")
        await seen.sees("saved as plan", "DRAFT 1 turn saved")
        await seen.press("P")
        await seen.sees("goes into the log", "publishes 1 turn of technical")
        await seen.press("y")
        await seen.sees("published: 1 turn of technical holds")
        await seen.sees("16 TO-13", "TO-13 until Mon 23 Feb 09:00 by primary-weeks")
    (assigned,) = (await house["TO-11"].rota_book("technical", week(0), week(4))).assigned
    assert (assigned.person, assigned.starts_at) == ("TO-13", week(1))
    told = [one["kind"] for one in await entries(owner, "rota.")]
    assert told == ["rota.defined", "rota.plan-made", "rota.published"]


async def test_what_brings_a_fault_is_published_for_a_reason_only(house: RotaHouse, tmp_path: Path) -> None:
    async with seen_console(house["SU-01"], tmp_path) as seen:
        await to_board(seen)
        await seen.press("e", "right", "x")
        await seen.sees("Mon 9 Feb 09:00 to Mon 16 Feb 09:00  nobody", "+ fault: nobody is primary")
        await seen.press("P")
        await seen.sees("Publish despite what it brings", "why? It can not stay empty")
        await seen.press(*"nobody is needed", "enter")
        await seen.sees("published: 1 turn of technical holds", "GAP")


async def test_a_solvers_plan_is_opened_and_published(house: RotaHouse, owner: Owner, tmp_path: Path) -> None:
    async with seen_console(house["SU-01"], tmp_path) as seen:
        await to_board(seen)
        await seen.press("S")
        await seen.sees("Solve technical", "2026-02-09")
        await seen.press("tab", *"4 weeks", "tab", "tab", *"1", "enter")
        await seen.sees("SOLVING technical", "9 Feb 2026 to 8 Mar 2026")
        await seen.sees("enter open as a draft")
        await seen.press("enter")
        await seen.sees("DRAFT", "turns saved", "Mon 9 Feb 09:00 to Mon 16 Feb 09:00")
        await seen.press("w")
        await seen.sees("WHAT-IF  technical   9 Feb 2026 to 8 Mar 2026", "judged")
        await seen.press("escape", "P")
        await seen.sees("goes into the log")
        await seen.press("y")
        await seen.sees("of technical hold", "published to")
    assert [one["kind"] for one in await entries(owner, "rota.published")] == ["rota.published"]


async def test_what_others_publish_comes_by_itself(house: RotaHouse, tmp_path: Path) -> None:
    async with seen_console(house["TO-11"], tmp_path) as seen:
        await to_board(seen)
        await seen.misses("e edit")
        await seen.sees("16▌TO-11")
        plan = await house.plan([given("primary-weeks", 1, "TO-12")])
        await house["SU-01"].publish_rota_plan(plan.plan)
        await seen.sees("16▌TO-12")
        await seen.press("y")
        await seen.sees("TO-11 (you)   2026", "WORKING TIME")
        await seen.press("right")
        await seen.sees("TO-12   2026")
        await seen.press("end")
        await seen.sees("seen by themselves, supervisors and inspectors")


async def test_the_first_rota_is_defined_by_a_form(store: Store, dsn: str, tmp_path: Path) -> None:
    async with (
        rota_house(store, dsn, tmp_path, with_rota=False) as house,
        seen_console(house["SU-01"], tmp_path) as seen,
    ):
        await seen.press("4")
        await seen.sees("There is no rota yet")
        await seen.press("n")
        await seen.sees("Define a rota")
        await seen.press(*"nights", "tab", *"Nights", "tab", "tab", "tab", "tab", *"TO-11 SU-01 TO-12", "enter")
        await seen.sees("nights  Feb 2026", "never published", "TO-11", "SU-01")
        await seen.press("E")
        await seen.sees("Change nights, version 1")
        await seen.press("tab", "end", *" AP-01", "enter")
        await seen.sees("version 2 of nights is in force")
        view = await house["TO-11"].rota("nights")
        assert view.rota.members == ["TO-11", "SU-01", "TO-12", "AP-01"]
