"""Events as lines of a list. Pure."""

from datetime import datetime

from protocols.api.events import EventView
from tui.needs import name_of
from tui.paint import SEVERITY_TONES, Line, Span, fit, spread, wrap
from tui.words import full_moment, moment, safe, short_moment


def is_open(event: EventView) -> bool:
    """Whether the event still wants somebody to take note of it."""
    return event.acknowledged_at is None and event.severity != "info"


def event_line(event: EventView, width: int, now: datetime, *, utc: bool) -> Line:
    """When, how bad, which unit, what; at the right who took note of it, or that nobody has."""
    wide = width > 110
    times = f" ×{event.count}" if event.count > 1 else ""
    at = moment(event.at, now, utc=utc) if wide else short_moment(event.at, now, utc=utc)
    left: Line = (
        Span(fit(at, 13 if wide else 10), "muted"),
        Span(fit(event.severity, 8), SEVERITY_TONES[event.severity] if is_open(event) else "muted"),
        Span(fit(name_of(event.label, event.unit_id), 24 if wide else 13), "strong" if is_open(event) else "plain"),
        Span(fit(" " + event.kind, 22) if wide else "", "muted"),
        Span(" " + safe(event.summary) + times, "plain" if is_open(event) else "muted"),
    )
    right = Span("open ", "bad" if event.severity == "alarm" else "fair") if is_open(event) else _taken(event)
    return spread(left, (right,), width)


def _taken(event: EventView) -> Span:
    return Span(f"{event.acknowledged_by} " if event.acknowledged_by else "", "muted")


def event_detail(event: EventView, width: int, *, utc: bool) -> list[Line]:
    """The whole of one event in at most four lines."""
    about = f"{event.kind}, told by the {event.source}"
    if event.unit_id:
        about += f" about {event.unit_id}"
    if event.count > 1:
        about += f", {event.count} times"
    times = f"at {full_moment(event.at, utc=utc)}"
    if abs((event.received_at - event.at).total_seconds()) >= 60:
        times += f", arrived {full_moment(event.received_at, utc=utc)}"
    if event.acknowledged_at is not None:
        times += f", taken by {event.acknowledged_by} {full_moment(event.acknowledged_at, utc=utc)}"
    summary = wrap(event.summary, width - 2, "strong")[:2]
    return [
        (Span(" "), *line) for line in [*summary, *wrap(about, width - 2, "muted"), *wrap(times, width - 2, "muted")]
    ]
