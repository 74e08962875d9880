"""Finding a sensor chip among `/sys/class/hwmon`."""

import re
from collections.abc import Collection

from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import word

_HWMON = re.compile(r"hwmon[0-9]{1,4}")


def find_chip(gathering: Gathering, names: Collection[str]) -> str | None:
    """Path of the first chip whose `name` is among `names`; None when there is none."""
    for entry in gathering.names("sys/class/hwmon"):
        path = f"sys/class/hwmon/{entry}"
        if _HWMON.fullmatch(entry) and gathering.file(f"{path}/name", word) in names:
            return path
    return None
