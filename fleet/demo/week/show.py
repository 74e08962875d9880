"""The week as a demo shows it: played before its controller starts, by a controller of its own in this process whose
clock is put on; and afterwards units that go on reporting."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta

from msgspec import structs

from fleet.api.app import build_api
from fleet.api.assembly import assemble
from fleet.api.server import ApiServer
from fleet.api.services import Services
from fleet.client import connect, load_client_settings
from fleet.clock import utc_now
from fleet.credentials import load_credentials
from fleet.demo.place import PEOPLE, Place
from fleet.demo.rota import ZONE, last_night
from fleet.demo.week.cast import MORE_PEOPLE
from fleet.demo.week.clock import SteppedClock
from fleet.demo.week.house import furnish
from fleet.demo.week.planning import SUPERVISOR
from fleet.demo.week.player import play
from fleet.demo.week.stage import Round, Stage
from fleet.demo.week.stock import UNIT_MODELS, unit_ids
from fleet.demo.week.stories import WEEK
from fleet.demo.week.units import REPORT_EVERY_S, WeekUnits
from fleet.deployments.deadline_watch import DeadlineWatch
from fleet.feed.hub import Hub
from fleet.metrics import Metrics
from fleet.paging.engine import Alarming
from fleet.paging.sending import Sender
from fleet.rota.rules.wall import local_date, midnight
from fleet.rounds import go_round
from fleet.settings import Settings
from fleet.stopping import cancel
from fleet.store.errors import TransactionConflict
from fleet.store.store import Store, open_store
from fleet.welfare.watch import WelfareWatch

_DAY = timedelta(days=1)
_FURNISHED_H = -8
_UP_LIMIT_S = 60.0
_POLL_S = 0.02
_SAMPLES, _SAMPLED_EVERY = 84, timedelta(hours=2)
_CONNECTIONS = 4
_SIGN_INS = 10_000
_PROVE_EVERY = 30
"""Rounds of reports."""


def begins(now: datetime) -> datetime:
    """The midnight at which a week began that is over now: seven days before today's."""
    return midnight(local_date(now, ZONE) - 7 * _DAY, ZONE)


def founded_at(now: datetime) -> datetime:
    """When the fleet was founded that such a week is played in."""
    return begins(now) - _DAY


async def play_week(place: Place, settings: Settings, now: datetime) -> None:
    """Play the week that ends `now`, on a fleet that was founded at `founded_at(now)` and has no controller yet.

    Raises ClientError, OffScript.
    """
    clock = SteppedClock(founded_at(now))
    store = await open_store(settings.database.dsn, max_connections=_CONNECTIONS)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        services = await stack.enter_async_context(_controller(settings, store, clock))
        stage = Stage({}, clock, begins(now), WeekUnits(store, clock), _rounds(services, store, clock, settings))
        clock.go_to(stage.time(_FURNISHED_H))
        stage.doors = {
            person: await stack.enter_async_context(connect(load_client_settings(place.client_toml(person))))
            for person in (PEOPLE | MORE_PEOPLE)
        }
        await furnish(stage)
        await play(stage, WEEK)
        clock.go_to(now)
        await last_night(stage.doors[SUPERVISOR], now)
        await _remember(stage.units, now)


async def _remember(units: WeekUnits, now: datetime) -> None:
    """What the units told in the week, as far as pictures of it need."""
    times = [(now - number * _SAMPLED_EVERY, False) for number in range(_SAMPLES, 0, -1)]
    await units.reports(dict.fromkeys(week_units(), times))
    await units.report(week_units())


def week_units() -> list[str]:
    """The ids of the week's units."""
    return [unit_id for model in UNIT_MODELS for unit_id in unit_ids(model)]


def _rounds(services: Services, store: Store, clock: SteppedClock, settings: Settings) -> list[Round]:
    metrics = Metrics()
    sender = Sender(store, clock, services.hub, services.delivery, settings.api.url, metrics)
    return [
        WelfareWatch(store, clock).look,
        DeadlineWatch(store, clock).look,
        Alarming(store, clock, services.hub, metrics).look,
        sender.send_due,
    ]


@asynccontextmanager
async def _controller(settings: Settings, store: Store, clock: SteppedClock) -> AsyncIterator[Services]:
    """A controller's API at the demo's own address; its certificates are of now, as the machine has it."""
    api = structs.replace(settings.api, max_sign_ins_per_minute=_SIGN_INS)
    credentials = load_credentials(settings.state_path, api.names, ["127.0.0.1"], utc_now())
    hub = Hub(store)
    services = assemble(structs.replace(settings, api=api), store, credentials, hub, clock)
    key_path, chain_path = credentials.server_files
    server = ApiServer(
        build_api(services),
        api.listen,
        api.port,
        key_path=key_path,
        chain_path=chain_path,
        trust=lambda: credentials.authority.trust_pem,
    )
    running = asyncio.create_task(server.run(), name="the week's API")
    listening = asyncio.create_task(hub.run(), name="the week's hub")
    try:
        async with asyncio.timeout(_UP_LIMIT_S):
            while not server.listening:
                if running.done():
                    await running
                await asyncio.sleep(_POLL_S)
        yield services
    finally:
        await cancel(running)
        await cancel(listening)


@asynccontextmanager
async def reporting(settings: Settings) -> AsyncIterator[int]:
    """Let the week's units, where there are any, report once a minute until the block ends; how many there are.

    They only report, and are said to have proved themselves: nothing runs that could obey.
    """
    store = await open_store(settings.database.dsn, max_connections=1)
    try:
        there = await _active(store, week_units())
        if not there:
            yield 0
            return
        task = asyncio.create_task(go_round("the week's units", _Reporting(store).look, REPORT_EVERY_S))
        try:
            yield len(there)
        finally:
            await cancel(task)
            if not task.cancelled():
                task.result()
    finally:
        await store.close()


class _Reporting:
    """Lets all units report that may; each half an hour they have proved themselves."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._units = WeekUnits(store, utc_now)
        self._rounds = 0

    async def look(self) -> None:
        """One round; one that the controller was in the way of is left out."""
        try:
            active = await _active(self._store, week_units())
            await self._units.report(active)
            if self._rounds % _PROVE_EVERY == 0:
                await self._units.prove(active)
        except TransactionConflict:
            return
        self._rounds += 1


async def _active(store: Store, unit_ids: Iterable[str]) -> list[str]:
    async with store.transaction() as transaction:
        known = await transaction.telemetry.known_units(sorted(unit_ids))
    return sorted(unit_id for unit_id, unit in known.items() if unit.state != "revoked")
