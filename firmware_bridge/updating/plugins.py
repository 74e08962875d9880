"""Plug-ins for devices without MCUboot: entry points of the group `muster.firmware_bridge.updaters`. See
docs/serial.md."""

from collections.abc import Iterable
from importlib.metadata import EntryPoint, entry_points

from firmware_bridge.errors import PluginUnusable
from firmware_bridge.updating.device import MakeDevice

GROUP = "muster.firmware_bridge.updaters"
BUILT_IN = frozenset({"release", "mcuboot"})
"""Names of a manifest's `updater` that are no plug-ins."""


def plugin_names(found: Iterable[EntryPoint] | None = None) -> list[str]:
    """The plug-ins that are installed, sorted; none of them is loaded."""
    return sorted({point.name for point in _points(found)} - BUILT_IN)


def load_plugin(name: str, found: Iterable[EntryPoint] | None = None) -> MakeDevice:
    """The plug-in `name`; raises PluginUnusable. `found` are the entry points, this installation's unless given."""
    if name in BUILT_IN:
        raise PluginUnusable(name, "this name is built in; give the plug-in another")
    points = [point for point in _points(found) if point.name == name]
    if not points:
        has = ", ".join(plugin_names(found)) or "none"
        raise PluginUnusable(name, f"it is not installed; installed: {has}")
    if len({point.value for point in points}) > 1:
        raise PluginUnusable(name, "two installed packages bring it; remove one")
    try:
        make = points[0].load()
    except Exception as error:  # a plug-in's module may raise anything
        raise PluginUnusable(name, f"it can not be loaded: {type(error).__name__}: {error}"[:300]) from error
    if not callable(make):
        raise PluginUnusable(name, f"{points[0].value} is not callable; it has to make a device of a line")
    made: MakeDevice = make
    return made


def _points(found: Iterable[EntryPoint] | None) -> list[EntryPoint]:
    return list(entry_points(group=GROUP) if found is None else found)
