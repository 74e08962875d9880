"""Error reports: reading them, and the steps from draft to closed."""

from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import FromQuery, JSONBody

from fleet.api.access import caller_of
from fleet.api.parameters import BEGINNING, TokenAsked, TokenInPath
from fleet.api.services import Given
from protocols.api.log import ErrorReportStep, ErrorReportView

ApiRequest = Request[object, object, State]


@get("/api/log/error-reports", opt={"permission": "see-error-reports", "refuses": [404]})
async def list_error_reports(
    request: ApiRequest, services: Given, open_only: FromQuery[bool] = False, after: TokenAsked = BEGINNING
) -> list[ErrorReportView]:
    """At most 500 error reports after the report `after`: open ones oldest first, or all newest first. Fewer than 500
    are the last. This reading becomes an entry of the log."""
    reader = caller_of(request).person.person_id
    return await services.error_reports.listed(reader, open_only=open_only, after=None if after == BEGINNING else after)


@get("/api/log/error-reports/{report_id:str}", opt={"permission": "see-error-reports", "refuses": [404]})
async def one_error_report(request: ApiRequest, services: Given, report_id: TokenInPath) -> ErrorReportView:
    """One error report. This reading becomes an entry of the log."""
    return await services.error_reports.one(report_id, caller_of(request).person.person_id)


@post(
    "/api/log/error-reports/{report_id:str}/account",
    opt={"permission": "answer-error-report", "refuses": [404, 409]},
    status_code=200,
)
async def account(
    request: ApiRequest, services: Given, report_id: TokenInPath, data: JSONBody[ErrorReportStep]
) -> ErrorReportView:
    """Say what happened and why."""
    return await services.error_reports.account(report_id, data.text, caller_of(request).person.person_id)


@post(
    "/api/log/error-reports/{report_id:str}/submit",
    opt={"permission": "answer-error-report", "refuses": [404, 409]},
    status_code=200,
)
async def submit(
    request: ApiRequest, services: Given, report_id: TokenInPath, data: JSONBody[ErrorReportStep]
) -> ErrorReportView:
    """Lay the report before an approver."""
    return await services.error_reports.submit(report_id, data.text, caller_of(request).person.person_id)


@post(
    "/api/log/error-reports/{report_id:str}/return",
    opt={"permission": "close-error-report", "refuses": [404, 409]},
    status_code=200,
)
async def give_back(
    request: ApiRequest, services: Given, report_id: TokenInPath, data: JSONBody[ErrorReportStep]
) -> ErrorReportView:
    """Return the report to the supervisors."""
    return await services.error_reports.give_back(report_id, data.text, caller_of(request).person.person_id)


@post(
    "/api/log/error-reports/{report_id:str}/close",
    opt={"permission": "close-error-report", "refuses": [404, 409]},
    status_code=200,
)
async def close(
    request: ApiRequest, services: Given, report_id: TokenInPath, data: JSONBody[ErrorReportStep]
) -> ErrorReportView:
    """End the report."""
    return await services.error_reports.close(report_id, data.text, caller_of(request).person.person_id)


HANDLERS = [list_error_reports, one_error_report, account, submit, give_back, close]
