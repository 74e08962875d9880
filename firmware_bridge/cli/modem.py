"""`firmware-bridge modem`: the health of a modem, on its port or by ModemManager."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from cyclopts import Parameter

from firmware_bridge.cli.figures import Figure, Watch, show
from firmware_bridge.cli.options import Baud, Json
from firmware_bridge.modem import mmcli
from firmware_bridge.modem.dialogue import AtDialogue
from firmware_bridge.modem.surveying import Survey
from firmware_bridge.transport.ports import resolve
from firmware_bridge.transport.serial_line import open_line


def modem(
    port: Annotated[str, Parameter(help="The modem's AT port as for the other commands, or mmcli.")],
    *,
    baud: Baud = 115200,
    watch: Watch = None,
    json: Json = False,
) -> None:
    """Show a modem's signal, registration, operator, temperature, firmware and SIM. Who it is and where it is are not
    asked. Where ModemManager runs, it holds the port: say mmcli."""
    asyncio.run(_by_manager(watch, json=json) if port == mmcli.PROGRAM else _by_port(port, baud, watch, json=json))


async def _by_manager(every_s: int | None, *, json: bool) -> None:
    async def seen() -> tuple[Mapping[str, Figure], Mapping[str, object]]:
        return (await mmcli.ask()).health(), {}

    await show(seen, json=json, every_s=every_s)


async def _by_port(port: str, baud: int, every_s: int | None, *, json: bool) -> None:
    async with await open_line(resolve(port), baud=baud) as line:
        survey = Survey(AtDialogue(line))

        async def seen() -> tuple[Mapping[str, Figure], Mapping[str, object]]:
            return (await survey.figures()).health(), {}

        await show(seen, json=json, every_s=every_s)
