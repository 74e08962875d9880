"""Items with all that the rules know of them, read in one transaction, and how the API shows them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from fleet.kit.rules.maintenance import History, LastDone, every_due
from fleet.kit.rules.standing import KitFacts, Reserved, can_go_out, next_reserved, standing_of
from fleet.store.kit import StoredItem
from fleet.store.store import Transaction
from protocols.api.kit import CounterView, ItemView, KitStanding, ReservationView
from protocols.kit import CounterName, DueMaintenance, ItemKind

OF_UNITS: tuple[CounterName, ...] = ("running_h", "emmc_worn_percent")
"""Counters that follow from reports, where the item is a unit."""


class KnownItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it is at `at`, with its counters and what decides whether it may go out."""

    at: datetime
    stored: StoredItem
    facts: KitFacts
    counters: list[CounterView]

    @property
    def due(self) -> list[DueMaintenance]:
        """Its maintenance, the most pressing first."""
        return list(self.facts.due)

    @property
    def standing(self) -> KitStanding:
        """The one word for it."""
        return standing_of(self.facts, self.at)

    def view(self) -> ItemView:
        """As the API shows it."""
        stored = self.stored
        kept = next_reserved(self.facts, self.at)
        return ItemView(
            item=stored.item,
            model=stored.model,
            model_name=stored.document.name,
            kind=stored.kind,
            serial=stored.serial,
            unit=stored.unit_id,
            unit_label=stored.unit_label,
            condition=stored.condition,
            service=stored.service,
            standing=self.standing,
            why=can_go_out(self.facts, self.at),
            custodian=stored.custodian,
            place=stored.place,
            deployment=stored.deployment_id,
            reserved_for=None if kept is None else kept.deployment,
            reserved_from=None if kept is None else kept.starts_at,
            out_since=stored.out_since,
            expected_back_at=stored.expected_back_at,
            next_maintenance=next(iter(self.facts.due), None),
            version=stored.version,
        )

    def reservations(self) -> list[ReservationView]:
        """For what it is kept, the earliest first."""
        return [
            ReservationView(
                item=self.stored.item, deployment=one.deployment, starts_at=one.starts_at, ends_at=one.ends_at
            )
            for one in self.facts.reserved
        ]

    def reading(self, counter: CounterName) -> int | None:
        """A counter's latest reading."""
        return next((one.value for one in self.counters if one.counter == counter), None)


async def known_items(transaction: Transaction, stored: Sequence[StoredItem], now: datetime) -> list[KnownItem]:
    """All that the rules know of these items, in their order."""
    codes = [one.item for one in stored]
    counters: dict[str, dict[CounterName, CounterView]] = defaultdict(dict)
    for reading in await transaction.kit.upkeep.readings(codes):
        counters[reading.item][reading.counter] = CounterView(
            counter=reading.counter, value=reading.value, read_at=reading.read_at, read_by=reading.read_by
        )
    done = await _done(transaction, stored)
    reserved: dict[str, list[Reserved]] = defaultdict(list)
    for kept in await transaction.kit.reserved(codes, now):
        reserved[kept.item].append(
            Reserved(deployment=kept.deployment_id, starts_at=kept.starts_at, ends_at=kept.ends_at)
        )
    found = []
    for one in stored:
        views = counters[one.item] | _of_unit(one)
        history = History(
            added_at=one.added_at, readings={key: view.value for key, view in views.items()}, done=done[one.item]
        )
        facts = KitFacts(
            item=one.item,
            condition=one.condition,
            service=one.service,
            custodian=one.custodian,
            place=one.place,
            deployment=one.deployment_id,
            expected_back_at=one.expected_back_at,
            due=every_due(one.document.maintenance, history, now),
            reserved=reserved[one.item],
        )
        found.append(KnownItem(at=now, stored=one, facts=facts, counters=list(views.values())))
    return found


async def known_item(transaction: Transaction, stored: StoredItem, now: datetime) -> KnownItem:
    """All that the rules know of one item."""
    return (await known_items(transaction, [stored], now))[0]


def follows_from_reports(kind: ItemKind, unit_id: str | None, counter: CounterName) -> bool:
    """Whether nobody reads that counter by hand: its item is a unit that reports it."""
    return kind == "unit" and unit_id is not None and counter in OF_UNITS


async def _done(transaction: Transaction, stored: Sequence[StoredItem]) -> dict[str, dict[str, LastDone]]:
    counter_of = {(one.item, rule.rule): rule.counter for one in stored for rule in one.document.maintenance}
    found: dict[str, dict[str, LastDone]] = defaultdict(dict)
    for row in await transaction.kit.upkeep.done([one.item for one in stored]):
        here = row.counter is not None and row.counter == counter_of.get((row.item, row.rule))
        if here or row.rule not in found[row.item]:
            lowest = row.lowest_since if here else None
            found[row.item][row.rule] = LastDone(at=row.done_at, counter_value=row.counter_value, lowest_since=lowest)
    return found


def _of_unit(one: StoredItem) -> dict[CounterName, CounterView]:
    told: list[tuple[CounterName, int | None, datetime | None]] = [
        ("running_h", one.running_h, one.running_at),
        ("emmc_worn_percent", one.emmc_worn_percent, one.last_sampled_at),
    ]
    return {
        counter: CounterView(counter=counter, value=value, read_at=at, read_by=None)
        for counter, value, at in told
        if value is not None and at is not None
    }
