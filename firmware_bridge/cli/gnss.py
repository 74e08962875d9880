"""`firmware-bridge gnss`: the health of a receiver, never its place."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from cyclopts import Parameter

from firmware_bridge.cli.figures import Figure, Watch, show
from firmware_bridge.cli.options import Baud, Json, Port, WholeNumber
from firmware_bridge.gnss.looking import look
from firmware_bridge.transport.ports import resolve
from firmware_bridge.transport.serial_line import open_line


def gnss(
    port: Port,
    *,
    baud: Baud = 9600,
    for_s: Annotated[int, Parameter(validator=WholeNumber(1, 600), help="Longest to listen, s.")] = 10,
    watch: Watch = None,
    json: Json = False,
) -> None:
    """Show how good a receiver's fix is, how many satellites it uses, and how its antenna is; nothing is sent to it."""
    asyncio.run(_show(resolve(port), baud, for_s, watch, json=json))


async def _show(path: str, baud: int, for_s: int, every_s: int | None, *, json: bool) -> None:
    async with await open_line(path, baud=baud) as line:

        async def seen() -> tuple[Mapping[str, Figure], Mapping[str, object]]:
            line.discard()
            figures = await look(line, for_s)
            facts = {} if figures.in_view is None else {"satellites_in_view": figures.in_view}
            return figures.health(), facts

        await show(seen, json=json, every_s=every_s)
