"""Options that commands share, and what is said of those that are wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    UnknownCommandError,
    UnusedCliTokensError,
    ValidationError,
)

LEAST_BAUD = 300
MOST_BAUD = 4_000_000


@dataclass(frozen=True)
class WholeNumber:
    """A cyclopts validator: a whole number from `least` to `most`, both included."""

    least: int
    most: int

    @property
    def words(self) -> str:
        """What is expected."""
        return f"a whole number from {self.least} to {self.most}"

    def __call__(self, _type: Any, value: Any) -> None:
        """Raise ValueError for a number outside."""
        for each in value if isinstance(value, list | tuple) else (value,):
            if each is not None and not self.least <= each <= self.most:
                raise ValueError(self.words)


_BAUD = WholeNumber(LEAST_BAUD, MOST_BAUD)

Port = Annotated[
    str, Parameter(help="The port: a path, a by-id name, a serial number, or a part of a label that only one has.")
]
Baud = Annotated[int, Parameter(validator=_BAUD, help="Speed of the line, bit/s.")]
Bauds = Annotated[
    list[int] | None, Parameter(name="--baud", negative="", validator=_BAUD, help="Speed, bit/s; may be repeated.")
]
SpyFile = Annotated[
    Path | None,
    Parameter(
        name="--spy", allow_leading_hyphen=True, help="Write the traffic readably to this file, - for standard error."
    ),
]
Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON.")]


def usage_line(error: CycloptsError) -> str:
    """One line that says what is wrong with a command line and where to read how it should be."""
    chain = " ".join(["firmware-bridge", *(error.command_chain or ())])
    if isinstance(error, ValidationError | CoercionError) and (expected := _expected(error)):
        return f"{_option(error)}: {expected}"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        return f"{_option(error)} {'needs a value' if error.keyword else 'is missing'}; see {chain} --help"
    if isinstance(error, UnusedCliTokensError):
        return f"{' '.join(error.unused_tokens or ())!r} is too much; see {chain} --help"
    said = " ".join(str(error).split())
    return said if isinstance(error, UnknownCommandError) else f"{said} See {chain} --help."


def _expected(error: CycloptsError) -> str:
    """What the option that `error` is about expects; empty where nobody has said."""
    if error.argument is None:
        return ""
    given: Any = error.argument.parameter.validator
    for validator in given if isinstance(given, Sequence) else (given,):
        if isinstance(validator, WholeNumber):
            return validator.words
    return ""


def _option(error: CycloptsError) -> str:
    """The option as it is typed, or the name of an argument in capitals, as --help has it."""
    assert error.argument is not None
    name = error.argument.name
    return name.lstrip("-").upper() if error.argument.field_info.is_positional else name
