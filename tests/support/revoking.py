"""A fleet in which units are revoked: the controller's revoker, a real broker beside it, units that want back in.

The broker reads the very directory that the controller writes, as in the shared volume of the images.
"""

import asyncio
import shutil
import ssl
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from fleet.ca.files import key_to_pem, write_private
from fleet.clock import utc_now
from fleet.credentials import Credentials, create_credentials, load_credentials
from fleet.feed.hub import Hub
from fleet.revocation.revocation_list import RevocationList
from fleet.revocation.revoker import Revoker
from fleet.revocation.standing import UnitStanding
from fleet.revocation.units_listener import UnitsListener
from fleet.store.certificates import StoredCertificate
from fleet.store.store import Store
from protocols.joining import fingerprint
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import connect_packet, wire
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.reporting import OWNER_ID, register
from tests.support.tls import ClientFiles, Pki

BrokerKind = Literal["mosquitto", "embedded"]
BROKERS: tuple[BrokerKind, ...] = ("mosquitto", "embedded")
_KEEP_ALIVE_S = 300


class SharedVolume(Pki):
    """What the controller writes for the broker beside it, shared as it is."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials.directory / "pki", credentials.authority)
        self._shared = credentials.directory / "broker"
        self.directory.mkdir()

    def server(self, directory: Path) -> ClientFiles:
        """Make `directory` a link to what the controller writes."""
        directory.symlink_to(self._shared)
        return ClientFiles(directory / "server.key", directory / "server.crt")


class EmbeddedBesideController:
    """The embedded broker as a process on the controller's own directory."""

    host = "127.0.0.1"
    mqtt = "3.1.1"

    def __init__(self, pki: SharedVolume, directory: Path) -> None:
        self.pki: Pki = pki
        self.unit_port = self.controller_port = free_port()
        self.certificates = directory / "broker"
        listen = ["--listen", f"{self.host}:{self.unit_port}", "--directory", str(self.certificates)]
        command = [sys.executable, "-m", "fleet.broker", *listen]
        self._process = ServerProcess(command, [self.unit_port], directory / "broker.log")

    async def start(self) -> None:
        """Start, also again after `kill`, on the same port."""
        await self._process.start()

    async def kill(self) -> None:
        """kill -9."""
        await self._process.kill()

    def log(self) -> str:
        """The last lines of its output."""
        return self._process.tail()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._process.terminate()


RunningBroker = MosquittoBroker | EmbeddedBesideController


@dataclass
class WantingBack:
    """A unit's client that connects again as soon as its connection ends, and what became of each try.

    Bare packets: an MQTT library that is refused after its own side of the handshake only notices at its time limit.
    """

    tls: ssl.SSLContext
    broker: RunningBroker
    unit_id: str
    connected_at: list[float] = field(default_factory=list)
    closed_at: list[float] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)

    async def run(self) -> None:
        """Connect until cancelled; a refused try is followed by the next after a twentieth of a second."""
        while True:
            if not await self._session():
                self.refused_at.append(time.monotonic())
                await asyncio.sleep(0.05)

    async def _session(self) -> bool:
        """Connect, and stay for as long as the broker lets it; False when it does not."""
        try:
            async with wire(self.broker.host, self.broker.unit_port, self.tls) as bare:
                if await bare.connect(connect_packet(self.unit_id, keepalive_s=_KEEP_ALIVE_S)) != 0:
                    return False
                self.connected_at.append(time.monotonic())
                with suppress(OSError):
                    while await bare.reader.read(1024):
                        pass
                self.closed_at.append(time.monotonic())
                return True
        except OSError:
            return False


@dataclass(kw_only=True)
class RevokingFleet:
    """A controller's store, authority and standing service, and the broker whose sessions its revoker closes."""

    store: Store
    owner: "asyncpg.Connection[asyncpg.Record]"
    credentials: Credentials
    broker: RunningBroker
    standing: UnitStanding
    hub: Hub

    async def add_unit(self, unit_id: str) -> ClientFiles:
        """A unit that was accepted just now; returns its key and certificate."""
        await register(self.owner, [unit_id])
        return await self.add_certificate(unit_id)

    async def add_certificate(self, unit_id: str) -> ClientFiles:
        """Another key and certificate of a unit."""
        key = generate_private_key(SECP256R1())
        issued = self.credentials.authority.issue_unit(unit_id, key.public_key(), datetime.now(UTC))
        certificate = StoredCertificate(
            serial=f"{issued.serial:x}",
            unit_id=unit_id,
            fingerprint=fingerprint(key.public_key()),
            key_protection="soft",
            not_before=issued.not_before,
            not_after=issued.not_after,
            chain_pem=issued.chain_pem,
        )
        async with self.store.transaction() as transaction:
            await transaction.certificates.add(certificate)
        stem = self.broker.pki.directory / f"{unit_id}-{certificate.serial[:8]}"
        files = ClientFiles(stem.with_suffix(".key"), stem.with_suffix(".crt"))
        write_private(files.key, key_to_pem(key))
        write_private(files.chain, issued.chain_pem.encode())
        return files

    def wanting_back(self, unit_id: str, files: ClientFiles) -> WantingBack:
        """The client of a unit that will not be told."""
        return WantingBack(self.broker.pki.context(files), self.broker, unit_id)

    async def revoke(self, unit_id: str) -> None:
        """As a person does."""
        await self.standing.revoke(unit_id, "lost on the way", OWNER_ID)

    async def cut_off_at(self, unit_id: str) -> datetime | None:
        """When the unit was cut off."""
        async with self.store.transaction() as transaction:
            standing = await transaction.revocation.standing(unit_id)
        assert standing is not None
        return standing.cut_off_at

    def revoker(self) -> Revoker:
        """One controller's revoker; `revoking` runs it."""
        path = self.credentials.crl_path
        return Revoker(
            store=self.store,
            authority=self.credentials.authority,
            hub=self.hub,
            clock=utc_now,
            revocation_list=RevocationList(self.store, self.credentials.authority, path),
            listener=UnitsListener(self.broker.host, self.broker.unit_port),
        )

    @asynccontextmanager
    async def revoking(self) -> AsyncIterator[None]:
        """A revoker at work; raises its error when it ends by itself."""
        task = asyncio.create_task(self.revoker().run(), name="revoker under test")
        try:
            yield
        finally:
            if not task.done():
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if not task.cancelled():
            task.result()


@asynccontextmanager
async def revoking_fleet(store: Store, dsn: str, home: Path, kind: BrokerKind) -> AsyncIterator[RevokingFleet]:
    """A fleet in `home` and in the database `dsn`, with a running broker; its revoker is not started."""
    directory = home / f"controller-{kind}"
    create_credentials(directory, utc_now())
    credentials = load_credentials(directory, ["localhost"], ["127.0.0.1"], utc_now())
    volume = SharedVolume(credentials)
    hub = Hub(store)
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        owner = await asyncpg.connect(dsn)
        stack.push_async_callback(owner.close)
        broker: RunningBroker
        if kind == "mosquitto":
            broker = await stack.enter_async_context(MosquittoBroker(volume))
        else:
            broker = await stack.enter_async_context(EmbeddedBesideController(volume, directory))
        listening = asyncio.create_task(hub.run(), name="hub under test")
        stack.push_async_callback(_ended, listening)
        yield RevokingFleet(
            store=store,
            owner=owner,
            credentials=credentials,
            broker=broker,
            standing=UnitStanding(store, utc_now),
            hub=hub,
        )


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
