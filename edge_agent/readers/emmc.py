"""eMMC wear, from the JEDEC life-time registers the kernel shows. A microSD card has no such standard: unknown."""

import re

from edge_agent.errors import SourceGarbled
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import hexadecimal, word
from edge_agent.readers.reading import Reading
from edge_agent.readers.source_tree import SourceTree
from protocols.health import EmmcLife

_BLOCKS = "sys/block"
_CARD = re.compile(r"mmcblk[0-9]{1,3}")
_EXCEEDED = 0x0B
_LIFE: dict[int, EmmcLife | None] = {0: None, 1: "normal", 2: "warning", 3: "urgent"}


class EmmcReader:
    """Gives `emmc_worn_percent` and `emmc_life` of the first eMMC."""

    name = "emmc"

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    def read(self) -> Reading:
        """`device/life_time` and `device/pre_eol_info` of the first card of type MMC."""
        gathering = Gathering(self._tree)
        device = _first_emmc(gathering)
        if device is not None:
            life_time, end_of_life = f"{device}/life_time", f"{device}/pre_eol_info"
            gathering.put("emmc_worn_percent", gathering.file(life_time, worn_percent), life_time)
            gathering.put("emmc_life", gathering.file(end_of_life, life), end_of_life)
        return gathering.reading()


def worn_percent(text: str) -> int | None:
    """Upper end of the worse decade: `0x01 0x02` is 20, 0x0B (exceeded) 110; None when not defined (0).

    Raises SourceGarbled.
    """
    parts = text.split()
    if len(parts) != 2:
        raise SourceGarbled("two life-time estimates", text)
    worst = max(hexadecimal(part) for part in parts)
    if worst > _EXCEEDED:
        raise SourceGarbled("life-time estimates up to 0x0b", text)
    return worst * 10 or None


def life(text: str) -> EmmcLife | None:
    """What is left of the spare blocks; None when not defined (0). Raises SourceGarbled."""
    value = hexadecimal(text)
    if value not in _LIFE:
        raise SourceGarbled("pre-end-of-life information 0x00 to 0x03", text)
    return _LIFE[value]


def _first_emmc(gathering: Gathering) -> str | None:
    for name in gathering.names(_BLOCKS):
        device = f"{_BLOCKS}/{name}/device"
        if _CARD.fullmatch(name) and gathering.file(f"{device}/type", word) == "MMC":
            return device
    return None
