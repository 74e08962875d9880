"""One source, read by one thread from its opening to the end of the process."""

import threading
import time
from collections.abc import Callable
from typing import Any

import av
import structlog

from edge_agent.media.errors import SourceFault
from edge_agent.media.faults import fault_of, sentence
from edge_agent.media.group import Unit
from edge_agent.media.messages import Modality
from edge_agent.media.picture_path import PicturePath
from edge_agent.media.sound_path import SoundPath
from edge_agent.media.sources import Feed, Source
from edge_agent.media.tracks import PacketTrack

_GARBLED_MAX = 50
"""Packets in a row, of picture or of sound, that can not be decoded before the source is given up."""

_LAST_PICTURE_S = 0.04
"""Of a file, before it begins anew: a file of one picture would keep the processor busy."""

_WORK_LIMIT_S = 15.0
"""For one packet: to begin encoding, all pictures since the last key picture are decoded, seconds on a slow card."""

_log = structlog.get_logger("edge_agent.media")

OnBegan = Callable[[Modality], None]
OnFault = Callable[[SourceFault], None]


class Reader:
    """Reads `source` for the modalities that have a track.

    `on_began` (once for each modality) and `on_fault` (once) are called from the reading thread. The thread is never
    joined: it may hang in a driver, and ends with the process.
    """

    def __init__(
        self, source: Source, tracks: dict[Modality, PacketTrack], on_began: OnBegan, on_fault: OnFault
    ) -> None:
        """Nothing is open yet."""
        self.source = source
        self.modalities = frozenset(tracks)
        self.picture: PicturePath | None = None
        self.sound: SoundPath | None = None
        self.began: set[Modality] = set()
        self._tracks = tracks
        self._on_began = on_began
        self._on_fault = on_fault
        self._garbled: dict[Modality, int] = dict.fromkeys(tracks, 0)
        self._working_since_s: float | None = None
        self._last_s: dict[Modality, float] = dict.fromkeys(tracks, time.monotonic())
        self._thread = threading.Thread(target=self._run, name=f"reader {source.shown}", daemon=True)

    def start(self) -> None:
        """Open and read, from now on. From the main thread. Raises SourceFault for what can not even be started."""
        try:
            self.source.begin()
        except OSError as error:
            raise fault_of(error, self.source.shown, began=False) from None
        self._last_s = dict.fromkeys(self._tracks, time.monotonic())
        self._thread.start()

    def overdue(self) -> frozenset[Modality]:
        """Of what nothing has come for too long. The time that the reading thread needs for a packet does not count."""
        working_since_s, now_s = self._working_since_s, time.monotonic()
        if working_since_s is not None and now_s - working_since_s < _WORK_LIMIT_S:
            now_s = working_since_s
        return frozenset(kind for kind, last_s in self._last_s.items() if now_s - last_s > self._limit_s(kind))

    def _limit_s(self, modality: Modality) -> float:
        return self.source.limit_s if modality in self.began else self.source.first_s

    def _run(self) -> None:
        try:
            with self.source.opened(self.modalities) as feed:
                streams = self._streams(feed.container)
                self._read(feed, streams)
                while feed.paced:
                    time.sleep(_LAST_PICTURE_S)
                    feed.container.seek(0)
                    self._read(feed, streams)
            error: Exception = EOFError()
        except (SourceFault, OSError, av.FFmpegError) as met:
            error = met
        except Exception as met:  # noqa: BLE001 - nobody else would hear of what is wrong in this thread
            _log.exception("media-reader-failed", source=self.source.shown)
            error = met
        self._on_fault(fault_of(error, self.source.shown, began=bool(self.began)))

    def _streams(self, container: Any) -> list[Any]:
        """The streams to read, each with its path; raises SourceFault where the source lacks one."""
        chosen = []
        for modality in self.modalities:
            found = container.streams.video if modality == "video" else container.streams.audio
            if not found or found[0].codec_context is None:
                what = "picture" if modality == "video" else "sound"
                raise SourceFault("unreadable", f"{self.source.shown} has no {what}; name another source for it")
            chosen.append(found[0])
            if modality == "video":
                self.picture = PicturePath(found[0], self._tracks[modality])
            else:
                self.sound = SoundPath(found[0], self._tracks[modality])
        return chosen

    def _read(self, feed: Feed, streams: list[Any]) -> None:
        """Until the end of what the source gives."""
        start_s: float | None = None
        for packet in feed.container.demux(streams):
            if not packet.size:
                continue
            at_s = None if packet.dts is None else float(packet.dts * packet.time_base)
            if feed.paced and at_s is not None:
                start_s = time.monotonic() - at_s if start_s is None else start_s
                time.sleep(max(0.0, start_s + at_s - time.monotonic()))
            self._hand_on(packet, stamped=feed.stamped)

    def _hand_on(self, packet: Unit, *, stamped: bool) -> None:
        modality: Modality = "video" if packet.stream.type == "video" else "audio"
        path = self.picture if modality == "video" else self.sound
        assert path is not None
        arrival_s = self._last_s[modality] = time.monotonic()
        if modality not in self.began:
            self.began.add(modality)
            self._on_began(modality)
        self._working_since_s = arrival_s
        try:
            path.take(packet, arrival_s, stamped=stamped)
            self._garbled[modality] = 0
        except av.FFmpegError:
            self._garbled[modality] += 1
            if self._garbled[modality] > _GARBLED_MAX:
                raise SourceFault("unreadable", sentence(self.source.shown, "unreadable")) from None
        finally:
            worked_s = time.monotonic() - arrival_s
            self._last_s = {kind: last_s + worked_s for kind, last_s in self._last_s.items()}
            self._working_since_s = None
