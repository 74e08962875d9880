"""When a source has been silent for too long."""

from types import SimpleNamespace
from typing import Any

import av
import pytest

from edge_agent.media.errors import SourceFault
from edge_agent.media.reading import Reader
from edge_agent.media.tracks import PacketTrack

SOURCE: Any = SimpleNamespace(shown="a camera", limit_s=0.9, first_s=0.9)
PICTURE: Any = SimpleNamespace(size=1, stream=SimpleNamespace(type="video"))
SOUND: Any = SimpleNamespace(size=1, stream=SimpleNamespace(type="audio"))


class Clock:
    """Says what it was set to."""

    now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


class Works:
    """A path for pictures on which each takes `for_s`, and which looks at the reader meanwhile."""

    def __init__(self, clock: Clock, for_s: float, reader: Reader) -> None:
        self._clock = clock
        self._for_s = for_s
        self._reader = reader
        self.overdue_meanwhile: frozenset[str] = frozenset()

    def take(self, _packet: Any, _arrival_s: float, *, stamped: bool) -> None:
        assert stamped
        self._clock.now_s += self._for_s
        self.overdue_meanwhile = self._reader.overdue()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("edge_agent.media.reading.time", made)
    return made


async def reader_at_work(clock: Clock, for_s: float) -> tuple[Reader, Works]:
    """A reader of picture and sound that has just read a picture, and worked on it so long."""
    tracks = {"video": PacketTrack("video"), "audio": PacketTrack("audio")}
    reader = Reader(SOURCE, tracks, lambda _: None, lambda _: None)  # type: ignore[arg-type] # the keys are literals
    works: Any = Works(clock, for_s, reader)
    reader.picture = works
    reader._hand_on(PICTURE, stamped=True)
    return reader, works


async def test_a_source_is_not_silent_while_its_reader_works(clock: Clock) -> None:
    reader, works = await reader_at_work(clock, 5.0)
    assert works.overdue_meanwhile == frozenset()
    assert reader.overdue() == frozenset()
    clock.now_s += 0.5
    assert reader.overdue() == frozenset()
    clock.now_s += 0.5
    assert reader.overdue() == {"video", "audio"}


async def test_a_reader_that_works_on_one_picture_for_ever_is_noticed(clock: Clock) -> None:
    _, works = await reader_at_work(clock, 20.0)
    assert works.overdue_meanwhile == {"video", "audio"}


class Garbled:
    """A path on which nothing can be decoded."""

    def take(self, _packet: Any, _arrival_s: float, *, stamped: bool) -> None:
        raise av.error.InvalidDataError(1, "garbled" if stamped else "")


async def test_a_picture_that_never_can_be_decoded_is_noticed_beside_good_sound(clock: Clock) -> None:
    reader, works = await reader_at_work(clock, 0.0)
    garbled: Any = Garbled()
    reader.picture, reader.sound = garbled, works  # type: ignore[assignment] # a stand-in
    for _ in range(50):
        reader._hand_on(SOUND, stamped=True)
        reader._hand_on(PICTURE, stamped=True)
    with pytest.raises(SourceFault, match="unreadable"):
        reader._hand_on(PICTURE, stamped=True)
