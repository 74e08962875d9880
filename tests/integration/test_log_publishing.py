"""Publishing: what is signed is committed, what is cosigned is told, and what can not be cosigned is an alarm."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
from prometheus_client import CollectorRegistry

from fleet.clock import utc_now
from fleet.log.key import LogKey
from fleet.log.news import LogNews
from fleet.log.stamping import Stamping
from fleet.log.timestamping import Timestamper, timestamped_at
from fleet.log.watch import LogWatch
from fleet.metrics import Metrics
from fleet.store.log_tree import StoredCheckpoint
from fleet.store.store import Store
from protocols.tlog.checkpoint import read_checkpoint
from protocols.tlog.note import read_note
from tests.support.log_tree import append, checked_tree
from tests.support.logging_fleet import logging_fleet, running_log, until_cosigned, witness_of
from tests.support.ports import free_port
from tests.support.tsa import TimeStampAuthority, http_tsa
from tests.support.waiting import until
from tests.support.witness import running_witness


async def test_every_signed_checkpoint_is_of_the_one_tree(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    """Whatever was stored while the tree grew, with a witness that would have refused anything else."""
    key = LogKey.new()
    witness = witness_of(key, tmp_path / "witness")
    fleet = await logging_fleet(dsn, store, key, [witness], quorum=1)
    async with running_witness(witness), running_log(fleet.log()) as log:
        for _ in range(15):
            await log.receipts.receipt((await append(store, 40))[0], 20.0)
        status = await log.status()
    tree = await checked_tree(owner)
    notes = [record["note"] for record in await owner.fetch("SELECT note FROM log_checkpoint WHERE cosigned")]
    assert len(notes) > 5
    for note in notes:
        checkpoint = fleet.policy.check(note).checkpoint
        assert checkpoint.root == tree.root(checkpoint.size)
    assert (status.alarms, status.sequencing_here, status.waiting, status.quorum) == ([], True, 0, 1)
    assert [(one.name, one.answer) for one in status.witnesses] == [(witness.vkey.name, "cosigned")]
    assert status.cosigned_size == status.witnesses[0].size


async def test_a_log_that_rests_is_signed_anew(dsn: str, store: Store) -> None:
    """So that whoever asks sees that it is alive; the tree and its root are the same."""
    fleet = await logging_fleet(dsn, store, LogKey.new(), every_s=1)
    async with running_log(fleet.log()) as log:
        await until_cosigned(store)
        before = await _newest(store)

        async def made_anew() -> bool:
            return (await _newest(store)).made_at > before.made_at + timedelta(seconds=1)

        await until(made_anew)
        status = await log.status()
    after = await _newest(store)
    assert (after.size, after.note) == (before.size, before.note)
    assert status.alarms == ["no witness: nobody but the controller says that the log was not rewritten"]


async def test_one_slow_witness_of_two_does_not_delay(dsn: str, store: Store, tmp_path: Path) -> None:
    """It does not answer at all, as a stopped machine does not; its limit is longer than the test."""
    key = LogKey.new()
    good, mute = (
        witness_of(key, tmp_path / "a", "witness.example/a"),
        witness_of(key, tmp_path / "b", "witness.example/b"),
    )
    fleet = await logging_fleet(dsn, store, key, [good, mute], quorum=1, limit_s=50.0)
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(0), "127.0.0.1", mute.port)
    async with silent, running_witness(good), running_log(fleet.log()) as log:
        for _ in range(3):
            logged = await log.receipts.receipt((await append(store))[0], 20.0)
            assert witness_names(logged.receipt) == {"witness.example/a"}


async def test_cosignatures_beyond_the_quorum_are_kept_too(dsn: str, store: Store, tmp_path: Path) -> None:
    key = LogKey.new()
    witnesses = [witness_of(key, tmp_path / name, f"witness.example/{name}") for name in ("a", "b")]
    fleet = await logging_fleet(dsn, store, key, witnesses, quorum=1)
    async with running_witness(witnesses[0]), running_witness(witnesses[1]), running_log(fleet.log()) as log:

        async def both() -> bool:
            async with store.transaction() as transaction:
                newest = await transaction.log_tree.newest_cosigned()
            return newest is not None and len(witness_names(newest.note)) == 2

        await until(both)
        told = (await log.status()).alarms
    assert told == ["too few witnesses are needed: two groups of them could each vouch for another history"]


async def test_a_restored_database_is_cosigned_no_more(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    """First it is smaller than what the witness has seen, then it has grown into another tree: one alarm and one entry
    each, and the sequencer goes on."""
    key = LogKey.new()
    witness = witness_of(key, tmp_path / "witness")
    fleet = await logging_fleet(dsn, store, key, [witness], quorum=1)
    async with running_witness(witness):
        async with running_log(fleet.log()):
            await append(store, 20)
            await until_cosigned(store, 20)
        seen = (await _newest(store)).size
        await _cut(owner, 10)
        async with running_log(fleet.log()) as log:
            await _until_event(owner, "log-rolled-back")
            assert (await log.status()).alarms[-1] == "the witness witness.example/north disagrees: rolled-back"
            await append(store, 30)
            await _until_event(owner, "log-split-view")

            async def all_leaves() -> bool:
                return (await log.status()).waiting == 0

            await until(all_leaves)
    assert not await owner.fetchval("SELECT count(*) FROM log_checkpoint WHERE cosigned AND size > 10")
    told = [json.loads(leaf) for leaf in (await checked_tree(owner)).leaves if b'"witness.disagreed"' in leaf]
    assert [(one["cause"], one["witness"]) for one in told] == [
        ("rolled-back", witness.vkey.name),
        ("split-view", witness.vkey.name),
    ]
    assert (told[0]["size"], told[0]["witness_size"]) == (10, seen)
    [counted] = await owner.fetch("SELECT * FROM event WHERE kind = 'log-rolled-back'")
    assert counted["severity"] == "alarm"


async def test_no_second_root_is_signed_for_one_size(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Somebody with the database's password has changed the tree, and there is no witness."""
    key = LogKey.new()
    fleet = await logging_fleet(dsn, store, key)
    async with running_log(fleet.log()):
        await until_cosigned(store)
    before = await _newest(store)
    other = key.sign(before.size, bytes(32))
    await owner.execute("UPDATE log_checkpoint SET note = $1, made_at = 'epoch'", other.text)
    async with running_log(fleet.log()):
        await _until_event(owner, "log-split-view")
    assert (await _newest(store)).note == other.text


async def test_a_damaged_log_is_an_alarm_and_the_controller_goes_on(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """A tile that was cut short: nothing is added, nothing is signed, and the rest of the controller runs."""
    fleet = await logging_fleet(dsn, store, LogKey.new())
    async with running_log(fleet.log()):
        await until_cosigned(store)
    size = await owner.fetchval("SELECT size FROM log_tree")
    await owner.execute("UPDATE log_tile SET hashes = substring(hashes FOR 32)")
    await owner.execute("DELETE FROM log_checkpoint")
    await append(store)
    async with running_log(fleet.log()):
        await _until_event(owner, "log-damaged")
    assert await owner.fetchval("SELECT size FROM log_tree") == size
    assert await owner.fetchval("SELECT count(*) FROM log_checkpoint") == 0


async def test_a_log_that_the_people_list_does_not_name_is_not_believed(dsn: str, store: Store) -> None:
    """A controller with another log's key: it says so, and gives no receipts."""
    fleet = await logging_fleet(dsn, store, LogKey.new())
    stranger = type(fleet)(dsn, store, LogKey.new(), fleet.policy, fleet.settings)
    async with running_log(stranger.log()) as log:

        async def published() -> bool:
            return (await log.status()).checkpoint_at is not None

        await until(published)
        status = await log.status()
    assert status.cosigned_size is None
    assert status.alarms[0] == "the log policy in force does not name this controller's log: nothing of it is believed"


async def test_a_checkpoint_is_timestamped_and_the_timestamp_outlives_its_note(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    """The note of a log that rests is cosigned anew; the timestamp is of the bytes of the one before."""
    authority = TimeStampAuthority(tmp_path / "tsa")
    key = LogKey.new()
    witness = witness_of(key, tmp_path / "witness")
    fleet = await logging_fleet(dsn, store, key, [witness], quorum=1)
    async with running_witness(witness), http_tsa(authority.reply) as url:
        settings = {"timestamp_url": url, "timestamp_ca_file": str(authority.ca_file)}
        stamping = replace(fleet, settings=msgspec.structs.replace(fleet.settings, checkpoint_every_s=1, **settings))
        async with running_log(stamping.log()) as log:

            async def timestamped() -> bool:
                return (await log.status()).timestamped_at is not None

            await until(timestamped)
            stamped_at = (await log.status()).timestamped_at
            async with store.transaction() as transaction:
                stamped = await transaction.log_tree.newest_timestamped()

            async def replaced() -> bool:
                assert stamped is not None
                return (await _newest(store)).note != stamped[0].note

            await until(replaced)
            async with store.transaction() as transaction:
                assert await transaction.log_tree.newest_timestamped() == stamped
    assert stamped is not None
    assert timestamped_at(stamped[1], stamped[0].note, authority.ca_file.read_bytes()) == stamped_at
    assert fleet.policy.check(stamped[0].note).checkpoint.size == stamped[0].size


async def test_an_authority_that_is_away_is_a_warning(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    authority = TimeStampAuthority(tmp_path / "tsa")
    fleet = await logging_fleet(dsn, store, LogKey.new())
    async with running_log(fleet.log()):
        await until_cosigned(store)
    timestamper = Timestamper(f"http://127.0.0.1:{free_port()}", authority.ca_file)
    for _ in range(2):
        await Stamping(store, timestamper, utc_now, LogNews(), every_h=24).stamp()
    await timestamper.close()
    assert await _events(owner, "log-not-timestamped") == 1


async def test_nothing_cosigned_in_time_is_an_alarm(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    """Whichever controller watches, also where none sequences; one alarm however often it looks."""
    await logging_fleet(dsn, store, LogKey.new())
    now = utc_now()
    metrics = Metrics(CollectorRegistry())
    watch = LogWatch(store, lambda: now, metrics, every_s=60)
    await watch.look()
    now += timedelta(seconds=179)
    await watch.look()
    assert await _events(owner, "log-unwitnessed") == 0
    for _ in range(3):
        now += timedelta(seconds=2)
        await watch.look()
    assert await _events(owner, "log-unwitnessed") == 1
    assert metrics.registry.get_sample_value("muster_log_waiting") == await owner.fetchval(
        "SELECT count(*) FROM log_entry"
    )


def witness_names(text: str) -> set[str]:
    """Which witnesses' lines stand in a note or receipt."""
    note = read_note(text[text.index("muster-log-") :])
    assert read_checkpoint(note.body).size
    return {one.name for one in note.signatures if one.name.startswith("witness.example/")}


async def _newest(store: Store) -> StoredCheckpoint:
    async with store.transaction() as transaction:
        newest = await transaction.log_tree.newest_checkpoint()
    assert newest is not None
    return newest


async def _cut(owner: "asyncpg.Connection[asyncpg.Record]", size: int) -> None:
    """Make the database what it was at `size` leaves, as a restored backup is."""
    async with owner.transaction():
        await owner.execute("DELETE FROM log_checkpoint WHERE size > $1", size)
        await owner.execute(
            "DELETE FROM log_text WHERE entry_id IN (SELECT entry_id FROM log_entry WHERE leaf_index >= $1)", size
        )
        await owner.execute("DELETE FROM log_entry WHERE leaf_index >= $1", size)
        await owner.execute("DELETE FROM log_unit_head WHERE leaf_index >= $1", size)
        await owner.execute("UPDATE log_tile SET hashes = substring(hashes FOR 32 * $1)", size)
        await owner.execute("UPDATE log_tree SET size = $1", size)


async def _events(owner: "asyncpg.Connection[asyncpg.Record]", kind: str) -> int:
    return int(await owner.fetchval("SELECT count(*) FROM event WHERE kind = $1", kind))


async def _until_event(owner: "asyncpg.Connection[asyncpg.Record]", kind: str) -> None:
    async def raised() -> bool:
        return await _events(owner, kind) > 0

    await until(raised)
