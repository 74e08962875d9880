"""Defining a rota of weekly turns; every other kind is written in a file."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import ClassVar

from typing_extensions import override

from protocols.api.rotas import SetRota
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.rota_forms import new_rota_of, next_monday
from tui.words import plural


class NewRotaDialog(RotaForm[SetRota]):
    """Returns the rota to lay down, None when closed."""

    TITLE = "Define a rota"
    DOES: ClassVar[str] = "define"

    def __init__(self, actor: str, today: date) -> None:
        rows = (
            Row("rota", "short name", "as technical", "", 40),
            Row("name", "name", "as Technical on-call", "", 80),
            Row("zone", "zone", "as Europe/London", "Europe/London", 64),
            Row("starts", "from Monday", "a date", next_monday(today).isoformat(), 10),
            Row("handover", "handover at", "a time of day", "09:00", 5),
            Row("members", "members", "ids in the order of their turns, as TO-12 TO-13", "", 2000),
            Row("secondary", "and a secondary", "yes or no", "yes", 3),
            Row("allowance", "allowance %", "0, 5, 10 or 12.5", "5", 5),
        )
        super().__init__(rows)
        self._actor = actor

    @override
    def read(self, values: Mapping[str, str]) -> SetRota:
        """See RotaForm."""
        return new_rota_of(values)

    @override
    def sentence_of(self, result: SetRota) -> str:
        """See RotaForm."""
        rota = result.rota
        return f"rota.defined: {self._actor} lays down version 1 of {rota.rota}, {plural(len(rota.members), 'member')}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [
            (),
            (Span(" Weekly turns, who is secondary is primary next. Daily turns, hours of", "muted"),),
            (Span(" cover, and layers: fleet rota set FILE", "muted"),),
        ]
