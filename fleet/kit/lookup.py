"""What requests about kit name, found or refused in words that say what to do."""

from collections.abc import Sequence
from datetime import datetime

from fleet.errors import Conflict, NotFound
from fleet.store.deployments import StoredDeployment
from fleet.store.kit import StoredItem
from fleet.store.kit_models import StoredModel
from fleet.store.people import Person
from fleet.store.store import Transaction
from protocols.api.kit import PlaceView
from protocols.deployments import Blocker
from protocols.people import may


def refused(blockers: Sequence[Blocker]) -> Conflict:
    """The first of what stops something, with who decides about it."""
    first = blockers[0]
    return Conflict(first.rule, first.sentence, f"{first.remedy}; who decides: {first.whose}")


def said(at: datetime) -> str:
    """A time in a sentence."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


async def known_stored(transaction: Transaction, item: str) -> StoredItem:
    """An item; raises NotFound."""
    return _there(item, await transaction.kit.one(item))


async def locked_item(transaction: Transaction, item: str) -> StoredItem:
    """An item that nobody else changes until the transaction ends; raises NotFound."""
    return _there(item, (await transaction.kit.locked([item])).get(item))


async def known_model(transaction: Transaction, model: str, *, locked: bool = False) -> StoredModel:
    """A model; raises NotFound."""
    models = transaction.kit.models
    found = await (models.locked(model) if locked else models.one(model))
    if found is None:
        raise NotFound("model-unknown", f"there is no model {model}", "list them: fleet kit models")
    return found


async def kept_place(transaction: Transaction, place: str) -> PlaceView:
    """A store, which gets no other keeper until the transaction ends; raises NotFound."""
    found = await transaction.kit.models.kept_place(place)
    if found is None:
        raise NotFound("place-unknown", f"there is no store {place}", "list them: fleet kit places")
    return found


async def locked_deployment(transaction: Transaction, deployment_id: str) -> StoredDeployment:
    """A deployment that nobody else changes until the transaction ends; raises NotFound. To be locked before items."""
    found = await transaction.deployments.locked(deployment_id)
    if found is None:
        raise NotFound("deployment-unknown", f"there is no deployment {deployment_id}", "list deployments")
    return found


async def known_keeper(transaction: Transaction, person_id: str, now: datetime) -> Person:
    """Somebody who may keep kit; raises NotFound or Conflict."""
    found = await transaction.people.get(person_id)
    if found is None:
        raise NotFound("person-unknown", f"there is no {person_id}", "list people: fleet person list")
    if not may(found.role, "keep-kit") or not found.may_sign_in(now):
        raise Conflict(
            "keeps-no-kit", f"{person_id} ({found.role}) may not keep kit now", "name an engineer or a supervisor"
        )
    return found


def _there(item: str, found: StoredItem | None) -> StoredItem:
    if found is None:
        raise NotFound("item-unknown", f"there is no item {item}", "look at the label, or list kit: fleet kit list")
    return found
