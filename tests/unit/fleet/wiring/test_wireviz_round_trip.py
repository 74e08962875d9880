"""A plan written for WireViz and read again."""

from hypothesis import HealthCheck, example, given, settings

from fleet.wiring.rules.library import TEMPLATES, template
from fleet.wiring.rules.wireviz_in import from_wireviz
from fleet.wiring.rules.wireviz_out import expressible, to_wireviz, wireviz_text
from protocols.wiring.plan import Plan
from tests.support.wireviz_plans import consistent_plans

SLOW = settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@SLOW
@given(consistent_plans())
@example(template(TEMPLATES[0]))
def test_what_wireviz_can_express_comes_back_as_it_was(plan: Plan) -> None:
    found = from_wireviz(wireviz_text(plan))
    assert found.faults == []
    assert found.plan is not None
    assert not expressible(plan) or found.plan == plan
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
