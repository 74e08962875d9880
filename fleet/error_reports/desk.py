"""People's part in an error report: account for it, submit it, close it or return it; each step is an entry.

draft → accounted → submitted → closed; an approver may return what was submitted, which makes it a draft again. Who
closes a report is never who accounted for it or submitted it.
"""

from datetime import datetime
from typing import Literal

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.log import ErrorReportAdvanced, LogRead, LogScope
from fleet.errors import Conflict, NotFound
from fleet.store.store import Store, Transaction
from protocols.api.log import ErrorReportView

MAX_LISTED = 500
_READ = LogScope(kind="error-report")

Step = Literal["accounted", "submitted", "returned", "closed"]


class ErrorReportDesk:
    """Error reports for those who may see and decide them. Every method raises StoreUnavailable; those about one report
    NotFound, and its steps Conflict when the report is not where the step begins, with who can change that."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def listed(self, person_id: str, *, open_only: bool) -> list[ErrorReportView]:
        """The newest 500 reports; this reading is an entry."""
        async with self._store.transaction() as transaction:
            found = await transaction.error_reports.page(open_only=open_only, limit=MAX_LISTED)
            await self._note_reading(transaction, len(found), person_id)
        return found

    async def one(self, report_id: str, person_id: str) -> ErrorReportView:
        """One report; this reading is an entry."""
        async with self._store.transaction() as transaction:
            found = await transaction.error_reports.one(report_id)
            await self._note_reading(transaction, int(found is not None), person_id)
        if found is None:
            raise _unknown()
        return found

    async def account(self, report_id: str, text: str, person_id: str) -> ErrorReportView:
        """Say what happened and why; in place of an earlier account until it is submitted."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            report = await _locked(transaction, report_id)
            if report.state == "submitted":
                raise Conflict(
                    "report-submitted",
                    f"{report.submitted_by} has submitted this report: its account can not change any more",
                    "ask an approver to return it to you",
                )
            _check_open(report)
            await transaction.error_reports.account(report_id, text, person_id, now)
            return await _advanced(transaction, report, "accounted", text, person_id, now)

    async def submit(self, report_id: str, text: str, person_id: str) -> ErrorReportView:
        """Lay the report before an approver, with the remark `text`."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            report = await _locked(transaction, report_id)
            _check_open(report)
            if report.state == "draft":
                raise Conflict(
                    "account-missing",
                    "only an accounted report can be submitted, and nobody has accounted for this one",
                    "a supervisor has to say what happened first: fleet log error account",
                )
            if report.state == "submitted":
                raise Conflict(
                    "report-submitted", f"{report.submitted_by} has submitted this report", "wait for an approver"
                )
            await transaction.error_reports.submit(report_id, person_id, now)
            return await _advanced(transaction, report, "submitted", text, person_id, now)

    async def give_back(self, report_id: str, text: str, person_id: str) -> ErrorReportView:
        """Return a submitted report to the supervisors; `text` says why."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            report = _submitted(await _locked(transaction, report_id))
            await transaction.error_reports.give_back(report_id, text)
            return await _advanced(transaction, report, "returned", text, person_id, now)

    async def close(self, report_id: str, text: str, person_id: str) -> ErrorReportView:
        """End the report; `text` says what follows from it."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            report = _submitted(await _locked(transaction, report_id))
            if person_id in {report.accounted_by, report.submitted_by}:
                raise Conflict(
                    "second-person-needed",
                    "who accounted for a report or submitted it may not close it",
                    "ask another approver to close it",
                )
            await transaction.error_reports.close(report_id, text, person_id, now)
            return await _advanced(transaction, report, "closed", text, person_id, now)

    async def _note_reading(self, transaction: Transaction, found: int, person_id: str) -> None:
        entry = LogRead(at=self._clock(), actor=person_id, scope=_READ, found=found, first=None, last=None)
        await transaction.log.append(entry)


def _unknown() -> NotFound:
    return NotFound("error-report-unknown", "there is no such error report", "list them again")


async def _locked(transaction: Transaction, report_id: str) -> ErrorReportView:
    report = await transaction.error_reports.locked(report_id)
    if report is None:
        raise _unknown()
    return report


def _check_open(report: ErrorReportView) -> None:
    if report.state == "closed":
        raise Conflict(
            "report-closed",
            f"{report.closed_by} has closed this report, and a closed one does not change",
            "what is found later becomes a report of its own",
        )


def _submitted(report: ErrorReportView) -> ErrorReportView:
    _check_open(report)
    if report.state != "submitted":
        raise Conflict(
            "report-not-submitted",
            f"an approver decides on submitted reports only; this one is {report.state}",
            "a supervisor has to account for it and submit it",
        )
    return report


async def _advanced(
    transaction: Transaction, report: ErrorReportView, step: Step, text: str, person_id: str, now: datetime
) -> ErrorReportView:
    """The report after the step, which is entered in the log."""
    await transaction.log.append(
        ErrorReportAdvanced(
            at=now,
            actor=person_id,
            unit=report.unit_id,
            report=report.report_id,
            step=step,
            text=HashedText(text),
        )
    )
    transaction.changed.events = True
    after = await transaction.error_reports.one(report.report_id)
    assert after is not None, "it is locked, and reports are never erased"
    return after
