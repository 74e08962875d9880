"""Units, events, commands and the feed through the real API."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest

from fleet.client import LinkUp, Refused, connect
from fleet.commands.dispatcher import Dispatcher
from fleet.errors import StoreUnavailable
from fleet.store.commands import WaitingCommand
from fleet.store.events import ControllerEvent
from fleet.store.store import Store
from protocols.api.feed import EventsChanged, SummaryChanged, UnitsChanged, Watch
from protocols.api.units import SettingsChange
from protocols.commands import ApplySettings, ReportNow
from protocols.uplink import CommandResult
from tests.support.controller import RunningApi
from tests.support.fleet_rows import add_units
from tests.support.waiting import until

NOW = datetime.now(UTC)
LIMIT_S = 60.0
UNITS = {"unit-aaaaaaaa": "van 2", "unit-bbbbbbbb": "Van 1", "unit-cccccccc": "post 100%"}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("", ["post 100%", "Van 1", "van 2"]),
        ("VAN", ["Van 1", "van 2"]),
        ("van aaaa", ["van 2"]),
        ("100%", ["post 100%"]),
        ("%", ["post 100%"]),
        ("_", []),
        ("never", ["post 100%", "Van 1", "van 2"]),
        ("online", []),
        ("quiet|never", ["post 100%", "Van 1", "van 2"]),
        ("post | Van", ["post 100%", "Van 1", "van 2"]),
        ("quiet|never van bbbb | aaaa", ["Van 1", "van 2"]),
        ("quiet|stale", []),
        ("|", ["post 100%", "Van 1", "van 2"]),
        ("%|_", ["post 100%"]),
    ],
)
async def test_every_word_of_a_filter_must_occur(api: RunningApi, store: Store, words: str, found: list[str]) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        await add_units(store, "TO-12", UNITS, NOW)
        page = await door.list_units(words, "label", descending=False, offset=0, limit=10)
        assert (page.total, [row.label for row in page.rows]) == (len(found), found)


async def test_pages_join_without_gap_or_repeat_and_unknown_figures_come_last(
    api: RunningApi, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        await add_units(store, "TO-12", {f"unit-{number:08}": f"u{number}" for number in range(25)}, NOW)
        await owner.execute("UPDATE unit_live SET supply_mv = right(unit_id, 2)::int WHERE right(unit_id, 1) < '5'")
        for descending in (False, True):
            pages = [
                await door.list_units("", "supply", descending=descending, offset=offset, limit=10)
                for offset in (0, 10, 20, 30)
            ]
            assert [(page.total, len(page.rows)) for page in pages] == [(25, 10), (25, 10), (25, 5), (25, 0)]
            rows = [row for page in pages for row in page.rows]
            assert len({row.unit_id for row in rows}) == 25
            known = [row.supply_mv for row in rows if row.supply_mv is not None]
            assert known == sorted(known, reverse=descending)
            assert all(row.supply_mv is None for row in rows[len(known) :])


async def test_history_is_bucketed_and_knows_figures_of_both_kinds(
    api: RunningApi, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        await add_units(store, "TO-12", UNITS, NOW)
        for minute in range(60):
            await owner.execute(
                "INSERT INTO health_report (unit_id, spool_id, seq, sampled_at, received_at, soc_temp_c, more)"
                " VALUES ('unit-aaaaaaaa', 1, $1, $2, $2, $3, $4)",
                minute + 1,
                NOW - timedelta(minutes=minute, seconds=1),
                50.0 + minute,
                msgspec.json.encode({"load_1m": minute / 10, "clock_synchronised": minute < 30}).decode(),
            )
        temperature = await door.history("unit-aaaaaaaa", "soc_temp_c", hours=10)
        assert temperature.bucket_s == 180
        assert 20 <= len(temperature.points) <= 21
        assert (min(p.low for p in temperature.points), max(p.high for p in temperature.points)) == (50.0, 109.0)
        assert all(p.low <= p.mean <= p.high for p in temperature.points)
        load = await door.history("unit-aaaaaaaa", "load_1m", hours=10)
        assert max(p.high for p in load.points) == pytest.approx(5.9)
        clock = await door.history("unit-aaaaaaaa", "clock_synchronised", hours=10)
        assert {p.low for p in clock.points} == {0.0, 1.0}
        with pytest.raises(Refused) as refused:
            await door.history("unit-aaaaaaaa", "more; DROP TABLE", hours=1)
        assert refused.value.problem.code == "figure-unknown"


async def test_an_alarm_is_open_until_somebody_takes_it(api: RunningApi, store: Store) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        await add_units(store, "TO-12", UNITS, NOW)
        alarm = ControllerEvent(
            kind="supply-low", severity="alarm", summary="10.9 V", unit_id="unit-aaaaaaaa", repeat_key="supply"
        )
        for _ in range(2):
            async with store.transaction() as transaction:
                await transaction.events.add(alarm, NOW)
        (event,) = (await door.events(open_only=True)).events
        assert (event.count, event.label, (await door.summary()).alarms) == (2, "van 2", 1)
        taken = await door.acknowledge(event.event_id)
        assert taken.acknowledged_by == "TO-12"
        assert (await door.events(open_only=True)).events == []
        with pytest.raises(Refused) as refused:
            await door.acknowledge(event.event_id)
        assert refused.value.problem.code == "event-taken"
        async with store.transaction() as transaction:
            assert await transaction.events.add(alarm, NOW), "after it was taken, the same thing is a new event"


async def test_settings_change_only_from_what_the_person_saw(api: RunningApi, store: Store) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        await add_units(store, "TO-12", UNITS, NOW)
        changed = await door.change_settings("unit-aaaaaaaa", SettingsChange(based_on=1, report_every_s=10))
        assert (changed.version, changed.report_every_s, changed.spool_max_mb) == (2, 10, 64)
        with pytest.raises(Refused) as refused:
            await door.change_settings("unit-aaaaaaaa", SettingsChange(based_on=1, report_every_s=20))
        assert refused.value.problem.code == "settings-changed"
        (command,) = await door.commands("unit-aaaaaaaa")
        assert (command.order, command.state) == ("apply-settings", "queued")


async def test_a_question_is_refused_while_the_unit_has_no_session(api: RunningApi, store: Store) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        await add_units(store, "TO-12", UNITS, NOW)
        with pytest.raises(Refused) as refused:
            await door.request_report("unit-aaaaaaaa")
        assert refused.value.problem.code == "unit-not-connected"


async def test_a_command_is_sent_when_the_unit_has_a_session_and_ends_with_its_answer(
    api: RunningApi, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    sent: asyncio.Queue[WaitingCommand] = asyncio.Queue()

    async def send(command: WaitingCommand, _now: datetime) -> bool:
        sent.put_nowait(command)
        return True

    dispatcher = Dispatcher(store, api.services.clock, api.services.hub, send)

    async def next_besides(*seen: str) -> WaitingCommand:
        """The next command sent that is not one of these: sending is at least once."""
        while (command := await sent.get()).command_id in seen:
            pass
        return command

    running = asyncio.create_task(dispatcher.run())
    async with connect(await api.add_person("TO-12", "engineer")) as door, asyncio.timeout(LIMIT_S):
        await add_units(store, "TO-12", UNITS, NOW)
        await door.change_settings("unit-aaaaaaaa", SettingsChange(based_on=1, report_every_s=10))
        await owner.execute(
            "UPDATE unit_live SET session_up = true, session_nonce = $1 WHERE unit_id = 'unit-aaaaaaaa'", "0" * 32
        )
        await dispatcher.on_sessions({"unit-aaaaaaaa"})
        first = await next_besides()
        assert isinstance(first.order, ApplySettings)
        assert (first.order.settings.version, first.session) == (2, "0" * 32)

        await door.request_report("unit-aaaaaaaa")
        second = await next_besides(first.command_id)
        assert isinstance(second.order, ReportNow)
        done = CommandResult(unit="unit-aaaaaaaa", session="0" * 32, command_id=second.command_id, state="done")
        async with store.transaction() as transaction:
            assert await transaction.commands.record_result("unit-aaaaaaaa", done, NOW)
            assert not await transaction.commands.record_result("unit-aaaaaaaa", done, NOW)
            assert not await transaction.commands.record_result("unit-bbbbbbbb", done, NOW)
        while not sent.empty():
            sent.get_nowait()
        await dispatcher.on_sessions({"unit-aaaaaaaa"})
        again = await next_besides()
        assert again.command_id == first.command_id, "what was not answered is sent again, and nothing else"
        await owner.execute("UPDATE command SET expires_at = now()")

        async def expired() -> bool:
            return "expired" in {command.state for command in await door.commands("unit-aaaaaaaa")}

        await until(expired)
        states = {command.command_id: command.state for command in await door.commands("unit-aaaaaaaa")}
        assert states == {first.command_id: "expired", second.command_id: "done"}
    running.cancel()
    kinds = [record["kind"] for record in await owner.fetch("SELECT kind FROM log_entry WHERE kind LIKE 'command.%'")]
    assert sorted(kinds) == ["command.finished"] * 2 + ["command.issued"] * 2


async def test_a_command_that_no_connection_takes_is_sent_again_in_the_same_session(
    api: RunningApi, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    offered: list[str] = []
    connected = asyncio.Event()
    sent: asyncio.Queue[str] = asyncio.Queue()

    async def send(command: WaitingCommand, _now: datetime) -> bool:
        offered.append(command.command_id)
        if connected.is_set():
            sent.put_nowait(command.command_id)
        return connected.is_set()

    async def offered_again() -> bool:
        return len(offered) >= 4

    async def all_sent() -> bool:
        return {record["state"] for record in await owner.fetch("SELECT state FROM command")} == {"sent"}

    dispatcher = Dispatcher(store, api.services.clock, api.services.hub, send)
    running = asyncio.create_task(dispatcher.run())
    async with connect(await api.add_person("TO-12", "engineer")) as door, asyncio.timeout(LIMIT_S):
        await add_units(store, "TO-12", UNITS, NOW)
        await owner.execute("UPDATE unit_live SET session_up = true, session_nonce = $1", "0" * 32)
        await door.request_report("unit-aaaaaaaa")
        await door.request_report("unit-bbbbbbbb")
        await until(offered_again)
        connected.set()
        assert {await sent.get(), await sent.get()} == set(offered)
        await until(all_sent)
    running.cancel()


async def test_a_command_outlives_a_moment_without_the_database_and_a_controller_killed_before_sending(
    api: RunningApi,
    store: Store,
    owner: "asyncpg.Connection[asyncpg.Record]",
) -> None:
    sent: asyncio.Queue[str] = asyncio.Queue()
    failing = 1

    async def send(command: WaitingCommand, _now: datetime) -> bool:
        sent.put_nowait(command.unit_id)
        return True

    class Flaky(Dispatcher):
        async def _send_queued(self, units: list[str] | None, *, again: bool = False) -> None:
            nonlocal failing
            if units is not None and failing:
                failing -= 1
                raise StoreUnavailable("too many clients")
            await super()._send_queued(units, again=again)

    async with connect(await api.add_person("TO-12", "engineer")) as door, asyncio.timeout(LIMIT_S):
        await add_units(store, "TO-12", UNITS, NOW)
        await owner.execute("UPDATE unit_live SET session_up = true, session_nonce = $1", "0" * 32)
        await door.request_report("unit-aaaaaaaa")
        async with store.transaction() as transaction:  # as a controller does that is killed before it sends
            assert await transaction.commands.take_waiting(None, api.services.clock())
        running = asyncio.create_task(Flaky(store, api.services.clock, api.services.hub, send).run())
        assert await sent.get() == "unit-aaaaaaaa"
        await door.request_report("unit-bbbbbbbb")
        while await sent.get() != "unit-bbbbbbbb":
            pass
        assert not failing
    running.cancel()


async def test_the_feed_tells_what_is_watched_and_only_that(
    api: RunningApi, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door, asyncio.timeout(LIMIT_S):
        await add_units(store, "TO-12", UNITS, NOW)
        feed = door.feed()
        await door.whoami()
        async with feed:
            feed.watch(Watch(units=["unit-aaaaaaaa"], events=True, summary=True))
            seen: dict[type, object] = {}
            async for item in feed:
                seen[type(item)] = item
                if {LinkUp, UnitsChanged, SummaryChanged} <= set(seen):
                    break
            async with store.transaction() as transaction:
                event = ControllerEvent(kind="something", severity="info", summary="happened")
                await transaction.events.add(event, NOW)
                transaction.changed.events = True
            async for item in feed:
                if isinstance(item, EventsChanged) and "something" in {event.kind for event in item.events}:
                    break
            async with store.transaction() as transaction:
                await owner.execute("UPDATE unit_live SET supply_mv = 12400")
                transaction.changed.units = {"unit-aaaaaaaa", "unit-bbbbbbbb"}
            async for item in feed:
                if isinstance(item, UnitsChanged) and item.rows[0].supply_mv == 12400:
                    assert [row.unit_id for row in item.rows] == ["unit-aaaaaaaa"]
                    break
