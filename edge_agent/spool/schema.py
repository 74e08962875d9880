"""The spool file: SQLite, WAL, every commit on the disk before anyone hears of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.errors import SpoolDamaged, SpoolError, SpoolUnwritable
from protocols.ids import new_spool_id

FORMAT = 1

_SCHEMA = """
CREATE TABLE spool (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    spool_id INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0,
    unspooled INTEGER NOT NULL DEFAULT 0,
    untold_reports INTEGER NOT NULL DEFAULT 0,
    untold_events INTEGER NOT NULL DEFAULT 0,
    untold_from_ms INTEGER,
    untold_to_ms INTEGER
);
CREATE TABLE waiting (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('health', 'event')),
    sampled_at_ms INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE command (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    command_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    reason TEXT NOT NULL
);
PRAGMA user_version = 1;
"""

_DAMAGED = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_MISMATCH,
    }
)
_BUSY_S = 5.0


def connect(path: Path | None) -> sqlite3.Connection:
    """Open the spool at `path` (None: in memory), making it if there is none.

    Raises SpoolDamaged (not a whole spool of this format) or SpoolUnwritable.
    """
    with translated(path):
        connection = sqlite3.connect(path or ":memory:", timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        with translated(path):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute("PRAGMA journal_size_limit = 4194304")
            _prepare(connection, path)
    except SpoolError:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path | None) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == 0 and connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
        with transaction(connection):
            for statement in _SCHEMA.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute("INSERT INTO spool (only, spool_id) VALUES (1, ?)", (new_spool_id(),))
    elif version != FORMAT:
        raise SpoolDamaged(path, f"spool format {version}, this agent knows {FORMAT}")
    finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if finding != "ok":
        raise SpoolDamaged(path, str(finding)[:200])
    if connection.execute("SELECT count(*) FROM spool").fetchone()[0] != 1:
        raise SpoolDamaged(path, "the spool has lost its id")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; committed, and on the disk, when the block has ended."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextmanager
def translated(path: Path | None) -> Iterator[None]:
    """Turn what SQLite raises into SpoolDamaged or SpoolUnwritable."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF
        kind = SpoolDamaged if code in _DAMAGED else SpoolUnwritable
        raise kind(path, str(error)[:200]) from error
