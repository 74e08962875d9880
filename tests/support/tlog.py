"""A log of tests: leaves in memory, and whatever its key can be made to sign."""

import itertools
from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleet.log.tree import Frontier, consistency_proof, root_at
from protocols.tlog.checkpoint import Checkpoint
from protocols.tlog.forms import to_base64
from protocols.tlog.merkle import leaf_hash
from protocols.tlog.note import Note, VerifierKey, sign_note

_numbers = itertools.count(1)


class TestLog:
    """A log with a key of its own; `fork` gives another tree under the same key."""

    __test__ = False

    def __init__(self, origin: str = "log.example/fleet", key: Ed25519PrivateKey | None = None) -> None:
        self.origin = origin
        self.key = key or Ed25519PrivateKey.generate()
        self.vkey = VerifierKey.of(origin, self.key.public_key().public_bytes_raw())
        self._leaves: list[bytes] = []
        self._frontier = Frontier(0, {})
        self._tiles: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """How many leaves it has."""
        return len(self._leaves)

    def grow(self, count: int = 1) -> "TestLog":
        """Append `count` leaves that no other log has; returns itself."""
        self._append([leaf_hash(b"leaf %d" % next(_numbers)) for _ in range(count)])
        return self

    def fork(self, at: int) -> "TestLog":
        """A log with the same key and the same first `at` leaves."""
        other = TestLog(self.origin, self.key)
        other._append(self._leaves[:at])
        return other

    def _append(self, leaves: Sequence[bytes]) -> None:
        self._leaves += leaves
        for write in self._frontier.append(leaves):
            self._tiles[write.level, write.index] = write.hashes

    def root(self, size: int | None = None) -> bytes:
        """The root of its first `size` leaves, of all of them when left out."""
        return root_at(self.size if size is None else size, self._tile)

    def proof(self, old_size: int, size: int | None = None) -> list[bytes]:
        """The consistency proof."""
        return consistency_proof(old_size, self.size if size is None else size, self._tile)

    async def consistency(self, old_size: int, size: int) -> list[bytes]:
        """The consistency proof, as the controller's client asks for it."""
        return self.proof(old_size, size)

    def checkpoint(self, size: int | None = None) -> str:
        """The signed checkpoint of its first `size` leaves."""
        size = self.size if size is None else size
        return self.signed(Checkpoint(self.origin, size, self.root(size)).body)

    def signed(self, body: str) -> str:
        """A note of the text `body`, signed by the log's key."""
        return Note(body, (sign_note(body, self.origin, self.key),)).text

    def request(self, old_size: int, size: int | None = None) -> bytes:
        """An `add-checkpoint` request; the proof is empty where there is none."""
        size = self.size if size is None else size
        proof = self.proof(old_size, size) if old_size <= size else []
        return request(old_size, proof, self.checkpoint(size))

    def _tile(self, level: int, index: int) -> bytes:
        return self._tiles[level, index]


def request(old_size: int, proof: Sequence[bytes], note_text: str) -> bytes:
    """An `add-checkpoint` request of these parts."""
    lines = [f"old {old_size}", *map(to_base64, proof)]
    return ("\n".join(lines) + "\n\n" + note_text).encode()
