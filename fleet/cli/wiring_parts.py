"""`fleet wiring parts`: connectors and terminals that a plan can begin with."""

from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Json
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.errors import NotFound
from fleet.wiring.rules.connector_library import Part, names, one
from fleet.wiring.rules.marks import number
from protocols.wiring.parts import Connector


def add_commands(app: App) -> None:
    """Make these commands part of `fleet wiring`."""
    app.command(parts)


def parts(
    name: Annotated[
        str | None, Parameter(name="NAME", help="A part of the list, as text to put under connectors: of a plan.")
    ] = None,
    *,
    json: Json = False,
) -> None:
    """List connectors and terminals to start from, or print one as a plan takes it.

    Each is of its kind and of no maker. What is unverified is remembered: put in the figures of the part that is
    fitted. An in-line holder of a blade fuse is a fuse, and stands under fuses:.
    """
    if name is None:
        _list(json=json)
        return
    if name not in names():
        raise NotFound("part-unknown", f"there is no part {name!r}", "name one that fleet wiring parts lists")
    found = one(name)
    if json:
        print_json(found)
        return
    print_remark(f"{found.description}: {_standing(found)}, {found.source}")
    print_line(found.text.rstrip("\n"))


def _list(*, json: bool) -> None:
    found = [one(name) for name in names()]
    if json:
        print_json(found)
        return
    rows = [
        (
            part.name,
            part.description,
            len(part.connector.cavities),
            number(_rating_a(part.connector)),
            _sizes(part.connector),
            _standing(part),
        )
        for part in found
    ]
    columns = ("part", "what", "ways", "A", "mm²", "figures")
    print_table(columns, rows, empty="there is none", free=["what"])


def _standing(part: Part) -> str:
    return "verified" if part.verified else "unverified"


def _rating_a(connector: Connector) -> float | None:
    """The least that one of its cavities is made for, where any says so."""
    said = (cavity.rating_a for cavity in connector.cavities.values() if cavity.rating_a is not None)
    return min(said, default=connector.rating_a)


def _sizes(connector: Connector) -> str:
    least, most = number(connector.csa_min_mm2), number(connector.csa_max_mm2)
    return least if least == most else f"{least}-{most}"
