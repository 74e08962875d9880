"""What is read of H.264, held against what libx264 writes and FFmpeg reads, and against bytes that are nothing."""

from dataclasses import replace

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.media.h264 import is_keyframe, picture_format
from tests.support.media_relay_source import Camera, nal_units, pictures

SHORT = Camera(count=12, gop=5)


@pytest.mark.parametrize("size", [(320, 240), (640, 360), (1280, 720), (1920, 1080), (322, 182), (16, 16)])
@pytest.mark.parametrize("profile", ["baseline", "main"])
def test_the_format_is_what_ffmpeg_reads(size: tuple[int, int], profile: str) -> None:
    first = pictures(Camera(*size, count=1, profile=profile))[0]
    decoder = av.CodecContext.create("h264", "r")
    decoder.decode(av.Packet(first))
    decoder.decode(None)
    found = picture_format(first)
    assert found is not None
    assert (found.width, found.height) == (decoder.width, decoder.height) == size
    sps = next(unit for unit in nal_units(first) if unit[0] & 31 == 7)
    assert found.profile_level_id == sps[1:4].hex()


def test_keyframes_are_where_the_encoder_put_them() -> None:
    assert [is_keyframe(unit) for unit in pictures(SHORT)] == [place % 5 == 0 for place in range(12)]


def test_a_keyframe_without_its_parameter_set_is_none_to_begin_with() -> None:
    first = pictures(SHORT)[0]
    bare = b"".join(b"\0\0\0\1" + unit for unit in nal_units(first) if unit[0] & 31 != 7)
    assert not is_keyframe(bare)
    assert picture_format(bare) is None


@given(st.binary(max_size=300))
def test_bytes_that_are_nothing_are_no_error(data: bytes) -> None:
    assert is_keyframe(data) in {True, False}
    assert picture_format(data) is None or picture_format(data)


@given(st.data())
def test_a_damaged_parameter_set_is_no_error(data: st.DataObject) -> None:
    unit = bytearray(pictures(replace(SHORT, count=1))[0])
    for place in data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=8)):
        unit[place] = data.draw(st.integers(0, 255))
    found = picture_format(bytes(unit[: data.draw(st.integers(0, len(unit)))]))
    if found is not None:
        assert 0 < found.width <= 8192
        assert 0 < found.height <= 8192
        assert len(found.profile_level_id) == 6
