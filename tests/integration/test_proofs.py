"""Session proofs on real brokers and real PostgreSQL: what counts as evidence, what does not, and what follows."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from fleet.ca.files import write_private
from fleet.clock import utc_now
from fleet.revocation.standing import UnitStanding
from fleet.store.store import Store
from protocols.downlink import Welcome
from protocols.ids import new_session_nonce
from protocols.uplink import SessionProof
from tests.support.embedded_broker import EmbeddedBrokerProcess
from tests.support.mosquitto import MosquittoBroker
from tests.support.mqtt import Broker, unit_client
from tests.support.reporting import (
    OWNER_ID,
    ConnectedUnit,
    RunningIngest,
    connected_unit,
    enter_certificate,
    register,
    running_ingest,
    until,
)
from tests.support.tls import ClientFiles, Pki

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass
class Place:
    """A running controller, and a unit that has joined with the certificate in `files`."""

    owner: Owner
    broker: Broker
    ingest: RunningIngest
    unit_id: str
    files: ClientFiles
    serial: str

    def device(self, files: ClientFiles | None = None) -> AbstractAsyncContextManager[ConnectedUnit]:
        """A device on the broker as this unit: it takes the client id from any other."""
        return connected_unit(self.broker, self.unit_id, files or self.files)

    def new_key(self) -> ClientFiles:
        """Another key and certificate for the unit, in files of their own."""
        return _apart(self.broker.pki, self.unit_id)

    async def state(self) -> str:
        word: str = await self.owner.fetchval("SELECT state FROM unit WHERE unit_id = $1", self.unit_id)
        return word

    async def proofs(self) -> asyncpg.Record:
        record = await self.owner.fetchrow("SELECT * FROM unit_proof WHERE unit_id = $1", self.unit_id)
        assert record is not None
        return record

    async def proven(self, files: ClientFiles | None = None, boot_id: str = "boot-1") -> None:
        """Let a device connect and prove itself, and wait until that is kept."""
        before = await self.owner.fetchval("SELECT proven_at FROM unit_proof WHERE unit_id = $1", self.unit_id)

        async def is_kept() -> bool:
            return bool((await self.proofs())["proven_at"] != before)

        async with self.device(files) as device:
            await device.prove(files or self.files, boot_id)
            await until(is_kept)


def _apart(pki: Pki, unit_id: str) -> ClientFiles:
    made = pki.unit(unit_id)
    stem = pki.directory / f"{unit_id}-{uuid4().hex}"
    files = ClientFiles(stem.with_suffix(".key"), stem.with_suffix(".crt"))
    write_private(files.key, made.key.read_bytes())
    write_private(files.chain, made.chain.read_bytes())
    return files


@pytest.fixture(params=["mosquitto", "embedded"])
async def place(request: pytest.FixtureRequest, tmp_path: Path, store: Store, owner: Owner) -> AsyncIterator[Place]:
    pki = Pki.create(tmp_path / "pki")
    unit_id = f"unit-{uuid4().hex[:8]}"
    await register(owner, [unit_id])
    files = _apart(pki, unit_id)
    serial = await enter_certificate(owner, unit_id, files)
    async with AsyncExitStack() as stack:
        broker: Broker = await stack.enter_async_context(
            MosquittoBroker(pki) if request.param == "mosquitto" else EmbeddedBrokerProcess(pki)
        )
        ingest = await stack.enter_async_context(running_ingest(store, broker))
        yield Place(owner, broker, ingest, unit_id, files, serial)


def _spoilt(proof: SessionProof, **changes: str | int) -> SessionProof:
    return msgspec.structs.replace(proof, **changes)


async def test_a_proof_tells_which_certificate_and_key_the_unit_uses(place: Place) -> None:
    await place.proven()
    proofs = await place.proofs()
    assert (proofs["certificate"], proofs["boot_id"], proofs["challenge"]) == (place.serial, "boot-1", None)
    certificate = await place.owner.fetchrow("SELECT * FROM certificate WHERE serial = $1", place.serial)
    assert certificate is not None
    assert certificate["connected_at"] == proofs["proven_at"]
    used = await place.owner.fetchval("SELECT fingerprint FROM unit WHERE unit_id = $1", place.unit_id)
    assert used == certificate["fingerprint"]


async def test_what_is_no_proof_is_recorded_and_leaves_the_challenge_open(place: Place) -> None:
    others = await _another_unit(place)
    stranger = place.new_key()
    revoked = place.new_key()
    serial = await enter_certificate(place.owner, place.unit_id, revoked, place.serial)
    await place.owner.execute("UPDATE certificate SET revoked_at = now() WHERE serial = $1", serial)
    async with place.device() as device:
        earlier = await device.challenged()
        late = device.proof(place.files, earlier)
        challenge = await device.challenged()
        good = device.proof(place.files, challenge)
        bad = [
            device.proof(others, challenge),
            device.proof(stranger, challenge),
            device.proof(revoked, challenge),
            _spoilt(good, signature=device.proof(stranger, challenge).signature),
            _spoilt(good, signature="no base64"),
            _spoilt(good, boot_id="boot-2"),
            _spoilt(good, next_seq=2),
            _spoilt(good, session=new_session_nonce()),
        ]
        for proof in [*bad, late, _spoilt(good, challenge=new_session_nonce())]:
            await device.send(proof)
        await until(lambda: _rejected(place, "bad-proof") == len(bad) and _rejected(place, "stale-proof") == 2)
        assert (await place.proofs())["challenge"] == challenge
        assert (await place.proofs())["proven_at"] is None
        for _ in range(3):
            await device.send(good)
        await device.send(device.health())
        await device.acknowledged_all()
    assert (await place.proofs())["certificate"] == place.serial
    assert (_rejected(place, "bad-proof"), _rejected(place, "stale-proof")) == (len(bad), 2)
    events = await place.owner.fetch("SELECT kind, severity, count FROM event WHERE unit_id = $1", place.unit_id)
    assert {tuple(event) for event in events} == {
        ("rejected-bad-proof", "warning", len(bad)),
        ("rejected-stale-proof", "info", 2),
    }
    assert await place.state() == "active"


def _rejected(place: Place, reason: str) -> float:
    return place.ingest.counted("muster_messages_rejected_total", reason=reason)


async def _another_unit(place: Place) -> ClientFiles:
    name = f"unit-{uuid4().hex[:8]}"
    await register(place.owner, [name])
    files = _apart(place.broker.pki, name)
    await enter_certificate(place.owner, name, files)
    return files


async def test_an_old_announcement_displaces_no_challenge(place: Place) -> None:
    async with place.device() as device:
        await device.challenged()
        old = device.announcement(spool_id=device.spool_id, next_seq=1)
        challenge = await device.challenged()
        session = device.session
        again = device.announcement(spool_id=device.spool_id, next_seq=1)
        for replayed in (old, again, old):
            await device.send(replayed)
        await until(lambda: _rejected(place, "replayed") == 2)
        assert (await place.proofs())["challenge"] == challenge
        live = await place.owner.fetchval("SELECT session_nonce FROM unit_live WHERE unit_id = $1", place.unit_id)
        assert live == session
        assert {body.challenge for one, body in device.envelopes if one == session and isinstance(body, Welcome)} == {
            challenge
        }


async def test_a_copy_of_the_card_is_quarantined_when_the_two_take_turns(place: Place) -> None:
    await place.proven(boot_id="boot-original")
    await place.proven(boot_id="boot-copy")
    assert await place.state() == "active", "a unit may restart"
    await place.proven(boot_id="boot-original")
    unit = await place.owner.fetchrow("SELECT * FROM unit WHERE unit_id = $1", place.unit_id)
    assert unit is not None
    assert (unit["state"], unit["standing_cause"], unit["standing_changed_by"]) == (
        "quarantined",
        "two-places",
        "controller",
    )
    event = await place.owner.fetchrow("SELECT kind, severity FROM event WHERE unit_id = $1", place.unit_id)
    assert event is not None
    assert tuple(event) == ("unit-quarantined", "alarm")
    entry = await place.owner.fetchval("SELECT body FROM log_entry WHERE kind = 'unit.quarantined'")
    assert msgspec.json.decode(entry)["certificates"] == [place.serial]
    async with place.device() as device:
        await device.challenged()
        await device.send(device.health())
        await device.acknowledged_all()


async def test_the_key_of_a_successor_shows_when_the_unit_has_connected_with_it(place: Place) -> None:
    await place.proven()
    successor = place.new_key()
    serial = await enter_certificate(place.owner, place.unit_id, successor, place.serial)

    async def fingerprints() -> tuple[str, str]:
        query = "SELECT unit.fingerprint, certificate.fingerprint FROM unit, certificate WHERE unit.unit_id = $1"
        record = await place.owner.fetchrow(f"{query} AND serial = $2", place.unit_id, serial)
        assert record is not None
        return record[0], record[1]

    before, after = await fingerprints()
    assert before != after
    await place.proven(successor)
    assert await fingerprints() == (after, after)
    await place.proven(place.files)
    assert await place.state() == "quarantined"
    assert await fingerprints() == (after, after)


async def test_two_successors_that_both_connect_are_two_units(place: Place, store: Store) -> None:
    await place.proven()
    first, second = place.new_key(), place.new_key()
    serials = [await enter_certificate(place.owner, place.unit_id, files, place.serial) for files in (first, second)]
    await place.proven(first)
    assert await place.state() == "active"
    await place.proven(second)
    assert await place.state() == "quarantined"
    entry = msgspec.json.decode(
        await place.owner.fetchval("SELECT body FROM log_entry WHERE kind = 'unit.quarantined'")
    )
    assert (entry["cause"], entry["certificates"]) == ("two-successors", serials)

    await UnitStanding(store, utc_now).release(place.unit_id, "the other one was found and erased", OWNER_ID)
    await place.proven(second)
    assert await place.state() == "active", "a person has judged what was before"
    await place.proven(first)
    assert await place.state() == "quarantined"


async def test_a_spool_that_goes_back_is_found(place: Place) -> None:
    async with place.device() as device:
        spool_id = device.spool_id
        await device.send(device.health(5))
        await device.acknowledged_all()
        await device.prove(place.files)
    await until(lambda: _is(place, "certificate", place.serial))
    async with place.device() as copy:
        copy.spool_id, copy.last_seq = spool_id, 2
        await copy.prove(place.files)
        await until(lambda: _quarantined(place))
    cause = await place.owner.fetchval("SELECT standing_cause FROM unit WHERE unit_id = $1", place.unit_id)
    assert cause == "spool-went-back"


async def test_reports_that_a_broker_invents_quarantine_nobody(place: Place) -> None:
    async with place.device() as device:
        invented = msgspec.structs.replace(device.report(), seq=1_000_000)
        await device.send(device.batch([invented]))
        await until(lambda: 1_000_000 in device.acknowledged)
        await device.prove(place.files)
        await until(lambda: _is(place, "certificate", place.serial))
        assert (await place.proofs())["challenge_seq"] == 1_000_000
    events = await place.owner.fetch("SELECT kind, severity FROM event WHERE unit_id = $1", place.unit_id)
    assert [tuple(event) for event in events] == [("numbers-ahead", "alarm")]
    assert await place.state() == "active"


async def _is(place: Place, column: str, value: str) -> bool:
    return bool((await place.proofs())[column] == value)


async def _quarantined(place: Place) -> bool:
    return await place.state() == "quarantined"


async def test_a_controller_s_takeover_is_no_unit(place: Place) -> None:
    """It closes a session with a certificate that is in no list of units', so that no rule about copies meets it."""
    await place.proven()
    before = await place.proofs()
    stem = place.broker.pki.directory / "takeover"
    takeover = ClientFiles(stem.with_suffix(".key"), stem.with_suffix(".crt"))
    place.broker.pki.authority.issue_takeover(place.unit_id, datetime.now(UTC)).write(takeover.key, takeover.chain)
    async with place.device() as device:
        async with unit_client(place.broker, takeover, place.unit_id):
            pass
        assert await place.proofs() == before
        del device
    async with place.device() as device:
        challenge = await device.challenged()
        await device.send(device.proof(takeover, challenge))
        await until(lambda: _rejected(place, "bad-proof") == 1)
    assert await place.state() == "active"
    assert (await place.proofs())["certificate"] == place.serial


async def test_two_controllers_that_hear_everything_accept_a_proof_once(place: Place, store: Store) -> None:
    async with running_ingest(store, place.broker) as other:
        await place.proven()
        async with place.device() as device:
            await device.prove(place.files)
            await device.send(device.health())
            await device.acknowledged_all()
        await until(
            lambda: other.counted("muster_rows_duplicate_total") + other.counted("muster_rows_stored_total") >= 1
        )
        for ingest in (place.ingest, other):
            assert ingest.counted("muster_messages_rejected_total", reason="bad-proof") == 0
            assert ingest.counted("muster_messages_rejected_total", reason="stale-proof") == 0
    assert await place.state() == "active"
