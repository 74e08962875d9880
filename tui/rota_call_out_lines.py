"""Call-outs in words: where they stand, the rest that follows, what the rules say. Pure."""

from collections.abc import Sequence
from datetime import datetime

from fleet.rota.rules.rest import earliest_start
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.spans import Span as TimeSpan
from fleet.rota.rules.working_time import working_time_of
from protocols.api.call_outs import CallOutView
from protocols.rota.book import RotaBook
from protocols.rota.findings import Finding
from tui.paint import Line, Span, Tone, fit, joined
from tui.rota_change_lines import Sight
from tui.rota_compare import worst_first
from tui.rota_days import counts_of
from tui.rota_times import stamp, stretch
from tui.rota_words import counts_words, finding_lines
from tui.words import duration, moment


def is_open(view: CallOutView) -> bool:
    """Whether its person is not back."""
    return view.returned_at is None and view.withdrawn_at is None


def call_outs_in_order(views: Sequence[CallOutView]) -> list[CallOutView]:
    """Those that are open first, then the newest."""
    return sorted(views, key=lambda view: (not is_open(view), -view.left_home_at.timestamp()))


def findings_of(book: RotaBook, person: str) -> list[Finding]:
    """What the Working Time rules say of a person in the book's period, as far as the book knows their work."""
    member = next((one for one in book.members if one.person == person), None)
    return [] if member is None else working_time_of(book, member, shifts_of(book))[0]


def lasted(view: CallOutView, now: datetime) -> float:
    """Seconds from leaving home to the return, or to now."""
    return max(0.0, ((view.returned_at or now) - view.left_home_at).total_seconds())


def when_words(view: CallOutView, sight: Sight) -> str:
    """`Sat 21 Nov 23:10 – Sun 22 Nov 02:00`; of one that is open only since when."""
    if view.returned_at is None:
        return f"since {stamp(view.left_home_at, sight.zone, sight.now, utc=sight.utc)}"
    return stretch(TimeSpan(view.left_home_at, view.returned_at), sight.zone, sight.now, utc=sight.utc)


def rest_words(view: CallOutView, sight: Sight) -> Span:
    """Until when its person has to rest: 11 hours from the return."""
    if view.withdrawn_at is not None:
        return Span("does not count", "muted")
    if view.returned_at is None:
        return Span("not back", "loud")
    begins = earliest_start(view.returned_at)
    if begins <= sight.now:
        return Span("11 h since then", "muted")
    return Span(f"rest till {moment(begins, sight.now, utc=sight.utc)}", "fair")


def call_out_line(view: CallOutView, width: int, sight: Sight) -> Line:
    """One line: who, as what, when, how long, and the rest after it."""
    muted = view.withdrawn_at is not None
    return (
        Span(fit(view.person, 8), "muted" if muted else "strong"),
        Span(fit("withdrawn" if muted else view.position or "not on call", 12), "muted"),
        Span(fit(when_words(view, sight), max(20, width - 45)), "muted" if muted else "plain"),
        Span(fit(duration(lasted(view, sight.now)), 8), "muted"),
        rest_words(view, sight),
    )


def call_out_detail(view: CallOutView, sight: Sight, *, may_end: bool) -> list[Line]:
    """A call-out below the list: who recorded it, the sentence of the one key that ends it."""
    by = "" if view.recorded_by == view.person else f" by {view.recorded_by}"
    told: list[Line] = [
        (Span(f" {view.person}", "strong"), Span(f"  {when_words(view, sight)}")),
        (Span(f"break {view.break_min} min", "muted"),) if view.break_min else (),
        (Span(view.reference),) if view.reference else (),
    ]
    lines = [joined(told), (Span(f" recorded{by} {moment(view.recorded_at, sight.now, utc=sight.utc)}", "muted"),)]
    if is_open(view) and may_end:
        said = f" b logs “call-out.ended: {sight.me} says that {view.person} is back now”"
        lines += [(Span(said, "accent"),), (Span(" B asks when they were back", "muted"),)]
    elif view.returned_at is not None and view.withdrawn_at is None:
        lines.append(earliest_line(view, sight))
    return lines


def earliest_line(view: CallOutView, sight: Sight) -> Line:
    """When duty may begin again at the earliest."""
    if view.returned_at is None:
        return (Span(" not back: the rest of 11 h (reg. 10(1)) begins with the return", "fair"),)
    begins = earliest_start(view.returned_at)
    when = stamp(begins, sight.zone, sight.now, utc=sight.utc)
    tone: Tone = "fair" if begins > sight.now else "muted"
    return (Span(f" no duty before {when}", tone), Span(": 11 h of rest after the return, reg. 10(1)", "muted"))


def call_out_page(view: CallOutView, findings: Sequence[Finding] | None, width: int, sight: Sight) -> list[Line]:
    """All about a call-out; `findings` None until they are known."""
    position = f"as {view.position}" if view.position else "not on call"
    if view.withdrawn_at is not None:
        position = "withdrawn: it does not count"
    title: list[Line] = [
        (Span(f" CALL-OUT OF {view.person}", "title"),),
        (Span(f"{view.call_out} on {view.rota}, {position}", "muted"),),
    ]
    lines = [
        joined(title),
        (),
        (Span(f" {when_words(view, sight)}", "strong"), Span(f"   {duration(lasted(view, sight.now))}")),
        earliest_line(view, sight),
        (),
    ]
    facts = [("break", f"{view.break_min} min"), ("for", view.reference or "—"), ("recorded", view.recorded_by)]
    lines.append((Span(" " + "   ".join(f"{name} {value}" for name, value in facts), "muted"),))
    if findings is None:
        return [*lines, (), (Span(" asking what the rules say …", "muted"),)]
    counts = counts_words(counts_of(findings))
    lines += [(), (Span(" WHAT THE RULES SAY OF THEIR NEXT 14 DAYS  ", "accent"), *counts)]
    for one in worst_first(findings):
        lines += finding_lines(one, width, remedy=True)
    owed = sum(one.owed_min for one in findings)
    if owed:
        lines += [(), (Span(f" {duration(owed * 60)} of compensatory rest owed; R plans it", "fair"),)]
    return lines


def rest_suggested(view: CallOutView, findings: Sequence[Finding]) -> TimeSpan | None:
    """The rest that would make good what a call-out broke: from the duty that comes too early until the earliest
    start."""
    if view.returned_at is None:
        return None
    begins = earliest_start(view.returned_at)
    broken = next((one for one in findings if one.rule == "daily-rest" and one.starts_at >= view.returned_at), None)
    if broken is None or broken.ends_at >= begins:
        return None
    return TimeSpan(broken.ends_at, begins)
