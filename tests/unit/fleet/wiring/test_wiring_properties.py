"""What holds of the rules of currents, drops and fuses on any plan whose currents flow in trees."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.wiring.rules import cavity_rules, current_rules, drop_rules, fuse_rules, short_rules
from fleet.wiring.rules.current_rules import branches_a
from fleet.wiring.rules.electric import Known, drop_v
from fleet.wiring.rules.fuse_rules import fuse_carries_load
from fleet.wiring.rules.network import Network
from fleet.wiring.rules.rule import Rule
from protocols.wiring.plan import Plan
from tests.support.wiring_plans import changed, found, verdicts
from tests.support.wiring_trees import SIZES_MM2, trees

EVERY_RULE = [
    rule for module in (cavity_rules, current_rules, drop_rules, fuse_rules, short_rules) for rule in module.RULES
]
THICKER_IS_SAFER = [rule for rule in EVERY_RULE if rule.id != "cavity-size"]


def drops_v(plan: Plan, temperature_c: float = 20.0) -> dict[str, float]:
    """What each load loses."""
    network = Network(plan)
    drops = {flow.name: drop_v(network, flow, "peak", temperature_c) for flow in network.flows}
    return {name: drop.value for name, drop in drops.items() if isinstance(drop, Known)}


def each(plan: Plan, kind: str, field: str, change: Callable[[float], float]) -> Plan:
    """A plan with one field of all components of a kind changed."""
    return changed(
        plan, {f"{kind}.{name}.{field}": change(getattr(one, field)) for name, one in getattr(plan, kind).items()}
    )


def near(figures: dict[str, float]) -> dict[str, Any]:
    return {name: pytest.approx(value, rel=1e-9, abs=1e-12) for name, value in figures.items()}


@given(trees())
def test_every_load_of_a_tree_is_joined_and_nothing_closes_a_ring(plan: Plan) -> None:
    network = Network(plan)
    assert (network.rings, network.return_rings) == ([], [])
    assert all(flow.feed is not None and flow.back is not None for flow in network.flows)
    assert drops_v(plan).keys() == plan.loads.keys()


@given(trees())
def test_twice_the_length_loses_twice_as_much(plan: Plan) -> None:
    twice = each(plan, "conductors", "length_m", lambda length_m: 2 * length_m)
    assert drops_v(twice) == near({name: 2 * lost for name, lost in drops_v(plan).items()})


@given(trees())
def test_twice_the_current_loses_twice_as_much(plan: Plan) -> None:
    twice = each(plan, "loads", "peak_a", lambda peak_a: 2 * peak_a)
    assert drops_v(twice) == near({name: 2 * lost for name, lost in drops_v(plan).items()})


@given(trees())
def test_what_is_lost_grows_with_temperature_by_the_share_of_copper(plan: Plan) -> None:
    assert drops_v(plan, 60) == near({name: 1.1572 * lost for name, lost in drops_v(plan).items()})


@given(trees(), st.data())
def test_a_thicker_conductor_makes_nothing_worse(plan: Plan, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(plan.conductors)))
    thin_mm2 = plan.conductors[name].csa_mm2
    thick_mm2 = data.draw(st.sampled_from([size for size in SIZES_MM2 if thin_mm2 is not None and size >= thin_mm2]))
    thicker = changed(plan, {f"conductors.{name}.csa_mm2": thick_mm2})
    before, after = drops_v(plan), drops_v(thicker)
    assert all(after[load] <= lost + 1e-12 for load, lost in before.items())
    for rule in THICKER_IS_SAFER:
        assert passed(rule, plan) <= passed(rule, thicker)


def passed(rule: Rule, plan: Plan) -> set[str]:
    """What passes a rule."""
    return {subject for subject, verdict in verdicts(rule, plan).items() if verdict == "pass"}


@given(trees())
def test_as_much_current_leaves_a_splice_as_comes(plan: Plan) -> None:
    network = Network(plan)
    for name in plan.splices:
        branches = sum(branches_a(network, name).values())
        assert branches == pytest.approx(network.current_a("conductor", f"W-{name}", "running"), abs=1e-12)
        assert branches == pytest.approx(network.current_at_a(name, "running"), abs=1e-12)


@pytest.mark.parametrize("demand", ["running", "peak"])
@given(plan=trees())
def test_sources_give_and_grounds_take_what_all_loads_draw(demand: Any, plan: Plan) -> None:
    network = Network(plan)
    drawn = sum(getattr(load, f"{demand}_a") for load in plan.loads.values())
    for ends in (plan.sources, plan.grounds):
        assert sum(network.current_at_a(name, demand) or 0.0 for name in ends) == pytest.approx(drawn, abs=1e-12)


@given(trees(), st.data())
def test_more_load_never_makes_a_fuse_carry_it(plan: Plan, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(list(plan.loads)))
    more_a = (plan.loads[name].running_a or 0.0) + data.draw(st.floats(0, 100))
    more = changed(plan, {f"loads.{name}.running_a": more_a})
    assert passed(fuse_carries_load, more) <= passed(fuse_carries_load, plan)


@given(trees(), st.randoms(use_true_random=False))
def test_names_and_their_order_change_nothing(plan: Plan, chance: Any) -> None:
    names = [*plan.sources, *plan.grounds, *plan.fuses, *plan.splices, *plan.connectors, *plan.loads]
    numbers = chance.sample(range(100, 100 + len(names)), len(names))
    other = {name: f"N{number}" for name, number in zip(names, numbers, strict=True)}
    other |= {
        name: f"C{number}" for number, name in enumerate(chance.sample(list(plan.conductors), len(plan.conductors)))
    }
    renamed = turned(plan, other)
    for rule in EVERY_RULE:
        assert told(rule, renamed, {}) == {key: near(figures) for key, figures in told(rule, plan, other).items()}


def told(rule: Rule, plan: Plan, other: dict[str, str]) -> dict[tuple[str, str], dict[str, float]]:
    """Verdicts and figures by subject, under the `other` names."""
    return {
        (moved(one.subject, other, at=1), one.verdict): {
            branch(name, other): value for name, value in one.figures.items()
        }
        for one in found(rule, plan)
    }


def branch(figure: str, other: dict[str, str]) -> str:
    middle = figure.removeprefix("branch_").removesuffix("_a")
    return f"branch_{moved(middle, other)}_a" if figure.startswith("branch_") else figure


def moved(point: str, other: dict[str, str], at: int = 0) -> str:
    """A point or path whose part `at` has its other name."""
    parts = point.split(".")
    parts[at] = other.get(parts[at], parts[at])
    return ".".join(parts)


def turned(plan: Plan, other: dict[str, str]) -> Plan:
    """A plan with other names, and everything in it the other way round."""
    built = msgspec.to_builtins(plan)
    for kind in ("sources", "grounds", "fuses", "splices", "connectors", "loads", "conductors"):
        built[kind] = {other[name]: built[kind][name] for name in backwards(built[kind])}
    for conductor in built["conductors"].values():
        conductor |= {"from": moved(conductor["to"], other), "to": moved(conductor["from"], other)}
    for connector in built["connectors"].values():
        connector["mates"] = other.get(connector["mates"])
    return msgspec.convert(built, Plan)


def backwards(names: Iterable[str]) -> list[str]:
    return list(names)[::-1]
