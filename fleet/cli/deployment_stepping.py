"""`fleet deployment step|incident`: going a step on, and the fast path."""

import sys
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.deployment_options import SITE_FORM, DeploymentName, Rota, Why, seen
from fleet.cli.deployment_shown import next_blockers, print_blockers
from fleet.cli.door import Config, Json, ask
from fleet.cli.kit_options import CODE_FORM, code_of
from fleet.cli.names import authority_named
from fleet.cli.options import Each, ShortLine, WholeNumber
from fleet.cli.output import moment, print_json, print_line, print_remark
from fleet.client import FleetClient, Refused
from protocols.api.deployments import DeploymentView, NewIncident, StepAsked
from protocols.deployments import Blocker, Step

_STOPPED = 3
_BLOCKED = "blocked"


def add_commands(app: App) -> None:
    """Make these commands part of `fleet deployment`."""
    for command in (step, incident):
        app.command(command)


def step(
    deployment: DeploymentName,
    what: Annotated[Step, Parameter(help="The step to go.")],
    *,
    reason: Why = "",
    window_h: Annotated[
        int, Parameter(name="--window-h", validator=WholeNumber(1, 24), help="How long maintenance may take, hours.")
    ] = 4,
    client: Config = None,
    json: Json = False,
) -> None:
    """Go a step on. Where rules stop it, they are listed with whose they are and what would make it possible.

    --reason is needed for maintain and cancel, and where rules warn. Exit code 3 when it is stopped.
    """

    async def decide(door: FleetClient) -> tuple[DeploymentView, list[Blocker] | None]:
        found = await seen(door, deployment)
        asked = StepAsked(based_on=found.version, reason=reason, window_h=window_h)
        try:
            return await door.go_step(found.row.deployment, what, asked), None
        except Refused as refused:
            if refused.problem.code != _BLOCKED:
                raise
            found = await seen(door, deployment)
            blockers = [one for each in found.steps if each.step == what for one in each.blockers]
            if not any(one.answer == "refused" for one in blockers):
                raise  # the step is not one of those to come, or what stopped it is over: the refusal says it
            return found, blockers

    done, stopped = ask(client, decide)
    if stopped is None:
        if json:
            print_json(done)
        else:
            _tell(done, f"{what}: {done.row.deployment} is {_state(done)}")
        return
    if json:
        print_json(stopped)
    else:
        print_blockers(stopped)
    rules = dict.fromkeys(one.rule for one in stopped if one.answer == "refused")
    print_remark(f"fleet: {what} of {done.row.deployment} is stopped by {', '.join(rules)}")
    sys.exit(_STOPPED)


def incident(
    items: Annotated[
        list[str] | None,
        Parameter(negative="", validator=Each(CODE_FORM), help="Labels of the kit you take; without, it is chosen."),
    ] = None,
    *,
    site: Annotated[str | None, Parameter(validator=SITE_FORM, help="The site's code, where it has one.")] = None,
    authority: Annotated[
        list[str] | None, Parameter(negative="", help="An authority that is recorded already.")
    ] = None,
    title: Annotated[
        str, Parameter(validator=ShortLine(1, 60), help="A short name. It must not say whom or where it concerns.")
    ] = "critical incident",
    hours: Annotated[int, Parameter(validator=WholeNumber(1, 72), help="When the kit is back, hours from now.")] = 24,
    rota: Rota = None,
    stay: Annotated[bool, Parameter(negative="", help="You do not leave: no call-out of yours is recorded.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Go to a critical incident now: request, kit and custody in one go. What is gone past is owed as papers.

    Nothing is fitted without an authority in force: an urgent oral one, which an approver records.
    """

    async def go(door: FleetClient) -> DeploymentView:
        named = [(await authority_named(door, one)).authority_id for one in authority or []]
        new = NewIncident(
            title=title,
            site=site,
            items=[code_of(one) for one in items or []],
            authorities=named,
            hours=hours,
            rota=rota,
            going=not stay,
        )
        return await door.begin_incident(new)

    done = ask(client, go)
    if json:
        print_json(done)
        return
    kit = ", ".join(f"{one.item} ({one.unit_label or one.model_name})" for one in done.items)
    print_line(f"{done.row.deployment} is yours: {kit or 'no kit'}")
    _tell(done, f"{done.row.deployment} is {_state(done)}")
    for one in done.steps:
        if one.owed_until is not None:
            print_remark(f"papers of {one.step} are owed until {moment(one.owed_until)}")


def _state(done: DeploymentView) -> str:
    return "in maintenance" if done.row.state == "maintenance" else done.row.state


def _tell(done: DeploymentView, sentence: str) -> None:
    print_line(sentence)
    row = done.row
    if row.next_step is None:
        return
    found = next_blockers(done)
    if found:
        print_line(f"next comes {row.next_step}:")
        print_blockers(found)
    else:
        print_remark(f"next: fleet deployment step {row.deployment} {row.next_step}")
