"""What is said to and by the position child: whole, strict, and silent about where the unit is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.position.messages import (
    Begin,
    Fault,
    Fix,
    Found,
    FromChild,
    Ready,
    decode_from_child,
    decode_to_child,
    encode,
)
from protocols.errors import InvalidMessage

FIX = Fix(latitude_deg=47.123456, longitude_deg=-31.654321, hdop=0.9, quality=1, satellites=11, age_s=0.25)


@pytest.mark.parametrize("message", [Ready(), Found(fix=FIX), Fault(reason="timeout")])
def test_what_the_child_says_comes_back_as_it_was(message: FromChild) -> None:
    assert decode_from_child(encode(message)) == message


def test_what_is_said_to_the_child_comes_back_as_it_was() -> None:
    begin = Begin(source="unix:/run/receiver.sock", limit_s=30)
    assert decode_to_child(encode(begin)) == begin


def test_no_repr_shows_coordinates() -> None:
    shown = f"{FIX!r} {FIX} {Found(fix=FIX)!r} {FIX.__rich_repr__()}"
    assert "47" not in shown
    assert "31" not in shown
    assert "quality=1" in shown


def test_a_fix_that_can_not_be_is_refused_without_showing_it() -> None:
    impossible = encode(Found(fix=FIX)).replace(b"47.123456", b"97.123456")
    with pytest.raises(InvalidMessage) as caught:
        decode_from_child(impossible)
    assert "123456" not in f"{caught.value!r}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    "source", ["/dev/ttyACM0", "serial:dev/ttyACM0", "file:/tmp/x", "unix:/a\nb", "unix:/", "unix:/" + "x" * 201]
)
def test_a_source_is_one_of_the_three_kinds_with_an_absolute_path(source: str) -> None:
    with pytest.raises(InvalidMessage):
        decode_to_child(encode(Begin(source=source, limit_s=30)))


@given(st.binary(max_size=200))
def test_any_other_bytes_are_refused(payload: bytes) -> None:
    for decode in (decode_to_child, decode_from_child):
        with pytest.raises(InvalidMessage):
            decode(payload)
