"""Rollouts: units are brought to a manifest ring by ring."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter

from fleet.api.access import caller_of
from fleet.api.log_asked import exactly
from fleet.api.parameters import Offset, UnitInPath
from fleet.api.services import Given
from protocols.api.rollouts import (
    NewRollout,
    RolloutChange,
    RolloutRow,
    RolloutUnitPage,
    RolloutUnitRow,
    RolloutView,
)
from protocols.rollouts import UnitUpdateState

ApiRequest = Request[object, object, State]
RolloutInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^RO-[0-9a-f]{12}$(?!\n)")]
RingAsked: TypeAlias = Annotated[str, QueryParameter(max_length=200)]
"""A ring's name, or nothing for all of them."""
# The framework keeps the name `state` for itself.
StateAsked: TypeAlias = Annotated[Literal["any", UnitUpdateState], QueryParameter(name="state")]
UnitsAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=500)]

_SEE: Mapping[str, Any] = MappingProxyType({"permission": "see-releases"})
_SEE_ONE: Mapping[str, Any] = MappingProxyType({"permission": "see-releases", "refuses": [404]})
_MANAGE: Mapping[str, Any] = MappingProxyType({"permission": "manage-releases", "refuses": [404, 409]})
_MAX_NEW_BYTES = 2 * 1024 * 1024
"""Every unit there may be, named one by one, and what is around them."""


@get("/api/rollouts", opt=dict(_SEE))
async def list_rollouts(services: Given) -> list[RolloutRow]:
    """The newest rollouts."""
    return await services.rollouts.rollouts()


@get("/api/rollouts/{rollout_id:str}", opt=dict(_SEE_ONE))
async def one_rollout(services: Given, rollout_id: RolloutInPath) -> RolloutView:
    """A rollout with its rings."""
    return await services.rollouts.one(rollout_id)


@get("/api/rollouts/{rollout_id:str}/units", opt=dict(_SEE_ONE))
async def rollout_units(
    services: Given,
    rollout_id: RolloutInPath,
    ring: RingAsked = "",
    in_state: StateAsked = "any",
    offset: Offset = 0,
    limit: UnitsAtOnce = 100,
) -> RolloutUnitPage:
    """The units of a rollout by ring and turn."""
    return await services.rollouts.units(rollout_id, ring, "" if in_state == "any" else in_state, offset, limit)


@get("/api/units/{unit_id:str}/updates", opt=dict(_SEE_ONE))
async def unit_updates(services: Given, unit_id: UnitInPath) -> list[RolloutUnitRow]:
    """The updates of a unit, the newest first."""
    return await services.rollouts.of_unit(unit_id)


@post("/api/rollouts", opt=dict(_MANAGE), request_max_body_size=_MAX_NEW_BYTES)
async def start_rollout(request: ApiRequest, services: Given, data: JSONBody[NewRollout]) -> RolloutView:
    """Begin a rollout; nothing is told to a unit that the plan's schedule, a check or a deployment holds."""
    new = await exactly(request, type(data))
    return await services.rollouts.start(new, caller_of(request).person)


@post("/api/rollouts/{rollout_id:str}/pause", opt=dict(_MANAGE), status_code=200)
async def pause_rollout(
    request: ApiRequest, services: Given, rollout_id: RolloutInPath, data: JSONBody[RolloutChange]
) -> RolloutView:
    """Tell no further unit until it is resumed; those that were told go on."""
    change = await exactly(request, type(data))
    return await services.rollouts.pause(rollout_id, change, caller_of(request).person)


@post("/api/rollouts/{rollout_id:str}/resume", opt=dict(_MANAGE), status_code=200)
async def resume_rollout(
    request: ApiRequest, services: Given, rollout_id: RolloutInPath, data: JSONBody[RolloutChange]
) -> RolloutView:
    """Let it go on where it was paused or has stopped by itself; what failed so far does not stop it again."""
    change = await exactly(request, type(data))
    return await services.rollouts.resume(rollout_id, change, caller_of(request).person)


@post("/api/rollouts/{rollout_id:str}/cancel", opt=dict(_MANAGE), status_code=200)
async def cancel_rollout(
    request: ApiRequest, services: Given, rollout_id: RolloutInPath, data: JSONBody[RolloutChange]
) -> RolloutView:
    """End it: who waits is left out, those that were told go on."""
    change = await exactly(request, type(data))
    return await services.rollouts.cancel(rollout_id, change, caller_of(request).person)


HANDLERS = [
    list_rollouts,
    one_rollout,
    rollout_units,
    unit_updates,
    start_rollout,
    pause_rollout,
    resume_rollout,
    cancel_rollout,
]
