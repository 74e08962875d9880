"""What is done to an item: a form for each deed, with the sentence that goes into the log below it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar

from typing_extensions import override

from protocols.api.kit import (
    ConditionSeen,
    ItemChange,
    ItemDetail,
    ItemView,
    Maintained,
    NewItem,
    NewReading,
    ServiceChange,
)
from tui.dialogs.rota_form import RotaForm, Row
from tui.kit_forms import (
    SERVICES,
    change_of,
    condition_of,
    maintained_of,
    new_item_of,
    reading_of,
    service_of,
)
from tui.kit_words import CONDITIONS, COUNTERS, due_words, worst_due_first
from tui.paint import Line, Span
from tui.words import moment

_NOTE = Row("note", "note", "what was seen, if there is more to say", "", 200)
_HASHED: tuple[Line, ...] = ((Span(" The log holds the hash of the words; they can be erased.", "muted"),),)


class ConditionDialog(RotaForm[ConditionSeen]):
    """Returns the condition that was seen, None when closed."""

    DOES: ClassVar[str] = "say so"

    def __init__(self, actor: str, item: ItemView) -> None:
        rows = (Row("condition", "condition", ", ".join(CONDITIONS), item.condition, 10), _NOTE)
        super().__init__(rows, f"Condition of {item.item}")
        self._actor, self._item = actor, item

    @override
    def read(self, values: Mapping[str, str]) -> ConditionSeen:
        """See RotaForm."""
        return condition_of(values)

    @override
    def sentence_of(self, result: ConditionSeen) -> str:
        """See RotaForm."""
        return f"kit.condition-seen: {self._actor} sees {self._item.item} as {result.condition}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" Failed can not go out; damaged not until it was serviced.", "muted"),)]


class ServiceDialog(RotaForm[ServiceChange]):
    """Returns the service state it is to have, None when closed. `manages`: may also release, lose and dispose."""

    DOES: ClassVar[str] = "do it"

    def __init__(self, actor: str, item: ItemView, *, manages: bool) -> None:
        offered = "quarantined" if item.service == "in-service" else "in-service"
        rows = (
            Row("state", "state", ", ".join(SERVICES), offered, 12),
            Row("reason", "why", "the reason", "", 200),
        )
        super().__init__(rows, f"Service of {item.item}: {item.service}")
        self._actor, self._item, self._manages = actor, item, manages

    @override
    def read(self, values: Mapping[str, str]) -> ServiceChange:
        """See RotaForm."""
        return service_of(values)

    @override
    def sentence_of(self, result: ServiceChange) -> str:
        """See RotaForm."""
        item = self._item
        return f"kit.service-changed: {self._actor} changes {item.item} from {item.service} to {result.state}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        if self._manages:
            return _HASHED
        return [(Span(" You may quarantine; the end of it and the rest are a supervisor's.", "fair"),)]


class MaintainedDialog(RotaForm[Maintained]):
    """Returns the maintenance that was done, None when closed."""

    DOES: ClassVar[str] = "record"

    def __init__(self, actor: str, detail: ItemDetail, now: datetime, *, utc: bool) -> None:
        self._due = worst_due_first(detail.maintenance)
        self._actor, self._item, self._now, self._utc = actor, detail.row, now, utc
        first = self._due[0].rule if self._due else ""
        rows = (
            Row("rule", "maintenance", ", ".join(one.rule for one in self._due), first, 40),
            Row("done", "done", "now, -2h, 2026-11-21 14:00", "now", 30),
            Row("counter", "counter at", "where the rule goes by a counter", "", 8),
            _NOTE,
        )
        super().__init__(rows, f"Maintenance of {detail.row.item}")

    @override
    def read(self, values: Mapping[str, str]) -> Maintained:
        """See RotaForm."""
        return maintained_of(values, [one.rule for one in self._due], self._now, utc=self._utc)

    @override
    def sentence_of(self, result: Maintained) -> str:
        """See RotaForm."""
        done = moment(result.done_at, self._now, utc=self._utc)
        counted = f", at {result.counter_value}" if result.counter_value is not None else ""
        return f"kit.maintained: {self._actor} did {result.rule} on {self._item.item}, {done}{counted}"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        lines: list[Line] = []
        for one in self._due[:3]:
            procedure = f" by {one.procedure}" if one.procedure else ""
            told = f" {one.rule}: {one.what}{procedure}, {due_words(one, self._now)}"
            lines.append((Span(told, "muted"),))
        return lines


class ReadingDialog(RotaForm[NewReading]):
    """Returns a counter as it was read, None when closed."""

    DOES: ClassVar[str] = "record"

    def __init__(self, actor: str, detail: ItemDetail) -> None:
        wanted = [one.counter for one in worst_due_first(detail.maintenance) if one.counter is not None]
        rows = (
            Row("counter", "counter", ", ".join(COUNTERS), wanted[0] if wanted else "battery_cycles", 20),
            Row("value", "value", "as it reads now", "", 8),
            Row("reason", "why lower", "only where it reads lower than before", "", 200),
        )
        super().__init__(rows, f"Counter of {detail.row.item}")
        self._actor, self._item = actor, detail.row

    @override
    def read(self, values: Mapping[str, str]) -> NewReading:
        """See RotaForm."""
        return reading_of(values)

    @override
    def sentence_of(self, result: NewReading) -> str:
        """See RotaForm."""
        return f"kit.read: {self._actor} reads {result.value} {result.counter} on {self._item.item}"


class ItemChangeDialog(RotaForm[ItemChange]):
    """Returns what changes of an item, None when closed."""

    DOES: ClassVar[str] = "change"

    def __init__(self, actor: str, item: ItemView) -> None:
        rows = (
            Row("serial", "serial", "as the maker has it", item.serial, 40),
            Row("unit", "is the unit", "its unit id; set once, for good", item.unit or "", 40),
        )
        super().__init__(rows, f"Change {item.item}")
        self._actor, self._item = actor, item

    @override
    def read(self, values: Mapping[str, str]) -> ItemChange:
        """See RotaForm."""
        return change_of(values, self._item)

    @override
    def sentence_of(self, result: ItemChange) -> str:
        """See RotaForm."""
        told = [f"serial {result.serial or 'none'}"] if result.serial is not None else []
        told += [f"is unit {result.unit}"] if result.unit is not None else []
        return f"kit.changed: {self._actor} changes {self._item.item}: {', '.join(told)}"


class NewItemDialog(RotaForm[NewItem]):
    """Returns an item that is new to the books, None when closed."""

    TITLE = "New item"
    DOES: ClassVar[str] = "add"

    def __init__(self, actor: str, model: str = "", place: str = "") -> None:
        rows = (
            Row("model", "model", "its id, as battery-12v; m in the list shows them", model, 40),
            Row("serial", "serial", "as the maker has it, or empty", "", 40),
            Row("place", "where", "code of a store, van or bench", place, 12),
            Row("unit", "is the unit", "of kind unit, once it has joined: its unit id", "", 40),
        )
        super().__init__(rows)
        self._actor = actor

    @override
    def read(self, values: Mapping[str, str]) -> NewItem:
        """See RotaForm."""
        return new_item_of(values)

    @override
    def sentence_of(self, result: NewItem) -> str:
        """See RotaForm."""
        return f"kit.added: {self._actor} adds a {result.model} at {result.place}, whose keeper has it"

    @override
    def remarks(self) -> Sequence[Line]:
        """See RotaForm."""
        return [(Span(" The controller gives it its code; l on its page shows the label.", "muted"),)]
