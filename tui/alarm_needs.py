"""Alarms among what needs a person: one line for an alarm and its events, and alarming itself above all. Pure."""

from collections.abc import Collection, Mapping, Sequence, Set
from datetime import datetime

from protocols.api.alarms import AlarmingStanding, AlarmView
from protocols.api.duties import Duty
from protocols.api.events import EventView
from protocols.people import Permission
from tui.alarm_words import DEADLINES, ShownAlarm, about, alarming_words, is_grave
from tui.needs import QUARANTINE, Need, of_others

ALARMING = "alarming"
_ACK: Permission = "acknowledge-event"
_OF_MANDATE = "mandate"
_TOLD_BY_EVENTS = frozenset({"unit", "controller"})
"""Their alarms stand where their events stood, so that nothing moves when the one takes the place of the other."""


def uncovered(events: Sequence[EventView], shown: Sequence[ShownAlarm]) -> list[EventView]:
    """The `events` that no alarm stands for: not yet, or not by the rules."""
    told = {event for one in shown for event in one.events}
    subjects = {(_unit_of(one.view), one.view.kind) for one in shown}
    return [event for event in events if event.event_id not in told and (event.unit_id, event.kind) not in subjects]


def _unit_of(view: AlarmView) -> str | None:
    return view.subject if view.subject_kind == "unit" else None


def by_duty(shown: Sequence[ShownAlarm], duties: Sequence[Duty]) -> tuple[Mapping[str, ShownAlarm], list[ShownAlarm]]:
    """The alarms that say the same as a duty, by what it is about, the newest of each; and all the others."""
    told: dict[str, ShownAlarm] = {}
    others: list[ShownAlarm] = []
    for one in sorted(shown, key=lambda one: one.view.raised_at, reverse=True):
        same = next((duty.about for duty in duties if _says(one.view, duty)), None)
        if same is None or same in told:
            others.append(one)
        else:
            told[same] = one
    return told, others


def _says(view: AlarmView, duty: Duty) -> bool:
    """Whether an alarm tells of what waits."""
    match duty.kind:
        case "kit-out":
            return view.kind == _OF_MANDATE and view.subject == duty.unit and duty.about in view.summary
        case "deadline" | "paper-owed":
            return view.rule == DEADLINES and view.subject == duty.about
        case "authority-wanted":
            return view.kind == duty.kind and view.subject == duty.about
    return False


def alarm_needs(shown: Sequence[ShownAlarm], quarantined: Set[str], permissions: Collection[Permission]) -> list[Need]:
    """Alarms that nobody has acknowledged, newest first: a quarantine before the others, warnings after them."""
    needs = [_need(one, quarantined) for one in sorted(shown, key=lambda one: one.view.raised_at, reverse=True)]
    needs.sort(key=lambda need: (not need.presses, need.kind == "warning"))
    return needs if _ACK in permissions else [of_others(need) for need in needs]


def _need(one: ShownAlarm, quarantined: Set[str]) -> Need:
    view = one.view
    of_quarantine = view.kind == QUARANTINE
    return Need(
        key=f"alarm-{_unit_of(view)}-{view.kind}" if view.subject_kind in _TOLD_BY_EVENTS else view.alarm,
        kind="alarm" if view.severity == "alarm" else "warning",
        at=view.raised_at,
        name=about(view),
        text=view.summary,
        hint="a ack  g going",
        unit_id=_unit_of(view),
        presses=of_quarantine,
        has_unit=of_quarantine and view.subject in quarantined,
        alarm=one,
    )


def alarming_needs(standing: AlarmingStanding | None, now: datetime, *, utc: bool) -> list[Need]:
    """Alarming itself, where alarms reach nobody: the first line there is. Less is told where alarms are listed."""
    if standing is None or not is_grave(standing):
        return []
    words = alarming_words(standing, now, utc=utc)
    return [
        Need(
            key=ALARMING,
            kind="alarming",
            at=standing.at,
            name="controller",
            text=words,
            hint="A alarms",
            presses=True,
        )
    ]
