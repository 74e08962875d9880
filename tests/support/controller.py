"""A real controller's API for tests: real TLS, real PostgreSQL, real SSH keys; no broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from litestar import Litestar

from fleet.api.app import build_api
from fleet.api.assembly import assemble
from fleet.api.server import ApiServer
from fleet.api.services import Services
from fleet.client import ClientSettings
from fleet.clock import Clock, utc_now
from fleet.credentials import Credentials, create_credentials, load_credentials
from fleet.feed.hub import Hub
from fleet.settings import (
    AlarmSettings,
    ApiSettings,
    BrokerSettings,
    DatabaseSettings,
    JoiningSettings,
    LogSettings,
    MandateSettings,
    MediaSettings,
    Settings,
)
from fleet.store.store import Store
from protocols.people import Role
from protocols.settings import UnitSettings
from tests.support.people import Keyholder, found_people, put_in_force
from tests.support.ports import free_port

START_LIMIT_S = 60.0

_idle: list[Litestar] = []
"""Applications whose API has ended: to make one takes longer than most tests, and it knows nothing but its services."""


@dataclass(kw_only=True)
class RunningApi:
    """An API that answers at `url`, its services, and a place for people's keys."""

    services: Services
    credentials: Credentials
    settings: Settings
    home: Path
    people_anchor: str
    server: ApiServer

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.settings.api.url

    @property
    def ca_file(self) -> Path:
        """The root certificate."""
        return self.credentials.directory / "ca" / "root.crt"

    async def add_person(self, person_id: str, role: Role) -> ClientSettings:
        """Add a person with a fresh key, by a list that both founders sign; returns their settings."""
        return await self.add(Keyholder.make(person_id), role)

    async def add(self, person: Keyholder, role: Role) -> ClientSettings:
        """As `add_person`, with the key that the person holds."""
        await put_in_force(self.services.people, person.new(role))
        return self.settings_of(person)

    def settings_of(self, person: Keyholder) -> ClientSettings:
        """The settings with which somebody signs in, their private key in a file."""
        key_file = self.home / f"{person.person_id}.key"
        person.key.write_private_key(key_file)
        key_file.chmod(0o600)
        return ClientSettings(
            url=self.url,
            ca_file=self.ca_file,
            person=person.person_id,
            key_file=key_file,
            people_anchor=self.people_anchor,
        )


@asynccontextmanager
async def running_api(
    store: Store,
    dsn: str,
    home: Path,
    *,
    clock: Clock = utc_now,
    joining: JoiningSettings | None = None,
    broker: BrokerSettings | None = None,
    new_unit: UnitSettings | None = None,
    log: LogSettings | None = None,
    mandates: MandateSettings | None = None,
    media: MediaSettings | None = None,
    alarms: AlarmSettings | None = None,
) -> AsyncIterator[RunningApi]:
    """Serve the API on a free loopback port until the block ends; units are told of `broker` and `new_unit`."""
    port = free_port()
    settings = Settings(
        state_dir=str(home / "controller"),
        database=DatabaseSettings(dsn=dsn),
        api=ApiSettings(port=port, url=f"https://127.0.0.1:{port}", max_sign_ins_per_minute=10_000),
        joining=joining or JoiningSettings(requests_per_minute=10_000, poll_after_s=0.05),
        broker=broker or BrokerSettings(),
        new_unit=new_unit or UnitSettings(),
        log=log or LogSettings(),
        mandates=mandates or MandateSettings(),
        media=media or MediaSettings(),
        alarms=alarms or AlarmSettings(webhook_hosts=["127.0.0.1:9"]),
    )
    create_credentials(settings.state_path, utc_now())
    credentials = load_credentials(settings.state_path, settings.api.names, ["127.0.0.1"], utc_now())
    hub = Hub(store)
    services = assemble(settings, store, credentials, hub, clock)
    key_path, chain_path = credentials.server_files
    application = _application(services)
    server = ApiServer(
        application,
        "127.0.0.1",
        port,
        key_path=key_path,
        chain_path=chain_path,
        trust=lambda: credentials.authority.trust_pem,
    )
    tasks = [asyncio.create_task(server.run()), asyncio.create_task(hub.run())]
    try:
        async with asyncio.timeout(START_LIMIT_S):
            while not server.listening:
                if tasks[0].done():
                    await tasks[0]
                await asyncio.sleep(0.01)
        anchor = await _founded(store, clock)
        yield RunningApi(
            services=services,
            credentials=credentials,
            settings=settings,
            home=home,
            people_anchor=anchor,
            server=server,
        )
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _idle.append(application)


def _application(services: Services) -> Litestar:
    if not _idle:
        return build_api(services)
    application = _idle.pop()
    application.state.services = services
    return application


async def _founded(store: Store, clock: Clock) -> str:
    """The hash of the people list's anchor, made now unless an earlier API on this database did."""
    async with store.transaction() as transaction:
        anchor = await transaction.people.newest_anchor()
    return anchor.sha256.hex() if anchor is not None else (await found_people(store, now=clock())).sha256


@pytest.fixture
async def api(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RunningApi]:
    """An API on a fresh database."""
    async with running_api(store, dsn, tmp_path) as running:
        yield running
