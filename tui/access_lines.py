"""What a unit's page says about opening it, as lines for a width. Pure."""

from datetime import datetime

from protocols.api.checks import Budget, CheckView, LiveMandate, UnitAccess
from tui.paint import EMPTY, Line, Span, Tone, fit, joined, line_width, wrap
from tui.words import UNKNOWN, age, in_keys, moment, number, safe

_LABEL = 11


def open_sentence(access: UnitAccess | None, now: datetime) -> Line:
    """What is open now: the loudest thing on the page. Nothing when nothing is."""
    if access is None or not access.open:
        return EMPTY
    return joined([(Span(f" OPEN {told_of(check, now)} ", "loud"),) for check in access.open])


def told_of(check: CheckView, now: datetime) -> str:
    """A check that goes on, in words: `video + audio by TO-12 for 41 s`."""
    return f"{' + '.join(check.modalities)} by {check.person} for {age(check.live_at or check.begun_at, now)}"


def access_lines(access: UnitAccess | None, now: datetime, width: int, *, utc: bool) -> list[Line]:
    """The mandates under which the unit can be opened, their day, what stands in the way, and the last check."""
    lines: list[Line] = [(Span(" ACCESS", "accent"), Span("  c checks, m mandates", "muted"))]
    if access is None:
        return [*lines, (Span("  …", "muted"),), EMPTY]
    for mandate in access.mandates:
        lines += _mandate_lines(mandate, now, width, utc=utc)
    if not access.mandates and not access.obstacles:
        lines.append((Span("  closed: ", "plain"), Span("no mandate of this unit is live", "muted")))
    for obstacle in access.obstacles:
        lines += [(Span("  "), *line) for line in wrap(safe(in_keys(obstacle)), max(20, width - 4), "fair")]
    if access.last is not None:
        lines.append(_labelled("last check", _last(access.last, now, utc=utc)))
    return [*lines, EMPTY]


def budget_words(budget: Budget) -> Line:
    """A modality's day: `video 7 of 15 min, 2 of 4 openings`."""
    allowed = budget.allowance
    used_min = budget.used_s / 60
    over = used_min >= allowed.minutes_per_day or budget.openings >= allowed.openings_per_day
    tone: Tone = "bad" if over else "plain"
    text = (
        f"{number(used_min)} of {allowed.minutes_per_day} min, {budget.openings} of {allowed.openings_per_day} openings"
    )
    return (Span(f"{allowed.modality} ", "muted"), Span(text, tone))


def _mandate_lines(mandate: LiveMandate, now: datetime, width: int, *, utc: bool) -> list[Line]:
    """Which mandate and until when, what it is for, on a line of its own where that is too long, and its day."""
    until = moment(mandate.signed_until, now, utc=utc)
    first: Line = (
        Span(mandate.mandate, "strong"),
        Span(f"  {mandate.kind}", "plain" if mandate.kind == "field" else "fair"),
        Span(f"  until {until}", "plain"),
        Span(_sooner(mandate, now, utc=utc), "fair"),
    )
    purpose: Line = (Span(safe(mandate.purpose), "muted"),)
    whole = _labelled("mandate", (*first, Span("  "), *purpose))
    heads = [whole] if line_width(whole) <= width else [_labelled("mandate", first), _labelled("", purpose)]
    return [
        *heads,
        *[_labelled("  today" if not index else "", budget_words(one)) for index, one in enumerate(mandate.budgets)],
    ]


def _sooner(mandate: LiveMandate, now: datetime, *, utc: bool) -> str:
    """What ends its openings before its own end, if something does."""
    if mandate.review_at is not None and mandate.review_at <= mandate.ends_at:
        return f", review due {moment(mandate.review_at, now, utc=utc)}"
    if mandate.ends_at < mandate.signed_until:
        return f", its authority ends {moment(mandate.ends_at, now, utc=utc)}"
    return ""


def _last(check: CheckView, now: datetime, *, utc: bool) -> Line:
    readiness = check.readiness
    result = readiness.result if readiness is not None else "unjudged"
    tone: Tone = "good" if result == "passed" else "bad" if result == "failed" else "muted"
    fps = next((one.value for one in readiness.measures if one.name == "frame-rate"), None) if readiness else None
    refused = check.state == "refused"
    return (
        Span(f"by {check.person} {moment(check.begun_at, now, utc=utc)}  "),
        Span(f"refused: {check.reason}", "bad") if refused else Span(result, tone),
        Span(f"  {number(fps, 1)} fps" if fps is not None else "", "plain"),
    )


def _labelled(label: str, line: Line) -> Line:
    return (Span("  " + fit(label or "", _LABEL), "muted"), *(line or (Span(UNKNOWN, "muted"),)))
