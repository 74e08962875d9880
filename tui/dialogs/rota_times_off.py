"""Leave, deployments away, wishes and compensatory rest: a form for each."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from typing_extensions import override

from fleet.rota.rules.spans import Span as TimeSpan
from protocols.api.call_outs import NewRest
from protocols.api.rota_people import NewAbsence, NewWish
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.rota_change_lines import Sight
from tui.rota_record_forms import absence_of, rest_of, span_words, wish_of
from tui.rota_times import stamp

_DAYS = (
    Row("from", "from", "a day as 28 Nov, or a time as 28 Nov 09:00", "", 30),
    Row("until", "until", "the last day, counted in; empty: one day", "", 30),
)


class AbsenceDialog(RotaForm[NewAbsence]):
    """Returns the absence to record, None when closed."""

    TITLE = "Record leave, or a deployment away"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "record")]

    def __init__(self, sight: Sight) -> None:
        kinds = "annual, sick, family, other, or away: on a deployment"
        rows = (
            Row("who", "who", "an id, as TO-12", sight.me, 9),
            Row("kind", "kind", kinds, "annual", 6),
            *_DAYS,
            Row("reference", "deployment", "of somebody away: its reference", "", 80),
        )
        super().__init__(rows)
        self._sight = sight

    @override
    def read(self, values: Mapping[str, str]) -> NewAbsence:
        """See RotaForm."""
        return absence_of(values, self._sight)

    @override
    def sentence_of(self, result: NewAbsence) -> str:
        """See RotaForm."""
        what = "on a deployment away" if result.kind == "away" else "absent"
        when = span_words(result.starts_at, result.ends_at, self._sight)
        return f"absence.recorded: {self._sight.me} records that {result.person} is {what} {when}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" The kind of leave is in no log; supervisors, inspectors see it.", "muted"),)]


class WishDialog(RotaForm[NewWish]):
    """Returns the wish to make, None when closed."""

    TITLE = "Wish to be on call, or not to be"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "wish")]

    def __init__(self, sight: Sight) -> None:
        super().__init__((Row("wants", "on call", "on or off", "off", 3), *_DAYS))
        self._sight = sight

    @override
    def read(self, values: Mapping[str, str]) -> NewWish:
        """See RotaForm."""
        return wish_of(values, self._sight)

    @override
    def sentence_of(self, result: NewWish) -> str:
        """See RotaForm."""
        wants = "to be on call" if result.wants == "on" else "not to be on call"
        when = span_words(result.starts_at, result.ends_at, self._sight)
        return f"wish.made: {self._sight.me} would like {wants} {when}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" A wish is weighed by the solver and the score; it is no promise.", "muted"),)]


class RestDialog(RotaForm[NewRest]):
    """Returns the compensatory rest to plan, None when closed."""

    TITLE = "Plan compensatory rest"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "plan")]

    def __init__(self, sight: Sight, person: str = "", suggested: TimeSpan | None = None) -> None:
        begins, ends = ("", "")
        if suggested is not None:
            begins, ends = (stamp(at, sight.zone, sight.now, utc=sight.utc) for at in suggested)
        rows = (
            Row("who", "who", "an id, as TO-12", person, 9),
            Row("from", "from", "a time as Mon 30 Nov 09:00", begins, 30),
            Row("until", "until", "a time as 12:30", ends, 30),
        )
        super().__init__(rows)
        self._sight = sight

    @override
    def read(self, values: Mapping[str, str]) -> NewRest:
        """See RotaForm."""
        return rest_of(values, self._sight)

    @override
    def sentence_of(self, result: NewRest) -> str:
        """See RotaForm."""
        when = span_words(result.starts_at, result.ends_at, self._sight)
        return f"rest.recorded: {self._sight.me} gives {result.person} compensatory rest {when}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" No ordinary duty in it; it pays what was missed up to 14 d before.", "muted"),)]
