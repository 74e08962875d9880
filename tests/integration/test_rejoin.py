"""Coming back after the certificate has ended: the old key, a person who compares it, and nobody else's key."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import asyncpg
import msgspec
import pytest

from fleet.client import FleetClient, Refused, connect
from fleet.client.settings import ClientSettings
from fleet.errors import Conflict
from fleet.revocation.standing import UnitStanding
from fleet.settings import JoiningSettings
from fleet.store.store import Store
from protocols.joining import JoinPending, JoinRefusal, Renewed
from tests.support.controller import RunningApi, running_api
from tests.support.joining import Knocker
from tests.support.unit_door import PERSON, JoinedUnit, join, new_key

Owner: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass
class Months:
    """A controller whose clock a test moves, and a unit that has joined."""

    api: RunningApi
    unit: JoinedUnit
    person: ClientSettings
    standing: UnitStanding
    now: datetime

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)

    def door(self) -> AbstractAsyncContextManager[FleetClient]:
        return connect(self.person)


@pytest.fixture
async def months(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[Months]:
    moved: list[Months] = []

    def clock() -> datetime:
        return moved[0].now if moved else datetime.now(UTC)

    bounds = JoiningSettings(max_pending=2, requests_per_minute=10_000, poll_after_s=0.05)
    async with running_api(store, dsn, tmp_path, clock=clock, joining=bounds) as api:
        person = await api.add_person(PERSON, "engineer")
        unit = await join(api)
        moved.append(Months(api, unit, person, UnitStanding(store, clock), datetime.now(UTC)))
        yield moved[0]


def code_of(answer: object) -> str:
    assert isinstance(answer, JoinRefusal), answer
    assert answer.remedy
    return answer.code


async def _accept(months: Months) -> None:
    async with months.door() as door:
        (waiting,) = await door.joins()
        assert (await door.accept_join(waiting.join_id, waiting.fingerprint)).unit_id == months.unit.unit_id


async def test_a_unit_that_was_away_comes_back_with_its_old_key(months: Months, store: Store, owner: Owner) -> None:
    unit = months.unit
    await unit.connects(store)
    months.pass_days(100)
    for _ in range(2):
        waiting = await unit.rejoin()
        assert isinstance(waiting, JoinPending)
        assert waiting.fingerprint == unit.fingerprint
    async with months.door() as door:
        (shown,) = await door.joins()
        assert (shown.rejoins, shown.label, shown.invited_by, shown.model) == (unit.unit_id, "van kit 3", "", "m")
        with pytest.raises(Refused) as refused:
            await door.accept_join(shown.join_id, Knocker(months.api.ca_file).fingerprint)
        assert refused.value.problem.code == "fingerprint-differs"
    await _accept(months)
    answers = [await unit.rejoin() for _ in range(2)]
    assert answers[0] == answers[1]
    assert isinstance(answers[0], Renewed)
    back = unit.with_certificate(unit.key, answers[0].certificate_chain_pem)
    assert back.leaf.public_key() == unit.key.public_key()
    assert back.leaf.not_valid_after_utc > months.now + timedelta(days=29)
    rows = await owner.fetch("SELECT kind, body FROM log_entry WHERE unit_id = $1 ORDER BY entry_id", unit.unit_id)
    assert [row["kind"] for row in rows] == ["unit.joined", "certificate.used", "join.presented", "unit.rejoined"]
    assert msgspec.json.decode(rows[2]["body"])["voucher"] is None
    assert msgspec.json.decode(rows[3]["body"])["certificate"] == back.serial
    assert await owner.fetchval("SELECT predecessor FROM certificate WHERE serial = $1", back.serial) == unit.serial
    assert await back.connects(store) is None
    assert code_of(await unit.rejoin()) == "certificate-valid"


async def test_it_can_come_back_again_and_after_a_renewal(months: Months, store: Store) -> None:
    unit = await months.unit.renewed(new_key())
    await unit.connects(store)
    for _ in range(2):
        months.pass_days(31)
        assert isinstance(await unit.rejoin(), JoinPending)
        await _accept(months)
        answer = await unit.rejoin()
        assert isinstance(answer, Renewed)
        unit = unit.with_certificate(unit.key, answer.certificate_chain_pem)
        assert await unit.connects(store) is None


async def test_a_unit_that_never_connected_with_its_last_certificate_may_have_stored_it_or_not(
    months: Months, store: Store
) -> None:
    await months.unit.connects(store)
    successor = await months.unit.renewed(new_key())
    months.pass_days(60)
    assert isinstance(await months.unit.rejoin(), JoinPending)
    assert code_of(await successor.rejoin()) == "join-refused", "one of the two at a time"
    async with months.door() as door:
        (waiting,) = await door.joins()
        await door.refuse_join(waiting.join_id, "it shows the other one")
    months.pass_days(1)
    assert isinstance(await successor.rejoin(), JoinPending)


async def test_an_older_key_than_the_one_in_use_does_not_come_back(months: Months, store: Store, owner: Owner) -> None:
    await months.unit.connects(store)
    successor = await months.unit.renewed(new_key())
    await successor.connects(store)
    months.pass_days(60)
    assert code_of(await months.unit.rejoin()) == "certificate-superseded"
    state = await owner.fetchval("SELECT state FROM unit WHERE unit_id = $1", months.unit.unit_id)
    assert state == "active", "such a request proves no possession now, so that it quarantines nobody"
    assert isinstance(await successor.rejoin(), JoinPending)


async def test_a_unit_with_a_good_certificate_is_told_to_renew(months: Months) -> None:
    assert code_of(await months.unit.rejoin()) == "certificate-valid"
    months.pass_days(29.5)
    assert isinstance(await months.unit.rejoin(), JoinPending), "it may end before the renewal is through"


async def test_a_key_that_is_not_the_unit_s_is_refused(months: Months) -> None:
    other = await join(months.api, "another")
    months.pass_days(60)
    stranger = months.unit.with_certificate(new_key(), months.unit.chain_pem)
    swapped = months.unit.with_certificate(other.key, other.chain_pem)
    unknown = JoinedUnit(months.api, "unit-22222222", months.unit.key, months.unit.chain_pem)
    for asking in (stranger, swapped, unknown):
        assert code_of(await asking.rejoin()) == "key-unknown"


async def test_a_person_s_refusal_is_repeated_for_a_day(months: Months) -> None:
    months.pass_days(60)
    await months.unit.rejoin()
    async with months.door() as door:
        (waiting,) = await door.joins()
        await door.refuse_join(waiting.join_id, "not seen since the fire")
    refusal = await months.unit.rejoin()
    assert isinstance(refusal, JoinRefusal)
    assert (refusal.code, "not seen since the fire" in refusal.message) == ("join-refused", True)
    months.pass_days(1)
    assert isinstance(await months.unit.rejoin(), JoinPending)


async def test_a_quarantined_or_revoked_unit_does_not_come_back(months: Months) -> None:
    unit_id = months.unit.unit_id
    months.pass_days(60)
    assert isinstance(await months.unit.rejoin(), JoinPending)
    await months.standing.quarantine(unit_id, "looked at", PERSON)
    assert code_of(await months.unit.rejoin()) == "unit-quarantined"
    with pytest.raises(Conflict) as refused:
        await _decide(months)
    assert refused.value.problem.code == "unit-quarantined"
    await months.standing.revoke(unit_id, "stolen", PERSON)
    assert code_of(await months.unit.rejoin()) == "unit-revoked"
    async with months.door() as door:
        assert await door.joins() == []


async def _decide(months: Months) -> None:
    async with months.api.services.store.transaction() as transaction:
        (waiting,) = await transaction.joining.pending()
    await months.api.services.decisions.accept(waiting.join_id, waiting.fingerprint, PERSON)


async def test_units_that_come_back_and_units_that_join_share_one_bound(months: Months) -> None:
    other = await join(months.api, "another")
    months.pass_days(60)
    waiting = Knocker(months.api.ca_file)
    assert isinstance(await waiting.knock((await months.api.services.vouchers.make("", PERSON)).text), JoinPending)
    assert isinstance(await months.unit.rejoin(), JoinPending)
    assert code_of(await other.rejoin()) == "joins-full"
    assert isinstance(await months.unit.rejoin(), JoinPending)
