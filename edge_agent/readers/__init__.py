"""Readers of a unit's health, one per subject, over a real or a simulated `/proc` and `/sys`."""

from pathlib import Path

from edge_agent.readers.battery import BatteryReader
from edge_agent.readers.calls import Calls, calls_for
from edge_agent.readers.clock import ClockReader
from edge_agent.readers.cpu_load import CpuLoadReader
from edge_agent.readers.emmc import EmmcReader
from edge_agent.readers.machine import MachineFacts, read_machine
from edge_agent.readers.memory import MemoryReader
from edge_agent.readers.modem_manager import ModemManagerReader
from edge_agent.readers.network import NetworkReader
from edge_agent.readers.power import PowerReader
from edge_agent.readers.reading import Fault, Figure, Reader, Reading
from edge_agent.readers.source_tree import SourceTree
from edge_agent.readers.storage import StorageReader
from edge_agent.readers.thermal import ThermalReader
from edge_agent.readers.throttling import ThrottlingReader
from edge_agent.readers.uptime import UptimeReader

__all__ = ["Fault", "Figure", "MachineFacts", "Reader", "Reading", "default_readers", "read_machine"]


def default_readers(
    root: Path = Path("/"),
    *,
    storage_path: str = "/",
    calls: Calls | None = None,
    supply_by_mcu: bool = False,
    modem_manager: bool = False,
) -> tuple[Reader, ...]:
    """One reader per subject over the machine under `root`.

    `storage_path` (absolute, as the unit sees it) picks the file system that is watched. `calls` stands in for calls to
    the machine; by default they are live for `/` and recorded in the tree for any other root. `supply_by_mcu`: the
    microcontroller gives the supply's voltage. `modem_manager`: there is a modem that ModemManager keeps.
    """
    tree = SourceTree(root)
    asked = calls_for(root) if calls is None else calls
    return (
        UptimeReader(tree),
        CpuLoadReader(tree),
        MemoryReader(tree),
        ThermalReader(tree),
        ThrottlingReader(tree, asked),
        PowerReader(tree, asked, with_voltage=not supply_by_mcu),
        BatteryReader(tree),
        StorageReader(tree, asked, storage_path),
        EmmcReader(tree),
        ClockReader(tree, asked),
        NetworkReader(tree),
        *([ModemManagerReader(tree, asked)] if modem_manager else []),
    )
