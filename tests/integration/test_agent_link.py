"""A real agent on real brokers: what it sends, what it obeys, what it must not believe."""

import asyncio
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from edge_agent.app import run_agent
from edge_agent.identity import IdentityStore
from protocols.commands import ApplySettings, ReportNow
from protocols.downlink import Ack, Welcome
from protocols.ids import new_session_nonce
from protocols.settings import UnitSettings
from protocols.topics import MAX_PAYLOAD_BYTES
from protocols.uplink import MAX_BATCH, HealthBatch, SessionProof, proof_text
from tests.support.agent_peer import JoinedUnit, Peer, peer_on
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import Broker
from tests.support.tls import Pki

STOP_LIMIT_S = 10.0

on_one_broker = pytest.mark.parametrize("stage", [MosquittoBroker], indirect=True)
"""For what does not depend on the broker."""


@dataclass
class Stage:
    """One broker, one unit, one controller's key."""

    broker: Broker
    unit: JoinedUnit
    key: Ed25519PrivateKey

    @asynccontextmanager
    async def agent(self) -> AsyncIterator[None]:
        """The agent, running in this process until the block ends; it must end by itself when told."""
        stop = asyncio.Event()
        running = asyncio.create_task(run_agent(self.unit.own, None, stop))
        try:
            yield
            assert not running.done(), running.exception()
        finally:
            stop.set()
            async with asyncio.timeout(STOP_LIMIT_S):
                await running

    @asynccontextmanager
    async def peer(self) -> AsyncIterator[Peer]:
        async with peer_on(self.broker, self.unit.unit_id, self.key) as peer:
            yield peer


@pytest.fixture(params=[EmbeddedBrokerProcess, MosquittoBroker])
async def stage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stage]:
    async with request.param(Pki.create(tmp_path / "pki")) as broker:
        key = Ed25519PrivateKey.generate()
        yield Stage(broker, JoinedUnit(broker, f"unit-{uuid4().hex[:8]}", tmp_path / "unit", key), key)


async def test_reports_are_sent_live_and_forgotten_when_acknowledged(stage: Stage) -> None:
    async with stage.peer() as peer, stage.agent():
        await peer.until(lambda: len(peer.committed) >= 4)
        announcement = peer.announcements[0]
        assert peer.event_kinds[0] == "agent-started"
        await peer.until(lambda: any(isinstance(m, HealthBatch) and m.settings_version == 1 for m in peer.messages))
    assert announcement.spool_id == stage.unit.spool().spool_id
    assert announcement.boot_id
    assert peer.seqs(stage.unit.spool().spool_id) >= set(range(1, 4))
    assert not peer.conflicts
    async with asyncio.timeout(STOP_LIMIT_S):
        await peer.until(lambda: len(peer.ended) == 1)
    assert peer.ended[0].session == announcement.session
    assert stage.unit.spool().next_seq - 1 - len(peer.committed) <= len(stage.unit.waiting())


@on_one_broker
async def test_catching_up_leaves_room_for_live_reports(stage: Stage) -> None:
    spool_id = stage.unit.fill_spool(330)
    async with stage.peer() as peer:
        peer.acks = False
        async with stage.agent():
            for number in range(1, 4):
                await peer.until(partial(_has_batches, peer, number))
                batch = _batches(peer)[-1]
                await peer.until(partial(_has_live_after, peer, batch))
                assert _has_batches(peer, number), "one batch at a time"
                await peer.ack(batch)
            peer.acks = True
            await peer.until(lambda: set(range(1, 331)) <= peer.seqs(spool_id))
            await peer.until(lambda: not stage.unit.waiting() & set(range(1, 331)))
    assert not peer.conflicts
    assert max(len(batch.reports) for batch in _batches(peer)) == MAX_BATCH
    assert max(peer.sizes) <= MAX_PAYLOAD_BYTES


def _batches(peer: Peer) -> list[HealthBatch]:
    return [message for message in peer.messages if isinstance(message, HealthBatch) and len(message.reports) > 1]


def _has_batches(peer: Peer, count: int) -> bool:
    return len(_batches(peer)) == count


def _has_live_after(peer: Peer, batch: HealthBatch) -> bool:
    later = peer.messages[peer.messages.index(batch) + 1 :]
    return any(isinstance(message, HealthBatch) and len(message.reports) == 1 for message in later)


@on_one_broker
async def test_what_is_not_acknowledged_is_sent_again_and_late_or_double_acknowledgements_are_good(
    stage: Stage,
) -> None:
    async with stage.peer() as peer:
        peer.acks = False
        async with stage.agent():
            await peer.until(lambda: any(count >= 2 for count in _times_sent(peer).values()))
            first = min(_times_sent(peer))
            assert first in stage.unit.waiting()
            peer.acks = True
            for message in [m for m in peer.messages if isinstance(m, HealthBatch)] * 2:
                await peer.ack(message)
            await peer.until(lambda: first not in stage.unit.waiting())
    assert not peer.conflicts, "the same number always carries the same report"
    assert "envelope-refused" not in peer.event_kinds


def _times_sent(peer: Peer) -> Counter[int]:
    """How often each report was sent, by its number."""
    return Counter(
        report.seq for message in peer.messages if isinstance(message, HealthBatch) for report in message.reports
    )


async def test_forged_foreign_replayed_and_late_acknowledgements_delete_nothing(stage: Stage) -> None:
    spool_id = stage.unit.fill_spool(20)
    everything = Ack(spool_id, [(1, 1 << 40)])
    stage.unit.ack_timeout_s = 300  # no new nonce while the test forges
    async with stage.peer() as peer:
        peer.acks = False
        async with stage.agent():
            await peer.until(lambda: set(range(1, 21)) <= peer.seqs(spool_id))
            first = await peer.send(Ack(spool_id, [(1, 1)]))
            await peer.until(lambda: 1 not in stage.unit.waiting())
            forged = {
                "unknown-key": peer.envelope(everything, key=Ed25519PrivateKey.generate()),
                "bad-signature": peer.envelope(everything).replace(b"1099511627776", b"1099511627777"),
                "wrong-unit": peer.envelope(everything, unit="unit-other-one"),
                "wrong-session": peer.envelope(everything, session=new_session_nonce()),
                "replayed": first,
                "expired": peer.envelope(everything, life_ms=1),
                "malformed": b'{"signed": "' + b"[" * 5_000,
            }
            for payload in forged.values():
                await peer.send_bytes(payload)
            await peer.send_bytes(peer.envelope(everything), channel="command")
            peer.acks = True
            await peer.until(lambda: peer.event_kinds.count("envelope-refused") >= len(forged) + 1)
            told = [event.summary for event in peer.events if event.kind == "envelope-refused"]
            assert all(any(f"({reason})" in summary for summary in told) for reason in [*forged, "wrong-channel"])
            for payload in forged.values():
                await peer.send_bytes(payload)
            before = len(peer.committed)
            await peer.until(lambda: len(peer.committed) > before + 1)
    assert peer.event_kinds.count("envelope-refused") == len(forged) + 1, "each reason is told once"
    gone = set(range(1, stage.unit.spool().next_seq)) - stage.unit.waiting()
    assert gone <= peer.seqs(spool_id)


@on_one_broker
async def test_an_acknowledgement_of_an_earlier_session_is_worth_nothing(stage: Stage) -> None:
    spool_id = stage.unit.fill_spool(3)
    async with stage.peer() as peer:
        peer.acks = False
        async with stage.agent():
            await peer.until(lambda: {1, 2, 3} <= peer.seqs(spool_id))
            kept = peer.envelope(Ack(spool_id, [(1, 3)]))
            announced = len(peer.announcements)
        async with stage.agent():
            await peer.until(lambda: len(peer.announcements) > announced)
            await peer.send_bytes(kept)
            await peer.until(lambda: _times_sent(peer)[3] >= 2)
            peer.acks = True
            await peer.until(lambda: "envelope-refused" in peer.event_kinds)
            await peer.until(lambda: not stage.unit.waiting() & {1, 2, 3})


@on_one_broker
async def test_a_controller_that_was_away_is_found_again_under_a_new_nonce(stage: Stage) -> None:
    async with stage.peer() as peer:
        peer.acks = peer.welcomes = False
        async with stage.agent():
            await peer.until(lambda: len(peer.announcements) >= 2)
            assert peer.announcements[0].session != peer.announcements[1].session
            peer.acks = peer.welcomes = True
            await peer.until(
                lambda: stage.unit.waiting() <= {stage.unit.spool().next_seq - 1} and len(peer.committed) > 5
            )
    assert not peer.conflicts


async def test_a_broker_killed_and_back_costs_nothing(stage: Stage) -> None:
    async with stage.agent():
        async with stage.peer() as peer:
            await peer.until(lambda: len(peer.committed) >= 2)
            committed = dict(peer.committed)
        await stage.broker.kill()
        spooled = stage.unit.spool().next_seq
        async with asyncio.timeout(30):
            while stage.unit.spool().next_seq < spooled + 3:  # noqa: ASYNC110 - nothing tells of a file's growth
                await asyncio.sleep(0.05)
        await stage.broker.start()
        async with stage.peer() as peer:
            peer.committed.update(committed)
            wanted = set(range(1, stage.unit.spool().next_seq))
            await peer.until(lambda: wanted <= peer.seqs(stage.unit.spool().spool_id))
            await peer.until(lambda: not wanted & stage.unit.waiting())
    assert not peer.conflicts


@on_one_broker
async def test_orders_are_carried_out_once_and_answered_as_often_as_asked(stage: Stage) -> None:
    async with stage.peer() as peer, stage.agent():
        await peer.until(lambda: len(peer.committed) >= 1)
        slow = await peer.command(ApplySettings(UnitSettings(version=5, report_every_s=3_600)))
        await peer.until(lambda: (slow, "done") in peer.results)
        await peer.until(lambda: any(state == "settings-applied" for state in peer.event_kinds))
        reports = _reports(peer)
        now = await peer.command(ReportNow())
        await peer.until(lambda: (now, "done") in peer.results and _reports(peer) > reports)
        await peer.command(ReportNow(), now)
        await peer.until(lambda: peer.results.count((now, "done")) == 2)
        stale = await peer.command(ApplySettings(UnitSettings(version=4, report_every_s=1)))
        await peer.until(lambda: (stale, "refused") in peer.results)
        assert peer.results.count((now, "accepted")) == 1
        seen = _reports(peer)
    async with stage.peer() as peer, stage.agent():
        await peer.until(lambda: _reports(peer) >= 1)
        assert peer.announcements[0].settings_version == 5
        await peer.command(ReportNow(), now)
        await peer.until(lambda: (now, "done") in peer.results)
        assert (now, "accepted") not in peer.results
    assert seen <= 4


def _reports(peer: Peer) -> int:
    return sum(isinstance(message, HealthBatch) for message in peer.messages)


def _verify(stage: Stage, proof: SessionProof) -> None:
    """Raises unless the unit's certificate made `proof`."""
    chain_pem = IdentityStore(stage.unit.state_dir).load().certificate_chain_pem
    leaf = x509.load_pem_x509_certificate(chain_pem.encode())
    assert proof.certificate == f"{leaf.serial_number:x}"
    key = leaf.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    key.verify(b64decode(proof.signature), proof_text(proof), ECDSA(SHA256()))


async def test_each_challenge_is_answered_once_by_the_key_of_the_certificate(stage: Stage) -> None:
    spool_id = stage.unit.fill_spool(5)
    stage.unit.ack_timeout_s = 300  # no new session meanwhile
    async with stage.peer() as peer, stage.agent():
        await peer.until(lambda: len(peer.proofs) == 1)
        first = peer.proofs[0]
        _verify(stage, first)
        announced = peer.announcements[0]
        assert (first.session, first.boot_id, first.spool_id) == (announced.session, announced.boot_id, spool_id)
        assert first.challenge == peer.challenges[0]
        await peer.until(lambda: {6, 7, 8} <= peer.seqs(spool_id))
        await peer.send(Welcome(first.challenge, 1))
        stored = max(peer.seqs(spool_id))
        await peer.send(peer.welcome())
        await peer.until(lambda: len(peer.proofs) == 2)
        _verify(stage, peer.proofs[1])
        assert peer.proofs[1].next_seq > stored, "taken after the Welcome arrived"
    assert [proof.challenge for proof in peer.proofs] == peer.challenges


@on_one_broker
async def test_a_welcome_alone_is_no_acknowledgement(stage: Stage) -> None:
    spool_id = stage.unit.fill_spool(2)
    async with stage.peer() as peer:
        peer.acks = False
        async with stage.agent():
            await peer.until(lambda: {1, 2} <= peer.seqs(spool_id))
            await peer.send(peer.welcome())
            await peer.until(lambda: _times_sent(peer)[2] >= 2)
            assert {1, 2} <= stage.unit.waiting()
