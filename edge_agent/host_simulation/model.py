"""A host that lives: load heats it, dips brown it out, storage fills, the clock falls out of step, sensors break.

Thresholds are the Raspberry Pi's: 80 °C throttles, undervoltage raises bits 0 and 2, and a bit once raised stays
remembered 16 higher. Rates are chosen so that a fleet of twenty shows something within a minute.
"""

import math
import random

from edge_agent.host_simulation import paths
from edge_agent.host_simulation.chance import Spell, Wander
from edge_agent.host_simulation.host_state import Breakage, HostState, Kit
from edge_agent.host_simulation.kits import draw_kit
from edge_agent.readers.calls import ANSWER_OF_COMMAND, STATVFS_ANSWER

_TICKS_PER_S = 100
_THROTTLES_AT_C = 80.0
_HEAT_TAU_S = 120.0
_CHARGE_PERCENT_PER_S = 30 / 3600
_DISCHARGE_PERCENT_PER_S = 12 / 3600
_FILL_SHARE_PER_S = 0.01 / 3600
_DRIFT_S_PER_S = 40e-6
_CORRECTION_TAU_S = 60.0
_BREAKAGES: tuple[Breakage, ...] = ("vanished", "garbage", "empty")


class SimulatedHost:
    """One host. Equal `seed`, `name`, `trouble` and steps give equal states.

    `trouble` scales how often things go wrong: 0 never, 1 as written.
    """

    def __init__(self, name: str, seed: int, *, trouble: float = 1.0) -> None:
        rng = self._rng = random.Random(f"{seed}/{name}")  # noqa: S311 -- a simulation, nothing secret
        self.kit: Kit = draw_kit(rng, name)
        self._uptime_s = rng.uniform(3_600, 30 * 86_400)
        ticks = int(self._uptime_s * _TICKS_PER_S) * self.kit.processors
        self._busy_ticks, self._idle_ticks = ticks // 5, ticks - ticks // 5
        self._load = Wander(rng, rng.uniform(0.08, 0.35), 0.06, 40)
        self._load_1m = self._load.mean * self.kit.processors
        self._memory_used = Wander(rng, rng.uniform(0.25, 0.7), 0.04, 300)
        self._ambient_c = Wander(rng, rng.uniform(12, 30), 2, 3_600)
        self._soc_temp_c = self._ambient_c.value + 22 + 30 * self._load.mean
        self._sticky_bits = 0
        self._supply_mv = Wander(rng, self.kit.nominal_supply_mv, self.kit.nominal_supply_mv * 0.006, 60)
        self._dip_share = 0.0
        self._battery_percent = rng.uniform(18, 100)
        self._charging = False
        self._storage_used = rng.uniform(0.2, 0.88)
        self._clock_ms = Wander(rng, 0, 3, 120)
        self._clock_astray_s = 0.0
        self._rx_bytes, self._tx_bytes = rng.randrange(1 << 32), rng.randrange(1 << 30)
        self._traffic = Wander(rng, 9, 0.8, 60)
        self._wifi_dbm = Wander(rng, rng.uniform(-74, -52), 6, 90)
        modem_rng = random.Random(f"{seed}/{name}/modem")  # noqa: S311 -- as above; of its own, so that all else stays
        self._rsrp_dbm = Wander(modem_rng, modem_rng.uniform(-108, -84), 4, 90)
        self._broken: tuple[tuple[str, Breakage], ...] = ()
        self._busy = Spell(rng, 6, 60, 300)
        self._hot = Spell(rng, 1 * trouble, 300, 900)
        self._dip = Spell(rng, 6 * trouble, 15, 90)
        self._remounted = Spell(rng, 0.6 * trouble, 60, 300)
        self._out_of_step = Spell(rng, 2 * trouble, 60, 600)
        self._breaking = Spell(rng, 4 * trouble, 30, 240)

    def step(self, dt_s: float) -> HostState:
        """The state `dt_s` (≥ 0) seconds on."""
        load = self._step_load(dt_s)
        supply_mv = self._step_supply(dt_s)
        undervolted = supply_mv < self.kit.undervolted_below_mv
        self._step_heat(dt_s, load)
        self._step_battery(dt_s)
        self._step_storage(dt_s)
        self._step_clock(dt_s)
        self._step_link(dt_s)
        self._step_broken(dt_s)
        return HostState(
            kit=self.kit,
            uptime_s=self._uptime_s,
            busy_ticks=self._busy_ticks,
            idle_ticks=self._idle_ticks,
            load_1m=self._load_1m,
            memory_available_kib=self._memory_available_kib(dt_s),
            soc_temp_c=self._soc_temp_c,
            throttled_bits=self._throttled_bits(undervolted=undervolted),
            supply_mv=supply_mv,
            supply_ma=round((3 + 6 * load) * 1_000_000 / supply_mv),
            undervolted=undervolted,
            battery_percent=round(self._battery_percent),
            battery_charging=self._charging,
            storage_free_blocks=round(self.kit.storage_blocks * (1 - self._storage_used)),
            storage_read_only=self._remounted.active,
            clock_synchronised=not self._out_of_step.active,
            clock_behind_s=self._clock_ms.value / 1000 + self._clock_astray_s,
            link_rx_bytes=self._rx_bytes,
            link_tx_bytes=self._tx_bytes,
            rsrp_dbm=round(min(max(self._rsrp_dbm.value, -125), -70)),
            wifi_signal_dbm=round(min(max(self._wifi_dbm.value, -92), -35)),
            broken=self._broken,
        )

    def _step_load(self, dt_s: float) -> float:
        self._uptime_s += dt_s
        self._busy.step(dt_s)
        load = min(max(self._load.step(dt_s) + (0.55 if self._busy.active else 0.0), 0.01), 1.0)
        ticks = round(dt_s * _TICKS_PER_S) * self.kit.processors
        busy = round(ticks * load)
        self._busy_ticks += busy
        self._idle_ticks += ticks - busy
        self._load_1m += (load * self.kit.processors - self._load_1m) * (1 - math.exp(-dt_s / 60))
        return load

    def _memory_available_kib(self, dt_s: float) -> int:
        used = min(max(self._memory_used.step(dt_s), 0.05), 0.97)
        return round(self.kit.memory_total_kib * (1 - used))

    def _step_supply(self, dt_s: float) -> int:
        if self._dip.step(dt_s):
            self._dip_share = self._rng.uniform(0.10, 0.16)
        level = self._supply_mv.step(dt_s)
        return round(level * (1 - self._dip_share) if self._dip.active else level)

    def _step_heat(self, dt_s: float, load: float) -> None:
        self._hot.step(dt_s)
        towards = self._ambient_c.step(dt_s) + 22 + 30 * load + (25 if self._hot.active else 0)
        self._soc_temp_c += (towards - self._soc_temp_c) * (1 - math.exp(-dt_s / _HEAT_TAU_S))

    def _throttled_bits(self, *, undervolted: bool) -> int:
        hot = self._soc_temp_c >= _THROTTLES_AT_C
        now = (0b0101 if undervolted else 0) | (0b1100 if hot else 0)
        self._sticky_bits |= now << 16
        return now | self._sticky_bits

    def _step_battery(self, dt_s: float) -> None:
        rate = _CHARGE_PERCENT_PER_S if self._charging else -_DISCHARGE_PERCENT_PER_S
        self._battery_percent = min(max(self._battery_percent + rate * dt_s, 0.0), 100.0)
        if self._battery_percent <= 12:
            self._charging = True
        elif self._battery_percent >= 96:
            self._charging = False

    def _step_storage(self, dt_s: float) -> None:
        self._remounted.step(dt_s)
        if not self._remounted.active:
            self._storage_used += _FILL_SHARE_PER_S * dt_s
        if self._storage_used > 0.93:
            self._storage_used = self._rng.uniform(0.4, 0.6)

    def _step_clock(self, dt_s: float) -> None:
        self._clock_ms.step(dt_s)
        if self._out_of_step.step(dt_s):
            self._clock_astray_s += self._rng.choice((0.0, 0.0, 0.15, -0.4))
        if self._out_of_step.active:
            self._clock_astray_s += _DRIFT_S_PER_S * dt_s
        else:
            self._clock_astray_s *= math.exp(-dt_s / _CORRECTION_TAU_S)

    def _step_link(self, dt_s: float) -> None:
        received = math.exp(min(self._traffic.step(dt_s), 14)) * dt_s
        self._rx_bytes += round(received)
        self._tx_bytes += round(received / 4)
        self._wifi_dbm.step(dt_s)
        self._rsrp_dbm.step(dt_s)

    def _step_broken(self, dt_s: float) -> None:
        if self._breaking.step(dt_s):
            self._broken = ((self._rng.choice(breakable(self.kit)), self._rng.choice(_BREAKAGES)),)
        if not self._breaking.active:
            self._broken = ()


def breakable(kit: Kit) -> list[str]:
    """Paths of the files that break now and then on a host of `kit`."""
    files = [
        f"{paths.THERMAL_ZONE}/temp",
        f"{paths.VOLTAGE_ALARM}/in0_lcrit_alarm",
        paths.MEMINFO,
        STATVFS_ANSWER,
        ANSWER_OF_COMMAND["chronyc", "-c", "tracking"],
    ]
    if kit.supply_monitor:
        files.append(f"{paths.SUPPLY_MONITOR}/in1_input")
    if kit.battery:
        files.append(f"{paths.BATTERY}/capacity")
    if kit.link == "wifi":
        files.append(paths.WIRELESS)
    return files
