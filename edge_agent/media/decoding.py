"""The decoder of a stream that is encoded again, or may have to be at any moment. Used by the thread that reads it."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import av

from edge_agent.media.group import Unit


class PictureDecoder:
    """Made anew by each `begin`; from then on it is to be given every unit, or it has to `leave` the stream."""

    def __init__(self, stream: Any) -> None:
        """For the video stream of the open source. It does not follow yet."""
        self._stream = stream
        self._context: Any = None

    @property
    def follows(self) -> bool:
        """Whether it has been given every unit since it began."""
        return self._context is not None

    def begin(self, units: Sequence[Unit]) -> list[Any]:
        """Follow from `units` on; gives their newest frame, if any. A unit that can not be decoded is passed over."""
        self._context = self._made()
        newest: list[Any] = []
        for unit in units:  # only the newest is kept: a long group, decoded, would fill a small unit's memory
            with suppress(av.FFmpegError):  # those after it may be decodable; `decode` tells when none is
                newest = self.decode(unit)[-1:] or newest
        return newest

    def decode(self, unit: Unit) -> list[Any]:
        """The frames that `unit` completes. Raises av.FFmpegError."""
        frames: list[Any] = self._context.decode(unit)
        return frames

    def leave(self) -> None:
        """Follow no longer."""
        self._context = None

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
