"""Looking at a spool from outside, also while an agent uses it or after it was killed. Changes nothing."""

import sqlite3
from pathlib import Path

import msgspec

from edge_agent.errors import SpoolDamaged
from edge_agent.spool.rows import Ranges
from edge_agent.spool.schema import translated
from protocols.downlink import seq_ranges


class SpoolView(msgspec.Struct, frozen=True, kw_only=True):
    """A spool as it stands on the disk. `waiting_ranges` are pairs (first, last), both inclusive."""

    spool_id: int
    next_seq: int
    waiting: int
    waiting_ranges: Ranges
    dropped: int
    unspooled: int


def inspect(path: Path) -> SpoolView | None:
    """What is in the spool at `path`, in one consistent reading; None when there is no spool.

    Raises SpoolDamaged or SpoolUnwritable (not readable here).
    """
    if not path.exists():
        return None
    with translated(path):
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0, isolation_level=None)
        try:
            connection.execute("BEGIN")
            return _read(connection, path)
        finally:
            connection.close()


def _read(connection: sqlite3.Connection, path: Path) -> SpoolView:
    spool = connection.execute("SELECT spool_id, dropped, unspooled FROM spool").fetchone()
    if spool is None:
        raise SpoolDamaged(path, "the spool has lost its id")
    last = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'waiting'").fetchone()
    seqs = [row[0] for row in connection.execute("SELECT seq FROM waiting ORDER BY seq")]
    return SpoolView(
        spool_id=spool[0],
        next_seq=(last[0] if last else 0) + 1,
        waiting=len(seqs),
        waiting_ranges=seq_ranges(seqs),
        dropped=spool[1],
        unspooled=spool[2],
    )
