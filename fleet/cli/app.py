"""`fleet`: the controller and the command line for its people.

Its exit codes are in its help.
"""

import os
import select
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from fleet.ca.errors import AuthorityError
from fleet.cli.options import usage_line
from fleet.errors import CommandIncomplete, FleetError, RequestRefused, SettingsInvalid
from fleet.witness.errors import WitnessError
from protocols.errors import ProtocolError
from protocols.text import one_line

_HELP = """Accountable kit management: the controller, and its people's command line.

Commands that ask the controller take `--client FILE`: TOML settings that say where it is and who you are. The default
is `~/.config/muster/client.toml`; the demo writes `.muster/demo/keys/TO-12.toml`.

Exit codes: 0 done; 1 failed; 2 the command line is wrong; 3 the controller refused, or what was named is unknown or
ambiguous; 4 the controller can not be reached or trusted; 5 settings can not be used; 130 interrupted;
141 whoever read its output went away.
"""

_CHECK = """Check a unit's picture and sound; list and close checks.

`fleet check UNIT --once` opens camera and microphone, takes one still and the numbers, and closes. To watch: the
console.

Exit code 0 when every measure that could be taken passed, 1 when one failed or none could be taken.
"""
_POSITION = """Where a unit is, so that kit can be got back.

It opens the receiver for one fix, for up to a minute, and closes it. Each look is counted, and an entry of the log.

Exit code 1 when nothing was found.
"""
_CARRY = """A lease for a unit without coverage, to be carried to it.

Standard output is the lease alone, for `edge-agent carried open`. It can be used once, within 15 minutes of the moment
the unit was asked (`edge-agent carried ask`). Only for picture and sound, and for no bench mandate.
"""
_WIRING = """Vehicle wiring: check, advise, draw, compare and write plans of harnesses.

Commands that name a FILE alone need no controller; FILE - is standard input. A file with faults is refused with line
and column of each, exit code 2. Those that name a harness or a deployment ask the controller.
"""

app = App(name="fleet", help=_HELP)
app.command("fleet.cli.controller:init", help="Make a new fleet: authority, keys, database, first administrators.")
app.command("fleet.cli.controller:migrate", help="Bring the database to the revision this program needs.")
app.command("fleet.cli.controller:serve", help="Run the controller until SIGTERM or SIGINT.")
app.command("fleet.cli.demo:demo", help="Run a whole fleet here, on loopback only, with the console on top.")
app.command("fleet.cli.unit:app", name="unit", help="Units: invite, accept, look, ask, set.")
app.command(
    "fleet.cli.person:app", name="person", help="People: add, rekey, end, list; sign the people list, check it."
)
app.command("fleet.cli.ca:app", name="ca", help="The certificate authority: look, rotate, take offline, back up.")
app.command("fleet.cli.witness:app", name="witness", help="A witness of deployment logs, on a second machine.")
app.command("fleet.cli.check:app", name="check", help=_CHECK)
app.command("fleet.cli.position:position", help=_POSITION)
app.command("fleet.cli.check_carry:carry", help=_CARRY)
app.command("fleet.cli.authority:app", name="authority", help="Authorities: what was authorised elsewhere.")
app.command("fleet.cli.mandate:app", name="mandate", help="Mandates: ask for, sign, cancel.")
app.command("fleet.cli.oncall:app", name="oncall", help="Who is on call now; call-outs: out, back, list.")
app.command("fleet.cli.welfare:app", name="welfare", help="Welfare timers: answer yours, see after others'.")
app.command("fleet.cli.handover:app", name="handover", help="Handover sheets: make, read, acknowledge.")
app.command("fleet.cli.rota:app", name="rota", help="On-call rotas: define, fill, check, publish, change.")
app.command("fleet.cli.deployment:app", name="deployment", help="Deployments: request, step by step, back; advice.")
app.command("fleet.cli.report:app", name="report", help="Reports: utilisation, commission, recover, alarms.")
app.command("fleet.cli.kit:app", name="kit", help="Kit: list, scan out and in, look after, labels, models, stock.")
app.command("fleet.cli.site:app", name="site", help="Sites: list, show, set, survey, erase.")
app.command("fleet.cli.alarm:app", name="alarm", help="Alarms: list, look, acknowledge; rules, maintenance, contacts.")
app.command("fleet.cli.wiring:app", name="wiring", help=_WIRING)
app.command("fleet.cli.permit:app", name="permit", help="Permits for older firmware: draft, sign, show; in a file.")
app.command("fleet.cli.release:app", name="release", help="Releases: files for units, and who signs them.")
app.command("fleet.cli.rollout:app", name="rollout", help="Rollouts: bring units to a manifest ring by ring; watch.")
app.command("fleet.cli.event:app", name="event", help="Events: list, acknowledge.")
app.command("fleet.cli.log:app", name="log", help="The deployment log: look, read, take away, check, keep.")
app.command("fleet.cli.person:whoami", help="Sign in, and show who you are to the controller.")

_SAID_SIGNS = 2000
_CLIENT = "fleet.client.errors"
_UNREAD = 141
"""What shells say of a program that SIGPIPE ends."""


def exit_code(error: Exception) -> int:
    """The exit code that stands for `error`."""
    codes: list[tuple[tuple[type[Exception], ...], int]] = [
        ((SettingsInvalid,), 5),
        ((CommandIncomplete,), 2),
        ((RequestRefused,), 3),
    ]
    if _CLIENT in sys.modules:
        codes += _client_codes()
    return next((code for kinds, code in codes if isinstance(error, kinds)), 1)


def _client_codes() -> list[tuple[tuple[type[Exception], ...], int]]:
    """For the client's errors. Imported only where they can have been raised: a witness's machine has no client."""
    from fleet.client import errors  # noqa: PLC0415 - as the docstring says

    return [
        ((errors.InvalidClientSettings, errors.NoSigningKey), 5),
        ((errors.NotReachable, errors.CertificateNotTrusted, errors.PeopleNotTrusted, errors.VoucherNotTrusted), 4),
        ((errors.Refused,), 3),
        ((errors.ClientError,), 1),
    ]


def _is_foreseen(error: Exception) -> bool:
    """Whether `error` is one that a command fails with, and no fault of the program."""
    kinds: tuple[type[Exception], ...] = (FleetError, ProtocolError, AuthorityError, WitnessError)
    if _CLIENT in sys.modules:
        kinds += tuple(kind for each, _ in _client_codes() for kind in each)
    return isinstance(error, kinds)


def run(words: Sequence[str] | None = None) -> None:
    """Run the command line, this program's own where no `words` are given; a known error becomes one line on standard
    error. Output that nobody reads, as before `head`, ends it without a word. Raises SystemExit for codes but 0."""
    try:
        try:
            _run(words)
        finally:
            if sys.stdout is not None:  # which it is where a shell closed it
                sys.stdout.flush()
    except BrokenPipeError:
        if not _is_unread():
            raise
        # The interpreter writes once more what is left, as it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(_UNREAD)


def _is_unread() -> bool:
    """Whether whoever read standard output has gone."""
    output = select.poll()
    output.register(sys.stdout, 0)
    return any(state & select.POLLERR for _, state in output.poll(0))


def _run(words: Sequence[str] | None) -> None:
    # httpx imports a command line of its own wherever click and rich are: a tenth of a second of every command.
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]  # None is how Python is told of no module
    try:
        app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        sys.stderr.write(f"fleet: {one_line(usage_line(error), _SAID_SIGNS)}\n")
        sys.exit(2)
    except Exception as error:  # what was not foreseen is raised again
        if not _is_foreseen(error):
            raise
        sys.stderr.write(f"fleet: {_said(error)}\n")
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _said(error: Exception) -> str:
    words = f"{error.problem.message}: {error.problem.remedy}" if isinstance(error, RequestRefused) else str(error)
    return one_line(words, _SAID_SIGNS)
