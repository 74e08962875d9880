"""The media side of one check: its stream in the relay, and who watches, each a person in the log."""

import asyncio
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import cast

from fleet.checks import chapters
from fleet.checks.permits import Check
from fleet.checks.tools import Tools
from fleet.errors import Conflict
from fleet.media.browser import BrowserViewer
from fleet.media.errors import StreamOver
from fleet.media.frames import MediaKind
from fleet.media.preview import Preview, PreviewWish
from fleet.media.unit_stream import UnitStream, Viewer
from fleet.media.vigil import EndReason
from fleet.readiness.limits import Limits
from fleet.readiness.observed import Observed
from fleet.store.checks import Way
from fleet.store.store import Transaction
from protocols.opening import IceServer, MediaOffer

MAX_WATCHERS = 16


@dataclass(frozen=True, slots=True)
class MediaBegun:
    """The first picture or sound has come."""

    modality: MediaKind


@dataclass(frozen=True, slots=True)
class MediaOver:
    """The stream has ended."""

    reason: EndReason


@dataclass(frozen=True, slots=True)
class Watching:
    """So many watch, or wait to, before anything has come; later, so many are admitted. `left` is who has just gone."""

    viewers: int
    left: str | None = None


Happening = MediaBegun | MediaOver | Watching


@dataclass(frozen=True, slots=True)
class Watcher:
    """Somebody who watches a check, or waits for its pictures."""

    viewer_id: str
    person_id: str
    way: Way


class CheckMedia:
    """Stream and viewers of `check`; `tell` is told what happens. It is also what the relay tells (StreamEvents)."""

    def __init__(self, check: Check, tools: Tools, authority: str | None, tell: Callable[[Happening], None]) -> None:
        self._check = check
        self._tools = tools
        self._authority = authority
        self._tell = tell
        self._kinds = cast(list[MediaKind], [kind for kind in check.modalities if kind != "position"])
        self._stream: UnitStream | None = None
        self._ice_servers: list[IceServer] = []
        self._offering: asyncio.Task[str] | None = None
        self._watchers: dict[str, Watcher] = {}
        self._given: dict[str, BrowserViewer | Preview] = {}
        """What each viewer is given, by id."""
        self._admitted: set[str] = set()
        """The ids of viewers who are written down."""
        self._written: set[tuple[str, Way]] = set()
        self._observed: Observed | None = None
        self._lost = False
        self._closed = False
        self._is_live = False

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to see or hear."""
        return bool(self._kinds)

    @property
    def people(self) -> list[str]:
        """The ids of those who watch, each once."""
        return sorted({watcher.person_id for watcher in self._watchers.values()})

    @property
    def in_browsers(self) -> list[str]:
        """Whose browsers watch, the person's id once for each of them."""
        return sorted(watcher.person_id for watcher in self._watchers.values() if watcher.way == "browser")

    @property
    def asker(self) -> str | None:
        """Whom a renewed lease names: who began the check if they watch, else who has watched longest. None where
        nobody does: whoever only waits is not in the log."""
        watching = [one.person_id for one in self._watchers.values() if one.viewer_id in self._admitted]
        opener = self._check.person_id
        return opener if opener in watching else next(iter(watching), None)

    @property
    def is_over(self) -> bool:
        """Whether nobody is given anything any more."""
        return self._closed or self._lost

    @property
    def limits(self) -> Limits:
        """What a unit has to reach to be ready."""
        return self._tools.readiness

    @property
    def observed(self) -> Observed | None:
        """What was measured; None before anything was asked for."""
        desk = self._tools.relay.desk(self._check.opening)
        return self._observed if desk is None else desk.observed

    def prepare(self) -> None:
        """Begin to gather what the offer needs, while the unit makes its nonce; raises TooMany."""
        if self.is_wanted:
            self._ice_servers = list(self._tools.ice_for(self._check.opening))
            # What needs credentials is relayed to the controller and to nobody else: of no use to itself.
            own = [server for server in self._ice_servers if not server.credential]
            settings = replace(self._tools.stream, peer=replace(self._tools.stream.peer, ice_servers=own))
            self._stream = self._tools.relay.open(self._check.opening, self._kinds, self, settings)
            self._offering = asyncio.create_task(self._stream.offer(), name=f"offer: {self._check.opening}")

    async def offer(self) -> MediaOffer | None:
        """The offer for the unit; None for a position. Raises MediaError, TimeoutError."""
        if self._stream is None or self._offering is None:
            return None
        sdp = await asyncio.shield(self._offering)
        return MediaOffer(sdp=sdp, ice_servers=self._ice_servers)

    async def answer(self, sdp: str) -> None:
        """Take the unit's answer; raises MediaError."""
        if self._stream is None:
            raise StreamOver(self._check.opening, "closed")
        await self._stream.answer(sdp)

    def measure(self) -> None:
        """Something comes: measure for the certificate, whoever watches."""
        if not self._is_live and not self._closed:
            self._is_live = True
            self._tools.metrics.streams_live.inc()
            self._tell_watching()
        desk = self._tools.relay.desk(self._check.opening)
        if desk is not None:
            desk.begin_measuring()

    def come(self, person_id: str, way: Way) -> Watcher:
        """Somebody wants to watch; raises Conflict when it is over, or too many do."""
        if self._closed:
            raise Conflict("check-over", "the check is over", "begin another one")
        if len(self._watchers) >= MAX_WATCHERS:
            raise Conflict("too-many-viewers", f"{MAX_WATCHERS} watch already", "ask somebody to leave")
        watcher = Watcher(f"viewer-{secrets.token_hex(8)}", person_id, way)
        self._watchers[watcher.viewer_id] = watcher
        self._tell_watching()
        return watcher

    def go(self, watcher: Watcher) -> None:
        """They no longer do."""
        self._given.pop(watcher.viewer_id, None)
        self._admitted.discard(watcher.viewer_id)
        if self._watchers.pop(watcher.viewer_id, None) is not None:
            self._tell_watching(watcher.viewer_id)

    def _tell_watching(self, left: str | None = None) -> None:
        self._tell(Watching(len(self._admitted if self._is_live else self._watchers), left))

    async def admit(self, transaction: Transaction, watcher: Watcher) -> None:
        """Write down that `watcher` is given pictures from now on. The lease names who began the check: their first way
        to watch needs no entry of its own. Every browser has one: whoever holds a link is the viewer."""
        key = (watcher.person_id, watcher.way)
        first_of_opener = watcher.person_id == self._check.person_id and not any(
            person == watcher.person_id for person, _ in self._written
        )
        is_new = watcher.way == "browser" or (key not in self._written and not first_of_opener)
        await chapters.viewer_joined(
            transaction,
            self._check,
            watcher.viewer_id,
            watcher.person_id,
            watcher.way,
            self._authority,
            self._tools.clock(),
            is_new=is_new,
        )

    def admitted(self, watcher: Watcher) -> None:
        """That was written."""
        self._written.add((watcher.person_id, watcher.way))
        if watcher.viewer_id in self._watchers:
            self._admitted.add(watcher.viewer_id)
            self._tell_watching()

    def sit(self, watcher: Watcher, wish: PreviewWish) -> Preview:
        """What a terminal sees; raises MediaError."""
        desk = self._tools.relay.desk(self._check.opening)
        if desk is None:
            raise StreamOver(self._check.opening, "closed")
        preview = desk.sit(wish, Viewer(watcher.viewer_id, watcher.person_id, "terminal"))
        self._given[watcher.viewer_id] = preview
        return preview

    async def play(self, watcher: Watcher, offer: str) -> BrowserViewer:
        """Answer a browser; raises MediaError."""
        if self._stream is None:
            raise StreamOver(self._check.opening, "closed")
        viewer = Viewer(watcher.viewer_id, watcher.person_id, "browser")
        browser = await self._tools.relay.watch(self._stream, offer, viewer)
        self._given[watcher.viewer_id] = browser
        return browser

    async def dismiss(self, person_ids: Collection[str]) -> None:
        """These people may not watch any more: they are given nothing from now on."""
        for watcher in [one for one in self._watchers.values() if one.person_id in person_ids]:
            given = self._given.get(watcher.viewer_id)
            if given is not None:
                await given.close("viewer-closed")
            self.go(watcher)

    async def close(self) -> None:
        """End the stream and everybody's view of it; what was measured stays."""
        self._closed = True
        self._observed = self.observed
        if self._is_live:
            self._is_live = False
            self._tools.metrics.streams_live.dec()
        if self._offering is not None:
            self._offering.cancel()
            await asyncio.wait({self._offering})
            if not self._offering.cancelled():
                self._offering.exception()
        await self._tools.relay.close_stream(self._check.opening)

    def began(self, modality: MediaKind) -> None:
        """See `fleet.media.unit_stream.StreamEvents`."""
        self._tell(MediaBegun(modality))

    def ended(self, reason: EndReason) -> None:
        """See StreamEvents."""
        if not self._closed:
            self._lost = True
            self._tell(MediaOver(reason))

    def viewer_joined(self, viewer: Viewer) -> None:
        """See StreamEvents: it is written down before."""

    def viewer_left(self, viewer: Viewer, _reason: str) -> None:
        """See StreamEvents."""
        watcher = self._watchers.get(viewer.viewer_id)
        if watcher is not None and watcher.way == "browser":
            self.go(watcher)
