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

app = App(name="wiring", help="Vehicle wiring: check, advise, draw, compare and write plans of harnesses.")
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
