"""From the packets of a camera to the packets that are sent: passed through, or decoded and encoded again.

Whoever begins to encode in the middle of a group of pictures needs all of it. So the present group is kept, and where
it may grow too large for that, a decoder follows it: there is always something to begin with.

Used by one thread, that which reads the camera; what the event loop sets (`plan`, `ask_keyframe`) is one assignment.
"""

from typing import Any

import av

from edge_agent.media.adapting import Plan, Shape, shape_for
from edge_agent.media.annexb import ParameterSets, is_annexb
from edge_agent.media.decoding import PictureDecoder
from edge_agent.media.encoding import VIDEO_BASE, VIDEO_HZ, PictureEncoder
from edge_agent.media.group import Group, Unit
from edge_agent.media.meters import Rhythm
from edge_agent.media.timeline import Timeline
from edge_agent.media.tracks import PacketTrack

_PLAIN_FORMATS = {"yuv420p", "yuvj420p"}
_WHOLE_PICTURES = {"mjpeg", "rawvideo"}
"""Codecs without groups: each picture is a key picture."""


class PicturePath:
    """One camera's stream, to one track."""

    def __init__(self, stream: Any, track: PacketTrack) -> None:
        """`stream` is the video stream of the open source."""
        self._codec = stream.codec_context.name
        extradata = stream.codec_context.extradata
        self._filter = _to_annexb(stream, self._codec, extradata)
        self._sets = ParameterSets(extradata)
        self.width, self.height = stream.codec_context.width, stream.codec_context.height
        self.passable = self._codec == "h264" and (stream.codec_context.pix_fmt or "yuv420p") in _PLAIN_FORMATS
        self.plan = Plan()
        self.rhythm = Rhythm()
        self.dropped = 0
        self.mode = self.plan.mode
        self.shape = Shape()
        self._track = track
        self._timeline = Timeline(VIDEO_HZ)
        self._group = Group()
        self._decoder = PictureDecoder(stream)
        self._encoder = PictureEncoder()
        self._started = False
        self._keyframe_asked = False
        self._key_needed = True
        self._seen = 0
        self._last_stamps = (0, 0)

    def ask_keyframe(self) -> None:
        """The receiver can not go on without one. A stream that is passed through brings one by itself."""
        self._keyframe_asked = True

    @property
    def waits_for_key(self) -> bool:
        """Whether pictures are left out until the source's next key picture."""
        return self._track.wanted and self.mode == "pass-through" and self._key_needed

    def take(self, packet: Unit, arrival_s: float, *, stamped: bool) -> None:
        """One packet of the source. Raises av.FFmpegError for a picture that can not be decoded."""
        if not stamped or packet.pts is None:
            packet.pts, packet.time_base = round(arrival_s * VIDEO_HZ), VIDEO_BASE
        self._watch_order(packet)
        for unit in self._units(packet):
            self.rhythm.add(unit.size, arrival_s, key=unit.is_keyframe)
            frames = self._followed(unit)
            if self._track.wanted:
                self._send(unit, frames, arrival_s)

    def _watch_order(self, packet: Unit) -> None:
        """Pictures out of their order (B frames) can not be passed through: receivers show them as they come."""
        if packet.pts is None or packet.dts is None:
            return
        pts, dts = self._last_stamps
        if packet.pts < pts and packet.dts > dts:
            self.passable = False
        self._last_stamps = packet.pts, packet.dts

    def _units(self, packet: Unit) -> list[Unit]:
        if self._codec != "h264":
            packet.is_keyframe = packet.is_keyframe or self._codec in _WHOLE_PICTURES
            return [packet]
        found = []
        pts, time_base = packet.pts, packet.time_base  # the filter takes the packet away
        for part in self._filter.filter(packet) if self._filter else [packet]:
            body, key = self._sets.complete(bytes(part))
            unit: Unit = av.Packet(body)
            unit.pts, unit.time_base = pts, time_base
            unit.is_keyframe = key
            found.append(unit)
        return found

    def _followed(self, unit: Unit) -> list[Any]:
        """Keep `unit`, and have a decoder follow a group that may grow too large to be kept; its frames, where they are
        to be encoded. Raises av.FFmpegError then, for what can not be decoded."""
        self._group.add(unit, key=unit.is_keyframe)
        if self.mode == "re-encoding" and self._decoder.follows:
            return self._decoder.decode(unit)
        if unit.is_keyframe:
            self._decoder.leave()
        if self._decoder.follows:
            self._decoder.add(unit)
        elif self._group.is_half_full:
            self._decoder.follow(self._group.units)
        return []

    def _send(self, unit: Unit, frames: list[Any], arrival_s: float) -> None:
        """`frames` are those of `unit`, where it is encoded again already."""
        has_start = self._started or bool(self._group.units) or not self._decoder.follows
        may_pass = self.passable and has_start
        wanted = self.plan.mode if may_pass else "re-encoding"
        if wanted != self.mode and (unit.is_keyframe or wanted == "re-encoding"):
            self.mode = wanted
            self._started = False
        if not self._started:
            self._started = self._begin(unit, arrival_s)
        elif self.mode == "pass-through":
            self._pass(unit, arrival_s)
        else:
            self._encode(frames, arrival_s)

    def _begin(self, unit: Unit, arrival_s: float) -> bool:
        """Begin in the present mode, with the group so far and with `unit`; False while there is nothing to begin with.

        Without a key picture a decoder may find its way all the same, as with cameras that refresh bit by bit.
        """
        units = self._group.units
        if self.mode == "re-encoding":
            if not self._decoder.follows:
                if not units and self._codec == "h264" and not self._sets.known:
                    return False
                self._decoder.follow(units or [_after(self._sets.known, unit)])
            self._keyframe_asked = True
            self._encode(self._decoder.caught_up(), arrival_s)
            return True
        self._decoder.leave()
        self._key_needed = True
        for fresh in units[-1:] if unit.is_keyframe else units:
            self._pass(fresh, arrival_s)
        return bool(units)

    def _pass(self, unit: Unit, arrival_s: float) -> None:
        if self._key_needed and not unit.is_keyframe:
            self.dropped += 1
            return
        self._keyframe_asked = False
        packet: Unit = av.Packet(bytes(unit))
        packet.pts = self._timeline.ticks(_seconds(unit), arrival_s)
        packet.time_base = VIDEO_BASE
        self._offer(packet)

    def _encode(self, frames: list[Any], arrival_s: float) -> None:
        for frame in frames:
            self.width, self.height = frame.width, frame.height
            fps = self.rhythm.fps or 15.0
            target_bit_s = self.plan.target_bit_s or frame.width * frame.height * fps * 0.08
            self.shape = shape_for(target_bit_s, frame.width, frame.height, fps, self.shape)
            self._seen += 1
            if self._seen % self.shape.every and not self._keyframe_asked:
                continue
            key, self._keyframe_asked = self._keyframe_asked, False
            source_s = None if frame.pts is None else float(frame.pts * frame.time_base)
            frame.pts = self._timeline.ticks(source_s, arrival_s)
            for body in self._encoder.encode(frame, target_bit_s, self.shape, fps / self.shape.every, key=key):
                packet: Unit = av.Packet(body)
                packet.pts, packet.time_base = frame.pts, VIDEO_BASE
                self._offer(packet)

    def _offer(self, packet: Unit) -> None:
        taken = self._track.offer(packet)
        if not taken:
            self.dropped += 1
        self._key_needed = not taken
        if not taken:
            self._keyframe_asked = True


def _after(head: bytes, unit: Unit) -> Unit:
    """`unit` with `head` before it."""
    longer: Unit = av.Packet(head + bytes(unit))
    longer.pts, longer.time_base = unit.pts, unit.time_base
    return longer


def _seconds(unit: Unit) -> float | None:
    return None if unit.pts is None or unit.time_base is None else float(unit.pts * unit.time_base)


def _to_annexb(stream: Any, codec: str, extradata: bytes | None) -> av.BitStreamFilterContext | None:
    """The filter for streams in the form of MP4 files, which have lengths in place of start codes."""
    if codec != "h264" or not extradata or is_annexb(extradata):
        return None
    return av.BitStreamFilterContext("h264_mp4toannexb", stream)
