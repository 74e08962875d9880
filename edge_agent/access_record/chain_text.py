"""Reading a chain's file: one record a line, each naming the hash of the line before it.

A file's first record follows none (GENESIS): it is number 1, or, after a chain that did not verify was moved aside, it
is numbered on from that one. What a power cut can leave behind the last whole record is a torn line: the beginning of
a record, or blocks that were never written (NUL). Such a line was never answered for and may go; anything else that is
no record of this chain was not written by this program.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from edge_agent.errors import AccessChainBroken, StateUnusable
from protocols.access_record import GENESIS, MAX_RECORD_CHARS, check_follows, read_record, record_hash
from protocols.errors import InvalidAccessRecord

FILE_NAME = "access-records.jsonl"
MARK_EVERY = 64

_MAX_LINE_BYTES = 4 * MAX_RECORD_CHARS + 1


class Tip(NamedTuple):
    """How long a chain is, as the number of its last record, and the hash of that record."""

    records: int
    head: str


EMPTY = Tip(0, GENESIS)


class Seen(NamedTuple):
    """A chain that verifies. `first` is the number of its first record (0: there is none), `marks` where every 64th
    record begins, `size` how many bytes are whole records; the last of them may lack its line end (`lacks_end`), or be
    followed by a line that `is_torn`."""

    tip: Tip
    first: int
    marks: list[int]
    size: int
    lacks_end: bool = False
    is_torn: bool = False


def verify(path: Path) -> Seen:
    """Read the whole file at `path`; an empty or missing one is an empty chain.

    Raises AccessChainBroken where it is none, StateUnusable when it can not be read.
    """
    try:
        with path.open("rb") as file:
            return _verify(path, file)
    except FileNotFoundError:
        return Seen(EMPTY, 0, [], 0)
    except OSError as error:
        raise StateUnusable(path, f"can not be read ({error.strerror}); check the disk") from error


def _verify(path: Path, file: BinaryIO) -> Seen:
    tip, first, marks, size = EMPTY, 0, list[int](), 0
    for line in _lines(file):
        text = line.removesuffix(b"\n")
        try:
            number = _next_number(tip, first, text)
        except InvalidAccessRecord as error:
            if _is_torn(line) and not file.read(1):
                return Seen(tip, first, marks, size, is_torn=True)
            raise AccessChainBroken(path, tip.records, error.detail) from error
        if not first:
            first = number
        if (number - first) % MARK_EVERY == 0:
            marks.append(size)
        tip, size = Tip(number, record_hash(text.decode())), size + len(line)
        if len(line) == len(text):
            return Seen(tip, first, marks, size, lacks_end=True)
    return Seen(tip, first, marks, size)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    while line := file.readline(_MAX_LINE_BYTES):
        yield line


def _next_number(tip: Tip, first: int, text: bytes) -> int:
    try:
        readable = text.decode()
    except UnicodeDecodeError as error:
        raise InvalidAccessRecord("unreadable", "it is no text") from error
    before = tip.records if first else read_record(readable).number - 1
    return check_follows(before, tip.head, readable).number


def _is_torn(line: bytes) -> bool:
    return not line.endswith(b"\n") or b"\0" in line


def last_number(path: Path) -> int:
    """The highest number that any readable line of a chain gives itself, also of one that does not verify; 0 for none.

    Raises StateUnusable when it can not be read.
    """
    highest = 0
    try:
        with path.open("rb") as file:
            for line in _lines(file):
                try:
                    highest = max(highest, read_record(line.decode().removesuffix("\n")).number)
                except (InvalidAccessRecord, UnicodeDecodeError):
                    continue
    except OSError as error:
        raise StateUnusable(path, f"can not be read ({error.strerror}); check the disk") from error
    return highest


def moved_aside(path: Path) -> list[Path]:
    """The chains that did not verify and were moved aside from `path`, the oldest first."""
    found = [other for other in path.parent.glob(f"{path.name}.broken-*") if other.suffix[8:].isdecimal()]
    return sorted(found, key=lambda other: int(other.suffix[8:]))


def aside_name(path: Path) -> Path:
    """Where the next such chain goes."""
    taken = moved_aside(path)
    return path.with_name(f"{path.name}.broken-{int(taken[-1].suffix[8:]) + 1 if taken else 1}")


def records_in(path: Path, seen: Seen, after: int, limit: int) -> list[str]:
    """The texts of at most `limit` records with a number above `after`, of a chain that was `seen` to verify, in order.

    Raises StateUnusable.
    """
    wanted = max(after + 1, seen.first)
    if not seen.first or wanted > seen.tip.records:
        return []
    mark = (wanted - seen.first) // MARK_EVERY
    skipped = wanted - (seen.first + mark * MARK_EVERY)
    count = min(limit, seen.tip.records - wanted + 1)
    try:
        with path.open("rb") as file:
            file.seek(seen.marks[mark])
            lines = [file.readline(_MAX_LINE_BYTES) for _ in range(skipped + count)]
    except OSError as error:
        raise StateUnusable(path, f"can not be read ({error.strerror}); check the disk") from error
    return [line.decode(errors="replace").removesuffix("\n") for line in lines[skipped:] if line]
