"""Times to come, as people type them: a day, a time, or a length of time from now on."""

import re
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from fleet.cli.log_scope import WHEN_FORM, moment_of
from fleet.cli.options import Form, span

_SPAN = re.compile(r"([+-]?) ?([1-9][0-9]{0,5} ?(?:s|min|h|d))", re.ASCII)
_AHEAD = "now, a day or time as 2026-11-22 or 2026-11-22T14:02, or a length of time from now as 30min, 8h or +7d"
AHEAD_FORM = Form(re.compile(rf"now|{_SPAN.pattern}|{WHEN_FORM.pattern.pattern}", re.ASCII), _AHEAD)
When = Annotated[
    str,
    Parameter(validator=AHEAD_FORM, allow_leading_hyphen=True, help=f"{_AHEAD[0].upper()}{_AHEAD[1:]}; -2h is ago."),
]


def moment_ahead(text: str, now: datetime) -> datetime:
    """The time that `text` says, once AHEAD_FORM has let it pass, in whole seconds; without a zone, in this machine's.

    Raises RequestRefused for a day that its month does not have.
    """
    if text == "now":
        return now.replace(microsecond=0)
    length = _SPAN.fullmatch(text)
    if length is None:
        at = moment_of(text, now)
    else:
        at = now - span(length[2]) if length[1] == "-" else now + span(length[2])
    return at.astimezone(UTC).replace(microsecond=0)
