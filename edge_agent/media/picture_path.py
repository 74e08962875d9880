"""From the packets of a camera to the packets that are sent: passed through, or decoded and encoded again.

Used by one thread, that which reads the camera; what the event loop sets (`plan`, `ask_keyframe`) is one assignment.
"""

from typing import Any

import av

from edge_agent.media.adapting import Plan, Shape, shape_for
from edge_agent.media.annexb import ParameterSets, is_annexb
from edge_agent.media.encoding import VIDEO_BASE, VIDEO_HZ, PictureEncoder
from edge_agent.media.group import Group, Unit
from edge_agent.media.meters import Rhythm
from edge_agent.media.timeline import Timeline
from edge_agent.media.tracks import PacketTrack

_PLAIN_FORMATS = {"yuv420p", "yuvj420p"}


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
        self._stream = stream
        self._timeline = Timeline(VIDEO_HZ)
        self._group = Group()
        self._decoder: Any = None
        self._encoder = PictureEncoder()
        self._started = False
        self._keyframe_asked = False
        self._key_needed = True
        self._seen = 0
        self._last_stamps = (0, 0)

    def ask_keyframe(self) -> None:
        """The receiver can not go on without one. A stream that is passed through brings one by itself."""
        self._keyframe_asked = True

    def take(self, packet: Unit, arrival_s: float, *, stamped: bool) -> None:
        """One packet of the source. Raises av.FFmpegError for a picture that can not be decoded."""
        if not stamped or packet.pts is None:
            packet.pts, packet.time_base = round(arrival_s * VIDEO_HZ), VIDEO_BASE
        self._watch_order(packet)
        for unit in self._units(packet):
            key = unit.is_keyframe
            self.rhythm.add(unit.size, arrival_s, key=key)
            self._group.add(unit, key=key)
            if self._track.wanted:
                self._send(unit, arrival_s, key=key)

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
            packet.is_keyframe = True
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

    def _send(self, unit: Unit, arrival_s: float, *, key: bool) -> None:
        wanted = self.plan.mode if self.passable else "re-encoding"
        if wanted != self.mode and (key or wanted == "re-encoding"):
            self.mode = wanted
            self._started = False
        if not self._started:
            self._started = self._begin(arrival_s)
        elif self.mode == "pass-through":
            self._pass(unit, arrival_s, key=key)
        else:
            self._encode(self._decoded(unit), arrival_s)

    def _begin(self, arrival_s: float) -> bool:
        """Begin in the present mode with the group so far, the present unit included; False while there is none."""
        self._decoder = None
        units = self._group.units
        if not units:
            return False
        self._key_needed = self._keyframe_asked = True
        if self.mode == "pass-through":
            fresh = units[-1:] if units[-1].is_keyframe else units
            for unit in fresh:
                self._pass(unit, arrival_s, key=unit.is_keyframe)
            return True
        newest: list[Any] = []
        for unit in units:  # only the newest is kept: a long group, decoded, would fill a small unit's memory
            newest = self._decoded(unit)[-1:] or newest
        self._encode(newest, arrival_s)
        return True

    def _pass(self, unit: Unit, arrival_s: float, *, key: bool) -> None:
        if self._key_needed and not key:
            self.dropped += 1
            return
        self._keyframe_asked = False
        packet: Unit = av.Packet(bytes(unit))
        packet.pts = self._timeline.ticks(_seconds(unit), arrival_s)
        packet.time_base = VIDEO_BASE
        self._offer(packet)

    def _decoded(self, unit: Unit) -> list[Any]:
        if self._decoder is None:
            self._decoder = self._new_decoder()
        frames: list[Any] = self._decoder.decode(unit)
        return frames

    def _new_decoder(self) -> Any:
        decoder: Any = av.CodecContext.create(self._codec, "r")
        decoder.thread_count = 1
        original = self._stream.codec_context
        if self._codec != "h264":
            decoder.extradata = original.extradata
            if original.width:
                decoder.width, decoder.height = original.width, original.height
            if original.pix_fmt:
                decoder.pix_fmt = original.pix_fmt
        return decoder

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


def _seconds(unit: Unit) -> float | None:
    return None if unit.pts is None or unit.time_base is None else float(unit.pts * unit.time_base)


def _to_annexb(stream: Any, codec: str, extradata: bytes | None) -> av.BitStreamFilterContext | None:
    """The filter for streams in the form of MP4 files, which have lengths in place of start codes."""
    if codec != "h264" or not extradata or is_annexb(extradata):
        return None
    return av.BitStreamFilterContext("h264_mp4toannexb", stream)
