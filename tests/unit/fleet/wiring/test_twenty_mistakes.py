"""A loom with twenty mistakes: the rules find each, where it is, and nothing else."""

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from fleet.wiring.rules.assessment import assess
from fleet.wiring.rules.reading import Reading, read_plan
from protocols.wiring.findings import Judgement

TEXT = (Path(__file__).parents[3] / "cases" / "twenty-mistakes.yaml").read_text(encoding="utf-8")
MARK = re.compile(r"# mistake: (?P<rule>[a-z0-9-]+) \((?P<subject>\S+)\)$")

MENDS: dict[str, list[tuple[str, str]]] = {
    "fuse-protects-cable": [("to: heater.+, csa_mm2: 1,", "to: heater.+, csa_mm2: 2.5,")],
    "downstream-conductor": [("to: tracker.+, csa_mm2: 0.5,", "to: tracker.+, csa_mm2: 1,")],
    "fuse-carries-load": [("F3: {rating_a: 3,", "F3: {rating_a: 5,")],
    "fuse-distance": [("csa_mm2: 2.5, length_m: 0.9,", "csa_mm2: 2.5, length_m: 0.3,")],
    "drop-cold": [
        ("to: amplifier.+, csa_mm2: 2.5,", "to: amplifier.+, csa_mm2: 6,"),
        ("from: amplifier.-, to: G2, csa_mm2: 2.5,", "from: amplifier.-, to: G2, csa_mm2: 6,"),
    ],
    "load-dump": [("transient_max_v: 30}", "transient_max_v: 40}")],
    "splice-total": [("S1: {rating_a: 5,", "S1: {rating_a: 20,")],
    "cavity-used-twice": [("from: tracker.-, to: XR.2,", "from: tracker.-, to: S2,")],
    "cavity-rating": [("camera.+, rating_a: 1.5}", "camera.+, rating_a: 5}")],
    "unfused-positive": [("W30: {from: SB,", "W30: {from: S3,")],
    "fused-negative": [
        ("from: beacon.-, to: F8.in,", "from: beacon.-, to: G1,"),
        ("  W35: {from: F8.out, to: G1, csa_mm2: 1, length_m: 0.6, colour: BN}\n", ""),
    ],
    "parallel-fuses": [("  W27: {from: F6.out, to: S3, csa_mm2: 1.5, length_m: 0.1, colour: RD}\n", "")],
    "supply-to-return": [("W12: {from: S1, to: S2, csa_mm2: 1.5, length_m: 0.2, colour: WH}", "")],
    "forbidden-tap": [("circuit: abs,", "circuit: battery,")],
    "tapped-circuit": [("existing_load_a: 7,", "existing_load_a: 6,")],
    "obd-pin": [("  W44: {from: D1.8, to: reader.k, csa_mm2: 0.5, length_m: 0.25, colour: WH}\n", "")],
    "can-stub": [("to: reader.h, csa_mm2: 0.5, length_m: 0.8,", "to: reader.h, csa_mm2: 0.5, length_m: 0.3,")],
    "can-listen-only": [("mode: normal}", "mode: listen-only}")],
    "ignition-sense": [("ignition_sense: voltage", "ignition_sense: motion")],
    "cut-off": [("on_v: 12.0,", "on_v: 12.3,")],
}
"""What to write instead, by rule; each text is in the file once."""


class Mistake(NamedTuple):
    rule: str
    subject: str
    line: int


def marked() -> set[Mistake]:
    """The mistakes that the file's comments name, with their lines."""
    lines = enumerate(TEXT.splitlines(), start=1)
    return {Mistake(found["rule"], found["subject"], line) for line, text in lines if (found := MARK.search(text))}


def mended(*rules: str) -> str:
    text = TEXT
    for rule in rules:
        for wrong, right in MENDS[rule]:
            assert text.count(wrong) == 1, f"{wrong!r} is not in the file once"
            text = text.replace(wrong, right)
    return text


def judged(text: str) -> tuple[Reading, list[Judgement]]:
    """What does not pass."""
    reading = read_plan(text)
    assert reading.faults == []
    assert reading.plan is not None
    return reading, [one for one in assess(reading.plan).judgements if one.verdict != "pass"]


def test_the_twenty_mistakes_are_found_on_their_lines_and_nothing_else_is() -> None:
    reading, judgements = judged(TEXT)
    assert len(judgements) == 20
    assert {one.verdict for one in judgements} == {"fail"}
    assert {Mistake(one.rule, one.subject, reading.place(one.subject).line) for one in judgements} == marked()


def test_they_are_of_twenty_rules_and_each_says_what_to_do() -> None:
    _, judgements = judged(TEXT)
    assert {one.rule for one in judgements} == MENDS.keys()
    assert len(MENDS) == 20
    assert all(one.sentence and one.remedy and one.formula for one in judgements)


@pytest.mark.parametrize("rule", MENDS)
def test_a_mend_takes_its_own_mistake_away_and_no_other(rule: str) -> None:
    _, judgements = judged(mended(rule))
    assert {(one.rule, one.subject) for one in judgements} == {
        (one.rule, one.subject) for one in marked() if one.rule != rule
    }


def test_with_every_mistake_mended_it_may_be_fitted() -> None:
    _, judgements = judged(mended(*MENDS))
    assert judgements == []
