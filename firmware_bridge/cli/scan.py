"""`firmware-bridge scan`: which ports there are, and what is at the other end."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from firmware_bridge.cli.options import Bauds, Json, WholeNumber
from firmware_bridge.cli.output import print_json, print_line, print_table
from firmware_bridge.scanning import LISTENED_BAUDS, ScannedPort, scan_ports
from firmware_bridge.transport.ports import PortFacts, list_ports, resolve

_COLUMNS = ("port", "label", "speed", "answers")


def scan(
    *,
    port: Annotated[
        list[str] | None,
        Parameter(
            help="Look at this port only, and ask it; may be repeated. Also a pty, or a path that no list shows."
        ),
    ] = None,
    ask: Annotated[bool, Parameter(negative="", help="Ask every port in the list too.")] = False,
    baud: Bauds = None,
    limit_s: Annotated[int, Parameter(validator=WholeNumber(1, 600), help="Longest for each port, s.")] = 30,
    json: Json = False,
) -> None:
    """List the ports, and what answers on each."""
    named = [resolve(each) for each in port or []]
    ports = _facts(named) if named else list_ports()
    found = asyncio.run(scan_ports(ports, baud or LISTENED_BAUDS, ask=ask or bool(named), limit_s=limit_s))
    if json:
        print_json(found)
        return
    print_table(_COLUMNS, [_row(each) for each in found], empty="no port; plug one in, or name a pty with --port")
    if found and not (ask or named) and any(not each.answers and not each.trouble for each in found):
        print_line("silent ports were not asked; --ask asks them")


def _facts(paths: Sequence[str]) -> list[PortFacts]:
    """What is known of the ports at `paths`, each once, in the order they were named."""
    known = {name: each for each in list_ports() for name in (each.path, each.stable)}
    chosen = (known.get(path) or PortFacts(path=path, stable=path, label="") for path in paths)
    return list({each.stable: each for each in chosen}.values())


def _row(port: ScannedPort) -> tuple[object, ...]:
    speeds = dict.fromkeys(each.baud for each in port.answers)
    answers = ", ".join(each.what for each in port.answers)
    return port.stable, port.label, ", ".join(map(str, speeds)), answers or port.trouble or "nothing"
