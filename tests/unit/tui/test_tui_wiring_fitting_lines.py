"""What was measured on a harness, as typed and as told. Pure."""

from datetime import UTC, datetime

import pytest

from fleet.wiring.rules.library import template
from protocols.api.wiring import DeploymentWiring, Fitting
from protocols.wiring.fitted import Compared
from protocols.wiring.policy import WiringPolicy
from tests.unit.tui.stub_client import StubClient
from tests.unit.tui.stub_wiring import UNSAFE
from tui.paint import Line, line_width
from tui.wiring_fitting import (
    Unclear,
    beside_line,
    compared_by_field,
    fitted_sentence,
    given_line,
    given_page,
    limits_words,
    measured_of,
    new_fitting,
    wanted,
)

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PLAN = template("van-12v")
ASKED = wanted(PLAN)
POLICY = WiringPolicy()
FIELDS = {(one.quantity, one.subject): one.field for one in ASKED}
BATTERY = FIELDS["battery-v", "main"]
CAMERA = FIELDS["voltage-at-load-v", "camera"]


def whole(lines: list[Line]) -> str:
    return "\n".join("".join(span.text for span in line) for line in lines)


def given_van() -> DeploymentWiring:
    client = StubClient(count=1)
    return client.gives("DEP-7", client.keeps(UNSAFE), given_at=NOW)


def test_each_quantity_has_its_words_and_unit() -> None:
    labels = [one.label for one in ASKED]
    assert "at the posts of main, V" in labels
    assert "between H and L of body, Ω" in labels
    assert len(set(labels)) == len(ASKED)


def test_a_value_is_compared_as_it_is_typed() -> None:
    found = compared_by_field(PLAN, POLICY, ASKED, {BATTERY: "12,6", CAMERA: "12.5"})
    camera = found[CAMERA]
    assert isinstance(camera, Compared)
    assert camera.verdict == "pass"
    assert "✓ pass" in whole([beside_line(camera)])
    low = compared_by_field(PLAN, POLICY, ASKED, {BATTERY: "12.6", CAMERA: "10"})[CAMERA]
    assert "✗ fail" in whole([beside_line(low)])
    alone = compared_by_field(PLAN, POLICY, ASKED, {CAMERA: "12.5"})[CAMERA]
    assert "? unjudged" in whole([beside_line(alone)])
    assert "not measured" in whole([beside_line(None)])


@pytest.mark.parametrize("typed", ["twelve", "nan", "1e99", "inf", "-1e9"])
def test_what_is_no_number_is_told_beside_its_field(typed: str) -> None:
    with pytest.raises(Unclear) as refused:
        measured_of(ASKED, {BATTERY: typed})
    assert refused.value.field == BATTERY
    found = compared_by_field(PLAN, POLICY, ASKED, {BATTERY: typed, CAMERA: "12.5"})
    assert isinstance(found[BATTERY], str)
    assert isinstance(found[CAMERA], Compared)


def test_a_fitting_is_what_was_typed_and_no_more() -> None:
    new = new_fitting(ASKED, {BATTERY: "12.6", CAMERA: "", "note": " all  well ", "load": ""}, ["camera"])
    assert [one.quantity for one in new.measured] == ["battery-v"]
    assert (new.note, new.from_unit, new.load) == ("all well", False, None)
    unit = new_fitting(ASKED, {"load": "camera"}, ["camera"])
    assert (unit.from_unit, unit.load, unit.measured) == (True, "camera", [])
    with pytest.raises(Unclear, match="nothing is measured"):
        new_fitting(ASKED, {}, ["camera"])
    with pytest.raises(Unclear, match="which load"):
        new_fitting(ASKED, {"load": "radio"}, ["camera"])


def test_the_sentence_tells_how_many_do_not_pass() -> None:
    found = compared_by_field(PLAN, POLICY, ASKED, {BATTERY: "12.6", CAMERA: "10"})
    compared = [one for one in found.values() if isinstance(one, Compared)]
    new = new_fitting(ASKED, {BATTERY: "12.6", CAMERA: "10"}, ["camera"])
    said = fitted_sentence("TO-12", given_van(), new, compared)
    assert "deployment.harness-fitted: TO-12 at DEP-7" in said
    assert "2 values measured, 1 of them does not pass" in said


@pytest.mark.parametrize("width", [78, 158])
def test_a_harness_of_a_deployment_is_told_as_designed_and_as_fitted(width: int) -> None:
    found = compared_by_field(PLAN, POLICY, ASKED, {BATTERY: "12.6", CAMERA: "10"})
    compared = [one for one in found.values() if isinstance(one, Compared)]
    fitting = Fitting(
        fitting="HF-000000000001",
        revision=1,
        made_at=NOW,
        made_by="TO-15",
        note="rain",
        compared=compared,
        passed=False,
    )
    given = given_van()
    assert "not measured yet" in whole([given_line(given, width, NOW)])
    client = StubClient(count=1)
    measured = client.gives("DEP-7", client.keeps(UNSAFE), fittings=[fitting], withdrawn_at=None, given_at=NOW)
    lines = given_page(measured, width, NOW, utc=True)
    told = whole(lines)
    assert all(line_width(line) <= width for line in lines)
    for words in ("AS DESIGNED", "AS FITTED", "NOT PASSED", "at the plug of camera", "10 V", "12.5 V", "rain"):
        assert words in told
    assert "not as planned" in whole([given_line(measured, width, NOW)])


def test_limits_are_told_as_far_as_they_are_known() -> None:
    one = Compared(
        quantity="sense-off-v", subject="camera", value=0.2, predicted=0, low=None, high=1, verdict="pass", sentence=""
    )
    assert limits_words(one) == "at most 1 V"
