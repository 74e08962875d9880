"""Files of releases: fetched in pieces over lost links and restarts, named only when they are what was signed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest

from edge_agent.errors import AcceptanceInvalid, ControllerAway, RefusedByController
from edge_agent.identity import Identity
from edge_agent.unit_door import Piece
from edge_agent.updating import store as store_module
from edge_agent.updating.errors import FetchFailed
from edge_agent.updating.fetching import MAX_FAILURES, MAX_PIECE, MIN_PIECE, Fetching
from edge_agent.updating.store import FileStore
from edge_agent.updating.trust import TargetFacts
from tests.support.release_house import ReleaseUnit, Repository

CONTENT = bytes(range(251)) * 14_000  # three pieces and a bit
TARGET = TargetFacts("mcu/image.bin", sha256(CONTENT).hexdigest(), len(CONTENT))


@dataclass
class Line:
    """A door that answers as `answer` says, and what was asked of it."""

    answer: Callable[[int, int], Piece | None]
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def release_metadata(self, identity: Identity, name: str) -> bytes | None:
        """See ReleaseDoor."""
        raise AssertionError(f"{identity.unit_id} asks for no {name}")

    async def release_piece(self, identity: Identity, path: str, sha256: str, offset: int, length: int) -> Piece | None:
        """See ReleaseDoor."""
        assert (path, sha256, identity.unit_id) == (TARGET.path, TARGET.sha256, "unit-abcdefgh")
        self.asked.append((offset, length))
        return self.answer(offset, length)


def honest(offset: int, length: int) -> Piece:
    return Piece(CONTENT[offset : offset + length], len(CONTENT))


@dataclass
class Place:
    """A unit's store, and what it was told."""

    home: Path
    told: list[int] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)

    @property
    def store(self) -> FileStore:
        return FileStore(self.home)

    async def fetch(self, line: Line, target: TargetFacts = TARGET) -> Path:
        identities = ReleaseUnit(Repository(), self.home).identities
        fetching = Fetching(self.store, line, identities, wait=self._wait, draw=lambda _, most: most)
        return await fetching.fetch(target, self._tell)

    async def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)

    async def _tell(self, done: int, total: int) -> None:
        assert 0 <= done <= total == len(CONTENT)
        self.told.append(done)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def test_a_file_comes_in_pieces_and_is_not_fetched_twice(place: Place) -> None:
    line = Line(honest)
    path = await place.fetch(line)
    assert (path.read_bytes(), path.name) == (CONTENT, TARGET.sha256)
    assert line.asked == [(MAX_PIECE * n, min(MAX_PIECE, len(CONTENT) - MAX_PIECE * n)) for n in range(4)]
    assert place.told == [0, MAX_PIECE, 2 * MAX_PIECE, 3 * MAX_PIECE, len(CONTENT)]
    assert await place.fetch(line) == path
    assert len(line.asked) == 4


async def test_a_lost_line_is_waited_for_and_asked_for_less(place: Place) -> None:
    failures = iter([True] * 8)

    def thin(offset: int, length: int) -> Piece:
        if next(failures, False):
            raise ControllerAway("https://controller", "lost")
        return honest(offset, length)

    line = Line(thin)
    assert (await place.fetch(line)).read_bytes() == CONTENT
    sizes = [length for _, length in line.asked[:9]]
    assert sizes[:3] == [MAX_PIECE, MAX_PIECE // 2, MAX_PIECE // 4]
    assert min(sizes) == MIN_PIECE
    assert place.waited == [2, 4, 8, 16, 32, 64, 128, 256]
    assert sum(length for _, length in line.asked[8:]) == len(CONTENT)


async def test_it_goes_on_after_a_restart_where_it_stopped(place: Place) -> None:
    def cut(offset: int, length: int) -> Piece:
        if offset:
            raise asyncio.CancelledError
        return honest(offset, length)

    with pytest.raises(asyncio.CancelledError):
        await place.fetch(Line(cut))
    line = Line(honest)
    assert (await place.fetch(line)).read_bytes() == CONTENT
    assert line.asked[0][0] == MAX_PIECE


async def test_it_gives_up_after_very_long(place: Place) -> None:
    def away(offset: int, length: int) -> Piece:
        raise ControllerAway("https://controller", f"{offset} {length}")

    with pytest.raises(FetchFailed) as caught:
        await place.fetch(Line(away))
    assert (caught.value.reason, len(place.waited)) == ("away", MAX_FAILURES - 1)
    assert max(place.waited) == 600


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda offset, length: Piece(CONTENT[offset : offset + length], len(CONTENT) + 1), "changed"),
        (lambda offset, length: Piece(CONTENT[offset : offset + length + 1], len(CONTENT)), "changed"),
        (lambda _offset, _length: Piece(b"", len(CONTENT)), "changed"),
        (lambda _offset, _length: None, "gone"),
        (lambda _offset, length: Piece(b"x" * length, len(CONTENT)), "wrong-hash"),
    ],
    ids=["longer", "more-than-asked", "nothing", "gone", "another-file"],
)
async def test_a_wrong_answer_is_refused(answer: Callable[[int, int], Piece | None], reason: str, place: Place) -> None:
    with pytest.raises(FetchFailed) as caught:
        await place.fetch(Line(answer))
    assert caught.value.reason == reason
    assert not place.store.path(TARGET.sha256).exists()
    assert (await place.fetch(Line(honest))).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("error", "reason"),
    [(AcceptanceInvalid("HTTP 200"), "changed"), (RefusedByController("unit-revoked", "no", "ask"), "refused")],
)
async def test_a_refusal_is_said(error: Exception, reason: str, place: Place) -> None:
    def refuse(_offset: int, _length: int) -> Piece:
        raise error

    with pytest.raises(FetchFailed) as caught:
        await place.fetch(Line(refuse))
    assert caught.value.reason == reason


async def test_a_full_disk_is_told_before_anything_is_fetched(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "RESERVE_BYTES", 2**60)
    line = Line(honest)
    with pytest.raises(FetchFailed) as caught:
        await place.fetch(line)
    assert (caught.value.reason, line.asked) == ("no-space", [])


async def test_a_part_that_is_damaged_or_too_long_is_begun_anew(place: Place) -> None:
    await place.fetch(Line(honest))
    part = place.store.path(TARGET.sha256).with_suffix(".part")
    place.store.path(TARGET.sha256).rename(part)
    part.write_bytes(CONTENT + b"x")
    assert (await place.fetch(Line(honest))).read_bytes() == CONTENT
    path = place.store.path(TARGET.sha256)
    path.write_bytes(b"x" + CONTENT[1:])
    assert (await place.fetch(Line(honest))).read_bytes() == CONTENT


def test_what_runs_and_what_ran_before_stays(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    names = [sha256(bytes([n])).hexdigest() for n in range(4)]
    for name in names:
        store.begun(name, 1)
        store.append(name, b"x")
        store.path(name).write_bytes(b"x")

    def kept() -> list[str]:
        return sorted(path.name for path in store.path(names[0]).parent.iterdir())

    store.settle(names[:1])
    assert kept() == names[:1]
    store.path(names[1]).write_bytes(b"y")
    store.settle(names[1:2])
    store.settle(names[1:2])
    assert kept() == sorted(names[:2])
    store.path(names[2]).write_bytes(b"z")
    store.settle(names[2:3])
    assert kept() == sorted(names[1:3])
