"""Whether the unit stands in its workshop: linked to the fixed interface, behind the gateway that is known there.

A hint against mistakes, not a proof: whoever can set a gateway's hardware address can pretend to be the workshop.
The rules are pure; what is unknown or unreadable is not the workshop.
"""

import re

from edge_agent.errors import SourceGarbled, SourceUnreadable
from edge_agent.readers.plain_values import flag, hexadecimal, integer
from edge_agent.readers.routes import checked_interface
from edge_agent.readers.source_tree import SourceTree

_ROUTES = "proc/net/route"
_NEIGHBOURS = "proc/net/arp"
_TABLE_LIMIT_BYTES = 1 << 20
_ROUTE_TO_A_GATEWAY = 0x0003
_ROUTE_REJECTS = 0x0200
_NEIGHBOUR_KNOWN = 0x02
_ETHERNET = 1
_HARDWARE_ADDRESS = re.compile(r"[0-9a-f]{2}(?::[0-9a-f]{2}){5}")


class WorkshopLink:
    """Looks for the workshop on `interface`, whose gateway has hardware address `gateway_mac`."""

    def __init__(self, tree: SourceTree, interface: str | None, gateway_mac: str | None) -> None:
        """Without both of them there is no workshop."""
        self._tree = tree
        self._interface = interface
        self._gateway_mac = gateway_mac

    def present(self) -> bool:
        """Whether the unit is linked to its workshop now. Never raises; reads three small files."""
        if not self._interface or not self._gateway_mac:
            return False
        try:
            interface = checked_interface(self._interface)
            carrier = self._tree.text(f"sys/class/net/{interface}/carrier")
            routes = self._tree.text(_ROUTES, limit_bytes=_TABLE_LIMIT_BYTES)
            neighbours = self._tree.text(_NEIGHBOURS, limit_bytes=_TABLE_LIMIT_BYTES)
            if carrier is None or routes is None or neighbours is None:
                return False
            return is_workshop(carrier, routes, neighbours, interface, self._gateway_mac)
        except (SourceUnreadable, SourceGarbled):
            return False


def is_workshop(carrier: str, routes: str, neighbours: str, interface: str, gateway_mac: str) -> bool:
    """Whether the texts of the three files say so. Raises SourceGarbled."""
    if not flag(carrier):
        return False
    gateway = default_gateway_v4(routes, interface)
    return gateway is not None and hardware_address(neighbours, gateway, interface) == gateway_mac.lower()


def default_gateway_v4(text: str, interface: str) -> str | None:
    """The gateway of the default route with the lowest metric over `interface`, dotted, from `/proc/net/route`.

    None when there is none, or two gateways share the lowest metric. Raises SourceGarbled.
    """
    lines = text.splitlines()
    if not lines or not lines[0].startswith("Iface"):
        raise SourceGarbled("a route table with its heading", text)
    found: list[tuple[int, str]] = []
    for line in lines[1:]:
        fields = line.split()
        if len(fields) < 8:
            raise SourceGarbled("a route of eight fields and more", line)
        flags = hexadecimal(fields[3])
        usable = flags & _ROUTE_TO_A_GATEWAY == _ROUTE_TO_A_GATEWAY and not flags & _ROUTE_REJECTS
        everywhere = hexadecimal(fields[1]) == 0 and hexadecimal(fields[7]) == 0
        if fields[0] == interface and usable and everywhere:
            found.append((integer(fields[6]), _dotted(fields[2])))
    lowest = min((metric for metric, _ in found), default=0)
    best = {gateway for metric, gateway in found if metric == lowest}
    return best.pop() if len(best) == 1 else None


def hardware_address(text: str, address: str, interface: str) -> str | None:
    """The Ethernet address, lower case, that `/proc/net/arp` has for `address` on `interface`; None for none.

    An entry that the kernel is still asking about does not count. Raises SourceGarbled.
    """
    lines = text.splitlines()
    if not lines or not lines[0].startswith("IP address"):
        raise SourceGarbled("a table of neighbours with its heading", text)
    for line in lines[1:]:
        fields = line.split()
        if len(fields) != 6:
            raise SourceGarbled("a neighbour of six fields", line)
        known = hexadecimal(fields[1]) == _ETHERNET and hexadecimal(fields[2]) & _NEIGHBOUR_KNOWN
        if (fields[0], fields[5]) == (address, interface) and known:
            return _checked_hardware_address(fields[3].lower())
    return None


def _checked_hardware_address(text: str) -> str:
    if _HARDWARE_ADDRESS.fullmatch(text) is None:
        raise SourceGarbled("an Ethernet address", text)
    return text


def _dotted(field: str) -> str:
    """The kernel writes an address as one number in the byte order of the machine; all of ours are little-endian."""
    value = hexadecimal(field)
    if len(field) != 8:
        raise SourceGarbled("an address of eight hexadecimal digits", field)
    return ".".join(str(value >> shift & 0xFF) for shift in (0, 8, 16, 24))
