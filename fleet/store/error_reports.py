"""Error reports: what was found outside a mandate, and how far people have come with it."""

from datetime import datetime
from typing import Any

import asyncpg
import msgspec

from fleet.store.connection import Connection
from fleet.store.queries import load
from protocols.api.log import ErrorReportView

_SQL = load("error_reports")


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

    async def page(self, *, open_only: bool, limit: int) -> list[ErrorReportView]:
        """At most `limit` reports, newest first; `open_only` leaves out those that are closed."""
        return [_view(record) for record in await self._connection.fetch(_SQL["page"], open_only, limit)]

    async def one(self, report_id: str) -> ErrorReportView | None:
        """One report."""
        record = await self._connection.fetchrow(_SQL["one"], report_id)
        return None if record is None else _view(record)

    async def locked(self, report_id: str) -> ErrorReportView | None:
        """One report, locked until the transaction ends."""
        if await self._connection.fetchval(_SQL["lock_one"], report_id) is None:
            return None
        return await self.one(report_id)

    async def account(self, report_id: str, text: str, person_id: str, now: datetime) -> None:
        """Write down what happened, in place of an earlier account."""
        await self._connection.execute(_SQL["account"], report_id, text, person_id, now)

    async def submit(self, report_id: str, person_id: str, now: datetime) -> None:
        """Lay the report before an approver."""
        await self._connection.execute(_SQL["submit"], report_id, person_id, now)

    async def give_back(self, report_id: str, why: str) -> None:
        """Make it a draft again; its account stays to be read until there is another, `why` until it is closed."""
        await self._connection.execute(_SQL["give_back"], report_id, why)

    async def close(self, report_id: str, outcome: str, person_id: str, now: datetime) -> None:
        """End the report."""
        await self._connection.execute(_SQL["close"], report_id, outcome, person_id, now)

    async def lock_drafting(self) -> None:
        """Let only one transaction at a time look which findings have a report and draft those that have none."""
        await self._connection.execute(_SQL["lock_drafting"])

    async def that_begin(self, beginnings: list[str]) -> dict[str, str]:
        """Ids of reports by their repeat keys, of those that begin with one of `beginnings`; oldest first."""
        records = await self._connection.fetch(_SQL["that_begin"], beginnings)
        return {record["repeat_key"]: record["report_id"] for record in records}


def _view(record: asyncpg.Record) -> ErrorReportView:
    values: dict[str, Any] = dict(record)
    return ErrorReportView(**{**values, "evidence": msgspec.json.decode(values["evidence"], type=list[str])})
