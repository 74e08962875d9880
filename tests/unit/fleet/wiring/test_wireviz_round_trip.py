"""A plan written for WireViz and read again."""

from hypothesis import HealthCheck, example, given, settings
from msgspec.structs import asdict

from fleet.wiring.rules.library import TEMPLATES, template
from fleet.wiring.rules.reading import read_plan
from fleet.wiring.rules.wireviz_in import from_wireviz
from fleet.wiring.rules.wireviz_out import expressible, to_wireviz, wireviz_text
from protocols.wiring.parts import Bus
from protocols.wiring.plan import Plan
from tests.support.wireviz_plans import consistent_plans

SLOW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def differing(here: Plan, there: Plan) -> dict[str, tuple[object, object]]:
    """The fields in which two plans differ, with both values; of components each by its own name."""
    found: dict[str, tuple[object, object]] = {}
    for field, value in asdict(here).items():
        other = getattr(there, field)
        if isinstance(value, dict):
            names = value.keys() | other.keys()
            found |= {f"{field}.{n}": (value.get(n), other.get(n)) for n in names if value.get(n) != other.get(n)}
        elif value != other:
            found[field] = (value, other)
    return found


@SLOW
@given(consistent_plans())
@example(template(TEMPLATES[0]))
def test_what_wireviz_can_express_comes_back_as_it_was(plan: Plan) -> None:
    found = from_wireviz(wireviz_text(plan))
    assert found.faults == []
    assert found.plan is not None
    assert not expressible(plan) or differing(found.plan, plan) == {}
    assert len(found.plan.conductors) == len(plan.conductors)


def ends(plan: Plan) -> list[tuple[str, str]]:
    return sorted((conductor.start, conductor.end) for conductor in plan.conductors.values())


def test_each_template_keeps_its_conductors_and_tells_what_is_lost() -> None:
    for name in TEMPLATES:
        plan = template(name)
        found = from_wireviz(wireviz_text(plan))
        assert (found.faults, found.lost) == ([], [])
        assert found.plan is not None
        assert ends(found.plan) == ends(plan)
        assert found.plan.conductors.keys() == plan.conductors.keys()
        assert any(line.startswith("vehicle: ") for line in to_wireviz(plan).lost)


def test_a_label_that_is_another_conductors_name_leaves_it_that_name() -> None:
    ends = "from: S1, to: S2"
    text = f"""
muster_wiring: 1
name: kit
splices: {{S1: {{}}, S2: {{}}}}
cables: {{C: {{}}}}
conductors: {{A: {{{ends}, cable: C}}, B: {{{ends}, label: A}}}}
"""
    plan = read_plan(text).plan
    assert plan is not None
    assert expressible(plan)
    assert from_wireviz(wireviz_text(plan)).plan == plan


def test_a_place_of_one_long_word_comes_back() -> None:
    plan = Plan(muster_wiring=1, name="van", buses={"body": Bus(place="gateway" * 10)})
    assert from_wireviz(wireviz_text(plan)).plan == plan
