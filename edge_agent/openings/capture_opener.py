"""Opens by the supervised children: the media child for picture and sound, the position child for a position."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from edge_agent.capture.capture import Capture
from edge_agent.capture.keeper import CaptureKeeper
from edge_agent.clock import Clock
from edge_agent.errors import CaptureChannelBroken, CaptureError
from edge_agent.media import messages as media
from edge_agent.openings import child_words
from edge_agent.openings.ledger import Opening
from edge_agent.openings.opener import Ended, Event, Failed, OpenThing
from edge_agent.openings.sources import Sources
from edge_agent.position import messages as position
from protocols.access_record import Modality
from protocols.errors import InvalidMessage
from protocols.opening import MediaOffer

READY_LIMIT_S = 30.0
"""How long a child may take until it is loaded, on a slow card."""
STOP_LIMIT_S = 10.0

_BEFORE_ITS_END_MS = 1_000
"""So long before its deadline the position child gives up, or it would be ended before it could say so."""


class _Prepared(NamedTuple):
    opening: str
    starting: "asyncio.Task[Capture]"


class CaptureOpener:
    """An Opener over the two keepers, which somebody else starts and stops. At most one media child is prepared."""

    def __init__(self, media_keeper: CaptureKeeper, position_keeper: CaptureKeeper, sources: Sources, clock: Clock):
        """`sources` are opened by the children alone."""
        self._media = media_keeper
        self._position = position_keeper
        self._sources = sources
        self._clock = clock
        self._prepared: _Prepared | None = None
        self._leaving: set[asyncio.Task[None]] = set()

    def prepare(self, opening: str, modalities: Sequence[Modality], until_boot_ms: int) -> None:
        """See Opener. A child is started, which loads its libraries."""
        if "position" in modalities or not self._sources.modalities.issuperset(modalities):
            return
        if self._prepared is not None and self._prepared.opening == opening and _is_of_use(self._prepared.starting):
            return
        self._drop()
        starting = asyncio.create_task(self._media.open(opening, until_boot_ms), name=f"{opening} preparing")
        self._prepared = _Prepared(opening, starting)

    def discard(self, opening: str) -> None:
        """See Opener."""
        if self._prepared is not None and self._prepared.opening == opening:
            self._drop()

    async def stop(self) -> None:
        """See Opener."""
        self._drop()
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=STOP_LIMIT_S)

    async def open(self, opening: Opening, offer: MediaOffer | None) -> OpenThing:
        """See Opener."""
        if opening.modalities == ["position"]:
            capture = await self._position.open(opening.opening, opening.until_boot_ms)
            return await self._begun(capture, self._begin_position(opening), PositionThing(capture))
        if offer is None:
            raise CaptureError("picture and sound open with an offer only")
        capture = await self._media_capture(opening)
        return await self._begun(capture, self._begin_media(opening, offer), MediaThing(capture))

    async def _begun(self, capture: Capture, begin: bytes, thing: "_Thing") -> OpenThing:
        """`thing`, once its child is loaded and has been told to begin."""
        try:
            async with asyncio.timeout(READY_LIMIT_S):
                await thing.ready()
                await capture.channel.send(begin)
        except TimeoutError:
            await thing.close()
            raise CaptureError(f"the capturing program was not ready in {READY_LIMIT_S:.0f} s") from None
        except BaseException:  # nobody else would close it
            await thing.close()
            raise
        return thing

    async def _media_capture(self, opening: Opening) -> Capture:
        prepared = self._prepared
        if prepared is not None and prepared.opening == opening.opening:
            await asyncio.wait({prepared.starting})
            capture = _capture_of(prepared.starting)
            # A deadline is never moved closer: a permit that ends before it needs a child of its own.
            if capture is not None and capture.end is None and capture.deadline_boot_ms < opening.until_boot_ms:
                self._prepared = None
                return await self._lengthened(capture, opening)
        self._drop()
        if self._leaving:
            await asyncio.wait(self._leaving)
        return await self._media.open(opening.opening, opening.until_boot_ms)

    async def _lengthened(self, capture: Capture, opening: Opening) -> Capture:
        try:
            await capture.extend(opening.until_boot_ms)
        except BaseException:  # it ends, or the caller gives up: nobody else would close it
            await capture.close()
            raise
        return capture

    def _begin_media(self, opening: Opening, offer: MediaOffer) -> bytes:
        asked: tuple[media.Modality, ...] = tuple(one for one in opening.modalities if one != "position")
        servers = [
            media.IceServer(urls=tuple(one.urls), username=one.username, credential=one.credential)
            for one in offer.ice_servers
        ]
        return media.encode(
            media.Begin(
                opening=opening.opening,
                modalities=asked,
                video_source=self._sources.video if "video" in asked else "",
                audio_source=self._sources.audio if "audio" in asked else "",
                offer_sdp=offer.sdp,
                ice_servers=tuple(servers),
                addresses=self._sources.addresses,
            )
        )

    def _begin_position(self, opening: Opening) -> bytes:
        left_s = max(1, opening.until_boot_ms - _BEFORE_ITS_END_MS - self._clock.mono_ms()) / 1000
        return position.encode(position.Begin(source=self._sources.gnss, limit_s=min(left_s, 900.0)))

    def _drop(self) -> None:
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            self._let_go(prepared)

    def _let_go(self, prepared: _Prepared) -> None:
        task = asyncio.create_task(_close_when_started(prepared.starting), name=f"{prepared.opening} let go")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)


def _capture_of(starting: "asyncio.Task[Capture]") -> Capture | None:
    """What was started; None where nothing was."""
    return None if starting.cancelled() or starting.exception() is not None else starting.result()


def _is_of_use(starting: "asyncio.Task[Capture]") -> bool:
    if not starting.done():
        return True
    capture = _capture_of(starting)
    return capture is not None and capture.end is None


async def _close_when_started(starting: "asyncio.Task[Capture]") -> None:
    await asyncio.wait({starting})
    capture = _capture_of(starting)
    if capture is not None:
        with suppress(TimeoutError):  # Linux can not end it; nothing was opened in it, and the keeper starts anew
            await capture.close()


class _Thing:
    """An OpenThing over a capture; its child's words are read by the two below."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    async def ready(self) -> None:
        """Wait until the child has loaded all it needs. Raises CaptureError."""
        event = await self._heard()
        if event is not None:
            raise CaptureError(f"the capturing program did not begin as it should: {type(event).__name__}")

    async def event(self) -> Event:
        """See OpenThing."""
        while True:
            event = await self._heard()
            if event is not None:
                return event

    async def extend(self, until_boot_ms: int) -> None:
        """See OpenThing."""
        await self._capture.extend(until_boot_ms)

    async def close(self) -> int:
        """See OpenThing."""
        try:
            return (await self._capture.close()).end_boot_ms
        except TimeoutError as error:
            raise CaptureError("the capturing program can not be ended; see the kernel's log") from error

    async def _heard(self) -> Event | None:
        """What the child says next; None for what concerns nobody here."""
        try:
            payload = await self._capture.channel.receive()
        except CaptureChannelBroken:
            payload = None
        if payload is None:
            end = await self._capture.ended()
            return Ended(end.end_boot_ms, end.cause == "deadline")
        try:
            return self._read(payload)
        except (media.MessageUnusable, InvalidMessage) as error:
            return Failed("media-failed", str(error))

    def _read(self, payload: bytes) -> Event | None:
        raise NotImplementedError


class MediaThing(_Thing):
    """What the media child says."""

    def _read(self, payload: bytes) -> Event | None:
        return child_words.of_media(payload)


class PositionThing(_Thing):
    """What the position child says."""

    def _read(self, payload: bytes) -> Event | None:
        return child_words.of_position(payload)
