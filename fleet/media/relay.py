"""The streams of this controller, and the browsers that watch them: a bounded number, each with an owner."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from fleet.media import browser
from fleet.media.browser import BrowserViewer
from fleet.media.errors import TooMany
from fleet.media.frames import MediaKind
from fleet.media.unit_stream import StreamEvents, StreamSettings, UnitStream, Viewer


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """stream: how each is received; max_streams: how many there may be at a time."""

    stream: StreamSettings = field(default_factory=StreamSettings)
    max_streams: int = 16


class Relay:
    """Owns every stream and every browser's connection; `close` ends them all, and has to be awaited."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._streams: dict[str, UnitStream] = {}
        self._browsers: dict[str, BrowserViewer] = {}

    def open(
        self,
        opening: str,
        modalities: Iterable[MediaKind],
        events: StreamEvents,
        settings: StreamSettings | None = None,
    ) -> UnitStream:
        """A stream for `opening`, its offer not yet made; raises TooMany, and ValueError for an opening that is open.

        `settings` are for this stream, as its ICE servers have credentials of their own.
        """
        self._forget_ended()
        if opening in self._streams:
            raise ValueError(f"there is a stream of {opening} already")
        if len(self._streams) >= self._settings.max_streams:
            raise TooMany("streams", self._settings.max_streams)
        stream = UnitStream(opening, modalities, events, settings or self._settings.stream)
        self._streams[opening] = stream
        return stream

    def stream(self, opening: str) -> UnitStream | None:
        """The stream of `opening`, if it has not ended."""
        stream = self._streams.get(opening)
        return None if stream is None or stream.state == "ended" else stream

    async def watch(self, stream: UnitStream, offer: str, viewer: Viewer) -> BrowserViewer:
        """Answer a browser's offer; see `fleet.media.browser.watch`."""
        watching = await browser.watch(stream, offer, viewer)
        self._forget_ended()
        self._browsers[viewer.viewer_id] = watching
        return watching

    def browser(self, viewer_id: str) -> BrowserViewer | None:
        """The browser that `viewer_id` watches with, if it still does."""
        watching = self._browsers.get(viewer_id)
        return None if watching is None or watching.is_over else watching

    async def close_stream(self, opening: str) -> None:
        """End the stream of `opening` and all that watch it; nothing if there is none."""
        stream = self._streams.pop(opening, None)
        if stream is not None:
            await stream.close()
            self._forget_ended()

    async def close(self) -> None:
        """End everything."""
        streams, browsers = list(self._streams.values()), list(self._browsers.values())
        self._streams.clear()
        self._browsers.clear()
        await asyncio.gather(*(stream.close() for stream in streams))
        await asyncio.gather(*(watching.close() for watching in browsers))

    def _forget_ended(self) -> None:
        for opening in [name for name, stream in self._streams.items() if stream.state == "ended"]:
            del self._streams[opening]
        for viewer_id in [name for name, watching in self._browsers.items() if watching.is_over]:
            del self._browsers[viewer_id]
