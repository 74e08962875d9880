"""Open alarms by unit and kind, so that one trouble is one line however often it was told; and taking note of them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fleet.client import FleetClient, Refused
from protocols.api.duties import Duty
from protocols.api.events import EventView

_TAKEN_ALREADY = "event-taken"
_OF_MANDATE = "mandate"
"""The kind of the alarm that tells of a cancelled mandate; its summary names the mandate."""


class AlarmGroup(NamedTuple):
    """Alarms of one kind about one unit, newest first; there is at least one."""

    events: tuple[EventView, ...]

    @property
    def newest(self) -> EventView:
        """The last one told."""
        return self.events[0]

    @property
    def times(self) -> int:
        """How often it happened."""
        return sum(event.count for event in self.events)

    @property
    def text(self) -> str:
        """What the newest says, and how often it happened when that was more than once."""
        return self.newest.summary + (f" ×{self.times}" if self.times > 1 else "")


def grouped(alarms: Sequence[EventView]) -> list[AlarmGroup]:
    """`alarms` by unit and kind, the group with the newest alarm first."""
    found: dict[tuple[str | None, str], list[EventView]] = {}
    for event in sorted(alarms, key=lambda event: (event.at, event.event_id), reverse=True):
        found.setdefault((event.unit_id, event.kind), []).append(event)
    return [AlarmGroup(tuple(events)) for events in found.values()]


def by_duty(
    alarms: Sequence[EventView], duties: Sequence[Duty]
) -> tuple[Mapping[str, tuple[EventView, ...]], list[EventView]]:
    """The `alarms` that tell of a cancelled mandate whose kit is out, by the mandate, and all the others.

    The first say what a duty says too. They are as many as have not been taken note of; the duty stays until the kit
    is back.
    """
    out = {duty.about: duty.unit for duty in duties if duty.kind == "kit-out"}
    told: dict[str, tuple[EventView, ...]] = {}
    others: list[EventView] = []
    for event in alarms:
        named = [about for about, unit in out.items() if unit == event.unit_id and about in event.summary]
        if event.kind == _OF_MANDATE and named:
            told[named[0]] = (*told.get(named[0], ()), event)
        else:
            others.append(event)
    return told, others


async def acknowledge_all(door: FleetClient, events: Sequence[EventView]) -> int:
    """Take note of each of `events`, one log entry for each; returns of how many.

    One that somebody else has taken meanwhile is passed over. Raises ClientError for anything else that goes wrong.
    """
    taken = 0
    for event in events:
        try:
            await door.acknowledge(event.event_id)
            taken += 1
        except Refused as refusal:
            if refusal.problem.code != _TAKEN_ALREADY:
                raise
    return taken
