"""A real agent while its fleet moves to another root: nothing but what the old one vouches for is trusted."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from fleet.ca import watch as watch_module
from fleet.ca.holdings import digest
from fleet.ca.roots import PUBLIC_NAME, install_root, retire_root, rotate_root
from fleet.ca.rotation import rotate_issuing
from fleet.clock import utc_now
from fleet.credentials import create_credentials, load_credentials
from fleet.settings import ApiSettings, BrokerSettings, DatabaseSettings, Settings
from fleet.store.store import Store
from protocols.joining import API_TLS_NAME
from tests.support.mqtt import connect_code, connect_packet
from tests.support.people import found_people
from tests.support.ports import free_port
from tests.support.reporting import until
from tests.support.tls import Pki
from tests.support.unit_place import BROKERS, UNIT, Kind, Owner, UnitPlace
from tests.support.whole_controller import ControllersFiles, whole_controller

NAME = "127.0.0.1"


@dataclass(kw_only=True)
class Place(UnitPlace):
    """A unit, and the settings of a controller beside its broker."""

    settings: Settings

    @property
    def authority_directory(self) -> Path:
        return self.credentials.directory / "ca"

    def roots_known_to_unit(self) -> list[str]:
        """The SHA-256 of each root that the unit trusts."""
        return [digest(x509.load_pem_x509_certificate(pem.encode())).hex() for pem in self.identity.roots_pem]

    def as_it_joined(self) -> ssl.SSLContext:
        """What a unit that was off since then shows and trusts."""
        chain = self.home / "joined.crt"
        chain.write_text(self.identity.certificate_chain_pem)
        context = ssl.create_default_context(cadata=self.identity.roots_pem[0])
        context.load_cert_chain(chain, self.state_dir / "key.pem")
        return context

    async def broker_says(self, context: ssl.SSLContext) -> int | None:
        """What the unit's CONNECT is answered with, over this TLS."""
        return await connect_code(NAME, self.broker.unit_port, context, connect_packet(UNIT))

    async def move_to_another_root(self) -> None:
        """What `fleet ca` does in a process of its own; returns when API and broker show certificates under it."""
        ca, safe, now = self.authority_directory, self.home / "root-2", utc_now()
        rotate_root(ca, safe, now)
        install_root(ca, safe / PUBLIC_NAME, now)
        rotate_issuing(ca, safe, now)
        issuing = x509.load_pem_x509_certificate((ca / "issuing-2.crt").read_bytes())

        async def shown() -> bool:
            api = await _shown(self.settings.api.port, API_TLS_NAME)
            broker = await _shown(self.broker.unit_port, NAME)
            return api.issuer == broker.issuer == issuing.subject

        await until(shown)


async def _shown(port: int, name: str) -> x509.Certificate:
    """The certificate that a server shows to whoever looks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    _, writer = await asyncio.open_connection(NAME, port, ssl=context, server_hostname=name)
    try:
        return x509.load_der_x509_certificate(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
    finally:
        writer.transport.abort()


async def _answers(port: int) -> None:
    async def there() -> bool:
        try:
            await _shown(port, API_TLS_NAME)
        except OSError:
            return False
        return True

    await until(there)


@pytest.fixture
async def place(
    store: Store,
    dsn: str,
    owner: Owner,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Place]:
    monkeypatch.setattr(watch_module, "LOOK_EVERY_S", 0.1)
    kind: Kind = request.param
    broker = kind(Pki.create(tmp_path / "not yet"))
    port = free_port()
    settings = Settings(
        state_dir=str(tmp_path / "controller"),
        database=DatabaseSettings(dsn=dsn),
        api=ApiSettings(port=port, url=f"https://{NAME}:{port}"),
        broker=BrokerSettings(
            port=broker.controller_port, unit_port=broker.unit_port, mqtt="5" if broker.mqtt == "5" else "3.1.1"
        ),
    )
    create_credentials(settings.state_path, utc_now())
    credentials = load_credentials(settings.state_path, settings.api.names, [NAME], utc_now())
    await found_people(store)
    broker.pki = ControllersFiles(credentials)
    async with broker:
        yield Place(
            credentials=credentials,
            url=settings.api.url,
            broker=broker,
            owner=owner,
            store=store,
            home=tmp_path,
            settings=settings,
        )


@pytest.mark.parametrize("place", BROKERS, indirect=True)
async def test_a_unit_follows_its_fleet_to_another_root_and_outlives_the_first(place: Place) -> None:
    (first,) = place.credentials.authority.holdings.issuers
    first_root = digest(first.root.certificate).hex()
    async with whole_controller(place.settings, place.store, place.credentials):
        await _answers(place.settings.api.port)
        await place.join(timedelta(days=30))
        stayed_away = place.as_it_joined()
        await place.move_to_another_root()
        async with place.agent() as agent:
            await until(lambda: place.connected(place.serial))
            await place.reports(agent)
            assert await agent.terminate() == 0
        assert place.roots_known_to_unit() == [first_root], "not due yet: it has met the new certificates with this"
        assert await place.broker_says(stayed_away) == 0

        await place.let_renewal_be_due(first)
        due = place.serial
        async with place.agent() as agent:
            await until(lambda: place.serial != due or not agent.running)
            await until(lambda: place.connected(place.serial))
            await place.told("roots-changed")
            assert await agent.terminate() == 0
        second = place.credentials.authority.holdings.issuers[0]
        second_root = digest(second.root.certificate).hex()
        assert place.roots_known_to_unit() == [second_root, first_root]
        assert place.leaf.issuer == second.certificate.subject

        retire_root(place.authority_directory, first_root, utc_now(), at_once=True)
        bundle = place.settings.state_path / "broker" / "ca.crt"
        await until(lambda: len(x509.load_pem_x509_certificates(bundle.read_bytes())) == 2)
        async with place.agent() as agent:
            await place.reports(agent)
            assert await agent.terminate() == 0

    credentials = load_credentials(place.settings.state_path, place.settings.api.names, [NAME], datetime.now(UTC))
    async with whole_controller(place.settings, place.store, credentials):
        await _answers(place.settings.api.port)
        await place.let_renewal_be_due(second)
        due = place.serial
        async with place.agent() as agent:
            await until(lambda: place.serial != due or not agent.running)
            await until(lambda: place.connected(place.serial))
            await place.reports(agent)
            assert await agent.terminate() == 0
        assert "Traceback" not in agent.logged
        assert place.roots_known_to_unit() == [second_root], "what is offered no more is trusted no more"
        assert await place.state() == "active"
        assert await place.broker_says(stayed_away) is None
