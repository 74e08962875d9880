"""Error reports: what was found outside a mandate, and how far people have come with it."""

from datetime import datetime
from typing import Any, NamedTuple

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.log import ErrorReportView

_SQL = load("error_reports")


class ReportEntries(NamedTuple):
    """What the entries about one report say: the authority and deployment it was drafted under, the openings at which
    records differ, and everybody who accounted for it, submitted or closed it. Returning it is an approver's part."""

    authority: str | None
    deployment: str | None
    openings: set[str]
    people: set[str]


class ErrorReportStore:
    """Error reports within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(
        self,
        report_id: str,
        *,
        unit_id: str | None,
        cause: str,
        summary: str,
        evidence: list[str],
        repeat_key: str,
        found_at: datetime,
    ) -> bool | None:
        """Write a draft; None when there is one with this `repeat_key`, else whether the fleet has the unit.

        Of several transactions at once with one key, one writes; the others wait for its end.
        """
        written = msgspec.json.encode(evidence).decode()
        is_of_unit: bool | None = await self._connection.fetchval(
            _SQL["add"], report_id, unit_id, cause, summary, written, repeat_key, found_at
        )
        return is_of_unit

    async def page(self, *, open_only: bool, after: str | None, limit: int) -> list[ErrorReportView]:
        """At most `limit` reports, those that come after the report `after`: of open ones the oldest first, of all of
        them the newest first. None when there is no report `after`: the first."""
        query = _SQL["page_open" if open_only else "page_all"]
        return [_view(record) for record in await self._connection.fetch(query, limit, after)]

    async def one(self, report_id: str) -> ErrorReportView | None:
        """One report."""
        record = await self._connection.fetchrow(_SQL["one"], report_id)
        return None if record is None else _view(record)

    async def locked(self, report_id: str) -> ErrorReportView | None:
        """One report, locked until the transaction ends."""
        if await self._connection.fetchval(_SQL["lock_one"], report_id) is None:
            return None
        return await self.one(report_id)

    async def entries_of(self, report: ErrorReportView) -> ReportEntries:
        """What the entries about `report` say, in the tree or not."""
        piece = f'"report":"{report.report_id}"'.encode()
        records = await self._connection.fetch(_SQL["entries_of"], report.found_at, piece)
        drafted = [record for record in records if record["kind"] == "error-report.drafted"]
        return ReportEntries(
            authority=drafted[0]["authority"] if drafted else None,
            deployment=drafted[0]["deployment"] if drafted else None,
            openings={record["opening"] for record in records} - {None},
            people={
                record["actor"]
                for record in records
                if record["kind"] == "error-report.advanced" and not record["returned"]
            },
        )

    async def account(self, report_id: str, entry_id: int, person_id: str, now: datetime) -> None:
        """What happened is in the text of entry `entry_id`, in place of an earlier account."""
        await self._connection.execute(_SQL["account"], report_id, str(entry_id), person_id, now)

    async def submit(self, report_id: str, person_id: str, now: datetime) -> None:
        """Lay the report before an approver."""
        await self._connection.execute(_SQL["submit"], report_id, person_id, now)

    async def give_back(self, report_id: str, entry_id: int) -> None:
        """Make it a draft again; its account stays to be read until there is another, the text of entry `entry_id`,
        which says why, until it is closed."""
        await self._connection.execute(_SQL["give_back"], report_id, str(entry_id))

    async def close(self, report_id: str, entry_id: int, person_id: str, now: datetime) -> None:
        """End the report; the text of entry `entry_id` says what follows."""
        await self._connection.execute(_SQL["close"], report_id, str(entry_id), person_id, now)

    async def lock_drafting(self) -> None:
        """Let only one transaction at a time look which findings have a report and draft those that have none."""
        await self._connection.execute(_SQL["lock_drafting"])

    async def that_begin(self, beginnings: list[str]) -> dict[str, str]:
        """Ids of reports by their repeat keys, of those that are one of `beginnings` up to their last colon; oldest
        first."""
        records = await self._connection.fetch(_SQL["that_begin"], beginnings)
        return {record["repeat_key"]: record["report_id"] for record in records}


def _view(record: asyncpg.Record) -> ErrorReportView:
    values: dict[str, Any] = dict(record)
    return ErrorReportView(**{**values, "evidence": msgspec.json.decode(values["evidence"], type=list[str])})
