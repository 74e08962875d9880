"""The spool file: numbers, bounds, damage, full disks."""

import sqlite3
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from edge_agent.clock import PLAUSIBLE_FROM_MS
from edge_agent.errors import SpoolDamaged, SpoolUnwritable
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.file import COMMANDS_REMEMBERED, Moment, SpoolFile
from edge_agent.spool.inspection import inspect
from edge_agent.spool.rows import Draft, Kind, event_draft
from protocols.downlink import seq_ranges
from protocols.uplink import UnitEvent

DAY_MS = 86_400_000
NOW_MS = PLAUSIBLE_FROM_MS + 2_000 * DAY_MS
ROOMY = SpoolLimits(max_bytes=64 * 1024 * 1024, max_age_ms=30 * DAY_MS)
TIGHT = SpoolLimits(max_bytes=96 * 1024, max_age_ms=30 * DAY_MS)
MOMENT = Moment(NOW_MS, NOW_MS)


def draft(kind: Kind = "health", sampled_at_ms: int = NOW_MS, size: int = 300) -> Draft:
    return Draft(kind, sampled_at_ms, lambda seq: f"{seq}:".encode().ljust(size, b"x"))


def append(
    file: SpoolFile, *drafts: Draft, limits: SpoolLimits = ROOMY, moment: Moment = MOMENT, tell_drops: bool = False
) -> list[int]:
    return [row.seq for row in file.append(drafts, limits, moment, tell_drops=tell_drops)]


def all_rows(file: SpoolFile) -> dict[int, Kind]:
    return {row.seq: row.kind for row in file.rows(0, 1_000_000, 1 << 40, ())}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def test_numbers_go_on_after_everything_was_deleted_and_the_file_reopened(path: Path) -> None:
    file = SpoolFile(path)
    assert append(file, draft(), draft("event"), draft()) == [1, 2, 3]
    assert file.delete([(1, 3)]) == 3
    spool_id = file.spool_id
    file.close()
    reopened = SpoolFile(path)
    assert reopened.spool_id == spool_id
    assert append(reopened, draft()) == [4]


def test_a_failed_append_leaves_no_trace(path: Path) -> None:
    file = SpoolFile(path)

    def broken(seq: int) -> bytes:
        raise RuntimeError(seq)

    with pytest.raises(RuntimeError):
        append(file, draft(), Draft("health", NOW_MS, broken))
    assert file.tally().waiting == 0
    assert append(file, draft()) == [1]


def test_rows_come_oldest_first_within_their_limits_and_skip_what_is_excluded(path: Path) -> None:
    file = SpoolFile(path)
    append(file, *(draft(size=100) for _ in range(10)))
    assert [row.seq for row in file.rows(0, 4, 1 << 20, {1, 3})] == [2, 4, 5, 6]
    assert [row.seq for row in file.rows(7, 100, 1 << 20, ())] == [8, 9, 10]
    assert [row.seq for row in file.rows(0, 100, 250, ())] == [1, 2]
    assert [row.seq for row in file.rows(0, 100, 1, ())] == [1]
    assert file.rows(10, 100, 1 << 20, ()) == []


def test_oldest_reports_are_dropped_first_and_events_last_and_one_event_tells_it(path: Path) -> None:
    file = SpoolFile(path)
    append(file, *(draft("event") for _ in range(50)))
    append(file, *(draft() for _ in range(100)))
    for _ in range(300):
        append(file, draft(), limits=TIGHT)
    kept = all_rows(file)
    assert {seq for seq, kind in kept.items() if kind == "event"} == set(range(1, 51))
    reports = [seq for seq, kind in kept.items() if kind == "health"]
    assert reports == list(range(reports[0], 451))
    assert file.used_bytes() <= TIGHT.max_bytes
    dropped = file.tally().dropped
    assert dropped == 400 - len(reports)
    told = file.append([draft()], TIGHT, MOMENT, tell_drops=True)[-1]
    event = msgspec.json.decode(told.body, type=UnitEvent)
    assert (event.kind, event.severity) == ("spool-dropped", "warning")
    assert event.summary.startswith(f"{file.tally().dropped} reports of ")
    assert append(file, draft(), tell_drops=True) == [told.seq + 1], "told once"


def test_events_go_when_no_report_is_left(path: Path) -> None:
    file = SpoolFile(path)
    for _ in range(400):
        append(file, draft("event"), limits=TIGHT)
    kept = list(all_rows(file))
    assert kept == list(range(kept[0], 401))
    assert kept[0] > 1
    assert file.used_bytes() <= TIGHT.max_bytes


def test_age_drops_what_is_too_old_but_not_what_an_unset_clock_sampled(path: Path) -> None:
    file = SpoolFile(path)
    old, unset, fresh = NOW_MS - 31 * DAY_MS, 5_000, NOW_MS - 29 * DAY_MS
    untrusted = Moment(NOW_MS, None)
    append(file, *(draft(sampled_at_ms=at_ms) for at_ms in (unset, old, fresh)), moment=untrusted)
    append(file, draft(), moment=untrusted)
    assert list(all_rows(file)) == [1, 2, 3, 4], "an untrusted clock ages nothing"
    append(file, draft())
    assert list(all_rows(file)) == [1, 3, 4, 5]
    assert file.tally().dropped == 1


def test_a_full_disk_changes_nothing_and_recovers(path: Path) -> None:
    file = SpoolFile(path)
    append(file, *(draft() for _ in range(20)))
    pages = file._one("PRAGMA page_count")
    file._execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(SpoolUnwritable):
        append(file, *(draft(size=4000) for _ in range(20)))
    assert list(all_rows(file)) == list(range(1, 21))
    file._execute("PRAGMA max_page_count = 1000000")
    assert append(file, draft()) == [21]


def test_a_read_only_file_is_told_from_a_damaged_one(path: Path) -> None:
    file = SpoolFile(path)
    append(file, draft())
    file._execute("PRAGMA query_only = ON")
    with pytest.raises(SpoolUnwritable):
        append(file, draft())


@pytest.mark.parametrize("content", [b"not a database at all" * 500, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_what_is_not_a_spool_is_damaged(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(SpoolDamaged):
        SpoolFile(path)


def test_a_foreign_database_and_a_future_format_are_damaged(path: Path) -> None:
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE t (x)")
    foreign.close()
    with pytest.raises(SpoolDamaged):
        SpoolFile(path)
    with sqlite3.connect(path) as future:
        future.execute("PRAGMA user_version = 2")
    future.close()
    with pytest.raises(SpoolDamaged, match="format 2"):
        SpoolFile(path)


def test_commands_are_remembered_within_bounds(path: Path) -> None:
    file = SpoolFile(path)
    file.remember("a", "accepted", "")
    file.remember("a", "done", "why")
    assert file.recall("a") == ("done", "why")
    for number in range(COMMANDS_REMEMBERED):
        file.remember(str(number), "done", "")
    assert file.recall("a") is None
    assert file.recall("0") == ("done", "")


def test_an_unfinished_transaction_of_a_killed_writer_is_gone(path: Path) -> None:
    file = SpoolFile(path)
    append(file, draft())
    copy = path.with_name("copy.db")
    file._execute("BEGIN IMMEDIATE")
    file._execute("INSERT INTO waiting (seq, kind, sampled_at_ms, body) VALUES (2, 'health', 1, x'00')")
    for suffix in ("", "-wal"):
        copy.with_name(copy.name + suffix).write_bytes(path.with_name(path.name + suffix).read_bytes())
    assert list(all_rows(SpoolFile(copy))) == [1]


def test_inspection_sees_what_is_committed_while_the_spool_is_open(path: Path) -> None:
    assert inspect(path) is None
    file = SpoolFile(path)
    append(file, *(draft() for _ in range(6)))
    file.delete([(2, 3)])
    file.add_unspooled(4)
    view = inspect(path)
    assert view is not None
    assert (view.spool_id, view.next_seq, view.waiting) == (file.spool_id, 7, 4)
    assert view.waiting_ranges == [(1, 1), (4, 6)]
    assert (view.dropped, view.unspooled) == (0, 4)
    path.with_name("garbage").write_bytes(b"x" * 5000)
    with pytest.raises(SpoolDamaged):
        inspect(path.with_name("garbage"))


def test_an_event_summary_is_made_fit_to_send() -> None:
    body = event_draft(1, "clock-stepped", "info", "two\nlines \x1b[2J" + "y" * 300).encode(9)
    event = msgspec.json.decode(body, type=UnitEvent)
    assert (event.seq, event.sampled_at_ms, len(event.summary)) == (9, 1, 200)
    assert event.summary.startswith("two lines  [2Jy")


class SpoolMachine(RuleBasedStateMachine):
    """Whatever is appended, acknowledged, dropped, and however often the file is reopened: every number is used
    once, and what is neither acknowledged nor dropped by the bounds is there."""

    acked = Bundle("acked")

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp(prefix="muster-spool-"))
        self.file = SpoolFile(self.directory / "spool.db")
        self.kinds: dict[int, Kind] = {}
        self.acknowledged: set[int] = set()
        self.next_seq = 1

    def teardown(self) -> None:
        self.file.close()
        for path in self.directory.iterdir():
            path.unlink()
        self.directory.rmdir()

    @initialize(count=st.integers(0, 200))
    def fill(self, count: int) -> None:
        self.put(["health"] * count)

    @rule(kinds=st.lists(st.sampled_from(["health", "event"]), min_size=1, max_size=40))
    def put(self, kinds: list[Kind]) -> None:
        seqs = append(self.file, *(draft(kind) for kind in kinds), limits=TIGHT)
        assert seqs == list(range(self.next_seq, self.next_seq + len(kinds)))
        self.next_seq += len(kinds)
        self.kinds.update(zip(seqs, kinds, strict=True))

    @rule(target=acked, first=st.integers(1, 2_000), length=st.integers(1, 60))
    def acknowledge(self, first: int, length: int) -> tuple[int, int]:
        return self.delete((first, first + length - 1))

    @rule(again=consumes(acked))
    def acknowledge_again(self, again: tuple[int, int]) -> None:
        self.delete(again)

    @rule()
    @precondition(lambda self: self.next_seq > 1)
    def reopen(self) -> None:
        self.file.close()
        self.file = SpoolFile(self.directory / "spool.db")

    def delete(self, span: tuple[int, int]) -> tuple[int, int]:
        before = set(all_rows(self.file))
        named = before & set(range(span[0], span[1] + 1))
        assert self.file.delete([span]) == len(named)
        assert set(all_rows(self.file)) == before - named
        self.acknowledged |= named
        return span

    @invariant()
    def nothing_is_lost_but_by_the_bounds(self) -> None:
        there = all_rows(self.file)
        assert there.items() <= self.kinds.items()
        dropped = self.kinds.keys() - there.keys() - self.acknowledged
        tally = self.file.tally()
        assert tally.dropped == len(dropped)
        assert tally.waiting == len(there)
        assert self.file.used_bytes() <= TIGHT.max_bytes
        for kind in ("health", "event"):
            kept = [seq for seq, its_kind in there.items() if its_kind == kind]
            gone = [seq for seq in dropped if self.kinds[seq] == kind]
            assert not kept or not gone or max(gone) < min(kept), "oldest first"
        view = inspect(self.directory / "spool.db")
        assert view is not None
        assert view.waiting_ranges == seq_ranges(list(there))


SpoolMachine.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestSpoolMachine = SpoolMachine.TestCase
