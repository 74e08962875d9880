"""Vouchers withdrawn while their unit waits, and one key that comes with several vouchers, races included."""

import asyncio
from typing import TypeAlias

import asyncpg
import msgspec
import pytest

from fleet.errors import Conflict
from fleet.store.joining import StoredJoin
from fleet.store.store import Store
from protocols.joining import JoinPending, JoinRefusal, JoinRequest, Voucher
from tests.support.controller import RunningApi
from tests.support.joining import Knocker

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
PERSON = "TO-12"


async def _voucher(api: RunningApi) -> tuple[str, bytes]:
    made = await api.services.vouchers.make("", PERSON)
    return made.voucher_id, Voucher.read(made.text).secret


async def _knock(api: RunningApi, unit: Knocker, secret: bytes) -> JoinPending | JoinRefusal:
    request = JoinRequest(secret=secret.hex(), csr_pem=unit.csr_pem, key_protection="soft", model="", agent_version="")
    answer = await api.services.door.knock(request, "10.0.0.1")
    assert isinstance(answer, JoinPending | JoinRefusal)
    return answer


async def _waiting(store: Store) -> list[StoredJoin]:
    async with store.transaction() as transaction:
        return await transaction.joining.pending()


async def test_withdrawing_a_voucher_refuses_the_unit_that_waits_with_it(
    api: RunningApi, store: Store, owner: Owner
) -> None:
    await api.add_person(PERSON, "engineer")
    voucher_id, secret = await _voucher(api)
    unit = Knocker(api.ca_file)
    await _knock(api, unit, secret)
    (join,) = await _waiting(store)
    await api.services.vouchers.withdraw(voucher_id, PERSON)

    assert await _waiting(store) == []
    row = await owner.fetchrow("SELECT state, decided_by, reason FROM join_request")
    assert row is not None
    assert tuple(row) == ("refused", PERSON, "its voucher was withdrawn")
    entries = await owner.fetch("SELECT kind, actor FROM log_entry ORDER BY entry_id DESC LIMIT 2")
    assert [tuple(entry) for entry in entries] == [("join.turned-away", PERSON), ("voucher.withdrawn", PERSON)]
    with pytest.raises(Conflict):
        await api.services.decisions.accept(join.join_id, join.fingerprint, PERSON)
    answer = await _knock(api, unit, secret)
    assert isinstance(answer, JoinRefusal)
    assert answer.code == "voucher-withdrawn"


async def test_a_join_whose_voucher_is_withdrawn_can_not_be_accepted_even_if_it_waits(
    api: RunningApi, store: Store, owner: Owner
) -> None:
    await api.add_person(PERSON, "engineer")
    _, secret = await _voucher(api)
    await _knock(api, Knocker(api.ca_file), secret)
    (join,) = await _waiting(store)
    await owner.execute("UPDATE voucher SET withdrawn_at = now()")
    with pytest.raises(Conflict) as refused:
        await api.services.decisions.accept(join.join_id, join.fingerprint, PERSON)
    assert refused.value.problem.code == "voucher-withdrawn"
    assert await owner.fetchval("SELECT count(*) FROM unit") == 0


async def test_a_voucher_whose_unit_was_accepted_is_not_withdrawn(api: RunningApi, store: Store, owner: Owner) -> None:
    await api.add_person(PERSON, "engineer")
    voucher_id, secret = await _voucher(api)
    await _knock(api, Knocker(api.ca_file), secret)
    (join,) = await _waiting(store)
    unit_id = await api.services.decisions.accept(join.join_id, join.fingerprint, PERSON)
    with pytest.raises(Conflict) as refused:
        await api.services.vouchers.withdraw(voucher_id, PERSON)
    assert refused.value.problem.code == "voucher-accepted"
    assert refused.value.problem.remedy == f"revoke the unit {unit_id} instead"
    assert await owner.fetchval("SELECT withdrawn_at FROM voucher") is None
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'voucher.withdrawn'") == 0


async def test_of_accepting_and_withdrawing_at_once_one_wins_and_the_other_is_told(
    api: RunningApi, store: Store, owner: Owner
) -> None:
    await api.add_person(PERSON, "engineer")
    for _ in range(10):
        voucher_id, secret = await _voucher(api)
        await _knock(api, Knocker(api.ca_file), secret)
        (join,) = await _waiting(store)
        results = await asyncio.gather(
            api.services.decisions.accept(join.join_id, join.fingerprint, PERSON),
            api.services.vouchers.withdraw(voucher_id, PERSON),
            return_exceptions=True,
        )
        refused = [result for result in results if isinstance(result, BaseException)]
        assert [type(error) for error in refused] == [Conflict]
    wrong = "SELECT count(*) FROM join_request JOIN voucher USING (voucher_id)"
    assert await owner.fetchval(f"{wrong} WHERE (state = 'accepted') = (withdrawn_at IS NOT NULL)") == 0


async def test_a_key_waits_once_however_many_vouchers_it_brings_at_once(
    api: RunningApi, store: Store, owner: Owner
) -> None:
    await api.add_person(PERSON, "engineer")
    vouchers = [await _voucher(api) for _ in range(6)]
    unit = Knocker(api.ca_file)
    answers = await asyncio.gather(*(_knock(api, unit, secret) for _, secret in vouchers))
    refusals = [answer for answer in answers if isinstance(answer, JoinRefusal)]
    assert [refusal.code for refusal in refusals] == ["join-refused"] * 5
    assert all("already waits" in refusal.message for refusal in refusals)
    assert len(await _waiting(store)) == 1
    assert await owner.fetchval("SELECT count(*) FROM voucher WHERE bound_fingerprint IS NOT NULL") == 1
    assert await owner.fetchval("SELECT count(*) FROM log_entry WHERE kind = 'join.refused'") == 5


async def test_the_store_takes_a_waiting_key_once_and_a_unit_s_key_never_again(
    api: RunningApi, store: Store, owner: Owner
) -> None:
    await api.add_person(PERSON, "engineer")
    (_, secret), (other_id, _) = await _voucher(api), await _voucher(api)
    await _knock(api, Knocker(api.ca_file), secret)
    (join,) = await _waiting(store)
    again = msgspec.structs.replace(join, join_id="another", voucher_id=other_id)
    async with store.transaction() as transaction:
        assert not await transaction.joining.add_request(again)
    await api.services.decisions.accept(join.join_id, join.fingerprint, PERSON)
    async with store.transaction() as transaction:
        assert await transaction.joining.add_request(again), "a unit's key is looked for before it waits"
    with pytest.raises(Conflict) as refused:
        await api.services.decisions.accept("another", join.fingerprint, PERSON)
    assert refused.value.problem.code == "key-known"
    assert await owner.fetchval("SELECT count(*) FROM unit") == 1


async def test_a_key_that_was_refused_may_come_again_with_a_new_voucher(api: RunningApi, store: Store) -> None:
    await api.add_person(PERSON, "engineer")
    (_, first), (_, second) = await _voucher(api), await _voucher(api)
    unit = Knocker(api.ca_file)
    await _knock(api, unit, first)
    (join,) = await _waiting(store)
    await api.services.decisions.refuse(join.join_id, "not ours", PERSON)
    assert isinstance(await _knock(api, unit, second), JoinPending)
