"""Calendar feeds through the API: who is let in and for how long, and what a calendar program then reads."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event

from fleet.store.store import Store
from protocols.api.calendars import CalendarMade
from protocols.api.rota_changes import NewChange
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_books import layer, local
from tests.support.rota_house import NOW, PRIMARY, RotaHouse, given, rota_house, technical, week

DAY = timedelta(days=1)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path) as made:
        yield made


@pytest.fixture
async def program(house: RotaHouse) -> AsyncIterator[httpx.AsyncClient]:
    """A calendar program: it trusts the fleet's root and knows an address, nothing else."""
    tls = ssl.create_default_context(cafile=str(house.api.ca_file))
    async with httpx.AsyncClient(verify=tls, trust_env=False, timeout=30) as client:
        yield client


async def asked(program: httpx.AsyncClient, made: CalendarMade, **headers: str) -> httpx.Response:
    return await program.get(made.url, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def read(program: httpx.AsyncClient, made: CalendarMade) -> Calendar:
    answer = await asked(program, made)
    assert answer.status_code == 200, answer.text
    return IcsCalendarStream.calendar_from_ics(answer.text)


def when(event: Event) -> tuple[datetime, datetime]:
    assert isinstance(event.dtstart, datetime)
    assert isinstance(event.dtend, datetime)
    return event.dtstart, event.dtend


async def test_ones_own_shifts_of_every_rota_are_in_ones_feed(house: RotaHouse, program: httpx.AsyncClient) -> None:
    monday = datetime(2026, 2, 2, 9)  # noqa: DTZ001 - a wall time
    nights = layer("nights", order=["TO-12"], starts="2026-03-02T20:00", ends="2026-03-09T20:00")
    await house["SU-01"].put_rota(technical(rota="forensic", name="Forensic", layers=[nights]), 0)
    made = await house["TO-12"].make_calendar()
    assert (made.calendar.scope, made.calendar.rota, made.calendar.person) == ("mine", None, "TO-12")
    whole = await read(program, made)
    own = [event for event in whole.events if event.summary == "On call: primary, Technical on-call"]
    weeks = [local((monday + timedelta(weeks=3 * number)).isoformat()) for number in range(-1, 20)]
    assert [event.dtstart for event in own][:21] == weeks
    assert own[-1].dtstart == local("2027-03-08T09:00")
    (other,) = [event for event in whole.events if event not in own]
    assert (other.summary, other.dtstart) == ("On call: primary, Forensic", local("2026-03-02T20:00"))
    assert all(event.alarm for event in whole.events)
    assert [when(event) for event in whole.events] == sorted(when(event) for event in whole.events)


async def test_all_of_a_rota_is_in_its_feed_as_published_and_changed(
    house: RotaHouse, program: httpx.AsyncClient
) -> None:
    made = await house["SU-01"].make_calendar("technical")
    before = await read(program, made)
    first = before.events[0]
    assert (first.dtstart, first.dtend) == (local("2026-01-05T09:00"), local("2026-01-12T09:00"))
    assert first.summary is not None
    assert first.summary.startswith("On call: primary, Technical on-call (TO-1")
    assert len(before.events) == 2 * 62
    house.clock.go_on(minutes=1)
    plan = await house.plan([given(PRIMARY, 0, "TO-11")], (0, 1))
    await house["SU-01"].publish_rota_plan(plan.plan, "asked for")
    after = await read(program, made)

    def who(of: Calendar) -> list[tuple[str, int | None]]:
        return [(event.summary or "", event.sequence) for event in of.events if event.dtstart == week(0)]

    assert [summary[-7:] for summary, _ in who(before)] == ["(TO-13)", "(AP-01)"]
    assert [summary[-7:] for summary, _ in who(after)] == ["(TO-11)", "(AP-01)"]
    counted = [(one[1], two[1]) for one, two in zip(who(before), who(after), strict=True)]
    assert all(one is not None and two is not None and one < two for one, two in counted)
    assert [event.uid for event in before.events] == [event.uid for event in after.events]


async def test_what_follows_from_the_order_only_after_what_is_published_is_tentative(
    house: RotaHouse, program: httpx.AsyncClient
) -> None:
    made = await house["SU-01"].make_calendar("technical")
    tag = (await asked(program, made)).headers["etag"]
    assert {event.status for event in (await read(program, made)).events} == {"CONFIRMED"}
    plan = await house.plan([given(PRIMARY, 0, "TO-11")], (0, 2))
    await house["SU-01"].publish_rota_plan(plan.plan, "asked for")
    override = NewChange(
        kind="override", position="primary", person="TO-12", starts_at=week(3), ends_at=week(3) + DAY, reason="a course"
    )
    await house["SU-01"].ask_rota_change("technical", override)
    events = (await read(program, made)).events
    primary = [event for event in events if event.summary and "primary" in event.summary]
    sure = [event.dtstart for event in primary if event.status == "CONFIRMED"]
    assert sure[-3:] == [week(0), week(1), week(3)]
    unsure = [event for event in events if event.status == "TENTATIVE"]
    assert [event.dtstart for event in unsure if event in primary][:3] == [week(2), week(3) + DAY, week(4)]
    assert {event in unsure for event in events if "(not published)" in (event.summary or "")} == {True}
    assert all((event.summary or "").endswith(") (not published)") for event in unsure)
    assert (await asked(program, made)).headers["etag"] != tag


async def test_what_a_feed_holds_is_what_the_rules_say_across_the_changes_of_clocks(
    house: RotaHouse, program: httpx.AsyncClient
) -> None:
    made = await house["TO-11"].make_calendar("technical")
    events = [event for event in (await read(program, made)).events if event.summary and "primary" in event.summary]
    lengths = {starts_at: ends_at - starts_at for starts_at, ends_at in map(when, events)}
    odd = {at: length / timedelta(hours=1) for at, length in lengths.items() if length != timedelta(weeks=1)}
    assert odd == {
        local("2026-03-23T09:00"): 167,
        local("2026-10-19T09:00"): 169,
    }
    assert {local("2026-03-30T09:00"), local("2026-10-26T09:00")} <= set(lengths)
    assert datetime(2026, 3, 30, 8, tzinfo=UTC) in lengths
    assert datetime(2026, 10, 26, 9, tzinfo=UTC) in lengths


async def test_who_has_the_address_is_let_in_until_it_is_withdrawn(
    house: RotaHouse, program: httpx.AsyncClient, owner: Owner
) -> None:
    made = await house["TO-12"].make_calendar()
    assert (await asked(program, made)).status_code == 200
    assert await refusal(house["TO-11"].withdraw_calendar(made.calendar.calendar)) == (404, "calendar-unknown")
    withdrawn = await house["TO-12"].withdraw_calendar(made.calendar.calendar)
    assert withdrawn.withdrawn_at == NOW
    gone = await asked(program, made)
    assert gone.status_code == 404
    assert await refusal(house["TO-12"].withdraw_calendar(made.calendar.calendar)) == (409, "withdrawn-already")
    never = await program.get(made.url[:-5] + ("A" if made.url[-5] != "A" else "B") + ".ics")
    assert (never.status_code, never.content) == (404, gone.content)
    told = [(one["kind"], one["actor"], one["calendar"]) for one in await entries(owner, "calendar.")]
    assert told == [
        ("calendar.made", "TO-12", made.calendar.calendar),
        ("calendar.withdrawn", "TO-12", made.calendar.calendar),
    ]


async def test_everything_that_is_no_feed_is_not_found(house: RotaHouse, program: httpx.AsyncClient) -> None:
    made = await house["TO-12"].make_calendar()
    token = urlsplit(made.url).path.removeprefix("/calendar/").removesuffix(".ics")
    names = [
        token,
        f"{token}.ICS",
        f"{token}.ics.ics",
        f"{token[:-1]}.ics",
        ".ics",
        "x",
        "%00.ics",
        f"{token}%0a.ics",
        "é.ics",
    ]
    bodies = set()
    for name in names:
        answer = await program.get(f"{house.api.url}/calendar/{name}")
        assert answer.status_code == 404, name
        bodies.add(answer.content)
    assert len(bodies) == 1


async def test_a_feed_ends_with_its_persons_access(house: RotaHouse, program: httpx.AsyncClient) -> None:
    made = await house["TO-12"].make_calendar()
    await house.api.services.people.end("TO-12", "AD-91")
    assert (await asked(program, made)).status_code == 404


async def test_only_the_hash_of_a_token_is_kept(house: RotaHouse, owner: Owner) -> None:
    made = await house["TO-12"].make_calendar()
    token = urlsplit(made.url).path.removeprefix("/calendar/").removesuffix(".ics")
    assert len(token) == 43
    row = await owner.fetchrow("SELECT * FROM calendar_feed")
    assert row is not None
    assert row["token_sha256"] == sha256(token.encode()).digest()
    assert token not in str(dict(row))
    assert token not in str(await entries(owner, "calendar."))
    (listed,) = await house["TO-12"].calendars()
    assert listed == made.calendar


async def test_a_program_that_has_it_already_is_told_so(house: RotaHouse, program: httpx.AsyncClient) -> None:
    made = await house["TO-12"].make_calendar()
    first = await asked(program, made)
    assert first.headers["content-type"] == "text/calendar; charset=utf-8"
    assert first.headers["cache-control"] == "private, max-age=900"
    tag = first.headers["etag"]
    for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
        again = await asked(program, made, if_none_match=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag), known
    assert (await asked(program, made, if_none_match='"other"')).content == first.content
    house.clock.go_on(hours=3)
    assert (await asked(program, made)).headers["etag"] == tag
    plan = await house.plan([given(PRIMARY, 0, "TO-12")], (0, 1))
    await house["SU-01"].publish_rota_plan(plan.plan, "asked for")
    changed = await asked(program, made, if_none_match=tag)
    assert (changed.status_code, changed.headers["etag"] == tag) == (200, False)


async def test_that_somebody_asked_is_noted_once_an_hour_and_is_no_entry(
    house: RotaHouse, program: httpx.AsyncClient, owner: Owner
) -> None:
    made = await house["TO-12"].make_calendar()
    before = len(await entries(owner, ""))

    async def noted() -> datetime | None:
        await asked(program, made)
        at: datetime | None = await owner.fetchval("SELECT last_asked_at FROM calendar_feed")
        return at

    assert await noted() == NOW
    house.clock.go_on(minutes=59)
    assert await noted() == NOW
    house.clock.go_on(minutes=1)
    assert await noted() == NOW + timedelta(hours=1)
    assert len(await entries(owner, "")) == before


async def test_who_may_have_which_feed(house: RotaHouse) -> None:
    assert await refusal(house["IN-01"].make_calendar("technical")) == (403, "role-not-allowed")
    assert await refusal(house["TO-12"].make_calendar("other")) == (404, "rota-unknown")
    made = [await house["TO-12"].make_calendar() for _ in range(10)]
    assert await refusal(house["TO-12"].make_calendar()) == (409, "calendars-full")
    await house["TO-12"].withdraw_calendar(made[0].calendar.calendar)
    await house["TO-12"].make_calendar()
    assert len(await house["TO-12"].calendars()) == 11
    assert await house["TO-11"].calendars() == []


async def test_a_flood_of_guesses_is_throttled(house: RotaHouse, program: httpx.AsyncClient) -> None:
    statuses = {(await program.get(f"{house.api.url}/calendar/{number:043}.ics")).status_code for number in range(150)}
    assert statuses == {404, 429}


async def test_a_rota_that_has_ended_asks_for_nobody_in_the_feed(house: RotaHouse, program: httpx.AsyncClient) -> None:
    made = await house["TO-12"].make_calendar()
    await house["SU-01"].end_rota("technical")
    last = (await read(program, made)).events[-1]
    assert (last.dtstart, last.dtend) == (local("2026-02-02T09:00"), NOW)
