"""What the adapters ask of drivers and programs, and what they make of their errors. Not run on hardware."""

import errno
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from edge_agent.media.errors import SourceFault
from edge_agent.media.faults import fault_of
from edge_agent.media.messages import FaultReason
from edge_agent.media.rpicam import command
from edge_agent.media.source_names import MODALITIES, source_named
from edge_agent.media.sources import AlsaSource, RtspSource, V4l2Source, alsa_reason, source_of

V4L2 = V4l2Source(source_named("v4l2:/dev/video7?size=640x480&fps=15"))


class Driver:
    """Stands for `av.open` on a V4L2 device: refuses the formats in `refused` with their errors."""

    def __init__(self, refused: dict[str, Exception]) -> None:
        self.refused = refused
        self.asked: list[str] = []

    def __call__(self, device: str, *, format: str, options: dict[str, str], timeout: float) -> "Driver":  # noqa: A002 - PyAV's name
        assert (device, format) == ("/dev/video7", "v4l2")
        assert (options["video_size"], options["framerate"]) == ("640x480", "15")
        assert timeout < 1
        self.asked.append(options["input_format"])
        if options["input_format"] in self.refused:
            raise self.refused[options["input_format"]]
        return self

    def __enter__(self) -> "Driver":
        return self

    def __exit__(self, *_: object) -> None:
        return None


def not_known() -> Exception:
    return av.error.ArgumentError(errno.EINVAL, "Invalid argument")


@pytest.mark.parametrize(
    ("lacks", "asked"),
    [((), ["h264"]), (("h264",), ["h264", "mjpeg"]), (("h264", "mjpeg"), ["h264", "mjpeg", "yuyv422"])],
)
def test_a_driver_is_asked_for_h264_first(monkeypatch: pytest.MonkeyPatch, lacks: tuple[str, ...], asked: Any) -> None:
    driver = Driver({kind: not_known() for kind in lacks})
    monkeypatch.setattr(av, "open", driver)
    with V4L2.opened(frozenset({"video"})) as feed:
        assert feed.stamped
        assert not feed.paced
    assert driver.asked == asked


def test_a_driver_that_has_no_format_we_know_is_not_asked_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver({kind: not_known() for kind in ("h264", "mjpeg", "yuyv422")})
    monkeypatch.setattr(av, "open", driver)
    with pytest.raises(av.error.ArgumentError), V4L2.opened(frozenset({"video"})):
        pass
    assert len(driver.asked) == 3


def test_a_busy_device_is_not_asked_for_another_format(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver({"h264": OSError(errno.EBUSY, "Device or resource busy")})
    monkeypatch.setattr(av, "open", driver)
    with pytest.raises(OSError, match="busy") as met, V4L2.opened(frozenset({"video"})):
        pass
    assert fault_of(met.value, V4L2.shown, began=False).reason == "busy"
    assert driver.asked == ["h264"]


def test_the_demultiplexers_are_in_this_ffmpeg() -> None:
    names = {name for formats in av.formats_available for name in formats.split(",")}
    assert {"v4l2", "alsa", "rtsp", "nut", "h264"} <= names
    assert {"libx264", "libopus", "h264", "mjpeg"} <= av.codecs_available


@pytest.mark.parametrize(
    ("states", "reason"),
    [((), "missing"), (("closed\n",), "unreadable"), (("closed\n", "state: RUNNING\nowner_pid: 7\n"), "busy")],
)
def test_why_a_microphone_can_not_be_opened(tmp_path: Path, states: tuple[str, ...], reason: FaultReason) -> None:
    for number, state in enumerate(states):
        folder = tmp_path / f"card{number}" / "pcm0c" / "sub0"
        folder.mkdir(parents=True)
        (folder / "status").write_text(state)
    assert alsa_reason(tmp_path) == reason


def test_a_raspberry_pi_is_asked_for_inline_headers_and_short_groups() -> None:
    words = command(source_named("libcamera:1?size=1280x720&fps=30"))
    options = dict(pairwise(words))
    assert words[0] == "rpicam-vid"
    assert (options["--camera"], options["--width"], options["--height"]) == ("1", "1280", "720")
    assert (options["--framerate"], options["--intra"]) == ("30", "60")
    assert (options["--codec"], options["--profile"], options["--output"]) == ("h264", "baseline", "-")
    assert {"--inline", "--nopreview", "--flush"} <= set(words)
    assert options["--timeout"] == "0"


def test_a_network_camera_is_asked_over_tcp_for_no_more_than_wanted() -> None:
    source = RtspSource(source_named("rtsp://camera/1"))
    assert source.options(frozenset({"audio"}))["allowed_media_types"] == "audio"
    assert source.options(frozenset({"audio", "video"}))["allowed_media_types"] == "audio+video"
    assert source.options(frozenset({"audio"}))["rtsp_transport"] == "tcp"


def test_a_microphone_is_asked_for_one_channel() -> None:
    assert AlsaSource(source_named("alsa:default")).options() == {"sample_rate": "48000", "channels": "1"}


@pytest.mark.parametrize(
    "text", ["v4l2:/dev/video0", "libcamera:0", "alsa:default", "rtsp://c/1", "file:/f", "unix:/s"]
)
def test_every_kind_of_source_has_an_adapter_that_opens_nothing_yet(text: str) -> None:
    name = source_named(text)
    source = source_of(name)
    assert source.shown == name.shown()
    assert 0 < source.first_s <= 5
    assert source.limit_s <= source.first_s or name.scheme == "file"
    assert MODALITIES[name.scheme]


@pytest.mark.parametrize(
    ("error", "began", "reason"),
    [
        (OSError(errno.ENOENT, ""), False, "missing"),
        (OSError(errno.ENODEV, ""), False, "missing"),
        (OSError(errno.ENODEV, ""), True, "died"),
        (OSError(errno.EBUSY, ""), False, "busy"),
        (PermissionError(errno.EACCES, ""), False, "denied"),
        (ConnectionRefusedError(errno.ECONNREFUSED, ""), False, "missing"),
        (TimeoutError(), True, "timeout"),
        (EOFError(), False, "unreadable"),
        (EOFError(), True, "died"),
        (av.error.HTTPUnauthorizedError(-0x41444E49, "401"), False, "denied"),
        (av.error.HTTPNotFoundError(-0x41444E49, "404"), False, "missing"),
        (av.error.InvalidDataError(-0x41444E49, "?"), False, "unreadable"),
        (av.error.ExitError(-0x41444E49, "?"), False, "timeout"),
        (SourceFault("busy", "taken"), True, "busy"),
        (KeyError("x"), True, "died"),
    ],
)
def test_errors_become_reasons(error: Exception, began: bool, reason: FaultReason) -> None:
    fault = fault_of(error, "unix:/camera", began=began)
    assert fault.reason == reason
    assert fault.detail
