"""The chain on the disk. Synchronous; used from one thread at a time.

Appending is one write and one fsync: when it has returned, the record is on the disk; when it has raised, the file is
as it was, or else nothing more is appended until it is again. A file that somebody else has touched is not appended to.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from edge_agent.access_record.chain_text import (
    MARK_EVERY,
    Seen,
    Tip,
    aside_name,
    last_number,
    moved_aside,
    records_in,
    verify,
)
from edge_agent.durable import PRIVATE, ensure_directory, sync_directory
from edge_agent.errors import AccessChainBroken, StateUnusable
from protocols.access_record import AccessRecord, check_follows, record_hash


class Break(NamedTuple):
    """The chain did not verify `after` this record, because of `detail`, and is in the file `aside` now."""

    after: int
    detail: str
    aside: Path


class ChainFile:
    """The chain at `path`. `tip` is what is on the disk and nothing else, and may be read from any thread.

    `broken` is what did not verify when it was opened, and is moved aside now. The next record then is numbered on
    from there and follows GENESIS: this shows, wherever the chain is read.
    """

    def __init__(self, path: Path) -> None:
        """Open, make or mend the chain, or move it aside; raises StateUnusable."""
        self.path = path
        self.broken: Break | None = None
        ensure_directory(path.parent)
        seen = self._verified_or_aside()
        if not seen.first:
            seen = seen._replace(tip=Tip(self._number_before(), seen.tip.head))
        self._seen = seen
        self._descriptor: int | None = None
        # A program that was killed may have left a line that only the machine's memory holds.
        self._is_in_doubt = True
        with suppress(OSError):  # a disk that can not be written is told when something has to be
            self._settle(self._opened())

    @property
    def tip(self) -> Tip:
        """Length and head of the chain."""
        return self._seen.tip

    def append(self, make: Callable[[int, str], AccessRecord]) -> AccessRecord:
        """Add the record that `make` makes of its number and the hash before it; it is on the disk on return.

        Raises StateUnusable; then it is not in the chain, unless the disk fails altogether (see the module). Raises
        InvalidAccessRecord for what is no whole record.
        """
        before, head = self.tip
        record = make(before + 1, head)
        text = record.text()
        check_follows(before, head, text)
        line = text.encode() + b"\n"
        try:
            descriptor = self._opened()
            self._settle(descriptor)
            self._check_untouched(descriptor)
            self._write(descriptor, line)
        except OSError as error:
            raise StateUnusable(self.path, f"can not be written ({error.strerror}); check the disk") from error
        seen = self._seen
        first = seen.first or record.number
        if (record.number - first) % MARK_EVERY == 0:
            seen.marks.append(seen.size)
        self._seen = Seen(Tip(record.number, record_hash(text)), first, seen.marks, seen.size + len(line))
        return record

    def after(self, number: int, limit: int) -> list[str]:
        """The texts of at most `limit` records above `number`, in order; raises StateUnusable."""
        return records_in(self.path, self._seen, number, limit)

    def close(self) -> None:
        """Let go of the file; raises nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):  # what was answered for is on the disk, and there is nobody to tell
                os.close(descriptor)

    def _verified_or_aside(self) -> Seen:
        try:
            return verify(self.path)
        except AccessChainBroken as error:
            aside = aside_name(self.path)
            try:
                self.path.rename(aside)
                sync_directory(self.path.parent)
            except OSError as failure:
                raise StateUnusable(
                    self.path, f"does not verify ({error.detail}), and can not be moved aside ({failure.strerror})"
                ) from failure
            self.broken = Break(error.after, error.detail, aside)
            return verify(self.path)

    def _number_before(self) -> int:
        aside = moved_aside(self.path)
        return max((last_number(path) for path in aside), default=0)

    def _opened(self) -> int:
        if self._descriptor is None:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
            descriptor = os.open(self.path, flags, PRIVATE)
            try:
                sync_directory(self.path.parent)
            except OSError:
                os.close(descriptor)
                raise
            self._descriptor = descriptor
        return self._descriptor

    def _settle(self, descriptor: int) -> None:
        """Make the file what `_seen` says, after a torn line or a failed write."""
        if not self._is_in_doubt:
            return
        seen = self._seen
        os.ftruncate(descriptor, seen.size)
        if seen.lacks_end:
            _write_whole(descriptor, b"\n")
        os.fsync(descriptor)
        self._seen = seen._replace(size=seen.size + seen.lacks_end, lacks_end=False, is_torn=False)
        self._is_in_doubt = False

    def _check_untouched(self, descriptor: int) -> None:
        there, ours = self.path.stat(), os.fstat(descriptor)
        if (there.st_ino, there.st_dev) != (ours.st_ino, ours.st_dev) or ours.st_size != self._seen.size:
            raise StateUnusable(self.path, "was changed by somebody else while the agent ran; restart the agent")

    def _write(self, descriptor: int, line: bytes) -> None:
        self._is_in_doubt = True
        try:
            _write_whole(descriptor, line)
            os.fsync(descriptor)
        except OSError:
            with suppress(OSError):  # then it stays in doubt, and the next append has to settle it first
                self._settle(descriptor)
            raise
        self._is_in_doubt = False


def _write_whole(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
