"""Figures, histories and QR codes as people see them."""

from datetime import UTC, datetime, timedelta

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from protocols.api.units import HistoryPoint
from protocols.health import FIGURES, QUANTITIES
from tui.figures import GROUPS, PLOTTED, figure_text, readings, throttling
from tui.paint import Line
from tui.qr import qr_lines, size_needed
from tui.spark import columns, sparkline

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("supply_mv", 12_430, "12.4 V"),
        ("supply_mv", 4_630, "4.63 V"),
        ("supply_ma", -840, "−840 mA"),
        ("soc_temp_c", 61.4, "61 °C"),
        ("storage_used_percent", 44.2, "44 %"),
        ("rsrp_dbm", -98.0, "−98 dBm"),
        ("sinr_db", 6.0, "6.0 dB"),
        ("uptime_s", 180_000, "2 d"),
        ("link_rx_bytes", 1_234_567, "1.2 MB"),
        ("clock_offset_ms", 3.04, "3.0 ms"),
        ("clock_offset_ms", -120.0, "−120 ms"),
        ("clock_offset_ms", 61_000.0, "61.0 s"),
        ("clock_synchronised", False, "no"),
        ("emmc_life", "warning", "warning"),
        ("gnss_fix_quality", 0, "no fix"),
        ("gnss_fix_quality", 9, "kind 9"),
        ("load_1m", 0.419, "0.42"),
        ("spool_waiting", 12_300, "12\N{NO-BREAK SPACE}300"),
        ("throttled_bits", 0x50005, "undervolt + throttled"),
        ("throttled_bits", 0x50000, "was undervolt + throttled"),
        ("soc_temp_c", None, "—"),
    ],
)
def test_a_figure_with_its_unit_of_measure(name: str, value: object, text: str) -> None:
    assert figure_text(name, value) == text


@given(
    st.sampled_from(FIGURES),
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
)
def test_every_value_has_some_text(name: str, value: object) -> None:
    assert isinstance(figure_text(name, value), str)


@given(st.integers(0, 2**32 - 1))
def test_throttling_has_words_for_all_bits(bits: int) -> None:
    known = bits & 0xF000F
    assert (throttling(bits) == "none") == (known == 0)


def test_readings_cover_every_figure_with_its_standing() -> None:
    found = {reading.name: reading for reading in readings({"soc_temp_c": 82.0, "ages_s": {"soc_temp_c": 40}})}
    assert set(found) == set(FIGURES)
    assert found["soc_temp_c"].standing == "bad"
    assert found["soc_temp_c"].age_s == 40
    assert found["supply_mv"].text == "—"
    assert found["supply_mv"].standing == "unknown"
    assert {reading.group for reading in found.values()} == set(GROUPS)
    assert set(PLOTTED) <= set(QUANTITIES)


def test_a_sparkline_shows_gaps_and_does_not_make_a_storm_of_noise() -> None:
    points = [HistoryPoint(NOW - timedelta(hours=hours), 1.0, mean, 1.0) for hours, mean in [(23, 10.0), (1, 20.0)]]
    parts = columns(points, 4, NOW, timedelta(hours=24))
    assert parts == [10.0, None, None, 20.0]
    assert sparkline(parts) == "▁  █"
    assert set(sparkline([12.00, 12.01, 12.00], least_range=1.0)) <= set("▄▅")
    assert sparkline([None, None]) == "  "
    assert sparkline([5.0, 5.0]) == "▄▄"


@given(st.lists(st.none() | st.floats(-1e6, 1e6), max_size=60), st.floats(0, 10))
def test_a_sparkline_has_one_sign_for_each_value(values: list[float | None], least_range: float) -> None:
    assert len(sparkline(values, least_range)) == len(values)


def _modules(lines: list[Line]) -> list[list[bool]]:
    """Read the half blocks back as a camera would see them."""
    rows: list[list[bool]] = []
    for line in lines:
        signs = line[0].text
        rows += [[sign in "▀█" for sign in signs], [sign in "▄█" for sign in signs]]
    return rows[: len(rows[0])]


def _code(text: str, border: int) -> list[list[int]]:
    return [list(row) for row in segno.make_qr(text, error="L", boost_error=False).matrix_iter(border=border)]


def _border_of(lines: list[Line], text: str) -> int:
    return (len(lines[0][0].text) - len(_code(text, 0))) // 2


def test_a_voucher_s_code_fits_a_small_terminal_beside_its_text() -> None:
    text = "MUSTER1-" + "A7" * 92
    lines = qr_lines(text, 50, 24)
    assert lines is not None
    assert len(lines) <= 24
    assert {len(line[0].text) for line in lines} == {len(lines[0][0].text)}
    assert set("".join(line[0].text for line in lines)) <= set(" ▀▄█")
    assert _modules(lines) == [[bool(module) for module in row] for row in _code(text, _border_of(lines, text))]
    width, height = size_needed(text)
    assert qr_lines(text, width, height) is not None
    assert qr_lines(text, width - 1, height) is None
    assert qr_lines(text, width, height - 1) is None
