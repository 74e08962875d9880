"""A viewer's browser: its WHEP offer to an answer, and the connection that then plays the unit's stream."""

import asyncio
from datetime import datetime
from typing import Literal

from aiortc import RTCSessionDescription
from aiortc.sdp import SessionDescription

from fleet.media import peers
from fleet.media.errors import OfferUnusable
from fleet.media.frames import MediaKind
from fleet.media.profiles import Payload, chosen, h264_payloads, shown_to_aiortc, shown_to_browser
from fleet.media.strain import Strain
from fleet.media.tracks import LaneTrack, hand_on_requests
from fleet.media.unit_stream import Seat, UnitStream, Viewer

LeaveReason = Literal["closed", "viewer-closed", "not-connected", "viewer-gone", "stream-ended"]
"""Why a browser is given nothing more. viewer-closed: it said so; viewer-gone: nothing is heard of it any more."""

_PICTURE_LIMIT_S = 5.0
_CONNECT_LIMIT_S = 15.0
_SILENCE_LIMIT_S = 10.0
_TICK_S = 0.5
_MAX_CANDIDATES = 32


class BrowserViewer:
    """A browser that watches. `answer` is the session description for it; `close` ends it, and has to be awaited."""

    def __init__(self, stream: UnitStream, seat: Seat) -> None:
        self.viewer = seat.viewer
        self.answer = ""
        self._stream = stream
        self._seat = seat
        self._reason: LeaveReason = "closed"
        self._connection = peers.new_connection(stream.settings.peer)
        self._watch: asyncio.Task[None] | None = None
        self._strain = Strain()
        self._reported_at: datetime | None = None

    @property
    def is_thin(self) -> bool:
        """Whether the browser's line is too thin for the stream, so that it gets keyframes only."""
        return self._strain.is_thin

    @property
    def is_over(self) -> bool:
        """Whether it is given nothing more."""
        return self._seat.left.is_set()

    async def negotiate(self, kinds: list[MediaKind], text: str, payload: Payload | None) -> None:
        """Make `answer`; the browser is sent H.264 as its `payload`, and Opus, if the stream has them.

        `kinds` are in the offer's order: else aiortc stops the one transport that all media share, as left over.
        """
        for kind in kinds:
            if kind in self._stream.modalities:
                self._add(kind)
        self._connection.on("connectionstatechange", self._on_connection)
        offer = text if payload is None else shown_to_aiortc(text, payload)
        async with asyncio.timeout(self._stream.settings.gather_limit_s):
            await self._connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
            await self._connection.setLocalDescription()
        answer = self._connection.localDescription.sdp
        self.answer = answer if payload is None else shown_to_browser(answer, payload)
        self._watch = asyncio.create_task(self._watching(), name=f"browser-{self.viewer.viewer_id}")

    def _add(self, kind: MediaKind) -> None:
        transceiver = self._connection.addTransceiver(LaneTrack(kind, self._seat.lane), direction="sendonly")
        peers.prefer(transceiver, kind)
        peers.bind(transceiver, self._stream.settings.peer.addresses)
        hand_on_requests(transceiver.sender, self._ask_keyframe)

    def _ask_keyframe(self) -> None:
        """The browser can not decode; on a line that gets keyframes only, the next one is on its way."""
        if not self._seat.lane.keyframes_only:
            self._stream.ask_keyframe()

    def _on_connection(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._stream.begin(self._seat)
        elif state == "failed":
            self._leave("not-connected")
        elif state == "closed":
            self._leave("viewer-closed")

    def _leave(self, reason: LeaveReason) -> None:
        self._stream.leave(self._seat, reason)

    async def close(self, reason: LeaveReason = "closed") -> None:
        """Give the viewer nothing more, and wait until its connection is closed (bounded)."""
        self._leave(reason)
        if self._watch is None:
            await peers.close(self._connection)
        else:
            await asyncio.wait([self._watch])

    async def _watching(self) -> None:
        """Until the seat is given back; a browser that is not there gives it back after a while."""
        try:
            await self._present()
        finally:
            self._leave("viewer-gone")
            await peers.close(self._connection)

    async def _present(self) -> None:
        clock = asyncio.get_running_loop().time
        begun_s = heard_s = clock()
        heard = 0
        while not self._seat.left.is_set():
            try:
                async with asyncio.timeout(_TICK_S):
                    await self._seat.left.wait()
            except TimeoutError:
                packets = await self._packets_heard(clock())
                if packets != heard:
                    heard, heard_s = packets, clock()
            if not heard and clock() - begun_s > _CONNECT_LIMIT_S:
                self._leave("not-connected")
            elif heard and clock() - heard_s > _SILENCE_LIMIT_S:
                self._leave("viewer-gone")

    async def _packets_heard(self, now_s: float) -> int:
        """Packets of the browser so far. It reports on what it receives about once a second, losses included."""
        stats = await self._connection.getStats()
        for entry in stats.values():
            if entry.type == "remote-inbound-rtp" and entry.kind == "video" and entry.timestamp != self._reported_at:
                self._reported_at = entry.timestamp
                self._strain.report(entry.fractionLost / 256, now_s)
                self._seat.lane.keyframes_only = self._strain.is_thin
        return sum(entry.packetsReceived for entry in stats.values() if entry.type == "transport")


async def watch(stream: UnitStream, offer: str, viewer: Viewer) -> BrowserViewer:
    """Let `viewer` watch `stream` with the browser that made `offer` (SDP, all candidates gathered or none).

    A stream that has just begun is waited for, 5 s at most: what can be negotiated stands in its first picture.
    Raises OfferUnusable, StreamOver and TooMany; then the viewer has not joined, or has left again.
    """
    text = peers.without_names(offer)
    description = _read(text, stream)
    payload = await _payload(stream, description) if "video" in stream.modalities else None
    browser = BrowserViewer(stream, stream.join(viewer))
    kinds: list[MediaKind] = ["video" if media.kind == "video" else "audio" for media in description.media]
    try:
        await browser.negotiate(kinds, text, payload)
    except BaseException as error:
        await browser.close("not-connected")
        if isinstance(error, Exception):  # aiortc raises whatever a damaged description leads it to
            raise OfferUnusable("malformed", str(error) or type(error).__name__) from error
        raise
    return browser


def _read(text: str, stream: UnitStream) -> SessionDescription:
    try:
        description = peers.read_description(text)
    except ValueError as error:
        raise OfferUnusable("malformed", str(error)) from error
    if sum(len(media.ice_candidates) for media in description.media) > _MAX_CANDIDATES:
        raise OfferUnusable("malformed", f"it has more than {_MAX_CANDIDATES} candidates")
    if not {media.kind for media in description.media} & stream.modalities:
        raise OfferUnusable("malformed", "it asks for nothing that is open")
    return description


async def _payload(stream: UnitStream, offer: SessionDescription) -> Payload | None:
    """As which payload type the video is sent; None if the browser asks for none. Raises OfferUnusable, StreamOver."""
    if all(media.kind != "video" for media in offer.media):
        return None
    payloads = h264_payloads(offer)
    if not payloads:
        raise OfferUnusable("no-h264", "this browser does not play H.264: use another")
    picture = await stream.first_format(_PICTURE_LIMIT_S)
    if picture is None:
        raise OfferUnusable("no-picture-yet", "the unit has sent no picture yet: try again")
    payload = chosen(payloads, picture.profile_level_id)
    if payload is None:
        detail = f"this browser does not play the camera's H.264 ({picture.profile_level_id}): use another browser"
        raise OfferUnusable("profile", f"{detail}, or set the camera to constrained baseline")
    return payload
