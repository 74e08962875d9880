"""A whole way to open a unit: API, log with a witness, broker, mandates, and a unit's side that plays by the rules.

The unit is not its program: it signs with a real certificate, sends real pictures and sounds over WebRTC, and does
what a test tells it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from typing import Any

import aiomqtt
import asyncpg
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fleet.client import FleetClient, connect
from fleet.clock import utc_now
from fleet.settings import LogSettings, MandateSettings, MediaSettings, WitnessSettings
from fleet.store.store import Store
from protocols.access_record import Modality
from protocols.api.checks import CheckView, NewCheck
from protocols.api.people import NewLogPolicy
from protocols.downlink import unseal
from protocols.lease import Lease, lease_hash, read_lease
from protocols.opening import (
    Answered,
    AskNonce,
    Closed,
    CloseOpening,
    Degrees,
    GrantLease,
    NonceMade,
    PositionFound,
    SealedSignal,
    Signal,
    seal_signal,
    signal_bytes,
    signal_text,
)
from protocols.signed_text import key_id
from protocols.tlog.policy import build_policy
from protocols.topics import down, up
from protocols.uplink import PositionMessage, SessionState, SignalMessage, encode_up
from tests.support.controller import running_api
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.logging_fleet import running_log, until_cosigned
from tests.support.mandate_house import OTHER_UNIT, ROLES, UNIT, MandateHouse
from tests.support.mandates import allows
from tests.support.media_relay_peers import Unit, answering_unit
from tests.support.media_relay_source import Camera
from tests.support.mqtt import unit_client
from tests.support.people import Keyholder, put_in_force
from tests.support.reporting import enter_certificate, register, running_ingest, until
from tests.support.tls import ClientFiles
from tests.support.whole_controller import ControllersFiles
from tests.support.witness import RunningWitness, running_witness

BOOT = "6f1c3f0e-8d0b-4a55-9d0e-2b5a5a5a5a5a"
LATITUDE, LONGITUDE = 51.178882, -1.826215


@dataclass
class OpeningUnit:
    """A unit on the broker. What is in `silent` (names of what comes down) it does not answer; `camera` None gives
    sound only."""

    unit_id: str
    client: aiomqtt.Client
    files: ClientFiles
    keys: dict[str, Any]
    camera: Camera | None = field(default_factory=Camera)
    microphone: bool = True
    silent: set[str] = field(default_factory=set)
    heard: list[AskNonce | GrantLease | CloseOpening] = field(default_factory=list)
    leases: list[Lease] = field(default_factory=list)
    session: str = field(default_factory=lambda: token_hex(16))
    boot_id: str = BOOT
    peer: Unit | None = None
    opening: str = ""
    closes: list[tuple[str, float]] = field(default_factory=list)

    async def announce(self) -> None:
        """Begin a session."""
        message = SessionState(unit=self.unit_id, session=self.session, connection=self.session, up=True)
        await self.client.publish(up(self.unit_id, "lwt"), encode_up(message), qos=1)

    def sealed(self, signal: Signal, *, files: ClientFiles | None = None) -> SealedSignal:
        """`signal`, signed with the unit's key or that in `files`."""
        files = files or self.files
        key = load_pem_private_key(files.key.read_bytes(), password=None)
        assert isinstance(key, EllipticCurvePrivateKey)
        text = signal_text(signal)
        serial = x509.load_pem_x509_certificate(files.chain.read_bytes()).serial_number
        return seal_signal(text, f"{serial:x}", key.sign(signal_bytes(self.unit_id, text), ECDSA(SHA256())))

    async def say(self, signal: Signal, *, sealed: SealedSignal | None = None) -> None:
        """Send `signal`, or what was `sealed` instead."""
        sealed = sealed or self.sealed(signal)
        if isinstance(signal, PositionFound):
            payload = encode_up(PositionMessage(unit=self.unit_id, session=self.session, sealed=sealed))
            await self.client.publish(up(self.unit_id, "position"), payload, qos=1)
        else:
            payload = encode_up(SignalMessage(unit=self.unit_id, session=self.session, sealed=sealed))
            await self.client.publish(up(self.unit_id, "signal"), payload, qos=1)

    async def listen(self) -> None:
        """Do what comes, until cancelled."""
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            body = unseal(message.payload, self.keys).body
            if isinstance(body, AskNonce | GrantLease | CloseOpening):
                self.heard.append(body)
                if type(body).__name__ not in self.silent:
                    await self._obey(body)

    async def _obey(self, body: AskNonce | GrantLease | CloseOpening) -> None:
        if isinstance(body, AskNonce):
            self.opening = body.opening
            await self.say(NonceMade(opening=body.opening, nonce=token_hex(16), boot_id=self.boot_id))
        elif isinstance(body, GrantLease):
            await self._open(body)
        else:
            self.closes.append((body.reason, asyncio.get_running_loop().time()))
            await self.shut()
            await self.say(Closed(opening=body.opening, reason=body.reason, open_s=1))

    async def _open(self, grant: GrantLease) -> None:
        lease = read_lease(grant.logged.lease, self.keys)
        entry = msgspec.json.decode(grant.logged.leaf)
        assert entry["lease_sha256"] == lease_hash(grant.logged.lease.signed)
        assert entry["opening"] == lease.opening
        self.leases.append(lease)
        sdp = None
        if grant.offer is not None:
            camera = self.camera if "video" in lease.modalities else None
            self.peer = await answering_unit(grant.offer.sdp, camera, self.microphone and "audio" in lease.modalities)
            sdp = self.peer.answer
        await self.say(Answered(opening=lease.opening, nonce=lease.nonce, sdp=sdp))
        if "position" in lease.modalities and "position" not in self.silent:
            at = Degrees(latitude_deg=LATITUDE, longitude_deg=LONGITUDE)
            await self.say(PositionFound(opening=lease.opening, at=at, hdop=1.2, satellites=9))

    async def shut(self) -> None:
        """Send no more."""
        if self.peer is not None:
            await self.peer.connection.close()
            self.peer = None


@dataclass
class CheckHouse(MandateHouse):
    """A MandateHouse with a broker, a log with a witness, and UNIT connected."""

    unit: OpeningUnit
    files: ClientFiles
    broker: EmbeddedBrokerProcess
    owner: "asyncpg.Connection[asyncpg.Record]"
    checking: "asyncio.Task[None]"

    async def stop_checking(self) -> None:
        """End the controller's part that has checks open, as when it stops."""
        await _end(self.checking)

    @property
    def door(self) -> FleetClient:
        """TO-12's."""
        return self["TO-12"]

    async def mandate(self, modalities: Sequence[Modality] = ("video", "audio"), **changes: Any) -> str:
        """A signed mandate of UNIT under an authority; its id."""
        covers = sorted(set(modalities))
        authority = await self.authority(modalities=covers, reference=f"URN-26/{token_hex(3)}")
        allowed = [allows(one, **changes) for one in modalities]
        return (await self.signed(authority.authority_id, allows=allowed)).mandate_id

    async def stands(self, opening: str, *states: str, limit_s: float = 20.0) -> CheckView:
        """The check, once it is in one of `states`."""
        views: list[CheckView] = []

        async def there() -> bool:
            views.append(await self.door.check(opening))
            return views[-1].state in states

        try:
            await until(there, limit_s)
        except TimeoutError:
            raise AssertionError(f"{opening} stands at {views[-1]}") from None
        return views[-1]

    async def begin(self, *modalities: Modality, mandate: str | None = None) -> CheckView:
        """Ask for a check as TO-12."""
        return await self.door.begin_check(UNIT, NewCheck(modalities=list(modalities), mandate=mandate))

    async def entries(self, beginning: str) -> list[dict[str, Any]]:
        """The log's entries of kinds that begin so."""
        query = "SELECT body FROM log_entry WHERE starts_with(kind, $1) ORDER BY entry_id"
        return [msgspec.json.decode(row["body"]) for row in await self.owner.fetch(query, beginning)]


@asynccontextmanager
async def check_house(
    store: Store,
    dsn: str,
    owner: "asyncpg.Connection[asyncpg.Record]",
    home: Path,
    media: MediaSettings | None = None,
) -> AsyncIterator[CheckHouse]:
    """Everything runs until the block ends; keys on disk sign field mandates. Without `media`, no ICE servers."""
    witness = RunningWitness(home / "witness", [])
    known = WitnessSettings(name=witness.vkey.name, url=witness.url, ca_file=str(witness.ca_file))
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(
            running_api(
                store,
                dsn,
                home,
                log=LogSettings(witnesses=[known], poll_ms=20),
                mandates=MandateSettings(plain_keys_may_sign=True),
                media=media or MediaSettings(addresses=["127.0.0.1"]),
            )
        )
        key = api.credentials.log_key.verifier
        witness.place.trust(key)
        broker = EmbeddedBrokerProcess(ControllersFiles(api.credentials))
        async with asyncio.TaskGroup() as starting:
            starting.create_task(stack.enter_async_context(running_witness(witness)))
            starting.create_task(stack.enter_async_context(broker))
        policy = build_policy(key.line, [(witness.vkey.name, witness.vkey.line)], quorum=1)
        await put_in_force(api.services.people, NewLogPolicy(policy=policy.text))
        await stack.enter_async_context(running_log(api.services.log))
        await until_cosigned(store)
        keys = {person_id: Keyholder.make(person_id) for person_id in ROLES}
        doors = {
            person_id: await stack.enter_async_context(connect(await api.add(keys[person_id], role)))
            for person_id, role in ROLES.items()
        }
        await register(owner, [UNIT, OTHER_UNIT])
        ingest = await stack.enter_async_context(
            running_ingest(store, broker, down_key=api.credentials.down_key, on_signal=api.services.checks.on_signal)
        )
        api.services.checks.speak_over(ingest.downlink.send)
        files = broker.pki.unit(UNIT)
        await enter_certificate(owner, UNIT, files)
        unit = await _connected(stack, broker, files, _keys_of(api.credentials.down_key.public_key()))
        checking = asyncio.create_task(api.services.checks.run())
        stack.push_async_callback(_end, checking)  # before the unit goes: it answers what is closed
        await until(lambda: _has_session(owner))
        now: datetime = utc_now().replace(microsecond=0)
        yield CheckHouse(api, doors, keys, now, unit, files, broker, owner, checking)


def _keys_of(public: Any) -> dict[str, Any]:
    return {key_id(public.public_bytes_raw()): public}


async def _connected(
    stack: AsyncExitStack, broker: EmbeddedBrokerProcess, files: ClientFiles, keys: dict[str, Any]
) -> OpeningUnit:
    client = await stack.enter_async_context(unit_client(broker, files, UNIT))
    await client.subscribe([(down(UNIT, "ack"), 1), (down(UNIT, "signal"), 1)])
    unit = OpeningUnit(UNIT, client, files, keys)
    stack.push_async_callback(_end, asyncio.create_task(unit.listen()))
    stack.push_async_callback(unit.shut)
    await unit.announce()
    return unit


async def _has_session(owner: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(await owner.fetchval("SELECT session_up FROM unit_live WHERE unit_id = $1", UNIT))


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    [end] = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(end, asyncio.CancelledError), f"a task failed: {end!r}"
