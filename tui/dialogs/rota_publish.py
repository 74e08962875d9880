"""Publishing a draft: what it changes, what it brings, the sentence for the log, and why where that is asked."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.rota.rules.comparison import compare
from fleet.rota.rules.spans import Span as TimeSpan
from tui.dialogs.confirm import log_sentence
from tui.dialogs.dialog import Dialog, Words
from tui.dialogs.reason import ReasonDialog
from tui.paint import Line, Span
from tui.rota_compare import change_line, score_words
from tui.rota_days import counts_of
from tui.rota_draft import Draft
from tui.rota_weighing import Weighed
from tui.rota_words import finding_lines, period_words
from tui.words import plural

_WIDTH = 70
_SHOWN = 3


def publish_dialog(actor: str, draft: Draft, weighed: Weighed) -> Dialog[str]:
    """A dialog that returns why it is published despite the breaches and faults that it brings, or an empty text where
    it brings none; None when closed."""
    comparison = compare(weighed.published, weighed.draft)
    grave = comparison.grave
    book = weighed.book
    period = draft.period(TimeSpan(book.starts_at, book.ends_at))
    dates, many = period_words(*period, book.rota.zone), draft.many_new(book)
    found = counts_of(weighed.draft.findings)
    said = [f"{count} × {answer}" for answer, count in found.items()]
    sentence = (
        f"rota.published: {actor} publishes {plural(many, 'turn')} of {book.rota.rota} for "
        f"{dates}, with {', '.join(said) if said else 'nothing found'}"
    )
    before: list[Line] = [
        (
            Span(f" {plural(many, 'turn')} given", "strong"),
            Span("; those that have begun stay as they are", "muted"),
        ),
        (Span(" "), *score_words(comparison, f"of {dates}:")),
        (Span(" "), *change_line(comparison)),
    ]
    for one in grave[:_SHOWN]:
        before += finding_lines(one, _WIDTH, sign="+ ")
    if len(grave) > _SHOWN:
        before.append((Span(f"   and {len(grave) - _SHOWN} more: w in the draft has them all", "muted"),))
    if grave:
        return ReasonDialog("Publish despite what it brings", before, lambda why: f"{sentence}, because {why}")
    return PublishDialog(before, sentence)


class PublishDialog(Dialog[str]):
    """Returns an empty text when the person pressed `y`, None when closed."""

    TITLE = "Publish the draft"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("y", "yes", "yes, publish")]

    def __init__(self, before: Sequence[Line], sentence: str) -> None:
        super().__init__()
        self._lines: list[Line] = [(), *before, (), *log_sentence(sentence), ()]

    @override
    def content(self) -> ComposeResult:
        """What will happen, and the sentence."""
        yield Words(self._lines)

    def action_yes(self) -> None:
        """Publish it."""
        self.dismiss("")
