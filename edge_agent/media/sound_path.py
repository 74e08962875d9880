"""From the packets of a microphone to Opus. Used by the one thread that reads it."""

from typing import Any

import av

from edge_agent.media.encoding import SOUND_BASE, SOUND_FRAME, SOUND_HZ, SoundEncoder
from edge_agent.media.group import Unit
from edge_agent.media.timeline import Timeline
from edge_agent.media.tracks import PacketTrack

_SLACK = SOUND_HZ // 10


class SoundPath:
    """One microphone's stream, to one track."""

    def __init__(self, stream: Any, track: PacketTrack) -> None:
        """`stream` is the audio stream of the open source."""
        self._stream = stream
        self._track = track
        self._encoder = SoundEncoder()
        self._timeline = Timeline(SOUND_HZ)
        self._next = 0
        self.dropped = 0

    def take(self, packet: Unit, arrival_s: float, *, stamped: bool) -> None:
        """One packet of the source. Raises av.FFmpegError for sound that can not be decoded."""
        if not self._track.wanted:
            return
        source_s = None if packet.pts is None or not stamped else float(packet.pts * packet.time_base)
        at = self._timeline.ticks(source_s, arrival_s)
        if abs(at - self._next) > _SLACK:  # sound was lost; small differences are the encoder's delay
            self._next = at
        for frame in self._stream.codec_context.decode(packet):
            for body in self._encoder.encode(frame):
                self._offer(body)

    def _offer(self, body: bytes) -> None:
        packet: Unit = av.Packet(body)
        packet.pts, packet.time_base = self._next, SOUND_BASE
        self._next += SOUND_FRAME
        if not self._track.offer(packet):
            self.dropped += 1
