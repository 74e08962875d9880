"""One spool file and what can be done with it. Synchronous; used from one thread at a time."""

import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from edge_agent.clock import PLAUSIBLE_FROM_MS
from edge_agent.spool.bounds import SpoolLimits, Untold, dropped_event, too_old_before_ms
from edge_agent.spool.rows import Draft, Kind, Ranges, Row, SpoolTally
from edge_agent.spool.schema import connect, transaction, translated

COMMANDS_REMEMBERED = 1_000
_DROPPED_AT_ONCE = 64


class Moment(NamedTuple):
    """The unit's clock, and the same when it may be trusted to judge age."""

    wall_ms: int
    trusted_wall_ms: int | None


class SpoolFile:
    """Rows under ascending sequence numbers that are never used twice, in a file that survives `kill -9`.

    Every method raises SpoolUnwritable or SpoolDamaged, and then has changed nothing.
    """

    def __init__(self, path: Path | None) -> None:
        """Open or make the spool at `path`; None keeps it in memory."""
        self._path = path
        self._connection = connect(path)
        with translated(path):
            self.spool_id: int = self._one("SELECT spool_id FROM spool")
            self._next_seq: int = self._one(
                "SELECT coalesce(max(seq), 0) + 1 FROM sqlite_sequence WHERE name = 'waiting'"
            )
            self._waiting: int = self._one("SELECT count(*) FROM waiting")
            self._page_bytes: int = self._one("PRAGMA page_size")

    def close(self) -> None:
        """Let go of the file; raises nothing."""
        try:
            self._connection.close()
        except sqlite3.Error:  # a failing disk: what was committed is committed, and there is nobody to tell
            return

    def append(self, drafts: Sequence[Draft], limits: SpoolLimits, moment: Moment, *, tell_drops: bool) -> list[Row]:
        """Keep `drafts` and hold the limits, in one transaction; the rows are on the disk on return.

        Oldest health reports go first, events only when no report is left. With `tell_drops`, drops not yet told
        are told by one `spool-dropped` event, returned as the last row.
        """
        with translated(self._path), transaction(self._connection):
            rows = [self._insert(seq, draft) for seq, draft in enumerate(drafts, self._next_seq)]
            dropped = self._drop_old(limits, moment) + self._drop_surplus(limits)
            untold = self._untold() if tell_drops else None
            if untold is not None:
                rows.append(self._insert(self._next_seq + len(rows), dropped_event(untold, moment.wall_ms)))
                self._execute(
                    "UPDATE spool SET untold_reports = 0, untold_events = 0, untold_from_ms = NULL, untold_to_ms = NULL"
                )
        self._next_seq += len(rows)
        self._waiting += len(rows) - dropped
        return rows

    def rows(self, after: int, limit: int, max_bytes: int, excluding: Collection[int]) -> list[Row]:
        """The oldest rows with a number above `after` that are not in `excluding`: at most `limit`, of together at
        most `max_bytes` of body (but always one, if there is one)."""
        chosen: list[Row] = []
        total_bytes = 0
        with translated(self._path):
            found = self._execute(
                "SELECT seq, kind, sampled_at_ms, body FROM waiting WHERE seq > ? ORDER BY seq LIMIT ?",
                after,
                limit + len(excluding),
            ).fetchall()
        for row in map(Row._make, found):
            if row.seq in excluding:
                continue
            total_bytes += len(row.body)
            if len(chosen) == limit or (chosen and total_bytes > max_bytes):
                break
            chosen.append(row)
        return chosen

    def delete(self, ranges: Ranges) -> int:
        """Forget the rows in `ranges`; returns how many there were."""
        with translated(self._path), transaction(self._connection):
            gone = sum(
                self._execute("DELETE FROM waiting WHERE seq BETWEEN ? AND ?", first, last).rowcount
                for first, last in ranges
            )
        self._waiting -= gone
        return gone

    def tally(self) -> SpoolTally:
        """Where the spool stands."""
        with translated(self._path):
            dropped, unspooled = self._execute("SELECT dropped, unspooled FROM spool").fetchone()
        return SpoolTally(
            self.spool_id, self._next_seq, self._waiting, dropped, unspooled, on_disk=self._path is not None
        )

    def add_unspooled(self, count: int) -> None:
        """Remember that `count` rows never came to the disk."""
        with translated(self._path), transaction(self._connection):
            self._execute("UPDATE spool SET unspooled = unspooled + ?", count)

    def recall(self, command_id: str) -> tuple[str, str] | None:
        """State and reason of a command seen before, else None."""
        with translated(self._path):
            found = self._execute("SELECT state, reason FROM command WHERE command_id = ?", command_id).fetchone()
        return None if found is None else (found[0], found[1])

    def remember(self, command_id: str, state: str, reason: str) -> None:
        """Keep what became of a command; the last 1,000 are kept."""
        with translated(self._path), transaction(self._connection):
            self._execute(
                "INSERT INTO command (command_id, state, reason) VALUES (?, ?, ?) "
                "ON CONFLICT (command_id) DO UPDATE SET state = excluded.state, reason = excluded.reason",
                command_id,
                state,
                reason,
            )
            self._execute(
                "DELETE FROM command WHERE place <= (SELECT max(place) FROM command) - ?", COMMANDS_REMEMBERED
            )

    def used_bytes(self) -> int:
        """Bytes of the file in use; free pages inside it do not count, as they are used again first."""
        with translated(self._path):
            return self._used_bytes()

    def _used_bytes(self) -> int:
        pages: int = self._one("PRAGMA page_count")
        free: int = self._one("PRAGMA freelist_count")
        return (pages - free) * self._page_bytes

    def _insert(self, seq: int, draft: Draft) -> Row:
        row = Row(seq, draft.kind, draft.sampled_at_ms, draft.encode(seq))
        self._execute("INSERT INTO waiting (seq, kind, sampled_at_ms, body) VALUES (?, ?, ?, ?)", *row)
        return row

    def _drop_old(self, limits: SpoolLimits, moment: Moment) -> int:
        before_ms = too_old_before_ms(limits, moment.trusted_wall_ms)
        if before_ms is None:
            return 0
        return self._drop(
            self._execute(
                "SELECT seq, kind, sampled_at_ms FROM waiting WHERE sampled_at_ms BETWEEN ? AND ?",
                PLAUSIBLE_FROM_MS,
                before_ms - 1,
            ).fetchall()
        )

    def _drop_surplus(self, limits: SpoolLimits) -> int:
        dropped = 0
        kinds: list[Kind] = ["health", "event"]
        while kinds and self._used_bytes() > limits.max_bytes:
            oldest = self._execute(
                "SELECT seq, kind, sampled_at_ms FROM waiting WHERE kind = ? ORDER BY seq LIMIT ?",
                kinds[0],
                _DROPPED_AT_ONCE,
            ).fetchall()
            dropped += self._drop(oldest)
            if not oldest:
                del kinds[0]
        return dropped

    def _drop(self, victims: list[tuple[int, Kind, int]]) -> int:
        """Drop these rows (seq, kind, sampled_at_ms), and count them as not yet told."""
        if not victims:
            return 0
        self._connection.executemany("DELETE FROM waiting WHERE seq = ?", [(seq,) for seq, _, _ in victims])
        reports = sum(kind == "health" for _, kind, _ in victims)
        from_ms = min(sampled_at_ms for _, _, sampled_at_ms in victims)
        to_ms = max(sampled_at_ms for _, _, sampled_at_ms in victims)
        self._execute(
            "UPDATE spool SET dropped = dropped + ?, untold_reports = untold_reports + ?, "
            "untold_events = untold_events + ?, untold_from_ms = min(coalesce(untold_from_ms, ?), ?), "
            "untold_to_ms = max(coalesce(untold_to_ms, ?), ?)",
            *(len(victims), reports, len(victims) - reports, from_ms, from_ms, to_ms, to_ms),
        )
        return len(victims)

    def _untold(self) -> Untold | None:
        found = Untold(
            *self._execute("SELECT untold_reports, untold_events, untold_from_ms, untold_to_ms FROM spool").fetchone()
        )
        return found if found.reports or found.events else None

    def _execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    def _one(self, statement: str) -> int:
        return int(self._execute(statement).fetchone()[0])
