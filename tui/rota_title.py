"""The first line of a rota's board. Pure."""

from datetime import date, datetime

from protocols.api.rotas import RotaSummary
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from tui.paint import Line, Span, joined
from tui.rota_days import counts_of
from tui.rota_draft import Draft
from tui.rota_words import counts_words, zone_time
from tui.words import plural


def title_line(
    summary: RotaSummary | None, month: date, found: Assessment | None, drafted: Line, rotas: int, *, sees_all: bool
) -> Line:
    """Which rota and month, up to when it is published or how far it is `drafted`, the month's score and what was
    found. No score for who does not see everybody's working time: it would be of what they see."""
    if summary is None:
        return (Span(" ROTA", "muted"),)
    parts: list[Line] = [
        (Span(" "), Span(summary.rota, "title"), Span(f"  {month:%b %Y}", "strong")),
        (Span("ended", "bad"),) if summary.ended_at is not None else (),
        drafted or published_words(summary.published_until, summary.zone),
    ]
    if found is None:
        parts.append((Span("judging …", "muted"),))
    else:
        score = (Span(f"{month:%b} score ", "muted"), Span(f"{found.quality.score:.0f}", "strong"))
        parts.append(score if sees_all else ())
        parts.append(counts_words(counts_of(found.findings)))
    parts.append((Span(f"1 of {rotas} rotas", "muted"),) if rotas > 1 else ())
    return joined(parts, "  ")


def published_words(until: datetime | None, zone: str) -> Line:
    """Up to when people were told their turns."""
    if until is None:
        return (Span("never published", "fair"),)
    day = zone_time(until, zone, utc=False)
    return (Span("published to ", "muted"), Span(f"{day.day} {day:%b %Y}"))


def draft_words(draft: Draft, book: RotaBook) -> Line:
    """How many turns a draft gives that are not so in `book` yet, and whether it is saved."""
    saved = "not saved" if draft.is_unsaved else "saved" if draft.plan is not None else ""
    return (Span("DRAFT", "loud"), Span(f" {plural(draft.many_new(book), 'turn')} {saved}".rstrip(), "fair"))
