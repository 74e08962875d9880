"""The inbox keeps the newest state of each thing and never grows."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from fleet.client.inbox import MAX_EVENTS, FeedItem, Inbox, LinkDown, LinkUp
from protocols.api.events import EventView
from protocols.api.feed import EventsChanged, FleetChanged, JoinsChanged, UnitsChanged
from protocols.api.units import PresenceFacts, UnitRow

AT = datetime(2026, 11, 21, 2, 58, tzinfo=UTC)
FACTS = PresenceFacts(
    session_up=True,
    session_changed_at=AT,
    last_report_at=AT,
    last_sampled_at=AT,
    settings_wanted=1,
    settings_running=1,
    settings_seen_at=AT,
)


def unit(number: int, alarms: int) -> UnitRow:
    return UnitRow(
        unit_id=f"unit-{number:04}",
        label="",
        model="",
        state="active",
        key_protection="soft",
        presence="online",
        facts=FACTS,
        alarms=alarms,
    )


def event(event_id: int, count: int = 1) -> EventView:
    return EventView(
        event_id=event_id,
        unit_id=None,
        label="",
        source="controller",
        kind="k",
        severity="info",
        summary="",
        at=AT,
        received_at=AT,
        count=count,
        acknowledged_by=None,
        acknowledged_at=None,
    )


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=100))
def test_the_last_state_of_each_unit_is_read_once(changes: list[tuple[int, int]]) -> None:
    inbox = Inbox()
    for number, alarms in changes:
        inbox.put(UnitsChanged([unit(number, alarms)]))
    read = {row.unit_id: row.alarms for item in inbox.take() if isinstance(item, UnitsChanged) for row in item.rows}
    assert read == {f"unit-{number:04}": alarms for number, alarms in changes}
    assert list(inbox.take()) == []


@given(st.lists(st.integers(1, 1000), max_size=300))
def test_events_are_bounded_newest_first(ids: list[int]) -> None:
    inbox = Inbox()
    for event_id in ids:
        inbox.put(EventsChanged([event(event_id)]))
    read = [one.event_id for item in inbox.take() if isinstance(item, EventsChanged) for one in item.events]
    assert read == sorted(set(ids), reverse=True)[:MAX_EVENTS]


def test_the_link_comes_first_and_only_its_latest_state() -> None:
    inbox = Inbox()
    items: list[FeedItem] = [JoinsChanged(1), LinkDown(AT, "gone"), JoinsChanged(2), FleetChanged(), LinkUp(84.0)]
    for item in items:
        inbox.put(item)
    assert list(inbox.take()) == [LinkUp(84.0), JoinsChanged(2), FleetChanged()]
