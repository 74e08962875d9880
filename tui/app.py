"""`fleet-console`: sign in, then open the console."""

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.client import (
    CertificateNotTrusted,
    ClientError,
    ClientSettings,
    InvalidClientSettings,
    NoSigningKey,
    NotReachable,
    PeopleNotTrusted,
    Refused,
    VoucherNotTrusted,
    connect,
    load_client_settings,
)
from tui.saved import SavedFilters, saved_filters_path
from tui.terminal import LEAVING_LIMIT_S, await_answers

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_NOT_A_TERMINAL = 2
EXIT_REFUSED = 3
EXIT_NOT_REACHABLE = 4
EXIT_SETTINGS = 5

_CODES: tuple[tuple[tuple[type[ClientError], ...], int], ...] = (
    ((InvalidClientSettings, NoSigningKey), EXIT_SETTINGS),
    ((NotReachable, CertificateNotTrusted, PeopleNotTrusted, VoucherNotTrusted), EXIT_NOT_REACHABLE),
    ((Refused,), EXIT_REFUSED),
)
"""The codes of the command `fleet`."""

cli = App(
    name="fleet-console",
    help="The console of Muster. Exit codes: 0 left by the person; 1 failed; 2 wrong command line or no "
    "terminal; 3 the controller refused; 4 the controller can not be reached or trusted; 5 settings can not be used.",
    version=lambda: version("muster"),
)


@cli.default
def main(
    *,
    config: Annotated[
        Path | None,
        Parameter(name=("--config", "--client"), help="settings file; default $XDG_CONFIG_HOME/muster/client.toml"),
    ] = None,
    url: Annotated[str | None, Parameter(help="the controller's https address")] = None,
    ca_file: Annotated[Path | None, Parameter(help="the controller's root certificate, PEM")] = None,
    person: Annotated[str | None, Parameter(help="your id, as TO-12")] = None,
    key: Annotated[Path | None, Parameter(help="your SSH private key, or the .pub of one in ssh-agent")] = None,
) -> int:
    """Sign in to the controller and open the console."""
    overrides = {"url": url, "ca_file": _text(ca_file), "person": person, "key_file": _text(key)}
    try:
        settings = load_client_settings(config, overrides)
        if not sys.stdin.isatty() or not sys.stdout.isatty():
            return _fail("the console needs a terminal; `fleet` has the same facts with --json", EXIT_NOT_A_TERMINAL)
        return asyncio.run(_open(settings))
    except ClientError as error:
        return _fail(str(error), next((code for kinds, code in _CODES if isinstance(error, kinds)), EXIT_FAILED))
    except KeyboardInterrupt:
        return EXIT_OK


async def _open(settings: ClientSettings) -> int:
    """Sign in before the screen is taken, so that a token's prompt and an error stay readable."""
    from tui.console import ConsoleApp  # noqa: PLC0415  Textual is loaded only once there is something to show

    await asyncio.to_thread(await_answers, sys.stdin.fileno(), sys.stdout.fileno())

    sys.stderr.write(f"signing in to {settings.url} as {settings.person} (touch your key if it blinks) …\n")
    async with connect(settings) as client:
        console = ConsoleApp(client, await client.whoami(), SavedFilters(saved_filters_path()))
        await console.run_async()
        if console.pace.is_behind:
            await asyncio.to_thread(await_answers, sys.stdin.fileno(), sys.stdout.fileno(), LEAVING_LIMIT_S)
        return console.return_code or EXIT_OK


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"fleet-console: {message}\n")
    return code


def run() -> None:
    """The command's entry point."""
    sys.exit(cli())
