"""Exports through the API: whose, for how long, under which checkpoint; and what is asked of them in malice."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import asyncpg
import pytest

from fleet.client import FleetClient, Refused, check_checkpoint, check_leaf, connect, policy_of
from fleet.entries.log import LogScope
from fleet.errors import Conflict
from fleet.inspection import exports
from fleet.store.store import Store
from protocols.api.log import ExportRequest, ExportView, LogQuery
from protocols.tlog.merkle import leaf_hash
from tests.support.controller import RunningApi
from tests.support.log_tree import append, checked_tree
from tests.support.logged_api import logged_api
from tests.support.waiting import until

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
UNIT = "unit-abcd2345"
NO_EXPORT = "0" * 24


class Clock:
    """The controller's clock, which tests can put on."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def logged(store: Store, dsn: str, tmp_path: Path, clock: Clock) -> AsyncIterator[RunningApi]:
    """A log of more than one tile, and of more entries of one unit than a page of a selection has."""
    async with logged_api(store, dsn, tmp_path, clock=clock) as api:
        await append(store, 260, UNIT)

        async def sequenced() -> bool:
            async with store.transaction() as transaction:
                return await transaction.log_tree.waiting() == 0

        await until(sequenced)
        yield api


async def _whole(door: FleetClient, reason: str = "inspection") -> ExportView:
    return await door.start_export(ExportRequest(reason=reason))


async def _code(door: FleetClient, export_id: str, path: str) -> str:
    with pytest.raises(Refused) as refused:
        await door.export_tile(export_id, path)
    return refused.value.problem.code


async def test_a_whole_export_is_the_tree_of_its_checkpoint_however_the_log_grows(
    logged: RunningApi, store: Store, owner: Owner
) -> None:
    async with connect(await logged.add_person("IN-01", "inspector")) as door:
        export = await _whole(door)
        await append(store, 300)
        checkpoint = check_checkpoint(export.checkpoint, policy_of(await door.people_chain())).checkpoint
        last = f"{export.size % 256}"
        full = await door.export_tile(export.export_id, "tile/0/000")
        partial = await door.export_tile(export.export_id, f"tile/0/001.p/{last}")
        bundle = await door.export_tile(export.export_id, f"tile/entries/001.p/{last}")
        above = await door.export_tile(export.export_id, "tile/1/000.p/1")
        texts = (await door.export_texts(export.export_id)).next_after
    assert (export.cosigned, checkpoint.size, export.found <= export.index < export.size) == (True, export.size, True)
    tree = await checked_tree(owner)
    assert checkpoint.root == tree.root(export.size)
    assert full + partial == b"".join(leaf_hash(leaf) for leaf in tree.leaves[: export.size])
    assert bundle == b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in tree.leaves[256 : export.size])
    assert above == tree.root(256)
    assert texts is not None
    told = json.loads(tree.leaves[export.index])
    assert (told["kind"], told["export"], told["scope"], told["found"]) == (
        "log.exported",
        export.export_id,
        None,
        export.found,
    )
    assert told["dpa"] == "disclosure"


async def test_a_selection_is_what_was_asked_for_with_its_proofs_and_its_own_entry(logged: RunningApi) -> None:
    query = LogQuery(unit=UNIT)
    async with connect(await logged.add_person("IN-01", "inspector")) as door:
        export = await door.start_export(ExportRequest(reason="one unit", scope=query))
        policy = policy_of(await door.people_chain())
        leaves = []
        after: int | None = -1
        while after is not None:
            page = await door.export_selection(export.export_id, after)
            leaves += page.leaves
            after = page.next_after
        texts = await door.export_texts(export.export_id)
        more = await door.export_texts(export.export_id, texts.next_after or -1)
        assert await _code(door, export.export_id, "tile/0/000.p/1") == "export-selective"
    for one in leaves:
        assert check_leaf(one.receipt, one.leaf.encode(), one.index, policy).size == export.size
    told = json.loads(leaves[-1].leaf)
    indexes = [one.index for one in leaves[:-1]]
    assert (len(indexes), told["found"], leaves[-1].index) == (260, 260, export.index)
    assert told["indexes_sha256"] == sha256(",".join(map(str, indexes)).encode()).hexdigest()
    assert {json.loads(one.leaf)["unit"] for one in leaves[:-1]} == {UNIT}
    assert [one.index for one in texts.texts + more.texts] == [*indexes, export.index]


async def test_tiles_have_one_spelling_and_end_where_the_export_ends(logged: RunningApi) -> None:
    async with connect(await logged.add_person("IN-01", "inspector")) as door:
        export = await _whole(door)
        width = export.size % 256
        paths = [
            "tile/0/002",
            f"tile/0/001.p/{width + 1}",
            "tile/0/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/1.p/1",
            "tile/0/x000/001.p/1",
            "tile/00/000",
            "tile/8/000",
            "tile/1/000",
            "tile/2/000.p/1",
            "tile/-1/000",
            "tile/entries/002.p/1",
            "tile/0/x999/x999/x999/x999/x999/x999/999",
            "tile/0/%2e%2e/0/000",
            "tile/entries/..%2f..%2f..%2fetc%2fpasswd",
            "tile/0/000%00",
            "tile/0/٠٠٠",
            "tile/x",
        ]
        assert {path: await _code(door, export.export_id, path) for path in paths} == dict.fromkeys(
            paths, "tile-unknown"
        )
        assert len(await door.export_tile(export.export_id, "tile/0/000.p/7")) == 7 * 32
        with pytest.raises(Refused):
            await door.export_tile(export.export_id, "tile/" + "0" * 5000)
        with pytest.raises(Refused, match="whole log"):
            await door.export_selection(export.export_id)


async def test_an_export_is_its_persons_only_and_ends(logged: RunningApi, clock: Clock) -> None:
    settings = await logged.add_person("IN-01", "inspector")
    other = await logged.add_person("TS-01", "supervisor")
    async with connect(settings) as door:
        whole = await _whole(door)
        part = await door.start_export(ExportRequest(reason="x", scope=LogQuery(unit=UNIT)))
    async with connect(other) as door:
        for export_id in (whole.export_id, part.export_id, NO_EXPORT):
            assert await _code(door, export_id, "tile/0/000") == "export-unknown"
            for ask in (door.export_texts, door.export_selection):
                with pytest.raises(Refused) as refused:
                    await ask(export_id)
                assert (refused.value.status, refused.value.problem.code) == (404, "export-unknown")
    async with connect(settings) as door:
        await door.export_tile(whole.export_id, "tile/0/000")
    clock.ahead = exports.EXPORT_LIFE
    async with connect(settings) as door:
        assert await _code(door, whole.export_id, "tile/0/000") == "export-ended"


async def test_an_export_says_when_too_few_witnesses_saw_its_checkpoint(
    api: RunningApi, store: Store, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "COSIGNING_WAIT_S", 0.2)
    async with connect(await api.add_person("IN-01", "inspector")) as door:
        with pytest.raises(Refused) as refused:
            await _whole(door)
    assert (refused.value.status, refused.value.problem.code) == (409, "log-unsigned")
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'log.exported'") == 1
    assert await owner.fetchval("SELECT count(*) FROM log_export") == 0


async def test_a_selection_too_large_is_refused_before_anything_is_written(
    logged: RunningApi, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_SELECTED", 259)
    with pytest.raises(Conflict) as refused:
        await logged.services.log_exports.start(LogScope(unit=UNIT), "all of it", "AD-91")
    assert refused.value.problem.code == "selection-too-large"
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'log.exported'") == 0
