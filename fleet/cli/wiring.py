"""`fleet wiring`: vehicle wiring, from a file on this machine to a harness that a deployment has."""

from cyclopts import App

from fleet.cli import (
    wiring_checking,
    wiring_fitted,
    wiring_kept,
    wiring_lists,
    wiring_making,
    wiring_parts,
    wiring_shown,
)

_HELP = """Vehicle wiring: check, advise, draw, compare and write plans of harnesses.

Commands that name a FILE alone need no controller; FILE - is standard input. A file with faults is refused with line
and column of each, exit code 2. Those that name a harness or a deployment ask the controller.
"""

app = App(name="wiring", help=_HELP)
for _commands in (
    wiring_checking,
    wiring_shown,
    wiring_lists,
    wiring_making,
    wiring_parts,
    wiring_kept,
    wiring_fitted,
):
    _commands.add_commands(app)
