"""Each reader over a fake `/sys` and `/proc`: what is fitted, what is not, and what is broken."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_agent.host_simulation.model import SimulatedHost
from edge_agent.host_simulation.render import render
from edge_agent.host_simulation.tree_writer import TreeWriter
from edge_agent.readers import Reading, default_readers, read_machine
from edge_agent.readers.figure_limits import objection


def plant(root: Path, files: dict[str, str]) -> None:
    for path, content in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)


def read(root: Path, subject: str, *, storage_path: str = "/") -> Reading:
    (reader,) = [reader for reader in default_readers(root, storage_path=storage_path) if reader.name == subject]
    return reader.read()


def test_nothing_fitted_is_nothing_known_and_no_fault_but_for_what_every_kernel_has(tmp_path: Path) -> None:
    always = {"uptime", "cpu_load", "memory", "storage"}
    for reader in default_readers(tmp_path):
        reading = reader.read()
        assert reading.figures == {}
        assert bool(reading.faults) == (reader.name in always)


def test_temperature_comes_from_the_processors_zone(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "sys/class/thermal/thermal_zone0/type": "acpitz\n",
            "sys/class/thermal/thermal_zone0/temp": "20000\n",
            "sys/class/thermal/thermal_zone1/type": "x86_pkg_temp\n",
            "sys/class/thermal/thermal_zone1/temp": "61500\n",
        },
    )
    assert read(tmp_path, "thermal").figures == {"soc_temp_c": 61.5}


def test_temperature_falls_back_to_the_first_zone_then_to_the_chip(tmp_path: Path) -> None:
    plant(tmp_path, {"sys/class/hwmon/hwmon3/name": "coretemp\n", "sys/class/hwmon/hwmon3/temp1_input": "44000\n"})
    assert read(tmp_path, "thermal").figures == {"soc_temp_c": 44.0}
    plant(
        tmp_path,
        {"sys/class/thermal/thermal_zone0/type": "odd\n", "sys/class/thermal/thermal_zone0/temp": "39000\n"},
    )
    assert read(tmp_path, "thermal").figures == {"soc_temp_c": 39.0}


@pytest.mark.parametrize("content", ["", "hot", "999999999", "12\n34\n"])
def test_a_bad_temperature_is_absent_with_a_reason(tmp_path: Path, content: str) -> None:
    zone = "sys/class/thermal/thermal_zone0"
    plant(tmp_path, {f"{zone}/type": "cpu-thermal\n", f"{zone}/temp": content})
    reading = read(tmp_path, "thermal")
    assert reading.figures == {}
    assert [fault.source for fault in reading.faults] == [f"{zone}/temp"]


def test_an_unreadable_temperature_is_absent_with_a_reason(tmp_path: Path) -> None:
    zone = "sys/class/thermal/thermal_zone0"
    plant(tmp_path, {f"{zone}/type": "cpu-thermal\n"})
    reading = read(tmp_path, "thermal")
    assert (reading.figures, reading.faults[0].detail) == ({}, "not there")
    (tmp_path / zone / "temp").mkdir()
    reading = read(tmp_path, "thermal")
    assert (reading.figures, reading.faults[0].detail) == ({}, "is a directory")


def test_throttling_prefers_the_firmware_file(tmp_path: Path) -> None:
    plant(
        tmp_path,
        {
            "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
            "run/muster-sim/throttled.txt": "throttled=0x0\n",
        },
    )
    assert read(tmp_path, "throttling").figures == {"throttled_bits": 0x50005, "undervolted": True}


def test_throttling_falls_back_to_vcgencmd(tmp_path: Path) -> None:
    plant(tmp_path, {"run/muster-sim/throttled.txt": "throttled=0x80008\n"})
    assert read(tmp_path, "throttling").figures == {"throttled_bits": 0x80008, "undervolted": False}


def test_the_voltage_alarm_alone_is_a_verdict_and_outweighs_the_bit(tmp_path: Path) -> None:
    plant(tmp_path, {"sys/class/hwmon/hwmon1/name": "rpi_volt\n", "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "1\n"})
    assert read(tmp_path, "throttling").figures == {"undervolted": True}
    plant(tmp_path, {"sys/devices/platform/soc/soc:firmware/get_throttled": "0\n"})
    assert read(tmp_path, "throttling").figures == {"throttled_bits": 0, "undervolted": True}


def test_power_from_the_supply_monitor(tmp_path: Path) -> None:
    chip = "sys/class/hwmon/hwmon2"
    plant(tmp_path, {f"{chip}/name": "ina219\n", f"{chip}/in1_input": "12416\n", f"{chip}/curr1_input": "-380\n"})
    assert read(tmp_path, "power").figures == {"supply_mv": 12416, "supply_ma": -380}


def test_power_from_the_power_controller(tmp_path: Path) -> None:
    plant(tmp_path, {"run/muster-sim/pmic.txt": "     EXT5V_V volt(24)=5.07090000V\n"})
    assert read(tmp_path, "power").figures == {"supply_mv": 5071}


def test_the_units_own_battery_is_read(tmp_path: Path) -> None:
    supplies = "sys/class/power_supply"
    plant(
        tmp_path,
        {
            f"{supplies}/AC/type": "Mains\n",
            f"{supplies}/BAT0/type": "Battery\n",
            f"{supplies}/BAT0/present": "0\n",
            f"{supplies}/BAT1/type": "Battery\n",
            f"{supplies}/BAT1/status": "Charging\n",
            f"{supplies}/BAT1/energy_now": "30000000\n",
            f"{supplies}/BAT1/energy_full": "40000000\n",
            f"{supplies}/hid-mouse/type": "Battery\n",
            f"{supplies}/hid-mouse/scope": "Device\n",
            f"{supplies}/hid-mouse/capacity": "5\n",
        },
    )
    assert read(tmp_path, "battery").figures == {"battery_percent": 75.0, "battery_charging": True}
    plant(tmp_path, {f"{supplies}/BAT1/capacity": "71\n", f"{supplies}/BAT1/status": "Unknown\n"})
    reading = read(tmp_path, "battery")
    assert reading.figures == {"battery_percent": 71}
    assert reading.withdrawn == {"battery_charging"}
    assert reading.faults == ()


def test_cpu_use_needs_two_reads(tmp_path: Path) -> None:
    (reader,) = [reader for reader in default_readers(tmp_path) if reader.name == "cpu_load"]
    plant(tmp_path, {"proc/stat": "cpu  100 0 100 800 0 0 0 0 0 0\n", "proc/loadavg": "0.50 0.40 0.30 1/100 99\n"})
    first = reader.read()
    assert first.figures == {"load_1m": 0.5}
    assert first.faults == ()
    plant(tmp_path, {"proc/stat": "cpu  175 0 100 825 0 0 0 0 0 0\n"})
    assert reader.read().figures["cpu_used_percent"] == 75.0
    plant(tmp_path, {"proc/stat": "gone wrong"})
    assert "cpu_used_percent" not in reader.read().figures
    plant(tmp_path, {"proc/stat": "cpu  999 0 100 825 0 0 0 0 0 0\n"})
    after_a_gap = reader.read()
    assert "cpu_used_percent" not in after_a_gap.figures
    assert after_a_gap.withdrawn == {"cpu_used_percent"}


def test_memory_and_uptime(tmp_path: Path) -> None:
    plant(tmp_path, {"proc/meminfo": "MemTotal: 2000 kB\nMemAvailable: 500 kB\n", "proc/uptime": "86400.99 1.00\n"})
    assert read(tmp_path, "memory").figures == {"memory_used_percent": 75.0}
    assert read(tmp_path, "uptime").figures == {"uptime_s": 86400}


def test_storage_of_the_watched_path(tmp_path: Path) -> None:
    mounts = "/dev/a / ext4 rw 0 0\n/dev/b /var/lib/muster ext4 ro 0 0\n"
    plant(tmp_path, {"run/muster-sim/statvfs": "1000 200 200\n", "proc/mounts": mounts})
    assert read(tmp_path, "storage").figures == {"storage_used_percent": 80.0, "storage_read_only": False}
    watched = read(tmp_path, "storage", storage_path="/var/lib/muster")
    assert watched.figures["storage_read_only"] is True


def test_emmc_is_read_and_a_card_is_unknown(tmp_path: Path) -> None:
    plant(tmp_path, {"sys/block/mmcblk0/device/type": "SD\n"})
    assert read(tmp_path, "emmc") == Reading()
    device = "sys/block/mmcblk1/device"
    plant(
        tmp_path,
        {f"{device}/type": "MMC\n", f"{device}/life_time": "0x02 0x01\n", f"{device}/pre_eol_info": "0x01\n"},
    )
    assert read(tmp_path, "emmc").figures == {"emmc_worn_percent": 20, "emmc_life": "normal"}


def test_clock_out_of_step_gives_no_offset(tmp_path: Path) -> None:
    tail = "0,0,0,0,0,0,0,0"
    plant(tmp_path, {"run/muster-sim/chrony-tracking.csv": f"C0A80101,ntp,3,1.5,0.0125,{tail},Normal\n"})
    assert read(tmp_path, "clock").figures == {"clock_synchronised": True, "clock_offset_ms": 12.5}
    plant(tmp_path, {"run/muster-sim/chrony-tracking.csv": f"00000000,,0,0.0,0.0125,{tail},Not synchronised\n"})
    reading = read(tmp_path, "clock")
    assert reading.figures == {"clock_synchronised": False}
    assert reading.withdrawn == {"clock_offset_ms"}


ROUTE_HEADING = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
WIRELESS_HEADING = "Inter-| sta-|\n face | tus |\n"


def test_network_of_the_default_route(tmp_path: Path) -> None:
    interface = "sys/class/net/wlan0"
    plant(
        tmp_path,
        {
            "proc/net/route": ROUTE_HEADING + "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
            f"{interface}/type": "1\n",
            f"{interface}/uevent": "DEVTYPE=wlan\nINTERFACE=wlan0\n",
            f"{interface}/statistics/rx_bytes": "12345\n",
            f"{interface}/statistics/tx_bytes": "678\n",
            "proc/net/wireless": WIRELESS_HEADING + " wlan1: 0000 20. -90. -256\n wlan0: 0000 54. -56. -256\n",
        },
    )
    assert read(tmp_path, "network").figures == {
        "link_kind": "wifi",
        "link_rx_bytes": 12345,
        "link_tx_bytes": 678,
        "wifi_signal_dbm": -56.0,
    }


def test_network_without_a_default_route_withdraws_the_link(tmp_path: Path) -> None:
    plant(tmp_path, {"proc/net/route": ROUTE_HEADING, "proc/net/wireless": WIRELESS_HEADING})
    reading = read(tmp_path, "network")
    assert (reading.figures, reading.faults) == ({}, ())
    assert reading.withdrawn == {"link_kind", "link_rx_bytes", "link_tx_bytes", "wifi_signal_dbm"}


def test_a_broken_route_table_is_a_fault_and_withdraws_nothing(tmp_path: Path) -> None:
    plant(tmp_path, {"proc/net/route": "nonsense"})
    reading = read(tmp_path, "network")
    assert [fault.source for fault in reading.faults] == ["proc/net/route"]
    assert reading.withdrawn == frozenset()


def test_machine_facts(tmp_path: Path) -> None:
    assert read_machine(tmp_path).model == ""
    plant(
        tmp_path,
        {
            "sys/class/dmi/id/product_name": "Latitude 5400\n",
            "proc/sys/kernel/random/boot_id": "02ab49db-92b3-4acb-8ca5-59f1a98a4c4b\n",
        },
    )
    facts = read_machine(tmp_path)
    assert (facts.model, facts.boot_id) == ("Latitude 5400", "02ab49db-92b3-4acb-8ca5-59f1a98a4c4b")
    plant(tmp_path, {"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0"})
    assert read_machine(tmp_path).model == "Raspberry Pi 4 Model B Rev 1.4"
    plant(tmp_path, {"proc/sys/kernel/random/boot_id": "not one"})
    broken = read_machine(tmp_path)
    assert broken.boot_id == ""
    assert [fault.source for fault in broken.faults] == ["proc/sys/kernel/random/boot_id"]


def test_no_two_readers_give_the_same_figure(tmp_path: Path) -> None:
    given_by: dict[str, str] = {}
    for number in range(12):
        root = tmp_path / str(number)
        TreeWriter(root).write(render(SimulatedHost(f"host-{number}", 5, trouble=0).step(1)))
        for reader in default_readers(root):
            for figure in reader.read().figures:
                assert given_by.setdefault(figure, reader.name) == reader.name


HOST_FILES = render(SimulatedHost("host-hostile", 3, trouble=0).step(1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(path=st.sampled_from(sorted(HOST_FILES)), content=st.binary(max_size=200))
def test_no_content_of_any_file_makes_a_reader_raise_or_overstep(tmp_path: Path, path: str, content: bytes) -> None:
    TreeWriter(tmp_path).write({**HOST_FILES, path: content})
    for reader in default_readers(tmp_path):
        for reading in (reader.read(), reader.read()):
            for figure, value in reading.figures.items():
                assert objection(figure, value) is None


def test_this_machine_is_read_without_surprise() -> None:
    known = {figure: value for reader in default_readers() for figure, value in reader.read().figures.items()}
    assert known.keys() >= {"uptime_s", "load_1m", "memory_used_percent", "storage_used_percent", "storage_read_only"}
    assert read_machine().boot_id
