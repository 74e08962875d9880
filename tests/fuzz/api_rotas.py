"""Rotas for the house to attack: one that is used, some to be ended, and plans at every step of their way."""

from datetime import datetime, timedelta
from typing import Any

from fleet.entries.rotas import ChangeApproved
from fleet.rota.solving import begun
from fleet.store.rota_changes import StoredChange
from fleet.store.rota_plans import NewPlanRow
from fleet.store.store import Store
from protocols.api.rota_changes import ChangeState
from protocols.api.rotas import PlanState
from protocols.rota.model import Layer, Rota, TurnLength

USED = "technical"
_SPARE = [f"spare-{number}" for number in range(4)]
_PLANS = 12
_CHANGES = 6
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
    changes = await _changes(store, now)
    known = {
        "change_id": [one for of_state in changes.values() for one in of_state],
        "rota_id": [USED],
        "plan_id": [*drafts, *plans["solving"]],
        "plan": drafts,
        "rota": [USED],
    }
    only = {
        "POST /api/rotas/{rota_id}/end": _SPARE,
        "POST /api/rota-plans/{plan_id}/stop": plans["solving"],
        "POST /api/rota-plans/{plan_id}/publish": drafts[0::2],
        "POST /api/rota-plans/{plan_id}/discard": drafts[1::2],
        "POST /api/rota-changes/{change_id}/agree": changes["asked"],
        "POST /api/rota-changes/{change_id}/approve": changes["agreed"][0::2],
        "POST /api/rota-changes/{change_id}/refuse": changes["agreed"][1::2],
        "POST /api/rota-changes/{change_id}/undo": changes["approved"],
    }
    return known, only


async def _changes(store: Store, now: datetime) -> dict[ChangeState, list[str]]:
    """Changes that wait for the other, for a supervisor, and that are in force; by how far they are."""
    starts_at = (now + timedelta(days=2)).replace(microsecond=0)
    found: dict[ChangeState, list[str]] = {"asked": [], "agreed": [], "approved": []}
    async with store.transaction() as transaction:
        for number, state in enumerate([*found] * _CHANGES):
            change = StoredChange(
                change_id=f"S-{number:012x}",
                rota_id=USED,
                kind="take-over",
                state=state,
                position="secondary",
                person_id="FZ-1000",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=8),
                gives="FZ-1002" if state == "asked" else None,
                back_position=None,
                back_starts_at=None,
                back_ends_at=None,
                reason="",
                asked_by="FZ-1000",
                asked_at=now,
                decided_by=_SUPERVISOR if state == "approved" else None,
                decided_at=now if state == "approved" else None,
            )
            await transaction.rota_changes.add(change)
            if state == "approved":
                await transaction.log.append(_approved(change, now))
            found[state].append(change.change_id)
    return found


def _approved(change: StoredChange, now: datetime) -> ChangeApproved:
    """The entry without which the database lets no change be in force."""
    return ChangeApproved(
        at=now,
        actor=_SUPERVISOR,
        rota=change.rota_id,
        change=change.change_id,
        change_kind=change.kind,
        duty=change.position,
        person=change.person_id,
        gives=change.gives,
        starts_at=change.starts_at,
        ends_at=change.ends_at,
        back_duty=None,
        back_starts_at=None,
        back_ends_at=None,
        brought=0,
        reason=None,
        despite=None,
    )
