"""Alarms as lines of a list, and the page of one. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.alarms import LEVEL_WORDS
from protocols.api.alarms import AlarmDetail, AlarmView, PageView
from protocols.api.events import EventView
from tui.alarm_words import (
    HOW_WORDS,
    PAGE_TONES,
    SEVERITY_TONES,
    ShownAlarm,
    about,
    kind_words,
    paging_words,
    state_span,
    taken_words,
    times,
    waits,
)
from tui.paint import Line, Span, Tone, fit, joined, spread, wrap
from tui.words import age, full_moment, moment, plural, safe, short_moment

_WIDE = 110
_LABEL = 12
# What a narrow line has besides the kind and the deployment: moment, severity, subject, gaps, `cleared, not taken`.
_BESIDE_KIND = 53


def alarm_line(view: AlarmView, width: int, now: datetime, *, utc: bool) -> Line:
    """When, how bad, what about, of which kind, which deployment, which a narrow line does not
    name twice; at the right how it stands."""
    wide = width > _WIDE
    open_tone: Tone = "strong" if waits(view) else "plain"
    kind = " ".join(part for part in (kind_words(view), times(view)) if part)
    of = fit(view.deployment or "", 8)
    if not wide and view.deployment in {None, about(view)}:
        of = ""
    left: Line = (
        Span(fit(short_moment(view.raised_at, now, utc=utc), 10), "muted"),
        Span(fit(view.severity, 8), SEVERITY_TONES[view.severity] if view.closed_at is None else "muted"),
        Span(fit(about(view), 24 if wide else 13), open_tone),
        Span(" " + fit(kind, 24 if wide else max(17, width - _BESIDE_KIND - len(of)))),
        Span(" " + of, "accent"),
        Span(safe(view.summary) if wide else "", "muted"),
    )
    return spread(left, (_right(view), Span(" ")), width)


def _right(view: AlarmView) -> Span:
    if view.state == "acknowledged":
        return Span(f"taken {view.acknowledged_by}", "fair")
    if view.state == "closed":
        return Span(f"closed {view.acknowledged_by or ''}", "muted")
    return state_span(view)


def alarm_detail(shown: ShownAlarm, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """The alarm under the cursor in three lines: what, since when and how often, whom it has paged."""
    view = shown.view
    facts = [view.alarm, view.deployment or "", view.rule and f"rule {view.rule}"]
    since = f"since {short_moment(view.raised_at, now, utc=utc)}, {age(view.raised_at, now)} ago"
    if view.count > 1:
        since += f", {view.count} times, last {age(view.last_at, now)} ago"
    lines = [
        *wrap(view.summary, width - 2, "strong")[:1],
        (Span("  ".join(part for part in (*facts, since) if part), "muted"),),
        (Span(paging_words(shown, now, utc=utc), "fair" if waits(view) else "muted"),),
    ]
    return [(Span(" "), *line) for line in lines]


def alarm_page(detail: AlarmDetail, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """All about an alarm: what, its life, the pages sent and to whom, its events."""
    view, shown = detail.alarm, ShownAlarm.of(detail)
    title: list[Line] = [
        (Span(f" {kind_words(view)}", "title"), Span(f"  {about(view)}", "strong")),
        (state_span(view),),
        (Span(view.severity, SEVERITY_TONES[view.severity]),),
        (Span(view.deployment or "", "accent"),) if view.deployment else (),
    ]
    lines = [joined(title), (), *[(Span(" "), *line) for line in wrap(view.summary, width - 2, "strong")], ()]
    lines += _life(view, now, utc=utc)
    by = f"  by {detail.paged_by}" if detail.paged_by else ""
    lines += [(), (Span(" PAGES", "accent"), Span(by, "muted"), Span(f"   {paging_words(shown, now, utc=utc)}"))]
    for page in detail.pages:
        lines += _page_lines(page, width, now, utc=utc)
    if detail.events:
        lines += [(), (Span(" EVENTS", "accent"),)]
        lines += [_event_line(event, now, utc=utc) for event in detail.events]
    return lines


def _life(view: AlarmView, now: datetime, *, utc: bool) -> list[Line]:
    again = f", {plural(view.count, 'time')}, last {age(view.last_at, now)} ago" if view.count > 1 else ""
    facts = [
        ("alarm", f"{view.alarm}   rule {view.rule}" if view.rule else view.alarm),
        ("subject", f"{view.subject_kind} {view.subject}"),
        ("raised", f"{full_moment(view.raised_at, utc=utc)} · {age(view.raised_at, now)}{again}"),
        ("cleared", "it still lasts" if view.cleared_at is None else full_moment(view.cleared_at, utc=utc)),
        ("taken", _taken(view, now, utc=utc)),
    ]
    if view.closed_at is not None:
        facts.append(("closed", full_moment(view.closed_at, utc=utc)))
        if view.cleared_at is None:
            facts[3] = ("cleared", "nothing of it could last")
    return [(Span(f" {name:<{_LABEL}}", "muted"), Span(value)) for name, value in facts]


def _taken(view: AlarmView, now: datetime, *, utc: bool) -> str:
    if view.acknowledged_at is None or view.acknowledged_how is None:
        return "nobody has acknowledged it"
    return f"{taken_words(view, now, utc=utc)}, {HOW_WORDS[view.acknowledged_how]}"


def _page_lines(page: PageView, width: int, now: datetime, *, utc: bool) -> list[Line]:
    """When, whom, at which level, how, what came of it; below it why that was not good."""
    at = page.sent_at or page.queued_at
    tried = f" {plural(page.tries, 'try', 'tries')}" if page.tries > 1 else ""
    told: Line = (
        Span(f"  {fit(moment(at, now, utc=utc), 12)}", "muted"),
        Span(fit(page.person or "nobody", 10), "strong" if page.person else "bad"),
        Span(fit(LEVEL_WORDS[page.level], 11)),
        Span(fit(page.channel or "", 8), "muted"),
        Span(page.state + tried, PAGE_TONES[page.state]),
    )
    return [told, *[(Span(" " * 14), *line) for line in wrap(page.error, max(20, width - 15), "fair")]]


def _event_line(event: EventView, now: datetime, *, utc: bool) -> Line:
    return (
        Span(f"  {fit(moment(event.at, now, utc=utc), 12)}", "muted"),
        Span(fit(event.kind, 18)),
        Span(safe(event.summary), "muted"),
    )


def alarms_title(views: Sequence[AlarmView] | None, which: str, alarming: Span) -> Line:
    """How many are listed and of which kind, how many wait for somebody; whether alarming itself is alive."""
    if views is None:
        return joined([(Span(" ALARMS  ", "muted"), Span("…", "strong")), (alarming,)])
    waiting = sum(waits(view) for view in views)
    told: Line = (Span(f" {waiting} WAIT ", "loud"),) if waiting else (Span("none waits", "good"),)
    return joined([(Span(" ALARMS  ", "muted"), Span(f"{which} {len(views)}", "strong")), told, (alarming,)])


def acknowledge_sentence(me: str, view: AlarmView, *, going: bool = False) -> str:
    """What acknowledging enters."""
    leaves = ", and leaves for it now" if going else ""
    return f"alarm.acknowledged: {me} acknowledges {view.kind} of {about(view)}{leaves}"


def going_lines(view: AlarmView, paged_by: str) -> list[Line]:
    """What begins by itself when somebody says that they are going."""
    rota = f" on {paged_by}" if paged_by else ""
    return [
        (Span(f" A call-out of yours begins now{rota}, for {view.deployment or about(view)}.", "plain"),),
        (Span(" A welfare timer starts: you are asked from time to time whether all is well, and", "plain"),),
        (Span(" without an answer supervisors are paged. Nobody else is paged for this alarm.", "plain"),),
    ]


def alarm_text(one: ShownAlarm, now: datetime, *, utc: bool, wide: bool) -> str:
    """What an alarm's line says: of which kind, how often, for which deployment, whom it has paged, what is next."""
    view = one.view
    what = safe(view.summary) if wide else kind_words(view)
    of = "" if view.deployment == about(view) else view.deployment or ""
    named = " ".join(part for part in (what, times(view), of) if part)
    return f"{named}: {paging_words(one, now, utc=utc, short=not wide)}"


def alarm_need_detail(
    one: ShownAlarm, width: int, now: datetime, *, utc: bool, most: int, hint: str = ""
) -> list[Line]:
    """The alarm under the cursor in at most `most` lines: what, whom it has paged, of which deployment, since when and
    how often; `hint` tells whose it is."""
    view = one.view
    since = f"since {short_moment(view.raised_at, now, utc=utc)}, {age(view.raised_at, now)} ago"
    again = f", {view.count} times, last {age(view.last_at, now)} ago" if view.count > 1 else ""
    told = "  ".join(part for part in (view.deployment or "", since + again) if part)
    whose = f"   {hint}" if hint else ""
    lines = [
        *wrap(view.summary, width - 2, "strong")[: max(1, most - 2)],
        (Span(paging_words(one, now, utc=utc), "fair"), Span(f"   {told}{whose}" if most <= 2 else "", "muted")),
    ]
    if most > 2:
        lines.append((Span(told + whose, "muted"),))
    return [(Span(" "), *line) for line in lines[:most]]
