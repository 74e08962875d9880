"""Custody passes: the item, its movement and the entry in one transaction. For whoever moves kit, by hand or by rule.

The items are locked by the caller (`transaction.kit.locked`), who has asked the rules before. `condition` is what an
item looks like: it makes it worse, never better.
"""

from datetime import datetime
from typing import Literal

from msgspec import structs

from fleet.entries.entry import HashedText
from fleet.entries.kit import KitMoved
from fleet.store.kit import StoredItem
from fleet.store.store import Transaction
from protocols.api.kit import Movement, PlaceView
from protocols.kit import Condition

How = Literal["scan", "typed", "desk"]
_WORSE: tuple[Condition, ...] = ("good", "worn", "damaged", "failed")


async def take_out(
    transaction: Transaction,
    item: StoredItem,
    person: str,
    *,
    deployment_id: str | None,
    expected_back_at: datetime | None,
    now: datetime,
    actor: str,
    way: Literal["out", "fast-path"] = "out",
    how: How = "desk",
    condition: Condition | None = None,
    note: str = "",
) -> StoredItem:
    """`person` takes a locked item out of its store, for a deployment or (None) for the bench. Returns it as it is
    then. `actor` is who did it, a person always."""
    moved = structs.replace(
        item,
        version=item.version + 1,
        condition=worse(item.condition, condition),
        custodian=person,
        place=None,
        deployment_id=deployment_id,
        out_since=now,
        expected_back_at=expected_back_at,
    )
    return await _move(transaction, item, moved, deployment_id, way, how, now, actor, note)


async def put_in(
    transaction: Transaction,
    item: StoredItem,
    place: PlaceView,
    *,
    now: datetime,
    actor: str,
    how: How = "desk",
    condition: Condition | None = None,
    note: str = "",
) -> StoredItem:
    """A locked item lies in `place` from now on, whose keeper has it; it is out for nothing any more."""
    moved = structs.replace(
        item,
        version=item.version + 1,
        condition=worse(item.condition, condition),
        custodian=place.keeper,
        place=place.place,
        deployment_id=None,
        out_since=None,
        expected_back_at=None,
    )
    return await _move(transaction, item, moved, item.deployment_id, "in", how, now, actor, note)


async def hand_over(
    transaction: Transaction,
    item: StoredItem,
    person: str,
    *,
    now: datetime,
    actor: str,
    how: How = "desk",
    condition: Condition | None = None,
    note: str = "",
) -> StoredItem:
    """`person` has a locked item from now on; where it is and what for stays."""
    moved = structs.replace(
        item, version=item.version + 1, condition=worse(item.condition, condition), custodian=person
    )
    return await _move(transaction, item, moved, item.deployment_id, "hand-over", how, now, actor, note)


def worse(one: Condition, other: Condition | None) -> Condition:
    """The worse of two conditions."""
    return one if other is None else max(one, other, key=_WORSE.index)


async def _move(
    transaction: Transaction,
    before: StoredItem,
    moved: StoredItem,
    deployment_id: str | None,
    way: Literal["out", "in", "hand-over", "fast-path"],
    how: How,
    now: datetime,
    actor: str,
    note: str,
) -> StoredItem:
    movement = Movement(
        item=moved.item,
        at=now,
        from_person=before.custodian,
        to_person=moved.custodian,
        from_place=before.place,
        to_place=moved.place,
        deployment=moved.deployment_id,
        way=way,
        how=how,
        condition=moved.condition,
    )
    await transaction.kit.move(moved, movement, actor)
    await transaction.log.append(
        KitMoved(
            at=now,
            actor=actor,
            unit=moved.unit_id,
            deployment=deployment_id,
            item=moved.item,
            from_person=before.custodian,
            person=moved.custodian,
            from_store=before.place,
            to_store=moved.place,
            way=way,
            how=how,
            condition=moved.condition,
            expected_back_at=moved.expected_back_at,
            note=HashedText(note) if note else None,
        )
    )
    transaction.changed.deployments = True
    return moved
