"""The position child: confined before anything, opens a receiver when asked, says where the unit is, and ends.

    python -m edge_agent.position.child       started by the capture supervisor only

It writes nothing but messages on its channel. A fault that nobody foresaw is shown by its kind and place alone, since
its text could hold a sentence of the receiver.
"""

import asyncio
import sys
from contextlib import suppress

from edge_agent.capture.confinement import Confinement, confine
from edge_agent.errors import CaptureChannelBroken, NotConfined

_UNFORESEEN_STATUS = 70
_NOT_CONFINED_STATUS = 71


def main() -> None:
    """One look, then the end of the process."""
    try:
        confined = confine()
        with suppress(CaptureChannelBroken):  # the agent is gone: there is nobody to tell
            asyncio.run(_look(confined))
    except NotConfined as error:
        sys.stderr.write(f"position child: {error}\n")
        sys.exit(_NOT_CONFINED_STATUS)
    except Exception as error:  # noqa: BLE001 - as the module says
        sys.stderr.write(f"position child: {type(error).__name__} in {_place(error)}\n")
        sys.exit(_UNFORESEEN_STATUS)


async def _look(confined: Confinement) -> None:
    # Nothing of weight is imported before the process is confined.
    from edge_agent.capture.child_side import attached  # noqa: PLC0415 - as above
    from edge_agent.clock import SystemClock  # noqa: PLC0415 - as above
    from edge_agent.position.serving import serve  # noqa: PLC0415 - as above

    async with attached(confined) as channel:
        await serve(channel, SystemClock())


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "?" if trace is None else f"{trace.tb_frame.f_code.co_qualname}, line {trace.tb_lineno}"


if __name__ == "__main__":
    main()
