"""Deployment files and reports at the controller."""

from datetime import datetime

from fleet.client.session import Session
from protocols.api.reports import DeploymentFile, Reports


class ReportRequests:
    """Deployment files and reports; part of `FleetClient`. Each reading becomes an entry of the log."""

    _session: Session

    async def deployment_file(self, deployment_id: str) -> DeploymentFile:
        """Everything of a deployment but its site's address, with the log's entries about it."""
        return await self._session.request("GET", f"/api/deployments/{deployment_id}/file", DeploymentFile)

    async def deployment_file_json(self, deployment_id: str) -> bytes:
        """The same, as the bytes whose SHA-256 the log holds."""
        return await self._session.fetch(f"/api/deployments/{deployment_id}/file", {})

    async def deployment_file_pdf(self, deployment_id: str) -> bytes:
        """The same for reading, with the SHA-256 of the JSON that it is made from on every page."""
        return await self._session.fetch(f"/api/deployments/{deployment_id}/file.pdf", {})

    async def reports(self, since: datetime, until: datetime) -> Reports:
        """What was done from `since` until before `until`; both have a zone."""
        query = {"since": since, "until": until}
        return await self._session.request("GET", "/api/reports", Reports, query=query)
