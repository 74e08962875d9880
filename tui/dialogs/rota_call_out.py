"""Recording a call-out, and when its person was back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.rota.rules.rest import earliest_start
from protocols.api.call_outs import CallOutView, NewCallOut, Returned
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.rota_change_lines import Sight
from tui.rota_forms import Unclear
from tui.rota_record_forms import call_out_of, returned_of, span_words
from tui.rota_times import stamp

_BREAK = Row("break", "break, minutes", "rest breaks while they were out", "", 3)


class CallOutDialog(RotaForm[NewCallOut]):
    """Returns the call-out to record, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "record")]

    def __init__(self, rota: str, sight: Sight) -> None:
        rows = (
            Row("who", "who", "an id, as TO-12", sight.me, 9),
            Row("left", "left home", "02:00, Sat 21 Nov 02:00, or now", "", 30),
            Row("back", "back at home", "empty: not back yet", "", 30),
            _BREAK,
            Row("reference", "for", "a deployment or an event; not whom it concerns", "", 80),
        )
        super().__init__(rows, "Record a call-out")
        self._rota = rota
        self._sight = sight

    @override
    def read(self, values: Mapping[str, str]) -> NewCallOut:
        """See RotaForm."""
        return call_out_of(values, self._rota, self._sight)

    @override
    def sentence_of(self, result: NewCallOut) -> str:
        """See RotaForm."""
        sight = self._sight
        left = stamp(result.left_home_at, sight.zone, sight.now, utc=sight.utc)
        when = f"left home {left}, and is not back"
        if result.returned_at is not None:
            when = f"was out {span_words(result.left_home_at, result.returned_at, sight)}"
        return f"call-out.recorded: {sight.me} records for {result.rota} that {result.person} {when}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        try:
            new = self.read(self._values)
        except Unclear:
            return ()
        if new.returned_at is None:
            return [(Span(" b in the list says that they are back", "muted"),)]
        return [_earliest(new.returned_at, self._sight)]


class ReturnDialog(RotaForm[Returned]):
    """Returns when the person of a call-out was back, None when closed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "end it")]

    def __init__(self, view: CallOutView, sight: Sight) -> None:
        super().__init__((Row("back", "back at home", "02:00, or now", "", 30), _BREAK), f"{view.person} is back")
        self._view = view
        self._sight = sight

    @override
    def read(self, values: Mapping[str, str]) -> Returned:
        """See RotaForm."""
        return returned_of(values, self._view.left_home_at, self._sight)

    @override
    def sentence_of(self, result: Returned) -> str:
        """See RotaForm."""
        sight = self._sight
        back = stamp(result.returned_at, sight.zone, sight.now, utc=sight.utc)
        return f"call-out.ended: {sight.me} says that {self._view.person} was back {back} ({self._view.call_out})"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        try:
            return [_earliest(self.read(self._values).returned_at, self._sight)]
        except Unclear:
            return ()


def _earliest(returned_at: datetime, sight: Sight) -> Line:
    begins = stamp(earliest_start(returned_at), sight.zone, sight.now, utc=sight.utc)
    return (Span(f" no duty before {begins}: 11 h of rest, reg. 10(1)", "fair"),)
