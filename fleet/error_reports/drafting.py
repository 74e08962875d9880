"""Drafting error reports: what the controller finds by itself becomes an alarm, a draft and entries, once."""

from datetime import datetime

from fleet.entries.access import RecordDiffers
from fleet.entries.entry import CONTROLLER
from fleet.entries.log import ErrorReportDrafted
from fleet.store.events import ControllerEvent
from fleet.store.store import Transaction
from protocols.ids import new_token_id
from protocols.text import one_line

OUTSIDE_MANDATE = "outside-mandate"
"""The one cause where a unit's records and this log agree; any other is a difference between them."""

_EVENT_WORDS = {
    OUTSIDE_MANDATE: "an opening outside its mandate",
    "unit-only": "an opening without a lease",
    "controller-only": "an opening of which the unit's records do not tell",
}
_OTHERWISE = "a unit's records and the log differ"
"""Events are seen by more people than error reports are, and seeing them is no entry: so they only name the report."""

_MAX_SUMMARY = 200
_MAX_EVIDENCE = 200


async def draft(
    transaction: Transaction,
    *,
    unit_id: str,
    cause: str,
    summary: str,
    evidence: list[str],
    opening: str | None,
    record: int | None,
    now: datetime,
    repeat_key: str,
    authority: str | None = None,
) -> str | None:
    """Draft an error report in `transaction`: the report, an alarm, and the entries `error-report.drafted` and,
    unless `cause` is OUTSIDE_MANDATE, `record.differs`. Returns its id, or None when `repeat_key` has one already,
    open or closed: then nothing is written.

    `summary` is a sentence without free text of people or units (cut at 200 signs); `evidence` are ids, `entry 123`
    (leaf index) and `record 7` (number in the unit's chain), at most 200 are kept.
    """
    report_id = new_token_id()
    said = one_line(summary, _MAX_SUMMARY)
    kept = evidence[:_MAX_EVIDENCE]
    is_of_unit = await transaction.error_reports.add(
        report_id, unit_id=unit_id, cause=cause, summary=said, evidence=kept, repeat_key=repeat_key, found_at=now
    )
    if is_of_unit is None:
        return None
    event = ControllerEvent(
        unit_id=unit_id if is_of_unit else None,
        kind="error-report",
        severity="alarm",
        summary=f"{_EVENT_WORDS.get(cause, _OTHERWISE)}: error report {report_id}",
    )
    await transaction.events.add(event, now)
    if cause != OUTSIDE_MANDATE:
        await transaction.log.append(
            RecordDiffers(
                at=now,
                actor=CONTROLLER,
                unit=unit_id,
                authority=authority,
                cause=cause,
                opening=opening,
                record=record,
                report=report_id,
            )
        )
    await transaction.log.append(
        ErrorReportDrafted(
            at=now, actor=CONTROLLER, unit=unit_id, authority=authority, report=report_id, cause=cause, evidence=kept
        )
    )
    transaction.changed.events = True
    if is_of_unit:
        transaction.changed.units.add(unit_id)
    return report_id
