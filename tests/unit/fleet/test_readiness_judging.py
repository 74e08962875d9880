"""From observations to the lines of a certificate."""

from typing import get_type_hints

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from fleet.readiness.judging import AUDIO, LINE, VIDEO, judge, passed
from fleet.readiness.limits import Limits
from fleet.readiness.observed import Observed
from fleet.readiness.picture import PictureMeasure
from fleet.readiness.sound import SoundMeasure
from protocols.api.checks import Measure, StreamFigures

LIMITS = Limits()
GOOD_PICTURE = PictureMeasure(mean=110, spread=40, focus=0.6, change=3.0)
GOOD_SOUND = SoundMeasure(level_dbfs=-30, peak_dbfs=-12, clipped=0)
GOOD_FIGURES = StreamFigures(fps=25, loss_percent=0.5, rtt_ms=80)

pictures = st.builds(
    PictureMeasure,
    mean=st.floats(0, 255),
    spread=st.floats(0, 127),
    focus=st.none() | st.floats(0, 1),
    change=st.none() | st.floats(0, 255),
)
sounds = st.builds(SoundMeasure, level_dbfs=st.floats(-96, 0), peak_dbfs=st.floats(-96, 0), clipped=st.floats(0, 1))
figures = st.builds(
    StreamFigures,
    fps=st.none() | st.floats(0, 120),
    loss_percent=st.none() | st.floats(0, 100),
    rtt_ms=st.none() | st.floats(0, 10_000),
)


def observed(
    picture: PictureMeasure = GOOD_PICTURE,
    sound: SoundMeasure = GOOD_SOUND,
    line: StreamFigures = GOOD_FIGURES,
    supply_mv: int | None = 5100,
    seconds: int = 6,
) -> Observed:
    seen = Observed(LIMITS)
    for tick in range(seconds * 4):
        seen.picture(picture, tick / 4)
        seen.sound(sound)
    for _ in range(seconds):
        seen.figures(line)
    if supply_mv is not None:
        seen.supply(supply_mv)
    return seen


def lines(seen: Observed) -> dict[str, Measure]:
    return {measure.name: measure for measure in judge(seen, LIMITS)}


def test_a_good_unit_passes_in_everything() -> None:
    measures = judge(observed(), LIMITS)
    assert [measure.name for measure in measures] == [*VIDEO, *AUDIO, *LINE]
    assert {measure.result for measure in measures} == {"pass"}
    assert {measure.reason for measure in measures} == {""}
    assert passed(measures) is True


def test_what_was_not_observed_is_not_measured_and_says_so() -> None:
    measures = judge(Observed(LIMITS), LIMITS)
    assert {measure.result for measure in measures} == {"not-measured"}
    assert all(measure.reason and measure.value is None for measure in measures)
    assert passed(measures) is None


def test_a_unit_that_reports_without_a_supply_voltage_is_told_from_one_that_did_not_report() -> None:
    silent, reporting = Observed(LIMITS), Observed(LIMITS)
    reporting.supply(None)
    assert lines(silent)["supply"].reason == "no health report came meanwhile"
    assert lines(reporting)["supply"].reason == "the unit reports no supply voltage"
    assert lines(reporting)["supply"].result == "not-measured"


def test_each_fault_fails_its_own_line() -> None:
    faults = {
        "frame-rate": observed(line=msgspec.structs.replace(GOOD_FIGURES, fps=2.0)),
        "black": observed(picture=PictureMeasure(16, 0.5, 0.6, 3.0)),
        "frozen": observed(picture=PictureMeasure(110, 40, 0.6, 0.0)),
        "focus": observed(picture=PictureMeasure(110, 40, 0.05, 3.0)),
        "silence": observed(sound=SoundMeasure(-80, -70, 0)),
        "clipping": observed(sound=SoundMeasure(-3, 0, 0.2)),
        "loss": observed(line=msgspec.structs.replace(GOOD_FIGURES, loss_percent=20.0)),
        "latency": observed(line=msgspec.structs.replace(GOOD_FIGURES, rtt_ms=3000.0)),
        "supply": observed(supply_mv=4400),
    }
    for name, seen in faults.items():
        failed = [measure for measure in judge(seen, LIMITS) if measure.result == "fail"]
        assert [measure.name for measure in failed] == [name]
        assert failed[0].reason
        assert passed(judge(seen, LIMITS)) is False


def test_a_check_too_short_to_see_a_frozen_picture_does_not_pass_it() -> None:
    assert lines(observed(seconds=2))["frozen"].result == "not-measured"


def test_a_picture_that_moves_again_is_not_frozen_any_more_but_was() -> None:
    seen = observed(picture=PictureMeasure(110, 40, 0.6, 0.0))
    assert seen.added_to(StreamFigures()).is_frozen is True
    seen.picture(GOOD_PICTURE, 10.0)
    assert seen.added_to(StreamFigures()).is_frozen is False
    assert lines(seen)["frozen"].result == "fail"


def test_figures_keep_what_they_say_of_the_line() -> None:
    both = observed().added_to(StreamFigures(fps=24.0, width=640))
    assert (both.fps, both.width, both.focus, both.is_black, both.level_dbfs) == (24.0, 640, 0.6, False, -30)


@given(st.lists(pictures, max_size=40), st.lists(sounds, max_size=40), st.lists(figures, max_size=20))
def test_every_observation_is_judged_by_its_own_numbers(
    some: list[PictureMeasure], heard: list[SoundMeasure], told: list[StreamFigures]
) -> None:
    seen = Observed(LIMITS)
    for place, picture in enumerate(some):
        seen.picture(picture, place / 5)
    for sound in heard:
        seen.sound(sound)
    for figure in told:
        seen.figures(figure)
    measures = judge(seen, LIMITS)
    assert [measure.name for measure in measures] == [*VIDEO, *AUDIO, *LINE]
    for measure in measures:
        assert (measure.value is None) == (measure.result == "not-measured")
        assert bool(measure.reason) == (measure.result != "pass")
    assert msgspec.json.decode(msgspec.json.encode(measures), type=list[Measure]) == measures


def test_a_certificate_has_no_place_for_an_image_or_a_sound() -> None:
    assert set(get_type_hints(Measure)) == {"name", "result", "value", "limit", "unit_of_measure", "reason"}
    assert all("bytes" not in str(hint) for hint in get_type_hints(Measure).values())
