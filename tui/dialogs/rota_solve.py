"""Having a solver fill a period: which, how hard to try, and whether what is published stays."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import ClassVar

from typing_extensions import override

from fleet.rota.rules.wall import local_date
from protocols.api.rotas import NewSolve, RotaSummary
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.rota_forms import next_monday, solve_of
from tui.rota_words import period_words


class SolveDialog(RotaForm[NewSolve]):
    """Returns what to solve, None when closed."""

    DOES: ClassVar[str] = "solve"

    def __init__(self, actor: str, rota: RotaSummary, now: datetime) -> None:
        rows = (
            Row("from", "from", "a date", _first_day(rota, now).isoformat(), 10),
            Row("until", "until", "a date, or 26 weeks", "26 weeks", 10),
            Row("seed", "seed", "the same seed gives the same plan", "1", 10),
            Row("work", "work at most, s", "1 … 3600, of a clock that does not depend on load", "120", 4),
            Row("keep", "keep published", "yes or no", "yes", 3),
        )
        super().__init__(rows, f"Solve {rota.rota}")
        self._actor = actor
        self._rota = rota

    @override
    def read(self, values: Mapping[str, str]) -> NewSolve:
        """See RotaForm."""
        return solve_of(values, self._rota.zone)

    @override
    def sentence_of(self, result: NewSolve) -> str:
        """See RotaForm."""
        period = period_words(result.starts_at, result.ends_at, self._rota.zone)
        kept = "what is published stays" if result.keep else "all that has not begun is planned anew"
        return f"rota.solve-asked: {self._actor} has {self._rota.rota} solved for {period}, seed {result.seed}, {kept}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(), (Span(" What comes of it is a draft: nothing holds before it is published.", "muted"),)]


def _first_day(rota: RotaSummary, now: datetime) -> date:
    """The Monday with which what is published ends, or the first after that or after today."""
    until = rota.published_until
    if until is None or until <= now:
        return next_monday(local_date(now, rota.zone))
    last = local_date(until, rota.zone)
    return last if last.weekday() == 0 else next_monday(last)
