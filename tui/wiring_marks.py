"""What the rules of wiring draw, as lines of the console: a conductor's colour is painted, its code stays. Pure."""

from collections.abc import Iterable, Mapping
from typing import get_args

from fleet.wiring.rules import marks
from protocols.wiring.findings import Severity, Verdict
from tui.paint import Line, Span, Tone, WireTone

_WIRE_TONES: dict[str, WireTone] = {tone.removeprefix("wire-"): tone for tone in get_args(WireTone)}
VERDICT_TONES: Mapping[Verdict, Tone] = {"fail": "bad", "unjudged": "fair", "pass": "good"}
VERDICT_SIGNS: Mapping[Verdict, str] = {"fail": "✗", "unjudged": "?", "pass": "✓"}
SEVERITY_TONES: Mapping[Severity, Tone] = {"safety": "bad", "function": "fair", "practice": "muted"}


def lines_of(drawn: Iterable[marks.Line], indent: str = " ") -> list[Line]:
    """Lines that the rules drew, `indent` before each that is not empty."""
    return [(Span(indent), *(_span(mark) for mark in line)) if line else () for line in drawn]


def _span(mark: marks.Mark) -> Span:
    if mark.tone == "colour":
        return Span(mark.text, _WIRE_TONES.get(mark.colour, "plain"))
    return Span(mark.text, mark.tone)


def colour_spans(colour: str) -> Line:
    """A colour's codes, each painted in itself; a `—` where there is none."""
    return tuple(_span(mark) for mark in marks.colour_marks(colour)) or (Span("—", "muted"),)
