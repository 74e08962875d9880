"""`fleet kit models|model|stock|places|place`: what kit there may be, what is counted, and where it is kept."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.deployment_options import DEPLOYMENT_FORM, number_of
from fleet.cli.door import Config, Json, ask
from fleet.cli.kit_options import ModelName, Note, Place
from fleet.cli.options import PersonId, ShortLine, WholeNumber
from fleet.cli.output import print_json, print_line, print_table
from fleet.cli.rota_files import InFile, read_document
from fleet.client import FleetClient
from fleet.errors import NotFound, RequestRefused
from protocols.api.kit import ModelView, PlaceView
from protocols.kit import KitModel

_MAX_CHANGE = 100_000
model_app = App(name="model", help="Models of kit: show, set.")
place_app = App(name="place", help="Stores, vans and benches: set.")


def add_commands(app: App) -> None:
    """Make these commands part of `fleet kit`."""
    for command in (models, stock, places):
        app.command(command)
    app.command(model_app)
    app.command(place_app)


def models(*, client: Config = None, json: Json = False) -> None:
    """List models, and how much is left of each."""
    found = ask(client, lambda door: door.kit_models())
    if json:
        print_json(found)
        return
    rows = [
        (
            one.model.model,
            one.model.name,
            one.model.kind,
            "counted" if one.model.counted else "labels",
            one.available,
            one.total,
            one.model.low_at or None,
            "LOW" if one.low else "",
            one.model.training,
            [rule.rule for rule in one.model.maintenance],
        )
        for one in found
    ]
    columns = ("model", "name", "kind", "by", "free", "of", "low at", "", "training", "maintenance")
    print_table(columns, rows, empty="no model", free=["name"])


@model_app.command
def show(model: ModelName, *, client: Config = None, json: Json = False) -> None:
    """Print a model's definition, to be edited and set again. With --json, with what is left of it."""
    found = ask(client, lambda door: _known(door, model))
    print_json(found if json else found.model)


@model_app.command(name="set")
def set_model(file: InFile = Path("-"), *, client: Config = None, json: Json = False) -> None:
    """Lay a model down, or anew, from its definition in a JSON file. For supervisors."""
    new = read_document(file, KitModel, "model of kit")

    async def do(door: FleetClient) -> ModelView:
        there = {one.model.model: one.version for one in await door.kit_models()}
        return await door.put_kit_model(new, there.get(new.model, 0))

    done = ask(client, do)
    if json:
        print_json(done)
    else:
        print_line(f"{done.model.model} ({done.model.name}) is set in version {done.version}")


def stock(
    model: ModelName,
    change: Annotated[str, Parameter(allow_leading_hyphen=True, help="What came or was used, as +50 or -3.")],
    *,
    deployment: Annotated[
        str | None, Parameter(name=("--deployment", "--for"), validator=DEPLOYMENT_FORM, help="What it was used for.")
    ] = None,
    note: Note = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Enter that stock of a counted model came, or was used."""
    moved, which = _change_of(change), None if deployment is None else number_of(deployment)
    done = ask(client, lambda door: door.move_kit_stock(model, moved, deployment=which, note=note))
    if json:
        print_json(done)
    else:
        low = f"; it is low from {done.model.low_at} on" if done.low else ""
        print_line(f"{done.available} of {done.model.name} ({model}) are left{low}")


def places(*, client: Config = None, json: Json = False) -> None:
    """List stores, vans and benches, and who keeps them."""
    found = ask(client, lambda door: door.kit_places())
    if json:
        print_json(found)
        return
    rows = [(one.place, one.name, one.keeper, one.items) for one in found]
    print_table(("store", "name", "keeper", "items"), rows, empty="no store", free=["name"])


@place_app.command(name="set")
def set_place(
    place: Place,
    *,
    keeper: Annotated[PersonId, Parameter(help="Who keeps it, and so has what lies in it.")],
    name: Annotated[str | None, Parameter(validator=ShortLine(1, 40), help="Its name; without it, as before.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Name a store and its keeper; everything there passes into their custody. For supervisors."""

    async def do(door: FleetClient) -> PlaceView:
        there = {one.place: one.name for one in await door.kit_places()}
        return await door.put_kit_place(place, name or there.get(place, place), keeper)

    done = ask(client, do)
    if json:
        print_json(done)
    else:
        print_line(f"{done.place} ({done.name}) is kept by {done.keeper}, who has what lies there: {done.items}")


async def _known(door: FleetClient, model: str) -> ModelView:
    found = next((one for one in await door.kit_models() if one.model.model == model), None)
    if found is None:
        raise NotFound("model-unknown", f"there is no model {model}", "list them: fleet kit models")
    return found


def _change_of(typed: str) -> int:
    try:
        change = int(typed)
        WholeNumber(-_MAX_CHANGE, _MAX_CHANGE)(int, change)
    except ValueError as error:
        raise RequestRefused("change-unreadable", f"{typed!r} is no change of stock", "write +50 or -3") from error
    return change
