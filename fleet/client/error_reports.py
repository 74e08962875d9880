"""Error reports at the controller."""

from fleet.client.session import Session
from protocols.api.log import ErrorReportStep, ErrorReportView

_PAGE = 500
"""As many as the controller gives at once, while there are more."""


class ErrorReportRequests:
    """What can be asked and done about error reports; part of `FleetClient`. Reading them becomes an entry."""

    _session: Session

    async def error_reports(self, *, open_only: bool = False) -> list[ErrorReportView]:
        """All of them, or all that are open, asked for page by page: open ones first, the oldest of them first, then
        closed ones, the newest first."""
        found: list[ErrorReportView] = []
        page = await self._page(open_only, "")
        while page:
            found += page
            page = await self._page(open_only, page[-1].report_id) if len(page) >= _PAGE else []
        unfinished = [one for one in found if one.state != "closed"]
        closed = [one for one in found if one.state == "closed"]
        return [*(unfinished if open_only else reversed(unfinished)), *closed]

    async def _page(self, open_only: bool, after: str) -> list[ErrorReportView]:
        query = {"open_only": open_only or None, "after": after or None}
        return await self._session.request("GET", "/api/log/error-reports", list[ErrorReportView], query=query)

    async def error_report(self, report_id: str) -> ErrorReportView:
        """One of them."""
        return await self._session.request("GET", f"/api/log/error-reports/{report_id}", ErrorReportView)

    async def account_for_error(self, report_id: str, text: str) -> ErrorReportView:
        """Say what happened and why."""
        return await self._step(report_id, "account", text)

    async def submit_error_report(self, report_id: str, text: str) -> ErrorReportView:
        """Lay it before an approver, with a remark."""
        return await self._step(report_id, "submit", text)

    async def return_error_report(self, report_id: str, text: str) -> ErrorReportView:
        """Give it back to the supervisors, and say why."""
        return await self._step(report_id, "return", text)

    async def close_error_report(self, report_id: str, text: str) -> ErrorReportView:
        """End it, and say what follows."""
        return await self._step(report_id, "close", text)

    async def _step(self, report_id: str, step: str, text: str) -> ErrorReportView:
        path = f"/api/log/error-reports/{report_id}/{step}"
        return await self._session.request("POST", path, ErrorReportView, body=ErrorReportStep(text=text))
