"""Rotas for the house to attack: one that is used, some to be ended, and plans at every step of their way."""

from datetime import datetime, timedelta
from typing import Any

from fleet.rota.solving import begun
from fleet.store.rota_plans import NewPlanRow
from fleet.store.store import Store
from protocols.api.rotas import PlanState
from protocols.rota.model import Layer, Rota, TurnLength

USED = "technical"
_SPARE = [f"spare-{number}" for number in range(4)]
_PLANS = 12
_SUPERVISOR = "FZ-1001"


async def rotas(store: Store, now: datetime) -> tuple[dict[str, list[Any]], dict[str, list[Any]]]:
    """Make them; returns what is known of them, and what some operations are to be done to."""
    starts = (now - timedelta(weeks=2)).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    layer = Layer(
        layer="weeks", position="primary", starts=starts, turn=TurnLength(every=1, unit="weeks"), order=[_SUPERVISOR]
    )
    plans: dict[PlanState, list[str]] = {"draft": [], "solving": []}
    async with store.transaction() as transaction:
        for rota_id in (USED, *_SPARE):
            rota = Rota(rota=rota_id, name="Fuzz", zone="Etc/UTC", layers=[layer], members=[_SUPERVISOR, "FZ-1000"])
            await transaction.rotas.put(rota, 1, _SUPERVISOR, now)
        for number in range(_PLANS):
            state: PlanState = "solving" if number % 2 else "draft"
            plan_id = f"P-{number:012x}"
            row = NewPlanRow(
                plan_id=plan_id,
                rota_id=USED,
                starts_at=now,
                ends_at=now + timedelta(weeks=2),
                based_on=1,
                state=state,
                made_by=_SUPERVISOR,
                made_at=now + timedelta(days=1),  # a solver that is heard of as long as the attack lasts
                solving=begun(1) if number % 2 else None,
            )
            await transaction.rota_plans.add(row)
            plans[state].append(plan_id)
    drafts = plans["draft"]
    known = {"rota_id": [USED], "plan_id": [*drafts, *plans["solving"]], "plan": drafts, "rota": [USED]}
    only = {
        "POST /api/rotas/{rota_id}/end": _SPARE,
        "POST /api/rota-plans/{plan_id}/stop": plans["solving"],
        "POST /api/rota-plans/{plan_id}/publish": drafts[0::2],
        "POST /api/rota-plans/{plan_id}/discard": drafts[1::2],
    }
    return known, only
