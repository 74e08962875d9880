"""How sources are named in the agent's settings. Pure; no media library is imported here.

v4l2:/dev/video0     a camera with a Linux driver; options after `?`: size=1280x720&fps=25
libcamera:0          a camera of a Raspberry Pi, by its number; the same options
alsa:default         a microphone, by its ALSA name
rtsp://user:password@host/path    a network camera; picture and sound
file:/path           a recording made elsewhere, over and over in real time: for demos; picture and sound
unix:/path           a stream on a socket, as `edge_agent.media.synthetic` serves it; picture and sound
"""

import re
from typing import Literal, NamedTuple
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from edge_agent.media.errors import SourceNameInvalid
from edge_agent.media.messages import Modality

Scheme = Literal["v4l2", "libcamera", "alsa", "rtsp", "file", "unix"]

MODALITIES: dict[Scheme, frozenset[Modality]] = {
    "v4l2": frozenset({"video"}),
    "libcamera": frozenset({"video"}),
    "alsa": frozenset({"audio"}),
    "rtsp": frozenset({"video", "audio"}),
    "file": frozenset({"video", "audio"}),
    "unix": frozenset({"video", "audio"}),
}
_WRITE = "write v4l2:/dev/video0, libcamera:0, alsa:default, rtsp://host/path, file:/path or unix:/path"
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})")


class SourceName(NamedTuple):
    """`target` is a device, a number, a path or, for RTSP, the whole address with its password.

    width, height: the picture asked for, pixels; fps: pictures a second asked for, 1 … 60.
    """

    scheme: Scheme
    target: str
    width: int = 1280
    height: int = 720
    fps: int = 25

    def __repr__(self) -> str:
        """Without a password."""
        return f"SourceName({self.shown()})"

    def shown(self) -> str:
        """For people and logs: without user, password and query of an address."""
        if self.scheme != "rtsp":
            return f"{self.scheme}:{self.target}"
        parts = urlsplit(self.target)
        return urlunsplit(("rtsp", parts.netloc.rpartition("@")[2], parts.path, "", ""))


def source_named(text: str) -> SourceName:
    """The source that `text` names; raises SourceNameInvalid, without repeating what may be a password."""
    scheme, colon, rest = text.partition(":")
    if not colon or not rest or any(ord(sign) < 32 for sign in text):
        raise SourceNameInvalid(f"a source must have a kind and a place: {_WRITE}")
    match scheme:
        case "rtsp":
            if not _has_host(text):
                raise SourceNameInvalid("an RTSP source needs a host: write rtsp://host/path")
            if "@" in urlsplit(text)._replace(netloc="").geturl():
                raise SourceNameInvalid("write / ? # @ as %2F %3F %23 %40 in user, password and path of an RTSP source")
            return SourceName("rtsp", text)
        case "file" | "unix":
            if not rest.startswith("/"):
                raise SourceNameInvalid(f"{scheme}: needs a whole path: write {scheme}:/path")
            return SourceName("file" if scheme == "file" else "unix", rest)
        case "alsa":
            return SourceName("alsa", rest)
        case "v4l2" | "libcamera":
            return _camera(scheme, rest)
        case _:
            raise SourceNameInvalid(f"{scheme[:20]!a} is no kind of source: {_WRITE}")


def _has_host(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _camera(scheme: Literal["v4l2", "libcamera"], rest: str) -> SourceName:
    target, _, query = rest.partition("?")
    if scheme == "libcamera" and not (target.isascii() and target.isdecimal()):
        raise SourceNameInvalid("libcamera: needs the camera's number: write libcamera:0")
    if scheme == "v4l2" and not target.startswith("/dev/"):
        raise SourceNameInvalid("v4l2: needs a device: write v4l2:/dev/video0")
    options = dict(parse_qsl(query, keep_blank_values=True))
    size = _SIZE.fullmatch(options.pop("size", "1280x720"))
    fps = options.pop("fps", "25")
    if size is None or not (fps.isdecimal() and 1 <= int(fps) <= 60) or options:
        raise SourceNameInvalid(f"{scheme}: options are size=1280x720 and fps=25 (1 to 60), no others")
    return SourceName(scheme, target, int(size[1]), int(size[2]), int(fps))
