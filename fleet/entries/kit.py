"""Entries of kit: what came onto the books, who has it, its condition and service, its models, stock and stores.

`from_store` and `to_store` are codes of the unit's own stores, vans and benches.
"""

from datetime import datetime
from typing import Literal

from fleet.entries.entry import Entry, HashedText
from protocols.kit import Condition, CounterName, ServiceState


class KitAdded(Entry, frozen=True, kw_only=True, tag="kit.added"):
    """An item is new to the books; `person` keeps the store that it lies in."""

    item: str
    model: str
    person: str
    to_store: str
    serial: HashedText | None


class KitMoved(Entry, frozen=True, kw_only=True, tag="kit.moved"):
    """Custody of an item passed from `from_person` to `person`; out of a store, into one, or from hand to hand.
    `deployment` is what it is out for, or came back from."""

    item: str
    from_person: str
    person: str
    from_store: str | None
    to_store: str | None
    way: Literal["out", "in", "hand-over", "fast-path"]
    how: Literal["scan", "typed", "desk"]
    condition: Condition
    expected_back_at: datetime | None
    note: HashedText | None


class KitChanged(Entry, frozen=True, kw_only=True, tag="kit.changed"):
    """What is written of an item is otherwise from version `version` on; with `unit`, it is that unit."""

    item: str
    version: int
    serial: HashedText | None


class ConditionSeenEntry(Entry, frozen=True, kw_only=True, tag="kit.condition-seen"):
    """A person saw an item's condition."""

    item: str
    before: Condition
    condition: Condition
    note: HashedText | None


class ServiceChanged(Entry, frozen=True, kw_only=True, tag="kit.service-changed"):
    """An item was quarantined, released, sent to repair, put in service, lost or disposed of."""

    item: str
    before: ServiceState
    state: ServiceState
    reason: HashedText


class KitMaintained(Entry, frozen=True, kw_only=True, tag="kit.maintained"):
    """Maintenance by a rule of an item's model was done."""

    item: str
    rule: str
    done_at: datetime
    counter_value: int | None
    note: HashedText | None


class KitRead(Entry, frozen=True, kw_only=True, tag="kit.read"):
    """A person read a counter of an item."""

    item: str
    counter: CounterName
    value: int
    reason: HashedText | None


class KitModelSet(Entry, frozen=True, kw_only=True, tag="kit-model.set"):
    """A model of kit was laid down, or anew; `sha256` is of its exact document."""

    model: str
    version: int
    sha256: str


class StockMovedEntry(Entry, frozen=True, kw_only=True, tag="kit-stock.moved"):
    """Stock of a counted model came (positive) or was used (negative); `left` are there now."""

    model: str
    change: int
    left: int
    note: HashedText | None


class KitPlaceSet(Entry, frozen=True, kw_only=True, tag="kit-place.set"):
    """A store, van or bench has this name and keeper from now on; `items` passed into their custody."""

    store: str
    person: str
    items: int
    name: HashedText
