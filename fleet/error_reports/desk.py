"""People's part in an error report: account for it, submit it, close it or return it; each step is an entry.

draft → accounted → submitted → closed; an approver may return what was submitted, which makes it a draft again. Nobody
accounts for their own opening. Who closes a report took no earlier step in it, and is not who opened, asked for the
mandate or approved it.
"""

from datetime import datetime
from typing import Literal

from fleet.clock import Clock
from fleet.entries.entry import HashedText
from fleet.entries.log import ErrorReportAdvanced, LogRead, LogScope
from fleet.error_reports.concerned import Concerned, concerned_by
from fleet.errors import Conflict, NotFound
from fleet.store.error_reports import ReportEntries
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

    async def listed(self, person_id: str, *, open_only: bool, after: str | None = None) -> list[ErrorReportView]:
        """At most 500 reports, those after the report `after`: of open ones the oldest first, so that no flood of new
        ones hides them, of all of them the newest first. Fewer than 500 are the last. This reading is an entry.

        Raises NotFound when there is no report `after`.
        """
        async with self._store.transaction() as transaction:
            if after is not None and await transaction.error_reports.one(after) is None:
                raise _unknown()
            found = await transaction.error_reports.page(open_only=open_only, after=after, limit=MAX_LISTED)
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
            entries = await transaction.error_reports.entries_of(report)
            if person_id in (await concerned_by(transaction, report, entries)).opened:
                raise Conflict(
                    "concerned-person",
                    "this report is about an opening of yours, and nobody accounts for their own",
                    "another supervisor has to say what happened; tell them",
                )
            entry_id = await _enter(transaction, report, entries, "accounted", text, person_id, now)
            await transaction.error_reports.account(report_id, entry_id, person_id, now)
            return await _after(transaction, report)

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
            entries = await transaction.error_reports.entries_of(report)
            await _enter(transaction, report, entries, "submitted", text, person_id, now)
            await transaction.error_reports.submit(report_id, person_id, now)
            return await _after(transaction, report)

    async def give_back(self, report_id: str, text: str, person_id: str) -> ErrorReportView:
        """Return a submitted report to the supervisors; `text` says why."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            report = _submitted(await _locked(transaction, report_id))
            entries = await transaction.error_reports.entries_of(report)
            entry_id = await _enter(transaction, report, entries, "returned", text, person_id, now)
            await transaction.error_reports.give_back(report_id, entry_id)
            return await _after(transaction, report)

    async def close(self, report_id: str, text: str, person_id: str) -> ErrorReportView:
        """End the report; `text` says what follows from it."""
        now = self._clock()
        async with self._store.transaction() as transaction:
            report = _submitted(await _locked(transaction, report_id))
            entries = await transaction.error_reports.entries_of(report)
            _check_closer(person_id, report, entries, await concerned_by(transaction, report, entries))
            entry_id = await _enter(transaction, report, entries, "closed", text, person_id, now)
            await transaction.error_reports.close(report_id, entry_id, person_id, now)
            return await _after(transaction, report)

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


def _check_closer(person_id: str, report: ErrorReportView, entries: ReportEntries, concerned: Concerned) -> None:
    if person_id in entries.people | {report.accounted_by, report.submitted_by}:
        raise Conflict(
            "second-person-needed",
            "you have accounted for this report or submitted it, and who did may not close it",
            "ask an approver to close it who did neither",
        )
    if person_id in concerned.opened:
        did = "made the opening"
    elif person_id in concerned.mandated:
        did = "asked for the mandate of the opening, or approved it"
    else:
        return
    raise Conflict(
        "concerned-person",
        f"you {did} that this report is about, and whom a report concerns may not close it",
        "ask an approver to close it who had no part in the opening or its mandate",
    )


async def _enter(
    transaction: Transaction,
    report: ErrorReportView,
    entries: ReportEntries,
    step: Step,
    text: str,
    person_id: str,
    now: datetime,
) -> int:
    """Enter the step in the log, under the authority and deployment of the report; returns the entry's id."""
    entry = ErrorReportAdvanced(
        at=now,
        actor=person_id,
        unit=report.unit_id,
        authority=entries.authority,
        deployment=entries.deployment,
        report=report.report_id,
        step=step,
        text=HashedText(text),
    )
    transaction.changed.events = True
    return await transaction.log.append(entry)


async def _after(transaction: Transaction, report: ErrorReportView) -> ErrorReportView:
    """The report after a step."""
    after = await transaction.error_reports.one(report.report_id)
    assert after is not None, "it is locked, and reports are never erased"
    return after
