"""Whether a unit may be where kit is fitted: not while it has a bench mandate, which opens it without an authority."""

from datetime import datetime

from fleet.errors import Conflict
from fleet.kit.lookup import said
from fleet.store.deployments import StoredDeployment
from fleet.store.store import Transaction
from protocols.deployments import FITTED_STATES


async def check_on_no_bench(
    transaction: Transaction, deployment: StoredDeployment, unit_id: str, now: datetime
) -> None:
    """Raise Conflict where a unit with a bench mandate, live or to come, would come to where kit is fitted already: no
    step is in between that asks for it. The deployment is locked; the unit is from here on."""
    if deployment.state not in FITTED_STATES:
        return
    await transaction.revocation.lock_unit(unit_id)
    for one in await transaction.mandates.not_over_of(unit_id, now):
        if one.kind == "bench":
            raise Conflict(
                "bench-mandate-live",
                f"{unit_id} has the bench mandate {one.mandate_id} until {said(one.not_after)}, and "
                f"{deployment.deployment_id} is {deployment.state}",
                f"cancel it: fleet mandate cancel {one.mandate_id}; who decides: who asked for it, or who approved it",
            )
