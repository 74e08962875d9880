"""The deployments' rooms on a real Textual screen, driven by keys."""

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from protocols.api.deployments import NewIncident, SetKit, SetVisits, StepAsked
from protocols.api.feed import DeploymentsChanged
from protocols.people import Role
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, StubConsole, console
from tests.unit.tui.stub_deployments import (
    NEAR_END,
    NO_AUTHORITY,
    UNIT,
    blocked,
    deadline,
    item,
    owing,
    row,
    view,
    visit,
)
from tui.rooms.deployment import DeploymentRoom


def fleet(role: Role = "engineer") -> StubClient:
    """A deployment that can be fitted, with kit in the store."""
    client = StubClient(3, role=role)
    client.event_list = []
    kit = [item("K-0001", "unit", client.now), item("K-0003", "battery", client.now)]
    client.kit_items = kit
    client.deploys(view(client.now, "checked-out"))
    return client


async def to_page(screen: StubConsole) -> None:
    await screen.press("3")
    await screen.sees("DEPLOYMENTS  1", "DEP-7")
    await screen.press("enter")
    await screen.sees("● checked-out", "NEXT")


@pytest.mark.parametrize("size", SIZES)
async def test_the_board_fits_follows_and_filters(tmp_path: Path, size: tuple[int, int]) -> None:
    client = fleet()
    late = row(client.now, 9, state="live", deadline=deadline(client.now, -30), deadlines=1, next_step="recover")
    client.deploys(msgspec.structs.replace(view(client.now, "live"), row=late))
    async with console(client, tmp_path, size) as screen:
        await screen.press("3")
        await screen.sees(
            "DEPLOYMENTS  2 open", "1 overdue", "statement late 30 h", "✓ fit", "3 Deployments", "8 People"
        )
        assert all(len(line) <= size[0] for line in screen.lines)
        await screen.press("slash", *"overdue", "enter")
        await screen.sees("No deployment has these words")
        await screen.press("escape", "slash", *"live", "enter")
        await screen.misses("✓ fit")
        await screen.press("escape")
        client.deploys(view(client.now, "closed", row=row(client.now, 10, state="closed", next_step=None)))
        await screen.press("o")
        await screen.sees("DEPLOYMENTS  3 in all", "closed")
        client.deploys(view(client.now, row=row(client.now, 11, title="newcomer")))
        client.stub_feed.items.put_nowait(DeploymentsChanged())
        await screen.sees("DEP-11")
        assert client.stub_feed.watched[-1].deployments


async def test_a_refusal_names_the_rule_who_decides_and_what_would_help(tmp_path: Path) -> None:
    client = fleet()
    client.deploys(blocked(view(client.now, "checked-out"), "fit", NO_AUTHORITY))
    async with console(client, tmp_path) as screen:
        await to_page(screen)
        await screen.press("s")
        await screen.sees("Fit DEP-7: refused", "an approver: name an authority", "authority-in-force")
        await screen.press("y", "escape")
        assert screen.asked("go_step") == []


async def test_a_warning_asks_why_and_the_sentence_says_it(tmp_path: Path) -> None:
    client = fleet()
    client.deploys(blocked(view(client.now, "checked-out"), "fit", NEAR_END))
    async with console(client, tmp_path) as screen:
        await to_page(screen)
        await screen.press("s", "enter")
        await screen.sees("why? It can not stay empty")
        await screen.press(*"he drives", "enter")
        await screen.sees("fit: DEP-7 is fitted")
    ((_asked, about, step, asked),) = screen.asked("go_step")
    assert (about, step, asked) == ("DEP-7", "fit", StepAsked(based_on=3, reason="he drives"))


async def test_six_keys_from_home_to_a_commissioned_unit(tmp_path: Path) -> None:
    client = fleet()
    recorded_at = client.now - timedelta(minutes=5)
    client.authority_list = [
        client.made_authority(2, kinds=["install", "use"], urgent_oral=True, recorded_at=recorded_at)
    ]
    keys = ["exclamation_mark", "enter", "s", "y", "s", "y"]
    shows = [
        ("Critical incident", "K-0001", "URN/2/26", "resting on URN/2/26"),
        ("DEP-9", "PAPERWORK OWED 1", "plan        due in 7"),
        ("Fit DEP-9", "says that DEP-9 is fitted"),
        ("NEXT   commission",),
        ("Commission DEP-9", UNIT, "passed", "TO-12 commissions DEP-9"),
        ("commission: DEP-9 is commissioned", "NEXT   go live"),
    ]
    async with console(client, tmp_path) as screen:
        await screen.sees("NEEDS YOU")
        for key, words in zip(keys, shows, strict=True):
            await screen.press(key)
            await screen.sees(*words)
        await screen.press("escape")
        await screen.sees("DEPLOYMENTS  2 open")
    ((_asked, new),) = screen.asked("begin_incident")
    assert new == NewIncident(items=["K-0001", "K-0003"], authorities=["A-000000000002"])
    assert len(screen.asked("judge_readiness")) == 1


async def test_an_incident_that_is_refused_is_asked_for_again_with_what_was_typed(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await screen.sees("NEEDS YOU")
        await screen.press("exclamation_mark")
        await screen.sees("Critical incident", "K-0001")
        await screen.press("tab", *"NOWHERE", "enter")
        await screen.sees("there is no site NOWHERE")
        await screen.press("escape")
        await screen.sees("Critical incident", "site             NOWHERE")
        await screen.press("tab", *"K7", "enter")
        await screen.sees("DEP-9", "PAPERWORK OWED 1")
    asked = [NewIncident(items=["K-0001", "K-0003"], site=site) for site in ("NOWHERE", "K7")]
    assert screen.asked("begin_incident") == [("begin_incident", one) for one in asked]


async def test_an_incident_can_not_be_begun_by_who_may_not_work_on_one(tmp_path: Path) -> None:
    async with console(fleet("approver"), tmp_path) as screen:
        await screen.press("exclamation_mark")
        await screen.sees("going to a critical incident is an engineer's or a supervisor's")
        await to_page(screen)
        await screen.press("s")
        await screen.sees("saying that it is fitted is an engineer's or a supervisor's")


async def test_a_failed_certificate_is_shown_where_it_refuses(tmp_path: Path) -> None:
    client = fleet()
    client.readiness_passes = False
    fitted = view(client.now, "fitted")
    told = msgspec.structs.replace(fitted, row=msgspec.structs.replace(fitted.row, units=[UNIT]))
    client.deploys(blocked(told, "commission", NO_AUTHORITY))
    async with console(client, tmp_path) as screen:
        await screen.press("3", "enter")
        await screen.sees("● fitted")
        await screen.press("s")
        await screen.sees("Commission DEP-7: refused", "failed", "supply: below its limit: charge or change")
        await screen.press("escape", "r")
        await screen.sees("READINESS  DEP-7  1 failed", "✗ fail", "10.9 V · 40 s", "limit 11.8 V")
    assert len(screen.asked("judge_readiness")) == 2


async def test_evidence_is_entered_by_keys(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_page(screen)
        await screen.press("c")
        await screen.sees("CHECKLIST  DEP-7  fit   2 missing", "OP014", "11.8 to 14.6 V", "space logs")
        await screen.press("space")
        await screen.sees("kept; 1 missing for fit", "✓ The housing")
        await screen.press("4")
        await screen.sees("this item is no number")
        await screen.press("down", *"10.9")
        await screen.sees("OP016  Supply at the unit", "outside of 11.8 to 14.6 V")
        await screen.press("backspace", "backspace", "backspace", *"2.4", "enter")
        await screen.sees("fit: all met", "12.4 V")
    given = [one[2] for one in screen.asked("give_evidence")]
    assert [(one.key, one.ticked, one.number) for one in given] == [("mounting", True, None), ("supply", False, 12.4)]  # type: ignore[attr-defined]  # evidence


async def test_kit_is_ticked_or_picked_and_kept_with_a_sentence(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_page(screen)
        await screen.press("k")
        await screen.sees("KIT  DEP-7  0   missing 1 unit, 2 battery, 1 antenna", "[ ]  K-0001")
        await screen.press("space")
        await screen.sees("[x]  K-0001", "not saved")
        await screen.press("escape")
        await screen.sees("esc again lets it go")
        await screen.press("enter")
        await screen.sees("TO-12 keeps K-0001 for DEP-7")
        await screen.press("y")
        await screen.sees("kept; missing 2 battery, 1 antenna")
        await screen.press("a", "y")
        await screen.sees("kept; missing 1 battery, 1 antenna", "[x]  K-0003")
    kept = [one[2] for one in screen.asked("set_kit")]
    assert kept == [SetKit(based_on=3, items=["K-0001"]), SetKit(based_on=4, items=["K-0001"], pick=True)]


async def test_visits_are_planned_and_those_that_have_begun_stay(tmp_path: Path) -> None:
    client = fleet()
    begun = visit(client.now, visit="V-000000000001", starts_at=client.now - timedelta(hours=1))
    client.deploys(view(client.now, "checked-out", visits=[begun, visit(client.now, findings=[NO_AUTHORITY])]))
    async with console(client, tmp_path) as screen:
        await to_page(screen)
        await screen.press("v")
        await screen.sees("VISITS  DEP-7  2", "1 with people who can not go")
        await screen.press("x")
        await screen.sees("it has begun: what was, stays")
        await screen.press("n")
        await screen.sees("A visit of DEP-7", "plans for DEP-7 that TO-12 fits")
        await screen.press("enter")
        await screen.sees("planned")
    ((_asked, _about, asked),) = screen.asked("set_visits")
    assert isinstance(asked, SetVisits)
    assert [one.kind for one in asked.visits] == ["fit", "fit"], "the one to come, and the new one"


async def test_authorities_are_named_and_the_file_is_saved(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await to_page(screen)
        await screen.press("u")
        await screen.sees("What DEP-7 rests on", "[ ] URN/1/26")
        await screen.press("space")
        await screen.sees("TO-12 says that DEP-7 rests on", "URN/1/26”")
        await screen.press("enter")
        await screen.sees("DEP-7 rests on them", "AUTHORITIES")
        await screen.press("f")
        await screen.sees("Save the file of DEP-7", "deployment.file-read")
        await screen.press("home", *f"{tmp_path}/", "enter")
        await screen.sees("saved ")
    assert (tmp_path / "DEP-7.pdf").read_bytes() == b"%PDF-1.7"
    assert len(screen.asked("name_authorities")) == 1


async def test_what_could_go_is_asked_for_a_kind_and_a_time(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await screen.press("3")
        await screen.sees("DEP-7")
        await screen.press("v", "v")
        await screen.sees("WHAT COULD GO  vehicle tracking", "at most 3 deployments", "K-0009: maintenance is overdue")
        await screen.press("plus")
        await screen.sees("WHAT COULD GO")
        await screen.press("n")
        await screen.sees("Request a deployment", "vehicle tracking")
        await screen.press("tab", *"depot gate", "tab", "tab", *"now", "tab", *"7d", "enter")
        await screen.sees("DEP-8", "depot gate", "requested")
    first, second = screen.asked("advice")[:2]
    assert second[2] - first[2] > timedelta(hours=11)  # type: ignore[operator]  # both are times


async def test_paperwork_is_said_to_be_there_and_an_overtaken_answer_is_not_shown(tmp_path: Path) -> None:
    client = fleet()
    soon, later = client.now + timedelta(hours=5), client.now + timedelta(hours=71)
    told = owing(owing(view(client.now, "checked-out"), "plan", later), "assess", soon)
    client.deploys(told)
    async with console(client, tmp_path) as screen:
        await to_page(screen)
        await screen.sees("PAPERWORK OWED 2", "assess      due in 4 h", "plan        due in 70 h")
        await screen.press("w")
        await screen.sees("Paperwork of DEP-7", "1 assess", "2 plan")
        await screen.press("1")
        await screen.sees("says that the paperwork of assess of", "is there")
        await screen.press("y")
        await screen.sees("the paperwork of assess is there")
        room = screen.app.screen
        assert isinstance(room, DeploymentRoom)
        room.arrived(told)
        assert room.chosen is not None
        assert room.chosen.version == told.version + 1
    ((_asked, about, step, _how),) = screen.asked("go_step")
    assert (about, step) == ("DEP-7", "assess")
