"""What to look for in the log."""

from typing import NamedTuple

import msgspec
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Label
from typing_extensions import override

from protocols.api.log import LogQuery
from tui.dialogs.form import Form
from tui.field import Field
from tui.paint import Line, Span
from tui.periods import HINT, PeriodUnclear, read_moment
from tui.words import full_moment


class _Row(NamedTuple):
    name: str
    label: str
    hint: str
    most: int


_ROWS = (
    _Row("unit", " unit", "its id, as unit-2k4m9xpw (l on its page fills it in)", 40),
    _Row("person", " person", "who acted or whom it is about, as TO-12", 9),
    _Row("authority", " authority", "its reference", 60),
    _Row("deployment", " deployment", "", 60),
    _Row("kind", " kind", "its beginning, as unit. or log.read", 40),
    _Row("since", " since", HINT, 24),
    _Row("until", " until", HINT, 24),
)


class LogQueryDialog(Form[LogQuery]):
    """Returns the question, None when closed; every field may stay empty."""

    TITLE = "Look in the log for"

    def __init__(self, asked: LogQuery) -> None:
        super().__init__()
        self._asked = asked

    @override
    def content(self) -> ComposeResult:
        """A field for each part of the question."""
        for row in _ROWS:
            with Horizontal(classes="field"):
                yield Label(row.label, markup=False, classes="label")
                yield Field(
                    self._said(row.name), hint=row.hint, most=row.most, id=row.name, enter="look", replaced=True
                )
        yield self.sentence

    def _said(self, name: str) -> str:
        value = getattr(self._asked, name)
        if name not in {"since", "until"}:
            return value or ""
        zone = self.desk.server_clock.utc
        return "" if value is None else f"{value.astimezone(None) if not zone else value:%Y-%m-%d %H:%M}"

    def _query(self) -> LogQuery:
        """The question; raises PeriodUnclear, msgspec.ValidationError."""
        clock = self.desk.server_clock
        given = {row.name: self.query_one(f"#{row.name}", Field).value.strip() for row in _ROWS}
        periods = {name: read_moment(given.pop(name), clock.now(), utc=clock.utc) for name in ("since", "until")}
        asked = {name: value or None for name, value in given.items()} | periods
        return msgspec.convert(asked, LogQuery)

    @override
    def tell(self) -> None:
        """See Form."""
        try:
            query = self._query()
        except PeriodUnclear as error:
            self.sentence.say([(), (Span(f" {error}", "fair"),), ()])
        except msgspec.ValidationError as error:
            field = str(error).rpartition("$.")[2].rstrip("`")
            self.sentence.say([(), (Span(f" {field or 'something'} does not have its form yet", "fair"),), ()])
        else:
            self.sentence.say([(), *query_lines(query, utc=self.desk.server_clock.utc), ()])

    @override
    def action_save(self) -> None:
        """See Form."""
        try:
            self.dismiss(self._query())
        except PeriodUnclear as error:
            self.desk.say(str(error), "fair")
        except msgspec.ValidationError:
            self.desk.say("something does not have its form yet", "fair")


def query_words(query: LogQuery, *, utc: bool) -> list[tuple[str, str]]:
    """The parts of a question that are said, named."""
    parts: list[tuple[str, str]] = []
    for row in _ROWS:
        value = getattr(query, row.name)
        if value is not None:
            parts.append((row.name, value if isinstance(value, str) else full_moment(value, utc=utc)))
    return parts


def query_lines(query: LogQuery, *, utc: bool) -> list[Line]:
    """A question in words, and that asking it goes into the log."""
    said = ", ".join(f"{name} {value}" for name, value in query_words(query, utc=utc)) or "everything"
    return [(Span(f" {said}", "strong"),), (Span(" What you read is an entry itself.", "muted"),)]
