"""Annex B, time stamps, groups of pictures, rhythm, and the names of sources."""

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.media.annexb import ParameterSets, is_annexb, units
from edge_agent.media.errors import SourceNameInvalid
from edge_agent.media.group import MAX_UNITS, Group, Unit
from edge_agent.media.meters import Rhythm
from edge_agent.media.source_names import SourceName, source_named
from edge_agent.media.timeline import Timeline

SPS, PPS, IDR, SLICE, AUD = b"\x67\x42\x01", b"\x68\xce\x02", b"\x65\x88\x03", b"\x41\x9a\x04", b"\x09\xf0"


def joined(*found: bytes, code: bytes = b"\x00\x00\x00\x01") -> bytes:
    return b"".join(code + unit for unit in found)


@pytest.mark.parametrize("code", [b"\x00\x00\x01", b"\x00\x00\x00\x01"])
def test_units_are_found_between_start_codes(code: bytes) -> None:
    assert list(units(joined(AUD, SPS, PPS, IDR, code=code))) == [AUD, SPS, PPS, IDR]
    assert is_annexb(joined(SPS, code=code))


@given(st.binary(max_size=200))
def test_any_bytes_have_units_or_none(data: bytes) -> None:
    assert all(b"\x00\x00\x01" not in unit and unit for unit in units(data))
    ParameterSets(data).complete(data)


def test_a_key_picture_gets_the_sets_it_lacks() -> None:
    sets = ParameterSets(joined(SPS, PPS))
    assert sets.complete(joined(IDR)) == (joined(SPS, PPS, IDR), True)
    assert sets.complete(joined(AUD, IDR)) == (joined(AUD, SPS, PPS, IDR), True)
    assert sets.complete(joined(SLICE)) == (joined(SLICE), False)


def test_a_key_picture_with_its_sets_is_not_touched_and_teaches_them() -> None:
    sets = ParameterSets(None)
    assert sets.complete(joined(IDR)) == (joined(IDR), True)
    whole = joined(SPS, PPS, IDR, code=b"\x00\x00\x01")
    assert sets.complete(whole) == (whole, True)
    assert sets.complete(joined(IDR)) == (joined(SPS, PPS, IDR), True)


def test_time_stamps_follow_the_source_from_zero() -> None:
    line = Timeline(1_000)
    assert [line.ticks(at, 50.0 + at) for at in (7.0, 7.04, 7.08)] == [0, 40, 80]


@pytest.mark.parametrize("odd", [None, 0.0, 1e9, -5.0])
def test_a_step_of_the_sources_time_is_bridged_by_the_time_of_arrival(odd: float | None) -> None:
    line = Timeline(1_000)
    assert [line.ticks(at, 50.0 + at) for at in (7.0, 7.04)] == [0, 40]
    assert line.ticks(odd, 57.08) == 80


@given(st.lists(st.tuples(st.none() | st.floats(-1e6, 1e6), st.floats(0, 1)), max_size=50))
def test_time_stamps_only_grow(packets: list[tuple[float | None, float]]) -> None:
    line, arrival, last = Timeline(90_000), 0.0, -1
    for source, step in packets:
        arrival += step
        ticks = line.ticks(source, arrival)
        assert ticks > last
        last = ticks


def unit(size: int) -> Unit:
    return av.Packet(bytes(size))


def test_a_group_begins_with_its_key_picture_and_is_bounded() -> None:
    group = Group()
    group.add(unit(5), key=False)
    assert len(group.units) == 0
    for _ in range(2):
        group.add(unit(5), key=True)
        group.add(unit(5), key=False)
        assert len(group.units) == 2
    for count in range(3, MAX_UNITS + 1):
        group.add(unit(5), key=False)
        assert (len(group.units), group.is_half_full) == (count, count >= MAX_UNITS // 2)
    for _ in range(2):
        group.add(unit(5), key=False)
        assert (len(group.units), group.is_half_full) == (0, False)


def test_a_key_picture_is_kept_however_large() -> None:
    group = Group()
    group.add(unit(9 * 1024 * 1024), key=True)
    assert (len(group.units), group.is_half_full) == (1, False)
    group.add(unit(1), key=False)
    assert len(group.units) == 0


def test_the_rhythm_of_a_camera_is_found() -> None:
    rhythm = Rhythm()
    for picture in range(100):
        rhythm.add(100, picture * 0.04, key=picture % 50 == 0)
    assert rhythm.fps == pytest.approx(25)
    assert rhythm.gop_s == pytest.approx(2.0)
    assert rhythm.total_bytes == 10_000
    for picture in range(100, 200):
        rhythm.add(100, picture * 0.04, key=False)
    assert rhythm.gop_s == pytest.approx(5.96)
    for picture in range(200, 500):
        rhythm.add(100, picture * 0.04, key=picture % 50 == 0)
    assert rhythm.gop_s == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("v4l2:/dev/video0", SourceName("v4l2", "/dev/video0")),
        ("v4l2:/dev/video2?size=640x480&fps=15", SourceName("v4l2", "/dev/video2", 640, 480, 15)),
        ("libcamera:0", SourceName("libcamera", "0")),
        ("alsa:hw:1,0", SourceName("alsa", "hw:1,0")),
        ("file:/srv/clip.mp4", SourceName("file", "/srv/clip.mp4")),
        ("unix:/run/camera", SourceName("unix", "/run/camera")),
        ("rtsp://u:p@camera:554/1?x=y", SourceName("rtsp", "rtsp://u:p@camera:554/1?x=y")),
    ],
)
def test_a_source_is_named(text: str, name: SourceName) -> None:
    assert source_named(text) == name


@pytest.mark.parametrize(
    "text",
    [
        *["", "camera", "v4l2:", "v4l2:video0", "v4l2:/dev/video0?size=big", "v4l2:/dev/video0?fps=0"],
        *[
            "v4l2:/dev/video0?rate=5",
            "libcamera:first",
            "file:clip.mp4",
            "unix:camera",
            "rtsp:///1",
            "rtsp://[",
            "usb:1",
        ],
        *["usb:1", "unix:/run/\ncamera"],
    ],
)
def test_what_names_no_source_is_refused(text: str) -> None:
    with pytest.raises(SourceNameInvalid):
        source_named(text)


def test_without_a_key_picture_the_time_since_the_first_picture_counts() -> None:
    rhythm = Rhythm()
    for picture in range(100):
        rhythm.add(100, picture * 0.04, key=False)
    assert rhythm.gop_s == pytest.approx(3.96)


@pytest.mark.parametrize("text", ["rtsp://user:12/hidden@camera/1", "rtsp://u:1?hidden@camera", "rtsp://u:1#hidden@c"])
def test_a_password_that_ends_the_host_too_early_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(SourceNameInvalid, match="%2F") as refused:
        source_named(text)
    assert "hidden" not in str(refused.value)


def test_a_password_is_shown_nowhere() -> None:
    name = source_named("rtsp://user:hidden@camera:554/1?token=hidden")
    assert name.shown() == "rtsp://camera:554/1"
    assert "hidden" not in repr(name)
    with pytest.raises(SourceNameInvalid) as refused:
        source_named("rtsp://user:hidden@:x/")
    assert "hidden" not in str(refused.value)
