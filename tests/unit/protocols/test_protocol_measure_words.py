"""Numbers of a readiness certificate in words."""

import pytest

from protocols.api.checks import Measure
from protocols.measure_words import limit_words, value_words


@pytest.mark.parametrize(
    ("name", "unit", "value", "limit", "told"),
    [
        ("frame-rate", "fps", 24.83, 8.0, ("24.8 fps", "at least 8 fps")),
        ("black", "share", 0.0, 0.1, ("0 %", "at most 10 %")),
        ("clipping", "share", 0.004, 0.1, ("0.4 %", "at most 10 %")),
        ("frozen", "s", 0.25, 3.0, ("0.2 s", "at most 3 s")),
        ("focus", "score", 0.934, 0.2, ("0.93", "at least 0.20")),
        ("silence", "dBFS", -32.06, -60.0, ("−32.1 dBFS", "above −60 dBFS")),
        ("loss", "%", 0.0, 5.0, ("0.0 %", "at most 5 %")),
        ("latency", "ms", 1203.4, 1000.0, ("1\N{NO-BREAK SPACE}203 ms", "at most 1\N{NO-BREAK SPACE}000 ms")),
        ("supply", "mV", 5092.0, 4750.0, ("5.09 V", "at least 4.75 V")),
        ("supply", "mV", None, 4750.0, ("—", "at least 4.75 V")),
        ("warmth", "°C", 20.0, None, ("20.0 °C", "")),
    ],
)
def test_each_measure_has_its_words_and_decimals(
    name: str, unit: str, value: float | None, limit: float | None, told: tuple[str, str]
) -> None:
    measure = Measure(name=name, result="pass", value=value, limit=limit, unit_of_measure=unit, reason="")
    assert (value_words(measure), limit_words(measure)) == told
