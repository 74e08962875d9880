"""Deployments in words: the board, a page, forms, checklists, advice; before any terminal is there."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from protocols.api.checklists import ChecklistView, EvidenceView
from protocols.api.deployments import Attending, DeploymentView, SetDeployment
from protocols.deployments import KitWanted
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_deployments import (
    CHECKLIST,
    NEAR_END,
    NO_AUTHORITY,
    UNIT,
    authority_shown,
    blocked,
    certificate,
    deadline,
    item,
    owing,
    row,
    view,
    visit,
)
from tui.deployment_board_lines import board_line, heads_line, matches, title_line
from tui.deployment_checklist_lines import checklist_line, first_step, limits_words
from tui.deployment_forms import again, changed_words, named_of, new_of, people_of, set_of, visit_of, wants_of
from tui.deployment_page import deployment_page, missing_of, strip
from tui.deployment_words import Look, deadline_words, stage_of, step_sentence
from tui.dialogs.deployment_authorities import choosable
from tui.dialogs.deployment_evidence import evidence_of_text, is_outside
from tui.dialogs.deployment_forms import PlanDialog
from tui.dialogs.deployment_incident import meant, usable
from tui.dialogs.deployment_step import MaintainDialog, RefusedDialog, StepDialog, step_dialog
from tui.dialogs.reason import ReasonDialog
from tui.paint import Line, line_width
from tui.rooms.deployment_deeds import lacks_certificate
from tui.rota_forms import Unclear

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
LOOK = Look("TO-12", NOW, utc=True)
WIDTHS = [78, 100, 158]


def text(line: Line) -> str:
    return "".join(span.text for span in line)


def full() -> DeploymentView:
    """Something of everything."""
    told = view(
        NOW,
        "checked-out",
        items=[item("K-0001", "unit", NOW, standing="out", out_since=NOW, custodian="TO-12", place=None)],
        visits=[visit(NOW, findings=[NEAR_END])],
        authorities=[authority_shown(NOW)],
        deadlines=[deadline(NOW, 58)],
        certificates=[certificate(NOW, passed=False)],
    )
    return owing(blocked(told, "fit", NO_AUTHORITY, NEAR_END), "plan", NOW + timedelta(hours=71))


@pytest.mark.parametrize(
    ("hours", "says", "tone"),
    [
        (-30, "statement late 30 h", "bad"),
        (0, "statement late 0 s", "bad"),
        (12, "statement in 12 h", "loud"),
        (58, "statement in 58 h", "fair"),
        (72, "statement in 72 h", "fair"),
        (14 * 24, "statement in 14 d", "plain"),
        (15 * 24, "statement in 15 d", "muted"),
    ],
)
def test_a_deadline_is_words_first_and_the_colour_of_its_stage(hours: float, says: str, tone: str) -> None:
    told = deadline_words(deadline(NOW, hours), NOW)
    assert (told.text, told.tone) == (says, tone)


def test_a_stage_includes_its_boundary() -> None:
    assert [stage_of(NOW + timedelta(hours=h), NOW) for h in (12, 12.1, 72, 72.1)] == [
        "12-hours",
        "72-hours",
        "72-hours",
        "14-days",
    ]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_board_has_each_fact_under_its_head(width: int) -> None:
    one = row(
        NOW,
        state="commissioned",
        kind="critical-incident",
        next_step="go-live",
        blocked_by=2,
        deadline=deadline(NOW, 58),
        owed=1,
        alarms=2,
    )
    line, heads = text(board_line(one, width, NOW, utc=True)), text(heads_line(width))
    assert line_width(board_line(one, width, NOW, utc=True)) <= width
    told = [("state", "commissioned"), ("deadline", "statement in 58 h"), ("dep", "DEP-7")]
    told += [("site", "K7")] if width >= 96 else []
    for head, begins in told:
        assert line[heads.index(head) :].startswith(begins)
    assert "go live" in line
    assert ("✗2" in line) if width < 131 else ("blocked by 2" in line)
    assert ("P1 A2" in line) if width < 131 else (line[heads.index("alarms")] == "2")


def test_the_board_finds_by_what_it_says() -> None:
    one = row(NOW, kind="vehicle-tracking", state="live", next_step="recover", blocked_by=1, units=[UNIT])
    assert all(matches(one, words) for words in ("dep-7", "vehicle live", "blocked recover", "k7 depot", "unit-0000"))
    assert not matches(one, "alarm")
    assert not matches(one, "owed")
    late = msgspec.structs.replace(one, deadline=deadline(NOW, -1), owed=2)
    assert text(title_line([late], 1, NOW, open_only=True)) == " DEPLOYMENTS  1 open   1 overdue   2 papers owed"


@pytest.mark.parametrize("width", WIDTHS)
def test_a_page_fits_and_says_who_decides_and_what_would_help(width: int) -> None:
    told = full()
    lines = deployment_page(told, width, LOOK)
    assert all(line_width(line) <= width for line in lines)
    said = " ".join(" ".join(text(line) for line in lines).split())
    assert "NEXT fit blocked by 1" in said
    for words in ("No authority to install is in force", "an approver: name", "PAPERWORK OWED 1", "owner TO-07"):
        assert words in said
    for words in (
        "planned ◌",
        "● checked-out",
        "25 Nov 07:30 oral",
        "failed",
        "statement in 58 h",
        "missing 2 battery",
    ):
        assert words in said


def test_the_chain_shows_maintenance_and_an_early_end_too() -> None:
    assert "live ✓" not in text(strip(view(NOW, "maintenance"), 200)[0])
    assert "● maintenance" in text(strip(view(NOW, "maintenance"), 200)[0])
    assert text(strip(view(NOW, "cancelled"), 200)[0]).strip() == "requested ✓  ● cancelled"


def test_an_item_fulfils_one_wish_and_a_model_comes_first() -> None:
    wants = [KitWanted(kind="battery", count=1), KitWanted(kind="battery", count=1, model="battery-a")]
    told = view(NOW, wants=wants, items=[item("K-0003", "battery", NOW)])
    assert missing_of(told) == [KitWanted(kind="battery", count=1)]


def test_a_step_asks_for_as_much_as_the_rules_want() -> None:
    told = view(NOW, "checked-out")
    assert isinstance(step_dialog(told, "fit", LOOK), StepDialog)
    assert isinstance(step_dialog(blocked(told, "fit", NEAR_END), "fit", LOOK), ReasonDialog)
    assert isinstance(step_dialog(blocked(told, "fit", NEAR_END, NO_AUTHORITY), "fit", LOOK), RefusedDialog)
    assert isinstance(step_dialog(told, "cancel", LOOK), ReasonDialog)
    assert isinstance(step_dialog(view(NOW, "live"), "maintain", LOOK), MaintainDialog)
    said = step_sentence("TO-12", told, "fit", ["competence-ends"], "he drives")
    assert said == "deployment.changed: TO-12 says that DEP-7 is fitted, despite competence-ends, because he drives"


def test_a_certificate_that_failed_or_is_too_old_is_none() -> None:
    fitted = view(NOW, "fitted")
    told = msgspec.structs.replace(fitted, row=msgspec.structs.replace(fitted.row, units=[UNIT]))
    assert lacks_certificate(told, LOOK)
    good = certificate(NOW)
    bad = certificate(NOW + timedelta(minutes=1), passed=False)
    old = certificate(NOW - timedelta(hours=13), valid_until=NOW - timedelta(hours=1))
    lacking = [lacks_certificate(msgspec.structs.replace(told, certificates=[*many]), LOOK) for many in ([old], [good])]
    assert lacking == [True, False]
    early = certificate(NOW - timedelta(minutes=1))
    assert lacks_certificate(msgspec.structs.replace(told, certificates=[early]), LOOK), "it was fitted since"
    assert lacks_certificate(msgspec.structs.replace(told, certificates=[bad, good]), LOOK), "the latest counts"


VALUES = {
    "kind": "av",
    "title": "depot gate",
    "site": "k7",
    "from": "22:00",
    "back": "+7d",
    "lead": "to-12",
    "rota": "technical",
    "supervisor": "",
    "note": "",
}


def test_a_request_is_read_and_what_is_wrong_is_said_of_its_field() -> None:
    new = new_of({**VALUES, "kind": "audio"}, LOOK)
    assert (new.kind, new.site, new.lead, new.supervisor, new.wants) == ("av-capture", "K7", "TO-12", None, None)
    assert new.expected_back_at - new.starts_at == timedelta(days=7)
    for field, typed in (("kind", "c"), ("title", ""), ("site", "12 High Street"), ("back", "-1h"), ("lead", "Jane")):
        with pytest.raises(Unclear) as caught:
            new_of({**VALUES, field: typed}, LOOK)
        assert caught.value.field == field


def test_a_plan_that_reads_as_it_did_changes_nothing() -> None:
    told = msgspec.structs.replace(view(NOW), row=row(NOW + timedelta(seconds=7)))
    values = {one.name: one.value for one in PlanDialog(told, LOOK)._rows}
    assert set_of(values, told, LOOK) == SetDeployment(based_on=3)
    changed = set_of({**values, "site": "K8", "wants": "1 unit, 1 loom (loom-a)", "lead": "TO-15"}, told, LOOK)
    assert changed_words(changed) == "site, wants, lead"
    assert changed.wants == [KitWanted(kind="unit", count=1), KitWanted(kind="loom", count=1, model="loom-a")]
    with pytest.raises(Unclear, match="K7 can be changed, not left out"):
        set_of({**values, "site": ""}, told, LOOK)


def test_people_and_kit_are_typed_as_they_are_said() -> None:
    assert people_of("to-12 lead, TO-15") == [
        Attending(person="TO-12", role="lead"),
        Attending(person="TO-15", role="engineer"),
    ]
    for wrong in ("", "TO-12 boss", "TO-12, TO-12"):
        with pytest.raises(Unclear):
            people_of(wrong)
    with pytest.raises(Unclear, match="how many of what"):
        wants_of("some batteries")
    values = {"kind": "fit", "from": "now", "until": "+2h", "people": "TO-12 lead", "works": "", "away": "no"}
    planned = visit_of(values, LOOK)
    assert (planned.ends_at - planned.starts_at, planned.works, planned.away) == (timedelta(hours=2), None, False)
    assert again(visit(NOW)).people == visit(NOW).people


def test_a_number_is_kept_and_judged_by_its_limits() -> None:
    tick, supply, words = CHECKLIST
    assert limits_words(supply) == "11.8 to 14.6 V"
    new = evidence_of_text("12,4", supply, "fit")
    assert (new.number, is_outside(new.number, supply)) == (12.4, False)
    assert [is_outside(one, supply) for one in (11.8, 14.6, 11.79, 14.61)] == [False, False, True, True]
    for wrong in ("", "much", "nan", "1e12"):
        with pytest.raises(Unclear):
            evidence_of_text(wrong, supply, "fit")
    assert evidence_of_text("the gate", words, "fit").text == "the gate"
    found = EvidenceView(key="supply", ticked=False, text="", number=10.9, met=False, by="TO-12", at=NOW)
    lists = [ChecklistView(step="fit", version=1, items=[*CHECKLIST], evidence=[found], missing=["mounting", "supply"])]
    assert "✗ " in text(checklist_line(supply, lists[0], 78))
    assert "10.9 V" in text(checklist_line(supply, lists[0], 78))
    assert "OP014" in text(checklist_line(tick, lists[0], 78))
    assert [first_step(lists, "fit", []), first_step(lists, "close", ["fit"]), first_step([], None, [])] == [
        "fit",
        "fit",
        None,
    ]


def test_only_one_urgent_oral_authority_that_was_just_recorded_is_taken_for_granted() -> None:
    client = StubClient(3)
    written = client.made_authority(1, kinds=["install", "use"])
    oral = client.made_authority(2, kinds=["install"], urgent_oral=True)
    other = client.made_authority(3, kinds=["use"], urgent_oral=True)
    views = usable([written, oral, other])
    assert [one.reference for one in views] == ["URN/2/26", "URN/1/26"]
    at = oral.recorded_at + timedelta(minutes=5)
    assert (meant(views, at), meant(usable([written]), at), meant([oral, oral], at)) == ("1", "", "")
    assert meant(views, at + timedelta(hours=20)) == ""
    assert named_of("2, urn/2", views) == [views[1], views[0]]
    with pytest.raises(Unclear, match="not one of those above"):
        named_of("urn", views)
    assert [one.reference for one in choosable([written, oral], [written.authority_id])] == ["URN/1/26", "URN/2/26"]
