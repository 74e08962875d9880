"""One opening in the media child: sources, tracks and the connection, and what is told to the agent about them."""

import asyncio
import time
from collections.abc import Callable, Iterator

import structlog
from aiortc import RTCPeerConnection

from edge_agent.media.adapting import LONGEST_GOP_S, Plan, Seen, next_plan
from edge_agent.media.errors import OfferNotUsable, SourceFault, SourceNameInvalid
from edge_agent.media.faults import sentence
from edge_agent.media.feedback import Feedback
from edge_agent.media.messages import (
    Answer,
    Began,
    Begin,
    Connection,
    ConnectionState,
    Fault,
    Figures,
    FromChild,
    Modality,
    OfferUnusable,
)
from edge_agent.media.peer import add_track, answer, new_connection, take_offer
from edge_agent.media.reading import Reader
from edge_agent.media.reporting import SoundReport, VideoReport
from edge_agent.media.source_names import MODALITIES, source_named
from edge_agent.media.sources import source_of
from edge_agent.media.tracks import PacketTrack

_WATCH_S = 0.1
_FIGURES_S = 1.0
_CLOSE_LIMIT_S = 1.0
_STATES: dict[str, ConnectionState] = {
    "connecting": "connecting",
    "connected": "connected",
    "failed": "failed",
    "closed": "closed",
}

_log = structlog.get_logger("edge_agent.media")


class Session:
    """From a Begin to the end. `say` takes what is for the agent; it is called from the event loop's thread only."""

    def __init__(self, begin: Begin, say: Callable[[FromChild], None]) -> None:
        """Nothing is open yet. From the event loop's thread."""
        self._begin = begin
        self._say = say
        self._loop = asyncio.get_running_loop()
        # In the offer's order: else aiortc stops the one transport that all media share, as if it were left over.
        offered = sorted(begin.modalities, key=lambda kind: begin.offer_sdp.find(f"m={kind} "))
        self._tracks: dict[Modality, PacketTrack] = {kind: PacketTrack(kind) for kind in offered}
        self._feedback: dict[Modality, Feedback] = {}
        self._connection: RTCPeerConnection | None = None
        self._readers: list[Reader] = []
        self._faulty: set[Modality] = set()
        self._video = VideoReport()
        self._sound = SoundReport()
        self._warned_of_keys = False

    async def run(self) -> None:
        """Answer the offer, open the sources meanwhile, and report until cancelled.

        Returns where the offer can not be answered. What is open then is closed by the end of the process only.
        """
        try:
            self._connection = new_connection(self._begin)
            for kind, track in self._tracks.items():
                self._feedback[kind] = Feedback(add_track(self._connection, track, kind), self._ask_keyframe)
            self._connection.on("connectionstatechange", self._on_state)
            await take_offer(self._connection, self._begin.offer_sdp, frozenset(self._begin.modalities))
            self._open_sources()
            self._say(Answer(sdp=await answer(self._connection)))
        except OfferNotUsable as error:
            self._say(OfferUnusable(detail=error.detail))
            return
        await self._watch()

    @property
    def sources_open(self) -> bool:
        """Whether a source was opened, or may have been."""
        return bool(self._readers)

    async def close(self) -> None:
        """Tell the receiver that this is the end. The sources are closed by the end of the process."""
        if self._connection is not None:
            try:
                async with asyncio.timeout(_CLOSE_LIMIT_S):
                    await self._connection.close()
            except TimeoutError:
                _log.warning("media-not-closed", limit_s=_CLOSE_LIMIT_S)

    def _open_sources(self) -> None:
        for source, kinds in self._sources():
            try:
                reader = self._reader(source, kinds)
                reader.start()
                self._readers.append(reader)
            except SourceNameInvalid as error:
                self._fail(kinds, SourceFault("missing", error.detail))
            except SourceFault as fault:
                self._fail(kinds, fault)

    def _reader(self, source: str, kinds: frozenset[Modality]) -> Reader:
        name = source_named(source)
        if not kinds <= MODALITIES[name.scheme]:
            raise SourceNameInvalid(f"{name.shown()} is no source of {' and '.join(sorted(kinds))}")

        def ended(fault: SourceFault) -> None:
            self._loop.call_soon_threadsafe(self._fail, kinds, fault)

        return Reader(source_of(name), {kind: self._tracks[kind] for kind in kinds}, self._began, ended)

    def _sources(self) -> Iterator[tuple[str, frozenset[Modality]]]:
        """Each source once, with what is wanted of it."""
        named: dict[Modality, str] = {"video": self._begin.video_source, "audio": self._begin.audio_source}
        for source in dict.fromkeys(named[kind] for kind in self._begin.modalities):
            yield source, frozenset(kind for kind in self._begin.modalities if named[kind] == source)

    def _began(self, kind: Modality) -> None:
        """From a reader's thread."""
        said = Began(modality=kind, boot_ns=time.clock_gettime_ns(time.CLOCK_BOOTTIME))
        self._loop.call_soon_threadsafe(self._say, said)

    def _fail(self, kinds: frozenset[Modality], fault: SourceFault) -> None:
        for kind in sorted(kinds - self._faulty):
            self._faulty.add(kind)
            _log.warning("media-source-fault", modality=kind, reason=fault.reason, detail=fault.detail)
            self._say(Fault(modality=kind, reason=fault.reason, detail=fault.detail[:500]))

    def _on_state(self) -> None:
        assert self._connection is not None
        state = _STATES.get(self._connection.connectionState)
        if state is not None:
            self._say(Connection(state=state))

    async def _watch(self) -> None:
        next_s = self._loop.time() + _FIGURES_S
        while True:
            await asyncio.sleep(_WATCH_S)
            for reader in self._readers:
                shown = reader.source.shown
                self._fail(reader.overdue(), SourceFault("timeout", sentence(shown, "timeout")))
            if self._loop.time() >= next_s:
                next_s += _FIGURES_S
                await self._report()

    async def _report(self) -> None:
        """Tell the figures of the second before, and make the plan for the next one."""
        now_s = self._loop.time()
        video, audio, dropped = None, None, 0
        for feedback in self._feedback.values():
            await feedback.refresh()
        for reader in self._readers:
            if reader.picture is not None:
                path = reader.picture
                seen, video = self._video.look(now_s, path, self._tracks["video"], self._feedback["video"])
                path.plan = self._planned(path.plan, seen)
                self._warn_of_rare_keys(reader.source.shown, seen)
                dropped += path.dropped
            if reader.sound is not None:
                audio = self._sound.look(now_s, self._tracks["audio"], self._feedback["audio"])
                dropped += reader.sound.dropped
        self._say(Figures(video=video, audio=audio, dropped=dropped))

    def _planned(self, plan: Plan, seen: Seen) -> Plan:
        planned = next_plan(plan, seen)
        if planned.mode != plan.mode:
            _log.info("media-mode", mode=planned.mode, seen=repr(seen))
        return planned

    def _warn_of_rare_keys(self, shown: str, seen: Seen) -> None:
        """Once: the picture goes on all the same, at the cost of the unit's processor."""
        if seen.gop_s > LONGEST_GOP_S and not self._warned_of_keys:
            self._warned_of_keys = True
            detail = f"{shown} sends key pictures more than {LONGEST_GOP_S} s apart; have it send one each 2 s"
            _log.warning("media-keys-rare", detail=detail)

    def _ask_keyframe(self) -> None:
        for reader in self._readers:
            if reader.picture is not None:
                reader.picture.ask_keyframe()
