"""The state of a simulated host at one moment: what its files will say."""

from dataclasses import dataclass
from typing import Literal

Link = Literal["ethernet", "wifi", "lte"]
Breakage = Literal["vanished", "garbage", "empty"]


@dataclass(frozen=True, slots=True)
class Kit:
    """What is built into a host and never changes.

    `supply_monitor`: an INA219 on the supply, else the power controller answers `vcgencmd`. `undervolted_below_mv` is
    where the undervoltage alarm is raised. `emmc_decades`: the two life-time registers, None for a microSD card.
    """

    model: str
    boot_id: str
    link: Link
    interface: str
    nominal_supply_mv: int
    undervolted_below_mv: int
    supply_monitor: bool
    battery: bool
    emmc_decades: tuple[int, int] | None
    processors: int = 4
    memory_total_kib: int = 3_884_360
    storage_blocks: int = 7_500_000


@dataclass(frozen=True, slots=True)
class HostState:
    """`*_ticks` are hundredths of a second summed over processors; `broken` maps paths of files to what is wrong."""

    kit: Kit
    uptime_s: float
    busy_ticks: int
    idle_ticks: int
    load_1m: float
    memory_available_kib: int
    soc_temp_c: float
    throttled_bits: int
    supply_mv: int
    supply_ma: int
    undervolted: bool
    battery_percent: int
    battery_charging: bool
    storage_free_blocks: int
    storage_read_only: bool
    clock_synchronised: bool
    clock_behind_s: float
    link_rx_bytes: int
    link_tx_bytes: int
    wifi_signal_dbm: int
    rsrp_dbm: int
    broken: tuple[tuple[str, Breakage], ...]
