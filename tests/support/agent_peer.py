"""Both ends of an agent under test: a state directory that has joined, and a controller that can misbehave."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time_ns
from typing import Self

import aiomqtt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.identity import Identity, IdentityStore
from edge_agent.link.uplink import heed_cancellation
from edge_agent.settings import AgentSettings
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.file import Moment, SpoolFile
from edge_agent.spool.inspection import SpoolView, inspect
from edge_agent.spool.rows import Draft, health_draft
from edge_agent.spool.spool import FILE_NAME
from protocols.commands import Order
from protocols.downlink import Ack, Body, Command, Signed, Welcome, seal, seq_ranges
from protocols.health import HealthReport
from protocols.ids import new_session_nonce, new_token_id
from protocols.joining import BrokerAddress
from protocols.settings import UnitSettings
from protocols.topics import DownChannel, down, parse_up, up_filter
from protocols.uplink import (
    AnyUpMessage,
    CommandResult,
    EventBatch,
    HealthBatch,
    SessionProof,
    SessionState,
    UnitEvent,
    decode_up,
)
from tests.support.mqtt import Broker, controller_client

PROGRAM = Path(sys.executable).with_name("edge-agent")
LIMIT_S = 60.0
_ROOMY = SpoolLimits(max_bytes=1 << 30, max_age_ms=1 << 50)


@dataclass
class Peer:
    """A controller that keeps what it gets and answers as told. `committed` maps (spool_id, seq) to what was sent."""

    unit_id: str
    client: aiomqtt.Client
    key: Ed25519PrivateKey
    welcomes: bool = True
    acks: bool = True
    messages: list[AnyUpMessage] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    committed: dict[tuple[int, int], HealthReport | UnitEvent] = field(default_factory=dict)
    conflicts: list[tuple[int, int]] = field(default_factory=list)
    challenges: list[str] = field(default_factory=list)
    people_version: int = 1
    counter: int = 0
    sender: str = "5e4de75e4de75e4d"
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def announcements(self) -> list[SessionState]:
        return [message for message in self.messages if isinstance(message, SessionState) and message.up]

    @property
    def ended(self) -> list[SessionState]:
        return [message for message in self.messages if isinstance(message, SessionState) and not message.up]

    @property
    def proofs(self) -> list[SessionProof]:
        return [message for message in self.messages if isinstance(message, SessionProof)]

    @property
    def session(self) -> str:
        """The unit's session as it is now, also when its announcement was missed."""
        return next(m.session for m in reversed(self.messages) if not isinstance(m, SessionState) or m.up)

    @property
    def results(self) -> list[tuple[str, str]]:
        return [(m.command_id, m.state) for m in self.messages if isinstance(m, CommandResult)]

    @property
    def events(self) -> list[UnitEvent]:
        return [row for row in self.committed.values() if isinstance(row, UnitEvent)]

    @property
    def event_kinds(self) -> list[str]:
        return [event.kind for event in self.events]

    def seqs(self, spool_id: int) -> set[int]:
        return {seq for its_spool, seq in self.committed if its_spool == spool_id}

    async def run(self) -> None:
        async for message in self.client.messages:
            assert isinstance(message.payload, bytes)
            await self._take(decode_up(parse_up(message.topic.value), message.payload), len(message.payload))
            heed_cancellation()  # an answer being sent may have swallowed it

    async def _take(self, message: AnyUpMessage, size: int) -> None:
        self.messages.append(message)
        self.sizes.append(size)
        if isinstance(message, SessionState) and message.up and self.welcomes:
            await self.send(self.welcome())
        if isinstance(message, HealthBatch | EventBatch):
            self.commit(message)
            if self.acks:
                await self.ack(message)
        async with self._news:
            self._news.notify_all()

    def welcome(self) -> Welcome:
        """A Welcome with a fresh challenge."""
        self.challenges.append(new_session_nonce())
        return Welcome(self.challenges[-1], self.people_version)

    def commit(self, message: HealthBatch | EventBatch) -> None:
        """Store once; what came under the same number with another content is a conflict."""
        for row in _rows(message):
            known = self.committed.setdefault((message.spool_id, row.seq), row)
            if known != row:
                self.conflicts.append((message.spool_id, row.seq))

    async def ack(self, message: HealthBatch | EventBatch) -> None:
        await self.send(Ack(message.spool_id, seq_ranges([row.seq for row in _rows(message)])))

    async def until(self, condition: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
        """Wait until `condition` holds after some message; raises TimeoutError."""
        async with asyncio.timeout(limit_s), self._news:
            await self._news.wait_for(condition)

    async def command(self, order: Order, command_id: str | None = None) -> str:
        chosen = command_id or new_token_id()
        await self.send(Command(chosen, order), channel="command")
        return chosen

    async def send(self, body: Body, *, channel: DownChannel = "ack") -> bytes:
        """Seal `body` as it should be, and send it; returns the envelope."""
        payload = self.envelope(body)
        await self.send_bytes(payload, channel=channel)
        return payload

    async def send_bytes(self, payload: bytes, *, channel: DownChannel = "ack") -> None:
        await self.client.publish(down(self.unit_id, channel), payload, qos=1)

    def envelope(
        self,
        body: Body,
        *,
        key: Ed25519PrivateKey | None = None,
        unit: str | None = None,
        session: str | None = None,
        life_ms: int = 60_000,
    ) -> bytes:
        self.counter += 1
        now_ms = time_ns() // 1_000_000
        signed = Signed(
            unit=unit or self.unit_id,
            session=session or self.session,
            sender=self.sender,
            counter=self.counter,
            issued_at_ms=now_ms,
            expires_at_ms=now_ms + life_ms,
            body=body,
        )
        return seal(signed, key or self.key)


def _rows(message: HealthBatch | EventBatch) -> list[HealthReport] | list[UnitEvent]:
    return message.reports if isinstance(message, HealthBatch) else message.events


@asynccontextmanager
async def peer_on(broker: Broker, unit_id: str, key: Ed25519PrivateKey) -> AsyncIterator[Peer]:
    """A controller's side on `broker` until the block ends."""
    async with controller_client(broker, broker.pki.controller()) as client:
        for channel in ("health", "event", "result", "lwt"):
            await client.subscribe(up_filter(channel), qos=1)
        peer = Peer(unit_id, client, key)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(peer.run())
            try:
                yield peer
            finally:
                running.cancel()


class JoinedUnit:
    """A unit that has joined, with everything in `state_dir` as joining would have left it."""

    def __init__(self, broker: Broker, unit_id: str, state_dir: Path, key: Ed25519PrivateKey) -> None:
        self.unit_id = unit_id
        self.state_dir = state_dir
        state_dir.mkdir(parents=True, exist_ok=True)
        files = broker.pki.unit(unit_id)
        (state_dir / "key.pem").write_bytes(files.key.read_bytes())
        (state_dir / "key.pem").chmod(0o600)
        identity = Identity(
            unit_id=unit_id,
            certificate_chain_pem=files.chain.read_text(),
            roots_pem=[broker.pki.authority.root_pem.decode()],
            controller_keys=[key.public_key().public_bytes_raw().hex()],
            broker=BrokerAddress(host=broker.host, port=broker.unit_port, mqtt="5" if broker.mqtt == "5" else "3.1.1"),
            people_list='{"version":1,"people":[]}',
        )
        IdentityStore(state_dir).save(identity, UnitSettings(version=1, report_every_s=1))
        self.ack_timeout_s = 1.5

    @property
    def own(self) -> AgentSettings:
        """The agent's settings."""
        return AgentSettings(state_dir=self.state_dir, ack_timeout_s=self.ack_timeout_s)

    @property
    def environ(self) -> dict[str, str]:
        """The same settings for a process of its own."""
        return {
            "MUSTER_AGENT_STATE_DIR": str(self.state_dir),
            "MUSTER_AGENT_ACK_TIMEOUT_S": str(self.ack_timeout_s),
        }

    def spool(self) -> SpoolView:
        view = inspect(self.state_dir / FILE_NAME)
        assert view is not None
        return view

    def waiting(self) -> set[int]:
        return {seq for first, last in self.spool().waiting_ranges for seq in range(first, last + 1)}

    def fill_spool(self, count: int) -> int:
        """Spool `count` reports of an hour ago; returns the spool id."""
        file = SpoolFile(self.state_dir / FILE_NAME)
        at_ms = time_ns() // 1_000_000 - 3_600_000
        file.append([_old_report(at_ms + i) for i in range(count)], _ROOMY, Moment(at_ms, None), tell_drops=False)
        file.close()
        return file.spool_id


def _old_report(at_ms: int) -> Draft:
    return health_draft(at_ms, lambda seq: HealthReport(seq=seq, sampled_at_ms=at_ms, uptime_s=seq))


class AgentProcess:
    """`edge-agent …` as a process of its own; its output goes to files beside `directory`."""

    def __init__(self, directory: Path, environ: dict[str, str], *arguments: str) -> None:
        self._directory = directory
        self._environ = os.environ | environ
        self._arguments = arguments or ("run",)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def said(self) -> str:
        """Everything on standard output so far."""
        return (self._directory / "stdout").read_text()

    @property
    def logged(self) -> str:
        """Everything on standard error so far."""
        return (self._directory / "stderr").read_text()

    def start(self, stdin: bytes = b"") -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        with (self._directory / "stdout").open("wb") as out, (self._directory / "stderr").open("wb") as err:
            self._process = subprocess.Popen(
                [PROGRAM, *self._arguments], stdin=subprocess.PIPE, stdout=out, stderr=err, env=self._environ
            )
        assert self._process.stdin is not None
        self._process.stdin.write(stdin)
        self._process.stdin.close()

    async def kill(self) -> None:
        """kill -9."""
        await self._end(signal.SIGKILL)

    async def terminate(self) -> int:
        """SIGTERM; the exit code. Fails when the program does not end by itself."""
        return await self._end(signal.SIGTERM)

    async def ended(self) -> int:
        """Wait until it ends by itself; the exit code."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, LIMIT_S)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        self._process.send_signal(number)
        try:
            return await asyncio.to_thread(self._process.wait, LIMIT_S)
        finally:
            self._process.kill()

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self.running:
            await self.kill()
