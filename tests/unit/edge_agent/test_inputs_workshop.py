"""The workshop is where carrier, default gateway and hardware address say so, and nowhere else."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.inputs.workshop import WorkshopLink, default_gateway_v4, hardware_address
from edge_agent.readers.source_tree import SourceTree

MAC = "02:fc:00:00:00:05"
ROUTE_HEAD = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
ARP_HEAD = "IP address       HW type     Flags       HW address            Mask     Device\n"
ROUTES = (
    ROUTE_HEAD
    + "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
    + "wlan0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
    + "eth0\t000200C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
)
NEIGHBOURS = (
    ARP_HEAD
    + f"192.0.2.1        0x1         0x2         {MAC}     *        eth0\n"
    + "192.168.0.1      0x1         0x2         02:fc:00:00:00:99     *        wlan0\n"
    + "192.0.2.7        0x1         0x0         00:00:00:00:00:00     *        eth0\n"
)
GOOD = {"sys/class/net/eth0/carrier": "1\n", "proc/net/route": ROUTES, "proc/net/arp": NEIGHBOURS}


def link(root: Path, files: dict[str, str], interface: str | None = "eth0", mac: str | None = MAC) -> WorkshopLink:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return WorkshopLink(SourceTree(root), interface, mac)


def test_carrier_gateway_and_address_together_are_the_workshop(tmp_path: Path) -> None:
    assert link(tmp_path, GOOD).present()
    assert link(tmp_path, GOOD, mac=MAC.upper()).present()


@pytest.mark.parametrize(("interface", "mac"), [(None, MAC), ("eth0", None), ("", ""), ("../eth0", MAC)])
def test_without_both_settings_there_is_no_workshop(tmp_path: Path, interface: str | None, mac: str | None) -> None:
    assert not link(tmp_path, GOOD, interface, mac).present()


@pytest.mark.parametrize("missing", GOOD)
def test_a_file_that_is_not_there_is_not_the_workshop(tmp_path: Path, missing: str) -> None:
    assert not link(tmp_path, {path: text for path, text in GOOD.items() if path != missing}).present()


def test_a_file_that_can_not_be_read_is_not_the_workshop(tmp_path: Path) -> None:
    (tmp_path / "sys/class/net/eth0/carrier").mkdir(parents=True)
    assert not link(tmp_path, {path: text for path, text in GOOD.items() if "carrier" not in path}).present()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("sys/class/net/eth0/carrier", "0\n"),
        ("sys/class/net/eth0/carrier", "\n"),
        ("proc/net/route", ROUTE_HEAD),
        ("proc/net/route", ROUTES.replace("eth0", "eth1")),
        ("proc/net/route", ROUTES.replace("0003", "0001")),
        ("proc/net/route", ROUTES.replace("0003", "0203")),
        ("proc/net/route", ROUTES.replace("0003", "0002")),
        ("proc/net/route", ROUTES.replace("010200C0", "070200C0")),
        ("proc/net/route", ROUTES + "eth0\t00000000\t070200C0\t0003\t0\t0\t50\t00000000\t0\t0\t0\n"),
        ("proc/net/route", ROUTES + "eth0\t00000000\t070200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"),
        ("proc/net/route", ROUTES.partition("\n")[2]),
        ("proc/net/arp", ARP_HEAD),
        ("proc/net/arp", NEIGHBOURS.replace("0x2", "0x0")),
        ("proc/net/arp", NEIGHBOURS.replace("0x1 ", "0x6 ")),
        ("proc/net/arp", NEIGHBOURS.replace("eth0", "eth1")),
        ("proc/net/arp", NEIGHBOURS.replace(MAC, "02:fc:00:00:00:06")),
        ("proc/net/arp", NEIGHBOURS.replace(MAC, "02:fc:00:00:00:05:05")),
        ("proc/net/arp", NEIGHBOURS.partition("\n")[2]),
    ],
)
def test_anything_else_is_not_the_workshop(tmp_path: Path, path: str, text: str) -> None:
    assert not link(tmp_path, {**GOOD, path: text}).present()


def test_the_gateway_of_the_lowest_metric_is_taken_for_each_interface() -> None:
    assert default_gateway_v4(ROUTES, "eth0") == "192.0.2.1"
    assert default_gateway_v4(ROUTES, "wlan0") == "192.168.0.1"
    assert default_gateway_v4(ROUTES, "lo") is None


def test_an_address_counts_on_its_own_interface_and_once_it_is_known() -> None:
    assert hardware_address(NEIGHBOURS, "192.0.2.1", "eth0") == MAC
    assert hardware_address(NEIGHBOURS, "192.0.2.1", "wlan0") is None
    assert hardware_address(NEIGHBOURS, "192.0.2.7", "eth0") is None


@given(path=st.sampled_from(sorted(GOOD)), text=st.text(max_size=200))
def test_garbage_never_raises_and_never_is_the_workshop(
    tmp_path_factory: pytest.TempPathFactory, path: str, text: str
) -> None:
    if path.endswith("carrier") and text.strip() == "1":
        text = "11"
    root = tmp_path_factory.mktemp("garbled")
    found = link(root, {name: good for name, good in GOOD.items() if name != path})
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, errors="replace")
    assert not found.present()
