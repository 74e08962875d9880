"""Legal holds at the controller."""

from fleet.client.session import Session
from protocols.api.log import HoldRelease, HoldView, NewHold, RetentionView


class HoldRequests:
    """What can be asked about keeping and erasing; part of `FleetClient`."""

    _session: Session

    async def log_retention(self) -> RetentionView:
        """For how long free texts of the log are kept."""
        return await self._session.request("GET", "/api/log/retention", RetentionView)

    async def holds(self) -> list[HoldView]:
        """Holds that stand, then the latest released ones."""
        return await self._session.request("GET", "/api/log/holds", list[HoldView])

    async def place_hold(self, hold: NewHold) -> HoldView:
        """Let nothing of the hold's scope be erased."""
        return await self._session.request("POST", "/api/log/holds", HoldView, body=hold)

    async def release_hold(self, hold_id: str, reason: str) -> HoldView:
        """End a hold."""
        path = f"/api/log/holds/{hold_id}/release"
        return await self._session.request("POST", path, HoldView, body=HoldRelease(reason=reason))
