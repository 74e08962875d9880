"""Rollouts at the controller."""

from typing import Literal

from fleet.client.session import Session
from protocols.api.rollouts import (
    NewRollout,
    RolloutChange,
    RolloutRow,
    RolloutUnitPage,
    RolloutUnitRow,
    RolloutView,
)
from protocols.rollouts import UnitUpdateState


class RolloutRequests:
    """What can be asked and done about rollouts; part of `FleetClient`."""

    _session: Session

    async def rollouts(self) -> list[RolloutRow]:
        """The newest rollouts."""
        return await self._session.request("GET", "/api/rollouts", list[RolloutRow])

    async def rollout(self, rollout_id: str) -> RolloutView:
        """A rollout with its rings."""
        return await self._session.request("GET", f"/api/rollouts/{rollout_id}", RolloutView)

    async def rollout_units(
        self,
        rollout_id: str,
        *,
        ring: str = "",
        state: Literal["any", UnitUpdateState] = "any",
        offset: int = 0,
        limit: int = 100,
    ) -> RolloutUnitPage:
        """Units of a rollout, at most `limit` (500) from the `offset`-th; of `ring` and in `state` only."""
        query = {"ring": ring, "state": state, "offset": offset, "limit": limit}
        return await self._session.request("GET", f"/api/rollouts/{rollout_id}/units", RolloutUnitPage, query=query)

    async def unit_updates(self, unit_id: str) -> list[RolloutUnitRow]:
        """The updates of a unit, the newest first."""
        return await self._session.request("GET", f"/api/units/{unit_id}/updates", list[RolloutUnitRow])

    async def start_rollout(self, new: NewRollout) -> RolloutView:
        """Begin a rollout."""
        return await self._session.request("POST", "/api/rollouts", RolloutView, body=new)

    async def pause_rollout(self, rollout_id: str, reason: str) -> RolloutView:
        """Tell no further unit until it is resumed."""
        return await self._change(rollout_id, "pause", reason)

    async def resume_rollout(self, rollout_id: str, reason: str) -> RolloutView:
        """Let it go on; what failed so far does not stop it again."""
        return await self._change(rollout_id, "resume", reason)

    async def cancel_rollout(self, rollout_id: str, reason: str) -> RolloutView:
        """End it."""
        return await self._change(rollout_id, "cancel", reason)

    async def _change(self, rollout_id: str, what: str, reason: str) -> RolloutView:
        body = RolloutChange(reason=reason)
        return await self._session.request("POST", f"/api/rollouts/{rollout_id}/{what}", RolloutView, body=body)
