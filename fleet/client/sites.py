"""Sites at the controller."""

from fleet.client.session import Session
from protocols.api.sites import NewSurvey, SetSite, SitePage, SiteView


class SiteRequests:
    """What can be asked about sites; part of `FleetClient`."""

    _session: Session

    async def sites(
        self,
        filter: str = "",  # noqa: A002  the query parameter's own name
        *,
        offset: int = 0,
        limit: int = 100,
    ) -> SitePage:
        """Rows `offset` … `offset + limit` (at most 200) by code, without addresses."""
        query = {"filter": filter or None, "offset": offset, "limit": limit}
        return await self._session.request("GET", "/api/sites", SitePage, query=query)

    async def site(self, site: str) -> SiteView:
        """A site with its address; an entry of the log says who asked."""
        return await self._session.request("GET", f"/api/sites/{site}", SiteView)

    async def put_site(
        self, site: str, version: int, *, address: str | None = None, access: str | None = None
    ) -> SiteView:
        """Lay a site down in the place of `version`, 0 for a new one; None stays as it is."""
        body = SetSite(version=version, address=address, access=access)
        return await self._session.request("PUT", f"/api/sites/{site}", SiteView, body=body)

    async def survey_site(self, site: str, survey: NewSurvey) -> SiteView:
        """Enter what was found there."""
        return await self._session.request("POST", f"/api/sites/{site}/surveys", SiteView, body=survey)

    async def erase_site(self, site: str) -> SiteView:
        """Erase address and access notes for good."""
        return await self._session.request("POST", f"/api/sites/{site}/erase", SiteView)
