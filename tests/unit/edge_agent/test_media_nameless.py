"""The media child's aioice: without mDNS, and otherwise as it comes."""

import ast
import inspect
import subprocess
import sys

import aioice.ice

CHILD = """
from edge_agent.media.nameless import leave_out_names
leave_out_names()
import asyncio, sys
import edge_agent.media.serving
from aioice import Candidate, Connection

async def found():
    connection = Connection(ice_controlling=False)
    for host in ("0f9d1c2e-aaaa-bbbb-cccc-0123456789ab.local", "192.0.2.7"):
        await connection.add_remote_candidate(Candidate.from_sdp(f"1 1 udp 2130706431 {host} 50000 typ host"))
    await connection.add_remote_candidate(None)
    hosts = [candidate.host for candidate in connection.remote_candidates]
    await connection.close()
    return hosts

print(asyncio.run(found()), "dns" in sys.modules)
"""


def test_a_candidate_that_is_a_name_is_left_out_and_no_resolver_is_loaded() -> None:
    ran = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, timeout=60, check=False)
    assert (ran.stdout.strip(), ran.stderr) == ("['192.0.2.7'] False", "")


def test_aioice_asks_its_mdns_for_nothing_else() -> None:
    used = {
        node.attr
        for node in ast.walk(ast.parse(inspect.getsource(aioice.ice)))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "mdns"
    }
    assert used == {"MDnsProtocol", "create_mdns_protocol", "is_mdns_hostname"}
