"""`fleet wiring give`, `given`, `fitted` and `withdraw`: the harnesses of a deployment, as designed and as fitted."""

import re
import sys
from typing import Annotated, get_args

import msgspec
from cyclopts import App, Parameter

from fleet.cli.deployment_options import DeploymentName, number_of
from fleet.cli.door import Config, Json, ask
from fleet.cli.kit_options import CODE_FORM, code_of
from fleet.cli.options import Each, Form, ShortLine
from fleet.cli.output import moment, print_facts, print_json, print_line, print_table
from fleet.cli.wiring_kept import HarnessName, Revision, harness_named
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete
from fleet.wiring.rules.fitting import expected
from fleet.wiring.rules.reading import read_plan
from protocols.api.wiring import DeploymentWiring, Fitting, HarnessView
from protocols.wiring.fitted import Compared, Measured, MeasuredQuantity, NewFitting

_QUANTITIES = "|".join(get_args(MeasuredQuantity))
_MEASURED = re.compile(
    rf"(?P<subject>[A-Za-z][A-Za-z0-9_-]{{0,23}})\.(?P<quantity>{_QUANTITIES})=(?P<value>-?[0-9]{{1,6}}(\.[0-9]{{1,6}})?)",
    re.ASCII,
)
MEASURED_FORM = Form(
    _MEASURED,
    f"PART.QUANTITY=VALUE, as camera.voltage-at-load-v=11.9, without a unit; a quantity is one of {_QUANTITIES}",
)
VALUE_FORM = Form(re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?", re.ASCII), "volts, a number alone with a point, as 12.6")
NAME_FORM = Form(re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,23}", re.ASCII), "a load's name, as the plan has it")


def add_commands(app: App) -> None:
    """Make these commands part of `fleet wiring`."""
    for command in (give, given, fitted, withdraw):
        app.command(command)


def give(
    deployment: DeploymentName,
    harness: HarnessName,
    *,
    revision: Revision = 0,
    item: Annotated[
        str | None, Parameter(validator=CODE_FORM, help="The kit it feeds, by the code on its label, as K-0042.")
    ] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Give a deployment a harness. One that fails, or leaves unjudged, anything of safety is refused, by rule."""

    async def done(door: FleetClient) -> DeploymentWiring:
        feeds = None if item is None else code_of(item)
        return await door.give_harness(number_of(deployment), await harness_named(door, harness), revision, feeds)

    _told(ask(client, done), "has", as_json=json)


def given(deployment: DeploymentName, *, client: Config = None, json: Json = False) -> None:
    """Show the harnesses of a deployment, and what was measured on them beside what their plans predict."""
    found = ask(client, lambda door: door.deployment_wiring(number_of(deployment)))
    if json:
        print_json(found)
        return
    for at, one in enumerate(found):
        print_line("" if at else f"harnesses of {one.deployment}")
        _print_given(one)
    if not found:
        print_line("it has no harness")


def fitted(
    deployment: DeploymentName,
    harness: HarnessName,
    *,
    battery_v: Annotated[
        str | None,
        Parameter(validator=VALUE_FORM, help="At the posts of the battery, where the plan has one alone, V."),
    ] = None,
    measured: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            validator=Each(MEASURED_FORM),
            help="As camera.voltage-at-load-v=11.9, with a meter at the place. Repeat it.",
        ),
    ] = None,
    from_unit: Annotated[
        bool, Parameter(negative="", help="And the voltage at the load that the unit says, from its latest report.")
    ] = False,
    load: Annotated[
        str | None, Parameter(validator=NAME_FORM, help="With --from-unit: the load that is the unit.")
    ] = None,
    note: Annotated[str, Parameter(validator=ShortLine(0, 80), help="What else to know, in one line.")] = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Enter what was measured at one visit; each value is compared with what the plan predicts.

    Without a value it says what can be measured. What was entered stays. Exit code 1 when a value does not pass.
    """

    async def done(door: FleetClient) -> DeploymentWiring:
        number = number_of(deployment)
        named = await harness_named(door, harness)
        view = await _as_given(door, number, named)
        values = [*_battery(view, battery_v), *(_value(one) for one in measured or ())]
        if not values and not from_unit:
            raise CommandIncomplete("nothing-measured", "say what was measured", _measurable(view))
        new = NewFitting(measured=values, note=note, from_unit=from_unit, load=load)
        return await door.fit_harness(number, named, new)

    found = ask(client, done)
    if json:
        print_json(found)
    else:
        _print_fitting(found.fittings[0])
    if not found.fittings[0].passed:
        sys.exit(1)


def withdraw(deployment: DeploymentName, harness: HarnessName, *, client: Config = None, json: Json = False) -> None:
    """Take a harness from a deployment; what was measured stays."""

    async def done(door: FleetClient) -> DeploymentWiring:
        return await door.withdraw_harness(number_of(deployment), await harness_named(door, harness))

    _told(ask(client, done), "has no more", as_json=json)


async def _as_given(door: FleetClient, number: str, harness: str) -> HarnessView:
    """The revision that the deployment has; the newest where it has none, which the controller will say."""
    found = await door.deployment_wiring(number)
    had = [one.revision for one in found if one.harness == harness and one.withdrawn_at is None]
    return await door.harness(harness, had[0] if had else 0)


def _battery(view: HarnessView, volts: str | None) -> list[Measured]:
    if volts is None:
        return []
    batteries = [subject for quantity, subject in _expected(view) if quantity == "battery-v"]
    if len(batteries) != 1:
        said = " or ".join(f"--measured {name}.battery-v={volts}" for name in batteries) or "the plan names no battery"
        raise CommandIncomplete("battery-unclear", "which battery is not clear", said)
    return [Measured(quantity="battery-v", subject=batteries[0], value=float(volts))]


def _value(typed: str) -> Measured:
    """The value that `typed` says, once MEASURED_FORM has let it pass."""
    found = _MEASURED.fullmatch(typed)
    assert found is not None
    return msgspec.convert({**found.groupdict(), "value": float(found["value"])}, Measured)


def _measurable(view: HarnessView) -> str:
    return "of this one: " + ", ".join(f"--measured {subject}.{quantity}=…" for quantity, subject in _expected(view))


def _expected(view: HarnessView) -> list[tuple[MeasuredQuantity, str]]:
    plan = read_plan(view.text).plan
    return [] if plan is None else expected(plan)


def _told(found: DeploymentWiring, has: str, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_line(f"{found.deployment} {has} {found.harness} {found.name}, revision {found.revision}")


def _print_given(one: DeploymentWiring) -> None:
    print_facts(
        [
            ("harness", f"{one.harness} {one.name}, revision {one.revision}"),
            ("title", one.title),
            ("sha256", one.sha256),
            ("feeds", one.item),
            ("unit", one.unit),
            ("given", f"{moment(one.given_at)} by {one.given_by}"),
            ("withdrawn", one.withdrawn_at),
        ]
    )
    for found in one.failed:
        print_line(f"{found.verdict}: {found.severity} {found.rule}: {found.sentence}")
    for fitting in one.fittings:
        print_line("")
        _print_fitting(fitting)


def _print_fitting(fitting: Fitting) -> None:
    verdict = "passes" if fitting.passed else "does not pass"
    said = f"; {fitting.note}" if fitting.note else ""
    print_line(f"fitted {moment(fitting.made_at)} by {fitting.made_by}, revision {fitting.revision}: {verdict}{said}")
    columns = ("measured", "of", "value", "predicted", "from", "to", "verdict", "what")
    print_table(columns, [_row(one) for one in fitting.compared], empty="nothing was measured", free=["what"])


def _row(one: Compared) -> tuple[object, ...]:
    told = [None if value is None else f"{value:.5g}" for value in (one.predicted, one.low, one.high)]
    quantity = f"{one.quantity} (by the unit)" if one.by_unit else one.quantity
    return (quantity, one.subject, f"{one.value:.5g}", *told, one.verdict, one.sentence)
