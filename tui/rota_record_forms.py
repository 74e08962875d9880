"""What the forms about people's times mean: call-outs, leave, wishes, rest; and what is wrong with the first field that
is. Pure."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal, get_args

from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import local_date, midnight
from protocols.api.call_outs import NewCallOut, NewRest, Returned
from protocols.api.rota_people import NewAbsence, NewWish
from protocols.ids import PERSON_ID
from protocols.rota.member import AbsenceKind
from tui.rota_change_lines import Sight
from tui.rota_forms import Unclear
from tui.rota_times import read_at, read_day, stretch

KINDS: tuple[AbsenceKind, ...] = get_args(AbsenceKind)
_MOST_BREAK = 600
_DAY = timedelta(days=1)


def person_of(text: str) -> str:
    """The id that was typed; raises Unclear."""
    person = text.upper()
    if not PERSON_ID.fullmatch(person):
        raise Unclear("who", "who: an id, as TO-12")
    return person


def call_out_of(values: Mapping[str, str], rota: str, sight: Sight) -> NewCallOut:
    """The call-out that a form describes; raises Unclear."""
    left = _past(values["left"], "left", sight)
    back = None
    if values["back"]:
        back = read_at(values["back"], "back", sight.zone, sight.now, utc=sight.utc, after=left)
        _check_back(left, back, sight.now)
    return NewCallOut(
        rota=rota,
        person=person_of(values["who"]),
        left_home_at=left,
        returned_at=back,
        break_min=_minutes(values["break"]) if back is not None else 0,
        reference=values["reference"],
        source="hand",
    )


def returned_of(values: Mapping[str, str], left: datetime, sight: Sight) -> Returned:
    """The return that a form describes; raises Unclear."""
    back = read_at(values["back"], "back", sight.zone, sight.now, utc=sight.utc, after=left)
    _check_back(left, back, sight.now)
    return Returned(returned_at=back, break_min=_minutes(values["break"]))


def absence_of(values: Mapping[str, str], sight: Sight) -> NewAbsence:
    """Leave, or a deployment away; raises Unclear."""
    kind = next((one for one in KINDS if values["kind"].lower() and one.startswith(values["kind"].lower())), None)
    if kind is None:
        raise Unclear("kind", f"kind: {', '.join(KINDS)}")
    if values["reference"] and kind != "away":
        raise Unclear("reference", "deployment: only where somebody is away on one")
    span = days_of(values, sight)
    return NewAbsence(
        person=person_of(values["who"]),
        kind=kind,
        starts_at=span.starts_at,
        ends_at=span.ends_at,
        zone=sight.zone,
        reference=values["reference"],
    )


def wish_of(values: Mapping[str, str], sight: Sight) -> NewWish:
    """A wish; raises Unclear."""
    words: dict[str, Literal["on", "off"]] = {"on": "on", "off": "off"}
    wants = words.get(values["wants"].lower())
    if wants is None:
        raise Unclear("wants", "on call: on or off")
    span = days_of(values, sight)
    if span.ends_at <= sight.now:
        raise Unclear("until", "until: a time to come")
    return NewWish(wants=wants, starts_at=span.starts_at, ends_at=span.ends_at)


def rest_of(values: Mapping[str, str], sight: Sight) -> NewRest:
    """Compensatory rest; raises Unclear."""
    begins = read_at(values["from"], "from", sight.zone, sight.now, utc=sight.utc)
    ends = read_at(values["until"], "until", sight.zone, sight.now, utc=sight.utc, after=begins)
    if ends <= begins:
        raise Unclear("until", "until: later than from")
    return NewRest(person=person_of(values["who"]), starts_at=begins, ends_at=ends)


def days_of(values: Mapping[str, str], sight: Sight) -> Span:
    """From one day or time until another: a day is counted in whole, the last one too; raises Unclear."""
    begins = _day_or_time(values["from"], "from", sight)
    ends = _day_or_time(values["until"] or values["from"], "until", sight, last=True)
    if ends <= begins:
        raise Unclear("until", "until: not before from")
    return Span(begins, ends)


def _day_or_time(text: str, field: str, sight: Sight, *, last: bool = False) -> datetime:
    if not text:
        raise Unclear(field, f"{field}: a day as 28 Nov, or a time as 28 Nov 09:00")
    today = local_date(sight.now, sight.zone)
    if ":" in text:
        return read_at(text, field, sight.zone, sight.now, utc=sight.utc)
    day: date = read_day(text, field, today)
    return midnight(day + _DAY if last else day, sight.zone)


def _past(text: str, field: str, sight: Sight) -> datetime:
    at = read_at(text, field, sight.zone, sight.now, utc=sight.utc)
    if at > sight.now + timedelta(minutes=5):
        raise Unclear(field, f"{field}: that is still to come")
    return at


def _check_back(left: datetime, back: datetime, now: datetime) -> None:
    if back <= left:
        raise Unclear("back", "back: later than they left")
    if back > now + timedelta(minutes=5):
        raise Unclear("back", "back: that is still to come; leave it empty while they are out")


def _minutes(text: str) -> int:
    if not text:
        return 0
    if not text.isdecimal() or int(text) > _MOST_BREAK:
        raise Unclear("break", f"break: minutes, at most {_MOST_BREAK}")
    return int(text)


def span_words(starts_at: datetime, ends_at: datetime, sight: Sight) -> str:
    """`Sat 28 Nov 00:00 – Mon 30 Nov 00:00`."""
    return stretch(Span(starts_at, ends_at), sight.zone, sight.now, utc=sight.utc)
