"""What rooms of fields have in common: a page of fields, each with what is said beside it, and lines below."""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantFocus
from textual.widgets import Input, Label
from typing_extensions import override

from tui.field import Field
from tui.lines import Page
from tui.paint import Line, fit
from tui.rooms.room import Room


class FieldRow(NamedTuple):
    """A field: what it is called, its label, its text, and what it says while empty."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    most: int = 20


class WiringFieldsRoom(Room):
    """Subclasses fill `title_line`, `beside_line`, `below_lines` and `action_go_on`.

    `esc` asks once before it throws away what was typed."""

    ROOM = "wiring"
    LABEL_COLUMNS: ClassVar[int] = 12
    GOES_ON: ClassVar[str] = "go on"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "go on"),
        Binding("tab,down", "app.focus_next", "next field"),
        Binding("shift+tab,up", "app.focus_previous", "field before", show=False),
        Binding("escape", "back", "back"),
    ]

    def __init__(self, rows: Sequence[FieldRow]) -> None:
        super().__init__()
        self._rows = list(rows)
        self._fields = {
            row.name: Field(
                row.value, hint=row.hint, most=row.most, enter=self.GOES_ON, replaced=row.most <= 20, id=row.name
            )
            for row in rows
        }
        self._beside = {row.name: Page(classes="beside") for row in rows}
        self._title = Page(id="title")
        self._below = Page(id="below")
        self._is_leaving = False

    def title_line(self) -> Line:
        """What is asked."""
        raise NotImplementedError

    def beside_line(self, name: str) -> Line:
        """What is said beside a field, as it is now."""
        raise NotImplementedError

    def below_lines(self, width: int) -> list[Line]:
        """What comes of all of them, for `width` columns."""
        raise NotImplementedError

    def action_go_on(self) -> None:
        """Go on with what the fields say."""
        raise NotImplementedError

    def work_out(self) -> None:
        """The fields say something else: work out what comes of it, before it is shown."""

    @override
    def body(self) -> ComposeResult:
        """Title, fields, what comes of them."""
        yield self._title
        with VerticalScroll(id="fields", can_focus=False):
            for row in self._rows:
                with Horizontal(classes="field"):
                    label = Label(f" {fit(row.label, self.LABEL_COLUMNS)}", markup=False, classes="tight")
                    yield label
                    yield self._fields[row.name]
                    yield self._beside[row.name]
        yield self._below

    def on_mount(self) -> None:
        """The cursor is in the first field."""
        if self._rows:
            self.set_focus(self._fields[self._rows[0].name])
        self.tell()

    @property
    def texts(self) -> dict[str, str]:
        """What the fields say, by their names."""
        return {name: field.value for name, field in self._fields.items()}

    @property
    def field_name(self) -> str:
        """The field that the cursor is in; empty when it is in none."""
        return next((name for name, field in self._fields.items() if field.has_focus), "")

    def tell(self) -> None:
        """Work out and show what comes of what was typed."""
        self.work_out()
        self.show_all()

    def show_all(self) -> None:
        """Show what is known now."""
        self._title.show([self.title_line()])
        for name, page in self._beside.items():
            page.show([self.beside_line(name)])
        self._below.show(self.below_lines(max(40, self.size.width - 2)))

    def focus_field(self, name: str) -> None:
        """Put the cursor into a field."""
        if name in self._fields:
            self.set_focus(self._fields[name])

    @override
    def refetch(self) -> None:
        """See Room. What is here is the person's own."""

    @override
    def tick(self) -> None:
        """See Room."""

    def on_resize(self) -> None:
        """Broken anew for another width."""
        self.call_after_refresh(self.show_all)

    def on_input_changed(self, message: Input.Changed) -> None:
        """Judge it as it is typed."""
        message.stop()
        self._is_leaving = False
        self.tell()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field."""
        message.stop()
        self.action_go_on()

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """What is said may be about the field that the cursor is in."""
        event.stop()
        self.show_all()

    @override
    def may_leave(self) -> bool:
        """See Room."""
        if self._is_leaving or all(self._fields[row.name].value == row.value for row in self._rows):
            return True
        self._is_leaving = True
        self.desk.say("esc again throws away what you typed", "fair")
        return False

    @override
    def action_back(self) -> None:
        """Back; the second time when something was typed."""
        if self.may_leave():
            self.dismiss(None)
