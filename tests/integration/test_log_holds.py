"""Placing, seeing and releasing legal holds through the API."""

import asyncio

import asyncpg
import pytest

from fleet.client import Refused, connect
from fleet.entries.log import LogScope
from fleet.keeping import holds
from fleet.store.store import Store
from protocols.api.log import LogQuery, NewHold
from protocols.people import PERMISSIONS
from tests.support.controller import RunningApi
from tests.support.waiting import until

SCOPE = LogQuery(authority="AUTH/7")


async def test_a_hold_is_placed_seen_and_released_once_each_with_an_entry(
    api: RunningApi, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with connect(await api.add_person("AD-01", "administrator")) as door:
        with pytest.raises(Refused, match="name at least one"):
            await door.place_hold(NewHold(scope=LogQuery(), reason="everything"))
        hold = await door.place_hold(NewHold(scope=SCOPE, reason="an inquiry"))
        assert [(one.scope, one.reason, one.released_at) for one in await door.holds()] == [(SCOPE, "an inquiry", None)]
        released = await door.release_hold(hold.hold_id, "it is over")
        assert (released.released_by, await door.holds()) == ("AD-01", [released])
        with pytest.raises(Refused, match="released this hold already"):
            await door.release_hold(hold.hold_id, "again")
        with pytest.raises(Refused) as unknown:
            await door.release_hold("0" * 24, "it is over")
    assert unknown.value.status == 404
    kinds = await owner.fetch("SELECT kind, authority FROM log_entry WHERE kind LIKE 'hold.%' ORDER BY entry_id")
    assert [tuple(kind) for kind in kinds] == [("hold.placed", "AUTH/7"), ("hold.released", "AUTH/7")]


async def test_holds_are_bounded(api: RunningApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holds, "MAX_STANDING", 1)
    async with connect(await api.add_person("AD-01", "administrator")) as door:
        await door.place_hold(NewHold(scope=SCOPE, reason="an inquiry"))
        with pytest.raises(Refused, match="stand already"):
            await door.place_hold(NewHold(scope=SCOPE, reason="another"))


async def test_who_may_see_holds_and_who_may_place_them(api: RunningApi) -> None:
    for number, role in enumerate(PERMISSIONS):
        async with connect(await api.add_person(f"TO-{20 + number}", role)) as door:
            for permission, ask in (
                ("see-holds", door.holds),
                ("see-holds", door.log_retention),
                ("manage-retention", lambda door=door: door.place_hold(NewHold(scope=SCOPE, reason="why"))),
            ):
                if permission in PERMISSIONS[role]:
                    await ask()
                    continue
                with pytest.raises(Refused) as refused:
                    await ask()
                assert refused.value.status == 403


async def test_a_hold_that_is_placed_during_an_erasure_waits_for_it(
    api: RunningApi, store: Store, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    async with store.transaction() as erasing:
        await erasing.legal_holds.lock()
        placing = asyncio.create_task(api.services.holds.place(LogScope(authority="AUTH/7"), "an inquiry", "AD-91"))

        async def waits() -> bool:
            return bool(
                await owner.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            )

        await until(waits)
        assert not placing.done()
    assert (await placing).released_at is None
