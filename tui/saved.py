"""Filters a person has saved, in their state directory. A file that can not be read is left alone and said."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from protocols.api.units import UnitSort

MAX_SAVED = 50
MAX_NAME = 40


class SavedFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A filter of the unit list under a name."""

    name: str
    text: str
    sort: UnitSort = "label"
    descending: bool = False


class SavedFilters:
    """The saved filters, read once; each change is written at once, in one step."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        self.filters: list[SavedFilter] = []
        try:
            self.filters = msgspec.json.decode(path.read_bytes(), type=list[SavedFilter])
        except FileNotFoundError:
            return
        except (OSError, msgspec.DecodeError) as error:
            self.trouble = f"saved filters in {path} can not be read ({error}): mend or remove the file"

    def save(self, new: SavedFilter) -> str:
        """Keep `new`, in place of one of the same name; returns what went wrong, empty when nothing did."""
        others = [held for held in self.filters if held.name != new.name]
        if len(others) >= MAX_SAVED:
            return f"{MAX_SAVED} filters are saved already: remove one first"
        return self._write(sorted([*others, new], key=lambda held: held.name))

    def remove(self, name: str) -> str:
        """Forget the filter called `name`; returns what went wrong, empty when nothing did."""
        return self._write([held for held in self.filters if held.name != name])

    def _write(self, filters: list[SavedFilter]) -> str:
        if self.trouble:
            return self.trouble
        beside = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(filters)))
            beside.replace(self.path)
        except OSError as error:
            return f"the filter could not be saved: {error}"
        self.filters = filters
        return ""


def saved_filters_path(environment: Mapping[str, str] = os.environ) -> Path:
    """`$XDG_STATE_HOME/muster/filters.json`, or under `~/.local/state`."""
    base = environment.get("XDG_STATE_HOME", "")
    return (Path(base) if base else Path.home() / ".local" / "state") / "muster" / "filters.json"
