"""`fleet kit condition|service|maintained|reading`: what is seen of kit, and done to it."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.ahead import When, moment_ahead
from fleet.cli.door import Config, Json, ask
from fleet.cli.kit_options import Code, Note, code_of, print_due
from fleet.cli.options import Reason, ShortLine, WholeNumber
from fleet.cli.output import print_json, print_line
from protocols.api.kit import ConditionSeen, ItemDetail, Maintained, NewReading
from protocols.kit import MAX_COUNTER, Condition, CounterName, ServiceState

_Value = WholeNumber(0, MAX_COUNTER)


def add_commands(app: App) -> None:
    """Make these commands part of `fleet kit`."""
    for command in (condition, service, maintained, reading):
        app.command(command)


def condition(
    item: Code,
    state: Annotated[Condition, Parameter(help="As you see it: failed and damaged ones can not go out.")],
    *,
    note: Note = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Enter an item's condition as you see it."""
    seen = ConditionSeen(condition=state, note=note)
    _print(ask(client, lambda door: door.see_kit_condition(code_of(item), seen)), json=json)


def service(
    item: Code,
    state: Annotated[ServiceState, Parameter(help="Quarantine is anybody's; the others are a supervisor's.")],
    *,
    reason: Reason,
    client: Config = None,
    json: Json = False,
) -> None:
    """Quarantine an item; release it, send it to repair and have it back, lose or dispose of it."""
    _print(ask(client, lambda door: door.change_kit_service(code_of(item), state, reason)), json=json)


def maintained(
    item: Code,
    rule: Annotated[str, Parameter(validator=ShortLine(1, 40), help="The rule of its model, as kit show lists them.")],
    *,
    at: Annotated[
        int | None, Parameter(validator=_Value, help="What its counter stood at; without it, its latest reading.")
    ] = None,
    when: When = "now",
    note: Note = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Enter that you have maintained an item by a rule of its model."""
    done = Maintained(rule=rule, done_at=moment_ahead(when, datetime.now(UTC)), counter_value=at, note=note)
    found = ask(client, lambda door: door.kit_maintained(code_of(item), done))
    if json:
        print_json(found)
    else:
        _print(found, json=False)
        print_due(found.maintenance)


def reading(
    item: Code,
    counter: Annotated[CounterName, Parameter(help="Which counter. A unit's own follow from its reports.")],
    value: Annotated[int, Parameter(validator=_Value, help="What it stands at.")],
    *,
    reason: Annotated[str, Parameter(validator=ShortLine(0, 80), help="Why it is lower than before.")] = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Enter what a counter stands at now."""
    new = NewReading(counter=counter, value=value, reason=reason)
    found = ask(client, lambda door: door.read_kit(code_of(item), new))
    if json:
        print_json(found)
    else:
        print_line(f"{found.row.item}: {counter} stands at {value}")
        print_due(found.maintenance)


def _print(detail: ItemDetail, *, json: bool) -> None:
    if json:
        print_json(detail)
        return
    row = detail.row
    out = "it may go out" if not row.why else f"it can not go out: {row.why}"
    print_line(f"{row.item} ({row.model_name}) is {row.condition}, {row.service}; {out}")
