"""What is different between two plans: exactly what somebody changed."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.difference import compare
from fleet.wiring.rules.difference_lines import difference_lines, newly
from fleet.wiring.rules.marks import cells, plain
from protocols.wiring.advice import Difference
from protocols.wiring.parts import Cavity, Connector, Cutoff
from protocols.wiring.plan import ExtraPart, Plan
from tests.support.wiring_plans import changed, circuit, kit, wire, without

CONNECTED = circuit(connectors={"X1": Connector(cavities={"1": Cavity(joins="camera.+")}, links=[["1", "1"]])})


@pytest.mark.parametrize(
    ("path", "value", "subject", "field", "before", "after"),
    [
        ("conductors.W2.csa_mm2", 4.0, "conductors.W2", "csa_mm2", "2.5", "4"),
        ("conductors.W2.colour", "GNYE", "conductors.W2", "colour", None, "GNYE"),
        ("conductors.W2.to", "S1", "conductors.W2", "to", "camera.+", "S1"),
        ("conductors.W2.shield", True, "conductors.W2", "shield", "false", "true"),
        ("fuses.F1.rating_a", 7.5, "fuses.F1", "rating_a", "5", "7.5"),
        ("title", "Kit", "title", "", None, "Kit"),
        ("hot_c", 80.0, "hot_c", "", None, "80"),
        ("vehicle.system_v", 24, "vehicle", "system_v", "12", "24"),
        ("vehicle.batteries.main.soh", 0.8, "vehicle.batteries.main", "soh", "1", "0.8"),
        ("connectors.X1.cavities.1.joins", "camera.-", "connectors.X1.cavities.1", "joins", "camera.+", "camera.-"),
        ("connectors.X1.links", [["1", "2"]], "connectors.X1", "links", "[[1, 1]]", "[[1, 2]]"),
        ("loads.camera.terminals.+.rating_a", 3.0, "loads.camera.terminals.+", "rating_a", None, "3"),
    ],
)
def test_a_field_that_changed(
    path: str, value: object, subject: str, field: str, before: str | None, after: str | None
) -> None:
    found = compare(CONNECTED, changed(CONNECTED, {path: value}))
    assert found == [Difference(kind="changed", subject=subject, field=field, before=before, after=after)]


def test_a_part_within_that_came_is_told_by_its_fields() -> None:
    found = compare(circuit(), changed(circuit(), {"loads.camera.cutoff": Cutoff(off_v=11.8, on_v=12.6)}))
    assert {one.field: one.after for one in found} == {
        "cutoff.off_v": "11.8",
        "cutoff.on_v": "12.6",
        "cutoff.delay_s": "0",
    }


def test_what_came_and_what_went() -> None:
    plan = circuit()
    more = changed(plan, {"conductors.W4": wire("B1", "F1.in", colour="RD")})
    [came] = compare(plan, more)
    assert (came.kind, came.subject, came.before) == ("added", "conductors.W4", None)
    assert came.after is not None
    assert came.after.startswith("{from: B1, to: F1.in, csa_mm2: 2.5, length_m: 1, colour: RD")
    assert compare(more, plan) == [Difference(kind="removed", subject="conductors.W4", before=came.after)]


def test_what_has_another_name_went_and_came() -> None:
    plan = circuit()
    renamed = changed(without(plan, "conductors.W2"), {"conductors.W20": plan.conductors["W2"]})
    assert [(one.kind, one.subject) for one in compare(plan, renamed)] == [
        ("removed", "conductors.W2"),
        ("added", "conductors.W20"),
    ]


def test_a_vehicle_that_was_not_said_before() -> None:
    [came] = compare(circuit(vehicle=None), circuit())
    assert (came.kind, came.subject) == ("added", "vehicle")


def test_extras_are_counted() -> None:
    clip, tape = ExtraPart(part="P-clip", quantity=4), ExtraPart(part="tape", unit="m")
    found = compare(circuit(extras=[clip, clip, tape]), circuit(extras=[tape, clip]))
    assert [(one.kind, one.subject, one.before) for one in found] == [
        ("removed", "extras", "{part: P-clip, quantity: 4, unit: pcs}")
    ]


PLANS = [
    circuit(),
    CONNECTED,
    circuit(vehicle=None),
    circuit(loads={"camera": kit(), "lamp": kit(peak_a=3)}),
    changed(circuit(), {"conductors.W2.length_m": 1.0000001}),
    without(circuit(), "conductors.W3"),
]


@given(one=st.sampled_from(PLANS), other=st.sampled_from(PLANS))
def test_there_is_a_difference_exactly_where_plans_are_not_equal(one: Plan, other: Plan) -> None:
    forth, back = compare(one, other), compare(other, one)
    assert bool(forth) == (one != other)
    assert {(d.subject, d.field, d.before, d.after) for d in forth} == {
        (d.subject, d.field, d.after, d.before) for d in back
    }


def test_the_order_of_what_is_written_makes_no_difference() -> None:
    plan = circuit()
    turned = msgspec.structs.replace(plan, conductors=dict(reversed(plan.conductors.items())))
    assert compare(plan, turned) == []


def lines(before: Plan, after: Plan, width: int = 80) -> list[str]:
    return [plain(line) for line in difference_lines(before, after, width, (assess(before), assess(after)))]


def test_the_lines_say_what_changed_and_what_it_means() -> None:
    plan = circuit()
    thin = changed(plan, {"conductors.W2.csa_mm2": 0.35, "conductors.W2.colour": "RD"})
    told = lines(plan, thin)
    assert told[:3] == [
        "~ conductors.W2",
        "    csa_mm2  2.5 → 0.35",
        "    colour   – → RD",
    ]
    assert any(line.startswith("✗ fuse-protects-cable of conductors.W2 fails now: F1 of 5 A") for line in told)
    assert "✓ fuse-protects-cable of conductors.W2 fails no more" in lines(thin, plan)


def test_nothing_is_different() -> None:
    assert lines(circuit(), circuit()) == ["nothing is different"]


def test_a_difference_that_no_rule_minds_says_so() -> None:
    assert lines(circuit(), changed(circuit(), {"title": "Kit"})) == [
        "~ title  – → Kit",
        "",
        "no rule says anything else",
    ]


@pytest.mark.parametrize("width", [40, 80, 160])
def test_lines_keep_within_the_width(width: int) -> None:
    long = changed(
        circuit(), {"title": "t" * 80, "loads.lamp": kit(description="d" * 80), "conductors.W2.csa_mm2": 0.35}
    )
    for before, after in ((circuit(), long), (long, circuit())):
        found = difference_lines(before, after, width, (assess(before), assess(after)))
        assert [plain(line) for line in found if sum(cells(mark.text) for mark in line) > width] == []


def test_what_is_new_is_told_by_rule_and_subject() -> None:
    plan, thin = circuit(), changed(circuit(), {"conductors.W2.csa_mm2": 0.35})
    found = newly(["fail"], assess(plan), assess(thin))
    assert ("fuse-protects-cable", "conductors.W2") in {(one.rule, one.subject) for one in found}
    assert newly(["fail"], assess(thin), assess(thin)) == []
