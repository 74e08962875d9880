"""The Working Time rules' sentences: plain words with local times and lengths. Pure."""

from datetime import date, datetime, timedelta
from math import ceil
from typing import NamedTuple

from fleet.rota.rules.averages import LONG_WEEKS, WEEKS, Average, Window
from fleet.rota.rules.breaks import ShortBreak
from fleet.rota.rules.compensation import PAID_WITHIN
from fleet.rota.rules.rest import DAILY_REST, ShortRest, ShortWeek, earliest_start
from fleet.rota.rules.runs import Run
from fleet.rota.rules.spans import Span, near
from fleet.rota.rules.wall import instant, local_date, wall_time
from fleet.rota.rules.words import day
from fleet.rota.rules.work import Work

_DAY = timedelta(days=1)
_MOST_TOLD = 3


class Words(NamedTuple):
    """What is so, and what would make it right."""

    sentence: str
    remedy: str


def length(lasts: timedelta) -> str:
    """A length, rounded down to minutes: `4 h 30`, `11 h`, `20 min`."""
    hours, minutes = divmod(lasts // timedelta(minutes=1), 60)
    if not hours and minutes:
        return f"{minutes} min"
    return f"{hours} h {minutes:02}" if minutes else f"{hours} h"


def hours(figure: float, *, over: bool = False) -> str:
    """An average, `48.5 h`, to two digits; rounded up when it is over its limit, so that it shows."""
    return f"{(ceil(figure * 100 - 1e-6) / 100 if over else round(figure, 2)):g} h"


def clock(at: datetime, zone: str) -> str:
    """The time of day of an instant; said when it is the second one of that name, after clocks went back."""
    wall = wall_time(at, zone)
    return f"{wall:%H:%M}" if instant(wall, zone) == at else f"{wall:%H:%M} (the second time)"


def moment(at: datetime, zone: str, known: date | None = None) -> str:
    """An instant: `Thu 11 Jun 09:00`; only its time of day where the date `known` was just told."""
    on = local_date(at, zone)
    return clock(at, zone) if on == known else f"{day(on)} {clock(at, zone)}"


def between(span: Span, zone: str, known: date | None = None) -> str:
    """From when until when, local."""
    starts_on = local_date(span.starts_at, zone)
    return f"{moment(span.starts_at, zone, known)}–{moment(span.ends_at, zone, starts_on)}"


def _calls(work: Work, span: Span, known: date) -> str:
    """The last call-outs in a time, as part of a sentence."""
    spans = near(span, work.call_outs)
    told = ", ".join(between(one, work.zone, known) for one in spans[-_MOST_TOLD:])
    return f", called out {told}" if told else ""


def _by(span: Span, zone: str) -> str:
    return moment(span.ends_at + PAID_WITHIN, zone)


def daily_rest(who: str, short: ShortRest, work: Work) -> Words:
    """Of daily rest that was too short."""
    required = f"{length(DAILY_REST)} are required (reg. 10(1))"
    if short.before is not None:
        return _rest_before(who, short, short.before, work, required)
    if short.within is not None:
        return _rest_within(who, short, short.within, work, required)
    until = short.began + timedelta(hours=24)
    began = moment(short.began, work.zone)
    calls = _calls(work, Span(short.began, until), local_date(short.began, work.zone))
    return Words(
        f"{who} had at most {length(short.rest)} of rest after {began}{calls}; {required}",
        "Let somebody else be called, so that they rest for 11 h in a row",
    )


def _rest_before(who: str, short: ShortRest, block: Span, work: Work, required: str) -> Words:
    on = local_date(block.starts_at, work.zone)
    calls = [one for one in work.call_outs if one.starts_at < block.starts_at <= one.ends_at]
    off_duty = max([short.span.starts_at, *(one.ends_at for one in calls)])
    earliest = moment(earliest_start(off_duty), work.zone, on)
    calls_told = _calls(work, Span(max(short.began, block.starts_at - timedelta(hours=24)), block.starts_at), on)
    return Words(
        f"{who} had {length(short.rest) if short.rest else 'nothing'} of rest before duty on "
        f"{moment(block.starts_at, work.zone)}{calls_told}; {required}; the earliest start is {earliest}",
        f"Let them begin at {earliest} or later",
    )


def _rest_within(who: str, short: ShortRest, block: Span, work: Work, required: str) -> Words:
    began, ends = moment(short.began, work.zone), moment(block.ends_at, work.zone)
    stop = f"stop by {moment(short.began + timedelta(hours=24) - DAILY_REST, work.zone)}"
    spells = [one for one in work.spells if short.began <= one.starts_at < block.starts_at]
    if spells and spells[-1].ends_at < block.starts_at:
        stop = f"begin at {moment(earliest_start(spells[-1].ends_at), work.zone)} or later, or {stop}"
    calls = _calls(work, Span(short.began, block.ends_at), local_date(short.began, work.zone))
    return Words(
        f"{who} begins work at {began} and works until {ends}{calls}, which leaves at most {length(short.rest)} of "
        f"rest in a row in those 24 hours; {required}",
        f"Let them {stop}",
    )


def weekly_rest(who: str, short: ShortWeek, work: Work, as_of: datetime, *, fortnight: bool) -> Words:
    """Of a week or fortnight without its weekly rest; the remedy is empty where at `as_of` it is too late for one."""
    zone = work.zone
    first, last = local_date(short.span.starts_at, zone), local_date(short.span.ends_at, zone) - _DAY
    needed = (
        "two of 35 h or one of 59 h are required, daily rest counted in (reg. 11(2), 11(7))"
        if fortnight
        else "35 h are required, 24 h and the 11 h of daily rest (reg. 11(1), 11(7))"
    )
    lacks = "a second weekly rest" if fortnight and short.missing == 1 else "weekly rest"
    return Words(
        f"{who} is without {lacks} from {day(first)} to {day(last)}: the longest that counts is "
        f"{length(short.rest)}; {needed}",
        _keep_free(_still_possible(short, work, as_of), first, last),
    )


def _keep_free(times: int, first: date, last: date) -> str:
    if not times:
        return ""
    rests = "35 h in a row, twice," if times > 1 else "35 h in a row"
    return f"Keep {rests} free of work between {day(first)} and {day(last)}"


def _still_possible(short: ShortWeek, work: Work, as_of: datetime) -> int:
    """For how many of the weekly rests that are missing there is time left, each with 24 h in the week or fortnight:
    its 11 h of daily rest may lie outside."""
    worked = (one.ends_at for one in work.spells if one.starts_at < as_of)
    free_since = min(as_of, max(worked, default=short.span.starts_at))
    left = short.span.ends_at - max(free_since, short.span.starts_at)
    return max(0, min(short.missing, left // _DAY))


def short_break(who: str, short: ShortBreak, zone: str) -> Words:
    """Of a spell with too little break."""
    return Words(
        f"{who} works {length(short.span.length)}, {between(short.span, zone)}, with "
        f"{length(short.breaks) if short.breaks else 'nothing'} of breaks; over 6 h 20 min are required (reg. 12(1))",
        "Give a break of 20 min in it, or record the one that was taken",
    )


def run_of_days(who: str, run: Run, most: int, zone: str) -> Words:
    """Of a run of days that is too long."""
    first = local_date(run.span.starts_at, zone)
    return Words(
        f"{who} works {run.days} days in a row from {day(first)} to {day(first + (run.days - 1) * _DAY)}; over {most} "
        "a plan of compensatory rest has to be recorded (reg. 24)",
        "Keep one of these days free of work",
    )


TOO_LATE = "There is no time left for it: see that the following weeks have their weekly rest"
"""Where nothing is owed for what can not be made right any more."""


def give_rest(owed: timedelta, span: Span, zone: str) -> str:
    """What would compensate for missed rest."""
    return f"record {length(owed)} of compensatory rest that begins by {_by(span, zone)} (reg. 24)"


def _weeks(window: Window) -> str:
    many = f"the {window.weeks} weeks" if window.weeks > 1 else "the week"
    return f"{many} from {day(window.first)} to {day(window.end - _DAY)}"


def weekly_average(who: str, worst: Average, limit_h: int) -> Words:
    """Of an average that is too high."""
    less = timedelta(minutes=ceil((worst.hours - limit_h) * worst.window.weeks * 60 - 1e-6))
    return Words(
        f"{who} works {hours(worst.hours, over=True)} a week on average over {_weeks(worst.window)}; {limit_h} h are "
        "allowed (reg. 4(1)), whether or not regulation 21 is claimed",
        f"Take {length(less)} of work out of these weeks; only an opt-out that was signed before it begins lifts the "
        "limit (reg. 5)",
    )


def night_average(who: str, worst: Average, limit_h: int) -> Words:
    """Of a night worker's average that is too high."""
    return Words(
        f"{who} works at night, and {hours(worst.hours, over=True)} in 24 h on average over {_weeks(worst.window)}; "
        f"{limit_h} h are allowed (reg. 6(1))",
        "Take work out of these weeks, or give them fewer nights",
    )


def reference_period(who: str, last: date) -> Words:
    """Of a longer reference period without the claim that it needs."""
    return Words(
        f"{LONG_WEEKS} weeks are set as {who}'s reference period, but regulation 21 is not claimed for them on "
        f"{day(last)}, so {WEEKS} are taken (reg. 4(5))",
        f"Record the claim of regulation 21 and its reason, or set {WEEKS} weeks",
    )
