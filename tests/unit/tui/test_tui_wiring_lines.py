"""Wiring as lines: the list, findings at their places, every side of a plan, answers, advice in a text. Pure."""

import re
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wiring.rules.advising import advised
from fleet.wiring.rules.library import TEMPLATES, template, template_text
from fleet.wiring.rules.questions import defaults, questions
from fleet.wiring.rules.reading import read_plan
from fleet.wiring.rules.writing import write_plan
from protocols.api.wiring import HarnessRow
from protocols.wiring.policy import WiringPolicy
from tests.unit.tui.stub_wiring import UNSAFE, plan_of
from tui.lines import TONE_STYLES
from tui.paint import Line, line_width
from tui.wiring_advice import advised_text
from tui.wiring_answers import Worked, answer_line, completed, texts_of, worked, worked_lines
from tui.wiring_findings import check_lines, finding_lines, unsafe_words, verdict_line
from tui.wiring_lines import harness_detail, harness_line, heads_line, narrowed, title_line
from tui.wiring_marks import colour_spans
from tui.wiring_page import VIEWS, strip_line, view_lines
from tui.wiring_seen import seen_plan

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
POLICY = WiringPolicy()
WIDTHS = (78, 158)


def text(line: Line) -> str:
    return "".join(span.text for span in line)


def whole(lines: list[Line]) -> str:
    return "\n".join(text(line) for line in lines)


def row(**changed: object) -> HarnessRow:
    one = HarnessRow(
        harness="H-000000000001",
        name="van-12v",
        title="Panel van",
        revision=3,
        kept_at=NOW,
        kept_by="TO-12",
        system_v=12,
        loads=3,
        conductors=16,
        failed=0,
        unjudged=0,
        may_be_fitted=True,
        deployments=2,
    )
    return msgspec.structs.replace(one, **changed)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_harness_stands_in_one_line_below_its_heads(width: int) -> None:
    line, heads = text(harness_line(row(), width)), text(heads_line(width))
    assert line.index("12 V") == heads.index("system")
    assert line.index("may be fitted") == heads.index("checks")
    assert line.index("2", line.index("fitted")) == heads.index("deployments")
    assert "not safe  2 fail, 1 unjudged" in text(harness_line(row(may_be_fitted=False, failed=2, unjudged=1), width))
    assert "—" in text(harness_line(row(system_v=None), width))


def test_the_one_under_the_cursor_is_told_at_length() -> None:
    told = whole(harness_detail(row(), NOW, utc=True))
    assert "Panel van" in told
    assert "3 loads  16 conductors  2 deployments have it" in told
    assert "revision 3 kept by TO-12 03:00" in told
    assert "nobody has it" in whole(harness_detail(row(deployments=0), NOW, utc=True))


@pytest.mark.parametrize(
    ("typed", "found"), [("", 2), ("van", 1), ("24|12", 2), ("safe", 1), ("van safe", 0), ("TO-12", 2)]
)
def test_words_narrow_the_list(typed: str, found: int) -> None:
    rows = [row(), row(name="lorry", title="Lorry", system_v=24, may_be_fitted=False, harness="H-000000000002")]
    assert len(narrowed(rows, typed)) == found
    assert "with “van”" in text(title_line(1, 2, "van"))
    assert "2 harnesses" in text(title_line(2, 2, ""))


def test_a_fault_is_told_at_its_line_and_column_with_what_to_do() -> None:
    seen = seen_plan("muster_wiring: 1\nname: x\nbogus: 3\n", POLICY)
    told = whole(finding_lines(seen, 78))
    assert "3:1  ✗ fault" in told
    assert "→ " in told
    assert "1 fault in the text" in text(verdict_line(seen))
    assert seen.plan is None


def test_what_fails_is_told_at_the_line_of_its_subject() -> None:
    seen = seen_plan(UNSAFE, POLICY)
    place = seen.reading.place("conductors.W2")
    assert f"{place.line}:{place.column}  ✗ fuse-protects-cable  safety" in whole(finding_lines(seen, 78))
    assert "not to be fitted" in text(verdict_line(seen))
    assert seen.assessment is not None
    assert "fuse-protects-cable (conductors.W2)" in unsafe_words(seen.assessment)
    checks = whole(check_lines(seen, 78))
    assert "rating_a ≤ derating · ampacity_a" in checks
    assert "unverified" in checks or all(not one.unverified for one in seen.assessment.judgements)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", TEMPLATES)
def test_every_side_of_a_plan_fits_the_screen(name: str, view: object, width: int) -> None:
    assert view in VIEWS
    side = next(one for one in VIEWS if one == view)
    lines = view_lines(side.name, seen_plan(template_text(name), POLICY), POLICY, width)
    assert lines
    assert all(line_width(line) <= width for line in lines)
    assert line_width(strip_line(side.name)) <= width


def test_sides_of_a_plan_say_what_somebody_needs_beside_the_pliers() -> None:
    seen = seen_plan(template_text("van-12v"), POLICY)
    shown = {view.name: whole(view_lines(view.name, seen, POLICY, 78)) for view in VIEWS}
    assert "● B1" in shown["diagram"]
    assert "□ X1" in shown["cavities"]
    assert "blade fuse 5 A tan" in shown["buy"]
    assert "W2" in shown["labels"]
    assert "main starts for" in shown["drain"]
    assert "WANTS MENDING" not in shown["diagram"]
    unsafe = seen_plan(UNSAFE, POLICY)
    for width in WIDTHS:
        assert "WANTS MENDING" in whole(view_lines("diagram", unsafe, POLICY, width))


def test_a_colour_is_painted_and_its_code_is_read() -> None:
    assert [(span.text, span.tone) for span in colour_spans("GNYE")] == [("GN", "wire-GN"), ("YE", "wire-YE")]
    assert all(span.tone in TONE_STYLES for span in colour_spans("BKWH"))
    assert text(colour_spans("")) == "—"


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_default_answers_pass_and_tell_each_figure(name: str) -> None:
    found = worked(template(name), texts_of(defaults(name)), POLICY)
    assert isinstance(found, Worked)
    lines = worked_lines(found, 78)
    told = whole(lines)
    assert all(line_width(line) <= 78 for line in lines)
    for word in ("conductors", "fuses", "drop at 20 °C", "at kit, cranking", "dead short", "starts after", "all "):
        assert word in told
    assert "✗" not in told


def test_what_fails_is_said_in_words_as_it_is_typed() -> None:
    texts = {**texts_of(defaults("van-12v")), "load_a": "30", "run_m": "30", "ground": "battery"}
    found = worked(template("van-12v"), texts, POLICY)
    assert isinstance(found, Worked)
    told = whole(worked_lines(found, 78))
    assert "✗ drop-cold" in told
    assert "→" in told


def test_an_answer_that_is_none_is_refused_beside_its_field() -> None:
    plan = template("van-12v")
    refused = worked(plan, {**texts_of(defaults("van-12v")), "load_a": "much"}, POLICY)
    assert isinstance(refused, list)
    load, run = questions(plan)[:2]
    assert "✗ load is a number" in text(answer_line(load, refused))
    assert "string" in text(answer_line(run, refused))


@pytest.mark.parametrize(
    ("name", "typed", "meant"),
    [
        ("source", "i", "ignition"),
        ("source", "BAT", "battery"),
        ("source", "x", "x"),
        ("source", "", ""),
        ("fuse_a", "7", "7"),
        ("fuse_a", "7,5", "7.5"),
        ("load_a", " 2,2 ", "2.2"),
    ],
)
def test_the_beginning_of_a_choice_stands_for_it(name: str, typed: str, meant: str) -> None:
    asked = {one.name: one for one in questions(template("van-12v"))}
    assert completed(asked[name], typed) == meant


def test_advice_goes_into_the_text_and_leaves_the_rest_as_it_is() -> None:
    found = advised_text(UNSAFE, read_plan(UNSAFE), POLICY)
    assert found is not None
    assert not found.is_rewritten
    assert plan_of(found.text) == advised(plan_of(UNSAFE), POLICY)
    changed = [(old, new) for old, new in zip(UNSAFE.split("\n"), found.text.split("\n"), strict=True) if old != new]
    assert any("F1: {rating_a: 3, holder_max_a: 20" in new for _old, new in changed)
    assert "# Terminal 30, as large as the drop asks for" in found.text
    assert len(changed) < 12


BLOCK = """\
muster_wiring: 1
name: block
vehicle: {system_v: 12, batteries: {main: {capacity_ah: 70}}}
sources:
  B1: {terminal: 30, battery: main, circuit: battery}
grounds: {G1: {}}
fuses:
  F1:
    rating_a: 20 # too much
loads: {kit: {peak_a: 2, running_a: 1}}
conductors:
  W1: {from: B1, to: F1.in, length_m: 0.2}
  W2:
    from: F1.out # no size yet
    to: kit.+
    length_m: 4
  W3: {from: kit.-, to: G1, length_m: 0.5, csa_mm2: 4}
"""


def test_a_size_that_nobody_said_is_written_in() -> None:
    found = advised_text(BLOCK, read_plan(BLOCK), POLICY)
    assert found is not None
    assert not found.is_rewritten
    assert plan_of(found.text) == advised(plan_of(BLOCK), POLICY)
    assert "  W1: {csa_mm2: 0.5, from: B1" in found.text
    assert re.search(r"\n    csa_mm2: [0-9.]+\n    from: F1.out # no size yet\n", found.text)
    assert "# too much" in found.text


def test_a_text_that_can_not_be_edited_is_written_anew_and_says_so() -> None:
    split = BLOCK.replace("rating_a: 20 # too much", "rating_a:\n      20 # on a line of its own")
    found = advised_text(split, read_plan(split), POLICY)
    assert found is not None
    assert found.is_rewritten
    assert plan_of(found.text) == found.after == advised(plan_of(BLOCK), POLICY)


def test_a_text_with_faults_has_no_advice() -> None:
    faulty = "muster_wiring: 1\nname: x\nbogus: 3\n"
    assert advised_text(faulty, read_plan(faulty), POLICY) is None


@given(st.sampled_from(TEMPLATES), st.floats(0.1, 20), st.floats(0.1, 20))
def test_advice_of_any_plan_reads_as_advised(name: str, load_a: float, run_m: float) -> None:
    texts = {**texts_of(defaults(name)), "load_a": f"{load_a:.2f}", "run_m": f"{run_m:.2f}"}
    found = worked(template(name), texts, POLICY)
    assert isinstance(found, Worked)
    written = write_plan(found.plan).replace("csa_mm2: 0.5,", "csa_mm2: 10,")
    advice = advised_text(written, read_plan(written), POLICY)
    assert advice is not None
    assert not advice.is_rewritten
    assert plan_of(advice.text) == advice.after
