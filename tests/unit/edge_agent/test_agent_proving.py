"""Session proofs: what they say, and why an honest spool never looks as if it went back."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from edge_agent.access_record.chain_text import Tip
from edge_agent.errors import LinkError
from edge_agent.identity import IdentityStore
from edge_agent.keys.keystore import FIRST_KEY
from edge_agent.link.proving import Proving
from edge_agent.reporting import Clockwork
from edge_agent.spool.bounds import SpoolLimits
from edge_agent.spool.rows import event_draft
from edge_agent.spool.schema import connect
from edge_agent.spool.spool import FILE_NAME, Spool, open_spool
from fleet.ca.authority import CertificateAuthority
from protocols.topics import UpChannel, parse_up, up
from protocols.uplink import SessionProof, decode_up, proof_text
from tests.support.renewing import UNIT, Controller, HandClock, Unit

LIMITS = SpoolLimits(1 << 24, 1 << 50)
TIP = Tip(7, "e" * 64)
SESSION, CHALLENGE, ANOTHER = "5" * 32, "c" * 32, "d" * 32


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    clock = HandClock()
    joined = Unit(tmp_path / "unit", Controller(CertificateAuthority.create(tmp_path / "ca", clock.now()), clock))
    joined.join()
    return joined


@pytest.fixture
async def spool(unit: Unit) -> AsyncIterator[Spool]:
    opened = await open_spool(unit.state_dir, LIMITS, Clockwork(unit.clock).now)
    yield opened
    await opened.close()


class Told:
    """What was published, as the controller reads it."""

    def __init__(self) -> None:
        self.proofs: list[SessionProof] = []
        self.news = asyncio.Event()

    async def publish(self, channel: UpChannel, payload: bytes) -> None:
        message = decode_up(parse_up(up(UNIT, channel)), payload)
        assert isinstance(message, SessionProof)
        self.proofs.append(message)
        self.news.set()


def _proving(unit: Unit, spool: Spool) -> Proving:
    return Proving(IdentityStore(unit.state_dir).load(), unit.keystore, spool, "boot-1", lambda: TIP)


async def test_a_proof_says_what_is_and_is_signed_by_the_certificates_key(unit: Unit, spool: Spool) -> None:
    proving, told = _proving(unit, spool), Told()
    running = asyncio.create_task(proving.run(told.publish))
    for number, challenge in enumerate((CHALLENGE, ANOTHER), start=1):
        await spool.append([event_draft(1, "door-opened", "info", "x")])
        told.news.clear()
        proving.ask(SESSION, challenge)
        proving.ask(SESSION, CHALLENGE)
        async with asyncio.timeout(10):
            await told.news.wait()
        proof = told.proofs[-1]
        assert (proof.session, proof.challenge, proof.boot_id) == (SESSION, challenge, "boot-1")
        assert (proof.spool_id, proof.next_seq) == (spool.tally.spool_id, number + 1)
        assert (proof.access_records, proof.access_head) == TIP
        assert proof.certificate == unit.certificate.serial
        key = unit.keystore.public_key(FIRST_KEY)
        assert isinstance(key, EllipticCurvePublicKey)
        key.verify(b64decode(proof.signature), proof_text(proof), ECDSA(SHA256()))
    assert len(told.proofs) == 2, "each challenge once"
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_key_that_can_not_sign_ends_the_connection(unit: Unit, spool: Spool) -> None:
    proving = _proving(unit, spool)
    unit.keystore.remove(FIRST_KEY)
    proving.ask(SESSION, CHALLENGE)
    async with asyncio.timeout(10):
        with pytest.raises(LinkError, match="can not be proved"):
            await proving.run(Told().publish)


async def test_what_may_be_sent_is_synced_before_and_acknowledged_numbers_are_not_used_again(
    unit: Unit, spool: Spool
) -> None:
    path = unit.state_dir / FILE_NAME
    connection = connect(path)
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2, "FULL: the log is synced at each COMMIT"
    connection.close()
    rows = await spool.append([event_draft(1, "door-opened", "info", "x") for _ in range(5)])
    await spool.acknowledge(rows.spool_id, [(1, 5)])
    # What is on the disk now, as after a power cut: the file and its log, without what SQLite would write when closing.
    after = unit.state_dir.parent / "after"
    after.mkdir()
    for file in unit.state_dir.glob(f"{FILE_NAME}*"):
        (after / file.name).write_bytes(file.read_bytes())
    (after / f"{FILE_NAME}-shm").unlink()  # shared memory is not on the disk
    again = await open_spool(after, LIMITS, Clockwork(unit.clock).now)
    assert (again.tally.spool_id, again.tally.next_seq, again.tally.waiting) == (rows.spool_id, 6, 0)
    await again.close()
