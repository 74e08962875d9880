"""The spool goes on whatever the disk does: full, read-only, damaged, and well again."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from edge_agent.clock import PLAUSIBLE_FROM_MS
from edge_agent.errors import SpoolUnwritable
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.file import SpoolFile
from edge_agent.spool.inspection import inspect
from edge_agent.spool.keeper import RETRY_DISK_MS, Now, Rows, SpoolKeeper
from edge_agent.spool.rows import Draft
from edge_agent.spool.spool import open_spool
from protocols.uplink import UnitEvent

DAY_MS = 86_400_000
LIMITS = SpoolLimits(max_bytes=64 * 1024 * 1024, max_age_ms=30 * DAY_MS)
WALL_MS = PLAUSIBLE_FROM_MS + 2_000 * DAY_MS
REPORT = Draft("health", WALL_MS, lambda seq: b"report %d" % seq)


def now(mono_ms: int = 0) -> Now:
    return Now(WALL_MS + mono_ms, mono_ms, WALL_MS + mono_ms)


def events(rows: Rows) -> list[UnitEvent]:
    return [msgspec.json.decode(row.body, type=UnitEvent) for row in rows.rows if row.kind == "event"]


class Disk:
    """Opens real spool files, and can let SQLite see a full or an unreachable disk."""

    def __init__(self) -> None:
        self.full = False
        self.unreachable = False
        self.opened: list[SpoolFile] = []

    def open(self, path: Path | None) -> SpoolFile:
        if path is not None and self.unreachable:
            return SpoolFile(Path("/nonexistent/spool.db"))
        file = SpoolFile(path)
        if path is not None:
            self.opened.append(file)
            self.fill(full=self.full)
        return file

    def fill(self, *, full: bool) -> None:
        self.full = full
        self.opened[-1]._execute(f"PRAGMA query_only = {int(full)}")


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


@pytest.fixture
def keeper(path: Path, disk: Disk) -> SpoolKeeper:
    return SpoolKeeper(path, LIMITS, disk.open)


def append(keeper: SpoolKeeper, mono_ms: int = 0, drafts: Sequence[Draft] = (REPORT,)) -> Rows:
    return keeper.append(drafts, now(mono_ms))


def test_a_full_disk_keeps_reports_in_memory_and_comes_back_by_itself(
    keeper: SpoolKeeper, disk: Disk, path: Path
) -> None:
    first = append(keeper)
    disk.fill(full=True)
    in_memory = append(keeper, 1_000)
    assert in_memory.spool_id != first.spool_id
    assert [event.kind for event in events(in_memory)] == ["spool-unwritable"]
    assert not keeper.tally(now(1_000)).on_disk
    append(keeper, RETRY_DISK_MS + 2_000)
    disk.full = False
    assert append(keeper, RETRY_DISK_MS + 3_000).spool_id == in_memory.spool_id, "the disk is not tried all the time"
    back = append(keeper, 3 * RETRY_DISK_MS)
    assert back.spool_id == first.spool_id
    assert [event.kind for event in events(back)] == ["spool-recovered"]
    assert keeper.tally(now(3 * RETRY_DISK_MS)).unspooled == 4
    view = inspect(path)
    assert view is not None
    assert (view.unspooled, view.waiting_ranges) == (4, [(1, 3)])


def test_acknowledgements_that_the_disk_could_not_take_are_taken_later(keeper: SpoolKeeper, disk: Disk) -> None:
    rows = append(keeper, drafts=[REPORT] * 5)
    disk.fill(full=True)
    assert keeper.acknowledge(rows.spool_id, [(1, 2)], now(1)) == 0
    assert keeper.acknowledge(rows.spool_id, [(4, 4)], now(2)) == 0
    disk.full = False
    back = append(keeper, RETRY_DISK_MS + 1, drafts=[REPORT])
    waiting = keeper.rows(rows.spool_id, 0, 100, 1 << 20, (), now(RETRY_DISK_MS + 2)).rows
    assert back.spool_id == rows.spool_id
    assert [row.seq for row in waiting if row.kind == "health"] == [3, 5, back.rows[-1].seq]


def test_acknowledgements_of_another_spool_delete_nothing(keeper: SpoolKeeper) -> None:
    rows = append(keeper)
    assert keeper.acknowledge(rows.spool_id + 1, [(1, 1)], now()) == 0
    assert keeper.tally(now()).waiting == 1


def test_a_disk_that_is_away_from_the_start_is_used_once_it_is_there(
    keeper: SpoolKeeper, disk: Disk, path: Path
) -> None:
    disk.unreachable = True
    assert [event.kind for event in events(append(keeper))] == ["spool-unwritable"]
    disk.unreachable = False
    append(keeper, RETRY_DISK_MS)
    view = inspect(path)
    assert view is not None
    assert view.unspooled == 2


def test_a_damaged_spool_is_moved_aside_under_a_new_id(path: Path, disk: Disk) -> None:
    before = SpoolKeeper(path, LIMITS)
    old_id = append(before).spool_id
    before.close()
    content = bytearray(path.read_bytes())
    content[100:4000] = b"\x5a" * 3900
    path.write_bytes(content)
    keeper = SpoolKeeper(path, LIMITS, disk.open)
    rows = append(keeper)
    assert rows.spool_id != old_id
    assert [event.kind for event in events(rows)] == ["spool-replaced"]
    assert path.with_name("spool.db.damaged-1").read_bytes() == bytes(content)
    assert keeper.tally(now()).on_disk


def test_damage_found_while_running_is_survived(keeper: SpoolKeeper, disk: Disk, path: Path) -> None:
    append(keeper)
    disk.opened[-1]._execute("DROP TABLE waiting")
    rows = append(keeper, 5)
    assert [event.kind for event in events(rows)] == ["spool-replaced"]
    assert [row.seq for row in rows.rows] == [1, 2]
    assert path.with_name("spool.db.damaged-1").exists()


def test_only_three_damaged_files_are_kept(path: Path) -> None:
    for number in range(5):
        path.write_bytes(b"%d" % number * 5000)
        SpoolKeeper(path, LIMITS).tally(now())
    kept = sorted(file.name for file in path.parent.glob("*.damaged-?"))
    assert kept == [f"spool.db.damaged-{number}" for number in (1, 2, 3)]
    assert path.with_name("spool.db.damaged-1").read_bytes()[:1] == b"4"


def test_trouble_and_drops_are_told_seldom(keeper: SpoolKeeper, disk: Disk) -> None:
    kinds: list[str] = []
    append(keeper)
    disk.fill(full=True)
    for round_ms in range(0, 60 * RETRY_DISK_MS, RETRY_DISK_MS):
        disk.full = True
        kinds += [event.kind for event in events(append(keeper, round_ms))]
    assert kinds.count("spool-unwritable") == 1
    assert keeper.tally(now(60 * RETRY_DISK_MS)).waiting >= 60


def test_memory_is_bounded_while_the_disk_is_away(keeper: SpoolKeeper, disk: Disk) -> None:
    disk.unreachable = True
    large = Draft("health", WALL_MS, lambda seq: b"%d" % seq * 2_000)
    for mono_ms in range(400):
        append(keeper, mono_ms, [large])
    tally = keeper.tally(now(400))
    assert 100 < tally.waiting < 400
    assert tally.dropped > 100


async def test_the_spool_is_the_same_through_its_worker_thread(tmp_path: Path) -> None:
    spool = await open_spool(tmp_path, LIMITS, now)
    assert (spool.tally.next_seq, spool.tally.waiting) == (1, 0)
    rows = await spool.append([REPORT, REPORT])
    assert spool.tally.waiting == 2
    await spool.acknowledge(rows.spool_id, [(1, 1)])
    assert [row.seq for row in (await spool.rows(rows.spool_id, 0, 9, 999, ())).rows] == [2]
    await spool.remember("c", "done", "")
    assert await spool.recall("c") == ("done", "")
    await spool.close()
    again = await open_spool(tmp_path, LIMITS, now)
    assert again.tally.waiting == 1
    await again.close()


def test_memory_failing_too_is_told(path: Path) -> None:
    def nothing_opens(path: Path | None) -> SpoolFile:
        raise SpoolUnwritable(path, "out of memory")

    with pytest.raises(SpoolUnwritable):
        append(SpoolKeeper(path, LIMITS, nothing_opens))
