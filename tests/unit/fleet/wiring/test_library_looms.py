"""The looms that are shipped: three vehicles that pass every rule."""

import pytest

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.library import TEMPLATES, template, template_text
from fleet.wiring.rules.reading import read_plan


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_has_no_fault_and_its_own_name(name: str) -> None:
    reading = read_plan(template_text(name))
    assert reading.faults == []
    assert reading.plan == template(name)
    assert template(name).name == name


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_passes_every_rule_and_leaves_nothing_unjudged(name: str) -> None:
    assessment = assess(template(name))
    assert [one for one in assessment.judgements if one.verdict != "pass"] == []
    assert assessment.may_be_fitted
    assert len(assessment.judgements) > 20


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_tells_editors_its_schema_first(name: str) -> None:
    assert template_text(name).startswith("# yaml-language-server: $schema=wiring.schema.json\n")


@pytest.mark.parametrize("name", ["", "van", "../van-12v", "van-12v.yaml"])
def test_another_name_is_refused(name: str) -> None:
    with pytest.raises(KeyError):
        template_text(name)
    with pytest.raises(KeyError):
        template(name)


def test_the_vehicles_differ_as_their_names_say() -> None:
    volts = {name: vehicle.system_v for name in TEMPLATES if (vehicle := template(name).vehicle) is not None}
    assert volts == {"van-12v": 12, "car-12v-stop-start": 12, "lorry-24v": 24}
    car = template("car-12v-stop-start")
    assert car.vehicle is not None
    assert car.vehicle.alternator is not None
    assert (len(car.vehicle.batteries), car.vehicle.alternator.kind) == (2, "smart")
