"""The tree of the deployment log: against RFC 6962 as it is written, and against libraries of others."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.log.tiles import edge_tiles, tile_widths
from fleet.log.tree import (
    TILE_WIDTH,
    Frontier,
    consistency_proof,
    inclusion_proof,
    parse_tile_path,
    root_at,
    tile_path,
    tiles_needed_for_consistency,
    tiles_needed_for_inclusion,
    tiles_needed_for_root,
)
from tests.agree.trees import compare

LEAVES = [b"leaf %d" % number for number in range(70_000)]
HASHES = [sha256(b"\x00" + leaf).digest() for leaf in LEAVES]
SIZES = st.one_of(st.integers(1, 600), st.integers(1, len(HASHES)), st.sampled_from([255, 256, 257, 65_536, 65_537]))


def mth(start: int, end: int, known: dict[tuple[int, int], bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1 over the leaves from `start` to `end`."""
    if end - start == 1:
        return HASHES[start]
    if (start, end) not in known:
        middle = start + split(end - start)
        known[start, end] = sha256(b"\x01" + mth(start, middle, known) + mth(middle, end, known)).digest()
    return known[start, end]


def split(count: int) -> int:
    largest = 1
    while largest * 2 < count:
        largest *= 2
    return largest


def path(index: int, start: int, end: int) -> list[bytes]:
    """PATH of RFC 6962 section 2.1.1."""
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return [*path(index, start, middle), mth(middle, end, KNOWN)]
    return [*path(index, middle, end), mth(start, middle, KNOWN)]


def subproof(old: int, start: int, end: int, *, known: bool) -> list[bytes]:
    """SUBPROOF of RFC 6962 section 2.1.2; `old` counts from the first leaf of all."""
    if old == end:
        return [] if known else [mth(start, end, KNOWN)]
    middle = start + split(end - start)
    if old <= middle:
        return [*subproof(old, start, middle, known=known), mth(middle, end, KNOWN)]
    return [*subproof(old, middle, end, known=False), mth(start, middle, KNOWN)]


KNOWN: dict[tuple[int, int], bytes] = {}


def grow(batches: list[int]) -> tuple[Frontier, dict[tuple[int, int], bytes]]:
    frontier, tiles = Frontier(0, {}), {}
    for count in batches:
        for write in frontier.append(HASHES[frontier.size : frontier.size + count]):
            tiles[write.level, write.index] = write.hashes
    return frontier, tiles


WHOLE, TILES = grow([len(HASHES)])


def read(level: int, index: int) -> bytes:
    return TILES[level, index]


def test_the_tiles_are_those_of_the_specification_s_example() -> None:
    widths = {place: len(hashes) // 32 for place, hashes in TILES.items()}
    assert {place: width for place, width in widths.items() if width < TILE_WIDTH} == {
        (0, 273): 112,
        (1, 1): 17,
        (2, 0): 1,
    }
    assert sorted(widths) == sorted([*((0, index) for index in range(274)), (1, 0), (1, 1), (2, 0)])
    for (level, index), hashes in TILES.items():
        first = index * TILE_WIDTH * 256**level
        assert hashes[:32] == mth(first, first + 256**level, KNOWN)


@given(st.lists(st.integers(0, 900), max_size=6))
def test_a_tree_grown_in_any_batches_is_one_tree(batches: list[int]) -> None:
    frontier, tiles = grow(batches)
    size = frontier.size
    assert frontier.root() == (mth(0, size, KNOWN) if size else sha256(b"").digest())
    expected = {(level, n): width for level in range(3) for n, width in enumerate(tile_widths(size, level))}
    assert {place: len(hashes) // 32 for place, hashes in tiles.items()} == expected
    assert all(TILES[place].startswith(hashes) for place, hashes in tiles.items() if place in TILES and place[0] == 0)


@given(SIZES, st.integers(0, 400))
def test_growing_goes_on_from_the_stored_edge(size: int, more: int) -> None:
    edge = {level: read(level, place.index)[: place.width * 32] for level, place in edge_tiles(size).items()}
    frontier = Frontier(size, edge)
    assert frontier.root() == root_at(size, read)
    added = HASHES[size : size + more]
    for write in frontier.append(added):
        assert read(write.level, write.index).startswith(write.hashes)
    assert frontier.root() == root_at(size + len(added), read)


@given(SIZES, st.data())
def test_roots_and_proofs_are_those_of_the_rfc_from_the_tiles_they_name(new: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, new - 1)), data.draw(st.integers(0, new))
    asked: set[tuple[int, int]] = set()

    def watched(level: int, tile: int) -> bytes:
        asked.add((level, tile))
        return read(level, tile)

    assert root_at(new, watched) == mth(0, new, KNOWN)
    assert asked == tiles_needed_for_root(new)
    asked.clear()
    assert inclusion_proof(index, new, watched) == path(index, 0, new)
    assert asked == tiles_needed_for_inclusion(index, new)
    asked.clear()
    assert consistency_proof(old, new, watched) == (subproof(old, 0, new, known=True) if old else [])
    assert asked == tiles_needed_for_consistency(old, new)


def test_an_append_that_can_not_be_changes_nothing() -> None:
    frontier, _ = grow([300])
    before = frontier.root()
    with pytest.raises(ValueError, match="32 bytes"):
        frontier.append([HASHES[300], b"short"])
    assert (frontier.size, frontier.root()) == (300, before)


@pytest.mark.parametrize("edge", [{}, {0: b"x" * 32 * 43, 1: b"x" * 32}, {0: b"x" * 32 * 44}, {0: b"x" * 8192}])
def test_a_frontier_takes_only_the_partial_tiles_of_its_size(edge: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match="300 leaves"):
        Frontier(300, edge)


def test_what_no_tree_has_is_refused() -> None:
    for index, size in ((5, 5), (-1, 5), (0, 0)):
        with pytest.raises(ValueError, match="is not in a tree"):
            inclusion_proof(index, size, read)
    with pytest.raises(ValueError, match="continuation"):
        consistency_proof(6, 5, read)
    with pytest.raises(ValueError, match="fewer than 5 hashes"):
        root_at(5, lambda level, index: TILES[level, index][:150])


@given(st.integers(0, 7) | st.just("entries"), st.integers(0, 10**12), st.integers(1, 256))
def test_a_tile_s_path_is_read_back(level: int, index: int, width: int) -> None:
    place = parse_tile_path(tile_path(level, index, width))
    assert (place.level, place.index, place.width) == (level, index, width)


def test_paths_are_spelt_as_the_specification_spells_them() -> None:
    assert tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tile_path("entries", 0, 17) == "tile/entries/000.p/17"


@pytest.mark.parametrize(
    "text",
    [
        "tile/8/000",
        "tile/00/000",
        "tile/0/00",
        "tile/0/x000/001",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/٠٠٠",
        "tile/0/000\n",
    ],
)
def test_any_other_spelling_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the path of a tile"):
        parse_tile_path(text)


def test_two_libraries_of_others_agree() -> None:
    counts = compare(trees=60, seed=1, max_leaves=1500)
    assert counts["disagreed"] == 0
    assert counts["inclusions"] == counts["consistencies"] == counts["roots"] > 60
