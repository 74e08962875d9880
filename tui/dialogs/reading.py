"""Something to be read to its end before `y` is taken."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from tui.dialogs.page import PageDialog
from tui.paint import Line


class ReadingDialog(PageDialog[bool]):
    """Returns True when the person wants what is shown, None when closed. `y` is taken only while the last line is on
    the screen."""

    CHROME: ClassVar[int] = 7
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "yes, sign it")]

    def __init__(self, title: str, lines: list[Line]) -> None:
        super().__init__(lines, title)

    def action_yes(self) -> None:
        """Go on, at the end of the text."""
        if self.is_more:
            self.desk.say("read it to its end first: ↓", "fair")
        else:
            self.dismiss(result=True)
