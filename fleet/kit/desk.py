"""Items of kit for those who keep and see them; each change with its entry in one transaction."""

from collections import Counter
from datetime import datetime

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.kit import ConditionSeenEntry, KitAdded, KitChanged, ServiceChanged
from fleet.errors import Conflict, Forbidden, NotFound
from fleet.kit.coming import check_may_come
from fleet.kit.custody import hand_over
from fleet.kit.known import KnownItem, known_item, known_items
from fleet.kit.labels import labels_pdf
from fleet.kit.lookup import kept_place, known_model, known_stored, locked_deployment, locked_item
from fleet.kit.rules.codes import code_of
from fleet.store.kit import NewStoredItem, StoredItem
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.kit import (
    ConditionSeen,
    ItemChange,
    ItemDetail,
    ItemPage,
    Movement,
    NewItem,
    PlaceView,
    ServiceChange,
)
from protocols.kit import Condition, ServiceState
from protocols.people import may

_MOVEMENTS = 20
_MAINTAINED = 20
_MAX_MOVEMENTS = 200
_ANYBODYS: frozenset[tuple[ServiceState, ServiceState]] = frozenset({("in-service", "quarantined")})
"""Changes of service that take no supervisor: whoever sees that something is wrong stops it."""


class KitDesk:
    """Every method raises StoreUnavailable; those about one item NotFound; those that change something Conflict or
    RequestRefused, and Forbidden for what only a supervisor may."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def items(
        self,
        *,
        words: str,
        kind: str,
        model: str,
        standing: str,
        custodian: str,
        deployment: str,
        offset: int,
        limit: int,
    ) -> ItemPage:
        """Rows `offset` … by code, of what passes the filters; an empty one lets all pass."""
        async with self._store.transaction() as transaction:
            stored = await transaction.kit.find(
                words=words, kind=kind, model=model, custodian=custodian, deployment=deployment
            )
            found = await known_items(transaction, stored, self._clock())
        counted = Counter(one.standing for one in found)
        shown = [one for one in found if standing in ("", one.standing)]
        return ItemPage(
            total=len(shown),
            offset=offset,
            rows=[one.view() for one in shown[offset : offset + limit]],
            standings={word: counted[word] for word in sorted(counted)},
        )

    async def item(self, item: str) -> ItemDetail:
        """All of one item."""
        async with self._store.transaction() as transaction:
            stored = await known_stored(transaction, item)
            return await item_detail(transaction, stored, self._clock())

    async def movements(self, item: str) -> list[Movement]:
        """Through whose hands an item went, newest first, at most 200."""
        async with self._store.transaction() as transaction:
            await known_stored(transaction, item)
            return await transaction.kit.movements(item, _MAX_MOVEMENTS)

    async def labels(self, items: list[str]) -> bytes:
        """Labels of these items as a PDF, in the order in which they were named."""
        async with self._store.transaction() as transaction:
            found = {one.item: one for one in await transaction.kit.find(items=items)}
        missing = next((one for one in items if one not in found), None)
        if missing is not None:
            raise NotFound("item-unknown", f"there is no item {missing}", "list kit: fleet kit list")
        return await labels_pdf([found[one] for one in items])

    async def add(self, asked: NewItem, caller: Person) -> ItemDetail:
        """Enter an item; it lies in its store, whose keeper has it."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            model = await known_model(transaction, asked.model)
            if model.model.counted:
                raise Conflict(
                    "model-counted",
                    f"{asked.model} is counted, and its pieces have no labels",
                    f"enter what came: fleet kit stock {asked.model} +1",
                )
            if asked.unit is not None:
                await _check_unit(transaction, asked.unit, model.model.kind)
            place = await kept_place(transaction, asked.place)
            new = NewStoredItem(
                item=code_of(await transaction.kit.next_number()),
                model=asked.model,
                serial=asked.serial,
                unit_id=asked.unit,
                custodian=place.keeper,
                place=place.place,
                added_at=now,
            )
            await transaction.kit.add(new)
            await transaction.kit.add_movement(_first(new), caller.person_id)
            await transaction.log.append(
                KitAdded(
                    at=now,
                    actor=caller.person_id,
                    unit=new.unit_id,
                    item=new.item,
                    model=new.model,
                    person=new.custodian,
                    to_store=new.place,
                    serial=HashedText(new.serial) if new.serial else None,
                )
            )
            transaction.changed.deployments = True
            return await item_detail(transaction, await known_stored(transaction, new.item), now)

    async def change(self, item: str, asked: ItemChange, caller: Person) -> ItemDetail:
        """Write an item's serial, or which unit it is, unless it is in another version than `asked.based_on`."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            # Deployments are locked before items, as wherever kit goes out and comes in.
            out_for = (await known_stored(transaction, item)).deployment_id if asked.unit is not None else None
            deployment = None if out_for is None else await locked_deployment(transaction, out_for)
            found = await locked_item(transaction, item)
            if asked.based_on != found.version or (asked.unit is not None and found.deployment_id != out_for):
                raise Conflict(
                    "item-changed",
                    f"{item} is in version {found.version}, and not {asked.based_on}",
                    "look at it again, and change that",
                )
            if asked.unit is not None and found.unit_id not in (None, asked.unit):
                raise Conflict("unit-set", f"{item} is {found.unit_id}, for good", "enter the other unit as a new item")
            if asked.unit is not None and found.unit_id is None:
                await _check_unit(transaction, asked.unit, found.kind)
                if deployment is not None:
                    await check_may_come(transaction, deployment, asked.unit, now)
            serial = found.serial if asked.serial is None else asked.serial
            unit = asked.unit or found.unit_id
            if (serial, unit) != (found.serial, found.unit_id):
                await transaction.kit.change(item, serial, unit)
                entry = KitChanged(
                    at=now,
                    actor=caller.person_id,
                    unit=unit,
                    item=item,
                    version=found.version + 1,
                    serial=HashedText(serial) if serial != found.serial else None,
                )
                await transaction.log.append(entry)
                transaction.changed.deployments = True
            return await item_detail(transaction, await known_stored(transaction, item), now)

    async def see_condition(self, item: str, asked: ConditionSeen, caller: Person) -> ItemDetail:
        """Enter an item's condition as the caller sees it; the same as before too, for it was looked at. That what
        failed has not any more is a supervisor's decision."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            found = await locked_item(transaction, item)
            _check_condition(found, asked.condition, caller)
            await transaction.kit.set_condition(item, asked.condition)
            await transaction.log.append(
                ConditionSeenEntry(
                    at=now,
                    actor=caller.person_id,
                    unit=found.unit_id,
                    deployment=found.deployment_id,
                    item=item,
                    before=found.condition,
                    condition=asked.condition,
                    note=HashedText(asked.note) if asked.note else None,
                )
            )
            transaction.changed.deployments = True
            return await item_detail(transaction, await known_stored(transaction, item), now)

    async def change_service(self, item: str, asked: ServiceChange, caller: Person) -> ItemDetail:
        """Quarantine an item, release it, send it to repair, have it back, lose or dispose of it. What was lost and is
        found where it lay is with that store's keeper then."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            # Stores are locked before items, as wherever kit passes.
            place = (await known_stored(transaction, item)).place
            keeper = None if place is None else await kept_place(transaction, place)
            found = await locked_item(transaction, item)
            _check_service(found, asked.state, caller)
            await transaction.kit.set_service(item, asked.state, asked.reason)
            if keeper is not None and found.service == "lost" and asked.state != "disposed":
                await _to_keeper(transaction, await locked_item(transaction, item), keeper, caller, now)
            await transaction.log.append(
                ServiceChanged(
                    at=now,
                    actor=caller.person_id,
                    unit=found.unit_id,
                    deployment=found.deployment_id,
                    item=item,
                    before=found.service,
                    state=asked.state,
                    reason=HashedText(asked.reason),
                )
            )
            transaction.changed.deployments = True
            return await item_detail(transaction, await known_stored(transaction, item), now)


async def item_detail(transaction: Transaction, stored: StoredItem, now: datetime) -> ItemDetail:
    """All of an item."""
    known: KnownItem = await known_item(transaction, stored, now)
    return ItemDetail(
        row=known.view(),
        maintenance=known.due,
        counters=known.counters,
        maintained=await transaction.kit.upkeep.maintained(stored.item, _MAINTAINED),
        movements=await transaction.kit.movements(stored.item, _MOVEMENTS),
        reservations=known.reservations(),
    )


def _first(new: NewStoredItem) -> Movement:
    return Movement(
        item=new.item,
        at=new.added_at,
        from_person=None,
        to_person=new.custodian,
        from_place=None,
        to_place=new.place,
        deployment=None,
        way="new",
        how="desk",
        condition="good",
    )


async def _check_unit(transaction: Transaction, unit_id: str, kind: str) -> None:
    """Raise Conflict or NotFound unless an item of that kind can be the unit."""
    if kind != "unit":
        raise Conflict("not-a-unit", f"an item of kind {kind} is no unit", "leave the unit out, or take another model")
    if not await transaction.units.rows([unit_id]):
        raise NotFound("unit-unknown", f"there is no unit {unit_id}", "list units: fleet unit list")


async def _to_keeper(
    transaction: Transaction, item: StoredItem, place: PlaceView, caller: Person, now: datetime
) -> None:
    """What is found again in a store has passed to its keeper, where that is somebody else than it was."""
    if item.place == place.place and item.custodian != place.keeper:
        await hand_over(transaction, item, place.keeper, now=now, actor=caller.person_id)


def _check_condition(found: StoredItem, condition: Condition, caller: Person) -> None:
    if found.condition == "failed" and condition != "failed" and not may(caller.role, "manage-kit"):
        raise Forbidden(
            caller.role,
            "manage-kit",
            f"{found.item} has failed: that it has not any more is a supervisor's decision",
            "have it repaired, and ask a supervisor to enter its condition",
        )


def _check_service(found: StoredItem, state: ServiceState, caller: Person) -> None:
    if found.service == state:
        raise Conflict("service-same", f"{found.item} is {state} already", "look at it: fleet kit show " + found.item)
    if (found.service, state) not in _ANYBODYS and not may(caller.role, "manage-kit"):
        raise Forbidden(
            caller.role,
            "manage-kit",
            f"from {found.service} to {state} is a supervisor's decision",
            f"quarantine {found.item} if it must not go out, and ask a supervisor",
        )
    if found.service == "disposed":
        raise Conflict("kit-gone", f"{found.item} was disposed of, for good", "enter what came anew as a new item")
    if state == "disposed" and found.place is None:
        raise Conflict(
            "kit-out",
            f"{found.item} is out with {found.custodian}",
            "have it scanned in first, or say that it is lost",
        )
