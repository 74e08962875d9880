"""`fleet init`, `fleet migrate`, `fleet serve`: running a controller."""

import asyncio
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.options import PersonId, PersonName
from fleet.cli.output import print_line
from fleet.cli.person import read_key_file
from fleet.settings import Settings, load_settings

ConfigFile = Annotated[
    Path, Parameter(name="--config", help="The controller's TOML settings.", env_var="MUSTER_CONFIG")
]
_DEFAULT = Path("/etc/muster/fleet.toml")


def init(administrator: PersonId, name: PersonName, *, key: Path, config: ConfigFile = _DEFAULT) -> None:
    """Make a new fleet: certificate authority, signing key, database schema, and the first administrator.

    Parameters
    ----------
    administrator
        The first administrator's id, as AD-01.
    key
        The administrator's `.pub` file.
    """
    from fleet.founding import found  # noqa: PLC0415 - only this command needs the migrations

    settings = load_settings(config)
    asyncio.run(found(settings, administrator, name, read_key_file(key)))
    print_line(f"a new fleet is in {settings.state_dir}; its root certificate is {settings.state_dir}/ca/root.crt")


def migrate(*, config: ConfigFile = _DEFAULT) -> None:
    """Bring the database to the revision this program needs."""
    from fleet.store.migrate import newest_revision, upgrade  # noqa: PLC0415 - only this command needs them

    asyncio.run(upgrade(_owner_dsn(load_settings(config))))
    print_line(f"the database is at revision {newest_revision()}")


def serve(*, config: ConfigFile = _DEFAULT) -> None:
    """Run the controller until SIGTERM or SIGINT."""
    from fleet.app import run  # noqa: PLC0415 - the server is heavy, and other commands do not need it
    from fleet.logs import configure_logs  # noqa: PLC0415 - as above

    settings = load_settings(config)
    configure_logs(settings.log_level)
    run(settings)


def _owner_dsn(settings: Settings) -> str:
    return settings.database.owner_dsn or settings.database.dsn
