"""`fleet init`, `fleet migrate`, `fleet serve`: running a controller."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.administrators import Administrators, ValidDays, advise, new_administrators
from fleet.cli.log_witnesses import warn_of_two_histories
from fleet.cli.options import ConfigFile, WholeNumber
from fleet.cli.output import print_line, print_remark
from fleet.settings import Settings, load_settings
from protocols.tlog.note import VerifierKey
from protocols.tlog.policy import build_policy

_DEFAULT = Path("/etc/muster/fleet.toml")


Witnesses = Annotated[
    list[str] | None,
    Parameter(
        name="--witness", negative="", help="The verifier key of a witness of the deployment log; give it for each."
    ),
]
Quorum = Annotated[
    int | None,
    Parameter(
        validator=WholeNumber(1, 16),
        help="How many witnesses must have seen the log. Left out: more than half of them.",
    ),
]


def init(
    *,
    administrator: Administrators,
    valid_days: ValidDays = 365,
    witness: Witnesses = None,
    quorum: Quorum = None,
    config: ConfigFile = _DEFAULT,
) -> None:
    """Make a new fleet: certificate authority, signing keys, database schema, and the people list's anchor.

    Two administrators sign every later change, so a fleet begins with two at least. As
    `--administrator AD-01 "Ada Example" ada.pub --administrator AD-02 "Bo Example" bo.pub`.
    """
    from fleet.founding import found  # noqa: PLC0415 - only this command needs the migrations
    from fleet.log.key import load_log_key  # noqa: PLC0415 - as above

    people = new_administrators(administrator, valid_days)
    settings = load_settings(config)
    witnesses = witness or []
    enough = quorum or (len(witnesses) // 2 + 1 if witnesses else 0)
    anchor = asyncio.run(found(settings, people, witnesses=witnesses, quorum=enough))
    print_line(f"a new fleet is in {settings.state_dir}; its root certificate is {settings.state_dir}/ca/root.crt")
    print_line(f'people_anchor = "{anchor.sha256}"')
    print_remark(
        "everybody writes that line into their client settings; hand it over with the root certificate, by hand"
    )
    log_key = load_log_key(settings.state_path).verifier.line
    print_line(f"log_key = {log_key}")
    if witnesses:
        named = [(VerifierKey.parse(vkey).name, vkey) for vkey in witnesses]
        warn_of_two_histories(build_policy(log_key, named, enough))
        print_remark(
            "each witness is to trust that log: fleet witness trust DIRECTORY and that key; its address goes "
            "into [[log.witnesses]] of the settings"
        )
    else:
        print_remark("nobody witnesses the deployment log yet: fleet witness init, on a machine that is not this one")
    advise(len(people))


def migrate(*, config: ConfigFile = _DEFAULT) -> None:
    """Bring the database to the revision this program needs, and make the log's key for a fleet that never had one."""
    from fleet.credentials import complete_keys  # noqa: PLC0415 - only this command needs them
    from fleet.store.migrate import newest_revision, upgrade  # noqa: PLC0415 - as above

    settings = load_settings(config)
    asyncio.run(upgrade(_owner_dsn(settings)))
    print_line(f"the database is at revision {newest_revision()}")
    if complete_keys(settings.state_path):
        print_remark("a key for the deployment log was made: back it up with `fleet ca backup`")


def serve(*, config: ConfigFile = _DEFAULT) -> None:
    """Run the controller until SIGTERM or SIGINT."""
    from fleet.app import run  # noqa: PLC0415 - the server is heavy, and other commands do not need it
    from fleet.logs import configure_logs  # noqa: PLC0415 - as above

    settings = load_settings(config)
    configure_logs(settings.log_level)
    run(settings)


def _owner_dsn(settings: Settings) -> str:
    return settings.database.owner_dsn or settings.database.dsn
