"""From what was observed to the lines of a readiness certificate."""

from dataclasses import dataclass, replace
from typing import Literal

import msgspec

from fleet.readiness.limits import Limits
from fleet.readiness.observed import Observed
from protocols.api.checks import Measure

VIDEO = ("frame-rate", "black", "frozen", "focus")
AUDIO = ("silence", "clipping")
LINE = ("loss", "latency", "supply")

_UNKNOWN = "nothing was measured"


@dataclass(frozen=True, slots=True)
class _Rule:
    """A line's name, its unit of measure, whether its value has to be at least, above or at most the limit, and what
    is said when it is not, and when there is no value."""

    name: str
    unit_of_measure: str
    side: Literal["at-least", "above", "at-most"]
    fault: str
    unknown: str = _UNKNOWN

    def held_against(self, value: float | None, limit: float) -> Measure:
        """The line of the certificate for `value`."""
        measure = Measure(
            name=self.name,
            result="not-measured",
            value=value if value is None else round(value, 3),
            limit=limit,
            unit_of_measure=self.unit_of_measure,
            reason=self.unknown,
        )
        if value is None:
            return measure
        good = {"at-least": value >= limit, "above": value > limit, "at-most": value <= limit}[self.side]
        return msgspec.structs.replace(measure, result="pass" if good else "fail", reason="" if good else self.fault)


_FRAME_RATE = _Rule("frame-rate", "fps", "at-least", "pictures come too rarely")
_BLACK = _Rule("black", "share", "at-most", "the picture is black: look for a cover or a cable")
_FROZEN = _Rule("frozen", "s", "at-most", "the picture stood still", "too little was seen to tell")
_FOCUS = _Rule("focus", "score", "at-least", "the picture is not sharp", "nothing was seen that could be sharp")
_SILENCE = _Rule("silence", "dBFS", "above", "nothing was heard")
_CLIPPING = _Rule("clipping", "share", "at-most", "the sound is too loud and is cut off")
_LOSS = _Rule("loss", "%", "at-most", "too many packets are lost")
_LATENCY = _Rule("latency", "ms", "at-most", "the line is too slow")
_SUPPLY = _Rule("supply", "mV", "at-least", "the supply drops while the unit sends", "no health report came meanwhile")
_NO_SENSOR = "the unit reports no supply voltage"


def judge(observed: Observed, limits: Limits) -> list[Measure]:
    """One Measure for each of VIDEO, AUDIO and LINE, in that order; what was not observed is `not-measured`."""
    seen = observed.pictures >= limits.min_samples
    heard = observed.sounds >= limits.min_samples
    supply = replace(_SUPPLY, unknown=_NO_SENSOR) if observed.has_reported else _SUPPLY
    return [
        _FRAME_RATE.held_against(observed.median_fps, limits.min_fps),
        _BLACK.held_against(observed.black_share if seen else None, limits.max_black_share),
        _FROZEN.held_against(observed.still_s if seen else None, limits.frozen_s),
        _FOCUS.held_against(observed.median_focus if seen else None, limits.min_focus),
        _SILENCE.held_against(observed.loudest_dbfs if heard else None, limits.silence_dbfs),
        _CLIPPING.held_against(observed.clipped_share if heard else None, limits.max_clipped_share),
        _LOSS.held_against(observed.median_loss_percent, limits.max_loss_percent),
        _LATENCY.held_against(observed.median_rtt_ms, limits.max_rtt_ms),
        supply.held_against(observed.lowest_supply_mv, limits.min_supply_mv),
    ]


def passed(measures: list[Measure]) -> bool | None:
    """What measures say together: False if one failed, True if one passed and none failed, None if none was taken."""
    results = {measure.result for measure in measures}
    if "fail" in results:
        return False
    return True if "pass" in results else None
