"""Openings at the controller."""

from typing import Literal

from fleet.client.log import query_of
from fleet.client.session import Session
from protocols.api.log import LogQuery, OpeningsPage


class OpeningRequests:
    """What can be asked about openings; part of `FleetClient`. Each answer becomes an entry of the log."""

    _session: Session

    async def openings(self, query: LogQuery) -> OpeningsPage:
        """Who opened what, newest first, each with its verdict."""
        return await self._session.request("GET", "/api/log/openings", OpeningsPage, query=query_of(query))

    async def openings_report(self, query: LogQuery, form: Literal["csv", "pdf"]) -> bytes:
        """The same as a file."""
        return await self._session.fetch("/api/log/openings/report", {**query_of(query), "form": form})
