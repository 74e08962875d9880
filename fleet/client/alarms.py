"""Alarms, their rules, maintenance windows and contacts at the controller."""

from collections.abc import Sequence

from fleet.client.session import Session
from protocols.alarms import AlarmRules, Channel
from protocols.api.alarms import (
    Acknowledging,
    AlarmAcknowledged,
    AlarmDetail,
    AlarmingStanding,
    AlarmPage,
    AlarmRulesView,
    ContactTested,
    ContactView,
    NewContact,
    NewWindow,
    SetAlarmRules,
    WindowView,
)


class AlarmRequests:
    """What can be asked and done about alarms; part of `FleetClient`."""

    _session: Session

    async def alarms(
        self,
        *,
        open_only: bool = True,
        unit: str | None = None,
        deployment: str | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> AlarmPage:
        """Alarms newest first, at most `limit` (200)."""
        query = {
            "open_only": None if open_only else "false",
            "unit": unit,
            "deployment": deployment,
            "before_alarm": before,
            "limit": limit,
        }
        return await self._session.request("GET", "/api/alarms", AlarmPage, query=query)

    async def alarm(self, alarm_id: str) -> AlarmDetail:
        """An alarm with whom it paged, and its events."""
        return await self._session.request("GET", f"/api/alarms/{alarm_id}", AlarmDetail)

    async def alarm_details(self, alarm_ids: Sequence[str]) -> list[AlarmDetail]:
        """Those of 1 to 20 alarms that there are, with whom they paged, and their events."""
        query = {"alarm": list(alarm_ids)}
        return await self._session.request("GET", "/api/alarm-details", list[AlarmDetail], query=query)

    async def acknowledge_alarm(self, alarm_id: str, asked: Acknowledging | None = None) -> AlarmAcknowledged:
        """Take an alarm in this person's name."""
        body = asked or Acknowledging()
        return await self._session.request("POST", f"/api/alarms/{alarm_id}/acknowledge", AlarmAcknowledged, body=body)

    async def alarm_rules(self) -> AlarmRulesView:
        """The rules in force."""
        return await self._session.request("GET", "/api/alarm-rules", AlarmRulesView)

    async def set_alarm_rules(self, rules: AlarmRules, version: int) -> AlarmRulesView:
        """Lay rules down in the place of a version."""
        body = SetAlarmRules(version=version, rules=rules)
        return await self._session.request("PUT", "/api/alarm-rules", AlarmRulesView, body=body)

    async def alarm_windows(self, *, unit: str | None = None, deployment: str | None = None) -> list[WindowView]:
        """Maintenance windows that are not over."""
        query = {"unit": unit, "deployment": deployment}
        return await self._session.request("GET", "/api/alarm-windows", list[WindowView], query=query)

    async def make_alarm_window(self, new: NewWindow) -> WindowView:
        """Say that somebody will work on a unit, or on those of a deployment."""
        return await self._session.request("POST", "/api/alarm-windows", WindowView, body=new)

    async def end_alarm_window(self, window_id: str) -> WindowView:
        """The work is over before its time."""
        return await self._session.request("POST", f"/api/alarm-windows/{window_id}/end", WindowView)

    async def contacts(self) -> list[ContactView]:
        """This person's contacts, and to those who manage alarms everybody's, masked."""
        return await self._session.request("GET", "/api/contacts", list[ContactView])

    async def add_contact(self, channel: Channel, address: str) -> ContactView:
        """Say how this person is to be reached."""
        body = NewContact(channel=channel, address=address)
        return await self._session.request("POST", "/api/contacts", ContactView, body=body)

    async def test_contact(self, contact_id: str) -> ContactTested:
        """Send a page there now; what came of it."""
        return await self._session.request("POST", f"/api/contacts/{contact_id}/test", ContactTested)

    async def withdraw_contact(self, contact_id: str) -> ContactView:
        """Send nothing there any more."""
        return await self._session.request("POST", f"/api/contacts/{contact_id}/withdraw", ContactView)

    async def alarming(self) -> AlarmingStanding:
        """Whether alarming itself works."""
        return await self._session.request("GET", "/api/alarming", AlarmingStanding)
