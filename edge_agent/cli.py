"""`edge-agent`: the program on a unit. Its exit codes are in its help."""

import os
import sys
from typing import NoReturn

from cyclopts import App, CycloptsError

from edge_agent import errors
from edge_agent.commands.terminal import leave
from edge_agent.openings.carried import RefusedByUnit
from protocols.text import one_line

_HELP = """The program on a unit: joins a fleet, reports its health, opens under mandates.

Exit codes: 0 done (also when stopped by SIGTERM or SIGINT); 1 failed; 2 the command line or the settings are wrong;
3 the controller, or the unit itself, refused; 4 the unit has not joined; 5 the voucher is missing or can not be used;
6 the controller can not be trusted; 7 another agent uses the state directory.
"""

app = App(name="edge-agent", help=_HELP, version_flags=[])
app.command("edge_agent.commands.working:run", name="run", help="Report until stopped; join first if need be.")
app.command("edge_agent.commands.working:join", name="join", help="Join a fleet with a voucher.")
app.command("edge_agent.commands.looking:status", name="status", help="Show where this unit stands.")
app.command("edge_agent.commands.looking:spool", name="spool", help="Show what waits to be acknowledged.")
app.command("edge_agent.commands.looking:record", name="record", help="Show what this unit recorded of itself.")
app.command("edge_agent.commands.simulating:simulate_host", name="simulate-host", help="Keep simulated hosts alive.")
app.command("edge_agent.commands.working:version", name="version", help="Show the version of this program.")

carried = App(name="carried", help="Open by a lease that a laptop carries, where there is no coverage.")
carried.command("edge_agent.commands.carrying:ask", name="ask", help="Print what to carry to the controller.")
carried.command("edge_agent.commands.carrying:open_carried", name="open", help="Open by the lease in a file.")
carried.command("edge_agent.commands.carrying:close_carried", name="close", help="Close an opening now.")
app.command(carried)

_SAID_SIGNS = 2000
_OWNER_ONLY = 0o077
_CODES: tuple[tuple[type[errors.AgentError] | tuple[type[errors.AgentError], ...], int], ...] = (
    (errors.SettingsInvalid, 2),
    ((errors.RefusedByController, RefusedByUnit), 3),
    ((errors.NotJoined, errors.JoinWaits), 4),
    ((errors.VoucherMissing, errors.VoucherUnusable), 5),
    ((errors.WrongAuthority, errors.ControllerUntrusted, errors.AcceptanceInvalid), 6),
    (errors.AlreadyRunning, 7),
)


def run() -> NoReturn:
    """Entry point: a known error becomes one line on standard error and an exit code."""
    os.umask(_OWNER_ONLY)
    try:
        app(exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        _fail(2, str(error))
    except errors.AgentError as error:
        _fail(exit_code(error), str(error))
    except BaseExceptionGroup as group:
        known, unknown = group.split(errors.AgentError)
        if known is None or unknown is not None:
            raise
        first = _first(known)
        _fail(exit_code(first), str(first))
    leave(0)


def exit_code(error: BaseException) -> int:
    """The exit code that stands for `error`."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), 1)


def _first(group: BaseExceptionGroup[errors.AgentError]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _fail(code: int, message: str) -> NoReturn:
    sys.stderr.write(f"edge-agent: {one_line(message, _SAID_SIGNS)}\n")
    leave(code)
