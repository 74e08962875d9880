"""The console's styles, parsed once: Textual parses them all anew for each room that is opened for the first time."""

from textual.css.stylesheet import Stylesheet
from typing_extensions import override


class ParsedOnce(Stylesheet):
    """Parses what was added, and everything only when the variables (the theme's colours) have become others."""

    @override
    def set_variables(self, variables: dict[str, str]) -> None:
        if variables != self._variables:
            super().set_variables(variables)

    @override
    def reparse(self) -> None:
        self.parse()
