"""Calendar feeds, read back by a library that did not write them: right instants across every change of clocks."""

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream

from fleet.rota.calendar import Listed, calendar
from fleet.rota.rules.schedule import on_call
from fleet.rota.rules.spans import Span
from protocols.rota.model import Restriction, Rota, Shift
from tests.support.rota_books import layer, local, rota, weekdays

CHANGED = datetime(2026, 2, 4, 12, 0, 30, 5, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
CLOCK_CHANGES = [
    "2026-03-29",
    "2026-10-25",
    "2027-03-28",
    "2027-10-31",
    "2028-03-26",
    "2028-10-29",
    "2029-03-25",
    "2029-10-28",
    "2030-03-31",
    "2030-10-27",
]


def feed(
    shifts: list[Shift],
    of: Rota | None = None,
    *,
    mine: bool = True,
    changed: datetime = CHANGED,
    published: bool = True,
) -> bytes:
    listed = [Listed(of or rota(), shift, changed, published) for shift in shifts]
    return calendar("On call: TO-11", listed, mine=mine)


def read(content: bytes) -> Calendar:
    return IcsCalendarStream.calendar_from_ics(content.decode())


def shifts_of(of: Rota, first: str, last: str) -> list[Shift]:
    return on_call(of, [], [], Span(local(first), local(last)))


def shift(starts: str = "2026-02-02T09:00", ends: str = "2026-02-09T09:00", **changes: Any) -> Shift:
    fields: dict[str, Any] = {"position": "primary", "person": "TO-11", "source": "layer", "about": "primary-weeks"}
    return Shift(starts_at=local(starts), ends_at=local(ends), **{**fields, **changes})


def unfolded(content: bytes) -> list[str]:
    return content.decode().replace("\r\n ", "").split("\r\n")


def test_the_clocks_change_when_the_zones_database_says_so() -> None:
    """The days that the next tests are about."""
    days = [datetime(2026, 1, 1, 12, tzinfo=LONDON) + timedelta(days=i) for i in range(5 * 365 + 1)]
    offsets = [(day.date(), day.utcoffset()) for day in days]
    changed = [now[0].isoformat() for before, now in pairwise(offsets) if before[1] != now[1]]
    assert changed == CLOCK_CHANGES


@pytest.mark.parametrize("day", CLOCK_CHANGES)
def test_a_week_across_a_change_of_clocks_begins_and_ends_at_nine_and_is_an_hour_longer_or_shorter(day: str) -> None:
    sunday = datetime.fromisoformat(day)
    monday = sunday - timedelta(days=6)
    of = rota([layer(order=["TO-11"], starts="2026-01-05T09:00")])
    (found,) = shifts_of(of, f"{monday:%Y-%m-%d}T09:00", f"{monday + timedelta(days=7):%Y-%m-%d}T09:00")
    (event,) = read(feed([found], of)).events
    assert isinstance(event.dtstart, datetime)
    assert isinstance(event.dtend, datetime)
    shown = [at.astimezone(LONDON) for at in (event.dtstart, event.dtend)]
    assert [at.strftime("%a %H:%M") for at in shown] == ["Mon 09:00", "Mon 09:00"]
    assert [at.date() for at in shown] == [monday.date(), monday.date() + timedelta(days=7)]
    hours = 167 if sunday.month == 3 else 169
    assert event.dtend.astimezone(UTC) - event.dtstart.astimezone(UTC) == timedelta(hours=hours)
    assert (event.dtstart, event.dtend) == (found.starts_at, found.ends_at)


@pytest.mark.parametrize("day", CLOCK_CHANGES)
@pytest.mark.parametrize(("begins", "ends"), [("22:00", "08:00"), ("00:30", "01:30"), ("01:30", "02:30")])
def test_a_shift_in_the_night_of_the_change_is_where_the_rules_say(day: str, begins: str, ends: str) -> None:
    sunday = datetime.fromisoformat(day).date()
    nights: list[Restriction] = [weekdays(range(7), begins, ends)]
    of = rota([layer(order=["TO-11"], unit="days", starts="2026-01-05T12:00", restrictions=nights)])
    found = shifts_of(of, f"{sunday - timedelta(days=1)}T12:00", f"{sunday}T12:00")
    events = read(feed(found, of)).events
    assert [(one.dtstart, one.dtend) for one in events] == [(one.starts_at, one.ends_at) for one in found]
    assert all(one.starts_at < one.ends_at for one in found)
    # Where both times exist once, a client in London shows what was written into the rota.
    if (begins, ends) == ("22:00", "08:00"):
        (event,) = events
        assert isinstance(event.dtstart, datetime)
        assert isinstance(event.dtend, datetime)
        assert f"{event.dtstart.astimezone(LONDON):%H:%M}" == begins
        assert f"{event.dtend.astimezone(LONDON):%H:%M}" == ends
        length = event.dtend.astimezone(UTC) - event.dtstart.astimezone(UTC)
        assert length == timedelta(hours=9 if sunday.month == 3 else 11)


def test_times_are_written_in_utc_and_need_no_zone_of_the_clients() -> None:
    text = unfolded(feed([shift("2026-06-01T09:00", "2026-06-08T09:00")]))
    assert "DTSTART:20260601T080000Z" in text
    assert "DTEND:20260608T080000Z" in text
    assert [line for line in text if "TZID" in line or "VTIMEZONE" in line] == []


def test_a_feed_of_ones_own_says_what_and_reminds() -> None:
    of = rota()
    read_back = read(
        feed([shift()], msgspec.structs.replace(of, policy=msgspec.structs.replace(of.policy, remind_h=36)))
    )
    (event,) = read_back.events
    assert event.summary == "On call: primary, Technical on-call"
    assert event.categories == ["On call", "primary"]
    assert event.transparency == "TRANSPARENT"
    (alarm,) = event.alarm
    assert alarm.trigger == timedelta(hours=-36)
    assert read_back.prodid == "-//Muster//On call//EN"
    text = unfolded(feed([shift()]))
    for line in (
        "METHOD:PUBLISH",
        "NAME:On call: TO-11",
        "X-WR-CALNAME:On call: TO-11",
        "REFRESH-INTERVAL;VALUE=DURATION:PT15M",
        "X-PUBLISHED-TTL:PT15M",
        "DTSTAMP:20260204T120030Z",
        "LAST-MODIFIED:20260204T120030Z",
        "TRIGGER:-P1D",
    ):
        assert line in text, line


def test_a_feed_of_a_rota_says_who_and_does_not_remind() -> None:
    (event,) = read(feed([shift(position="secondary")], mine=False)).events
    assert event.summary == "On call: secondary, Technical on-call (TO-11)"
    assert event.alarm == []


@pytest.mark.parametrize(("mine", "who"), [(True, ""), (False, " (TO-11)")])
def test_what_is_not_published_is_tentative_and_says_so(mine: bool, who: str) -> None:
    (sure,) = read(feed([shift()], mine=mine)).events
    (unsure,) = read(feed([shift()], mine=mine, published=False)).events
    assert (sure.status, sure.summary) == ("CONFIRMED", f"On call: primary, Technical on-call{who}")
    assert (unsure.status, unsure.summary) == ("TENTATIVE", f"{sure.summary} (not published)")
    assert [alarm.description for alarm in unsure.alarm] == ([unsure.summary] if mine else [])
    assert unsure.uid == sure.uid


def test_an_event_stays_the_same_one_until_it_begins_at_another_time_and_counts_upwards() -> None:
    before = read(feed([shift()])).events[0]
    later = CHANGED + timedelta(hours=1)
    after = read(feed([shift(person="TO-12", ends="2026-02-05T09:00")], mine=False, changed=later)).events[0]
    moved = read(feed([shift("2026-02-03T09:00")])).events[0]
    assert before.uid == after.uid != moved.uid
    assert before.sequence is not None
    assert after.sequence is not None
    assert after.sequence == before.sequence + 3600
    assert before.sequence < 2**31
    others = [shift(position="secondary"), shift(about="nights"), shift(source="override", about="X-1")]
    elsewhere = feed([shift()], msgspec.structs.replace(rota(), rota="other"))
    uids = {before.uid, *(read(feed([one])).events[0].uid for one in others), read(elsewhere).events[0].uid}
    assert len(uids) == 5


def test_lines_have_75_octets_at_most_and_end_in_crlf_and_odd_names_come_back_whole() -> None:
    name = "Zoë’s rota; engineers, approvers \\ “late” 夜間当番 " + "é" * 30
    of = msgspec.structs.replace(rota(), name=name[:80])
    content = feed([shift()], of)
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 75
    assert lines[-1] == b""
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert any(line.startswith(b" ") for line in lines)
    (event,) = read(content).events
    assert event.summary == f"On call: primary, {of.name}"
    assert len(re.findall("BEGIN:VEVENT", content.decode())) == 1


def test_a_name_can_not_add_lines_of_its_own() -> None:
    of = msgspec.structs.replace(rota(), name="a\r\nATTENDEE:mailto:x@example.org\nb")
    text = unfolded(feed([shift()], of))
    assert [line for line in text if line.startswith("ATTENDEE")] == []


def test_the_same_shifts_are_the_same_bytes_and_no_shifts_are_a_calendar_too() -> None:
    assert feed([shift()]) == feed([shift()])
    empty = read(feed([]))
    assert (empty.events, empty.prodid) == ([], "-//Muster//On call//EN")


def test_nothing_but_shifts_is_told() -> None:
    fields = {re.split("[:;]", line)[0] for line in unfolded(feed([shift()], mine=False)) if line}
    assert fields == {
        "BEGIN",
        "END",
        "VERSION",
        "PRODID",
        "CALSCALE",
        "METHOD",
        "NAME",
        "X-WR-CALNAME",
        "REFRESH-INTERVAL",
        "X-PUBLISHED-TTL",
        "UID",
        "DTSTAMP",
        "LAST-MODIFIED",
        "SEQUENCE",
        "DTSTART",
        "DTEND",
        "SUMMARY",
        "STATUS",
        "CATEGORIES",
        "TRANSP",
    }
