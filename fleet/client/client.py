"""The one door to the controller's API: a typed method for each route."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fleet.client.errors import ClientError
from fleet.client.feed import ChangeFeed
from fleet.client.session import Session
from fleet.client.settings import ClientSettings
from protocols.api.events import EventPage, EventView
from protocols.api.joins import AcceptedUnit, Decision, Invite, JoinView, Refusal, VoucherMade, VoucherView
from protocols.api.people import NewPerson, PersonView
from protocols.api.sessions import Whoami
from protocols.api.units import (
    CommandView,
    History,
    LabelChange,
    SettingsChange,
    Summary,
    UnitDetail,
    UnitPage,
    UnitSort,
)
from protocols.settings import UnitSettings
from protocols.uplink import Severity

SIGN_OUT_WAIT_S = 3.0
"""How long leaving waits for the controller to end the session; it ends by itself when idle."""


class FleetClient:
    """A signed-in person at the controller. Every method raises a ClientError when it can not do what it says."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __repr__(self) -> str:
        return f"FleetClient({self._session!r})"

    @property
    def url(self) -> str:
        """The controller's address."""
        return self._session.settings.url

    @property
    def idle_minutes(self) -> int:
        """Minutes without a request after which the session ends."""
        return self._session.idle_minutes

    def feed(self) -> ChangeFeed:
        """The feed of changes, to be entered with `async with`."""
        return ChangeFeed(self._session)

    async def whoami(self) -> Whoami:
        """Who this session is and what its role allows."""
        return await self._session.request("GET", "/api/session", Whoami)

    async def sign_out(self) -> None:
        """End the session."""
        await self._session.sign_out()

    async def summary(self) -> Summary:
        """The fleet in numbers."""
        return await self._session.request("GET", "/api/summary", Summary)

    async def list_units(
        self,
        filter: str = "",  # noqa: A002  the query parameter's own name
        sort: UnitSort = "label",
        *,
        descending: bool = False,
        offset: int = 0,
        limit: int = 100,
    ) -> UnitPage:
        """Rows `offset` … `offset + limit` (at most 500) of the units that pass `filter`."""
        query = {"filter": filter or None, "sort": sort, "descending": descending, "offset": offset, "limit": limit}
        return await self._session.request("GET", "/api/units", UnitPage, query=query)

    async def unit(self, unit_id: str) -> UnitDetail:
        """All of one unit."""
        return await self._session.request("GET", f"/api/units/{unit_id}", UnitDetail)

    async def history(self, unit_id: str, figure: str, hours: int = 24) -> History:
        """One figure of a unit over the last `hours`."""
        query = {"figure": figure, "hours": hours}
        return await self._session.request("GET", f"/api/units/{unit_id}/history", History, query=query)

    async def change_settings(self, unit_id: str, change: SettingsChange) -> UnitSettings:
        """Change what the unit should do; returns the settings now wanted."""
        return await self._session.request("PUT", f"/api/units/{unit_id}/settings", UnitSettings, body=change)

    async def change_label(self, unit_id: str, label: str) -> None:
        """Give the unit another short name."""
        await self._session.perform("PUT", f"/api/units/{unit_id}/label", body=LabelChange(label))

    async def request_report(self, unit_id: str) -> CommandView:
        """Ask the unit for a report now; the command's state is followed with `commands`."""
        return await self._session.request("POST", f"/api/units/{unit_id}/report", CommandView)

    async def commands(self, unit_id: str) -> list[CommandView]:
        """The unit's latest commands, newest first."""
        return await self._session.request("GET", f"/api/units/{unit_id}/commands", list[CommandView])

    async def events(
        self,
        *,
        unit_id: str | None = None,
        severity: Severity | None = None,
        open_only: bool = False,
        before: int | None = None,
        limit: int = 100,
    ) -> EventPage:
        """Events, newest first, older than event `before`."""
        query = {
            "unit_id": unit_id,
            "severity": severity,
            "open_only": open_only or None,
            "before": before,
            "limit": limit,
        }
        return await self._session.request("GET", "/api/events", EventPage, query=query)

    async def acknowledge(self, event_id: int) -> EventView:
        """Take note of an event in one's own name."""
        return await self._session.request("POST", f"/api/events/{event_id}/acknowledge", EventView)

    async def joins(self) -> list[JoinView]:
        """Units that wait to be accepted."""
        return await self._session.request("GET", "/api/joins", list[JoinView])

    async def accept_join(self, join_id: str, fingerprint: str) -> AcceptedUnit:
        """Accept the unit whose key has the `fingerprint` the person compared."""
        path = f"/api/joins/{join_id}/accept"
        return await self._session.request("POST", path, AcceptedUnit, body=Decision(fingerprint))

    async def refuse_join(self, join_id: str, reason: str) -> None:
        """Turn the unit away."""
        await self._session.perform("POST", f"/api/joins/{join_id}/refuse", body=Refusal(reason))

    async def invite(self, label: str = "") -> VoucherMade:
        """Make a voucher; its text is shown this once."""
        return await self._session.request("POST", "/api/vouchers", VoucherMade, body=Invite(label))

    async def vouchers(self) -> list[VoucherView]:
        """Vouchers, without their secrets."""
        return await self._session.request("GET", "/api/vouchers", list[VoucherView])

    async def withdraw_voucher(self, voucher_id: str) -> None:
        """Make a voucher useless."""
        await self._session.perform("DELETE", f"/api/vouchers/{voucher_id}")

    async def people(self) -> list[PersonView]:
        """Everybody, ended ones included."""
        return await self._session.request("GET", "/api/people", list[PersonView])

    async def add_person(self, person: NewPerson) -> PersonView:
        """Let a person in."""
        return await self._session.request("POST", "/api/people", PersonView, body=person)

    async def end_person(self, person_id: str) -> None:
        """End a person's access at once."""
        await self._session.perform("POST", f"/api/people/{person_id}/end")


@asynccontextmanager
async def connect(settings: ClientSettings) -> AsyncIterator[FleetClient]:
    """A signed-in client; leaving it signs out if the controller still answers.

    Raises InvalidClientSettings, NoSigningKey, SignInRefused, NotReachable, CertificateNotTrusted.
    """
    session = Session(settings)
    try:
        await session.sign_in()
        yield FleetClient(session)
    finally:
        with suppress(ClientError, TimeoutError):
            async with asyncio.timeout(SIGN_OUT_WAIT_S):
                await session.sign_out()
        await session.close()
