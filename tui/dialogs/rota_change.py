"""Asking for a change by hand: from when to when, why, what it would bring, and the sentence for the log."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from msgspec import structs
from textual.binding import Binding, BindingType
from typing_extensions import override

from protocols.api.rota_changes import NewChange
from protocols.rota.book import RotaBook
from tui.dialogs.rota_form import RotaForm, Row
from tui.paint import Line, Span
from tui.rota_change_lines import Sight, brings_lines, is_at_once, new_sentence, slot_words, what_follows
from tui.rota_changing import Brings, Slot, Way, judge
from tui.rota_forms import Unclear
from tui.rota_times import read_at, stamp

_WIDTH = 70
_BRINGS = 6
_HOUR = timedelta(hours=1)


class Wanted(NamedTuple):
    """What was picked: the way, who gets the slot, and of a swap what comes back."""

    way: Way
    taker: str
    back: Slot | None = None


class ChangeDialog(RotaForm[NewChange]):
    """Returns the change to ask for, None when closed. `sees_all`: the book says everybody's working time."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "save", "ask for it")]

    def __init__(self, book: RotaBook, wanted: Wanted, sight: Sight, *, sees_all: bool) -> None:
        self._book = book
        self._wanted = wanted
        self._sight = sight
        self._sees_all = sees_all
        slot = wanted.way.slot
        rows = [
            Row("from", "from", "a time", self._stamp(self._begins(slot)), 30),
            Row("until", "until", "a time", self._stamp(slot.span.ends_at), 30),
            Row("why", "why", "may stay empty; not whom it concerns", "", 200),
        ]
        if self._at_once:
            rows.append(Row("despite", "despite", "why, where it brings breaches or faults", "", 200))
        verb = "Override" if wanted.way.kind == "override" else "Swap" if wanted.back else "Take-over"
        super().__init__(rows, f"{verb}: {wanted.taker} for {slot.person or 'an empty place'}")
        self._judged: tuple[NewChange, Brings] | None = None
        self._judging: NewChange | None = None

    @property
    def _at_once(self) -> bool:
        way = self._wanted.way
        return is_at_once(way.kind, self._wanted.taker, way.slot.person, self._sight)

    def _begins(self, slot: Slot) -> datetime:
        """Where a change begins when nothing else is said: what others have to agree to can not begin at once."""
        begins, now = slot.span.starts_at, self._sight.now
        if self._at_once or begins > now:
            return begins
        return min(now.replace(minute=0, second=0, microsecond=0) + 2 * _HOUR, slot.span.ends_at - _HOUR)

    def _stamp(self, at: datetime) -> str:
        return stamp(at, self._sight.zone, self._sight.now, utc=self._sight.utc)

    def _read_at(self, values: Mapping[str, str], field: str) -> datetime:
        return read_at(values[field], field, self._sight.zone, self._sight.now, utc=self._sight.utc)

    @override
    def read(self, values: Mapping[str, str]) -> NewChange:
        """See RotaForm."""
        new = self._described(values)
        brings = self._known(new)
        if self._at_once and brings is not None and brings.grave and not values["despite"]:
            raise Unclear("despite", "it brings breaches or faults: say under despite why it is made all the same")
        return new

    def _described(self, values: Mapping[str, str]) -> NewChange:
        """The change as the fields have it; raises Unclear."""
        way, taker, back = self._wanted
        whole, zone, now, utc = way.slot.span, self._sight.zone, self._sight.now, self._sight.utc
        begins = self._read_at(values, "from")
        ends = read_at(values["until"], "until", zone, now, utc=utc, after=begins)
        if ends <= begins:
            raise Unclear("until", "until: later than from")
        if begins < whole.starts_at.replace(microsecond=0, second=0) or ends > whole.ends_at:
            raise Unclear("from", f"it is a part of {slot_words(way.slot, self._sight)}")
        return NewChange(
            kind=way.kind,
            position=way.slot.position,
            person=taker,
            # What has begun already begins when it is asked for: minutes that were typed lie in the past.
            starts_at=max(begins, whole.starts_at),
            ends_at=ends,
            gives=None if way.kind == "override" else way.slot.person,
            back_position=back.position if back is not None else None,
            back_starts_at=back.span.starts_at if back is not None else None,
            back_ends_at=back.span.ends_at if back is not None else None,
            reason=values["why"],
            despite=values.get("despite", ""),
        )

    @override
    def sentence_of(self, result: NewChange) -> str:
        """See RotaForm."""
        return new_sentence(result, self._book.rota.rota, self._sight)

    def _known(self, new: NewChange) -> Brings | None:
        """What it brings, once that is judged."""
        bare = structs.replace(new, reason="", despite="")
        return self._judged[1] if self._judged is not None and self._judged[0] == bare else None

    @override
    def tell(self) -> None:
        """See Form; what the times bring is judged beside it."""
        super().tell()
        try:
            bare = structs.replace(self._described(self._values), reason="", despite="")
        except Unclear:
            return
        if bare != self._judging and (self._judged is None or self._judged[0] != bare):
            self._judging = bare
            book, me, sees_all = self._book, self._sight.me, self._sees_all
            self.ask(
                "judge",
                lambda: asyncio.to_thread(judge, book, bare, me, sees_all=sees_all),
                lambda brings: self._told(bare, brings),
            )

    def _told(self, bare: NewChange, brings: Brings) -> None:
        self._judged, self._judging = (bare, brings), None
        self.tell()

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        try:
            new = self._described(self._values)
        except Unclear:
            return ()
        follows: Line = (Span(f" {what_follows(new, self._sight)}", "accent"),)
        return [follows, *brings_lines(self._known(new), _WIDTH, _BRINGS, sees_all=self._sees_all)]

    @override
    def fault_lines(self, fault: str) -> list[Line]:
        """See Form; what the change brings stands below what is missing."""
        return [*super().fault_lines(fault), *self.remarks()]
