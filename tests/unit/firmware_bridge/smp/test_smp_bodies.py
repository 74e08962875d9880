"""Bodies of replies: what SMP sends is read, what could cost time or memory is refused before it is decoded."""

from contextlib import suppress

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.smp.bodies import BodyRefused, read_body

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def depth(value: object) -> int:
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max((1 + depth(each) for each in inside), default=0)


@given(st.dictionaries(st.text(max_size=12), values, max_size=6).filter(lambda body: depth(body) <= 8))
def test_a_map_is_read_as_it_was_written(body: dict[str, object]) -> None:
    assert read_body(cbor2.dumps(body)) == body


def test_zephyr_s_maps_without_a_length_are_read() -> None:
    assert read_body(b"\xbf\x61r\x7f\x61a\x61b\xff\xff") == {"r": "ab"}
    assert read_body(b"\xa1\x66images\x9f\xbf\x64slot\x00\xff\xff") == {"images": [{"slot": 0}]}


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(BodyRefused):
        assert isinstance(read_body(body), dict)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "ends too early"),
        (b"\xa1\x61a", "ends too early"),
        (b"\xa1\x61a\x5a\xff\xff\xff\xff", "ends too early"),
        (b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff", "ends too early"),
        (b"\x9b\x00\x00\x00\x00\xff\xff\xff\xff", "ends too early"),
        (b"\xbf\x61a\x00", "ends too early"),
        (b"\xa0\x00", "1 bytes follow"),
        (b"\x01", "not a map"),
        (b"\x83\x01\x02\x03", "not a map"),
        (b"\xa1\x01\x02", "not all text"),
        (b"\xa1\x61a" + b"\x81" * 9 + b"\x00", "8 deep"),
        (b"\xa1\x61a\xc5\x82\x1b\x7f\xff\xff\xff\xff\xff\xff\xff\x03", "a tag"),
        (b"\xa1\x61a\xd8\x23\x64(a+)", "a tag"),
        (b"\xa1\x61a\xf8\x20", "of no kind"),
        (b"\xa1\x61a\x1c", "of no kind"),
        (b"\xa1\x61a\x1f", "without an end"),
        (b"\xa1\x61a\xff", "of no kind"),
        (b"\xa1\x61a\x7f\x41a\xff", "mixed pieces"),
        (b"\xbf\x61a\xff", "without a value"),
        (b"\xa1\x61\xff\x00", "decoding text"),
    ],
)
def test_what_is_no_body_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(BodyRefused, match=why):
        read_body(body)


def test_eight_deep_passes() -> None:
    assert read_body(b"\xa1\x61a" + b"\x81" * 7 + b"\x00")["a"]
