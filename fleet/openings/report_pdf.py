"""The report of openings as PDF, A4 across, for reading and for a file. Pure."""

from datetime import datetime

from reportlab.lib.colors import Color
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.units import mm
from reportlab.platypus import LongTable, Paragraph, Spacer, Table

from fleet.openings.report_form import Report, cosigned_words, scope_words, utc
from fleet.pdf import BAD, DOUBT, GREY, INK, Edges, build, cell, facts_table, heading, remark, rows_table
from protocols.api.log import OpeningView

_SIZE = landscape(A4)
_COLOURS: dict[str, Color] = {"inside": INK, "outside": BAD, "unknown": DOUBT, "refused": GREY, "unopened": GREY}
_WIDTHS = [20, 34, 19, 42, 46, 36, 72]
_COLUMNS = (
    "verdict",
    "unit, opening",
    "what, who",
    "authority, mandate",
    "when (UTC)",
    "closed",
    "why, for what, error report, entries",
)


def as_pdf(report: Report) -> bytes:
    """The file; takes some seconds of a processor for 500 openings."""
    story = [heading("Who opened what", 16), Spacer(0, 2 * mm), _about(report)]
    story += [Spacer(0, 5 * mm), _openings(report)]
    return build(
        story,
        size=_SIZE,
        title="Openings",
        author=f"{report.made_by} {report.maker}",
        subject=scope_words(report.scope),
        edges=_edges(report),
    )


def _edges(report: Report) -> Edges:
    standing = report.standing
    root = "no checkpoint" if standing.root is None else f"root {standing.root[:16]}… of {standing.checkpoint_size}"
    return Edges(
        f"Muster · openings · {scope_words(report.scope)}",
        f"log {standing.origin}",
        f"made {utc(report.made_at)} by {report.made_by}, {report.maker} · {standing.size} entries, {root}",
    )


def _about(report: Report) -> Table:
    """What the report is of, and what the log was then."""
    standing, page = report.standing, report.page
    signed = "no checkpoint yet"
    if standing.root is not None:
        signed = f"{standing.checkpoint_size} entries, root {standing.root}"
    counts = {verdict: sum(one.verdict == verdict for one in page.openings) for verdict in _COLOURS}
    found = f"{len(page.openings)}: {counts['inside']} inside their mandate, {counts['outside']} outside, "
    found += f"{counts['unknown']} of which it can not be told yet; not opened, {counts['refused']} as their units "
    found += f"refused, {counts['unopened']} for another reason"
    facts = [
        ("Asked for", scope_words(report.scope)),
        ("Made", f"{utc(report.made_at)} by {report.made_by}, {report.maker}"),
        ("Log", f"{standing.origin}, {standing.size} entries in the tree"),
        ("Checkpoint", signed),
        ("Seen by", cosigned_words(standing)),
        ("Openings and leases", found),
    ]
    facts += [("Remark", standing.remark)] if standing.remark else []
    if not page.is_all:
        facts.append(("Not all", "There were more than fit; these are the newest. Ask for less, to have all of it."))
    facts.append(("Times", "Units' own times are by their own clocks; a difference of five minutes is tolerated."))
    return facts_table(facts, (24, 245))


def _openings(report: Report) -> LongTable | Paragraph:
    if not report.page.openings:
        return remark("No opening.")
    return rows_table(_COLUMNS, [_row(one) for one in report.page.openings], _WIDTHS)


def _row(one: OpeningView) -> list[Paragraph]:
    lasted = "" if one.open_s is None else f"open {one.open_s} s"
    return [
        cell(one.verdict.upper(), bold=True, colour=_COLOURS[one.verdict]),
        cell(one.label, one.unit, one.opening),
        cell(one.modality, one.person or "nobody known"),
        cell(one.authority or "no authority", one.mandate or "no mandate"),
        cell(_at("granted", one.granted_at), _at("media", one.opened_at), _at("unit says", one.unit_opened_at)),
        cell(_closed(one), lasted, one.close_reason or ""),
        cell(
            "; ".join(one.faults),
            f"for: {one.purpose}" if one.purpose else "",
            f"error report {one.report}" if one.report else "",
            f"entries {', '.join(map(str, one.entries))}",
        ),
    ]


def _closed(one: OpeningView) -> str:
    if one.verdict in {"refused", "unopened"}:
        return "never open"
    return _at("", one.closed_at) or "not known"


def _at(what: str, at: datetime | None) -> str:
    return "" if at is None else f"{what} {utc(at)}".strip()
