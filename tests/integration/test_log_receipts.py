"""Receipts: any entry can be proven soon after its commit, under a checkpoint that the witnesses have seen."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from fleet.errors import NotLoggedYet
from fleet.log.key import LogKey
from fleet.log.receipts import LoggedEntry
from fleet.store.store import Store
from protocols.errors import InvalidCheckpoint
from protocols.tlog.policy import build_policy
from protocols.tlog.receipt import verify_receipt
from tests.support.log_tree import append, checked_tree
from tests.support.logging_fleet import logging_fleet, running_log, until_cosigned, witness_of
from tests.support.witness import running_witness

UNIT = "unit-abcd2345"


async def test_every_entry_gets_a_receipt_that_a_unit_can_verify(
    dsn: str, store: Store, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> None:
    """Those who ask at once share what is read; the leaf is byte for byte the one of the tree."""
    key = LogKey.new()
    witness = witness_of(key, tmp_path / "witness")
    fleet = await logging_fleet(dsn, store, key, [witness], quorum=1)
    async with running_witness(witness), running_log(fleet.log()) as log:
        ids = await append(store, 300, UNIT)
        logged = await asyncio.gather(*(log.receipts.receipt(entry_id, 20.0) for entry_id in ids[::20]))
        again = await log.receipts.at_once(ids[0])
    tree = await checked_tree(owner)
    for one in logged:
        proven = verify_receipt(one.receipt, one.leaf, fleet.policy)
        assert tree.leaves[proven.index] == one.leaf
        assert tree.root(proven.size) == proven.root
        assert list(proven.cosigned) == [witness.vkey.name]
        assert len(one.receipt) + len(one.leaf) < 4096
    assert again is not None
    assert again.leaf == logged[0].leaf
    stranger = build_policy(LogKey.new().verifier.line, [], 0)
    with pytest.raises(InvalidCheckpoint, match="no log of the policy"):
        verify_receipt(logged[0].receipt, logged[0].leaf, stranger)


async def test_a_controller_that_does_not_sequence_gives_receipts_too(dsn: str, store: Store, tmp_path: Path) -> None:
    fleet = await logging_fleet(dsn, store, LogKey.new())
    async with running_log(fleet.log()):
        [entry_id] = await append(store)
        logged = await fleet.log().receipts.receipt(entry_id, 20.0)
    assert verify_receipt(logged.receipt, logged.leaf, fleet.policy).cosigned == {}


async def test_whoever_asks_is_told_what_is_missing(dsn: str, store: Store, tmp_path: Path) -> None:
    """No sequencer, then no witness, then both; and an entry that never was."""
    key = LogKey.new()
    witness = witness_of(key, tmp_path / "witness")
    fleet = await logging_fleet(dsn, store, key, [witness], quorum=1)
    [entry_id] = await append(store)
    log = fleet.log()
    with pytest.raises(NotLoggedYet, match="not in the log's tree") as missing:
        await log.receipts.receipt(entry_id, 0.1)
    assert not missing.value.in_tree
    assert missing.value.problem.code == "not-logged-yet"
    assert await log.receipts.at_once(entry_id) is None
    async with running_log(log):
        with pytest.raises(NotLoggedYet, match="too few witnesses"):
            await log.receipts.receipt(entry_id, 1.0)
        async with running_witness(witness):
            logged = await log.receipts.receipt(entry_id, 20.0)
        assert list(verify_receipt(*_of(logged), fleet.policy).cosigned) == [witness.vkey.name]
        with pytest.raises(NotLoggedYet, match="not in the log's tree"):
            await log.receipts.receipt(entry_id + 1000, 0.1)


async def test_a_receipt_of_an_old_entry_is_under_the_newest_checkpoint(dsn: str, store: Store) -> None:
    fleet = await logging_fleet(dsn, store, LogKey.new())
    async with running_log(fleet.log()) as log:
        [first] = await append(store)
        early = verify_receipt(*_of(await log.receipts.receipt(first, 20.0)), fleet.policy)
        await append(store, 700)
        await until_cosigned(store, early.size + 700)
        late = verify_receipt(*_of(await log.receipts.receipt(first, 20.0)), fleet.policy)
    assert late.index == early.index
    assert late.size == early.size + 700


def _of(logged: LoggedEntry) -> tuple[str, bytes]:
    return logged.receipt, logged.leaf
