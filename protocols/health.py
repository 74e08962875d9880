"""A health report: one flat struct whose field names carry the unit of measure.

A field that a unit can not read is absent, never zero. A figure that was not read for this report but kept from
an earlier one has its age in `ages_s`. Meanings and thresholds are in `QUANTITIES`. Every figure is bounded, so that
none can overflow the column it is stored in.
"""

from math import isnan
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocols.text import ONE_LINE

Percent = Annotated[float, Meta(ge=0, le=100)]
EmmcLife = Literal["normal", "warning", "urgent"]
LinkKind = Literal["ethernet", "wifi", "lte", "other"]
SimState = Literal["ready", "pin", "puk", "missing", "failed"]
ModemRegistration = Literal["home", "roaming", "searching", "denied", "not-registered", "sim-failure", "unknown"]
AntennaState = Literal["ok", "open", "short", "unknown"]
PartVersion = Annotated[str, Meta(pattern=r"^[0-9A-Za-z.+_-]{1,32}$(?!\n)")]
"""What a program or firmware says its version is."""

Seq = Annotated[int, Meta(ge=1, lt=1 << 53)]
Count = Annotated[int, Meta(ge=0, lt=1 << 53)]
Decibels = Annotated[float, Meta(ge=-200, le=200)]
FigureName = Annotated[str, Meta(pattern=r"^[a-z0-9_]{1,40}$(?!\n)")]
UnixMs = Annotated[int, Meta(ge=0, lt=253_402_300_800_000)]
Digest = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
"""SHA-256 in lower-case hexadecimal."""


class HealthReport(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, gc=False):
    """One sample of a unit's health.

    `seq` counts within the spool file, `sampled_at_ms` is the unit's clock in Unix milliseconds, fixed when the
    report was written. `ages_s` maps the names of figures that are not fresh to their age in seconds.
    `access_records` and `access_head` are how long the unit's own chain of records was then, and what it ended with
    (`protocols.access_record`): no figures, and hints only, since a broker can invent a report.
    """

    seq: Seq
    sampled_at_ms: UnixMs
    ages_s: Annotated[dict[FigureName, Count], Meta(max_length=64)] = {}

    uptime_s: Count | None = None
    cpu_used_percent: Percent | None = None
    load_1m: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    memory_used_percent: Percent | None = None
    soc_temp_c: Annotated[float, Meta(ge=-60, le=200)] | None = None
    throttled_bits: Annotated[int, Meta(ge=0, lt=1 << 32)] | None = None

    supply_mv: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    supply_ma: Annotated[int, Meta(ge=-100_000, le=100_000)] | None = None
    undervolted: bool | None = None
    battery_percent: Percent | None = None
    battery_charging: bool | None = None
    battery_mv: Annotated[int, Meta(ge=0, le=100_000)] | None = None
    ignition_on: bool | None = None

    mcu_version: PartVersion | None = None
    mcu_uptime_s: Count | None = None
    watchdog_resets: Count | None = None

    storage_used_percent: Percent | None = None
    storage_read_only: bool | None = None
    emmc_worn_percent: Annotated[int, Meta(ge=0, le=110)] | None = None
    emmc_life: EmmcLife | None = None

    clock_synchronised: bool | None = None
    clock_offset_ms: Annotated[float, Meta(ge=-1e15, le=1e15)] | None = None

    link_kind: LinkKind | None = None
    link_rx_bytes: Count | None = None
    link_tx_bytes: Count | None = None
    wifi_signal_dbm: Annotated[float, Meta(ge=-150, le=0)] | None = None
    rsrp_dbm: Annotated[float, Meta(ge=-200, le=0)] | None = None
    rsrq_db: Decibels | None = None
    sinr_db: Decibels | None = None
    rssi_dbm: Annotated[float, Meta(ge=-150, le=0)] | None = None
    modem_registration: ModemRegistration | None = None
    modem_operator: Annotated[str, Meta(min_length=1, max_length=32, pattern=ONE_LINE)] | None = None
    modem_temp_c: Annotated[float, Meta(ge=-60, le=200)] | None = None
    modem_version: PartVersion | None = None
    sim_state: SimState | None = None

    gnss_fix_quality: Annotated[int, Meta(ge=0, le=8)] | None = None
    gnss_hdop: Annotated[float, Meta(ge=0, le=100)] | None = None
    gnss_satellites: Annotated[int, Meta(ge=0, le=200)] | None = None
    gnss_antenna: AntennaState | None = None

    spool_waiting: Count | None = None
    spool_dropped: Count | None = None

    access_records: Count | None = None
    access_head: Digest | None = None


_NO_FIGURES = frozenset({"seq", "sampled_at_ms", "ages_s", "access_records", "access_head"})

FIGURES: tuple[str, ...] = tuple(name for name in HealthReport.__struct_fields__ if name not in _NO_FIGURES)
"""Names of the measured figures, in report order."""

Standing = Literal["good", "fair", "bad", "unknown"]
"""How a figure stands against its limits; `unknown` when it is absent or has no limits."""


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure is called, its unit of measure, and its limits.

    With `fair_from` and `bad_from` ascending, larger is worse; descending, smaller is worse. A value exactly at
    a limit already counts as the worse standing. `words` are the standings of a figure that is a word or yes or no; a
    word that is not in them is unknown.
    """

    label: str
    unit: str = ""
    fair_from: float | None = None
    bad_from: float | None = None
    words: dict[bool | str, Standing] = {}
    group: str


_NO_IS_GOOD: dict[bool | str, Standing] = {False: "good", True: "bad"}
_YES_IS_GOOD: dict[bool | str, Standing] = {True: "good", False: "bad"}
_EMMC_LIFE: dict[bool | str, Standing] = {"normal": "good", "warning": "fair", "urgent": "bad"}
_REGISTRATION: dict[bool | str, Standing] = {
    "home": "good",
    "roaming": "good",
    "searching": "fair",
    "denied": "bad",
    "not-registered": "bad",
    "sim-failure": "bad",
}
_SIM: dict[bool | str, Standing] = {"ready": "good", "pin": "fair", "puk": "bad", "missing": "bad", "failed": "bad"}
_ANTENNA: dict[bool | str, Standing] = {"ok": "good", "open": "bad", "short": "bad"}

QUANTITIES: dict[str, Quantity] = {
    "supply_mv": Quantity(label="supply", unit="mV", group="power"),
    "supply_ma": Quantity(label="supply current", unit="mA", group="power"),
    "undervolted": Quantity(label="undervoltage", words=_NO_IS_GOOD, group="power"),
    "throttled_bits": Quantity(label="throttling", group="power"),
    "battery_percent": Quantity(label="battery", unit="%", fair_from=30, bad_from=15, group="power"),
    "battery_charging": Quantity(label="charging", group="power"),
    "battery_mv": Quantity(label="battery voltage", unit="mV", group="power"),
    "ignition_on": Quantity(label="ignition", group="power"),
    "mcu_version": Quantity(label="MCU firmware", group="mcu"),
    "mcu_uptime_s": Quantity(label="MCU up for", unit="s", group="mcu"),
    "watchdog_resets": Quantity(label="watchdog resets", fair_from=1, bad_from=10, group="mcu"),
    "soc_temp_c": Quantity(label="SoC temperature", unit="°C", fair_from=70, bad_from=80, group="heat"),
    "cpu_used_percent": Quantity(label="CPU", unit="%", group="load"),
    "load_1m": Quantity(label="load", group="load"),
    "memory_used_percent": Quantity(label="memory", unit="%", fair_from=85, bad_from=95, group="load"),
    "uptime_s": Quantity(label="up for", unit="s", group="load"),
    "storage_used_percent": Quantity(label="storage", unit="%", fair_from=80, bad_from=90, group="storage"),
    "storage_read_only": Quantity(label="storage read-only", words=_NO_IS_GOOD, group="storage"),
    "emmc_worn_percent": Quantity(label="eMMC worn", unit="%", fair_from=80, bad_from=100, group="storage"),
    "emmc_life": Quantity(label="eMMC life", words=_EMMC_LIFE, group="storage"),
    "clock_synchronised": Quantity(label="clock in step", words=_YES_IS_GOOD, group="clock"),
    "clock_offset_ms": Quantity(label="clock offset", unit="ms", fair_from=100, bad_from=1000, group="clock"),
    "link_kind": Quantity(label="link", group="link"),
    "link_rx_bytes": Quantity(label="received", unit="B", group="link"),
    "link_tx_bytes": Quantity(label="sent", unit="B", group="link"),
    "wifi_signal_dbm": Quantity(label="Wi-Fi signal", unit="dBm", fair_from=-67, bad_from=-80, group="link"),
    "rsrp_dbm": Quantity(label="LTE RSRP", unit="dBm", fair_from=-95, bad_from=-115, group="link"),
    "rsrq_db": Quantity(label="LTE RSRQ", unit="dB", group="link"),
    "sinr_db": Quantity(label="LTE SINR", unit="dB", fair_from=10, bad_from=0, group="link"),
    "rssi_dbm": Quantity(label="modem RSSI", unit="dBm", group="link"),
    "modem_registration": Quantity(label="registration", words=_REGISTRATION, group="link"),
    "modem_operator": Quantity(label="operator", group="link"),
    "modem_temp_c": Quantity(label="modem temperature", unit="°C", fair_from=70, bad_from=85, group="link"),
    "modem_version": Quantity(label="modem firmware", group="link"),
    "sim_state": Quantity(label="SIM", words=_SIM, group="link"),
    "gnss_fix_quality": Quantity(label="GNSS fix quality", group="gnss"),
    "gnss_hdop": Quantity(label="GNSS HDOP", fair_from=2, bad_from=20, group="gnss"),
    "gnss_satellites": Quantity(label="GNSS satellites", group="gnss"),
    "gnss_antenna": Quantity(label="GNSS antenna", words=_ANTENNA, group="gnss"),
    "spool_waiting": Quantity(label="waiting in spool", fair_from=100, bad_from=10_000, group="spool"),
    "spool_dropped": Quantity(label="dropped from spool", fair_from=1, bad_from=1_000, group="spool"),
}
"""Every figure of a report. Limits: Raspberry Pi throttling at 80 °C, storage 80/90 %, clock 100 ms, LTE signal
classes, HDOP classes (field figures; the storage and clock limits are policy). The supply has no limit of its own here
because a 5 V and a 12 V supply differ; `undervolted` is the unit's own verdict."""


def standing(name: str, value: object) -> Standing:
    """How `value` of figure `name` stands; pure, total over any value, and `unknown` for one of another kind."""
    quantity = QUANTITIES[name]
    if quantity.words:
        return quantity.words.get(value, "unknown") if isinstance(value, bool | str) else "unknown"
    if quantity.fair_from is None or quantity.bad_from is None or not isinstance(value, int | float):
        return "unknown"
    if isinstance(value, float) and isnan(value):
        return "unknown"
    magnitude = abs(value) if name == "clock_offset_ms" else value
    sign = 1 if quantity.bad_from > quantity.fair_from else -1
    if magnitude * sign >= quantity.bad_from * sign:
        return "bad"
    return "fair" if magnitude * sign >= quantity.fair_from * sign else "good"
