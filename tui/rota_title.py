"""The first line of a rota's board. Pure."""

from datetime import date, datetime

from protocols.api.rotas import RotaSummary
from protocols.rota.findings import Assessment
from tui.paint import Line, Span, joined
from tui.rota_days import counts_of
from tui.rota_draft import Draft
from tui.rota_words import counts_words, zone_time
from tui.words import plural


def title_line(
    summary: RotaSummary | None, month: date, found: Assessment | None, draft: Draft | None, rotas: int
) -> Line:
    """Which rota and month, up to when it is published, the score and what was found; of a draft how far it is."""
    if summary is None:
        return (Span(" ROTA", "muted"),)
    parts: list[Line] = [
        (Span(" "), Span(summary.rota, "title"), Span(f"  {month:%b %Y}", "strong")),
        (Span("ended", "bad"),) if summary.ended_at is not None else (),
        draft_words(draft) if draft is not None else published_words(summary.published_until, summary.zone),
    ]
    if found is None:
        parts.append((Span("judging …", "muted"),))
    else:
        parts.append((Span("score ", "muted"), Span(f"{found.quality.score:.0f}", "strong")))
        parts.append(counts_words(counts_of(found.findings)))
    parts.append((Span(f"1 of {rotas} rotas", "muted"),) if rotas > 1 else ())
    return joined(parts, "  ")


def published_words(until: datetime | None, zone: str) -> Line:
    """Up to when people were told their turns."""
    if until is None:
        return (Span("never published", "fair"),)
    day = zone_time(until, zone, utc=False)
    return (Span("published to ", "muted"), Span(f"{day.day} {day:%b %Y}"))


def draft_words(draft: Draft) -> Line:
    """How many turns a draft gives, and whether it is saved."""
    saved = "not saved" if draft.is_unsaved else "saved" if draft.plan is not None else ""
    return (Span("DRAFT", "loud"), Span(f" {plural(draft.many, 'turn')} {saved}".rstrip(), "fair"))
