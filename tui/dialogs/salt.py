"""The salt under which a document's hash was recorded: shown once, for nobody can ask for it later."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.authorities import DocumentHash
from tui.dialogs.dialog import Dialog, Words, labelled
from tui.paint import Line, Span, wrap

_TOLD = (
    "Write both into the file with the document, now: the salt is shown this once, and without it nobody can show"
    " later which document it was. The hash is SHA-256 of the salt's 16 bytes and then the document."
)


class SaltDialog(Dialog[None]):
    """Shows the salt of what was `recorded`, until `k` says that it is kept; `esc` alone does not close it."""

    TITLE = "Keep this with the document"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("k", "kept", "kept: close"),
        Binding("y", "copy", "copy"),
        Binding("escape", "close", "close", show=False),
    ]

    def __init__(self, recorded: str, document: DocumentHash) -> None:
        super().__init__()
        self._recorded = recorded
        self._document = document

    @override
    def content(self) -> ComposeResult:
        """Of what it is, the salt, what to do with it."""
        lines: list[Line] = [(), *[(Span(" "), *line) for line in wrap(self._recorded, 68, "good")], ()]
        lines.append(labelled("salt", (Span(self._document.salt, "strong"),), 7))
        lines += [labelled("sha256" if not n else "", part, 7) for n, part in enumerate(self._halves)]
        yield Words([*lines, (), *[(Span(" "), *line) for line in wrap(_TOLD, 68, "fair")], ()])

    @property
    def _halves(self) -> list[Line]:
        text = self._document.sha256
        return [(Span(text[:32], "strong"),), (Span(text[32:], "strong"),)]

    def action_kept(self) -> None:
        """It is written down."""
        self.dismiss(None)

    def action_copy(self) -> None:
        """Through the terminal (OSC 52), where it allows that."""
        self.app.copy_to_clipboard(f"salt {self._document.salt} sha256 {self._document.sha256}")
        self.desk.say("copied, if your terminal lets programs do that", "good")

    @override
    def action_close(self) -> None:
        """A key too many is no reason to lose it."""
        self.desk.say("k closes it, once the salt is written down", "fair")
