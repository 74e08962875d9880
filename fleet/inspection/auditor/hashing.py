"""The tree (RFC 6962 section 2.1), its tiles and entry bundles (c2sp.org/tlog-tiles) and proofs (tlog-proof)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from fleet.inspection.auditor.finding import Damage
from fleet.inspection.auditor.trust import from_base64

TILE = 256


def leaf_hash(leaf: bytes) -> bytes:
    """The hash of a leaf."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash over two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_over(hashes: bytes) -> bytes:
    """The root over hashes beside each other; there is a power of two of them."""
    while len(hashes) > 32:
        hashes = b"".join([node(hashes[at : at + 32], hashes[at + 32 : at + 64]) for at in range(0, len(hashes), 64)])
    return hashes


def split_bundle(bundle: bytes) -> list[bytes]:
    """The leaves in an entry bundle: each has its length before it, in 16 bits."""
    leaves, at = [], 0
    while at < len(bundle):
        start, at = at + 2, at + 2 + int.from_bytes(bundle[at : at + 2], "big")
        leaves.append(bundle[start:at])
    if at != len(bundle):
        raise ValueError("it is cut off, or a length in it is wrong")
    return leaves


def hash_bundle(bundle: bytes) -> bytes:
    """The hashes of its leaves."""
    return b"".join([leaf_hash(leaf) for leaf in split_bundle(bundle)])


def lines_of_bundle(bundle: bytes) -> bytes:
    """Its leaves, one a line."""
    return b"".join([leaf + b"\n" for leaf in split_bundle(bundle)])


def tile_paths(level: int | str, count: int) -> list[tuple[str, int]]:
    """Path and width of the tiles that `count` hashes, or leaves, make at a level."""
    found = []
    for index in range(-(-count // TILE)):
        digits = f"{index:0{-(-len(str(index)) // 3) * 3}d}"
        parts = [f"x{digits[at : at + 3]}" for at in range(0, len(digits) - 3, 3)] + [digits[-3:]]
        width = min(TILE, count - index * TILE)
        found.append((f"tile/{level}/{'/'.join(parts)}" + ("" if width == TILE else f".p/{width}"), width))
    return found


def tree_paths(size: int) -> set[str]:
    """The paths of all tiles and entry bundles of a tree of `size` leaves."""
    paths = {path for path, _ in tile_paths("entries", size)}
    for level in range(8):
        paths.update(path for path, _ in tile_paths(level, size >> (8 * level)))
    return paths


def check_tiles(files: Mapping[str, bytes], size: int) -> list[bytes]:
    """The hashes at each level, its tiles joined: each tile has its width and leads to its hash in the level above."""
    levels = [b""]
    for level in range(7, -1, -1):
        tiles = []
        for index, (path, width) in enumerate(tile_paths(level, size >> (8 * level))):
            if len(files[path]) != 32 * width:
                raise Damage(path, f"it is not {width} hashes")
            if width == TILE and root_over(files[path]) != levels[0][32 * index : 32 * index + 32]:
                raise Damage(path, "its root is not the hash in the level above")
            tiles.append(files[path])
        levels.insert(0, b"".join(tiles))
    return levels


def root_at(size: int, levels: list[bytes]) -> bytes:
    """The root of the first `size` leaves: of full subtrees from the left, joined from the right."""
    peaks, start = [], 0
    while start < size:
        level, rest = divmod((size - start).bit_length() - 1, 8)
        first = start >> (8 * level)
        peaks.append(root_over(levels[level][32 * first : 32 * (first + (1 << rest))]))
        start += 1 << (8 * level + rest)
    root = peaks.pop()
    while peaks:
        root = node(peaks.pop(), root)
    return root


def root_by_path(reached: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a leaf's hash and its audit path lead to: RFC 6962 section 2.1.1 read backwards."""
    if (size == 1) != (not path):
        raise ValueError("it has too many hashes or too few")
    if size == 1:
        return reached
    half = 1 << ((size - 1).bit_length() - 1)
    if index < half:
        return node(root_by_path(reached, index, half, path[:-1]), path[-1])
    return node(path[-1], root_by_path(reached, index - half, size - half, path[:-1]))


def check_proof(proof: bytes, leaf: bytes, index: int, note: bytes, size: int, root: bytes) -> None:
    """A .tlog-proof: that `leaf` is at `index` of the tree under the checkpoint `note`. Raises ValueError."""
    head, _, checkpoint = proof.partition(b"\n\n")
    lines = head.decode().split("\n")
    if lines[:2] != ["c2sp.org/tlog-proof@v1", f"index {index}"] or checkpoint != note or index >= size:
        raise ValueError("it is no proof of its entry under the checkpoint of the export")
    path = [from_base64(line) for line in lines[2:]]
    if any(len(one) != 32 for one in path) or root_by_path(leaf_hash(leaf), index, size, path) != root:
        raise ValueError("it does not lead from its entry to the checkpoint's root")
