"""Technical advice: what could be fielded, and with whom."""

from typing import Annotated, TypeAlias

from litestar import get
from litestar.params import QueryParameter

from fleet.api.log_asked import MomentAsked, moment_of
from fleet.api.services import Given
from protocols.api.advice import Advice
from protocols.deployments import DeploymentKind

KindAsked: TypeAlias = Annotated[DeploymentKind, QueryParameter()]
SiteAsked: TypeAlias = Annotated[str, QueryParameter(pattern=r"^([A-Z][A-Z0-9-]{0,11})?$(?!\n)")]
"""A site's code, or nothing."""
_NOW = "1970-01-01T00:00:00Z"
"""What stands for now, and for the time after it that is usual."""


@get("/api/advice", opt={"permission": "see-deployments", "refuses": [404]})
async def advise(
    services: Given, kind: KindAsked, at: MomentAsked = _NOW, until: MomentAsked = _NOW, site: SiteAsked = ""
) -> Advice:
    """What could be fielded for a kind, with which kit and whom, and what is missing."""
    return await services.advice.advise(
        kind,
        at=None if at == _NOW else moment_of(at),
        until=None if until == _NOW else moment_of(until),
        site=site or None,
    )


HANDLERS = [advise]
