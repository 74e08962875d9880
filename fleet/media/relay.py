"""The streams of this controller, and the browsers that watch them: a bounded number, each with an owner."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from fleet.media import browser
from fleet.media.browser import BrowserViewer
from fleet.media.errors import TooMany
from fleet.media.frames import MediaKind
from fleet.media.preview import PreviewDesk
from fleet.media.unit_stream import StreamEvents, StreamSettings, UnitStream, Viewer
from fleet.readiness.limits import Limits


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """stream: how each is received; readiness: what a unit has to reach; max_streams: how many at a time."""

    stream: StreamSettings = field(default_factory=StreamSettings)
    readiness: Limits = field(default_factory=Limits)
    max_streams: int = 16


class Relay:
    """Owns every stream and every browser's connection; `close` ends them all, and has to be awaited."""

    def __init__(self, settings: RelaySettings) -> None:
        self._settings = settings
        self._streams: dict[str, UnitStream] = {}
        self._desks: dict[str, PreviewDesk] = {}
        self._browsers: dict[str, BrowserViewer] = {}

    def open(
        self,
        opening: str,
        modalities: Iterable[MediaKind],
        events: StreamEvents,
        settings: StreamSettings | None = None,
    ) -> UnitStream:
        """A stream for `opening`, its offer not yet made; raises TooMany, and ValueError for an opening that is here.

        It keeps its place, ended or not, until `close_stream`. `settings` are for this stream alone, as its ICE servers
        have credentials of their own. Its decoder starts now, in the running event loop: no picture is to wait for it.
        """
        if opening in self._streams:
            raise ValueError(f"there is a stream of {opening} already")
        if len(self._streams) >= self._settings.max_streams:
            raise TooMany("streams", self._settings.max_streams)
        stream = UnitStream(opening, modalities, events, settings or self._settings.stream)
        self._streams[opening] = stream
        self._desks[opening] = PreviewDesk(stream, self._settings.readiness)
        self._desks[opening].prepare()
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

    def desk(self, opening: str) -> PreviewDesk | None:
        """Where terminals see the stream of `opening`, and where its measures are; until `close_stream`."""
        return self._desks.get(opening)

    async def close_stream(self, opening: str) -> None:
        """End the stream of `opening` and all that watch it; nothing if there is none."""
        stream, desk = self._streams.pop(opening, None), self._desks.pop(opening, None)
        if desk is not None:
            await desk.close()
        if stream is not None:
            await stream.close()
            self._forget_ended()

    async def close(self) -> None:
        """End everything."""
        browsers = list(self._browsers.values())
        self._browsers.clear()
        await asyncio.gather(*(self.close_stream(opening) for opening in list(self._streams)))
        await asyncio.gather(*(watching.close() for watching in browsers))

    def _forget_ended(self) -> None:
        for viewer_id in [name for name, watching in self._browsers.items() if watching.is_over]:
            del self._browsers[viewer_id]
