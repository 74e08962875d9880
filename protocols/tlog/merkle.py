"""Merkle trees: RFC 6962 section 2.1 hashing, and the two verifications of RFC 9162 sections 2.1.3.2 and 2.1.4.2."""

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from protocols.errors import InvalidProof

HASH_BYTES = 32
MAX_PROOF_HASHES = 63
"""Hashes in a proof at the most, as C2SP tlog-witness bounds it."""
MAX_TREE_SIZE = 2**63 - 1
EMPTY_ROOT = sha256(b"").digest()
"""The root of a tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of the leaf that holds `data`."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of the node over two hashes."""
    return sha256(b"\x01" + left + right).digest()


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the tree of `size` leaves under `root` has a leaf of the bytes `leaf` at `index`, from 0.

    `proof` goes from the leaf's sibling up to the root's child. Raises InvalidProof `malformed` or `mismatch`.
    """
    _check_form(size, proof, root)
    if not 0 <= index < size:
        raise InvalidProof("malformed", f"leaf {index} is not in a tree of {size} leaves")
    place, last = index, size - 1
    reached = leaf_hash(leaf)
    for other in proof:
        if last == 0:
            raise InvalidProof("malformed", "the proof is too long for the tree")
        if place & 1 or place == last:
            reached = node_hash(other, reached)
            place, last = _past_lone_nodes(place, last)
        else:
            reached = node_hash(reached, other)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise InvalidProof("malformed", "the proof is too short for the tree")
    if not compare_digest(reached, root):
        raise InvalidProof("mismatch", "the leaf and its proof do not lead to the root")


def verify_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of `old_size` leaves is a prefix of the one of `new_size`, which is not smaller.

    From an empty tree, and between equal sizes, the proof is empty. Raises InvalidProof `malformed` or `mismatch`.
    """
    _check_form(new_size, proof, new_root)
    _check_form(old_size, (), old_root)
    if old_size > new_size:
        raise InvalidProof("malformed", f"a tree of {new_size} leaves is no continuation of one of {old_size}")
    if old_size in {0, new_size}:
        if proof:
            raise InvalidProof("malformed", "between these sizes a consistency proof is empty")
        _check_ends(old_size, old_root, new_size, new_root)
        return
    if not proof:
        raise InvalidProof("malformed", "the consistency proof is empty")
    reached_old, reached_new = _walk(old_size, old_root, new_size, proof)
    if not (compare_digest(reached_old, old_root) and compare_digest(reached_new, new_root)):
        raise InvalidProof("mismatch", "the consistency proof does not lead to both roots")


def _walk(old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The roots of the old and the new tree that the proof leads to."""
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = path[0]
    for other in path[1:]:
        if last == 0:
            raise InvalidProof("malformed", "the consistency proof is too long for the trees")
        if place & 1 or place == last:
            old, new = node_hash(other, old), node_hash(other, new)
            place, last = _past_lone_nodes(place, last)
        else:
            new = node_hash(new, other)
        place, last = place >> 1, last >> 1
    if last != 0:
        raise InvalidProof("malformed", "the consistency proof is too short for the trees")
    return old, new


def _past_lone_nodes(place: int, last: int) -> tuple[int, int]:
    """Skip the levels at which the node at the tree's right edge has no sibling."""
    while place and not place & 1:
        place, last = place >> 1, last >> 1
    return place, last


def _check_ends(old_size: int, old_root: bytes, new_size: int, new_root: bytes) -> None:
    expected = new_root if old_size == new_size else EMPTY_ROOT
    if not compare_digest(old_root, expected):
        raise InvalidProof("mismatch", f"two different roots of a tree of {old_size} leaves")


def _check_form(size: int, proof: Sequence[bytes], root: bytes) -> None:
    if not 0 <= size <= MAX_TREE_SIZE:
        raise InvalidProof("malformed", f"{size} is no size of a tree")
    if len(proof) > MAX_PROOF_HASHES:
        raise InvalidProof("malformed", f"a proof of {len(proof)} hashes, the limit is {MAX_PROOF_HASHES}")
    if any(len(one) != HASH_BYTES for one in (root, *proof)):
        raise InvalidProof("malformed", f"a hash is not of {HASH_BYTES} bytes")
    if size == 0 and not compare_digest(root, EMPTY_ROOT):
        raise InvalidProof("mismatch", "a tree without leaves has another root")
