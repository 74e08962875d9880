"""What machine this is and which boot: facts of a session, not figures of a report."""

import re
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import SourceGarbled
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import word
from edge_agent.readers.reading import Fault
from edge_agent.readers.source_tree import SourceTree

_MODEL_FILES = ("proc/device-tree/model", "sys/class/dmi/id/product_name")
_BOOT_ID_FILE = "proc/sys/kernel/random/boot_id"
_BOOT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLACEHOLDERS = frozenset({"to be filled by o.e.m.", "system product name", "default string", "none"})


@dataclass(frozen=True, slots=True)
class MachineFacts:
    """`model` and `boot_id` (the kernel's UUID of this boot), empty where unknown; each at most 80 characters."""

    model: str
    boot_id: str
    faults: tuple[Fault, ...] = ()


def read_machine(root: Path = Path("/")) -> MachineFacts:
    """The facts of the machine whose `/proc` and `/sys` lie under `root`. Never raises for what they contain."""
    gathering = Gathering(SourceTree(root))
    models = (gathering.file(path, model) for path in _MODEL_FILES)
    found = next((name for name in models if name), "")
    boot = gathering.file(_BOOT_ID_FILE, boot_id) or ""
    return MachineFacts(found, boot, gathering.reading().faults)


def model(text: str) -> str:
    """The model's name; empty for a maker's placeholder. Raises SourceGarbled."""
    name = word(text)
    return "" if name.lower() in _PLACEHOLDERS else name


def boot_id(text: str) -> str:
    """A lower-case UUID. Raises SourceGarbled."""
    stripped = text.strip()
    if _BOOT_ID.fullmatch(stripped) is None:
        raise SourceGarbled("a UUID", text)
    return stripped
