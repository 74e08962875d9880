"""What commands about deployments have in common: arguments, and how people type what a contract says."""

import re
from typing import Annotated, get_args

import msgspec
from cyclopts import Parameter

from fleet.cli.ahead import AHEAD_FORM
from fleet.cli.options import PERSON_FORM, Each, Form, ShortLine
from fleet.client import FleetClient
from protocols.access_record import Modality
from protocols.api.deployments import Attending, DeploymentView
from protocols.deployments import KitWanted, TeamRole, Work
from protocols.kit import ItemKind

_NUMBER = r"[0-9]{1,6}"
_MODEL = r"[a-z0-9][a-z0-9-]{1,39}"
_KINDS, _ROLES = "|".join(get_args(ItemKind)), "|".join(get_args(TeamRole))
_WANTED = re.compile(rf"(?P<kind>{_KINDS})(?::(?P<model>{_MODEL}))?(?:=(?P<count>100|[1-9][0-9]?))?", re.ASCII)
_WHO = re.compile(rf"(?P<person>[A-Z]{{2}}-[0-9]{{2,6}})(?::(?P<role>{_ROLES}))?", re.ASCII)

DEPLOYMENT_FORM = Form(re.compile(rf"(?:(?:DEP|dep)-)?{_NUMBER}", re.ASCII), "a deployment's number, as DEP-118 or 118")
SITE_FORM = Form(re.compile(r"[A-Z][A-Z0-9-]{0,11}", re.ASCII), "a site's code, as YARD-3")
WANTED_FORM = Form(_WANTED, "a kind of kit, of a model and so many where that matters: unit, battery=2, unit:van-kit=1")
WHO_FORM = Form(_WHO, "who goes, as TO-12, or as what: TO-12:driver")

DeploymentName = Annotated[str, Parameter(validator=DEPLOYMENT_FORM, help="Its number, as DEP-118 or 118.")]
Site = Annotated[str | None, Parameter(validator=SITE_FORM, help="The site's code; addresses are kept with the site.")]
Lead = Annotated[str | None, Parameter(validator=PERSON_FORM, help="Who leads it, as TO-12.")]
Supervisor = Annotated[str | None, Parameter(validator=PERSON_FORM, help="Its supervisor, as SU-01.")]
Wants = Annotated[
    list[str] | None,
    Parameter(
        name="--want", negative="", validator=Each(WANTED_FORM), help="Kit: unit, battery=2, unit:van-kit. Repeat it."
    ),
]
Works = Annotated[
    list[Work] | None, Parameter(name="--work", negative="", help="Work that takes a competence. Repeat it.")
]
Modalities = Annotated[
    list[Modality] | None, Parameter(name="--modality", negative="", help="What is to be open. Repeat it.")
]
Note = Annotated[
    str, Parameter(validator=ShortLine(0, 200), help="What else to know; never whom it concerns, nor an address.")
]
Why = Annotated[str, Parameter(name="--reason", validator=ShortLine(0, 200), help="Why, in one line.")]
_FROM = Parameter(name="--from", validator=AHEAD_FORM, allow_leading_hyphen=True, help="As 2026-11-22T14:02, or 8h.")
_BACK = Parameter(name="--back", validator=AHEAD_FORM, help="When the kit is expected back: a time, or +7d.")
Starts = Annotated[str, _FROM]
Back = Annotated[str, _BACK]
OtherStart = Annotated[str | None, _FROM]
OtherBack = Annotated[str | None, _BACK]
Rota = Annotated[str | None, Parameter(help="The rota whose people its alarms page, by its id.")]


def number_of(typed: str) -> str:
    """The deployment's number that `typed` says, once DEPLOYMENT_FORM has let it pass."""
    return f"DEP-{typed.rpartition('-')[2]}"


def wanted_of(typed: list[str] | None) -> list[KitWanted] | None:
    """What kit is wanted, once WANTED_FORM has let each pass; None stays."""
    if typed is None:
        return None
    found = [_WANTED.fullmatch(one) for one in typed]
    return [
        msgspec.convert({"kind": one["kind"], "model": one["model"], "count": int(one["count"] or 1)}, KitWanted)
        for one in found
        if one is not None
    ]


def attending_of(typed: list[str]) -> list[Attending]:
    """Who goes as what, once WHO_FORM has let each pass; an engineer unless it is said."""
    found = [_WHO.fullmatch(one) for one in typed]
    roles: list[tuple[str, TeamRole]] = [
        (one["person"], msgspec.convert(one["role"] or "engineer", TeamRole)) for one in found if one is not None
    ]
    return [Attending(person=person, role=role) for person, role in roles]


async def seen(door: FleetClient, typed: str) -> DeploymentView:
    """The deployment that `typed` says, as it is now; raises ClientError."""
    return await door.deployment(number_of(typed))
