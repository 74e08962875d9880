"""Checkpoints (C2SP tlog-checkpoint): the text of a note that says a log's size and root."""

from dataclasses import dataclass
from hmac import compare_digest

from protocols.errors import InvalidCheckpoint
from protocols.tlog.forms import from_decimal, from_hash_line, to_base64, to_utf8
from protocols.tlog.merkle import EMPTY_ROOT, HASH_BYTES, MAX_TREE_SIZE
from protocols.tlog.note import MAX_NAME_BYTES, MAX_NOTE_BYTES


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of the log `origin` with `size` leaves and `root`, 32 bytes. Raises InvalidCheckpoint `unreadable`."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_TREE_SIZE or len(self.root) != HASH_BYTES:
            raise InvalidCheckpoint("unreadable", "a checkpoint has a size from 0 to 2^63-1 and a root of 32 bytes")
        if self.size == 0 and not compare_digest(self.root, EMPTY_ROOT):
            raise InvalidCheckpoint("unreadable", "a log without leaves has another root")
        if any(not line or "\n" in line for line in (self.origin, *self.extensions)):
            raise InvalidCheckpoint("unreadable", "a line of a checkpoint is never empty, and one line")
        try:
            to_utf8(self.origin, MAX_NAME_BYTES)
            to_utf8(self.body, MAX_NOTE_BYTES)
        except ValueError as error:
            raise InvalidCheckpoint("unreadable", f"the checkpoint can not be read: {error}"[:200]) from error

    @property
    def body(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), to_base64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def read_checkpoint(body: str) -> Checkpoint:
    """The checkpoint in the text of a note; raises InvalidCheckpoint `unreadable`."""
    if len(body) > MAX_NOTE_BYTES:
        raise InvalidCheckpoint("unreadable", "the checkpoint is too long")
    lines = body.split("\n")
    if len(lines) < 4 or lines.pop():
        raise InvalidCheckpoint("unreadable", "a checkpoint is an origin, a size and a root, one line each")
    origin, size, root, *extensions = lines
    try:
        return Checkpoint(origin, from_decimal(size), from_hash_line(root), tuple(extensions))
    except ValueError as error:
        raise InvalidCheckpoint("unreadable", f"the checkpoint can not be read: {error}"[:200]) from error
