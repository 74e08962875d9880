"""Which local addresses become ICE candidates. aioice offers all but loopback, and has no setting for it.

The seam: `aioice.ice.get_host_addresses` is replaced in this process, which has one connection in its life.
"""

from ipaddress import ip_address

import aioice.ice


def use_addresses(addresses: tuple[str, ...]) -> None:
    """Gather candidates on these addresses only; none keeps aioice's choice. Raises ValueError for what is none."""
    if not addresses:
        return
    versions = {address: ip_address(address).version for address in addresses}

    def chosen(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        allowed = {4: use_ipv4, 6: use_ipv6}
        return [address for address, version in versions.items() if allowed[version]]

    aioice.ice.get_host_addresses = chosen
