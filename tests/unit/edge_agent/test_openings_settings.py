"""The settings of a unit's devices, bench and keys."""

from pathlib import Path

import pytest

from edge_agent.errors import SettingsInvalid
from edge_agent.openings.sources import sources_of
from edge_agent.settings import AgentSettings, load

_FILE = """
video_source = "rtsp://watcher:secret@camera/stream"
audio_source = "alsa:default"
gnss_source = "serial:/dev/ttyAMA0"
workshop_interface = "eth0"
workshop_gateway_mac = "02:00:00:00:00:01"

[[inputs]]
name = "lid"
kind = "lid"
line = 17
"""


def loaded(tmp_path: Path, text: str, **environ: str) -> AgentSettings:
    file = tmp_path / "edge-agent.toml"
    file.write_text(text)
    return load(environ, file)


def test_devices_are_named_in_the_file_and_shown_by_no_repr(tmp_path: Path) -> None:
    own = loaded(tmp_path, _FILE)
    assert [one.name for one in own.inputs] == ["lid"]
    sources = sources_of(own)
    assert sources.modalities == {"video", "audio", "position"}
    assert (sources.addresses, own.plain_keys_may_sign) == ((), False)
    assert "secret" not in repr(own) + repr(sources)


def test_a_unit_has_no_device_and_believes_no_key_on_disk_unless_it_is_told(tmp_path: Path) -> None:
    own = loaded(tmp_path, "")
    assert sources_of(own).modalities == frozenset()
    told = loaded(tmp_path, "", MUSTER_AGENT_PLAIN_KEYS_MAY_SIGN="true", MUSTER_AGENT_MEDIA_LOOPBACK="1")
    assert told.plain_keys_may_sign
    assert sources_of(told).addresses == ("127.0.0.1",)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('video_source = "alsa:default"', "no video"),
        ('audio_source = "v4l2:/dev/video0"', "no audio"),
        ('video_source = "http://camera"', "video_source"),
        ('gnss_source = "/dev/ttyAMA0"', "gnss_source"),
        ('workshop_gateway_mac = "here"', "workshop_gateway_mac"),
        ('inputs = [{name = "a", kind = "lid", line = 1}, {name = "a", kind = "lid", line = 2}]', "one name"),
        ('inputs = [{name = "a", kind = "window", line = 1}]', "window"),
    ],
)
def test_devices_that_can_not_be_are_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(SettingsInvalid, match=why):
        loaded(tmp_path, text)
