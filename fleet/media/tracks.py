"""What a viewer's connection sends: the frames of its lane as `av.Packet`, which aiortc packetises without encoding."""

from collections.abc import Callable
from typing import Any

from aiortc import MediaStreamTrack, RTCRtpSender
from aiortc.mediastreams import MediaStreamError
from av.packet import Packet

from fleet.media.fan_out import Lane
from fleet.media.frames import MediaKind
from fleet.media.packets import packet_of


class LaneTrack(MediaStreamTrack):
    """The frames of one kind that wait in `lane`; ends when the lane is closed."""

    def __init__(self, kind: MediaKind, lane: Lane) -> None:
        super().__init__()
        self.kind = kind
        self._lane = lane

    async def recv(self) -> "Packet[Any]":
        """The next frame, as soon as it is there; raises MediaStreamError at the end."""
        lane = self._lane
        frame = await (lane.next_video() if self.kind == "video" else lane.next_audio())
        if frame is None:
            self.stop()
            raise MediaStreamError
        return packet_of(frame)


def hand_on_requests(sender: RTCRtpSender, ask: Callable[[], None]) -> None:
    """Let the viewer's PLI and FIR call `ask`: there is no encoder here that could make a keyframe."""
    if not callable(getattr(sender, "_send_keyframe", None)):
        raise TypeError("this aiortc's sender does not tell of requests for a keyframe")
    sender._send_keyframe = ask  # type: ignore[method-assign] # noqa: SLF001 - the seam
