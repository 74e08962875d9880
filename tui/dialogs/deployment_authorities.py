"""Choosing the recorded authorities that a deployment rests on."""

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.authorities import AuthorityView
from tui.authority_lines import state_words
from tui.deployment_ticks import TickList
from tui.deployment_words import Look
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Dialog, Words
from tui.paint import Line, Span, fit

_MOST = 10
_MOST_NAMED = 10
_OVER = ("ended", "cancelled")


def choosable(views: Sequence[AuthorityView], named: Collection[str]) -> list[AuthorityView]:
    """Those named, then those that hold or are to come, urgent oral ones first, those that end first before others."""
    open_ones = [one for one in views if one.state not in _OVER or one.authority_id in named]
    return sorted(open_ones, key=lambda one: (one.authority_id not in named, not one.urgent_oral, one.ends_at))


class AuthoritiesDialog(Dialog[list[str]]):
    """Returns the ids of the authorities that are ticked, None when closed or when nothing changes."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "name them")]

    def __init__(self, deployment: str, views: Sequence[AuthorityView], named: Sequence[str], look: Look) -> None:
        super().__init__(f"What {deployment} rests on")
        self._deployment = deployment
        self._views = choosable(views, named)
        self._named = list(named)
        self._ticked = list(named)
        self._look = look
        self._listing: TickList[AuthorityView] = TickList(self._draw, lambda view: view.authority_id)
        self._words = Words()

    @override
    def content(self) -> ComposeResult:
        """The authorities, then the sentence."""
        if not self._views:
            yield Words(
                [(), (Span(" No authority is recorded that holds: an approver records one (0, a, n).", "fair"),)]
            )
        self._listing.styles.height = max(1, min(_MOST, len(self._views)))
        yield self._listing
        yield self._words

    def on_mount(self) -> None:
        """What is named already is ticked."""
        super().on_mount()
        self._listing.show(self._views)
        self._tell()

    def _draw(self, view: AuthorityView, width: int) -> Line:
        ticked = view.authority_id in self._ticked
        state = state_words(view, self._look.now)
        return (
            Span("[x] " if ticked else "[ ] ", "accent"),
            Span(fit(view.reference, max(12, width - 52)), "strong"),
            Span(" " + fit(" ".join(view.kinds), 21)),
            Span(fit(state.text, 12), state.tone),
            Span(f" {self._look.moment(view.ends_at)}", "muted"),
        )

    def action_tick(self) -> None:
        """Name the one under the cursor, or do not."""
        view = self._listing.item
        if view is None:
            return
        if view.authority_id in self._ticked:
            self._ticked.remove(view.authority_id)
        elif len(self._ticked) < _MOST_NAMED:
            self._ticked.append(view.authority_id)
        self._listing.repaint()
        self._tell()

    def _tell(self) -> None:
        if set(self._ticked) == set(self._named):
            self._words.say([(), (Span(" Nothing is changed; space ticks.", "muted"),), ()])
            return
        names = [one.reference for one in self._views if one.authority_id in self._ticked]
        said = f"that {self._deployment} rests on {', '.join(names) or 'no authority'}"
        self._words.say([(), *log_sentence(f"deployment.authorities-named: {self._look.me} says {said}"), ()])

    def on_listing_opened(self) -> None:
        """A second click ticks."""
        self.action_tick()

    def action_save(self) -> None:
        """Name them, where that changes anything."""
        if set(self._ticked) == set(self._named):
            self.action_close()
        else:
            self.dismiss(list(self._ticked))
