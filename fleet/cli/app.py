"""`fleet`: the controller and the command line for its people.

Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 the controller refused; 4 the controller can not be
reached or trusted; 5 settings can not be used; 130 interrupted.
"""

import sys

from cyclopts import App

from fleet.ca.errors import AuthorityError
from fleet.client.errors import (
    CertificateNotTrusted,
    ClientError,
    InvalidClientSettings,
    NoSigningKey,
    NotReachable,
    Refused,
)
from fleet.errors import FleetError, RequestRefused, SettingsInvalid
from protocols.errors import ProtocolError
from protocols.text import one_line

app = App(name="fleet", help="Accountable kit management: the controller, and its people's command line.")
app.command("fleet.cli.controller:init")
app.command("fleet.cli.controller:migrate")
app.command("fleet.cli.controller:serve")
app.command("fleet.cli.demo:demo")
app.command("fleet.cli.unit:app", name="unit")
app.command("fleet.cli.person:app", name="person")
app.command("fleet.cli.event:app", name="event")
app.command("fleet.cli.person:whoami")

_SAID_SIGNS = 2000
_CODES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int], ...] = (
    ((InvalidClientSettings, NoSigningKey, SettingsInvalid), 5),
    ((NotReachable, CertificateNotTrusted), 4),
    ((Refused, RequestRefused), 3),
)


def exit_code(error: Exception) -> int:
    """The exit code that stands for `error`."""
    return next((code for kinds, code in _CODES if isinstance(error, kinds)), 1)


def run() -> None:
    """Run the command line; a known error becomes one line on standard error."""
    try:
        app(exit_on_error=True, result_action="return_value")
    except (ClientError, FleetError, ProtocolError, AuthorityError) as error:
        sys.stderr.write(f"fleet: {_said(error)}\n")
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _said(error: Exception) -> str:
    words = f"{error.problem.message}: {error.problem.remedy}" if isinstance(error, RequestRefused) else str(error)
    return one_line(words, _SAID_SIGNS)
