"""Kit and sites as lines; what is scanned, what the forms about them mean."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from protocols.api.kit import (
    CounterView,
    ItemDetail,
    ItemView,
    MaintenanceView,
    ModelView,
    Movement,
    ReservationView,
    Scan,
)
from protocols.api.sites import SignalSeen, SiteRow, SiteView, SurveyView
from protocols.kit import DueMaintenance, KitModel
from tui.kit_forms import (
    change_of,
    condition_of,
    maintained_of,
    model_of,
    new_item_of,
    reading_of,
    rules_of,
    rules_text,
    service_of,
    set_place_of,
    stock_of,
)
from tui.kit_lines import heads_line, item_detail, item_line, narrowed, title_line
from tui.kit_page import item_page
from tui.kit_scan_lines import ScanLine, ScanSetting, Way, is_scanned, left_lines, moved_sentence, read_line, scan_lines
from tui.kit_words import due_words
from tui.paint import Line, line_width
from tui.rooms.kit_label import label_lines
from tui.rota_forms import Unclear
from tui.site_forms import signals_of, site_of, survey_of
from tui.site_lines import signal_span, site_line, site_page
from tui.words import number

NOW = datetime(2026, 11, 21, 2, 58, tzinfo=UTC)
SERVICE = DueMaintenance(
    rule="service",
    what="clean the seals",
    procedure="OP014",
    due_at=NOW + timedelta(days=12),
    counter=None,
    left=None,
    standing="soon",
)


def said(lines: list[Line]) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


def an_item(**changed: Any) -> ItemView:
    item = ItemView(
        item="K-0042",
        model="van-kit",
        model_name="Van kit",
        kind="unit",
        serial="SN-7",
        unit="unit-0c41aaaa",
        unit_label="van kit 042",
        condition="good",
        service="in-service",
        standing="available",
        why="",
        custodian="TO-12",
        place="VAN-2",
        deployment=None,
        reserved_for="DEP-118",
        reserved_from=NOW + timedelta(hours=8),
        out_since=None,
        expected_back_at=None,
        next_maintenance=SERVICE,
        version=3,
    )
    return msgspec.structs.replace(item, **changed)


OUT = an_item(
    item="K-0043",
    standing="overdue",
    why="it is out, and was to be back 2 h ago",
    custodian="TO-07",
    place=None,
    deployment="DEP-118",
    reserved_for=None,
    out_since=NOW - timedelta(days=3),
    expected_back_at=NOW - timedelta(hours=2, minutes=10),
)


@pytest.mark.parametrize("width", [79, 159])
def test_an_item_is_one_line_that_says_in_words_how_it_stands(width: int) -> None:
    line = item_line(an_item(), width, NOW, utc=True)
    assert line_width(line) <= width
    for words in ("K-0042", "available", "TO-12", "VAN-2 → DEP-118", "in 12 d"):
        assert words in said([line])
    late = said([item_line(OUT, width, NOW, utc=True)])
    assert "overdue" in late
    assert "for DEP-118" in late
    assert "over 2 h 10" in late
    assert line_width(heads_line(width)) <= width


def test_the_title_counts_by_standing_and_says_what_narrows() -> None:
    counts = {"available": 198, "overdue": 4, "out": 0}
    assert said([title_line(202, 202, counts, None, "")]) == " KIT  202   198 available  4 overdue"
    assert "4 of 202   only overdue   with “van”" in said([title_line(4, 202, counts, "overdue", "van")])
    assert said([title_line(None, 0, {}, None, "")]) == " KIT  …"


def test_words_narrow_the_list_by_all_that_is_known() -> None:
    both = [an_item(), OUT]
    assert narrowed(both, "dep-118 to-07", None) == [OUT]
    assert narrowed(both, "0042|0043", "available") == [both[0]]
    assert narrowed(both, "nothing of the kind", None) == []


def test_the_detail_says_why_it_can_not_go_out() -> None:
    assert "was to be back 2 h ago" in said(item_detail(OUT, 80, NOW, utc=True))
    assert "it can go out now" in said(item_detail(an_item(), 80, NOW, utc=True))


def test_the_page_tells_every_fact_with_its_age() -> None:
    moved = Movement(
        item="K-0042",
        at=NOW - timedelta(hours=3),
        from_person="TO-07",
        to_person="TO-12",
        from_place=None,
        to_place="VAN-2",
        deployment=None,
        way="in",
        how="scan",
        condition="good",
    )
    detail = ItemDetail(
        row=an_item(),
        maintenance=[SERVICE],
        counters=[CounterView(counter="running_h", value=1240, read_at=NOW - timedelta(seconds=40), read_by=None)],
        maintained=[
            MaintenanceView(
                rule="service", done_at=NOW - timedelta(days=168), done_by="TO-07", counter_value=9, note=""
            )
        ],
        movements=[moved],
        reservations=[
            ReservationView(item="K-0042", deployment="DEP-118", starts_at=NOW, ends_at=NOW + timedelta(days=2))
        ],
    )
    page = item_page(detail, 78, NOW, utc=True)
    text = said(page)
    assert max(line_width(line) for line in page) <= 79
    for words in (
        "good · 3 h",
        f"{number(1240)} h · 40 s",
        "by its unit's reports",
        "TO-07 → TO-12",
        "DEP-118",
        "service in 12 d",
    ):
        assert words in text, words
    worn = msgspec.structs.replace(detail, row=an_item(condition="worn"))
    assert "worn · since it moved" in said(item_page(worn, 78, NOW, utc=True))


def test_maintenance_says_what_is_over_and_what_nobody_read() -> None:
    over = msgspec.structs.replace(SERVICE, due_at=NOW - timedelta(days=3), standing="overdue")
    assert due_words(over, NOW) == "overdue 3 d"
    both = msgspec.structs.replace(over, due_at=NOW + timedelta(days=1), counter="battery_cycles", left=-4)
    assert due_words(both, NOW) == "in 24 h, overdue by 4 cycles"
    unread = msgspec.structs.replace(SERVICE, due_at=None, counter="running_h", standing="unknown")
    assert due_words(unread, NOW) == "never read"


class TestScanning:
    def test_a_label_is_taken_as_it_is_or_short_with_what_was_seen(self) -> None:
        setting = ScanSetting(deployment="DEP-118")
        for text in ("K-0042", "42", "k42", "k-0042"):
            scan = read_line(text, setting, NOW, utc=True)
            assert isinstance(scan, Scan)
            assert (scan.item, scan.way, scan.deployment, scan.condition) == ("K-0042", "out", "DEP-118", None)
        seen = read_line("42 worn a clip is broken", setting, NOW, utc=True)
        assert isinstance(seen, Scan)
        assert (seen.condition, seen.note) == ("worn", "a clip is broken")

    def test_a_line_can_set_what_is_done_with_those_that_follow(self) -> None:
        setting = ScanSetting()
        for line in ("DEP-118", "in", "to van-2"):
            read = read_line(line, setting, NOW, utc=True)
            assert isinstance(read, ScanSetting)
            setting = read
        assert setting == ScanSetting("in", "DEP-118", "VAN-2")
        back = read_line("back +4h", ScanSetting(), NOW, utc=True)
        assert isinstance(back, ScanSetting)
        assert back.back_at == NOW + timedelta(hours=4)
        scan = read_line("42", back, NOW, utc=True)
        assert isinstance(scan, Scan)
        assert scan.expected_back_at == back.back_at
        assert ScanSetting().next_way.next_way.next_way == ScanSetting()

    @pytest.mark.parametrize("text", ["", "42 broken", "K-12345678", "hello", "to", "back yesterday"])
    def test_what_is_no_label_is_said(self, text: str) -> None:
        with pytest.raises(Unclear):
            read_line(text, ScanSetting(), NOW, utc=True)

    def test_a_deployment_is_named_only_of_what_goes_out_and_a_place_of_what_comes_in(self) -> None:
        ways: list[tuple[Way, tuple[str | None, str | None]]] = [
            ("out", ("DEP-118", None)),
            ("in", (None, "VAN-2")),
            ("hand-over", (None, None)),
        ]
        for way, named in ways:
            scan = read_line("42", ScanSetting(way, "DEP-118", "VAN-2"), NOW, utc=True)
            assert isinstance(scan, Scan)
            assert (scan.deployment, scan.place) == named

    def test_only_what_a_scanner_types_counts_as_scanned(self) -> None:
        assert is_scanned("K-0042", 0.15)
        assert not is_scanned("K-0042", 2.0)
        assert not is_scanned("42", 0.01)

    def test_what_came_of_it_begins_with_a_word(self) -> None:
        line = ScanLine(1, NOW, "K-0042")
        assert "asking" in said(scan_lines(line, 78, NOW, utc=True, whole=True))
        assert "REFUSED" in said(scan_lines(line._replace(said="it is quarantined"), 78, NOW, utc=True, whole=False))
        assert "done" in said(
            scan_lines(line._replace(said="TO-12 has it", is_done=True), 78, NOW, utc=True, whole=True)
        )
        assert "nothing is left to scan out" in said(left_lines(ScanSetting(deployment="DEP-1"), [], 78))
        assert "2 items" in said(left_lines(ScanSetting(), ["K-0001", "K-0002"], 78))
        assert moved_sentence(ScanSetting("in", None, "VAN-2"), "TO-12") == "kit.moved: TO-12 puts K-… back to VAN-2"


class TestForms:
    def test_deeds_of_an_item(self) -> None:
        assert condition_of({"condition": "dam", "note": ""}).condition == "damaged"
        assert service_of({"state": "quarantined", "reason": "smells"}).reason == "smells"
        done = maintained_of(
            {"rule": "service", "done": "-2h", "counter": "80", "note": ""}, ["service"], NOW, utc=True
        )
        assert (done.done_at, done.counter_value) == (NOW - timedelta(hours=2), 80)
        assert reading_of({"counter": "batt", "value": "300", "reason": ""}).counter == "battery_cycles"
        assert new_item_of({"model": "van-kit", "serial": "", "place": "van-2", "unit": ""}).place == "VAN-2"
        assert change_of({"serial": "SN-8", "unit": ""}, an_item()).serial == "SN-8"

    @pytest.mark.parametrize(
        ("field", "call"),
        [
            ("reason", lambda: service_of({"state": "lost", "reason": ""})),
            ("state", lambda: service_of({"state": "in-", "reason": "why"})),
            ("done", lambda: maintained_of({"rule": "s", "done": "+2h", "counter": "", "note": ""}, [], NOW, utc=True)),
            ("value", lambda: reading_of({"counter": "running_h", "value": "-1", "reason": ""})),
            ("serial", lambda: change_of({"serial": "SN-7", "unit": ""}, an_item())),
            ("unit", lambda: change_of({"serial": "SN-7", "unit": "unit-other123"}, an_item())),
            ("change", lambda: stock_of({"change": "0", "deployment": "", "note": ""})),
            ("keeper", lambda: set_place_of({"place": "VAN-2", "name": "Van", "keeper": "Jane"})),
            ("maintenance", lambda: rules_of("service OP014 clean")),
            ("signals", lambda: signals_of("O2 six")),
        ],
    )
    def test_what_is_wrong_is_said_of_its_field(self, field: str, call: Any) -> None:
        with pytest.raises(Unclear) as error:
            call()
        assert error.value.field == field

    def test_maintenance_rules_read_back_as_they_are_written(self) -> None:
        text = "service 180 d OP014 clean the seals; cells 365 d 300 battery_cycles replace the cells"
        rules = rules_of(text)
        assert rules_text(rules) == text
        assert (rules[0].procedure, rules[1].counter, rules[1].every_count) == ("OP014", "battery_cycles", 300)

    def test_a_model_keeps_its_kind(self) -> None:
        model = KitModel(model="fuse-5a", kind="other", name="Fuse 5 A", counted=True, low_at=20)
        view = ModelView(model=model, version=2, available=12, total=12, low=True)
        change = model_of({"name": "Fuse 5 A", "low": "30", "training": "", "maintenance": ""}, view)
        assert (change.version, change.model.kind, change.model.counted, change.model.low_at) == (2, "other", True, 30)
        assert stock_of({"change": "-5", "deployment": "dep-118", "note": ""}).deployment == "DEP-118"


def test_the_label_shows_its_code_where_there_is_room() -> None:
    lines = label_lines(an_item(), 80, 24)
    assert "█" in said(lines)
    assert "K-0042" in said(lines)
    assert "K-0042" in said(label_lines(an_item(), 40, 10))


class TestSites:
    ROW = SiteRow(
        site="K7",
        version=2,
        surveyed_at=NOW - timedelta(days=4),
        supply="vehicle-12-v",
        best_rsrp_dbm=-98.0,
        deployments=1,
        erased_at=None,
    )

    def test_a_list_line_has_no_address_and_says_how_old_the_survey_is(self) -> None:
        assert said([site_line(self.ROW, 78, NOW)]).split()[-4:] == ["fair", "4", "d", "1"]
        assert signal_span(None).text == "—"

    def test_the_page_tells_address_and_surveys_or_that_they_are_erased(self) -> None:
        survey = SurveyView(
            surveyed_at=NOW - timedelta(days=4),
            surveyed_by="TO-12",
            supply="vehicle-12-v",
            supply_mv=12_400,
            signals=[SignalSeen(network="O2", rsrp_dbm=-98, sinr_db=6)],
            note="",
        )
        view = SiteView(row=self.ROW, address="1 High St", access="ring first", surveys=[survey])
        text = said(site_page(view, 78, NOW, utc=True))
        for words in ("1 High St", "ring first", "vehicle 12 V 12.4 V · 4 d", "O2", "SINR 6 dB"):
            assert words in text
        gone = msgspec.structs.replace(
            view, row=msgspec.structs.replace(self.ROW, erased_at=NOW), address="", access="", surveys=[]
        )
        assert "were erased 02:58" in said(site_page(gone, 78, NOW, utc=True))

    def test_forms_read_codes_and_measurements(self) -> None:
        assert site_of({"site": "k7", "address": "a", "access": ""}, None)[0] == "K7"
        values = {"supply": "mains", "volts": "229.5 V", "signals": "O2 −98 6, EE -105", "at": "-2h", "note": ""}
        survey = survey_of(values, NOW, utc=True)
        assert (survey.supply_mv, [one.rsrp_dbm for one in survey.signals]) == (229_500, [-98, -105])
