"""The codes on labels. Pure."""

import re

_TYPED = re.compile(r"(?:K-?)?([0-9]{1,6})", re.ASCII | re.IGNORECASE)


def code_of(number: int) -> str:
    """The code of the item of a number, as `K-0042`; six digits at most."""
    if not 0 < number < 1_000_000:
        raise ValueError(f"no label for number {number}")
    return f"K-{number:04}"


def typed_code(text: str) -> str | None:
    """The code that somebody typed or a scanner sent, as `k42` or ` K-0042 `; None where it is none."""
    found = _TYPED.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        return None
    return code_of(int(found[1]))
