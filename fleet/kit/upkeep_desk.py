"""Counters that people read, and maintenance that was done; each with its entry in one transaction."""

from datetime import datetime, timedelta

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.kit import KitMaintained, KitRead
from fleet.errors import Conflict, NotFound, RequestRefused
from fleet.kit.desk import item_detail
from fleet.kit.known import KnownItem, follows_from_reports, known_item
from fleet.kit.lookup import known_stored, locked_item
from fleet.kit.rules.standing import is_gone
from fleet.mandates.rules import whole_utc
from fleet.store.kit import StoredItem
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.kit import ItemDetail, Maintained, MaintenanceView, NewReading
from protocols.kit import MaintenanceRule

LEEWAY = timedelta(minutes=5)
"""By how much a clock of somebody who enters maintenance may be ahead †."""


class UpkeepDesk:
    """Every method raises StoreUnavailable, NotFound, Conflict and RequestRefused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def maintained(self, item: str, asked: Maintained, caller: Person) -> ItemDetail:
        """Maintenance was done by the caller; where its rule goes by a counter that people read, what it stood at is a
        reading too."""
        now = self._clock()
        done_at = min(whole_utc(asked.done_at, now), now)
        if asked.done_at > now + LEEWAY:
            raise RequestRefused(
                "in-the-future", "maintenance is entered when it was done", "write a time that is past"
            )
        async with self._store.transaction() as transaction:
            known = await _kept(transaction, await locked_item(transaction, item), now)
            rule = _rule_of(known.stored, asked.rule)
            done = MaintenanceView(
                rule=rule.rule,
                done_at=done_at,
                done_by=caller.person_id,
                counter_value=_stood_at(known, rule, asked),
                note=asked.note,
            )
            await transaction.kit.upkeep.add_maintained(item, done)
            await self._read_then(transaction, known, rule, done)
            await transaction.log.append(
                KitMaintained(
                    at=now,
                    actor=caller.person_id,
                    unit=known.stored.unit_id,
                    deployment=known.stored.deployment_id,
                    item=item,
                    rule=rule.rule,
                    done_at=done_at,
                    counter_value=done.counter_value,
                    note=HashedText(asked.note) if asked.note else None,
                )
            )
            transaction.changed.deployments = True
            return await item_detail(transaction, await known_stored(transaction, item), now)

    async def _read_then(
        self, transaction: Transaction, known: KnownItem, rule: MaintenanceRule, done: MaintenanceView
    ) -> None:
        """Keep what the counter stood at as a reading, unless a later one is there or the unit reports it."""
        stored = known.stored
        if rule.counter is None or done.counter_value is None:
            return
        if follows_from_reports(stored.kind, stored.unit_id, rule.counter):
            return
        if any(one.counter == rule.counter and one.read_at > done.done_at for one in known.counters):
            return
        await transaction.kit.upkeep.add_reading(
            stored.item, rule.counter, done.counter_value, done.done_at, done.done_by
        )

    async def read(self, item: str, asked: NewReading, caller: Person) -> ItemDetail:
        """The caller has read a counter; a lower value than before needs a reason."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            known = await _kept(transaction, await locked_item(transaction, item), now)
            stored, before = known.stored, known.reading(asked.counter)
            if follows_from_reports(stored.kind, stored.unit_id, asked.counter):
                raise Conflict(
                    "counter-of-reports",
                    f"{asked.counter} of {item} follows from the reports of {stored.unit_id}",
                    "nothing to do: it is read from there",
                )
            if before is not None and asked.value < before and not asked.reason:
                raise Conflict(
                    "counter-went-back",
                    f"{asked.counter} of {item} stood at {before} already",
                    "read it again; where it began anew, say why: --reason",
                )
            await transaction.kit.upkeep.add_reading(item, asked.counter, asked.value, now, caller.person_id)
            await transaction.log.append(
                KitRead(
                    at=now,
                    actor=caller.person_id,
                    unit=stored.unit_id,
                    deployment=stored.deployment_id,
                    item=item,
                    counter=asked.counter,
                    value=asked.value,
                    reason=HashedText(asked.reason) if asked.reason else None,
                )
            )
            transaction.changed.deployments = True
            return await item_detail(transaction, await known_stored(transaction, item), now)


async def _kept(transaction: Transaction, stored: StoredItem, now: datetime) -> KnownItem:
    """An item that is still to be had; raises Conflict."""
    known = await known_item(transaction, stored, now)
    if is_gone(known.facts):
        raise Conflict(
            "kit-gone", f"{stored.item} is {stored.service} on the books", "have it put in service again first"
        )
    return known


def _rule_of(stored: StoredItem, rule: str) -> MaintenanceRule:
    found = next((one for one in stored.document.maintenance if one.rule == rule), None)
    if found is None:
        rules = ", ".join(one.rule for one in stored.document.maintenance) or "none"
        raise NotFound("rule-unknown", f"{stored.model} has no maintenance rule {rule}; it has {rules}", "name one")
    return found


def _stood_at(known: KnownItem, rule: MaintenanceRule, asked: Maintained) -> int | None:
    """What the rule's counter stood at: as asked, else its latest reading."""
    if rule.counter is None:
        if asked.counter_value is not None:
            raise RequestRefused("no-counter", f"{rule.rule} goes by date alone", "leave the counter out")
        return None
    value = known.reading(rule.counter) if asked.counter_value is None else asked.counter_value
    if value is None:
        raise Conflict(
            "counter-unread",
            f"{rule.rule} goes by {rule.counter}, which nobody has read yet",
            "say what it stands at: --at VALUE",
        )
    return value
