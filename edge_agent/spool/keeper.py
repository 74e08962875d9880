"""Keeps a spool going whatever the disk does. Synchronous; used from one thread.

While the disk is full, read-only or failing, rows are kept in a small spool in memory under its own id, so that a
unit can still say so; each is counted as unspooled, because it would not survive a power cut. The disk is tried again
by itself. A damaged file is moved aside, never repaired: under a new spool id nothing can be mistaken for anything
else.
"""

from collections import deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

from edge_agent.errors import SpoolDamaged, SpoolError, SpoolUnwritable
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.file import Moment, SpoolFile
from edge_agent.spool.rows import Draft, Ranges, Row, SpoolTally, event_draft

MEMORY_LIMIT_BYTES = 1024 * 1024
RETRY_DISK_MS = 10_000
TELL_TROUBLE_EVERY_MS = 600_000
TELL_DROPS_EVERY_MS = 6 * 3_600_000
JUDGE_AGE_EVERY_MS = 600_000
_OWED_MAX = 200
_KEPT_ASIDE = 3
_TRIES = 3

_Result = TypeVar("_Result")


class Now(NamedTuple):
    """The unit's clocks at one moment: see `clock.Clock` and `clock.StepWatch.trusted_wall_ms`."""

    wall_ms: int
    mono_ms: int
    trusted_wall_ms: int | None


class Rows(NamedTuple):
    """Rows of one spool."""

    spool_id: int
    rows: list[Row]


class SpoolKeeper:
    """The spool at one path, or its stand-in in memory. Methods raise SpoolError only when even memory fails."""

    def __init__(
        self, path: Path, limits: SpoolLimits, open_file: Callable[[Path | None], SpoolFile] = SpoolFile
    ) -> None:
        """Nothing is opened until the first call; `limits` may be changed at any time."""
        self.limits = limits
        self._path = path
        self._open_file = open_file
        self._disk: SpoolFile | None = None
        self._last_disk_id: int | None = None
        self._memory: SpoolFile | None = None
        self._unspooled = 0
        self._retry_at_ms = 0
        self._owed: deque[Ranges] = deque(maxlen=_OWED_MAX)
        self._news: list[tuple[str, str]] = []
        self._trouble_told_at_ms: int | None = None
        self._drops_told_at_ms: int | None = None
        self._age_judged_at_ms: int | None = None

    def append(self, drafts: Sequence[Draft], now: Now) -> Rows:
        """Keep `drafts`, on the disk if that is possible at all. Rows beyond the drafts are events of the spool."""
        return self._do(now, lambda file: self._append_to(file, drafts, now))

    def rows(self, spool_id: int, after: int, limit: int, max_bytes: int, excluding: Collection[int], now: Now) -> Rows:
        """See SpoolFile.rows; none, under the id in use, when that is no longer `spool_id`."""

        def read(file: SpoolFile) -> Rows:
            same = file.spool_id == spool_id
            return Rows(file.spool_id, file.rows(after, limit, max_bytes, excluding) if same else [])

        return self._do(now, read)

    def acknowledge(self, spool_id: int, ranges: Ranges, now: Now) -> int:
        """Forget the rows in `ranges` if `spool_id` is one of ours; returns how many went.

        What the disk does not let go of now is deleted when it does again.
        """
        gone = self._do(now, lambda file: file.delete(ranges) if file.spool_id == spool_id else None)
        if gone is None and spool_id == self._last_disk_id:
            self._owed.append(ranges)
        return gone or 0

    def tally(self, now: Now) -> SpoolTally:
        """Where the spool in use stands; `unspooled` includes what is in memory only."""
        tally = self._do(now, SpoolFile.tally)
        return tally._replace(unspooled=tally.unspooled + self._unspooled)

    def recall(self, command_id: str, now: Now) -> tuple[str, str] | None:
        """See SpoolFile.recall."""
        return self._do(now, lambda file: file.recall(command_id))

    def remember(self, command_id: str, state: str, reason: str, now: Now) -> None:
        """See SpoolFile.remember."""
        self._do(now, lambda file: file.remember(command_id, state, reason))

    def close(self) -> None:
        """Let go of all files."""
        for file in (self._disk, self._memory):
            if file is not None:
                file.close()
        self._disk = self._memory = None

    def _do(self, now: Now, action: Callable[[SpoolFile], _Result]) -> _Result:
        for _ in range(_TRIES):
            file = self._in_use(now)
            try:
                return action(file)
            except SpoolError as error:
                if file is self._memory:
                    raise
                self._lose_disk(error, now)
        return action(self._stand_in())

    def _append_to(self, file: SpoolFile, drafts: Sequence[Draft], now: Now) -> Rows:
        in_memory = file is self._memory
        all_drafts = [*(event_draft(now.wall_ms, kind, "alarm", text) for kind, text in self._news), *drafts]
        judge_age = _due(self._age_judged_at_ms, JUDGE_AGE_EVERY_MS, now) and now.trusted_wall_ms is not None
        rows = file.append(
            all_drafts,
            self.limits._replace(max_bytes=MEMORY_LIMIT_BYTES) if in_memory else self.limits,
            Moment(now.wall_ms, now.trusted_wall_ms if judge_age else None),
            tell_drops=_due(self._drops_told_at_ms, TELL_DROPS_EVERY_MS, now),
        )
        self._news.clear()
        if judge_age:
            self._age_judged_at_ms = now.mono_ms
        if len(rows) > len(all_drafts):
            self._drops_told_at_ms = now.mono_ms
        if in_memory:
            self._unspooled += len(rows)
        return Rows(file.spool_id, rows)

    def _in_use(self, now: Now) -> SpoolFile:
        if self._disk is None and now.mono_ms >= self._retry_at_ms:
            try:
                self._return_to_disk()
            except SpoolError as error:
                self._lose_disk(error, now)
        return self._disk or self._stand_in()

    def _stand_in(self) -> SpoolFile:
        if self._memory is None:
            self._memory = self._open_file(None)
        return self._memory

    def _return_to_disk(self) -> None:
        disk = self._open_file(self._path)
        try:
            if disk.spool_id == self._last_disk_id:
                for ranges in self._owed:
                    disk.delete(ranges)
            disk.add_unspooled(self._unspooled)  # also when it is 0: a disk that opens need not be one that writes
        except SpoolError:
            disk.close()
            raise
        if self._memory is not None:
            self._news.append(
                ("spool-recovered", f"the disk can be written again; {self._unspooled} rows were not kept")
            )
            self._memory.close()
            self._memory = None
        self._owed.clear()
        self._unspooled = 0
        self._disk, self._last_disk_id = disk, disk.spool_id

    def _lose_disk(self, error: SpoolError, now: Now) -> None:
        if self._disk is not None:
            self._disk.close()
            self._disk = None
        self._retry_at_ms = now.mono_ms + RETRY_DISK_MS
        if isinstance(error, SpoolDamaged):
            try:
                aside = _move_aside(self._path)
            except OSError as failure:
                error = SpoolUnwritable(self._path, f"damaged, and can not be moved aside ({failure.strerror})")
            else:
                self._retry_at_ms = now.mono_ms
                self._news.append(("spool-replaced", f"the spool was damaged and is now {aside.name}: {error.detail}"))
                return
        if _due(self._trouble_told_at_ms, TELL_TROUBLE_EVERY_MS, now):
            self._trouble_told_at_ms = now.mono_ms
            self._news.append(("spool-unwritable", f"reports are kept in memory only: {error.detail}"))


def _due(last_ms: int | None, every_ms: int, now: Now) -> bool:
    return last_ms is None or now.mono_ms - last_ms >= every_ms


def _move_aside(path: Path) -> Path:
    """Rename a damaged spool to `<name>.damaged-1`, keeping the last three; raises OSError."""
    for number in range(_KEPT_ASIDE - 1, 0, -1):
        older = path.with_name(f"{path.name}.damaged-{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.damaged-{number + 1}"))
    aside = path.with_name(f"{path.name}.damaged-1")
    for suffix in ("-wal", "-shm"):
        leftover = path.with_name(path.name + suffix)
        if leftover.exists():
            leftover.replace(path.with_name(aside.name + suffix))
    path.replace(aside)
    return aside
