"""The program of the media child: `python -m edge_agent.media.child`, which only the supervisor starts.

It confines itself, loads the media libraries, says Ready, and opens nothing before a Begin. It ends on Stop, when the
agent hangs up, and by the kernel's hand at its deadline.
"""

import asyncio
import gc
import os
import sys
import traceback

from edge_agent.capture.confinement import Confinement, confine
from edge_agent.errors import NotConfined
from edge_agent.media.nameless import leave_out_names


def leave_out_colours() -> None:
    """Have structlog load without Rich, in this process: it would colour tracebacks, which the agent's log keeps plain,
    and takes a fifth of the time in which the child is loaded."""
    sys.modules.setdefault("rich", None)  # type: ignore[arg-type] # so Python is told that there is none


async def serve(confined: Confinement) -> None:
    """Do what the agent says, until it says Stop or hangs up."""
    # What is heavy is loaded only here: confined, and before Ready is said.
    leave_out_colours()
    leave_out_names()
    gc.disable()  # loading leaves nothing to collect, and looking for it takes a tenth of the time
    from edge_agent.media.serving import attend  # noqa: PLC0415 - see above

    gc.freeze()
    gc.enable()
    await attend(confined)


def main() -> None:
    """Confine, serve, and end: without waiting for threads that may hang in a driver, which closes every device."""
    try:
        confined = confine()
    except NotConfined as error:
        sys.exit(str(error))
    try:
        asyncio.run(serve(confined))
    except BaseException:  # noqa: BLE001 - whatever it is, it is told, and the process ends here
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


if __name__ == "__main__":
    main()
