"""Turns a state into the files of a `/proc` and `/sys`, in the forms the kernel writes. Pure."""

import json

from edge_agent.host_simulation import paths
from edge_agent.host_simulation.host_state import HostState
from edge_agent.readers.calls import ANSWER_OF_COMMAND, STATVFS_ANSWER
from firmware_bridge.modem.mmcli import MODEM_WORDS, SIGNAL_WORDS

_GARBAGE = b"\xff\x00?\xfe not a figure\n"
_ROUTE_HEADING = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT"
_WIRELESS_HEADING = (
    "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n"
    " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n"
)
_HARDWARE_TYPE = {"ethernet": 1, "wifi": 1, "lte": 65_534}
_DEVICE_TYPE = {"ethernet": "", "wifi": "DEVTYPE=wlan\n", "lte": "DEVTYPE=wwan\n"}
_RESERVED_BLOCKS = 300_000


def render(state: HostState) -> dict[str, bytes]:
    """Content by path under the root. A vanished file is left out."""
    text = _processor(state) | _board(state) | _power(state) | _storage(state) | _clock(state) | _link(state)
    files = {path: content.encode() for path, content in text.items()}
    for path, breakage in state.broken:
        if breakage == "vanished":
            files.pop(path, None)
        elif path in files:
            files[path] = _GARBAGE if breakage == "garbage" else b""
    return files


def _processor(state: HostState) -> dict[str, str]:
    user, system = state.busy_ticks * 3 // 4, state.busy_ticks - state.busy_ticks * 3 // 4
    times = f"{user} 0 {system} {state.idle_ticks} 0 0 0 0 0 0"
    total, available = state.kit.memory_total_kib, state.memory_available_kib
    return {
        paths.STAT: f"cpu  {times}\ncpu0 {times}\nintr 0\nctxt 0\n",
        paths.LOADAVG: f"{state.load_1m:.2f} {state.load_1m:.2f} {state.load_1m:.2f} 1/140 4242\n",
        paths.UPTIME: f"{state.uptime_s:.2f} {state.idle_ticks / 100:.2f}\n",
        paths.MEMINFO: (
            f"MemTotal:       {total:8d} kB\n"
            f"MemFree:        {available // 2:8d} kB\n"
            f"MemAvailable:   {available:8d} kB\n"
        ),
    }


def _board(state: HostState) -> dict[str, str]:
    return {
        paths.MODEL: f"{state.kit.model}\0",
        paths.BOOT_ID: f"{state.kit.boot_id}\n",
        f"{paths.THERMAL_ZONE}/type": "cpu-thermal\n",
        f"{paths.THERMAL_ZONE}/temp": f"{round(state.soc_temp_c * 1000)}\n",
        paths.THROTTLED: f"{state.throttled_bits:x}\n",
        f"{paths.VOLTAGE_ALARM}/name": "rpi_volt\n",
        f"{paths.VOLTAGE_ALARM}/in0_lcrit_alarm": f"{int(state.undervolted)}\n",
    }


def _power(state: HostState) -> dict[str, str]:
    files: dict[str, str] = {}
    if state.kit.supply_monitor:
        files[f"{paths.SUPPLY_MONITOR}/name"] = "ina219\n"
        files[f"{paths.SUPPLY_MONITOR}/in1_input"] = f"{state.supply_mv}\n"
        files[f"{paths.SUPPLY_MONITOR}/curr1_input"] = f"{state.supply_ma}\n"
    else:
        volts = f"{state.supply_mv / 1000:.8f}"
        files[ANSWER_OF_COMMAND["vcgencmd", "pmic_read_adc", "EXT5V_V"]] = f"      EXT5V_V volt(24)={volts}V\n"
    if state.kit.battery:
        files[f"{paths.BATTERY}/type"] = "Battery\n"
        files[f"{paths.BATTERY}/present"] = "1\n"
        files[f"{paths.BATTERY}/status"] = "Charging\n" if state.battery_charging else "Discharging\n"
        files[f"{paths.BATTERY}/capacity"] = f"{state.battery_percent}\n"
    return files


def _storage(state: HostState) -> dict[str, str]:
    access = "ro" if state.storage_read_only else "rw"
    available = max(0, state.storage_free_blocks - _RESERVED_BLOCKS)
    files = {
        STATVFS_ANSWER: f"{state.kit.storage_blocks} {state.storage_free_blocks} {available}\n",
        paths.MOUNTS: (
            f"/dev/mmcblk0p2 / ext4 {access},noatime 0 0\n"
            "proc /proc proc rw,nosuid,nodev,noexec,relatime 0 0\n"
            "sysfs /sys sysfs rw,nosuid,nodev,noexec,relatime 0 0\n"
        ),
        f"{paths.CARD}/type": "SD\n",
    }
    if state.kit.emmc_decades is not None:
        files[f"{paths.CARD}/type"] = "MMC\n"
        files[f"{paths.CARD}/life_time"] = "0x{:02x} 0x{:02x}\n".format(*state.kit.emmc_decades)
        files[f"{paths.CARD}/pre_eol_info"] = "0x02\n" if max(state.kit.emmc_decades) >= 9 else "0x01\n"
    return files


def _clock(state: HostState) -> dict[str, str]:
    behind = f"{state.clock_behind_s:.9f}"
    if state.clock_synchronised:
        line = (
            f"C0A80101,192.168.1.1,3,{state.uptime_s:.9f},{behind},{behind},0.000400000,"
            "-4.120,0.002,0.140,0.011000000,0.001200000,64.2,Normal"
        )
    else:
        line = (
            f"00000000,,0,0.000000000,{behind},0.000000000,0.000000000,"
            "0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised"
        )
    return {ANSWER_OF_COMMAND["chronyc", "-c", "tracking"]: f"{line}\n"}


def _link(state: HostState) -> dict[str, str]:
    name, link = state.kit.interface, state.kit.link
    path = f"{paths.INTERFACES}/{name}"
    files = {
        paths.ROUTE: f"{_ROUTE_HEADING}\n{name}\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
        f"{path}/type": f"{_HARDWARE_TYPE[link]}\n",
        f"{path}/uevent": f"{_DEVICE_TYPE[link]}INTERFACE={name}\nIFINDEX=3\n",
        f"{path}/statistics/rx_bytes": f"{state.link_rx_bytes}\n",
        f"{path}/statistics/tx_bytes": f"{state.link_tx_bytes}\n",
    }
    if link == "wifi":
        quality = max(0, min(70, state.wifi_signal_dbm + 110))
        files[paths.WIRELESS] = (
            f"{_WIRELESS_HEADING} {name}: 0000   {quality}.  {state.wifi_signal_dbm}.  -256"
            "        0      0      0      0      0        0\n"
        )
    if link == "lte":
        files |= _modem(state.rsrp_dbm)
    return files


def _modem(rsrp_dbm: int) -> dict[str, str]:
    """What ModemManager says of a modem at a place where the mobile network is as strong as that."""
    modem = {
        "3gpp": {"operator-name": "Simulated Mobile", "registration-state": "home"},
        "generic": {"revision": "SIM-MODEM-01.002", "sim": "/simulated/SIM/0", "state": "connected"},
    }
    lte = {"rsrp": rsrp_dbm, "rssi": rsrp_dbm + 28, "rsrq": -9 + (rsrp_dbm + 95) / 8, "snr": 12 + (rsrp_dbm + 95) / 2}
    signal = {"lte": {name: f"{value:.2f}" for name, value in lte.items()}, "refresh": {"rate": "30"}}
    return {
        ANSWER_OF_COMMAND[MODEM_WORDS]: json.dumps({"modem": modem}) + "\n",
        ANSWER_OF_COMMAND[SIGNAL_WORDS]: json.dumps({"modem": {"signal": signal}}) + "\n",
    }
