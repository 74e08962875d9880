"""Leave, deployments away, wishes and compensatory rest in one list. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from fleet.rota.rules.spans import Span as TimeSpan
from fleet.rota.rules.wall import local_date, midnight
from protocols.api.call_outs import RestView
from protocols.api.rota_people import AbsenceView, WishView
from tui.paint import Line, Span, Tone, fit
from tui.rota_change_lines import Sight
from tui.rota_times import day_text, stretch

OffKind = Literal["leave", "away", "wish", "rest"]
_TONES: dict[OffKind, Tone] = {"leave": "plain", "away": "accent", "wish": "muted", "rest": "good"}


class TimeOff(NamedTuple):
    """A time of somebody's; `record` is its id, `said` what it is, `more` what else there is to say."""

    kind: OffKind
    record: str
    person: str
    span: TimeSpan
    said: str
    more: str = ""


def of_absence(view: AbsenceView) -> TimeOff:
    """Leave, or a deployment away."""
    is_away = view.kind == "away"
    said = "away" if is_away else "leave" if view.kind == "other" else f"{view.kind} leave"
    by = "" if view.recorded_by == view.person else f"recorded by {view.recorded_by}"
    more = "  ".join(filter(None, [view.reference, by]))
    return TimeOff(
        "away" if is_away else "leave", view.absence, view.person, TimeSpan(view.starts_at, view.ends_at), said, more
    )


def of_wish(view: WishView) -> TimeOff:
    """A wish."""
    said = "wishes to be on" if view.wants == "on" else "wishes off"
    return TimeOff("wish", view.wish, view.person, TimeSpan(view.starts_at, view.ends_at), said)


def of_rest(view: RestView) -> TimeOff:
    """Compensatory rest."""
    more = f"planned by {view.recorded_by}"
    return TimeOff("rest", view.rest, view.person, TimeSpan(view.starts_at, view.ends_at), "comp. rest", more)


def times_off(
    absences: Iterable[AbsenceView], wishes: Iterable[WishView], rests: Iterable[RestView], people: Sequence[str]
) -> list[TimeOff]:
    """What counts of these for `people`, by time; what was withdrawn is left out."""
    found = [of_absence(one) for one in absences if one.withdrawn_at is None]
    found += [of_wish(one) for one in wishes if one.withdrawn_at is None]
    found += [of_rest(one) for one in rests if one.withdrawn_at is None]
    return sorted((one for one in found if one.person in people), key=lambda one: (one.span, one.person, one.record))


def in_words(span: TimeSpan, sight: Sight) -> str:
    """Whole days as days, `Sat 28 Nov – Mon 30 Nov`, the last one counted in; else with times."""
    zone = sight.zone
    first, last = local_date(span.starts_at, zone), local_date(span.ends_at - timedelta(microseconds=1), zone)
    whole = midnight(first, zone) == span.starts_at and midnight(last + timedelta(days=1), zone) == span.ends_at
    if not whole or sight.utc:
        return stretch(span, zone, sight.now, utc=sight.utc)
    today = local_date(sight.now, zone)
    return day_text(first, today) if first == last else f"{day_text(first, today)} – {day_text(last, today)}"


def time_off_line(one: TimeOff, width: int, sight: Sight) -> Line:
    """One line: who, what, when."""
    is_over, is_now = one.span.ends_at <= sight.now, one.span.starts_at <= sight.now < one.span.ends_at
    return (
        Span(fit(one.person, 9), "muted" if is_over else "strong"),
        Span(fit(one.said, 17), "muted" if is_over else _TONES[one.kind]),
        Span(fit(in_words(one.span, sight), 37), "muted" if is_over else "plain"),
        Span("now " if is_now else "    ", "fair"),
        Span(fit(one.more, max(0, width - 69)), "muted"),
    )


def begin_of_list(now: datetime) -> datetime:
    """What was over before this is not listed."""
    return now - timedelta(days=28)
