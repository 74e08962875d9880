"""Asking the person at the terminal: what they type, and again before something that can not be taken back."""

import sys
from typing import Annotated

from cyclopts import Parameter

from fleet.errors import CommandIncomplete, RequestRefused
from protocols.text import escaped

Yes = Annotated[bool, Parameter(negative="", help="Do not ask again; needed where nobody can be asked.")]


def answer_to(question: str) -> str:
    """What the person answers, without blanks around it; empty at the end of input. Standard input is a terminal.

    The question is on standard error: what is printed stays what the command is for.
    """
    sys.stderr.write(escaped(question))
    sys.stderr.flush()
    try:
        return input().strip()
    except EOFError:
        sys.stderr.write("\n")
        return ""


def confirm(wanted: str, doing: str, means: str) -> None:
    """Let the person type `wanted`; raises RequestRefused for anything else, and
    CommandIncomplete where nobody can be asked.

    `doing` names what is done to what, as "revoking unit-1"; `means` is what that means.
    """
    if not sys.stdin.isatty():
        raise CommandIncomplete(
            "not-confirmed", f"nobody is here to be asked about {doing}", "say --yes if it is meant"
        )
    if answer_to(f"{doing} {means}; type {wanted} to go on: ") != wanted:
        raise RequestRefused("not-confirmed", f"that is not {wanted}", "nothing was changed; look again")
