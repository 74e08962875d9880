"""The link a unit talks over: its kind, its byte counters, its Wi-Fi signal."""

from edge_agent.errors import SourceGarbled
from edge_agent.readers.gathering import Gathering
from edge_agent.readers.plain_values import integer
from edge_agent.readers.reading import Reading
from edge_agent.readers.routes import default_interface_v4, default_interface_v6
from edge_agent.readers.source_tree import SourceTree
from edge_agent.readers.wireless import signal_levels_dbm
from protocols.health import LinkKind

_TABLE_LIMIT_BYTES = 1 << 20
_WIRELESS = "proc/net/wireless"
_ETHERNET_TYPE = 1
_CELLULAR_NAMES = ("wwan", "ppp")


class NetworkReader:
    """Gives `link_kind`, `link_rx_bytes`, `link_tx_bytes` of the default route's interface, and `wifi_signal_dbm`."""

    name = "network"

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree

    def read(self) -> Reading:
        """Counters are the kernel's, since the interface came up. Without the default route on Wi-Fi, the signal is
        that of the first associated interface."""
        gathering = Gathering(self._tree)
        interface = _default_interface(gathering)
        if interface:
            self._read_link(gathering, interface)
        elif interface is not None:
            gathering.withdraw("link_kind", "link_rx_bytes", "link_tx_bytes")
        levels = gathering.file(_WIRELESS, signal_levels_dbm)
        if levels:
            gathering.put("wifi_signal_dbm", levels.get(interface or "", next(iter(levels.values()))), _WIRELESS)
        elif levels is not None:
            gathering.withdraw("wifi_signal_dbm")
        return gathering.reading()

    def _read_link(self, gathering: Gathering, interface: str) -> None:
        path = f"sys/class/net/{interface}"
        wireless = any(self._tree.exists(f"{path}/{mark}") for mark in ("wireless", "phy80211"))
        hardware_type = gathering.needed_file(f"{path}/type", integer)
        device_type = gathering.file(f"{path}/uevent", device_type_in)
        if hardware_type is not None:
            gathering.put("link_kind", link_kind(interface, hardware_type, device_type, wireless=wireless), path)
        for figure, counter in (("link_rx_bytes", "rx_bytes"), ("link_tx_bytes", "tx_bytes")):
            source = f"{path}/statistics/{counter}"
            gathering.put(figure, gathering.needed_file(source, integer), source)


def link_kind(interface: str, hardware_type: int, device_type: str | None, *, wireless: bool) -> LinkKind:
    """What kind of link it is, from its name, its ARPHRD type, its DEVTYPE and whether it has a radio for Wi-Fi.

    A modem that poses as an Ethernet adapter can not be told from one.
    """
    if wireless or device_type == "wlan":
        return "wifi"
    if device_type == "wwan" or interface.startswith(_CELLULAR_NAMES):
        return "lte"
    if hardware_type == _ETHERNET_TYPE and device_type in {None, "vlan"}:
        return "ethernet"
    return "other"


def device_type_in(text: str) -> str | None:
    """DEVTYPE of an interface's uevent file; None when it has none. Raises SourceGarbled."""
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if not equals:
            raise SourceGarbled("KEY=value lines", line)
        if key == "DEVTYPE":
            return value
    return None


def _default_interface(gathering: Gathering) -> str | None:
    """Empty when there is no default route, None when that can not be known."""
    by_v4 = gathering.file("proc/net/route", default_interface_v4, limit_bytes=_TABLE_LIMIT_BYTES)
    if by_v4:
        return by_v4
    return gathering.file("proc/net/ipv6_route", default_interface_v6, limit_bytes=_TABLE_LIMIT_BYTES) or by_v4
