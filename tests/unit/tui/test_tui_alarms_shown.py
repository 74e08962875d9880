"""Alarms, welfare and handovers: lines, forms, and what Now shows and does with them, on a real Textual screen."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocols.alarms import DEFAULT_RULES, AlarmRules, EventRule, FigureRule, PageLevel, PagingPolicy
from protocols.api.alarms import Acknowledging, AlarmDetail, AlarmingStanding
from protocols.api.duties import Duty
from protocols.api.handovers import HandoverRow, HandoverSheet, HandoverView, SheetAlarm, SheetKit
from tests.unit.tui.stub_alarms import a_page, a_timer, an_alarm
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_console import SIZES, console
from tui.alarm_forms import contact_of, event_rule_of, figure_rule_of, policy_of, seconds_of, window_of, with_rule
from tui.alarm_lines import alarm_line, alarm_page, alarm_text
from tui.alarm_needs import alarm_needs, by_duty
from tui.alarm_rule_lines import when_words
from tui.alarm_words import ShownAlarm, alarming_words, paging_words
from tui.handover_lines import sheet_lines
from tui.paint import Line, line_width
from tui.rota_forms import Unclear
from tui.welfare_lines import due_words, header_words

NOW = datetime(2026, 11, 21, 2, 54, tzinfo=UTC)
AT = NOW - timedelta(minutes=3)


def said(lines: list[Line]) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


def shown(*pages: Any, next_in_min: float = 3, next_level: PageLevel | None = 1, **changed: Any) -> ShownAlarm:
    return ShownAlarm(an_alarm(1, AT, **changed), pages, NOW + timedelta(minutes=next_in_min), next_level)


class TestPaging:
    def test_whom_it_has_paged_and_what_comes_next(self) -> None:
        one = shown(a_page("TO-07", AT))
        assert paging_words(one, NOW, utc=True) == "paged TO-07 02:51, secondary in 3 min"
        assert paging_words(one, NOW, utc=True, short=True) == "paged TO-07, secondary in 3 min"
        assert alarm_text(one, NOW, utc=True, wide=False) == "tamper DEP-118: paged TO-07, secondary in 3 min"

    @pytest.mark.parametrize(
        ("kind", "subject", "words"),
        [
            ("deadline-paper-overdue", "DEP-118:check-out", "paper check out overdue"),
            ("deadline-kit-return-72-hours", "DEP-118", "kit return in 72 h"),
            ("deadline-authority-ends-14-days", "DEP-118:A-0123456789ab", "authority ends in 14 d"),
        ],
    )
    def test_a_deadline_is_told_in_words_and_once_with_what_waits(self, kind: str, subject: str, words: str) -> None:
        one = shown(
            a_page("TO-07", AT), kind=kind, subject=subject, subject_kind="deployment", rule="deadline", label=""
        )
        assert alarm_text(one, NOW, utc=True, wide=False) == f"{words}: paged TO-07, secondary in 3 min"
        assert alarm_needs([one], set(), {"acknowledge-event"})[0].name == "DEP-118"
        duty = Duty(
            kind="deadline",
            about=subject,
            name="DEP-118",
            unit=None,
            sentence="",
            due_at=NOW,
            is_alarm=False,
            deployment="DEP-118",
        )
        assert by_duty([one], [duty]) == ({subject: one}, [])
        assert by_duty([one], []) == ({}, [one])

    def test_nobody_on_call_and_failures_are_said(self) -> None:
        nobody = shown(a_page(None, AT, state="failed"), a_page("TO-15", NOW, 1, "queued"), next_level=2)
        words = paging_words(nobody, NOW, utc=True)
        assert words == "NOBODY PAGED, paging TO-15, supervisor in 3 min"
        again = shown(a_page("SU-02", NOW, 2), next_level=None, next_in_min=15)
        assert paging_words(again, NOW, utc=True) == "paged SU-02 02:54, all again in 15 min"

    def test_what_pages_nobody_says_why(self) -> None:
        assert paging_words(shown(in_maintenance=True), NOW, utc=True) == "in maintenance: nobody is paged"
        assert paging_words(shown(), NOW, utc=True).startswith("nobody paged yet")
        taken = shown(state="acknowledged", acknowledged_by="TO-07", acknowledged_at=NOW, acknowledged_how="link")
        assert paging_words(taken, NOW, utc=True) == "taken by TO-07 02:54, still lasts"
        unasked = ShownAlarm(an_alarm(1, AT, level=1))
        assert paging_words(unasked, NOW, utc=True) == "paged as far as secondary"

    def test_alarming_that_does_not_work_is_said(self) -> None:
        alive = StubClient(1).alarming_is
        assert alarming_words(alive, NOW, utc=True) == ""
        dead = msgspec.structs.replace(alive, standing="dead", at=AT)
        assert alarming_words(dead, NOW, utc=True) == "ALARMING DEAD since 02:51: alarms page nobody"
        never = msgspec.structs.replace(alive, standing="dead", at=None)
        assert "never run" in alarming_words(never, NOW, utc=True)
        failing = msgspec.structs.replace(alive, contacts_failing=True, last_error="refused")
        assert alarming_words(failing, NOW, utc=True) == "PAGES FAIL: none of the last was delivered: refused"


@pytest.mark.parametrize("width", [79, 159])
def test_an_alarm_is_one_line_and_its_page_tells_to_whom_each_page_went(width: int) -> None:
    view = an_alarm(1, AT, count=3)
    line = alarm_line(view, width, NOW, utc=True)
    assert line_width(line) <= width
    for words in ("02:51", "alarm", "van kit 005", "tamper ×3", "DEP-118", "raised"):
        assert words in said([line])
    pages = [a_page("TO-07", AT, state="failed", error="no answer"), a_page("TO-15", NOW, 1)]
    detail = AlarmDetail(alarm=view, pages=pages, events=[], next_page_at=None, paged_by="technical")
    text = said(alarm_page(detail, width, NOW, utc=True))
    for words in ("it still lasts", "nobody has acknowledged it", "by technical", "failed", "no answer", "secondary"):
        assert words in text


def test_a_narrow_line_of_a_deadline_tells_its_stage_and_does_not_name_the_deployment_twice() -> None:
    kind = "deadline-authority-review-14-days"
    view = an_alarm(1, AT, rule="deadline", kind=kind, subject="DEP-118:A-1", label=None, subject_kind="deployment")
    line = said([alarm_line(view, 78, NOW, utc=True)])
    assert "authority review in 14 d" in line
    assert line.count("DEP-118") == 1
    of_a_unit = said([alarm_line(an_alarm(1, AT, state="cleared", cleared_at=AT), 78, NOW, utc=True)])
    assert "DEP-118 " in of_a_unit
    assert of_a_unit.endswith(" cleared, not taken ")
    assert "…" not in of_a_unit


FIGURE = {
    "rule": "cold",
    "figure": "soc_temp_c",
    "raise": "below -10",
    "clear": "-5",
    "for": "2 min",
    "over": "300",
    "severity": "warning",
    "pages": "never",
}


class TestForms:
    def test_a_rule_is_read_and_said_with_both_its_limits(self) -> None:
        rule = figure_rule_of(FIGURE)
        assert isinstance(rule, FigureRule)
        assert when_words(rule) == "SoC temperature ≤ -10 °C for 2 min, over ≥ -5 for 5 min"
        worded = figure_rule_of({**FIGURE, "figure": "undervolted", "raise": "is yes", "clear": ""})
        assert when_words(worded) == "undervoltage is yes for 2 min, over after 5 min"
        event = event_rule_of(
            {"rule": "door", "source": "unit", "kinds": "tamper", "severity": "alarm", "pages": "always"}
        )
        assert isinstance(event, EventRule)
        change = with_rule(AlarmRules(rules=[rule]), event, None, 4)
        assert [one.rule for one in change.rules.rules] == ["cold", "door"]
        assert change.version == 4

    @pytest.mark.parametrize(
        ("field", "call"),
        [
            ("clear", lambda: figure_rule_of({**FIGURE, "clear": "-20"})),
            ("raise", lambda: figure_rule_of({**FIGURE, "raise": "80"})),
            ("rule", lambda: with_rule(AlarmRules(rules=[EventRule(rule="a")]), EventRule(rule="a"), None, 0)),
            ("for", lambda: seconds_of("2 days", "for")),
            ("supervisor", lambda: policy_of({"secondary": "5 min", "supervisor": "60", "repeat": "900", "rota": ""})),
            (
                "until",
                lambda: window_of({"about": "DEP-1", "from": "now", "until": "30h", "reason": "x"}, NOW, utc=True),
            ),
            ("about", lambda: window_of({"about": "x", "from": "", "until": "2h", "reason": "x"}, NOW, utc=True)),
            ("address", lambda: contact_of({"address": "somewhere"})),
        ],
    )
    def test_what_is_wrong_is_said_of_its_field(self, field: str, call: Any) -> None:
        with pytest.raises(Unclear) as error:
            call()
        assert error.value.field == field

    def test_windows_policies_and_contacts_are_read(self) -> None:
        window = window_of({"about": "dep-118", "from": "", "until": "2h", "reason": "new aerial"}, NOW, utc=True)
        assert (window.deployment, window.unit, window.ends_at - window.starts_at) == (
            "DEP-118",
            None,
            timedelta(hours=2),
        )
        values = {"secondary": "5 min", "supervisor": "10 min", "repeat": "15 min", "rota": ""}
        assert policy_of(values) == PagingPolicy()
        assert contact_of({"address": "a@b.example"}).channel == "e-mail"
        assert contact_of({"address": "https://b.example/x"}).channel == "webhook"


def test_a_welfare_timer_gets_louder() -> None:
    timer = a_timer(NOW, 12)
    assert due_words(timer, NOW) == "due in 12 min"
    quiet = header_words(timer, NOW)
    assert quiet is not None
    assert quiet.tone == "muted"
    loud = header_words(timer, NOW + timedelta(minutes=13))
    assert loud is not None
    assert (loud.text, loud.tone) == (" WELFARE DUE: W I am well ", "loud")
    assert due_words(timer, NOW + timedelta(minutes=14)) == "DUE since 2 min: supervisors are paged in 8 min"
    assert due_words(timer, NOW + timedelta(minutes=25)).startswith("MISSED: supervisors are paged since 3 min")


def test_a_sheet_tells_what_is_open_most_urgent_first_and_how_much_more() -> None:
    sheet = HandoverSheet(
        rota="technical",
        name="Technical",
        zone="Europe/London",
        change_at=NOW,
        outgoing="TO-07",
        incoming="TO-12",
        made_by="TO-07",
        made_at=AT,
        deployments=[],
        alarms=[
            SheetAlarm(
                alarm="AL-1",
                label="van kit 005",
                kind="tamper",
                severity="alarm",
                state="acknowledged",
                deployment="DEP-118",
                summary="",
                raised_at=AT,
                acknowledged_by="TO-07",
            )
        ],
        kit=[
            SheetKit(
                item="K-0042",
                model="van-kit",
                custodian="TO-07",
                deployment=None,
                expected_back_at=AT,
                standing="overdue",
            )
        ],
        authorities=[],
        papers=[],
        welfare=[],
        rest_owed=[],
        gaps=[],
        counts={"alarms": 1, "kit": 4},
        rest_unknown=False,
    )
    row = HandoverRow(
        handover="HO-00000000000a",
        rota="technical",
        change_at=NOW,
        outgoing="TO-07",
        incoming="TO-12",
        made_by="TO-07",
        made_at=AT,
        sha256="ab" * 32,
        acknowledged=[],
        waits_for=["TO-07", "TO-12"],
        superseded_by=None,
    )
    text = said(sheet_lines(HandoverView(row=row, sheet=sheet), "TO-12", 78, NOW, utc=True))
    for words in ("TO-07 → TO-12", "WAITS FOR YOU", "ALARMS OPEN  1", "taken by TO-07", "KIT OUT  4", "and 3 more"):
        assert words in text
    assert text.index("ALARMS OPEN") < text.index("KIT OUT")


def fleet() -> StubClient:
    """A fleet with one alarm that an event of the same kind tells of too."""
    client = StubClient(20)
    client.join_list = []
    client.event_list = [
        msgspec.structs.replace(
            client.event_list[0], unit_id="unit-00000005", label="van kit 005", kind="tamper", severity="alarm", at=AT
        )
    ]
    view = an_alarm(1, client.now - timedelta(minutes=3))
    client.alarm_list = [view]
    client.alarm_pages = {view.alarm: [a_page("TO-07", client.now - timedelta(minutes=3))]}
    client.next_page_at = client.now + timedelta(minutes=3, seconds=30)
    return client


@pytest.mark.parametrize("size", SIZES)
async def test_an_alarm_and_its_event_are_one_line_with_whom_it_paged(tmp_path: Path, size: tuple[int, int]) -> None:
    async with console(fleet(), tmp_path, size) as screen:
        await screen.sees("NEEDS YOU  ", "paged TO-07", "secondary in 3 min", "DEP-118")
        assert sum("tamper" in line and "van kit 005" in line for line in screen.lines) <= 1
        assert sum("van kit 005" in line for line in screen.lines) == 1
        assert all(len(line) <= size[0] for line in screen.lines)
        await screen.press("a")
        await screen.sees("acknowledged van kit 005: tamper; nobody else is paged")
        await screen.misses("paged TO-07")
    ((_asked, _alarm, body),) = screen.asked("acknowledge_alarm")
    assert body == Acknowledging()


async def test_going_says_first_what_begins_by_itself_and_welfare_is_answered_by_one_key(tmp_path: Path) -> None:
    async with console(fleet(), tmp_path) as screen:
        await screen.sees("paged TO-07")
        await screen.press("g")
        await screen.sees("A call-out of yours begins now on technical", "A welfare timer starts")
        await screen.sees("alarm.acknowledged: TO-12 acknowledges tamper", "leaves for it now")
        assert not screen.asked("acknowledge_alarm")
        await screen.press("y")
        await screen.sees("your call-out and welfare timer run", "WELFARE  due in", "w I am well")
        await screen.press("6")
        await screen.sees("welfare ")
        await screen.press("W")
        await screen.sees("you are well; the next answer is due in 60 min")
    assert screen.asked("answer_welfare")


async def test_dead_alarming_stands_above_all(tmp_path: Path) -> None:
    client = fleet()
    client.alarming_is = AlarmingStanding(
        standing="dead",
        at=client.now - timedelta(minutes=14),
        age_s=840,
        round_s=None,
        pages_waiting=3,
        last_sent_at=None,
        contacts_failing=False,
        unreachable=0,
        last_error="",
    )
    async with console(client, tmp_path) as screen:
        await screen.sees("ALARMING DEAD since")
        assert "ALARMING DEAD" in screen.cursor_line()
        await screen.press("enter")
        await screen.sees("ALARMS  open 1", "1 WAIT", "ALARMING DEAD")


async def test_rules_are_changed_by_supervisors_only(tmp_path: Path) -> None:
    client = fleet()
    async with console(client, tmp_path) as screen:
        await screen.press("A")
        await screen.sees("ALARMS  open 1")
        await screen.press("r")
        await screen.sees("ALARM RULES  ", "the defaults", "secondary after 5 min")
        await screen.press("p")
        await screen.sees("changing alarm rules is a supervisor's")
    client.role = "supervisor"
    async with console(client, tmp_path) as screen:
        await screen.press("A", "r")
        await screen.sees("ALARM RULES  ", "hot")
        down = [one.rule for one in DEFAULT_RULES.rules].index("hot")
        await screen.press(*["down"] * down, "e", *["tab"] * 2, *"above 85", "enter")
        await screen.sees("rule hot is laid down", "≥ 85 °C", "version 1 by SU-02")
