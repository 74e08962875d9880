"""Asking again before something that can not be taken back."""

import sys
from typing import Annotated

from cyclopts import Parameter

from fleet.errors import CommandIncomplete, RequestRefused

Yes = Annotated[bool, Parameter(negative="", help="Do not ask again; needed where nobody can be asked.")]


def confirm(wanted: str, doing: str, means: str) -> None:
    """Let the person type `wanted`; raises RequestRefused for anything else, and
    CommandIncomplete where nobody can be asked.

    `doing` names what is done to what, as "revoking unit-1"; `means` is what that means.
    """
    if not sys.stdin.isatty():
        raise CommandIncomplete(
            "not-confirmed", f"nobody is here to be asked about {doing}", "say --yes if it is meant"
        )
    typed = input(f"{doing} {means}; type {wanted} to go on: ")
    if typed.strip() != wanted:
        raise RequestRefused("not-confirmed", f"that is not {wanted}", "nothing was changed; look again")
