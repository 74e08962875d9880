"""`fleet deployment`: kit and people at a place for a time, from the request until the kit is back."""

from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli import deployment_advising, deployment_papers, deployment_planning, deployment_stepping
from fleet.cli.ahead import moment_ahead
from fleet.cli.deployment_options import (
    Back,
    DeploymentName,
    Lead,
    Modalities,
    Note,
    OtherBack,
    OtherStart,
    Rota,
    Site,
    Starts,
    Supervisor,
    Wants,
    Works,
    number_of,
    seen,
    wanted_of,
)
from fleet.cli.deployment_shown import deadline_words, print_deployment
from fleet.cli.door import Config, Json, ask
from fleet.cli.options import PERSON_FORM, ShortLine
from fleet.cli.output import print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from protocols.api.deployments import DeploymentRow, DeploymentView, NewDeployment, SetDeployment
from protocols.deployments import DeploymentKind, DeploymentState

_PAGE = 200

app = App(
    name="deployment", help="Deployments: request, plan, step by step to recovered kit; incidents, advice, files."
)
for _commands in (deployment_planning, deployment_stepping, deployment_papers, deployment_advising):
    _commands.add_commands(app)

Title = Annotated[
    str, Parameter(validator=ShortLine(1, 60), help="A short name. It must not say whom or where it concerns.")
]


@app.command(name="list")
def list_(
    words: Annotated[str, Parameter(help="What number, title or site hold.")] = "",
    *,
    state: Annotated[list[DeploymentState] | None, Parameter(negative="", help="Where they stand. Repeat it.")] = None,
    kind: Annotated[DeploymentKind | None, Parameter(help="What for.")] = None,
    person: Annotated[
        str | None, Parameter(validator=PERSON_FORM, help="Whose: who leads, supervises, asked for it, or goes.")
    ] = None,
    every: Annotated[bool, Parameter(name="--all", negative="", help="Those that are over, too.")] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """List deployments against their deadlines, the nearest first. Those that are over are left out."""

    async def look(door: FleetClient) -> list[DeploymentRow]:
        rows: list[DeploymentRow] = []
        while True:
            page = await door.deployments(
                words,
                states=state or [],
                kind=kind,
                person=person,
                open_only=not (every or state),
                offset=len(rows),
                limit=_PAGE,
            )
            rows += page.rows
            if not page.rows or len(rows) >= page.total:
                return rows

    found = ask(client, look)
    if json:
        print_json(found)
        return
    columns = ("deployment", "kind", "title", "state", "site", "lead", "back", "next", "stopped by", "due", "nearest")
    rows = [
        (
            one.deployment,
            one.kind,
            one.title,
            one.state,
            one.site,
            one.lead,
            one.expected_back_at,
            one.next_step,
            one.blocked_by or None,
            None if one.deadline is None else one.deadline.due_at,
            deadline_words(one.deadline),
        )
        for one in found
    ]
    print_table(columns, rows, empty="no deployment", free=["title"])
    owed = sum(one.owed for one in found)
    if owed:
        print_remark(f"papers that are owed: {owed}; fleet deployment show says which")


@app.command
def show(deployment: DeploymentName, *, client: Config = None, json: Json = False) -> None:
    """Show a deployment: where it stands, what stops the next step and whose that is, kit, visits, deadlines."""
    found = ask(client, lambda door: seen(door, deployment))
    if json:
        print_json(found)
    else:
        print_deployment(found)


@app.command
def request(
    kind: DeploymentKind,
    title: Title,
    *,
    back: Back,
    starts: Starts = "now",
    site: Site = None,
    want: Wants = None,
    work: Works = None,
    modality: Modalities = None,
    lead: Lead = None,
    rota: Rota = None,
    supervisor: Supervisor = None,
    note: Note = "",
    client: Config = None,
    json: Json = False,
) -> None:
    """Ask for a deployment. What is not said of kit, work and modalities is the kind's template.

    Parameters
    ----------
    kind
        What for.
    """
    now = datetime.now(UTC)
    new = NewDeployment(
        kind=kind,
        title=title,
        site=site,
        starts_at=moment_ahead(starts, now),
        expected_back_at=moment_ahead(back, now),
        wants=wanted_of(want),
        works=work,
        modalities=modality,
        lead=lead,
        rota=rota,
        supervisor=supervisor,
        note=note,
    )
    _tell(ask(client, lambda door: door.request_deployment(new)), "is asked for", json=json)


@app.command(name="set")
def set_(
    deployment: DeploymentName,
    *,
    title: Title | None = None,
    starts: OtherStart = None,
    back: OtherBack = None,
    site: Site = None,
    want: Wants = None,
    work: Works = None,
    modality: Modalities = None,
    lead: Lead = None,
    rota: Rota = None,
    supervisor: Supervisor = None,
    note: Note | None = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Change what was asked for or planned; what is not said stays. Kit that is kept moves with the times."""
    now = datetime.now(UTC)

    async def decide(door: FleetClient) -> DeploymentView:
        change = SetDeployment(
            based_on=(await seen(door, deployment)).version,
            title=title,
            site=site,
            starts_at=None if starts is None else moment_ahead(starts, now),
            expected_back_at=None if back is None else moment_ahead(back, now),
            wants=wanted_of(want),
            works=work,
            modalities=modality,
            lead=lead,
            rota=rota,
            supervisor=supervisor,
            note=note,
        )
        return await door.set_deployment(number_of(deployment), change)

    _tell(ask(client, decide), "is changed", json=json)


def _tell(done: DeploymentView, what: str, *, json: bool) -> None:
    if json:
        print_json(done)
        return
    row = done.row
    print_line(f"{row.deployment}, {row.title}, {what}: {row.state}, version {done.version}")
    if row.next_step is not None:
        rules = "1 rule stops" if row.blocked_by == 1 else f"{row.blocked_by} rules stop"
        stopped = f", which {rules}" if row.blocked_by else ""
        print_remark(f"next comes {row.next_step}{stopped}: fleet deployment show {row.deployment}")
