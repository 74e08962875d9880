"""The microcontroller's port, lent to one after another."""

import asyncio

from edge_agent.clock import SystemClock
from edge_agent.serial.mcu_link import McuLink, McuPort
from edge_agent.serial.vital_signs import VitalSigns
from edge_agent.watch import Happening


async def test_the_port_is_lent_again_at_the_moment_it_is_given_back() -> None:
    async def tell(happening: Happening) -> None:
        assert happening.kind == "mcu-lost"

    port = McuPort("/nowhere", 115_200, raw=False)
    link = McuLink(port, SystemClock(), tell, VitalSigns({}), watchdog_s=0, with_supply=False, poll_s=1.0)
    keeping = asyncio.create_task(link.run())
    try:
        for _ in range(3):
            async with link.lent(60):
                assert link.state.stats is None
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})
