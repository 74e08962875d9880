"""What would be different in a plan, looked at before it is."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from fleet.wiring.rules.difference_lines import difference_lines
from protocols.wiring.plan import Plan
from tui.dialogs.page import PageDialog
from tui.paint import EMPTY, Line
from tui.wiring_marks import lines_of

_WIDTH = 70


class WiringPreviewDialog(PageDialog[bool]):
    """Shows what was said and what comes, goes and changes; returns True when the person takes it with `y`, None when
    closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "yes, take it")]

    def __init__(self, title: str, said: Sequence[Line], before: Plan, after: Plan, tail: Sequence[Line] = ()) -> None:
        changed = lines_of(difference_lines(before, after, _WIDTH - 2))
        super().__init__([*said, EMPTY, *changed, EMPTY, *tail], title)

    def action_yes(self) -> None:
        """Take it."""
        self.dismiss(result=True)
