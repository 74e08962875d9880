"""`fleet kit`: what there is, who has it, and its labels."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli import kit_models, kit_scanning, kit_upkeep
from fleet.cli.deployment_options import DEPLOYMENT_FORM, number_of
from fleet.cli.door import Config, Json, ask
from fleet.cli.files import check_new, write_new
from fleet.cli.kit_options import Code, Codes, ModelName, Place, code_of, print_detail, print_items
from fleet.cli.names import unit_named
from fleet.cli.options import PERSON_FORM, ShortLine, UnitName
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from fleet.errors import RequestRefused
from protocols.api.kit import ItemDetail, ItemPage, KitStanding, NewItem
from protocols.kit import ItemKind

_PAGE = 500
_MAX_LABELS = 200

app = App(name="kit", help="Kit: list, show, add, scan out and in, look after, labels; models, stock, stores.")
for _room in (kit_scanning, kit_upkeep, kit_models):
    _room.add_commands(app)


@app.command(name="list")
def list_(
    words: Annotated[str, Parameter(help="What its code, model, serial, unit, store or custodian holds.")] = "",
    *,
    kind: Annotated[ItemKind | None, Parameter(help="Of which kind.")] = None,
    model: Annotated[str | None, Parameter(help="Of which model.")] = None,
    standing: Annotated[KitStanding | None, Parameter(help="Which may go out, or why not.")] = None,
    custodian: Annotated[str | None, Parameter(validator=PERSON_FORM, help="Who has it, as TO-12.")] = None,
    deployment: Annotated[str | None, Parameter(validator=DEPLOYMENT_FORM, help="What it is out for.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """List kit, each item with whether it may go out and why not."""

    async def look(door: FleetClient) -> ItemPage:
        found: ItemPage | None = None
        while found is None or len(found.rows) < found.total:
            page = await door.kit(
                words,
                kind=kind,
                model=model,
                standing=standing,
                custodian=custodian,
                deployment=None if deployment is None else number_of(deployment),
                offset=0 if found is None else len(found.rows),
                limit=_PAGE,
            )
            if found is not None and not page.rows:
                break
            rows = page.rows if found is None else [*found.rows, *page.rows]
            found = ItemPage(total=page.total, offset=0, rows=rows, standings=page.standings)
        return found

    page = ask(client, look)
    if json:
        print_json(page)
        return
    print_items(page.rows)
    if page.standings:
        print_remark(", ".join(f"{count} {word}" for word, count in page.standings.items()))


@app.command
def show(item: Code, *, client: Config = None, json: Json = False) -> None:
    """Show an item: whether it may go out, what it needs, what was done to it."""
    _print(ask(client, lambda door: door.kit_item(code_of(item))), json=json)


@app.command
def add(
    model: ModelName,
    *,
    place: Place,
    serial: Annotated[str, Parameter(validator=ShortLine(0, 40), help="Its serial number.")] = "",
    unit: Annotated[UnitName | None, Parameter(help="The unit that it is, once that has joined.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Enter a new item; it gets its code, and lies in a store, whose keeper has it."""

    async def do(door: FleetClient) -> ItemDetail:
        which = None if unit is None else await unit_named(door, unit)
        return await door.add_kit(NewItem(model=model, serial=serial, place=place, unit=which))

    made = ask(client, do)
    if json:
        print_json(made)
        return
    row = made.row
    print_line(f"{row.item} ({row.model_name}) is in {row.place}, and {row.custodian} has it")
    print_remark(f"print its label: fleet kit labels {row.item} --out label.pdf")


@app.command
def movements(item: Code, *, client: Config = None, json: Json = False) -> None:
    """List through whose hands an item went, newest first."""
    found = ask(client, lambda door: door.kit_movements(code_of(item)))
    if json:
        print_json(found)
        return
    rows = [
        (
            one.at,
            one.way,
            one.how,
            one.from_person,
            one.to_person,
            one.from_place,
            one.to_place,
            one.deployment,
            one.condition,
        )
        for one in found
    ]
    columns = ("when", "way", "how", "from", "to", "from store", "to store", "deployment", "condition")
    print_table(columns, rows, empty="it never moved")


@app.command
def labels(
    items: Codes,
    *,
    out: Annotated[Path, Parameter(help="The new PDF file.")],
    client: Config = None,
    json: Json = False,
) -> None:
    """Write labels for A4 sheets of 3 × 8: the code in text, as Code 128 and as QR, with model and serial."""
    if len(items) > _MAX_LABELS:
        raise RequestRefused("labels-too-many", f"{len(items)} labels", f"ask for at most {_MAX_LABELS} at once")
    check_new([out])
    codes = [code_of(one) for one in items]
    content = ask(client, lambda door: door.kit_labels(codes))
    write_new(out, content)
    if json:
        print_json({"file": str(out), "items": codes})
    else:
        print_line(f"{out}: labels of {', '.join(codes)}")


def _print(detail: ItemDetail, *, json: bool) -> None:
    if json:
        print_json(detail)
    else:
        print_detail(detail)
