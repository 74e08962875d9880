"""Whether a unit may come to where kit is fitted already: no step is in between that asks for what fitting,
commissioning and going live ask for."""

from datetime import datetime

from fleet.errors import Conflict
from fleet.kit.lookup import said
from fleet.store.deployments import StoredDeployment
from fleet.store.store import Transaction
from protocols.deployments import FITTED_STATES


async def check_may_come(
    transaction: Transaction, deployment: StoredDeployment, unit_id: str | None, now: datetime
) -> None:
    """Raise Conflict where the deployment is live, because only going live and resuming ask whether a unit was judged
    ready; or where kit is fitted and the unit has a bench mandate, live or to come, which opens it without an
    authority. The deployment is locked; the unit is from here on. `unit_id` is None for a unit that is to join yet."""
    which = deployment.deployment_id
    if deployment.state == "live":
        raise Conflict(
            "unit-unjudged",
            f"{which} is live, and nobody would have judged whether this unit is ready",
            f"begin maintenance first: fleet deployment step {which.removeprefix('DEP-')} maintain --reason WHY; "
            "resuming asks for its certificate",
        )
    if deployment.state not in FITTED_STATES or unit_id is None:
        return
    await transaction.revocation.lock_unit(unit_id)
    for one in await transaction.mandates.not_over_of(unit_id, now):
        if one.kind == "bench":
            raise Conflict(
                "bench-mandate-live",
                f"{unit_id} has the bench mandate {one.mandate_id} until {said(one.not_after)}, and {which} is "
                f"{deployment.state}",
                f"cancel it: fleet mandate cancel {one.mandate_id}; who decides: who asked for it, or who approved it",
            )
