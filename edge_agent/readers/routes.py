"""The interface of the default route, from the kernel's route tables. Pure."""

from edge_agent.errors import SourceGarbled
from edge_agent.readers.plain_values import hexadecimal, integer

_UP = 0x0001
_REJECT = 0x0200


def default_interface_v4(text: str) -> str:
    """Interface of the usable default route with the lowest metric in `/proc/net/route`; empty when there is none.

    Raises SourceGarbled.
    """
    lines = text.splitlines()
    if not lines or not lines[0].startswith("Iface"):
        raise SourceGarbled("a route table with its heading", text)
    usable: list[tuple[int, str]] = []
    for line in lines[1:]:
        fields = line.split()
        if len(fields) < 8:
            raise SourceGarbled("a route of eight fields and more", line)
        everywhere = hexadecimal(fields[1]) == 0 and hexadecimal(fields[7]) == 0
        if everywhere and _usable(fields[3]):
            usable.append((integer(fields[6]), checked_interface(fields[0])))
    return min(usable)[1] if usable else ""


def default_interface_v6(text: str) -> str:
    """The same from `/proc/net/ipv6_route`."""
    usable: list[tuple[int, str]] = []
    for line in text.splitlines():
        fields = line.split()
        if len(fields) != 10:
            raise SourceGarbled("a route of ten fields", line)
        everywhere = fields[0] == "0" * 32 and hexadecimal(fields[1]) == 0
        if everywhere and _usable(fields[8]):
            usable.append((hexadecimal(fields[5]), checked_interface(fields[9])))
    return min(usable)[1] if usable else ""


def checked_interface(name: str) -> str:
    """`name` if it can be an interface name and one path component; else raises SourceGarbled."""
    if name in {"", ".", ".."} or "/" in name or len(name) > 15 or not (name.isascii() and name.isprintable()):
        raise SourceGarbled("an interface name", name)
    return name


def _usable(flags: str) -> bool:
    value = hexadecimal(flags)
    return bool(value & _UP) and not value & _REJECT
