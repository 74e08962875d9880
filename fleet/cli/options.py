"""What options may be, said in people's words where they are not."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Protocol, runtime_checkable

from cyclopts import (
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    Parameter,
    UnknownCommandError,
    UnusedCliTokensError,
    ValidationError,
)

from protocols.ids import PERSON_ID
from protocols.text import ONE_LINE

_ONE_LINE = re.compile(ONE_LINE)
_SPAN = re.compile(r"([1-9][0-9]{0,5}) ?(s|min|h|d)", re.ASCII)
_SPANS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


@runtime_checkable
class Expected(Protocol):
    """A cyclopts validator that can say what it expects."""

    @property
    def words(self) -> str:
        """What is expected, to follow the option's name: `a whole number from 1 to 5`."""

    def __call__(self, kind: Any, value: Any, /) -> None:
        """Raise ValueError for anything else."""


@dataclass(frozen=True)
class WholeNumber:
    """A whole number from `least` to `most`, both included."""

    least: int
    most: int

    @property
    def words(self) -> str:
        """As `Expected` has it."""
        return f"a whole number from {self.least} to {self.most}"

    def __call__(self, _type: Any, value: Any) -> None:
        """Raise ValueError for a number outside."""
        if value is not None and not self.least <= value <= self.most:
            raise ValueError(self.words)


@dataclass(frozen=True)
class Form:
    """A text with a form: `pattern` has to match all of it."""

    pattern: re.Pattern[str]
    words: str

    def __call__(self, _type: Any, value: Any) -> None:
        """Raise ValueError for a text of another form."""
        if value is not None and self.pattern.fullmatch(value) is None:
            raise ValueError(self.words)


@dataclass(frozen=True)
class Each:
    """Several texts, each of a form."""

    form: Expected

    @property
    def words(self) -> str:
        """As `Expected` has it."""
        return self.form.words

    def __call__(self, kind: Any, values: Any) -> None:
        """Raise ValueError when one has another form."""
        for value in values or ():
            self.form(kind, value)


@dataclass(frozen=True)
class ShortLine:
    """One line of text of `least` to `most` signs."""

    least: int
    most: int

    @property
    def words(self) -> str:
        """As `Expected` has it."""
        signs = f"at most {self.most}" if self.least == 0 else f"{self.least} to {self.most}"
        return f"one line of {signs} signs"

    def __call__(self, _type: Any, value: Any) -> None:
        """Raise ValueError for a longer text, and for one with line ends or other control signs."""
        if value is None:
            return
        if not self.least <= len(value) <= self.most or _ONE_LINE.search(value) is None:
            raise ValueError(self.words)


PERSON_FORM = Form(PERSON_ID, "two capitals, a dash, two to six digits, as TO-12")
PERSON_NAME = ShortLine(1, 80)
PersonId = Annotated[str, Parameter(validator=PERSON_FORM)]
PersonName = Annotated[str, Parameter(validator=PERSON_NAME, help="The person's name.")]
ConfigFile = Annotated[
    Path, Parameter(name="--config", help="The controller's TOML settings.", env_var="MUSTER_CONFIG")
]
UnitName = Annotated[str, Parameter(help="The unit's id, the beginning of it, or the unit's label.")]
AuthorityName = Annotated[str, Parameter(help="The authority's id, the beginning of it, or its reference.")]
MandateName = Annotated[str, Parameter(help="The mandate's id, or the beginning of it.")]
Label = Annotated[
    str,
    Parameter(validator=ShortLine(0, 40), help="The unit's short name. It must not say whom or where the unit serves."),
]
Reason = Annotated[str, Parameter(validator=ShortLine(1, 200), help="Why, in one line.")]
SPAN_FORM = Form(_SPAN, "a length of time, as 30min, 2h or 7d")
Since = Annotated[
    str | None,
    Parameter(validator=SPAN_FORM, help="How far back, as 30min, 2h or 7d."),
]


def why_unreadable(error: OSError | UnicodeDecodeError) -> str:
    """Why a file that a person named can not be used, without the number of the system's error."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else "it is no plain text"


def span(text: str) -> timedelta:
    """The length of time that `text` says, once `Since` has let it pass."""
    found = _SPAN.fullmatch(text)
    assert found is not None
    return timedelta(**{_SPANS[found[2]]: int(found[1])})


def usage_line(error: CycloptsError) -> str:
    """One line that says what is wrong with a command line and where to read how it should be."""
    chain = " ".join(["fleet", *(error.command_chain or ())])
    if isinstance(error, ValidationError | CoercionError) and (expected := _expected(error)):
        return f"{_option(error)}: {expected}"
    if isinstance(error, MissingArgumentError) and error.argument is not None:
        what = "needs a value" if error.keyword else "is missing"
        return f"{_option(error)} {what}; see {chain} --help"
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
        if isinstance(validator, Expected):
            return validator.words
    if isinstance(error, CoercionError) and error.target_type is int:
        return "a whole number"
    return ""


def _option(error: CycloptsError) -> str:
    """The option as it was typed, or the name of an argument in capitals, as --help has it."""
    assert error.argument is not None
    tokens = error.argument.tokens
    typed = tokens[0].keyword if tokens else None
    token = getattr(error, "token", None)
    typed = typed or (token.keyword if token is not None else None)
    if typed:
        return str(typed)
    name = error.argument.name
    return name.lstrip("-").upper() if error.argument.field_info.is_positional else name
