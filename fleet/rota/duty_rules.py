"""What of a rota waits for somebody, in words. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta

from fleet.rota.change_rules import said_change, waits_for
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span
from fleet.rota.rules.wall import local_date, midnight
from fleet.rota.rules.words import said
from fleet.store.call_outs import StoredCallOut
from fleet.store.people import Person
from fleet.store.rota_changes import StoredChange
from protocols.api.duties import Duty, RotaDutyKind
from protocols.people import may
from protocols.rota.findings import Finding
from protocols.rota.member import Competence
from protocols.rota.model import Assigned, Change, Rota

ALARM_AHEAD = timedelta(hours=48)
"""How long before a gap in cover begins it is an alarm †."""
COMPETENCE_AHEAD = timedelta(days=30)
"""How long before a competence ends it is told †, and how long after."""
CALL_OUT_OPEN = timedelta(hours=12)
"""After how long a call-out that has no end is asked about †."""
PUBLISHED_AHEAD = timedelta(days=28)
"""For how long ahead turns have to be published †."""
_DAY = timedelta(days=1)


def cover_gap(rota: Rota, gap: Finding, now: datetime) -> Duty:
    """Somebody has to be found."""
    said_gap = f"{gap.sentence}: {gap.remedy}"
    return _duty("cover-gap", rota, said_gap, gap.starts_at, is_alarm=gap.starts_at <= now + ALARM_AHEAD)


def shifts_soon(
    rota: Rota, assigned: Sequence[Assigned], changes: Sequence[Change], person: str, now: datetime
) -> Iterator[Duty]:
    """Shifts that begin within the rota's reminder, and that the person has not had until then."""
    ahead = timedelta(hours=rota.policy.remind_h)
    shifts = on_call(rota, assigned, changes, Span(now - _DAY, now + ahead))
    mine = [one for one in shifts if one.person == person]
    for one in mine:
        goes_on = any(other.ends_at == one.starts_at and other.position == one.position for other in mine)
        if one.starts_at > now and not goes_on:
            sentence = f"you are {one.position} of {rota.name} from {said(one.starts_at, rota.zone)}"
            yield _duty("shift-soon", rota, sentence, one.starts_at)


def change_duty(rota: Rota, change: StoredChange, person: Person) -> Duty | None:
    """Somebody's word on a change is missing; None where it is not this person's."""
    kind: RotaDutyKind
    if change.state == "asked" and waits_for(change) == person.person_id:
        kind, asks = "swap-asked", "do you agree?"
    elif change.state == "agreed" and may(person.role, "manage-rota") and person.person_id not in change.people:
        kind, asks = "swap-approve", "do you approve it?"
    else:
        return None
    sentence = f"{change.asked_by} asks that {said_change(change, rota.zone)}: {asks}"
    return _duty(kind, rota, sentence, change.begins_at, about=change.change_id)


def competences_ending(rota: Rota, person: str, competences: Sequence[Competence], now: datetime) -> Iterator[Duty]:
    """Competences of a member that end within 30 days, or have ended within as many, and were not renewed."""
    today = local_date(now, rota.zone)
    for one in competences:
        ends = one.valid_until
        if ends is None or not today - COMPETENCE_AHEAD <= ends <= today + COMPETENCE_AHEAD:
            continue
        if any(_outlasts(other, one, ends) for other in competences):
            continue
        what = f"{one.subject} at level {one.level}" if one.level else one.subject
        verb = "ended" if ends < today else "ends"
        sentence = f"{person}'s {what} {verb} with {ends:%d %b %Y}: record it anew when it was renewed"
        yield _duty("competence-ending", rota, sentence, midnight(ends + _DAY, rota.zone), about=person)


def _outlasts(other: Competence, one: Competence, ends: date) -> bool:
    same = other.subject == one.subject and other.level >= one.level
    return same and (other.valid_until is None or other.valid_until > ends)


def rest_owed(rota: Rota, person: str, owed_min: int, now: datetime, *, may_plan: bool) -> Duty:
    """Compensatory rest is to be planned: by who reads it where they may, else by a supervisor."""
    hours, minutes = divmod(owed_min, 60)
    length = f"{hours} h {minutes} min" if minutes else f"{hours} h"
    sentence = f"{person} is owed {length} of compensatory rest: {'plan it' if may_plan else 'a supervisor plans it'}"
    return _duty("rest-owed", rota, sentence, now, about=person)


def call_out_open(rota: Rota, call_out: StoredCallOut) -> Duty:
    """Nobody has said when somebody was back."""
    since = said(call_out.left_home_at, rota.zone)
    sentence = f"{call_out.person_id} left home {since} and is not back: say when they were"
    return _duty("call-out-open", rota, sentence, call_out.left_home_at, about=call_out.call_out_id)


def rota_ends(rota: Rota, published_until: datetime | None, now: datetime) -> Duty | None:
    """Turns are published for less than 28 days ahead; None where they are for longer, or need not be."""
    if published_until is None:
        if all(layer.order for layer in rota.layers):
            return None
        return _duty("rota-ends", rota, "no turns are published: plan and publish some", now)
    if published_until - now >= PUBLISHED_AHEAD:
        return None
    verb = "were" if published_until <= now else "are"
    sentence = f"turns {verb} published until {said(published_until, rota.zone)} only: plan what follows"
    return _duty("rota-ends", rota, sentence, published_until)


def first_of_each(duties: Iterable[Duty], limit: int) -> list[Duty]:
    """At most `limit`, those that are due first."""
    return sorted(duties, key=lambda one: (one.due_at, one.about))[:limit]


def _duty(
    kind: RotaDutyKind, rota: Rota, sentence: str, due_at: datetime, *, about: str = "", is_alarm: bool = False
) -> Duty:
    return Duty(
        kind=kind,
        about=about or rota.rota,
        name=rota.name,
        unit=None,
        sentence=sentence,
        due_at=due_at,
        is_alarm=is_alarm,
        rota=rota.rota,
    )
