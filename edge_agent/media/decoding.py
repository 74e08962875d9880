"""The decoder of a stream that is encoded again, or may have to be at any moment. Used by the thread that reads it."""

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import av

from edge_agent.media.group import Unit

_AT_ONCE = 2
"""Units of the backlog for each that comes: it grows shorter, and no picture that is passed through waits for long."""


class PictureDecoder:
    """Follows the stream from a key picture on, or from wherever it is told to. It may have a backlog."""

    def __init__(self, stream: Any) -> None:
        """For the video stream of the open source. It does not follow yet."""
        self._stream = stream
        self._context: Any = None
        self._backlog: deque[Unit] = deque()
        self._newest: list[Any] = []

    @property
    def follows(self) -> bool:
        """Whether it is given every unit."""
        return self._context is not None

    def follow(self, units: Iterable[Unit]) -> None:
        """Begin anew with `units` as its backlog; from then on it is to be given every unit, until it leaves."""
        self._context = self._made()
        self._backlog = deque(units)
        self._newest = []

    def leave(self) -> None:
        """Follow no longer."""
        self._context = None
        self._backlog.clear()
        self._newest = []

    def add(self, unit: Unit) -> None:
        """The next unit, at the end of the backlog, of which a little is decoded."""
        self._backlog.append(unit)
        for _ in range(min(_AT_ONCE, len(self._backlog))):
            self._advance()

    def caught_up(self) -> list[Any]:
        """Decode the whole backlog; gives the newest frame, if there is one."""
        while self._backlog:
            self._advance()
        newest, self._newest = self._newest, []
        return newest

    def decode(self, unit: Unit) -> list[Any]:
        """The next unit, without a backlog; gives the frames that it completes. Raises av.FFmpegError."""
        frames: list[Any] = self._context.decode(unit)
        return frames

    def _advance(self) -> None:
        """Only the newest frame is kept: a long group, decoded, would fill a small unit's memory."""
        with suppress(av.FFmpegError):  # those after it may be decodable; `decode` tells when none is
            self._newest = self.decode(self._backlog.popleft())[-1:] or self._newest

    def _made(self) -> Any:
        original = self._stream.codec_context
        decoder: Any = av.CodecContext.create(original.name, "r")
        decoder.thread_count = 1
        if original.name != "h264":
            decoder.extradata = original.extradata
            if original.width:
                decoder.width, decoder.height = original.width, original.height
            if original.pix_fmt:
                decoder.pix_fmt = original.pix_fmt
        return decoder
