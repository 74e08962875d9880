"""Naming administrators on the controller's own host, for founding and founding anew."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.options import PERSON_FORM, PERSON_NAME, WholeNumber
from fleet.cli.output import print_remark
from fleet.cli.person_key import read_key_file
from fleet.errors import RequestRefused
from protocols.api.people import NewPerson

Administrators = Annotated[
    list[tuple[str, str, Path]],
    Parameter(
        name="--administrator",
        negative="",
        help="Id, name and .pub file of an administrator; give it twice at least, three times is advised.",
    ),
]
ValidDays = Annotated[int, Parameter(validator=WholeNumber(1, 1830), help="Days for which the key is good, 1 to 1830.")]
ADVISED = 3


def new_administrators(given: list[tuple[str, str, Path]], valid_days: int) -> list[NewPerson]:
    """The administrators named; raises RequestRefused for a wrong id or name, SettingsInvalid for a bad key file."""
    for person_id, name, _ in given:
        for form, value in ((PERSON_FORM, person_id), (PERSON_NAME, name)):
            try:
                form(str, value)
            except ValueError as error:
                raise RequestRefused(
                    "administrator-unreadable", f"{value[:80]!r} is not {error}", "see --help"
                ) from error
    return [
        NewPerson(person_id=person_id, name=name, role="administrator", key=read_key_file(key), valid_days=valid_days)
        for person_id, name, key in given
    ]


def advise(count: int) -> None:
    """Say what two administrators mean."""
    if count < ADVISED:
        print_remark(
            f"{count} administrators: when one of them loses their key, nobody can change the people list, and every "
            "unit needs a voucher and a visit. Add a third soon: fleet person add"
        )
