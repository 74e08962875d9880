"""A QR code with its words on the whole screen."""

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui.asks import Asks
from tui.lines import Page
from tui.paint import Line


class CodeScreen(Asks, ModalScreen[None]):
    """Shows nothing but `lines`, because every line counts, until it is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._page = Page(id="code")

    def lines(self, width: int, height: int) -> list[Line]:
        """What is shown on a terminal of this size."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """Nothing but the page."""
        yield self._page

    def on_mount(self) -> None:
        """Show it."""
        self.draw()

    def on_resize(self) -> None:
        """Fit it to the terminal."""
        self.draw()

    def draw(self) -> None:
        """Show it as it is now."""
        self._page.show(self.lines(self.size.width, self.size.height))

    def action_close(self) -> None:
        """Back."""
        self.dismiss()
