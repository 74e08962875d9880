"""Who is on call now: a line for each rota, and a loud one where a gap in cover is ahead. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from protocols.api.rotas import OnCallNow, OnCallPerson
from tui.duty_words import without_beginning
from tui.paint import Line, Span, Tone, cut, joined, wrap
from tui.words import duration, in_zone, plural

MOST_ROTAS = 3
_PRESSING = timedelta(hours=48)
"""A gap that begins within this is told loudly, as the controller raises an alarm then."""


def coming(at: datetime, now: datetime, *, utc: bool) -> str:
    """A time to come in a few words: `09:00` today, `Mon 09:00` within six days, else `9 Mar 09:00`."""
    then, today = in_zone(at, utc=utc), in_zone(now, utc=utc)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    if timedelta(0) < then.date() - today.date() < timedelta(days=7):
        return f"{then:%a %H:%M}"
    year = f" {then.year}" if then.year != today.year else ""
    return f"{then.day} {then:%b}{year} {then:%H:%M}"


def on_call_lines(rotas: Sequence[OnCallNow] | None, me: str, now: datetime, width: int, *, utc: bool) -> list[Line]:
    """A line for each of the first rotas, those with a gap first; none where there is no rota; `rotas` None until they
    have come."""
    if rotas is None:
        return [(Span(" ON CALL  …", "muted"),)]
    ordered = sorted(rotas, key=lambda one: (one.gap_at is None, one.gap_at or one.at, one.rota))
    lines: list[Line] = []
    for one in ordered[:MOST_ROTAS]:
        lines.append(_rota_line(one, me, now, width, utc=utc, is_only=len(ordered) == 1))
        if one.gap_at is not None:
            lines.append(_gap_line(one, one.gap_at, now, width, utc=utc))
    if len(ordered) > MOST_ROTAS:
        lines.append((Span(f"          and {plural(len(ordered) - MOST_ROTAS, 'more rota')}: 4, then r", "muted"),))
    return lines


def _rota_line(one: OnCallNow, me: str, now: datetime, width: int, *, utc: bool, is_only: bool) -> Line:
    """` ON CALL  primary TO-07 until Mon 09:00   secondary TO-15   signers 2`; a time that both share is said once."""
    parts: list[Line] = [] if is_only else [(Span(one.rota, "accent"),)]
    said: datetime | None = None
    for position in one.positions:
        until = position.until if position.until != said else None
        parts.append(_position(position, until, me, now, utc=utc))
        said = position.until
    signers: Tone = "plain" if len(one.signers) > 1 else "bad"
    parts.append((Span("signers ", "muted"), Span(str(len(one.signers)), signers)))
    return cut((Span(" ON CALL  ", "muted"), *joined(parts)), width)


def _position(one: OnCallPerson, until: datetime | None, me: str, now: datetime, *, utc: bool) -> Line:
    when = "" if until is None else f" until {coming(until, now, utc=utc)}"
    if one.person is None:
        return (Span(f"{one.position} ", "muted"), Span("NOBODY", "loud"), Span(when, "muted"))
    you = " (you)" if one.person == me else ""
    return (Span(f"{one.position} ", "muted"), Span(one.person + you, "strong"), Span(when, "muted"))


def _gap_line(one: OnCallNow, gap_at: datetime, now: datetime, width: int, *, utc: bool) -> Line:
    """The next gap: when, in how long, what."""
    left = (gap_at - now).total_seconds()
    when = "GAP NOW" if left <= 0 else f"GAP {coming(gap_at, now, utc=utc)}"
    tone: Tone = "loud" if gap_at - now <= _PRESSING else "bad"
    soon = f"in {duration(left)}: " if left > 0 else ""
    words = wrap(soon + without_beginning(one.gap), max(20, width - 12 - len(when)))
    text = words[0][0].text if words else ""
    more = " …" if len(words) > 1 else ""
    return cut((Span("          "), Span(f" {when} ", tone), Span(f" {text}{more}")), width)
