"""`fleet alarm`: what is wrong, who was paged, and taking it."""

from typing import Annotated

from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.names import the_one, unit_named
from fleet.cli.options import UnitName, WholeNumber
from fleet.cli.output import print_facts, print_json, print_line, print_remark, print_table
from fleet.client import FleetClient
from protocols.alarms import LEVEL_WORDS
from protocols.api.alarms import Acknowledging, AlarmAcknowledged, AlarmDetail, AlarmView, PageView
from protocols.words import duration

app = App(name="alarm", help="Alarms: list, look, acknowledge; rules, maintenance, contacts, heartbeat.")
app.command("fleet.cli.alarm_rules:app", name="rules", help="The rules of alarms: show, set.")
app.command("fleet.cli.alarm_windows:app", name="windows", help="Maintenance windows: list, make, end.")
app.command("fleet.cli.alarm_contact:app", name="contact", help="How you are reached: list, add, test, withdraw.")

AlarmName = Annotated[str, Parameter(help="The alarm's id, or the beginning of that of an open one.")]
_LENGTH = len("AL-") + 12


@app.command(name="list")
def list_(
    *,
    unit: UnitName | None = None,
    deployment: Annotated[str | None, Parameter(help="A deployment's number, as DEP-12.")] = None,
    every: Annotated[bool, Parameter(name="--all", negative="", help="Closed ones too.")] = False,
    limit: Annotated[int, Parameter(validator=WholeNumber(1, 200), help="How many at the most.")] = 50,
    client: Config = None,
    json: Json = False,
) -> None:
    """List open alarms, newest first."""

    async def look(door: FleetClient) -> list[AlarmView]:
        unit_id = None if unit is None else await unit_named(door, unit)
        page = await door.alarms(open_only=not every, unit=unit_id, deployment=deployment, limit=limit)
        return page.alarms

    found = ask(client, look)
    if json:
        print_json(found)
        return
    columns = ("alarm", "raised", "severity", "state", "about", "kind", "deployment", "paged", "what")
    rows = [
        (
            one.alarm,
            one.raised_at,
            one.severity,
            _state(one),
            one.label,
            one.kind,
            one.deployment,
            None if one.level is None else LEVEL_WORDS[one.level],
            _what(one),
        )
        for one in found
    ]
    print_table(columns, rows, empty="no such alarm", free=["what"])


@app.command
def show(alarm: AlarmName, *, client: Config = None, json: Json = False) -> None:
    """Show an alarm with whom it paged."""

    async def look(door: FleetClient) -> AlarmDetail:
        return await door.alarm(await alarm_named(door, alarm))

    found = ask(client, look)
    if json:
        print_json(found)
        return
    one = found.alarm
    print_facts(
        [
            ("alarm", one.alarm),
            ("about", f"{one.subject_kind} {one.subject}"),
            ("label", None if one.label == one.subject else one.label),
            ("kind", f"{one.kind}, {one.severity}"),
            ("what", one.summary),
            ("deployment", one.deployment),
            ("rule", one.rule),
            ("state", _state(one)),
            ("raised", one.raised_at),
            ("last", one.last_at if one.count > 1 else None),
            ("times", one.count),
            ("cleared", one.cleared_at),
            ("acknowledged", one.acknowledged_at),
            ("by", f"{one.acknowledged_by}, {one.acknowledged_how}" if one.acknowledged_by else None),
            ("pages", f"by rota {found.paged_by}" if found.paged_by else ("yes" if one.pages else "nobody")),
            ("next page", found.next_page_at),
        ]
    )
    if found.pages:
        print_line("")
        columns = ("queued", "person", "as", "by", "state", "tries", "sent", "why")
        print_table(columns, [_page(page) for page in found.pages], empty="", free=["why"])


@app.command(name="ack")
def acknowledge(
    alarm: AlarmName,
    *,
    going: Annotated[bool, Parameter(negative="", help="You leave for it now: your call-out begins.")] = False,
    rota: Annotated[str | None, Parameter(help="The rota of the call-out; the alarm's unless you name one.")] = None,
    client: Config = None,
    json: Json = False,
) -> None:
    """Take an alarm: nobody is paged of it any more."""

    async def take(door: FleetClient) -> AlarmAcknowledged:
        asked = Acknowledging(how="command", going=going, rota=rota)
        return await door.acknowledge_alarm(await alarm_named(door, alarm), asked)

    done = ask(client, take)
    if json:
        print_json(done)
    else:
        begun = "" if done.call_out is None else f"; call-out {done.call_out} has begun"
        print_line(f"alarm {done.alarm.alarm} is yours{begun}")
    if done.problem is not None:
        print_remark(f"no call-out was recorded: {done.problem.message}; {done.problem.remedy}")
        print_remark("where you leave all the same: fleet oncall out")


@app.command
def heartbeat(*, client: Config = None, json: Json = False) -> None:
    """Whether alarming itself is alive."""
    found = ask(client, lambda door: door.alarming())
    if json:
        print_json(found)
        return
    print_facts(
        [
            ("alarming", found.standing),
            ("last round", None if found.age_s is None else f"{duration(found.age_s)} ago"),
            ("pages waiting", found.pages_waiting),
            ("last page sent", found.last_sent_at),
            ("last pages", "all failed" if found.contacts_failing else None),
            ("can not be reached", f"{found.unreachable} of those on call" if found.unreachable else "nobody"),
            ("last error", found.last_error),
        ]
    )


async def alarm_named(door: FleetClient, typed: str) -> str:
    """The id of the alarm that a person named; raises RequestRefused, ClientError."""
    if len(typed) == _LENGTH and typed.startswith("AL-"):
        return typed
    page = await door.alarms(limit=200)
    return the_one("alarm", typed, {one.alarm: one.label for one in page.alarms}, "fleet alarm list")


def _state(alarm: AlarmView) -> str:
    return f"{alarm.state}, in maintenance" if alarm.in_maintenance and alarm.state == "raised" else alarm.state


def _what(alarm: AlarmView) -> str:
    again = f" ({alarm.count} times)" if alarm.count > 1 else ""
    taken = f"; taken by {alarm.acknowledged_by}" if alarm.acknowledged_by else ""
    return alarm.summary + again + taken


def _page(page: PageView) -> tuple[object, ...]:
    return (
        page.queued_at,
        page.person,
        LEVEL_WORDS[page.level],
        page.channel,
        page.state,
        page.tries,
        page.sent_at,
        page.error,
    )
