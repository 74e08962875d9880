"""Units that report on command of a test, and a running ingest for them to report to."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

import aiomqtt
import asyncpg
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from prometheus_client import CollectorRegistry

from fleet.broker_address import BrokerAddress
from fleet.clock import Clock, utc_now
from fleet.downlink.downlink import Downlink
from fleet.ingest.inbox import BatchLimits
from fleet.ingest.ingest import Ingest, OnSignal
from fleet.ingest.subscriber import MqttSubscriber, filters
from fleet.metrics import Metrics
from fleet.renewal.proofs import keep_proofs
from fleet.settings import PresenceSettings
from fleet.store.store import Store
from protocols.downlink import Ack, Body, Welcome, unseal
from protocols.health import HealthReport
from protocols.ids import new_session_nonce, new_spool_id
from protocols.joining import fingerprint
from protocols.signed_text import key_id
from protocols.topics import UpChannel, down, up
from protocols.uplink import (
    AnyUpMessage,
    EventBatch,
    HealthBatch,
    SessionProof,
    SessionState,
    UnitEvent,
    encode_up,
    proof_text,
)
from tests.support.mqtt import Broker, unit_client
from tests.support.tls import ClientFiles

LIMIT_S = 60.0
OWNER_ID = "TO-01"
DOWN_KEY = Ed25519PrivateKey.generate()
DOWN_KEYS = {key_id(DOWN_KEY.public_key().public_bytes_raw()): DOWN_KEY.public_key()}


async def until(condition: Callable[[], bool | Awaitable[bool]], limit_s: float = LIMIT_S) -> None:
    """Wait until `condition` holds; TimeoutError when it does not within `limit_s`."""
    async with asyncio.timeout(limit_s):
        while True:
            holds = condition()
            if not isinstance(holds, bool):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(0.02)


def now_ms() -> int:
    """The time in Unix milliseconds."""
    return int(datetime.now(UTC).timestamp() * 1000)


async def register(
    owner: "asyncpg.Connection[asyncpg.Record]", unit_ids: Sequence[str], *, report_every_s: int = 60
) -> None:
    """Enter units as if a person had accepted them."""
    await owner.execute(
        "INSERT INTO person VALUES ($1, 'Test', 'engineer', 'key', 'fp', now(), now() + interval '1 day')"
        " ON CONFLICT DO NOTHING",
        OWNER_ID,
    )
    await owner.execute(
        "INSERT INTO unit (unit_id, label, model, state, fingerprint, key_protection, joined_at, accepted_by)"
        " SELECT id, id, '', 'active', 'fp-' || id, 'soft', now(), $2 FROM unnest($1::text[]) AS id",
        unit_ids,
        OWNER_ID,
    )
    await owner.execute("INSERT INTO unit_live (unit_id) SELECT unnest($1::text[])", unit_ids)
    await owner.execute(
        "INSERT INTO unit_settings SELECT id, 1, $2, 64, 30, NULL, now() FROM unnest($1::text[]) AS id",
        unit_ids,
        report_every_s,
    )


async def enter_certificate(
    owner: "asyncpg.Connection[asyncpg.Record]", unit_id: str, files: ClientFiles, predecessor: str | None = None
) -> str:
    """Enter the certificate in `files` as one of the unit's; returns its serial."""
    chain_pem = files.chain.read_text()
    leaf = x509.load_pem_x509_certificate(chain_pem.encode())
    serial = f"{leaf.serial_number:x}"
    await owner.execute(
        "INSERT INTO certificate (serial, unit_id, fingerprint, key_protection, not_before, not_after, chain_pem,"
        " predecessor) VALUES ($1, $2, $3, 'soft', $4, $5, $6, $7)",
        serial,
        unit_id,
        fingerprint(leaf.public_key()),
        leaf.not_valid_before_utc,
        leaf.not_valid_after_utc,
        chain_pem,
        predecessor,
    )
    return serial


class ScriptedUnit:
    """A unit's side of the contract without its program: numbers rows, and knows what was acknowledged."""

    def __init__(self, unit_id: str, keys: Mapping[str, Ed25519PublicKey] = DOWN_KEYS) -> None:
        self.unit_id = unit_id
        self.keys = keys
        self.session = new_session_nonce()
        self.spool_id = new_spool_id()
        self.last_seq = 0
        self.bodies: list[Body] = []
        self.envelopes: list[tuple[str, Body]] = []
        self.acknowledged: set[int] = set()

    def report(self, *, sampled_at_ms: int | None = None, **figures: Any) -> HealthReport:
        """The next report."""
        self.last_seq += 1
        at_ms = now_ms() if sampled_at_ms is None else sampled_at_ms
        return HealthReport(seq=self.last_seq, sampled_at_ms=at_ms, **figures)

    def health(self, count: int = 1, **figures: Any) -> HealthBatch:
        """A message with the next `count` reports."""
        return self.batch([self.report(**figures) for _ in range(count)])

    def batch(self, reports: list[HealthReport]) -> HealthBatch:
        """A message with these reports."""
        return HealthBatch(
            unit=self.unit_id, session=self.session, spool_id=self.spool_id, settings_version=1, reports=reports
        )

    def event(self, kind: str = "door-opened", **facts: Any) -> EventBatch:
        """A message with the next event."""
        self.last_seq += 1
        event = UnitEvent(seq=self.last_seq, sampled_at_ms=now_ms(), kind=kind, summary="the lid is open", **facts)
        return EventBatch(unit=self.unit_id, session=self.session, spool_id=self.spool_id, events=[event])

    def announcement(self, *, is_up: bool = True, **facts: Any) -> SessionState:
        """The session's announcement, or its will."""
        return SessionState(unit=self.unit_id, session=self.session, connection=self.session, up=is_up, **facts)

    @property
    def welcome(self) -> Welcome | None:
        """The last Welcome of this session."""
        welcomes = [body for session, body in self.envelopes if session == self.session and isinstance(body, Welcome)]
        return welcomes[-1] if welcomes else None

    def proof(self, files: ClientFiles, challenge: str, boot_id: str = "boot-1") -> SessionProof:
        """The proof for a challenge, signed with the key in `files`."""
        key = load_pem_private_key(files.key.read_bytes(), password=None)
        assert isinstance(key, EllipticCurvePrivateKey)
        leaf = x509.load_pem_x509_certificate(files.chain.read_bytes())
        unsigned = SessionProof(
            unit=self.unit_id,
            session=self.session,
            challenge=challenge,
            certificate=f"{leaf.serial_number:x}",
            boot_id=boot_id,
            spool_id=self.spool_id,
            next_seq=self.last_seq + 1,
            signature="",
        )
        signature = key.sign(proof_text(unsigned), ECDSA(SHA256()))
        return msgspec.structs.replace(unsigned, signature=b64encode(signature).decode())

    def heard(self, payload: bytes) -> None:
        """Take in an envelope; fails on one that is not for this session."""
        signed = unseal(payload, self.keys)
        assert signed.unit == self.unit_id
        self.bodies.append(signed.body)
        self.envelopes.append((signed.session, signed.body))
        if isinstance(signed.body, Ack) and signed.session == self.session:
            assert signed.body.spool_id == self.spool_id
            for first, last in signed.body.ranges:
                self.acknowledged.update(range(first, last + 1))


_CHANNELS: dict[type, UpChannel] = {
    HealthBatch: "health",
    EventBatch: "event",
    SessionState: "lwt",
    SessionProof: "lwt",
}


class ConnectedUnit(ScriptedUnit):
    """A scripted unit on a broker."""

    def __init__(self, unit_id: str, client: aiomqtt.Client) -> None:
        super().__init__(unit_id)
        self._client = client

    async def send(self, message: AnyUpMessage, channel: UpChannel | None = None) -> None:
        """Publish a message, and wait until the broker has it."""
        await self.send_raw(channel or _CHANNELS.get(type(message), "result"), encode_up(message))

    async def send_raw(self, channel: UpChannel, payload: bytes) -> None:
        """Publish bytes."""
        await self._client.publish(up(self.unit_id, channel), payload, qos=1)

    async def challenged(self, **facts: Any) -> str:
        """Begin a session and wait for its Welcome; returns the challenge."""
        self.session = new_session_nonce()
        await self.send(self.announcement(spool_id=self.spool_id, next_seq=self.last_seq + 1, **facts))
        await until(lambda: self.welcome is not None)
        assert self.welcome is not None
        return self.welcome.challenge

    async def prove(self, files: ClientFiles, boot_id: str = "boot-1") -> None:
        """Begin a session and prove it; returns when the broker has the proof."""
        await self.send(self.proof(files, await self.challenged(), boot_id))

    async def listen(self) -> None:
        """Take in what comes, until cancelled."""
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            self.heard(message.payload)

    async def acknowledged_all(self) -> None:
        """Wait until everything numbered so far is acknowledged."""
        await until(lambda: self.acknowledged >= set(range(1, self.last_seq + 1)))


@asynccontextmanager
async def connected_unit(
    broker: Broker, unit_id: str, files: ClientFiles | None = None
) -> AsyncIterator[ConnectedUnit]:
    """A unit on the broker, with the certificate in `files` or a fresh one, listening to its `down/` topics."""
    async with unit_client(broker, files or broker.pki.unit(unit_id), unit_id) as client:
        await client.subscribe([(down(unit_id, "ack"), 1), (down(unit_id, "command"), 1)])
        unit = ConnectedUnit(unit_id, client)
        listening = asyncio.create_task(unit.listen())
        try:
            yield unit
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@dataclass
class RunningIngest:
    """An ingest at work, and what it counts."""

    ingest: Ingest
    downlink: Downlink
    metrics: Metrics
    sessions: list[set[str]] = field(default_factory=list)

    def counted(self, name: str, **labels: str) -> float:
        """A metric's value, such as `muster_rows_stored_total`."""
        return self.metrics.registry.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def running_ingest(
    store: Store,
    broker: Broker,
    *,
    shared_group: str = "",
    clock: Clock = utc_now,
    batch_limits: BatchLimits | None = None,
    presence: PresenceSettings | None = None,
    session_faults: list[Exception] | None = None,
    down_key: Ed25519PrivateKey = DOWN_KEY,
    on_signal: OnSignal | None = None,
) -> AsyncIterator[RunningIngest]:
    """Ingest and downlink on `broker` and `store`, listening, until the block ends; `down_key` signs what goes down.

    Telling of new sessions first fails with each of `session_faults`.
    """
    metrics = Metrics(CollectorRegistry())
    tls = broker.pki.context(broker.pki.controller())
    address = BrokerAddress(broker.host, broker.controller_port, tls, "5" if broker.mqtt == "5" else "3.1.1")
    name = token_hex(8)
    downlink = Downlink(address, f"controller-downlink-{name}", down_key, metrics, clock)
    subscriber = MqttSubscriber(address, f"controller-ingest-{name}", filters(shared_group), metrics, clock)
    sessions: list[set[str]] = []

    async def on_sessions(unit_ids: set[str]) -> None:
        if session_faults:
            raise session_faults.pop(0)
        sessions.append(unit_ids)

    ingest = Ingest(
        store=store,
        subscriber=subscriber,
        downlink=downlink,
        presence=presence or PresenceSettings(),
        metrics=metrics,
        on_sessions=on_sessions,
        on_proofs=keep_proofs,
        on_signal=on_signal or (lambda _message: None),
        clock=clock,
        batch_limits=batch_limits,
    )
    tasks = [asyncio.create_task(downlink.run()), asyncio.create_task(ingest.run())]

    def ready() -> bool:
        for task in tasks:
            if task.done():
                task.result()
        return downlink.connected and ingest.listening_since is not None

    try:
        await until(ready)
        yield RunningIngest(ingest, downlink, metrics, sessions)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        assert isinstance(result, asyncio.CancelledError), f"a task failed: {result!r}"
