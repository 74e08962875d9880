"""aioice without names: a unit looks nobody up for the controller, and its media child is loaded a fifth sooner.

aioice resolves candidates that are names (mDNS, as browsers give them) with a DNS library that takes most of its time
to load. A controller gives addresses. The seam: a module of our own is in place as `aioice.mdns` before aioice is
loaded; `tests/unit/edge_agent/test_media_nameless.py` holds it.
"""

import sys
from types import ModuleType


class MDnsProtocol:
    """What aioice asks for the address behind a name."""

    async def resolve(self, _name: str) -> None:
        """There is none: the candidate is left out."""

    async def close(self) -> None:
        """Nothing is open."""


async def create_mdns_protocol() -> MDnsProtocol:
    """As aioice calls it."""
    return MDnsProtocol()


def is_mdns_hostname(name: str) -> bool:
    """Whether `name` would have to be looked up so."""
    return name.endswith(".local")


def leave_out_names() -> None:
    """Have aioice load without mDNS, in this process. Nothing where aioice is loaded already."""
    if "aioice" in sys.modules:
        return
    module = ModuleType("aioice.mdns")
    vars(module).update(
        MDnsProtocol=MDnsProtocol,
        create_mdns_protocol=create_mdns_protocol,
        is_mdns_hostname=is_mdns_hostname,
    )
    sys.modules["aioice.mdns"] = module
