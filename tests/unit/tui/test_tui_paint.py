"""Lines and their widths."""

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from tui.lines import TONE_STYLES
from tui.paint import Line, Span, Tone, changed_columns, columns, cut, fit, joined, line_width, spread, width_of, wrap

TEXT = st.text(alphabet=st.sampled_from("ab é日—…\x1b"), max_size=30)
TONE = st.sampled_from(["plain", "bad"])
LINES = st.lists(st.builds(Span, st.text(alphabet="ab日", min_size=1, max_size=5), TONE), max_size=6).map(tuple)


@given(TEXT, st.integers(0, 40), st.booleans())
def test_fit_gives_exactly_the_width(text: str, width: int, right: bool) -> None:
    assert width_of(fit(text, width, right=right)) == width


@given(LINES, st.integers(0, 40))
def test_cut_never_gives_more_than_the_width(line: Line, width: int) -> None:
    short = cut(line, width)
    assert line_width(short) <= width
    if line_width(line) <= width:
        assert short == line


@given(LINES, LINES, st.integers(0, 60))
def test_spread_fills_the_width(left: Line, right: Line, width: int) -> None:
    line = spread(left, right, width)
    assert line_width(line) <= width
    if line_width(left) + line_width(right) + 1 <= width:
        assert line_width(line) == width


@given(TEXT, st.integers(2, 20))
def test_wrap_keeps_every_word_and_the_width(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(line_width(line) <= width for line in lines)
    kept = "".join(span.text for line in lines for span in line).replace(" ", "")
    assert kept == text.replace("\x1b", "�").replace(" ", "")


def _cells(line: Line) -> list[tuple[str, str]]:
    return [(sign, span.tone) for span in line for sign in span.text for _ in range(width_of(sign))]


@given(LINES, LINES)
def test_what_is_outside_the_changed_columns_is_the_same(before: Line, after: Line) -> None:
    changed = changed_columns(before, after)
    old, new = _cells(before), _cells(after)
    if changed is None:
        assert old == new
        return
    first, end = changed
    assert old[:first] == new[:first]
    assert old[end:] == new[end:]


def test_blocks_side_by_side() -> None:
    left: list[Line] = [(Span("one"),), (Span("three"),)]
    right: list[Line] = [(Span("two"),)]
    assert ["".join(span.text for span in line) for line in columns(left, right, 6)] == ["one   two", "three"]
    assert joined([(Span("a"),), (), (Span("b"),)], "-") == (Span("a"), Span("-"), Span("b"))


def test_every_tone_has_its_colours() -> None:
    assert set(TONE_STYLES) == set(get_args(Tone))
    assert len(set(TONE_STYLES.values())) == len(TONE_STYLES)
