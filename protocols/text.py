"""Text that a person will read: one line, without signs that could move a cursor or turn the writing round.

A unit's words end up in databases, terminals and logs, so they are bound where they enter. Patterns end in
`$(?!\\n)` because a lone `$` lets a final line end pass.
"""

import re
from typing import Annotated

from msgspec import Meta

_SIGNS = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069"
ONE_LINE = f"^[^{_SIGNS}]*$(?!\\n)"
"""Pattern of text without control signs, line ends and direction overrides."""

_UNFIT = re.compile(f"[{_SIGNS}\\ud800-\\udfff]+")

ShortText = Annotated[str, Meta(max_length=80, pattern=ONE_LINE)]
SummaryText = Annotated[str, Meta(max_length=200, pattern=ONE_LINE)]
LongText = Annotated[str, Meta(max_length=500, pattern=ONE_LINE)]


def one_line(text: str, limit: int) -> str:
    """`text` made fit to send: runs of unfit signs become one blank, and at most `limit` signs are kept."""
    return _UNFIT.sub(" ", text).strip()[:limit]


def escaped(text: str) -> str:
    """`text` for a terminal: each unfit sign as `\\uXXXX`, as JSON writes it, so that it is seen and does nothing."""
    return _UNFIT.sub(lambda run: "".join(f"\\u{ord(sign):04x}" for sign in run[0]), text)
