"""Keeping items for a deployment and letting them go, within one transaction that has the deployment locked."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from fleet.deployments.lookup import booked_once
from fleet.deployments.rules.picking import Choice, can_take, candidates, in_order, still_wanted
from fleet.entries.deployments import KitKept
from fleet.errors import Conflict, NotFound
from fleet.kit.known import KnownItem, known_items
from fleet.kit.rules.standing import is_gone
from fleet.store.deployments import StoredDeployment
from fleet.store.kit import StoredItem
from fleet.store.store import Transaction


async def known_kit(transaction: Transaction, items: Collection[str], now: datetime) -> list[KnownItem]:
    """These items with all that is known of them, by code; raises NotFound, or Conflict for what is lost or disposed
    of."""
    found = await known_items(transaction, await transaction.kit.find(items=items), now)
    known = {one.stored.item: one for one in found}
    for item in items:
        if item not in known:
            raise NotFound("item-unknown", f"there is no item {item}", "list kit: fleet kit list")
        if is_gone(known[item].facts):
            raise Conflict("kit-gone", f"{item} is {known[item].stored.service}", "take another")
    return found


async def keep(transaction: Transaction, stored: StoredDeployment, items: Sequence[str], now: datetime) -> None:
    """Keep these items, which are not kept for it yet, for all of its time. Raises NotFound, Conflict
    `double-booked`."""
    if not items:
        return
    await transaction.reservations.lock_items(items)
    await known_kit(transaction, items, now)
    with booked_once("item"):
        await transaction.reservations.add(
            stored.deployment_id, sorted(items), stored.starts_at, stored.expected_back_at, now
        )


async def move_kept(transaction: Transaction, moved: StoredDeployment, now: datetime) -> list[str]:
    """Keep what is kept for it for its new time instead, and have what is out expected then. Returns what is kept;
    raises Conflict `double-booked`."""
    kept = await transaction.reservations.of([moved.deployment_id])
    items = [one.item for one in kept.get(moved.deployment_id, [])]
    if items:
        await transaction.reservations.lock_items(items)
        await transaction.reservations.release(moved.deployment_id, items, now)
        with booked_once("item"):
            await transaction.reservations.add(moved.deployment_id, items, moved.starts_at, moved.expected_back_at, now)
    await transaction.kit.set_expected_back(moved.deployment_id, moved.expected_back_at)
    return items


async def pick(
    transaction: Transaction, stored: StoredDeployment, kept: Iterable[str], now: datetime
) -> tuple[list[str], list[str]]:
    """Keep what fulfils what it wants beside what is kept already, what is readiest first. Returns the codes of those,
    and in words what could not be had. What another transaction is about to keep is passed over without waiting, so
    that two who pick at once never get the same."""
    choices = await _choices(transaction, stored, now)
    taken = {one.item: one for one in choices if one.item in set(kept)}
    picked, lacking = [], []
    for wanted in still_wanted(stored.wants, list(taken.values())):
        for one in candidates(wanted, choices, taken):
            if await _take(transaction, stored, one, now):
                taken[one.item] = one
                picked.append(one.item)
                break
        else:
            lacking.append(wanted.kind if wanted.model is None else f"{wanted.kind} {wanted.model}")
    return picked, lacking


async def enter_kept(
    transaction: Transaction,
    stored: StoredDeployment,
    items: Sequence[str],
    released: Sequence[str],
    actor: str,
    now: datetime,
) -> None:
    """Say in the log what is kept for a deployment, which is at that version now, and what not any more."""
    await transaction.log.append(
        KitKept(
            at=now,
            actor=actor,
            deployment=stored.deployment_id,
            version=stored.version,
            items=sorted(items),
            released=sorted(released),
            starts_at=stored.starts_at,
            ends_at=stored.expected_back_at,
        )
    )
    transaction.changed.deployments = True


async def _choices(
    transaction: Transaction, stored: StoredDeployment, now: datetime, items: Collection[str] | None = None
) -> list[Choice]:
    """The items of the kinds it wants (or of these codes), those first that are ready."""
    kinds = sorted({one.kind for one in stored.wants})
    if items is None:
        rows = [one for kind in kinds for one in await transaction.kit.find(kind=kind)]
    else:
        rows = await transaction.kit.find(items=items)
    return await choices_of(transaction, rows, now)


async def choices_of(transaction: Transaction, rows: Sequence[StoredItem], now: datetime) -> list[Choice]:
    """These items with what decides whether they could be taken, those first that are ready."""
    charge = await transaction.deployment_facts.charge(one.unit_id for one in rows if one.unit_id is not None)
    found = []
    for known in await known_items(transaction, rows, now):
        row = known.stored
        unit = charge.get(row.unit_id or "")
        found.append(
            Choice(
                item=row.item,
                kind=row.kind,
                model=row.model,
                facts=known.facts,
                presence=None if unit is None else unit.presence,
                battery_percent=None if unit is None else unit.battery_percent,
            )
        )
    return in_order(found)


async def _take(transaction: Transaction, stored: StoredDeployment, one: Choice, now: datetime) -> bool:
    """Keep one item, unless somebody else has it locked, or had it kept meanwhile."""
    time = (stored.starts_at, stored.expected_back_at)
    if not can_take(one, stored.deployment_id, *time, now):
        return False
    if not await transaction.reservations.lock_free([one.item]):
        return False
    as_it_is = (await _choices(transaction, stored, now, [one.item]))[0]
    if not can_take(as_it_is, stored.deployment_id, *time, now):
        return False
    with booked_once("item"):
        await transaction.reservations.add(stored.deployment_id, [one.item], *time, now)
    return True
