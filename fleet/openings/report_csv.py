"""The report of openings as comma-separated values (RFC 4180, UTF-8 with a byte order mark). Pure.

A cell that a spreadsheet would take for a formula begins with an apostrophe. Times are ISO 8601 in UTC.
"""

import csv
import io
from datetime import datetime

from fleet.openings.report_form import Report, cosigned_words, scope_words, utc
from protocols.api.log import OpeningView

COLUMNS = (
    "verdict",
    "why",
    "unit",
    "label",
    "modality",
    "person",
    "authority",
    "mandate",
    "purpose",
    "lease_granted_at",
    "media_began_at",
    "unit_opened_at",
    "unit_closed_at",
    "open_s",
    "close_reason",
    "error_report",
    "opening",
    "entries",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")


def as_csv(report: Report) -> bytes:
    """The file: facts about the report, an empty line, a head, and a line for each opening."""
    text = io.StringIO()
    writer = csv.writer(text)
    for line in (*_about(report), (), COLUMNS, *(_line(one) for one in report.page.openings)):
        writer.writerow([_safe(cell) for cell in line])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "backslashreplace")


def _about(report: Report) -> list[tuple[str, ...]]:
    standing = report.standing
    lines = [
        ("report", "who opened what, when, under which authority, and was it inside the mandate"),
        ("scope", scope_words(report.scope)),
        ("made", utc(report.made_at), report.made_by, report.maker),
        ("log", standing.origin),
        ("tree size", str(standing.size)),
        ("checkpoint", str(standing.checkpoint_size or ""), standing.root or "none"),
        ("seen by", cosigned_words(standing)),
        ("openings", str(len(report.page.openings)), "all" if report.page.is_all else "the newest; narrow the scope"),
    ]
    return lines + ([("remark", standing.remark)] if standing.remark else [])


def _line(one: OpeningView) -> tuple[str, ...]:
    return (
        one.verdict,
        "; ".join(one.faults),
        one.unit,
        one.label,
        one.modality,
        one.person or "",
        one.authority or "",
        one.mandate or "",
        one.purpose or "",
        _moment(one.granted_at),
        _moment(one.opened_at),
        _moment(one.unit_opened_at),
        _moment(one.closed_at),
        "" if one.open_s is None else str(one.open_s),
        one.close_reason or "",
        one.report or "",
        one.opening,
        " ".join(map(str, one.entries)),
    )


def _moment(at: datetime | None) -> str:
    return "" if at is None else utc(at)


def _safe(cell: str) -> str:
    plain = cell.replace("\x00", "\\0")
    return f"'{plain}" if plain.lstrip(" ").startswith(_FORMULA) else plain
