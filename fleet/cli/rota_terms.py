"""`fleet rota terms`: working hours, competences and agreements of people on rotas."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from fleet.cli.door import Config, Json, ask
from fleet.cli.output import print_facts, print_json, print_line, print_remark, print_table
from fleet.cli.rota_facts import DAYS
from fleet.cli.rota_files import read_document
from fleet.cli.rota_options import PersonOrMe, whom
from fleet.client import FleetClient
from fleet.errors import CommandIncomplete, NotFound
from protocols.api.rota_people import PersonTerms, SetTerms
from protocols.rota.member import Competence, WorkingDay, WorkingTerms


def add_commands(app: App) -> None:
    """Make this command part of `fleet rota`."""
    app.command(terms)


def terms(
    person: PersonOrMe = None,
    *,
    everybody: Annotated[bool, Parameter(name="--all", negative="", help="List everybody whose you may see.")] = False,
    set_: Annotated[
        Path | None,
        Parameter(
            name="--set", allow_leading_hyphen=True, help="Terms as JSON, in the place of those in force; - reads them."
        ),
    ] = None,
    definition: Annotated[
        bool, Parameter(negative="", help="Print the terms alone, to be edited and given to --set.")
    ] = False,
    client: Config = None,
    json: Json = False,
) -> None:
    """Show what is kept of somebody for rotas, or set it: hours, competences, regulation 21, opt-outs, share."""
    if everybody:
        _list(ask(client, lambda door: door.rota_people()), json=json)
        return
    new = None if set_ is None else read_document(set_, WorkingTerms, "terms")
    if new is not None and person is None:
        raise CommandIncomplete("person-unnamed", "nobody says whose terms these are", "name the person, as TO-12")

    async def work(door: FleetClient) -> PersonTerms:
        who = await whom(door, person)
        found = next((one for one in await door.rota_people() if one.person == who), None)
        if found is None:
            raise NotFound("terms-unknown", f"no terms of {who} are to be seen", "list them: fleet rota terms --all")
        return found if new is None else await door.set_terms(who, SetTerms(version=found.version, terms=new))

    found = ask(client, work)
    if definition:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found.terms), indent=2).decode() + "\n")
    elif json:
        print_json(found)
    elif new is not None:
        print_line(f"the terms of {found.person} are set in version {found.version}")
    else:
        print_facts(_facts(found))
    if not json:
        for warning in found.warnings:
            print_remark(f"{found.person}: {warning}")


def _list(found: list[PersonTerms], *, json: bool) -> None:
    if json:
        print_json(found)
        return
    columns = (
        "person",
        "role",
        "version",
        "hours a week",
        "competences",
        "regulation 21",
        "opted out",
        "share %",
        "look",
    )
    rows = [
        (
            one.person,
            one.role,
            one.version,
            _hours(one.terms.hours),
            ", ".join(f"{each.subject} {each.level}" for each in one.terms.competences),
            None if one.terms.regulation_21 is None else f"since {one.terms.regulation_21.since}",
            "yes" if one.terms.opt_outs else "no",
            one.terms.share_percent,
            "; ".join(one.warnings),
        )
        for one in found
    ]
    print_table(columns, rows, empty="nobody serves on rotas", free=["competences", "look"])


def _facts(one: PersonTerms) -> list[tuple[str, object]]:
    terms, claim = one.terms, one.terms.regulation_21
    return [
        ("person", f"{one.person}, {one.role}"),
        ("version", one.version),
        ("changed by", one.changed_by),
        ("changed", one.changed_at),
        ("hours", [_day(each) for each in terms.hours] or "no ordinary duty is known"),
        ("competences", [_competence(each) for each in terms.competences] or None),
        ("regulation 21", None if claim is None else f"{_dates(claim.since, claim.until)}: {claim.reason}"),
        ("opted out", [f"{_dates(o.since, o.until)}, signed {o.signed_on}" for o in terms.opt_outs] or None),
        ("average over", f"{terms.reference_weeks} weeks"),
        ("share", f"{terms.share_percent} %"),
    ]


def _competence(one: Competence) -> str:
    evidence = f", {one.evidence}" if one.evidence else ""
    until = "" if one.valid_until is None else f", until {one.valid_until}"
    return f"{one.subject} level {one.level}{evidence}{until}"


def _dates(since: date, until: date | None) -> str:
    return f"since {since}" if until is None else f"from {since} to {until}"


def _day(one: WorkingDay) -> str:
    return f"{DAYS[one.weekday]} {one.from_time:%H:%M} to {one.until_time:%H:%M}, {one.break_min} min of breaks"


def _hours(days: list[WorkingDay]) -> str:
    """Hours of a week on the clock, less breaks."""
    total = 0
    for one in days:
        starts, ends = (at.hour * 60 + at.minute for at in (one.from_time, one.until_time))
        total += (ends - starts if ends > starts else ends - starts + 24 * 60) - one.break_min
    return f"{total / 60:g}"
