"""Calendar feeds at the controller."""

from fleet.client.session import Session
from protocols.api.calendars import CalendarMade, CalendarView, NewCalendar


class CalendarRequests:
    """What can be asked and done about calendar feeds; part of `FleetClient`."""

    _session: Session

    async def calendars(self) -> list[CalendarView]:
        """This person's feeds, newest first, withdrawn ones too."""
        return await self._session.request("GET", "/api/calendars", list[CalendarView])

    async def make_calendar(self, rota: str | None = None) -> CalendarMade:
        """A feed of this person's own shifts, or of all of a rota; its address is told this once."""
        body = NewCalendar(scope="mine" if rota is None else "rota", rota=rota)
        return await self._session.request("POST", "/api/calendars", CalendarMade, body=body)

    async def withdraw_calendar(self, calendar_id: str) -> CalendarView:
        """Nobody is let in by its address any more."""
        return await self._session.request("POST", f"/api/calendars/{calendar_id}/withdraw", CalendarView)
