"""Rollouts in words and bars: what a line says, what a form means, what wants a person."""

from datetime import UTC, datetime, time, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.errors import BridgeError
from firmware_bridge.transport.ports import PortFacts
from protocols.people import PERMISSIONS
from protocols.rollouts import Held, Ring, RolloutPlan, UnitUpdateState
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_firmware import AUTUMN, PLAN, ring
from tui.dialogs.firmware_rollout import NewRolloutDialog
from tui.dialogs.goto import GotoDialog, destinations
from tui.firmware_bench_lines import known_of, port_line, port_names
from tui.firmware_forms import TEMPLATE, new_rollout_of, started_sentence
from tui.firmware_lines import bar, rollout_line
from tui.firmware_needs import FirmwareFacts, by_rollout, firmware_needs
from tui.firmware_rollout_lines import top_lines, unit_line
from tui.firmware_unit_lines import firmware_line, firmware_lines
from tui.firmware_update import wish_of
from tui.firmware_words import held_counts, more_that_stop, nearness_words, rings_words
from tui.paint import Line, cut, line_width
from tui.rota_forms import Unclear
from tui.unit_page import health_lines

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
COUNT = st.integers(0, 20_000)


def text(line: Line) -> str:
    return "".join(span.text for span in line)


@given(COUNT, COUNT, COUNT, COUNT, st.integers(4, 60))
def test_a_bar_has_its_width_and_hides_nothing(done: int, bad: int, going: int, rest: int, cells: int) -> None:
    drawn = text(bar(done, bad, going, done + bad + going + rest, cells))
    assert len(drawn) == cells
    assert [sign in drawn for sign in "█!▒"] == [count > 0 for count in (done, bad, going)]
    assert ("·" in drawn) == (rest > 0 or done + bad + going + rest == 0)


def stopped_at(plan: RolloutPlan, bad: int, done: int) -> bool:
    return bad + done >= plan.stop_after and bad * 100 > plan.stop_bad_percent * (bad + done)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 100), st.integers(1, 30))
def test_how_many_more_stop_a_ring_is_the_least_that_does(
    done: int, bad: int, waiting: int, percent: int, after: int
) -> None:
    plan = RolloutPlan(rings=PLAN.rings, stop_bad_percent=percent, stop_after=after)
    counts: dict[UnitUpdateState, int] = {"done": done, "failed": bad, "waiting": waiting}
    more = more_that_stop(ring("all", NOW, counts), plan)
    enough = [count for count in range(waiting + 1) if stopped_at(plan, bad + count, done)]
    assert more == (enough[0] if enough else None)


@pytest.mark.parametrize("field", ["image", "key"])
@pytest.mark.parametrize("pasted", ["a\0b", "~\0", "a\x1b[31m"])
def test_a_path_that_was_pasted_with_signs_that_none_has_is_refused(field: str, pasted: str) -> None:
    values = {"image": __file__, "board": "", "key": __file__, field: pasted}
    with pytest.raises(BridgeError, match="no such characters"):
        wish_of(values, None)


def test_why_units_wait_is_said_in_words_most_first() -> None:
    held: dict[Held, int] = {"check": 3, "away": 1, "turn": 0}
    assert held_counts(held) == "3 wait for a check to end, 1 waits to be connected"
    assert held_counts({}) == ""


def test_how_near_a_rollout_is_to_stopping() -> None:
    client = StubClient(0)

    def near(counts: dict[UnitUpdateState, int]) -> str:
        client.rolls("autumn", "running", [ring("10 %", NOW, counts)])
        return nearness_words(client.rollout_list[0])

    assert near({"done": 12, "waiting": 9}) == "10 %: 0 of 12 bad, 1 more stops it"
    assert near({"done": 100, "failed": 1, "waiting": 90}) == "10 %: 1 of 101 bad, 3 more stop it"
    assert near({"done": 12, "failed": 3, "waiting": 9}).endswith("those from before it went on do not count")
    assert near({"waiting": 9}) == ""


def test_a_page_of_many_rings_leaves_room_for_units_and_tells_the_ring_that_goes_on() -> None:
    client = StubClient(0)
    over = [ring(f"ring {index}", NOW, {"done": 4}) for index in range(5)]
    later = [ring(f"ring {index}", NOW, {"waiting": 9}, {"ring": 9}) for index in range(6, 10)]
    client.rolls("autumn", "running", [*over, ring("ring 5", NOW, {"done": 1, "working": 3}), *later])
    for width in (80, 160):
        lines = top_lines(client.rollout_list[0], width, 8, NOW, utc=True)
        assert len(lines) <= 9
        assert any("ring 5" in text(line) and "3 under way" in text(line) for line in lines)
        assert any("more" in text(line) for line in lines)
        assert all(line_width(line) <= width for line in lines)


def test_what_a_ring_waits_for_and_since_when_it_is_over_can_be_read_at_80_columns() -> None:
    client = StubClient(0)
    over = ring("1 unit", NOW - timedelta(minutes=7), {"done": 190, "failed": 12, "left-out": 10})
    over = msgspec.structs.replace(over, ended_at=NOW - timedelta(minutes=7))
    client.rolls("autumn", "running", [over, ring("10 %", NOW, {"waiting": 9}), ring("rest", NOW, {"waiting": 9})])
    said = [text(cut(line, 80)) for line in top_lines(client.rollout_list[0], 80, 8, NOW, utc=True)]
    assert any("next within 53 min" in line for line in said)
    client.rolls("autumn", "done", [over])
    said = [text(line) for line in top_lines(client.rollout_list[0], 80, 8, NOW, utc=True)]
    assert "done, 12 bad" in said[0]
    assert any("over, 7 min ago" in line for line in said)


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("the unit's supply is too low now; see to it, then order the update again", "supply is too low now"),
        ("cancelled before it was told", "cancelled before it was told"),
    ],
)
def test_why_a_unit_is_bad_can_be_read_in_its_line(reason: str, shown: str) -> None:
    row = StubClient(0).updates("RO-0", "unit-0c41d2f8", "refused", reason=reason)
    assert text(cut(unit_line(row, 78, NOW), 78)).endswith(f" {shown}")


def test_a_rollout_that_is_done_with_bad_units_says_so_in_the_list() -> None:
    client = StubClient(0)
    client.rolls("autumn", "done", [ring("all", NOW, {"done": 3, "failed": 1})])
    line = rollout_line(client.rollout_list[0].row, 78, NOW, utc=True)
    assert line[0] == ("done, 1 bad  ", "fair")
    assert line_width(line) <= 78
    client.rolls("autumn", "done", [ring("all", NOW, {"done": 3, "failed": 1000})])
    assert rollout_line(client.rollout_list[0].row, 78, NOW, utc=True)[0].text == "done, bad    "


async def test_the_last_update_of_a_unit_is_told_with_its_age() -> None:
    client = StubClient(1)
    row = client.updates("RO-0", "unit-0c41d2f8", "done", changed_at=NOW - timedelta(seconds=46))
    lines = firmware_lines(await client.unit(client.rows[0].unit_id), [row], NOW, 80)
    assert any("last update done, 46 s ago" in text(line) for line in lines)


def test_no_name_of_the_palette_is_cut() -> None:
    for one in destinations():
        line = GotoDialog([])._draw(one, 66)
        assert "…" not in text(line), text(line)


def test_two_ports_with_the_same_name_are_told_apart() -> None:
    paths = ["/dev/ttyUSB0", "/tmp/left/mcu", "/tmp/right/mcu"]
    names = port_names(paths)
    assert list(names.values()) == ["ttyUSB0", "left/mcu", "right/mcu"]
    assert port_names(["/a/mcu", "/b/a/mcu"]) == {"/a/mcu": "/a/mcu", "/b/a/mcu": "b/a/mcu"}
    port = PortFacts(path="/x", stable="/x", label="USB serial")
    for width in (78, 158):
        line = port_line(
            port, "a-long-folder-of-simulated-devices-on-a-bench/left/mcu", known_of(None, None), width, 54
        )
        assert "/left/mcu " in text(line)
        assert line_width(line) <= width


VALUES = {
    "title": "autumn",
    "rings": TEMPLATE,
    "units": "",
    "at_once": "20",
    "stop": "3%",
    "after": "5",
    "time": "",
    "deployed": "no",
    "limit": "1h",
}


def test_a_form_that_is_left_as_it_is_begins_with_one_unit() -> None:
    new = new_rollout_of(VALUES, AUTUMN)
    assert new.plan == RolloutPlan(
        rings=[
            Ring(name="1 unit", share_percent=0.005, wait_s=3600),
            Ring(name="10 %", share_percent=10, wait_s=14_400),
            Ring(name="rest", share_percent=100),
        ]
    )
    assert rings_words(new.plan) == "1 unit, 1 h later 10 %, 4 h later the rest"
    assert started_sentence(new, "SU-01") == (
        "rollout.started: SU-01 brings every unit that it suits to autumn: 1 unit, 1 h later 10 %, 4 h later the rest; "
        "at most 20 at once, at any time; stops by itself above 3 % bad of a ring, once 5 have ended"
    )


def test_a_form_says_what_was_typed() -> None:
    typed = {
        "rings": "unit-0c41d2f8 + unit-9f02aaaa success 100% wait 30 min, 2.5 % wait 1d, rest",
        "units": "unit-0c41d2f8, unit-9f02aaaa",
        "time": "22:00-5:30",
        "deployed": "yes",
    }
    new = new_rollout_of(VALUES | typed, AUTUMN)
    first, second, _ = new.plan.rings
    assert (first.name, first.units, first.success_percent, first.wait_s) == (
        "2 named units",
        ["unit-0c41d2f8", "unit-9f02aaaa"],
        100.0,
        1800,
    )
    assert (second.name, second.share_percent, second.wait_s) == ("2.5 %", 2.5, 86_400)
    assert (new.plan.from_time, new.plan.until_time, new.plan.deployed) == (time(22), time(5, 30), True)
    assert new_rollout_of(VALUES | {"rings": ""}, AUTUMN).plan.rings == [Ring(name="all", share_percent=100)]


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("title", ""),
        ("rings", "10%"),
        ("rings", "rest, 10%"),
        ("rings", "some, rest"),
        ("rings", "10%, 10%, rest"),
        ("rings", "101%, rest"),
        ("rings", "1 unit wait soon, rest"),
        ("rings", ",".join(["1%", "2%", "3%", "4%", "5%", "6%", "7%", "8%", "9%", "10%", "rest"])),
        ("units", "van"),
        ("at_once", "0"),
        ("stop", "many"),
        ("after", "1001"),
        ("time", "22:00"),
        ("time", "22:00-22:00"),
        ("deployed", "perhaps"),
        ("limit", "10s"),
        ("limit", "8d"),
    ],
)
def test_what_a_form_can_not_mean_is_said_at_its_field(field: str, typed: str) -> None:
    with pytest.raises(Unclear) as unclear:
        new_rollout_of(VALUES | {field: typed}, AUTUMN)
    assert unclear.value.field == field
    assert unclear.value.says


@given(st.dictionaries(st.sampled_from(sorted(VALUES)), st.text(max_size=30)))
def test_whatever_is_typed_is_a_rollout_or_unclear(typed: dict[str, str]) -> None:
    unclear: Unclear | None = None
    try:
        rings = new_rollout_of(VALUES | typed, AUTUMN).plan.rings
    except Unclear as error:
        unclear = error
    assert unclear.field in VALUES if unclear is not None else rings[-1].share_percent == 100


def test_a_title_of_a_form_fits_the_api() -> None:
    dialog = NewRolloutDialog(AUTUMN, StubClient(0).release_view.manifests[AUTUMN], "SU-01")
    assert dialog.title_text() == "Roll out autumn: agent 1.5.0, MCU 2.2.1"


async def test_the_firmware_of_a_unit_is_told_with_its_age_or_as_unknown() -> None:
    client = StubClient(1)
    detail = await client.unit(client.rows[0].unit_id)
    assert text(firmware_line(detail)) == "agent 0.1.0   MCU —   modem —"
    health = detail.health | {"mcu_version": "2.2.1", "modem_version": "X1", "ages_s": {"mcu_version": 200}}
    assert text(firmware_line(msgspec.structs.replace(detail, health=health))) == (
        "agent 0.1.0   MCU 2.2.1 · 3 min   modem X1"
    )


@pytest.mark.parametrize("width", [80, 160])
async def test_no_figure_of_a_unit_is_cut_however_old_it_is(width: int) -> None:
    client = StubClient(1)
    detail = await client.unit(client.rows[0].unit_id)
    more = {
        "battery_percent": 24.0,
        "modem_temp_c": 72.0,
        "modem_version": "EG25GGBR07A08M2G_30.003",
        "modem_registration": "roaming",
        "watchdog_resets": 3,
        "gnss_antenna": "short",
        "ages_s": {"modem_temp_c": 130, "modem_registration": 5400, "gnss_antenna": 172_800},
    }
    lines = health_lines(msgspec.structs.replace(detail, health=detail.health | more), width)
    said = "\n".join(text(line) for line in lines)
    assert "…" not in said
    for word in ("72 °C", "· 2 min", "24 %", "roaming", "short", "EG25GGBR07A08M2G"):
        assert word in said


def test_what_wants_a_person_of_firmware() -> None:
    client = StubClient(0)
    client.rolls("autumn", "stopped", [ring("all", client.now, {"failed": 5})], "5 of 5 are bad")
    client.drafts_release("targets", ["TO-12", "SU-01"], ["SU-01"])
    client.ends("targets", timedelta(days=13))
    client.ends("root", timedelta(days=-1))
    facts = FirmwareFacts([view.row for view in client.rollout_list], client.release_view)
    untold = by_rollout(facts, [], [])
    mine = firmware_needs(facts, untold, "TO-12", PERMISSIONS["supervisor"], client.now)
    assert [(need.kind, need.is_others, need.presses) for need in mine] == [
        ("rollout", False, False),
        ("sign", False, False),
        ("release", False, True),
        ("release", False, False),
    ]
    others = firmware_needs(facts, untold, "IN-03", PERMISSIONS["inspector"], client.now)
    assert [(need.kind, need.is_others) for need in others] == [("rollout", True), ("release", True), ("release", True)]
    assert others[0].hint == "letting it go on is a supervisor's"
    assert firmware_needs(None, by_rollout(None, [], []), "AP-01", PERMISSIONS["approver"], client.now) == []
