"""What has to be cut, bought and labelled for a plan."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wiring.rules.cuts import MAX_LABEL_CHARS, bill_of_materials, cut_list, cut_mm, label_list
from protocols.wiring.parts import Cavity, Connector, Fuse, Splice
from protocols.wiring.plan import Cable, Conductor, ExtraPart, Plan
from protocols.wiring.policy import WiringPolicy
from tests.support.wiring_plans import changed, circuit, wire


def _bought(plan: Plan) -> dict[tuple[str, str], object]:
    return {(one.kind, one.part): (one.quantity, one.unit, one.used_by) for one in bill_of_materials(plan)}


@pytest.mark.parametrize(
    ("length_m", "allowance_percent", "termination_mm", "expected_mm"),
    [
        (2.0, 5, 50, 2200),
        (2.001, 5, 50, 2210),
        (0.2, 5, 50, 310),
        (1.0, 0, 0, 1000),
        (1.1, 0, 0, 1100),
        (0, 5, 50, 100),
    ],
)
def test_a_cut_has_the_allowance_and_both_ends_and_is_rounded_up_to_10_mm(
    length_m: float, allowance_percent: float, termination_mm: float, expected_mm: int
) -> None:
    policy = WiringPolicy(cut_allowance_percent=allowance_percent, termination_mm=termination_mm)
    assert cut_mm(length_m, policy) == expected_mm


@given(length_m=st.floats(0, 100))
def test_no_cut_is_shorter_than_what_it_is_for_or_a_step_too_long(length_m: float) -> None:
    policy = WiringPolicy()
    needed_mm = length_m * 1050 + 100
    assert needed_mm - 1e-3 <= cut_mm(length_m, policy) < needed_mm + 10
    assert cut_mm(length_m, policy) % 10 == 0


def test_each_conductor_is_cut_and_a_shield_is_not() -> None:
    plan = changed(
        circuit(),
        {
            "conductors.W2.colour": "RD",
            "conductors.W3.length_m": None,
            "cables.C1": Cable(),
            "conductors.SH": wire("camera.-", "G1", cable="C1", shield=True),
        },
    )
    cuts = {one.conductor: one for one in cut_list(plan)}
    assert list(cuts) == ["W1", "W2", "W3"]
    assert (cuts["W2"].cut_mm, cuts["W2"].colour, cuts["W2"].start, cuts["W2"].end) == (
        1150,
        "RD",
        "F1.out",
        "camera.+",
    )
    assert (cuts["W3"].length_m, cuts["W3"].cut_mm) == (None, None)


def test_wire_is_bought_in_metres_by_size_type_and_colour() -> None:
    plan = changed(
        circuit(),
        {
            "conductors.W1.colour": "RD",
            "conductors.W2.colour": "RD",
            "conductors.W3.colour": "BK",
            "conductors.W3.type": "pvc",
        },
    )
    bought = _bought(plan)
    assert bought["wire", "2.5 mm² thin-wall RD"] == (0.31 + 1.15, "m", ["W1", "W2"])
    assert bought["wire", "2.5 mm² pvc BK"] == (1.15, "m", ["W3"])


def test_wire_of_unknown_length_is_counted_apart() -> None:
    bought = _bought(changed(circuit(), {"conductors.W2.length_m": None, "conductors.W3.csa_mm2": None}))
    assert bought["wire", "2.5 mm² thin-wall any colour, length not said"] == (1, "pcs", ["W2"])
    assert bought["wire", "size not said thin-wall any colour"] == (1.15, "m", ["W3"])


def test_a_cable_is_bought_once_as_long_as_its_longest_conductor() -> None:
    plan = changed(
        circuit(),
        {
            "cables.C1": Cable(),
            "conductors.W2.cable": "C1",
            "conductors.W3.cable": "C1",
            "conductors.W3.length_m": 2.0,
            "conductors.SH": wire("camera.-", "G1", cable="C1", shield=True),
        },
    )
    assert _bought(plan)["cable", "shielded cable 2 × 2.5 mm²"] == (2.2, "m", ["C1"])
    assert ("cable", "YY 2x2.5") in _bought(changed(plan, {"cables.C1.part": "YY 2x2.5"}))


def test_fuses_are_bought_by_rating_with_their_colour_and_a_holder_each() -> None:
    plan = circuit(
        fuses={
            "F1": Fuse(rating_a=7.5, holder_max_a=20),
            "F2": Fuse(rating_a=7.5),
            "F3": Fuse(rating_a=60, kind="other"),
            "F4": Fuse(rating_a=9),
        }
    )
    bought = _bought(plan)
    assert bought["fuse", "blade fuse 7.5 A brown"] == (2, "pcs", ["F1", "F2"])
    assert bought["fuse", "fuse 60 A"] == (1, "pcs", ["F3"])
    assert bought["fuse", "blade fuse 9 A (no such rating)"] == (1, "pcs", ["F4"])
    assert bought["fuse holder", "blade fuse holder, up to 20 A"] == (1, "pcs", ["F1"])
    assert bought["fuse holder", "blade fuse holder"] == (2, "pcs", ["F2", "F4"])
    assert bought["fuse holder", "fuse holder"] == (1, "pcs", ["F3"])


def test_splices_connectors_contacts_labels_and_extras_are_counted() -> None:
    cavities = {"1": Cavity(contact="blade 2.8 mm"), "2": Cavity(contact="blade 2.8 mm"), "3": Cavity()}
    plan = circuit(
        splices={"S1": Splice(rating_a=20), "S2": Splice(kind="busbar"), "S3": Splice(rating_a=20)},
        connectors={
            "X1": Connector(cavities=cavities),
            "X2": Connector(part="sealed 2-way", cavities={"1": Cavity(contact="blade 2.8 mm")}),
            "X3": Connector(kind="terminal", cavities={"1": Cavity()}),
        },
        extras=[ExtraPart(part="conduit 8 mm", quantity=2.5, unit="m"), ExtraPart(part="conduit 8 mm", unit="m")],
    )
    bought = _bought(plan)
    assert bought["splice", "crimp splice, 20 A"] == (2, "pcs", ["S1", "S3"])
    assert bought["splice", "busbar"] == (1, "pcs", ["S2"])
    assert bought["connector", "3-way in-line connector"] == (1, "pcs", ["X1"])
    assert bought["connector", "sealed 2-way"] == (1, "pcs", ["X2"])
    assert bought["connector", "terminal"] == (1, "pcs", ["X3"])
    assert bought["contact", "blade 2.8 mm"] == (3, "pcs", ["X1", "X2"])
    assert bought["label", "flag label"] == (6, "pcs", ["W1", "W2", "W3"])
    assert bought["extra", "conduit 8 mm"] == (3.5, "m", [])


def test_both_ends_of_a_conductor_are_labelled_with_where_they_go() -> None:
    plan = changed(circuit(), {"conductors.W2.colour": "RD", "conductors.W3.csa_mm2": None})
    texts = {(one.conductor, one.at): one.text for one in label_list(plan)}
    assert texts["W2", "F1.out"] == "W2 F1.out→camera.+ 30 2.5 RD"
    assert texts["W2", "camera.+"] == "W2 camera.+→F1.out 30 2.5 RD"
    assert texts["W3", "G1"] == "W3 G1→camera.- 31"


def test_an_ignition_wire_bears_its_terminal_and_a_wire_of_a_bus_none() -> None:
    plan = changed(
        circuit(),
        {
            "sources.IGN": {"terminal": "15"},
            "conductors.W4": wire("IGN", "camera.ign"),
            "conductors.W5": wire("camera.h", "powertrain.h", csa_mm2=0.5),
        },
    )
    texts = {one.conductor: one.text for one in label_list(plan)}
    assert texts["W4"] == "W4 camera.ign→IGN 15 2.5"
    assert texts["W5"] == "W5 powertrain.h→camera.h 0.5"


def test_a_label_that_would_not_fit_leaves_out_what_is_known_where_it_hangs() -> None:
    long = "telematics-gateway-rear"
    plan = circuit(
        conductors={
            "W1": wire(f"{long}.supply", f"{long}.bat", colour="RDWH"),
            "W2": wire("B1", f"{long}.battery-positive", colour="RDWH"),
            "a-conductor-named-long-": wire("B1", f"{long}.battery-positive", csa_mm2=0.123456789, colour="RDWHBU"),
        }
    )
    texts = [one.text for one in label_list(plan)]
    assert texts[0] == f"W1 →{long}.bat 2.5 RDWH"
    assert texts[2] == f"W2 →{long} 30 2.5 RDWH"
    assert texts[4] == "a-conductor-named-long- 30 0.123457 RDWHBU"[:MAX_LABEL_CHARS]


_NAMES = st.from_regex(r"\A[A-Za-z][A-Za-z0-9_-]{0,23}\Z")
_POINTS = st.from_regex(r"\A[A-Za-z][A-Za-z0-9_-]{0,23}(\.[A-Za-z0-9_+-]{1,24})?\Z")


@given(name=_NAMES, start=_POINTS, end=_POINTS, csa_mm2=st.none() | st.floats(0.001, 120))
def test_every_label_fits(name: str, start: str, end: str, csa_mm2: float | None) -> None:
    plan = Plan(
        muster_wiring=1,
        name="test",
        conductors={name: Conductor(start=start, end=end, csa_mm2=csa_mm2, colour="RDWHBU")},
    )
    for one in label_list(plan):
        assert len(one.text) <= MAX_LABEL_CHARS
        assert one.text.startswith(name)


def test_a_cavity_with_a_conductor_and_no_contact_named_still_takes_one() -> None:
    plan = changed(
        circuit(),
        {
            "connectors.X1": {
                "kind": "device",
                "part": "3-way plug",
                "cavities": {"1": {"joins": "camera.+"}, "2": {}},
            },
            "conductors.W2.to": "X1.1",
        },
    )
    contacts = [(one.part, one.quantity) for one in bill_of_materials(plan) if one.kind == "contact"]
    assert contacts == [("contact for 2.5 mm², to suit 3-way plug", 1)]
