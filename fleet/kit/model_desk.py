"""Models, their stock, and the unit's own stores; each change with its entry in one transaction."""

from hashlib import sha256

import msgspec

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.kit import KitModelSet, KitPlaceSet, StockMovedEntry
from fleet.errors import Conflict, RequestRefused
from fleet.kit.custody import hand_over
from fleet.kit.lookup import known_keeper, known_model, locked_deployment
from fleet.store.kit_models import StoredModel
from fleet.store.people import Person
from fleet.store.store import Store, Transaction
from protocols.api.kit import ModelView, PlaceView, SetModel, SetPlace, StockMoved
from protocols.kit import KitModel

MAX_STOCK = 1_000_000
"""Of a counted model."""


class ModelDesk:
    """Every method raises StoreUnavailable; those that change something NotFound, Conflict and RequestRefused."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def models(self) -> list[ModelView]:
        """All models with what is left of them, by id."""
        async with self._store.transaction() as transaction:
            return [one.view() for one in await transaction.kit.models.every()]

    async def set_model(self, model: str, asked: SetModel, caller: Person) -> ModelView:
        """Lay a model down, or anew, unless it is in another version than `asked.version`."""
        now, new = self._clock(), asked.model
        _check_usable(model, new)
        async with self._store.transaction() as transaction:
            before = await transaction.kit.models.locked(model)
            _check_version(model, asked, before)
            if before is None:
                if not await transaction.kit.models.add(new, caller.person_id, now):
                    raise _changed(model, 1, asked.version)
            else:
                await transaction.kit.models.change(new, asked.version + 1, caller.person_id, now)
            digest = sha256(msgspec.json.encode(new)).hexdigest()
            await transaction.log.append(
                KitModelSet(at=now, actor=caller.person_id, model=model, version=asked.version + 1, sha256=digest)
            )
            transaction.changed.deployments = True
            return (await known_model(transaction, model)).view()

    async def move_stock(self, model: str, asked: StockMoved, caller: Person) -> ModelView:
        """Stock of a counted model came or was used."""
        now = self._clock()
        if asked.change == 0:
            raise RequestRefused("stock-unmoved", "nothing came and nothing was used", "write +5 or -5")
        async with self._store.transaction() as transaction:
            if asked.deployment is not None:
                await locked_deployment(transaction, asked.deployment)
            found = await known_model(transaction, model, locked=True)
            _check_stock(found, asked.change)
            left = await transaction.kit.models.move_stock(
                model, asked.change, asked.deployment, asked.note, caller.person_id, now
            )
            await transaction.log.append(
                StockMovedEntry(
                    at=now,
                    actor=caller.person_id,
                    deployment=asked.deployment,
                    model=model,
                    change=asked.change,
                    left=left,
                    note=HashedText(asked.note) if asked.note else None,
                )
            )
            transaction.changed.deployments = True
            return (await known_model(transaction, model)).view()

    async def places(self) -> list[PlaceView]:
        """All stores, vans and benches, by code."""
        async with self._store.transaction() as transaction:
            return await transaction.kit.models.places()

    async def set_place(self, place: str, asked: SetPlace, caller: Person) -> PlaceView:
        """Name a store and its keeper, into whose custody everything there passes."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            keeper = (await known_keeper(transaction, asked.keeper, now)).person_id
            await transaction.kit.models.set_place(place, asked.name, keeper)
            codes = await transaction.kit.models.lying_in(place, keeper)
            items = [one for one in (await transaction.kit.locked(codes)).values() if one.place == place]
            for item in items:
                await hand_over(transaction, item, keeper, now=now, actor=caller.person_id)
            await transaction.log.append(
                KitPlaceSet(
                    at=now,
                    actor=caller.person_id,
                    store=place,
                    person=keeper,
                    items=len(items),
                    name=HashedText(asked.name),
                )
            )
            transaction.changed.deployments = True
            return await _view(transaction, place)


async def _view(transaction: Transaction, place: str) -> PlaceView:
    found = await transaction.kit.models.place(place)
    assert found is not None
    return found


def _check_usable(model: str, new: KitModel) -> None:
    if new.model != model:
        raise RequestRefused("model-differs", f"the path names {model}, the body {new.model}", "name the same in both")
    rules = [one.rule for one in new.maintenance]
    if len(set(rules)) < len(rules):
        raise RequestRefused("rule-twice", "two maintenance rules have the same name", "name each of its own")
    if new.counted and new.maintenance:
        raise RequestRefused("rule-of-counted", "what is counted has no items to maintain", "leave the rules out")


def _check_version(model: str, asked: SetModel, before: StoredModel | None) -> None:
    there = 0 if before is None else before.version
    if asked.version != there:
        raise _changed(model, there, asked.version)
    if before is not None and (before.model.kind, before.model.counted) != (asked.model.kind, asked.model.counted):
        raise Conflict(
            "model-is-another",
            f"{model} is of kind {before.model.kind}, {'counted' if before.model.counted else 'with labels'}, for good",
            "lay another model down under a new id",
        )


def _changed(model: str, there: int, asked: int) -> Conflict:
    return Conflict(
        "model-changed", f"version {there} of {model} is there, and not {asked}", "look at it again, and change that"
    )


def _check_stock(found: StoredModel, change: int) -> None:
    model = found.model.model
    if not found.model.counted:
        raise Conflict("model-labelled", f"each {model} has a label", "add an item, or dispose of one")
    if found.available + change < 0:
        raise Conflict(
            "stock-short", f"{found.available} of {model} are left", "count again, and enter what came first"
        )
    if found.available + change > MAX_STOCK:
        raise Conflict("stock-too-much", f"more than {MAX_STOCK} of {model} can not be", "count again")
