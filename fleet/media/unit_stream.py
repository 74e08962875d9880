"""One opening's stream: from the unit's peer connection to whoever watches.

connecting ──first frame──► live ──► ended (reason)
     └────────────────────────────────┘
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from aiortc import RTCSessionDescription

from fleet.media import peers
from fleet.media.errors import AnswerUnusable, StreamOver, TooMany
from fleet.media.fan_out import FanOut, FanOutLimits, KeyframeRequests, Lane
from fleet.media.figures import Meter
from fleet.media.frames import EncodedFrame, MediaKind
from fleet.media.h264 import PictureFormat, picture_format
from fleet.media.receiving import PacketTap
from fleet.media.vigil import EndReason, Seen, Vigil, VigilLimits
from protocols.api.checks import StreamFigures

State = Literal["connecting", "live", "ended"]

_TICK_S = 0.1
_FIGURES_S = 1.0
_PING_S = 2.0


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How a stream is received, and its limits."""

    peer: peers.PeerSettings = field(default_factory=peers.PeerSettings)
    fan_out: FanOutLimits = field(default_factory=FanOutLimits)
    vigil: VigilLimits = field(default_factory=VigilLimits)
    gather_limit_s: float = 8.0
    max_viewers: int = 16


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person who watches, by `means`."""

    viewer_id: str
    person: str
    means: Literal["browser", "terminal"]


class StreamEvents(Protocol):
    """Told what goes into the log. Called in the event loop; must return at once and not raise."""

    def began(self, modality: MediaKind) -> None:
        """The first frame of `modality` has come from the unit."""

    def ended(self, reason: EndReason) -> None:
        """The stream has ended; once, and before the viewers leave."""

    def viewer_joined(self, viewer: Viewer) -> None:
        """`viewer` is given the stream from now on."""

    def viewer_left(self, viewer: Viewer, reason: str) -> None:
        """`viewer` is given nothing more."""


@dataclass(slots=True)
class Seat:
    """A viewer's place: what it is given waits in `lane` once it has begun, until `left` is set."""

    viewer: Viewer
    lane: Lane
    left: asyncio.Event = field(default_factory=asyncio.Event)


class UnitStream:
    """The stream of `opening`. Owns the connection to the unit; `close` ends it, and has to be awaited."""

    def __init__(
        self,
        opening: str,
        modalities: Iterable[MediaKind],
        events: StreamEvents,
        settings: StreamSettings,
    ) -> None:
        self.opening = opening
        self.modalities: frozenset[MediaKind] = frozenset(modalities)
        self.settings = settings
        self.state: State = "connecting"
        self.reason: EndReason | None = None
        self.format: PictureFormat | None = None
        self._format_known = asyncio.Event()
        self.ended = asyncio.Event()
        self.meter = Meter()
        self.figures = StreamFigures()
        self._events = events
        self._connection = peers.new_connection(self.settings.peer)
        self._taps: dict[MediaKind, PacketTap] = {}
        self._began: set[MediaKind] = set()
        self._fan_out = FanOut(self.settings.fan_out)
        self._keyframes = KeyframeRequests()
        self._seats: dict[str, Seat] = {}
        self._watch: asyncio.Task[None] | None = None
        self._answered = False
        self._closing: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        """The session description for the unit: it is asked to send H.264 and Opus, and gets nothing.

        Raises StreamOver if the stream was closed meanwhile; TimeoutError when candidates can not be gathered.
        """
        self._must_run()
        for kind in sorted(self.modalities, reverse=True):
            transceiver = self._connection.addTransceiver(kind, direction="recvonly")
            peers.prefer(transceiver, kind)
            peers.bind(transceiver, self.settings.peer.addresses)
            self._taps[kind] = PacketTap(transceiver.receiver, kind, self)
        self._connection.on("connectionstatechange", self._on_connection)
        async with asyncio.timeout(self.settings.gather_limit_s):
            await self._connection.setLocalDescription()
        self._must_run()
        self._watch = asyncio.create_task(self._watching(), name=f"stream-{self.opening}")
        return self._connection.localDescription.sdp

    async def answer(self, sdp: str) -> None:
        """Take the unit's answer; raises AnswerUnusable (the stream goes on until its limit) and StreamOver."""
        self._must_run()
        if self._answered:
            raise AnswerUnusable("the offer has been answered already")
        try:
            peers.read_description(sdp)
            async with asyncio.timeout(self.settings.gather_limit_s):
                await self._connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))
        except Exception as error:  # aiortc raises whatever a damaged description leads it to
            raise AnswerUnusable(str(error) or type(error).__name__) from error
        self._answered = True

    def join(self, viewer: Viewer) -> Seat:
        """A seat for `viewer`, who counts as watching from now on; raises StreamOver and TooMany.

        No other viewer of the stream may have the same id (ValueError).
        """
        self._must_run()
        if viewer.viewer_id in self._seats:
            raise ValueError(f"{viewer.viewer_id} watches already")
        if len(self._seats) >= self.settings.max_viewers:
            raise TooMany("viewers", self.settings.max_viewers)
        seat = Seat(viewer, Lane(self.settings.fan_out))
        self._seats[viewer.viewer_id] = seat
        self._events.viewer_joined(viewer)
        return seat

    def begin(self, seat: Seat) -> None:
        """Fill the seat's lane from now on: with the last group of pictures, and with all that comes."""
        if seat.viewer.viewer_id in self._seats:
            self._fan_out.join(seat.lane)
            if seat.lane.needs_keyframe:
                self._keyframes.ask()

    def leave(self, seat: Seat, reason: str) -> None:
        """Give `seat` back; it may have been given back already."""
        if self._seats.pop(seat.viewer.viewer_id, None) is not None:
            self._fan_out.leave(seat.lane)
            seat.left.set()
            self._events.viewer_left(seat.viewer, reason)

    def take_lane(self) -> Lane:
        """A lane that is no person's, for what the controller measures itself; to be given back with `return_lane`."""
        lane = Lane(self.settings.fan_out)
        if self.state == "ended":
            lane.close()
        else:
            self._fan_out.join(lane)
        return lane

    def return_lane(self, lane: Lane) -> None:
        """Close a lane taken with `take_lane`."""
        self._fan_out.leave(lane)

    @property
    def viewers(self) -> list[Viewer]:
        """Who watches now."""
        return [seat.viewer for seat in self._seats.values()]

    def ask_keyframe(self) -> None:
        """Somebody can not decode: the unit is asked for a keyframe, at most once a second."""
        self._keyframes.ask()

    async def first_format(self, limit_s: float) -> PictureFormat | None:
        """The format of the pictures, waited for at most `limit_s`; None if none came. Raises StreamOver."""
        try:
            async with asyncio.timeout(limit_s):
                await self._format_known.wait()
        except TimeoutError:
            return None
        finally:
            self._must_run()
        return self.format

    async def close(self) -> None:
        """End the stream, if it has not ended, and wait until the connection is closed (bounded)."""
        self._end("closed")
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait([self._watch])
        if self._closing is not None:
            await asyncio.wait([self._closing])

    def frame(self, frame: EncodedFrame) -> None:
        """A frame came from the unit."""
        if self.state == "ended":
            return
        if frame.kind not in self._began:
            self._began.add(frame.kind)
            self.state = "live"
            self._events.began(frame.kind)
        self.meter.frame(frame)
        if frame.kind == "video" and frame.is_keyframe:
            self._keyframes.answered()
            self.format = picture_format(frame.data) or self.format
            if self.format is not None:
                self._format_known.set()
        self._fan_out.publish(frame)

    def gap(self) -> None:
        """Video was lost on the way from the unit."""
        self._fan_out.gap()
        self._keyframes.ask()

    def over(self) -> None:
        """The unit sends no more."""
        self._end("unit-closed")

    def _on_connection(self) -> None:
        state = self._connection.connectionState
        if state == "failed":
            self._end("connection-failed" if self.state == "live" else "not-connected")
        elif state == "closed":
            self._end("unit-closed")

    def _must_run(self) -> None:
        if self.state == "ended":
            raise StreamOver(self.opening, str(self.reason))

    def _end(self, reason: EndReason) -> None:
        if self.state == "ended":
            return
        self.state, self.reason = "ended", reason
        self._events.ended(reason)
        for seat in list(self._seats.values()):
            self.leave(seat, "stream-ended")
        self._fan_out.close()
        self.ended.set()
        self._format_known.set()
        self._closing = asyncio.create_task(peers.close(self._connection), name=f"closing-{self.opening}")

    async def _watching(self) -> None:
        """Ends the stream when the unit falls silent, asks for keyframes, and counts."""
        pings = asyncio.create_task(self._pinging(), name=f"pings-{self.opening}")
        clock = asyncio.get_running_loop().time
        vigil = Vigil(self.settings.vigil, clock())
        try:
            while self.state != "ended":
                await asyncio.sleep(_TICK_S)
                now_s = clock()
                vigil.look(self._seen(), now_s)
                reason = vigil.end_reason(now_s)
                if reason is not None:
                    self._end(reason)
                    return
                await self._mend(vigil.gives_up(now_s), now_s)
                if self.meter.is_due(now_s, _FIGURES_S):
                    received = {kind: tap.received() for kind, tap in self._taps.items()}
                    self.figures = self.meter.figures(now_s, received, self.format)
        finally:
            self._end("connection-failed")
            pings.cancel()
            await asyncio.wait([pings])

    def _seen(self) -> Seen:
        return Seen(
            answered=self._answered,
            live=self.state == "live",
            packets=sum(tap.received().packets for tap in self._taps.values()),
            pictures=self.meter.pictures,
            missing=sum(tap.missing for tap in self._taps.values()),
        )

    async def _mend(self, gives_up: bool, now_s: float) -> None:
        tap = self._taps.get("video")
        if tap is None or self.state != "live":
            return
        if gives_up:
            tap.give_up()
        if self._keyframes.due_in_s(now_s) == 0:
            self._keyframes.sent(now_s)
            self.meter.keyframes_asked += 1
            await tap.ask_keyframe()

    async def _pinging(self) -> None:
        transceiver = self._connection.getTransceivers()[0]
        while True:
            self.meter.pinged(await peers.round_trip_ms(transceiver))
            await asyncio.sleep(_PING_S)
