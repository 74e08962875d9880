"""Receipts (c2sp.org/tlog-proof@v1): that a leaf is in the log, for whoever has the leaf and a log policy."""

from dataclasses import dataclass

from protocols.errors import InvalidReceipt
from protocols.tlog.forms import from_base64, from_decimal, from_hash_line, to_base64
from protocols.tlog.leaf import MAX_LEAF_BYTES, read_leaf
from protocols.tlog.merkle import HASH_BYTES, MAX_PROOF_HASHES, MAX_TREE_SIZE, verify_inclusion
from protocols.tlog.note import MAX_NOTE_BYTES
from protocols.tlog.policy import LogPolicy

MAX_EXTRA_BYTES = 2048
MAX_RECEIPT_CHARS = 24 * 1024
"""More than the longest note, proof and extra data together; a real receipt takes less than 4 KiB."""
_FIRST = "c2sp.org/tlog-proof@v1"
_EXTRA = "extra "
_INDEX = "index "


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves: the leaf is at `index` of the tree of `size` leaves under `root`, which the witnesses in
    `cosigned` say they saw, each at its time in Unix seconds."""

    index: int
    size: int
    root: bytes
    cosigned: dict[str, int]


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt with nothing verified. `checkpoint` is the text of a signed note, `extra` unauthenticated data.

    Raises InvalidReceipt `unreadable` when something in it has not its form or is too long.
    """

    index: int
    proof: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < MAX_TREE_SIZE or len(self.proof) > MAX_PROOF_HASHES:
            raise InvalidReceipt("unreadable", "the receipt's index or proof is of no tree")
        if any(len(one) != HASH_BYTES for one in self.proof):
            raise InvalidReceipt("unreadable", f"a hash is not of {HASH_BYTES} bytes")
        if not self.checkpoint.endswith("\n") or len(self.checkpoint) > MAX_NOTE_BYTES:
            raise InvalidReceipt("unreadable", "the receipt's checkpoint is no signed note, or too long")
        if self.extra is not None and not 1 <= len(self.extra) <= MAX_EXTRA_BYTES:
            raise InvalidReceipt("unreadable", f"a receipt's extra data are 1 to {MAX_EXTRA_BYTES} bytes")

    @property
    def text(self) -> str:
        """The receipt as it is stored and sent: the content of a `.tlog-proof` file."""
        extra = [] if self.extra is None else [_EXTRA + to_base64(self.extra)]
        lines = [_FIRST, *extra, f"{_INDEX}{self.index}", *(to_base64(one) for one in self.proof), ""]
        return "".join(f"{line}\n" for line in lines) + self.checkpoint


def read_receipt(text: str) -> Receipt:
    """The receipt in `text`, with nothing verified; raises InvalidReceipt `unreadable`."""
    if len(text) > MAX_RECEIPT_CHARS:
        raise InvalidReceipt("unreadable", f"a receipt has at most {MAX_RECEIPT_CHARS} characters")
    head, split, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not split or lines.pop(0) != _FIRST:
        raise InvalidReceipt("unreadable", f"a receipt starts with {_FIRST} and has a checkpoint after an empty line")
    try:
        extra = from_base64(lines.pop(0).removeprefix(_EXTRA)) if lines and lines[0].startswith(_EXTRA) else None
        if not lines or not lines[0].startswith(_INDEX):
            raise InvalidReceipt("unreadable", "a receipt says the index of its leaf")
        index = from_decimal(lines[0].removeprefix(_INDEX))
        return Receipt(index, tuple(from_hash_line(line) for line in lines[1:]), checkpoint, extra)
    except ValueError as error:
        raise InvalidReceipt("unreadable", f"the receipt can not be read: {error}"[:200]) from error


def verify_receipt(
    text: str, leaf: bytes, policy: LogPolicy, *, not_before_unix_s: int | None = None
) -> VerifiedReceipt:
    """What the receipt proves about `leaf` to whoever trusts `policy`. What the leaf says of its place is then true.

    Raises InvalidReceipt `unreadable`, or as `read_leaf` does for a leaf that is in the tree and none of ours,
    InvalidCheckpoint as `LogPolicy.check` does (with `stale` when no quorum of
    witnesses saw the checkpoint at or after `not_before_unix_s`), or InvalidProof `malformed` or `mismatch`; nothing
    else, whatever the text and the leaf are, and in time and memory that the limits above bound.
    """
    if len(leaf) > MAX_LEAF_BYTES:
        raise InvalidReceipt("unreadable", f"a leaf has at most {MAX_LEAF_BYTES} bytes")
    receipt = read_receipt(text)
    seen = policy.check(receipt.checkpoint, not_before_unix_s=not_before_unix_s)
    checkpoint = seen.checkpoint
    verify_inclusion(leaf, receipt.index, checkpoint.size, receipt.proof, checkpoint.root)
    read_leaf(leaf, receipt.index)
    return VerifiedReceipt(receipt.index, checkpoint.size, checkpoint.root, seen.cosigned)
