"""The rota's rooms on a real Textual screen, driven by keys: board, drafts, year, fairness, plans, forms."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from protocols.api.rotas import NewPlan, NewSolve, Solving
from protocols.people import Role
from protocols.rota.member import Member
from protocols.rota.model import Assigned, Rota
from tests.support.rota_books import absence, layer, local, member, office_hours, rota
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tests.unit.tui.stub_rotas import SIX

NOW = datetime(2026, 11, 18, 10, 30, tzinfo=UTC)
GAP_AT = "2026-11-30T09:00"


def six_people(name: str = "technical") -> Rota:
    later = [*SIX[2:], *SIX[:2]]
    made = rota(
        [
            layer(starts="2026-01-05T09:00", order=SIX),
            layer("secondary-weeks", position="secondary", starts="2026-01-05T09:00", order=later),
        ],
        members=SIX,
    )
    return msgspec.structs.replace(made, rota=name, name=name.capitalize())


def fleet(*members: Member, role: Role = "supervisor", gap: bool = False) -> StubClient:
    """A fleet with a rota of six people, with a week to come that nobody has if there is to be a `gap`."""
    client = StubClient(role=role)
    client.now = NOW
    client.lays_down(six_people(), *members)
    client.published_until = local("2027-01-04T09:00")
    if gap:
        nobody = Assigned(layer="primary-weeks", starts_at=local(GAP_AT), person=None, published_at=NOW)
        client.rota_assigned = [nobody]
    return client


async def to_board(screen: StubConsole) -> None:
    await screen.press("4")
    await screen.sees("technical  Nov 2026", "score")


async def to_gap(screen: StubConsole) -> None:
    """A draft, with the cursor on the week that nobody has."""
    await to_board(screen)
    await screen.press("e")
    await screen.sees("DRAFT 0 turns")
    await screen.press("right", "right")
    await screen.sees("Mon 30 Nov 09:00 to Mon 7 Dec 09:00  nobody")


@pytest.mark.parametrize("size", SIZES)
async def test_the_board_shows_a_month_and_the_day_under_the_cursor(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet(gap=True), tmp_path, size) as screen:
        await to_board(screen)
        await screen.sees("published to 4 Jan 2027", "2 faults", "GAP", "Wed 18 Nov 2026   today")
        await screen.sees("primary   TO-15 until Mon 23 Nov 09:00 by primary-weeks")
        assert all(len(line) <= size[0] for line in screen.lines)
        await screen.press("down", "right")
        await screen.sees("Thu 26 Nov 2026")
        await screen.press("right_square_bracket")
        await screen.sees("technical  Dec 2026", "Sat 26 Dec 2026")
        await screen.press("pageup", "pageup")
        await screen.sees("technical  Oct 2026", "Mon 26 Oct 2026")
        await screen.press("left")
        await screen.sees("clocks go back: 25 hours")
        await screen.press("t")
        await screen.sees("Wed 18 Nov 2026   today")


async def test_a_day_opens_with_everything_about_it(tmp_path: Path) -> None:
    async with console(fleet(gap=True), tmp_path) as screen:
        await to_board(screen)
        await screen.press("down", "down", "enter")
        await screen.sees("GAP: nobody for some of the day", "fault: nobody is primary", "→")
        await screen.press("escape")
        await screen.misses("GAP: nobody")


async def test_one_person_stands_out(tmp_path: Path) -> None:
    client = fleet()
    client.rota_members[1] = member("TO-13", absences=[absence(local("2026-11-18T00:00"), local("2026-11-20T00:00"))])
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        await screen.press("slash", *"13", "enter")
        await screen.sees("ab TO-17", "19 TO-15")
        await screen.press("y")
        await screen.sees("TO-13   2026")
        await screen.press("escape", "escape")
        await screen.misses("ab TO-17")


async def test_the_signs_are_explained(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path, (160, 60)) as screen:
        await to_board(screen)
        await screen.press("question_mark")
        await screen.sees("SIGNS", "GAP", "compensatory rest is needed", "draft turns by keys")
        await screen.misses("A UNIT IS")


async def test_a_draft_is_made_by_keys_and_says_what_it_brings(tmp_path: Path) -> None:
    client = fleet(gap=True)
    async with console(client, tmp_path) as screen:
        await to_gap(screen)
        await screen.sees("1 TO-12  2 TO-13 secondary  3 TO-14")
        await screen.press("3")
        await screen.sees("to Mon 7 Dec 09:00  TO-14", "DRAFT 1 turn not saved", "ends 2 faults")
        await screen.press("plus")
        await screen.sees("to Mon 7 Dec 09:00  TO-15")
        await screen.press("minus")
        await screen.sees("to Mon 7 Dec 09:00  TO-14")
        await screen.press("x")
        await screen.sees("to Mon 7 Dec 09:00  nobody", "DRAFT 0 turns")
        await screen.press("u")
        await screen.sees("to Mon 7 Dec 09:00  TO-14")
        await screen.press("ctrl+r")
        await screen.sees("DRAFT 0 turns")
        await screen.press("u", "space")
        await screen.sees("TO-14   fixed")
        await screen.press("enter")
        await screen.sees("Give the turn to", "secondary")
        await screen.press(*"17", "enter")
        await screen.sees("to Mon 7 Dec 09:00  TO-17", "fixed")
        await screen.press("s")
        await screen.sees("saved as plan plan-1")
    (_asked, about, plan) = screen.asked("draft_rota_plan")[0]
    assert isinstance(plan, NewPlan)
    assert about == "technical"
    (given,) = plan.assigned
    assert (given.person, given.fixed, given.starts_at) == ("TO-17", True, local(GAP_AT))
    assert plan.based_on == 1


async def test_a_turn_that_has_begun_is_not_planned(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_board(screen)
        await screen.press("e", "3")
        await screen.sees("has begun", "this turn has begun: an override or a swap can change it")
        await screen.sees("DRAFT 0 turns")
        await screen.press("down")
        await screen.sees("secondary-weeks, Mon 16 Nov")
        await screen.press("down")
        await screen.sees("primary-weeks, Mon 23 Nov")


async def test_what_is_not_saved_is_not_thrown_away_by_one_key(tmp_path: Path) -> None:
    async with console(fleet(gap=True), tmp_path) as screen:
        await to_gap(screen)
        await screen.press("2", "q")
        await screen.sees("1 turn not saved: s saves, the same key again throws away")
        await screen.press("1")
        await screen.press("escape")
        await screen.sees("DRAFT 1 turn", "not saved: s saves")
        await screen.press("escape")
        await screen.misses("DRAFT")
        await screen.sees("the draft was thrown away")
        await screen.sees("published to 4 Jan 2027")


async def test_what_if_weighs_the_whole_period(tmp_path: Path) -> None:
    async with console(fleet(gap=True), tmp_path) as screen:
        await to_gap(screen)
        await screen.press("3", "w")
        await screen.sees("WHAT-IF  technical", "1 turn given", "judged", "− fault: nobody is primary")
        await screen.press("end")
        await screen.sees("LOAD BEYOND THE SHARE", "TO-17")
        await screen.press("escape")
        await screen.sees("DRAFT 1 turn")


async def test_publishing_shows_the_sentence_first(tmp_path: Path) -> None:
    client = fleet(gap=True)
    async with console(client, tmp_path) as screen:
        await to_gap(screen)
        await screen.press("3", "P")
        await screen.sees(
            "Publish the draft", "goes into the log", "rota.published: TO-12 publishes 1 turn of technical"
        )
        await screen.press("y")
        await screen.sees("published: 1 turn of technical holds")
        await screen.misses("DRAFT")
        await screen.misses("GAP")
    assert screen.asked("publish_rota_plan") == [("publish_rota_plan", "plan-1", "")]


async def test_publishing_what_brings_a_fault_asks_why(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_board(screen)
        await screen.press("e", "right", "right", "x", "P")
        await screen.sees("Publish despite what it brings", "+ fault: nobody is primary", "why? It can not stay empty")
        await screen.press(*"training", "enter")
        await screen.sees("published: 1 turn of technical holds", "GAP")
    assert screen.asked("publish_rota_plan") == [("publish_rota_plan", "plan-1", "training")]


async def test_a_solver_is_followed_and_its_plan_opens_as_a_draft(tmp_path: Path) -> None:
    client = fleet(gap=True)
    going = Solving(seed=7, elapsed_s=2.0, found=2, objective=500.0, bound=400.0, ended=None, trace=[(1.0, 800.0)])
    client.solver_steps = [
        going,
        msgspec.structs.replace(going, elapsed_s=3.0, objective=400.0, ended="optimal"),
    ]
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        await screen.press("S")
        await screen.sees("Solve technical", "2027-01-04", "rota.solve-asked: TO-12 has technical solved")
        await screen.press("tab", "tab", *"7", "enter")
        await screen.sees("SOLVING technical", "nothing better exists", "gap       0.0 %", "enter open as a draft")
        await screen.press("enter")
        await screen.sees("technical  Jan 2027", "DRAFT 0 turns")
    (_asked, _rota, new) = screen.asked("solve_rota")[0]
    assert isinstance(new, NewSolve)
    assert new.keep


async def test_a_solver_is_stopped(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        await screen.press("S")
        await screen.sees("Solve technical")
        await screen.press("enter")
        await screen.sees("SOLVING technical", "x stop")
        await screen.press("x")
        await screen.sees("stopped: there may be better")
        await screen.press("escape", "p")
        await screen.sees("PLANS OF technical", "1 to be published or given up")


async def test_plans_open_and_are_given_up(tmp_path: Path) -> None:
    client = fleet(gap=True)
    given = [Assigned(layer="primary-weeks", starts_at=local(GAP_AT), person="TO-16")]
    client.keeps_plan("technical", local(GAP_AT), local(GAP_AT) + timedelta(weeks=1), given)
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        await screen.press("p")
        await screen.sees("draft", "30 Nov 2026 to 7 Dec 2026")
        await screen.press("enter")
        await screen.sees("DRAFT 1 turn saved", "to Mon 7 Dec 09:00  TO-16")
        await screen.press("escape", "p")
        await screen.sees("PLANS OF")
        await screen.press("x")
        await screen.sees("rota.plan-discarded: TO-12 discards plan plan-1")
        await screen.press("y")
        await screen.sees("plan plan-1 is given up", "discarded")


@pytest.mark.parametrize("size", SIZES)
async def test_a_persons_year(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet(), tmp_path, size) as screen:
        await to_board(screen)
        await screen.press("y")
        await screen.sees("TO-12 (you)   2026", "Jan ", "Dec ", "WORKING TIME")
        await screen.press("right")
        await screen.sees("TO-13   2026")
        await screen.press("end")
        await screen.sees("COMPETENCES")
        await screen.press("home", "right_square_bracket")
        await screen.sees("TO-13   2027")


@pytest.mark.parametrize("size", SIZES)
async def test_who_has_how_much(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet(), tmp_path, size) as screen:
        await to_board(screen)
        await screen.press("f")
        await screen.sees("WHO HAS HOW MUCH  primary", "TO-17", "▇", "QUALITY")
        await screen.press("right", "right")
        await screen.sees("WHO HAS HOW MUCH  weekend days")
        await screen.press("end")
        await screen.sees("apart")
        await screen.press("p")
        await screen.sees("left: had", "TO-17")
        await screen.press("escape", "escape")
        await screen.sees("technical  Nov 2026")


async def test_an_engineer_sees_and_does_not_draft(tmp_path: Path) -> None:
    client = fleet(role="engineer")
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        assert screen.asked("check_rota"), "whose book says less is told by the controller what the rules find"
        await screen.misses("e edit")
        for key, words in (("e", "drafting turns"), ("S", "having turns solved"), ("E", "changing a rota")):
            await screen.press(key)
            await screen.sees(f"{words} is a supervisor's")
        await screen.press("f")
        await screen.sees("WHO HAS HOW MUCH")


@pytest.mark.parametrize("size", SIZES)
async def test_who_does_not_see_others_hours_is_told_so_and_gets_no_score(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with console(fleet(role="engineer", gap=True), tmp_path, size) as screen:
        await to_board(screen)
        await screen.sees("others' hours not shown: nor what the rules find of them, nor a score", "2 faults")
        await screen.misses("Nov score")
        await screen.press("f")
        await screen.sees("QUALITY  others' hours not shown: no score of all")
        await screen.misses("of 100")


async def test_a_key_that_means_nothing_now_says_why(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_board(screen)
        await screen.sees("Nov score")
        await screen.misses("others' hours")
        await screen.press("P")
        await screen.sees("only in a draft: e begins one")
        await screen.press("r")
        await screen.sees("there is no other rota")
        await screen.press("e")
        await screen.sees("DRAFT 0 turns")
        for key, words in (("f", "not while drafting: esc leaves the draft"), ("P", "no turn is given yet")):
            await screen.press(key)
            await screen.sees(words)
        await screen.press("s")
        await screen.sees("nothing to save")
    async with console(fleet(role="engineer"), tmp_path) as screen:
        await to_board(screen)
        await screen.press("P")
        await screen.sees("drafting turns is a supervisor's")


async def test_keys_that_give_turns_do_not_promise_rooms(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path, (160, 60)) as screen:
        await to_board(screen)
        await screen.press("question_mark")
        await screen.sees("1 … 0     rooms")
        await screen.press("escape", "e")
        await screen.sees("DRAFT 0 turns")
        await screen.press("question_mark")
        await screen.sees("1 … 9 give the turn")
        await screen.misses("1 … 0 ")
        await screen.sees("0         rooms")


async def test_saving_an_opened_plan_gives_the_opened_one_up(tmp_path: Path) -> None:
    client = fleet(gap=True)
    given = [Assigned(layer="primary-weeks", starts_at=local(GAP_AT), person="TO-16")]
    client.keeps_plan("technical", local(GAP_AT), local(GAP_AT) + timedelta(weeks=1), given)
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        await screen.press("p")
        await screen.sees("30 Nov 2026 to 7 Dec 2026")
        await screen.press("enter")
        await screen.sees("DRAFT 1 turn saved")
        await screen.press("3", "s")
        await screen.sees("saved as plan plan-2, plan-1 is given up", "DRAFT 1 turn saved")
        await screen.press("1", "P")
        await screen.sees("publishes 1 turn of technical")
        await screen.press(*"y")
        await screen.sees("published: 1 turn of technical holds")
    assert [(plan.plan, plan.state) for plan in client.rota_plan_list] == [
        ("plan-3", "published"),
        ("plan-2", "discarded"),
        ("plan-1", "discarded"),
    ]


async def test_only_turns_that_are_new_are_counted_and_for_the_plans_own_period(tmp_path: Path) -> None:
    client = fleet(gap=True)
    known = Assigned(layer="secondary-weeks", starts_at=local(GAP_AT), person="TO-13", published_at=NOW)
    client.rota_assigned.append(known)
    given = [
        msgspec.structs.replace(known, published_at=None),
        Assigned(layer="primary-weeks", starts_at=local(GAP_AT), person="TO-16"),
    ]
    begins = local(GAP_AT) + timedelta(days=2)
    client.keeps_plan("technical", begins, begins + timedelta(weeks=1), given)
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        await screen.press("p")
        await screen.sees("2 Dec 2026 to 9 Dec 2026")
        await screen.press("enter")
        await screen.sees("DRAFT 1 turn saved", "score of these weeks")
        await screen.press("w")
        await screen.sees("2 Dec 2026 to 9 Dec 2026   1 turn given")
        await screen.press("escape", "P")
        await screen.sees("1 turn given", "score of 2 Dec 2026 to 9 Dec 2026:")
        await screen.sees("publishes 1 turn of technical for 2 Dec 2026")


async def test_a_supervisor_defines_the_first_rota(tmp_path: Path) -> None:
    client = StubClient(role="supervisor")
    client.now = NOW
    async with console(client, tmp_path) as screen:
        await screen.press("4")
        await screen.sees("There is no rota yet: nobody is on call.", "n defines one")
        await screen.press("n")
        await screen.sees("Define a rota", "short name: small letters")
        await screen.press(*"technical", "tab", *"Technical", "tab", "tab", "tab", "tab", *"TO-12 TO-13")
        await screen.sees("rota.defined: TO-12 lays down version 1 of technical, 2 members")
        await screen.press("enter")
        await screen.sees("technical  Nov 2026", "never published", "TO-12")
    ((_asked, made, version),) = screen.asked("put_rota")
    assert version == 0
    assert isinstance(made, Rota)
    assert made.members == ["TO-12", "TO-13"]


async def test_without_a_rota_an_engineer_is_told_whose_it_is(tmp_path: Path) -> None:
    async with console(StubClient(), tmp_path) as screen:
        await screen.press("4")
        await screen.sees("There is no rota yet", "Defining a rota is a")


async def test_a_rota_is_changed_by_a_form(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        await screen.press("E")
        await screen.sees("Change technical, version 1")
        await screen.press("tab", "tab", *"electrical 9")
        await screen.sees("a subject, a level up to 8")
        await screen.press("backspace", "3", "enter")
        await screen.sees("version 2 of technical is in force")
    ((_asked, made, _version),) = screen.asked("put_rota")
    assert isinstance(made, Rota)
    assert [one.subject for one in made.requirements] == ["electrical"]


async def test_the_next_rota_and_back(tmp_path: Path) -> None:
    client = fleet()
    client.lays_down(six_people("vans"), *[member(one, hours=office_hours()) for one in SIX])
    async with console(client, tmp_path) as screen:
        await to_board(screen)
        await screen.press("r")
        await screen.sees("vans  Nov 2026")
        await screen.press("r")
        await screen.sees("technical  Nov 2026")
