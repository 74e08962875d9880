"""Checks at the controller: pictures and sounds of a unit under a mandate, and its position."""

from typing import TYPE_CHECKING, Literal

from fleet.client.session import Session
from protocols.api.checks import (
    CarriedLease,
    CarriedRequest,
    CheckView,
    NewCheck,
    PositionView,
    UnitAccess,
    Verdict,
    WatchLink,
)

if TYPE_CHECKING:
    from fleet.client.preview import Preview


class CheckRequests:
    """What can be asked about checks; part of `FleetClient`."""

    _session: Session

    async def access(self, unit_id: str) -> UnitAccess:
        """What can be opened of a unit now, or why nothing can, and what is open."""
        return await self._session.request("GET", f"/api/units/{unit_id}/access", UnitAccess)

    async def begin_check(self, unit_id: str, wish: NewCheck) -> CheckView:
        """Have the controller ask the unit to open; the same again is the check that goes on already."""
        return await self._session.request("POST", f"/api/units/{unit_id}/checks", CheckView, body=wish)

    async def checks(self, unit_id: str, limit: int = 20) -> list[CheckView]:
        """The unit's checks, newest first, at most `limit` (100)."""
        query = {"limit": limit}
        return await self._session.request("GET", f"/api/units/{unit_id}/checks", list[CheckView], query=query)

    async def check(self, opening: str) -> CheckView:
        """How a check stands."""
        return await self._session.request("GET", f"/api/checks/{opening}", CheckView)

    async def close_check(self, opening: str, verdict: Verdict) -> CheckView:
        """Close a check, with what the person makes of it."""
        return await self._session.request("POST", f"/api/checks/{opening}/close", CheckView, body=verdict)

    async def watch_link(self, opening: str) -> WatchLink:
        """A link for one browser, in this person's name."""
        return await self._session.request("POST", f"/api/checks/{opening}/link", WatchLink)

    def preview(
        self,
        opening: str,
        *,
        columns: int = 80,
        rows: int = 24,
        frames_per_s: float = 5.0,
        kbit_s: int | None = None,
        way: Literal["terminal", "still"] = "terminal",
    ) -> "Preview":
        """Pictures and news of a check, to be entered with `async with`: whoever does is a viewer, in the log too.

        The picture is made for `columns` by `rows` cells of a terminal, in at most `kbit_s` thousand bits a second.
        Whoever only takes a `still` is counted as that, and gets a picture a second at most.
        """
        from fleet.client.preview import Preview  # noqa: PLC0415 - websockets, which only watching needs

        wish = {"columns": columns, "rows": rows, "frames_per_s": frames_per_s, "kbit_s": kbit_s, "way": way}
        return Preview(self._session, opening, wish)

    async def position(self, unit_id: str, mandate: str | None = None, opening: str | None = None) -> PositionView:
        """The unit's one last position, and with an `opening` only what that check found; looking is an entry of the
        log, and counts."""
        query = {"mandate": mandate, "opening": opening}
        return await self._session.request("GET", f"/api/units/{unit_id}/position", PositionView, query=query)

    async def carried_lease(self, request: CarriedRequest) -> CarriedLease:
        """A lease to be carried to a unit without coverage, once."""
        return await self._session.request("POST", "/api/carried-leases", CarriedLease, body=request)
