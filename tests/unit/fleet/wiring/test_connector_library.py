"""The connectors and terminals that are shipped: each is one that a plan takes, and says whether it was verified."""

from collections import Counter

import pytest

from fleet.wiring.rules.connector_library import names, one
from fleet.wiring.rules.reading import read_plan
from fleet.wiring.rules.vehicle_tables import J1962_PINS, J1962_SUPPLY_A, SystemV
from fleet.wiring.rules.writing import write_plan
from protocols.wiring.plan import Plan

BEGUN = "muster_wiring: 1\nname: x\nconnectors:\n"


@pytest.mark.parametrize("name", names())
def test_what_is_printed_of_a_part_reads_back_as_the_part(name: str) -> None:
    reading = read_plan(BEGUN + one(name).text)
    assert reading.faults == []
    assert reading.plan is not None
    assert reading.plan.connectors == {name: one(name).connector}


@pytest.mark.parametrize("name", names())
def test_a_part_goes_through_a_plan_that_is_written(name: str) -> None:
    plan = Plan(muster_wiring=1, name="x", connectors={name: one(name).connector})
    assert read_plan(write_plan(plan)).plan == plan


def test_all_of_them_stand_under_one_plan() -> None:
    reading = read_plan(BEGUN + "".join(one(name).text for name in names()))
    assert reading.faults == []
    assert reading.plan is not None
    assert tuple(reading.plan.connectors) == names()


@pytest.mark.parametrize("name", names())
def test_a_part_says_its_source_and_whether_that_was_read_where_the_plan_keeps_it(name: str) -> None:
    part = one(name)
    assert part.name == name
    assert part.source in part.connector.note
    assert ("Unverified (" in part.connector.note) is not part.verified
    assert ("Read in: " in part.connector.note) is part.verified
    assert part.verified is not part.source.startswith("remembered")


@pytest.mark.parametrize("name", names())
def test_a_part_has_cavities_that_are_joined_to_nothing_yet(name: str) -> None:
    connector = one(name).connector
    assert connector.part
    assert connector.cavities
    assert connector.mates is None
    assert all(cavity.joins is None for cavity in connector.cavities.values())
    assert (connector.csa_min_mm2 is None) == (connector.csa_max_mm2 is None)
    assert (connector.csa_min_mm2 or 0) <= (connector.csa_max_mm2 or 0)
    assert (connector.kind == "terminal") == (len(connector.cavities) == 1)


@pytest.mark.parametrize(("name", "system_v"), [("j1962-a", 12), ("j1962-b", 24)])
def test_the_diagnostic_plugs_agree_with_the_table_that_the_rule_judges_by(name: str, system_v: SystemV) -> None:
    part = one(name)
    assert part.connector.kind == "J1962"
    assert {pin: cavity.label for pin, cavity in part.connector.cavities.items()} == J1962_PINS
    limit = J1962_SUPPLY_A[system_v]
    assert (part.connector.cavities["16"].rating_a, part.verified) == (limit.value, limit.is_verified)
    assert part.source == limit.source
    assert part.description.endswith(f"of {system_v} V")


def test_there_are_some_of_each_kind_and_no_fuse() -> None:
    kinds = Counter(one(name).connector.kind for name in names())
    assert kinds == {"terminal": 9, "in-line": 8, "device": 1, "J1962": 2}
    assert not [name for name in names() if "fuse" in one(name).description]


def test_the_cavities_of_a_butt_connector_are_joined_inside() -> None:
    assert one("butt-1-5").connector.links == [["1", "2"]]


@pytest.mark.parametrize("name", ["", "ring", "../van-12v", "J1962-A"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        one(name)
