"""`fleet rota book`: a rota's book for a period as a file."""

from datetime import UTC, datetime

from cyclopts import App

from fleet.cli.door import Config, ask
from fleet.cli.names import rota_named
from fleet.cli.output import print_remark
from fleet.cli.rota_files import OutFile, check_new, write_book_file
from fleet.cli.rota_options import RotaName
from fleet.cli.rota_times import Since, Until, period_of, said
from fleet.client import FleetClient
from protocols.rota.book import RotaBook


def add_commands(app: App) -> None:
    """Make this command part of `fleet rota`."""
    app.command(book)


def book(
    rota: RotaName, *, since: Since = None, until: Until = None, out: OutFile = None, client: Config = None
) -> None:
    """Take away everything that the rules need for a period, as one JSON file: to be checked or solved anywhere.

    Those who may not see others' working time get the book without it. The file is for its owner's eyes only.
    """
    check_new(out)
    now = datetime.now(UTC)

    async def look(door: FleetClient) -> RotaBook:
        found = await rota_named(door, rota)
        return await door.rota_book(found.rota, *period_of(since, until, found.zone, now, found.published_until))

    found = ask(client, look)
    write_book_file(out, found)
    zone = found.rota.zone
    print_remark(
        f"the book of {found.rota.rota} from {said(found.starts_at, zone)} until {said(found.ends_at, zone)}, "
        f"{len(found.members)} people, work known since {said(found.known_from, zone)}"
    )
