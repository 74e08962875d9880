import json
import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.text import LongText, ShortText, SummaryText, escaped, one_line


@pytest.mark.parametrize(
    "text", ["a\nb", "a\n", "\0", "\x1b[2J", "\x9b2J", "\x7f", "a\u2028b", "\u202egnp.exe", "\u2066x", "\r"]
)
@pytest.mark.parametrize("kind", [ShortText, SummaryText, LongText])
def test_text_that_could_move_a_cursor_is_refused(kind: object, text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(text, type=kind)


@pytest.mark.parametrize(("kind", "limit"), [(ShortText, 80), (SummaryText, 200), (LongText, 500)])
def test_text_is_bounded(kind: object, limit: int) -> None:
    assert msgspec.convert("é" * limit, type=kind) == "é" * limit
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert("é" * (limit + 1), type=kind)


@given(st.text(st.characters(exclude_categories=()), max_size=300), st.integers(0, 200))
def test_one_line_makes_any_text_fit_to_send(text: str, limit: int) -> None:
    fit = one_line(text, limit)
    assert len(fit) <= limit
    assert msgspec.json.decode(msgspec.json.encode(fit), type=SummaryText) == fit
    assert not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in fit)


@given(st.text(st.characters(codec="ascii", exclude_categories=("Cc", "Zs")), max_size=80))
def test_one_line_keeps_text_that_is_fit(text: str) -> None:
    assert one_line(text, 80) == text


def test_one_line_replaces_what_is_unfit_by_a_blank() -> None:
    assert one_line("disk full:\n\t/dev/x\x1b[0m \udcff", 80) == "disk full: /dev/x [0m"


@given(st.text())
def test_escaped_text_is_one_line_that_json_reads_as_it_was(text: str) -> None:
    shown = escaped(text)
    assert one_line(shown, len(shown)) == shown.strip()
    assert json.loads(escaped(json.dumps(text, ensure_ascii=False))) == text


def test_escaped_signs_can_be_read() -> None:
    assert escaped("a\x1b[2J\u202eb\n") == "a\\u001b[2J\\u202eb\\u000a"
