"""Names and widths of the tiles of a tree, after C2SP tlog-tiles with its tiles of height 8."""

import re
from dataclasses import dataclass
from typing import Literal

TILE_HEIGHT = 8
TILE_WIDTH = 256
MAX_TILE_LEVEL = 7
"""Eight levels of tiles hold more leaves than a tree can have."""

ENTRIES: Literal["entries"] = "entries"
"""In the place of a level: the entry bundles, which hold the leaves themselves."""

_PATH = re.compile(r"tile/(?P<level>[0-7]|entries)/(?P<index>(?:x\d{3}/)*\d{3})(?:\.p/(?P<width>[1-9]\d{0,2}))?")


@dataclass(frozen=True, slots=True)
class TilePlace:
    """Which tile or entry bundle: `level` from 0 at the leaves, `index` from 0 at the left, `width` 1 to 256 hashes."""

    level: int | Literal["entries"]
    index: int
    width: int


def tile_path(level: int | Literal["entries"], index: int, width: int = TILE_WIDTH) -> str:
    """The path of a tile, such as `tile/0/x001/234` or, partial, `tile/1/000.p/17`."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03d}")
    return f"tile/{level}/{'/'.join(groups)}{'' if width == TILE_WIDTH else f'.p/{width}'}"


def parse_tile_path(path: str) -> TilePlace:
    """Whose path it is; only the one spelling that `tile_path` gives. Raises ValueError for any other."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise ValueError(f"{path!r} is not the path of a tile")
    level = ENTRIES if found["level"] == ENTRIES else int(found["level"])
    index = int(found["index"].replace("x", "").replace("/", ""))
    place = TilePlace(level, index, int(found["width"] or TILE_WIDTH))
    if tile_path(place.level, place.index, place.width) != path:
        raise ValueError(f"{path!r} is not the path of a tile")
    return place


def tile_widths(size: int, level: int) -> list[int]:
    """The widths of the tiles at `level` of a tree of `size` leaves, from the left: full ones, then a partial one."""
    full, partial = divmod(size >> (TILE_HEIGHT * level), TILE_WIDTH)
    return [TILE_WIDTH] * full + ([partial] if partial else [])


def edge_tiles(size: int) -> dict[int, TilePlace]:
    """The partial tiles at the right edge of a tree of `size` leaves, by level; a level without one is left out."""
    found: dict[int, TilePlace] = {}
    for level in range(MAX_TILE_LEVEL + 1):
        full, partial = divmod(size >> (TILE_HEIGHT * level), TILE_WIDTH)
        if partial:
            found[level] = TilePlace(level, full, partial)
    return found
