"""The pure parsers: good, odd and hostile content. Whatever the text, they answer or raise SourceGarbled."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.errors import SourceGarbled
from edge_agent.readers import battery, clock, cpu_load, emmc, machine, memory, network, power, storage, thermal, uptime
from edge_agent.readers.calls import StorageBlocks, parse_storage_blocks
from edge_agent.readers.cpu_load import CpuTimes
from edge_agent.readers.kernel_clock import KernelClock, judge
from edge_agent.readers.plain_values import decimal, flag, hexadecimal, integer, word
from edge_agent.readers.routes import checked_interface, default_interface_v4, default_interface_v6
from edge_agent.readers.wireless import signal_levels_dbm

ROUTES = (
    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
    "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
    "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    "tun0\t00000000\t00000000\t0201\t0\t0\t1\t00000000\t0\t0\t0\n"
    "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
)
ROUTES_V6 = (
    "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "fd000000000000000000000000000001 00000400 00000002 00000000 00000003    wwan0\n"
    "00000000000000000000000000000000 00 00000000000000000000000000000000 00 "
    "00000000000000000000000000000000 00000001 00000001 00000000 00200200       lo\n"
)
WIRELESS_HEADING = (
    "Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE\n"
    " face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22\n"
)
IN_STEP = (
    "C0A80101,192.168.1.1,3,1795304095.704500160,-0.015625,0.000001000,0.000002000,"
    "-4.120,0.002,0.140,0.011,0.001,64.2,Normal\n"
)
OWN_REFERENCE = "7F7F0101,,10,1795304095.704500160,0.000000000,0.0,0.0,0.000,0.000,0.000,0.000000000,0.0,0.0,Normal\n"
OUT_OF_STEP = "00000000,,0,0.000000000,99.516418457,-99.5,99.5,0.000,0.000,0.000,1.0,1.0,0.0,Not synchronised\n"

PARSERS: list[Callable[[str], object]] = [
    integer,
    hexadecimal,
    decimal,
    flag,
    word,
    battery.charging,
    clock.chrony_tracking,
    cpu_load.cpu_times,
    cpu_load.one_minute_load,
    emmc.life,
    emmc.worn_percent,
    machine.boot_id,
    machine.model,
    memory.memory_used_percent,
    network.device_type_in,
    parse_storage_blocks,
    power.pmic_millivolts,
    default_interface_v4,
    default_interface_v6,
    checked_interface,
    signal_levels_dbm,
    thermal.degrees,
    uptime.uptime_seconds,
    lambda text: storage.mounted_read_only(text, "/"),
]
SAMPLES = (
    ROUTES,
    ROUTES_V6,
    WIRELESS_HEADING + " wlan0: 0000 54. -56. -256 0 0 0 0 0 0",
    IN_STEP,
    "cpu  1 2 3 4 5 6 7",
)

GOOD: list[tuple[Callable[[str], object], str, object]] = [
    (integer, "-12\n", -12),
    (hexadecimal, "50005\n", 0x50005),
    (hexadecimal, "0x50005", 0x50005),
    (decimal, " 0.25 ", 0.25),
    (flag, "1\n", True),
    (flag, "0\n", False),
    (word, "ina219\n", "ina219"),
    (machine.model, "Raspberry Pi 4 Model B Rev 1.4\0", "Raspberry Pi 4 Model B Rev 1.4"),
    (machine.model, "To Be Filled By O.E.M.\n", ""),
    (thermal.degrees, "48312\n", 48.3),
    (thermal.degrees, "-5000\n", -5.0),
    (power.pmic_millivolts, "   EXT5V_V volt(24)=5.15130000V\n", 5151),
    (power.pmic_millivolts, 'error=1 error_msg="Command not registered"', None),
    (battery.charging, "Not charging\n", "not-charging"),
    (battery.charging, "Unknown\n", "unknown"),
    (uptime.uptime_seconds, "1097.71 2151.97\n", 1097),
    (cpu_load.one_minute_load, "0.06 0.01 0.00 1/88 6211\n", 0.06),
    (cpu_load.cpu_times, "cpu  100 0 50 800 40 0 5 5 90 0\ncpu0 1 2\n", CpuTimes(total=1000, idle=840)),
    (emmc.worn_percent, "0x01 0x02\n", 20),
    (emmc.worn_percent, "0x0b 0x01\n", 110),
    (emmc.worn_percent, "0x00 0x00\n", None),
    (emmc.life, "0x02\n", "warning"),
    (emmc.life, "0x00\n", None),
    (clock.chrony_tracking, IN_STEP, KernelClock(synchronised=True, offset_ms=-15.625)),
    (clock.chrony_tracking, OWN_REFERENCE, KernelClock(synchronised=False, offset_ms=0.0)),
    (clock.chrony_tracking, OUT_OF_STEP, KernelClock(synchronised=False, offset_ms=99516.418457)),
    (default_interface_v4, ROUTES, "eth0"),
    (default_interface_v4, ROUTES.splitlines()[0], ""),
    (default_interface_v6, ROUTES_V6, "wwan0"),
    (default_interface_v6, "", ""),
    (network.device_type_in, "DEVTYPE=wlan\nINTERFACE=wlan0\n", "wlan"),
    (network.device_type_in, "INTERFACE=eth0\n", None),
    (signal_levels_dbm, WIRELESS_HEADING + " wlan0: 0000   54.  -56.  -256  0 0 0 0 0 0\n", {"wlan0": -56.0}),
    (signal_levels_dbm, WIRELESS_HEADING + " wlan0: 0000   0  -256  -256  0 0 0 0 0 0\n", {}),
    (parse_storage_blocks, "100 50 40\n", StorageBlocks(100, 50, 40)),
    (memory.memory_used_percent, "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable:  250 kB\n", 75.0),
]


@pytest.mark.parametrize(("parse", "text", "expected"), GOOD)
def test_well_formed_content_gives_its_value(parse: Callable[[str], object], text: str, expected: object) -> None:
    assert parse(text) == expected


BAD: list[tuple[Callable[[str], object], str]] = [
    (integer, ""),
    (integer, "1_000"),
    (integer, "٣"),
    (integer, "9" * 21),
    (hexadecimal, "0x" + "f" * 17),
    (decimal, "1e400"),
    (decimal, "nan"),
    (flag, "2"),
    (word, "two\nlines"),
    (word, "x" * 81),
    (battery.charging, "Exploding"),
    (cpu_load.cpu_times, "cpu0 1 2 3 4 5 6 7"),
    (cpu_load.cpu_times, "cpu 1 2 3"),
    (emmc.worn_percent, "0x0c 0x01"),
    (emmc.life, "0x04"),
    (machine.boot_id, "02AB49DB-92B3-4ACB-8CA5-59F1A98A4C4B"),
    (clock.chrony_tracking, "506 Cannot talk to daemon\n"),
    (clock.chrony_tracking, IN_STEP + IN_STEP),
    (clock.chrony_tracking, IN_STEP.replace("Normal", "Strange")),
    (default_interface_v4, ""),
    (default_interface_v4, ROUTES.replace("eth0", "../eth")),
    (default_interface_v4, ROUTES + "eth0\n"),
    (checked_interface, ".."),
    (checked_interface, "sixteen-letters-"),
    (memory.memory_used_percent, "MemTotal: 1000 kB\n"),
    (memory.memory_used_percent, "MemTotal: 1000 kB\nMemAvailable: 1001 kB\n"),
    (memory.memory_used_percent, "MemTotal: 0 kB\nMemAvailable: 0 kB\n"),
    (memory.memory_used_percent, "MemTotal: 1000 pages\nMemAvailable: 100 kB\n"),
    (parse_storage_blocks, "100 50"),
    (power.pmic_millivolts, "EXT5V_V volt(24)=5.1A"),
]


@pytest.mark.parametrize(("parse", "text"), BAD)
def test_content_of_another_form_is_garbled(parse: Callable[[str], object], text: str) -> None:
    with pytest.raises(SourceGarbled) as caught:
        parse(text)
    assert caught.value.detail.isascii()
    assert len(caught.value.detail) < 200


@given(content=st.binary(max_size=300), parse=st.sampled_from(PARSERS))
def test_no_bytes_raise_anything_but_garbled(content: bytes, parse: Callable[[str], object]) -> None:
    with suppress(SourceGarbled):
        parse(content.decode("utf-8", errors="replace"))


@given(data=st.data(), good=st.sampled_from(SAMPLES), parse=st.sampled_from(PARSERS))
def test_damaged_real_content_raises_nothing_but_garbled(
    data: st.DataObject, good: str, parse: Callable[[str], object]
) -> None:
    cut = data.draw(st.integers(0, len(good)))
    inserted = data.draw(st.text(max_size=8))
    with suppress(SourceGarbled):
        parse(good[:cut] + inserted + good[cut + data.draw(st.integers(0, 8)) :])


ticks = st.integers(0, 1 << 40)


@given(before=st.tuples(ticks, ticks), now=st.tuples(ticks, ticks))
@example(before=(10, 5), now=(10, 5))
@example(before=(10, 5), now=(20, 4))
def test_used_percent_is_a_percentage_or_unknown(before: tuple[int, int], now: tuple[int, int]) -> None:
    percent = cpu_load.used_percent(CpuTimes(*before), CpuTimes(*now))
    assert (percent is None) == (now[0] <= before[0])
    assert percent is None or 0 <= percent <= 100


def test_used_percent_is_the_share_not_idle() -> None:
    assert cpu_load.used_percent(CpuTimes(1000, 800), CpuTimes(1400, 1100)) == 25.0


@given(st.tuples(ticks, ticks, ticks))
def test_storage_percent_is_a_percentage_whenever_the_counts_are_possible(counts: tuple[int, int, int]) -> None:
    available, free, total = sorted(counts)
    percent = storage.storage_used_percent(StorageBlocks(total, free, available))
    assert percent is None or 0 <= percent <= 100


def test_storage_percent_leaves_out_what_is_reserved() -> None:
    assert storage.storage_used_percent(StorageBlocks(total=1000, free=600, available=400)) == 50.0
    assert storage.storage_used_percent(StorageBlocks(0, 0, 0)) is None
    with pytest.raises(SourceGarbled):
        storage.storage_used_percent(StorageBlocks(total=10, free=11, available=1))


@pytest.mark.parametrize(
    ("mounts", "path", "expected"),
    [
        ("/dev/a / ext4 rw,noatime 0 0\n", "/", False),
        ("/dev/a / ext4 rw 0 0\n/dev/a / ext4 ro,noatime 0 0\n", "/", True),
        ("/dev/a / ext4 ro 0 0\n/dev/b /var ext4 rw 0 0\n", "/var/lib/muster", False),
        ("/dev/a / ext4 rw 0 0\n/dev/b /var/lib ext4 ro 0 0\n", "/var/library", False),
        ("/dev/a / ext4 rw 0 0\n/dev/b /a\\040b ext4 ro 0 0\n", "/a b/c", True),
        ("/dev/a / ext4 rw,errors=remount-ro 0 0\n", "/", False),
        ("/dev/b /var ext4 ro 0 0\n", "/home", None),
        ("", "/", None),
    ],
)
def test_the_mount_that_holds_the_path_decides(mounts: str, path: str, expected: bool | None) -> None:
    assert storage.mounted_read_only(mounts, path) is expected


@pytest.mark.parametrize(
    ("state", "status", "offset", "expected"),
    [
        (0, 0x2001, 1_500_000, KernelClock(synchronised=True, offset_ms=1.5)),
        (0, 0x0001, -1_500, KernelClock(synchronised=True, offset_ms=-1.5)),
        (5, 0x2001, 0, KernelClock(synchronised=False, offset_ms=0)),
        (0, 0x0041, 0, KernelClock(synchronised=False, offset_ms=0)),
    ],
)
def test_the_kernel_clock_is_judged_by_state_and_status(
    state: int, status: int, offset: int, expected: KernelClock
) -> None:
    assert judge(state, status, offset) == expected


@pytest.mark.parametrize(
    ("interface", "hardware_type", "device_type", "wireless", "kind"),
    [
        ("eth0", 1, None, False, "ethernet"),
        ("eth0.7", 1, "vlan", False, "ethernet"),
        ("wlan0", 1, "wlan", False, "wifi"),
        ("wlp2s0", 1, None, True, "wifi"),
        ("wwan0", 65534, "wwan", False, "lte"),
        ("ppp0", 512, None, False, "lte"),
        ("wg0", 65534, "wireguard", False, "other"),
        ("br0", 1, "bridge", False, "other"),
    ],
)
def test_link_kind(interface: str, hardware_type: int, device_type: str | None, wireless: bool, kind: str) -> None:
    assert network.link_kind(interface, hardware_type, device_type, wireless=wireless) == kind


def test_this_machine_has_files_the_parsers_understand() -> None:
    assert cpu_load.cpu_times(Path("/proc/stat").read_text()).total > 0
    assert 0 <= memory.memory_used_percent(Path("/proc/meminfo").read_text()) <= 100
    assert storage.mounted_read_only(Path("/proc/mounts").read_text(), "/") is not None
    assert machine.boot_id(Path("/proc/sys/kernel/random/boot_id").read_text())
