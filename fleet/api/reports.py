"""Deployment files, and reports of what was done in a time. Each reading becomes an entry of the log."""

from typing import cast

from litestar import Request, get
from litestar.datastructures import State
from litestar.response import Response

from fleet.api.access import caller_of
from fleet.api.deployments import DeploymentInPath
from fleet.api.log_asked import MomentAsked, moment_of
from fleet.api.services import Given
from protocols.api.reports import DeploymentFile, Reports

ApiRequest = Request[object, object, State]
_JSON, _PDF = "application/json", "application/pdf"


@get("/api/deployments/{deployment_id:str}/file", opt={"permission": "see-deployments", "refuses": [404]})
async def deployment_file(
    request: ApiRequest, services: Given, deployment_id: DeploymentInPath
) -> Response[DeploymentFile]:
    """Everything of a deployment but its site's address, with the log's entries about it: for its team, and for those
    who may see reports. The entry of this reading has the SHA-256 of exactly this answer."""
    made = await services.deployment_files.file(deployment_id, "json", caller_of(request).person)
    return cast(Response[DeploymentFile], Response(made.content, media_type=_JSON))


@get(
    "/api/deployments/{deployment_id:str}/file.pdf",
    opt={"permission": "see-deployments", "refuses": [404]},
    media_type=_PDF,
)
async def deployment_file_pdf(request: ApiRequest, services: Given, deployment_id: DeploymentInPath) -> Response[bytes]:
    """The same for reading; every page has the SHA-256 of the JSON that it is made from."""
    made = await services.deployment_files.file(deployment_id, "pdf", caller_of(request).person)
    return Response(
        made.content,
        media_type=_PDF,
        headers={"content-disposition": f'attachment; filename="{made.name}"'},
    )


@get("/api/reports", opt={"permission": "see-reports"})
async def reports(request: ApiRequest, services: Given, since: MomentAsked, until: MomentAsked) -> Reports:
    """What was done in a time: use of kit, times taken, answers to alarms."""
    return await services.deployment_reports.reports(moment_of(since), moment_of(until), caller_of(request).person)


HANDLERS = [deployment_file, deployment_file_pdf, reports]
