"""Asked before a device at the bench is updated, and before an update is broken off."""

import asyncio
from collections.abc import Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Label
from typing_extensions import override

from firmware_bridge.errors import BridgeError
from firmware_bridge.images.installed import Installed
from tui.dialogs.dialog import Dialog, Words
from tui.dialogs.form import Form
from tui.field import Field
from tui.firmware_update import BenchUpdate, Wish, wish_of
from tui.firmware_update_lines import left_words, wish_lines
from tui.paint import Line, Span, wrap
from tui.rota_forms import Unclear

_WIDTH = 70
_ROWS = (
    ("image", "image", "the signed .bin: ~/roof-1.2.0.bin"),
    ("board", "board", "what the device is; empty if the image names none"),
    ("key", "key", "its bootloader's public key, a .pem, or several"),
)


class UpdateDialog(Form[Wish]):
    """Returns the image to bring the device to, read and judged, None when closed.

    Enter leads from field to field; in the last it reads and judges, and says what would be done or why not. The next
    Enter begins it, unless something was changed meanwhile."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "begin it")]

    def __init__(self, name: str, installed: Installed, typed: Mapping[str, str]) -> None:
        super().__init__(f"Update {name}")
        self._called = name
        self._installed = installed
        self._typed = typed
        self._judged: Wish | None = None
        self._fault = ""

    @override
    def content(self) -> ComposeResult:
        """The fields, then what would be done."""
        for field, label, hint in _ROWS:
            with Horizontal(classes="field"):
                yield Label(f" {label}", markup=False, classes="label")
                yield Field(self._typed.get(field, ""), hint=hint, id=field, most=1000)
        yield self.sentence

    @property
    def values(self) -> dict[str, str]:
        """What is typed."""
        return {field: self.query_one(f"#{field}", Field).value.strip() for field, *_ in _ROWS}

    @override
    def tell(self) -> None:
        """See Form."""
        if self._judged is not None:
            said = [
                *wish_lines(self._judged, self._called, self._installed, _WIDTH),
                (),
                (Span("Enter once more begins it.", "loud"),),
            ]
        elif self._fault:
            said = wrap(self._fault, _WIDTH, "bad")
        else:
            words = (
                f"{self._called} runs {self._installed.version}. Nothing is sent before the image has been judged: "
                "hash, signature, board, version. An older one takes a permit: firmware-bridge update --permit."
            )
            said = wrap(words, _WIDTH, "muted")
        self.sentence.say([(), *[(Span(" "), *line) for line in said], ()])
        self._say_enter()

    def _say_enter(self) -> None:
        fields = list(self.query(Field))
        for field in fields:
            is_last = field is fields[-1]
            field.enter_does = "begin it" if self._judged is not None else "judge it" if is_last else "next field"
        self.refresh_bindings()

    @override
    def on_input_changed(self, message: Input.Changed) -> None:
        """What was judged is another now."""
        self._judged, self._fault = None, ""  # Textual calls the form's handler too, which tells

    @override
    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field; the form's own handler would save at once."""
        message.stop()
        message.prevent_default()
        if self._judged is None and message.input is not list(self.query(Field))[-1]:
            self.focus_next(Field)
        else:
            self.action_save()

    @override
    def action_save(self) -> None:
        """Begin what was judged, else judge."""
        if self._judged is not None:
            self.desk.bench.typed = self.values
            self.dismiss(self._judged)
            return
        values = self.values
        self.ask("judging", lambda: _judged(values, self._installed), lambda found: self._found(values, found))

    def _found(self, values: Mapping[str, str], found: Wish | Exception) -> None:
        if values != self.values:
            return
        if isinstance(found, Wish):
            self._judged = found
        else:
            self._fault = str(found)
        if isinstance(found, Unclear):
            self.set_focus(self.query_one(f"#{found.field}", Field))
        self.tell()


async def _judged(values: Mapping[str, str], running: Installed) -> Wish | Unclear | BridgeError:
    try:
        return await asyncio.to_thread(wish_of, values, running)
    except (Unclear, BridgeError) as error:
        return error


class BreakOffDialog(Dialog[bool]):
    """Returns True when the person pressed `y`, None when closed; it closes by itself when the update is over."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "break it off")]

    def __init__(self, update: BenchUpdate, name: str) -> None:
        super().__init__(f"Break off the update of {name}")
        self._update = update
        self._words = Words(self._lines())

    @override
    def content(self) -> ComposeResult:
        """What is so then."""
        yield self._words

    def _lines(self) -> list[Line]:
        lines: list[Line] = [(Span(" "), *line) for line in wrap(left_words(self._update), _WIDTH)]
        return [(), *lines, ()]

    @override
    def tick(self) -> None:
        """The update goes on meanwhile."""
        if self._update.is_over:
            self.action_close()
        else:
            self._words.say(self._lines())

    def action_yes(self) -> None:
        """Break it off."""
        self.dismiss(result=True)
