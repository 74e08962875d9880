"""A small log with its witnesses, for tests: trees by RFC 6962's own recursive definitions, keys that never change.

What verifies is written after RFC 9162's loops, so the two have nothing in common.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.cosignature import cosign, cosigner_key
from protocols.tlog.note import Note, VerifierKey, sign_note
from protocols.tlog.policy import LogPolicy, build_policy
from protocols.tlog.receipt import Receipt

UNIX_S = 1_795_305_600
"""2026-11-22 00:00 UTC."""


def fixed_key(name: str) -> Ed25519PrivateKey:
    """The one key of `name`, for tests only."""
    return Ed25519PrivateKey.from_private_bytes(sha256(b"muster test key, not for use: " + name.encode()).digest())


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1: MTH."""
    if len(leaves) < 2:
        return sha256(b"\0" + leaves[0]).digest() if leaves else sha256(b"").digest()
    split = _split(len(leaves))
    return sha256(b"\1" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1: PATH."""
    if len(leaves) == 1:
        return []
    split = _split(len(leaves))
    if index < split:
        return [*inclusion_path(index, leaves[:split]), tree_root(leaves[split:])]
    return [*inclusion_path(index - split, leaves[split:]), tree_root(leaves[:split])]


def consistency_path(size: int, leaves: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    """RFC 6962 section 2.1.2: SUBPROOF, for the first `size` of the leaves; empty between equal sizes and from 0."""
    if size in {0, len(leaves)}:
        return [] if known else [tree_root(leaves)]
    split = _split(len(leaves))
    if size <= split:
        return [*consistency_path(size, leaves[:split], known=known), tree_root(leaves[split:])]
    return [*consistency_path(size - split, leaves[split:], known=False), tree_root(leaves[:split])]


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


@dataclass
class MadeLog:
    """A log and its witnesses. `names` are the witnesses' in the policy."""

    leaves: list[bytes]
    origin: str = "muster.example/log"
    names: tuple[str, ...] = ("north", "south", "west")
    quorum: int = 2
    times: dict[str, int] = field(default_factory=dict)
    """When each witness cosigns; `UNIX_S` for one not named."""

    @cached_property
    def log_vkey(self) -> str:
        """The log's key as text."""
        return VerifierKey.of(self.origin, fixed_key(self.origin).public_key().public_bytes_raw()).line

    @cached_property
    def policy(self) -> LogPolicy:
        """A policy of this log: `quorum` of its witnesses."""
        return build_policy(self.log_vkey, [(name, self.witness_vkey(name)) for name in self.names], self.quorum)

    def key_name(self, name: str) -> str:
        """The name in a witness's key."""
        return f"{name}.witness.example/w1"

    def witness_vkey(self, name: str) -> str:
        """A witness's key as text."""
        key_name = self.key_name(name)
        return cosigner_key(key_name, fixed_key(key_name).public_key().public_bytes_raw()).line

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """The checkpoint of the first `size` leaves; of all without."""
        leaves = self.leaves[:size]
        return Checkpoint(self.origin, len(leaves), tree_root(leaves))

    def note(self, size: int | None = None, *, cosigners: Sequence[str] | None = None) -> Note:
        """The checkpoint as the log signs it and `cosigners`, or all its witnesses, cosign it."""
        return self.signed(self.checkpoint(size), cosigners)

    def signed(self, checkpoint: Checkpoint, cosigners: Sequence[str] | None = None) -> Note:
        """Any checkpoint, signed and cosigned."""
        body = checkpoint.body
        note = Note(body, (sign_note(body, self.origin, fixed_key(self.origin)),))
        keys = [(self.key_name(name), self.times.get(name, UNIX_S)) for name in cosigners or self.names]
        return note.with_signatures([cosign(body, name, fixed_key(name), unix_s) for name, unix_s in keys])

    def receipt(self, index: int, size: int | None = None, *, cosigners: Sequence[str] | None = None) -> Receipt:
        """The receipt of the leaf at `index`."""
        path = inclusion_path(index, self.leaves[:size])
        return Receipt(index, tuple(path), self.note(size, cosigners=cosigners).text)

    def with_note(self, receipt: Receipt, note: Note) -> Receipt:
        """The receipt under another note."""
        return replace(receipt, checkpoint=note.text)
