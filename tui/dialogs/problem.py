"""A refusal: what, by which rule, and what would make it possible."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.problems import Problem
from tui.dialogs.dialog import Dialog, Words
from tui.paint import Line, Span, wrap

_WIDTH = 68


def problem_lines(problem: Problem) -> list[Line]:
    """The refusal in words: the rule's code is there to be quoted."""
    lines: list[Line] = [
        (),
        *_indented(problem.message, "strong"),
        (),
        (Span(" rule     ", "muted"), Span(problem.code)),
    ]
    if problem.remedy:
        first, *others = wrap(problem.remedy, _WIDTH - 9)
        lines.append((Span(" remedy   ", "muted"), *first))
        lines += [(Span(" " * 10), *line) for line in others]
    return [*lines, ()]


def _indented(text: str, tone: str) -> list[Line]:
    return [(Span(" "), *line) for line in wrap(text, _WIDTH, "strong" if tone == "strong" else "plain")]


class ProblemDialog(Dialog[None]):
    """Shows a refusal until it is closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "close", "close", show=False)]

    def __init__(self, problem: Problem, title: str = "Refused") -> None:
        super().__init__(title, classes="refusal")
        self._problem = problem

    @override
    def content(self) -> ComposeResult:
        """The refusal."""
        yield Words(problem_lines(self._problem))
