"""What commands about rotas have in common: arguments, and whose records they are about."""

import re
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.options import PERSON_FORM, ShortLine, WholeNumber
from fleet.client import FleetClient

RotaName = Annotated[str, Parameter(help="The rota's id, the beginning of it, or its name.")]
RotaOption = Annotated[str | None, Parameter(name="--rota", help="The rota; not needed where there is only one.")]
PlanName = Annotated[str, Parameter(help="The plan's id, or the beginning of it.")]
Person = Annotated[str, Parameter(validator=PERSON_FORM, help="Who, as TO-12.")]
PersonOrMe = Annotated[str | None, Parameter(validator=PERSON_FORM, help="Who, as TO-12; without it, you.")]
PersonOption = Annotated[str | None, Parameter(name="--person", validator=PERSON_FORM, help="Whose, as TO-12.")]
Break = Annotated[
    int, Parameter(name="--break", validator=WholeNumber(0, 600), help="Minutes of rest breaks taken in it.")
]
Zone = Annotated[
    str | None, Parameter(help="The zone of the times, as Europe/London; without it, the one in which all rotas are.")
]
Reference = Annotated[
    str, Parameter(name=("--ref", "--reference"), validator=ShortLine(0, 80), help="The deployment's or event's name.")
]
Why = Annotated[str, Parameter(name="--reason", validator=ShortLine(0, 200), help="Why, in one line.")]
Despite = Annotated[
    str,
    Parameter(validator=ShortLine(0, 200), help="Why it is done although it brings breaches or faults; it is logged."),
]


async def whom(door: FleetClient, person: str | None) -> str:
    """`person`, or who is signed in."""
    return (await door.whoami()).person_id if person is None else person


def is_record(typed: str, letter: str) -> bool:
    """Whether `typed` is a whole id of a record of that kind, as the controller gives them."""
    return re.fullmatch(rf"{letter}-[0-9a-f]{{12}}", typed, re.ASCII) is not None
