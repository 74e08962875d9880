"""Finding deployments, and refusing what is over, has changed, or is named wrongly."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from fleet.errors import Conflict, NotFound
from fleet.store.deployments import StoredDeployment
from fleet.store.errors import DoubleBooked, TransactionConflict
from fleet.store.store import Transaction
from protocols.deployments import Blocker
from protocols.people import Permission, may, roles_with


async def found_deployment(transaction: Transaction, deployment_id: str) -> StoredDeployment:
    """The deployment; raises NotFound."""
    return _found(await transaction.deployments.one(deployment_id), deployment_id)


async def locked_deployment(transaction: Transaction, deployment_id: str, based_on: int) -> StoredDeployment:
    """The deployment, which nobody else changes until the transaction ends; raises NotFound, or Conflict where it is
    not the version that was seen any more, or over."""
    stored = _found(await transaction.deployments.locked(deployment_id), deployment_id)
    if stored.version != based_on:
        raise Conflict(
            "deployment-changed",
            f"{deployment_id} is at version {stored.version}, and not {based_on}",
            "look at it again, and change that",
        )
    if stored.is_over:
        raise Conflict("deployment-over", f"{deployment_id} is {stored.state}", "ask for another deployment")
    return stored


async def locked_going_on(transaction: Transaction, deployment_id: str) -> StoredDeployment:
    """The deployment, whatever its version, which nobody else changes until the transaction ends; raises NotFound, or
    Conflict where it is over."""
    stored = _found(await transaction.deployments.locked(deployment_id), deployment_id)
    if stored.is_over:
        raise Conflict("deployment-over", f"{deployment_id} is {stored.state}", "ask for another deployment")
    return stored


async def check_person(transaction: Transaction, person_id: str, permission: Permission, now: datetime) -> None:
    """Raise NotFound or Conflict unless somebody is in force, and may do that."""
    person = await transaction.people.get(person_id)
    if person is None:
        raise NotFound("person-unknown", f"there is no {person_id}", "list people: fleet person list")
    if not may(person.role, permission):
        able = " or ".join(roles_with(permission))
        raise Conflict("role-not-fit", f"{person_id} is {person.role}", f"name somebody with the role {able}")
    if not person.may_sign_in(now):
        raise Conflict("not-in-force", f"the access of {person_id} is not in force", "name somebody else")


@contextmanager
def booked_once(kind: str) -> Iterator[None]:
    """Raise what the store says of an item or a person (`kind`) in two places as Conflict `double-booked`."""
    try:
        yield
    except DoubleBooked as error:
        raise Conflict(
            "double-booked",
            f"{kind} {error.what} is with {error.deployment_id} from {error.starts_at:%Y-%m-%d %H:%M} until "
            f"{error.ends_at:%Y-%m-%d %H:%M} UTC",
            f"take another, another time, or have it released by {error.deployment_id}",
        ) from error
    except TransactionConflict as error:
        raise Conflict("changed-meanwhile", "somebody else changed the same just now", "try again") from error


def _found(stored: StoredDeployment | None, deployment_id: str) -> StoredDeployment:
    if stored is None:
        raise NotFound(
            "deployment-unknown", f"there is no deployment {deployment_id}", "list them: fleet deployment list"
        )
    return stored


def stopped(deployment_id: str, what: str, found: Iterable[Blocker]) -> Conflict:
    """The refusal `blocked` of a step (or of visits), with all that stops it: whose decision each is, and what would
    make it possible."""
    stops = [one for one in found if one.answer == "refused"]
    message = "; ".join(f"{one.sentence} ({one.rule}; {one.whose})" for one in stops)
    remedies = "; ".join(dict.fromkeys(one.remedy for one in stops))
    return Conflict("blocked", f"{what} of {deployment_id} is stopped: {message}", remedies)
