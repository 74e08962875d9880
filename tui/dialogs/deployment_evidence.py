"""What was found at an item of a checklist: a number with its limits, or words."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.checklists import NewEvidence
from protocols.deployments import ChecklistItem, Step
from tui.deployment_checklist_lines import evidence_sentence, limits_words
from tui.deployment_words import Look
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span, wrap
from tui.rota_forms import Unclear

_MOST = 1e9


def evidence_of_text(text: str, item: ChecklistItem, step: Step) -> NewEvidence:
    """The evidence that was typed; raises Unclear."""
    if item.evidence == "text":
        if not text:
            raise Unclear("found", "what was found? It can not stay empty.")
        return NewEvidence(step=step, key=item.key, text=text)
    says = f"{f'“{text}” is no number' if text else 'a number'}, as 12.4; {limits_words(item)}".rstrip("; ")
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        raise Unclear("found", says) from None
    if not -_MOST <= number <= _MOST:
        raise Unclear("found", says)
    return NewEvidence(step=step, key=item.key, number=number)


def is_outside(number: float | None, item: ChecklistItem) -> bool:
    """Whether a number is outside of its limits, which include their boundary."""
    if number is None:
        return False
    too_low = item.at_least is not None and number < item.at_least
    return too_low or (item.at_most is not None and number > item.at_most)


class EvidenceDialog(RotaForm[NewEvidence]):
    """Returns the evidence, None when closed. `typed` stands in the field already."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "keep it")]
    DOES = "keep it"

    def __init__(self, deployment: str, step: Step, item: ChecklistItem, look: Look, typed: str = "") -> None:
        label = f"in {item.unit_of_measure}" if item.unit_of_measure else "found"
        # More signs than a short field has: what was typed already is gone on with, not replaced.
        rows = (Row("found", label, limits_words(item) or "what was found", typed, 200),)
        title = f"{item.procedure}  {item.text}" if item.procedure else item.text
        super().__init__(rows, title[:60])
        self._deployment = deployment
        self._step: Step = step
        self._item = item
        self._look = look

    @override
    def read(self, values: Mapping[str, str]) -> NewEvidence:
        """See RotaForm."""
        return evidence_of_text(values["found"], self._item, self._step)

    @override
    def sentence_of(self, result: NewEvidence) -> str:
        """See RotaForm."""
        unit = self._item.unit_of_measure
        found = f"“{result.text}”" if result.number is None else f"{result.number:g} {unit}".rstrip()
        return evidence_sentence(self._look.me, self._deployment, self._step, self._item, found)

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        limits = limits_words(self._item)
        lines: list[Line] = [(Span(" "), *line) for line in wrap(self._item.text, 70, "muted")]
        try:
            new = self.read(self._values)
        except Unclear:
            return lines
        if is_outside(new.number, self._item):
            lines.append((Span(f" That is outside of {limits}: it is kept, and the item is not met.", "bad"),))
        return lines
