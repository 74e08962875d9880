"""The Merkle tree of the deployment log, over its tiles: growing it, its roots and its proofs (RFC 6962 section 2.1).

Nothing here reads or writes: tiles come in through a mapping or a callable, and what changed goes out as `TileWrite`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fleet.log.tiles import MAX_TILE_LEVEL, TILE_HEIGHT, TILE_WIDTH, edge_tiles, parse_tile_path, tile_path
from protocols.tlog.merkle import EMPTY_ROOT, HASH_BYTES, node_hash

__all__ = [
    "TILE_WIDTH",
    "Frontier",
    "ReadTile",
    "TileWrite",
    "consistency_proof",
    "inclusion_proof",
    "parse_tile_path",
    "root_at",
    "tile_path",
    "tiles_needed_for_consistency",
    "tiles_needed_for_inclusion",
    "tiles_needed_for_root",
]

TILE_BYTES = TILE_WIDTH * HASH_BYTES

ReadTile = Callable[[int, int], bytes]
"""Level and tile index to the tile as stored. It may be wider than the tree in question needs."""


@dataclass(frozen=True, slots=True)
class TileWrite:
    """A tile that changed: its whole content, 32 to 8,192 bytes."""

    level: int
    index: int
    hashes: bytes


class Frontier:
    """The right edge of a tree of `size` leaves: the partial tile of each level, all that growing it needs."""

    def __init__(self, size: int, edge: Mapping[int, bytes]) -> None:
        """`edge` holds the partial tiles that `edge_tiles(size)` names. Raises ValueError when one does not fit."""
        expected = {level: place.width * HASH_BYTES for level, place in edge_tiles(size).items()}
        given = {level: len(hashes) for level, hashes in edge.items() if hashes}
        if size < 0 or given != expected:
            raise ValueError(f"a tree of {size} leaves has partial tiles of {expected} bytes by level, not {given}")
        self._size = size
        self._edge = [bytearray(edge.get(level, b"")) for level in range(MAX_TILE_LEVEL + 1)]

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return self._size

    def root(self) -> bytes:
        """The tree's root."""
        root: bytes | None = None
        for hashes in self._edge:
            offset = len(hashes)
            while offset:
                width = _lowest_bit(offset // HASH_BYTES) * HASH_BYTES
                offset -= width
                peak = _root_of(bytes(hashes[offset : offset + width]))
                root = peak if root is None else node_hash(peak, root)
        return EMPTY_ROOT if root is None else root

    def append(self, leaf_hashes: Sequence[bytes]) -> list[TileWrite]:
        """Grow the tree by these leaves, in order. Returns the tiles that changed, from the leaves up.

        Raises ValueError, and changes nothing, when one is not a hash of 32 bytes.
        """
        if any(len(leaf) != HASH_BYTES for leaf in leaf_hashes):
            raise ValueError(f"a leaf's hash is not of {HASH_BYTES} bytes")
        writes: list[TileWrite] = []
        arriving = list(leaf_hashes)
        for level, hashes in enumerate(self._edge):
            if not arriving:
                break
            index = self._size >> (TILE_HEIGHT * (level + 1))
            hashes.extend(b"".join(arriving))
            arriving = []
            whole = len(hashes) - len(hashes) % TILE_BYTES
            for start in range(0, whole, TILE_BYTES):
                tile = bytes(hashes[start : start + TILE_BYTES])
                writes.append(TileWrite(level, index + start // TILE_BYTES, tile))
                arriving.append(_root_of(tile))
            del hashes[:whole]
            if hashes:
                writes.append(TileWrite(level, index + whole // TILE_BYTES, bytes(hashes)))
        self._size += len(leaf_hashes)
        return writes


def root_at(size: int, read_tile: ReadTile) -> bytes:
    """The root of the tree's first `size` leaves. Raises ValueError when a tile holds too few hashes."""
    return _range_root(_Range(0, size), read_tile) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """The proof that leaf `index` is in the tree of the first `size` leaves, from the leaf's sibling up.

    Raises ValueError when `index` is not below `size`, or a tile holds too few hashes.
    """
    return [_range_root(part, read_tile) for part in _beside(index, size)]


def consistency_proof(old_size: int, new_size: int, read_tile: ReadTile) -> list[bytes]:
    """The proof that the first `old_size` leaves are a prefix of the first `new_size`; empty from 0 and between equals.

    Raises ValueError when `old_size` is above `new_size`, or a tile holds too few hashes.
    """
    return [_range_root(part, read_tile) for part in _between(old_size, new_size)]


def tiles_needed_for_root(size: int) -> set[tuple[int, int]]:
    """Level and index of the tiles that `root_at` reads."""
    return _tiles_of([_Range(0, size)] if size else [])


def tiles_needed_for_inclusion(index: int, size: int) -> set[tuple[int, int]]:
    """Level and index of the tiles that `inclusion_proof` reads. Raises ValueError as it does."""
    return _tiles_of(_beside(index, size))


def tiles_needed_for_consistency(old_size: int, new_size: int) -> set[tuple[int, int]]:
    """Level and index of the tiles that `consistency_proof` reads. Raises ValueError as it does."""
    return _tiles_of(_between(old_size, new_size))


class _Range(NamedTuple):
    """Leaves from `start` up to, not including, `end`, that hang under one node of the tree."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Run:
    """Hashes beside each other in one tile that hang under one node: `width` is a power of two up to 128."""

    level: int
    index: int
    offset: int
    width: int


def _beside(index: int, size: int) -> list[_Range]:
    """The subtrees beside the way from leaf `index` up to the root: PATH of RFC 6962 section 2.1.1."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size} leaves")
    found: list[_Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append(_Range(middle, end))
            end = middle
        else:
            found.append(_Range(start, middle))
            start = middle
    return found[::-1]


def _between(old_size: int, new_size: int) -> list[_Range]:
    """The subtrees that prove one tree a prefix of another: PROOF of RFC 6962 section 2.1.2."""
    if not 0 <= old_size <= new_size:
        raise ValueError(f"a tree of {new_size} leaves is no continuation of one of {old_size}")
    if old_size in {0, new_size}:
        return []
    found: list[_Range] = []
    start, end = 0, new_size
    while end != old_size:
        middle = start + _split(end - start)
        if old_size <= middle:
            found.append(_Range(middle, end))
            end = middle
        else:
            found.append(_Range(start, middle))
            start = middle
    # The verifier knows the old root; a subtree that is the whole old tree need not be told.
    return found[::-1] if start == 0 else [_Range(start, end), *found[::-1]]


def _runs(leaves: _Range) -> Iterator[_Run]:
    """The perfect subtrees over `leaves`, from the left, each as the hashes of one tile it is made from."""
    start, end = leaves
    while start < end:
        height = (end - start).bit_length() - 1
        level, rest = divmod(height, TILE_HEIGHT)
        index, offset = divmod(start >> (TILE_HEIGHT * level), TILE_WIDTH)
        yield _Run(level, index, offset, 1 << rest)
        start += 1 << height


def _tiles_of(ranges: Sequence[_Range]) -> set[tuple[int, int]]:
    return {(run.level, run.index) for leaves in ranges for run in _runs(leaves)}


def _range_root(leaves: _Range, read_tile: ReadTile) -> bytes:
    peaks = [_run_root(run, read_tile) for run in _runs(leaves)]
    root = peaks.pop()
    while peaks:
        root = node_hash(peaks.pop(), root)
    return root


def _run_root(run: _Run, read_tile: ReadTile) -> bytes:
    start, end = run.offset * HASH_BYTES, (run.offset + run.width) * HASH_BYTES
    hashes = read_tile(run.level, run.index)[start:end]
    if len(hashes) != end - start:
        raise ValueError(f"tile {run.index} of level {run.level} holds fewer than {run.offset + run.width} hashes")
    return _root_of(hashes)


def _root_of(hashes: bytes) -> bytes:
    """The root over hashes beside each other; their number is a power of two."""
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), 2 * HASH_BYTES)
        hashes = b"".join([node_hash(hashes[at : at + 32], hashes[at + 32 : at + 64]) for at in pairs])
    return hashes


def _split(count: int) -> int:
    """The largest power of two below `count`, which is 2 or more: where RFC 6962 splits a tree."""
    return 1 << ((count - 1).bit_length() - 1)


def _lowest_bit(count: int) -> int:
    return count & -count
