"""Sites: codes, surveys, and addresses that can be erased."""

from typing import Annotated, TypeAlias

from litestar import Request, get, post, put
from litestar.datastructures import State
from litestar.params import JSONBody, PathParameter, QueryParameter

from fleet.api.access import caller_of
from fleet.api.log_asked import exactly
from fleet.api.parameters import Offset, WordsAsked
from fleet.api.services import Given
from protocols.api.sites import NewSurvey, SetSite, SitePage, SiteView

ApiRequest = Request[object, object, State]
SiteInPath: TypeAlias = Annotated[str, PathParameter(pattern=r"^[A-Z][A-Z0-9-]{0,11}$(?!\n)")]
SitesAtOnce: TypeAlias = Annotated[int, QueryParameter(ge=1, le=200)]


@get("/api/sites", opt={"permission": "see-deployments"})
async def list_sites(
    services: Given,
    filter: WordsAsked = "",  # noqa: A002  the query parameter's own name
    offset: Offset = 0,
    limit: SitesAtOnce = 100,
) -> SitePage:
    """Sites by code, without addresses."""
    return await services.sites.sites(filter, offset, limit)


@get("/api/sites/{site:str}", opt={"permission": "see-deployments", "refuses": [404]})
async def one_site(request: ApiRequest, services: Given, site: SiteInPath) -> SiteView:
    """A site with its address. This reading becomes an entry of the log."""
    return await services.sites.site(site, caller_of(request).person)


@put("/api/sites/{site:str}", opt={"permission": "work-deployment", "refuses": [409]})
async def put_site(request: ApiRequest, services: Given, site: SiteInPath, data: JSONBody[SetSite]) -> SiteView:
    """Lay a site down, or write its texts anew."""
    asked = await exactly(request, type(data))
    return await services.sites.set_site(site, asked, caller_of(request).person)


@post("/api/sites/{site:str}/surveys", opt={"permission": "work-deployment", "refuses": [404, 409]}, status_code=200)
async def add_survey(request: ApiRequest, services: Given, site: SiteInPath, data: JSONBody[NewSurvey]) -> SiteView:
    """Enter what was found there: supply and signal."""
    asked = await exactly(request, type(data))
    return await services.sites.survey(site, asked, caller_of(request).person)


@post("/api/sites/{site:str}/erase", opt={"permission": "manage-deployments", "refuses": [404, 409]}, status_code=200)
async def erase_site(request: ApiRequest, services: Given, site: SiteInPath) -> SiteView:
    """Erase address and access notes for good."""
    return await services.sites.erase(site, caller_of(request).person)


HANDLERS = [list_sites, one_site, put_site, add_survey, erase_site]
