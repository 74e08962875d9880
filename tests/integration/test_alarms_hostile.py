"""Paging under attack: storms of alarms, receivers that hang, tests of contacts as a flood of mail."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.alarms.raising import NewAlarm, raise_alarm
from fleet.client import Refused
from fleet.paging.desk import AlarmDesk
from fleet.store.people import Person
from fleet.store.store import Store
from protocols.api.alarms import NewWindow
from tests.support.alarm_house import PRIMARY_NOW, UNIT, AlarmHouse, address_of, alarm_house
from tests.support.mandate_house import refusal
from tests.support.waiting import until

STORM = 700


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[AlarmHouse]:
    async with alarm_house(store, dsn, tmp_path) as made:
        yield made


async def _raise(house: AlarmHouse, count: int, kind: str) -> None:
    async with house.store.transaction() as transaction:
        for number in range(count):
            new = NewAlarm(
                subject_kind="controller",
                subject=f"{kind}-{number}",
                kind=kind,
                severity="alarm" if kind == "tamper" else "warning",
                summary="it is so",
                rule="test",
            )
            await raise_alarm(transaction, new, house.now)


async def test_a_storm_hides_no_alarm_and_is_few_messages(house: AlarmHouse) -> None:
    await house.rota[PRIMARY_NOW].add_contact("e-mail", address_of(PRIMARY_NOW))
    await _raise(house, 1, "tamper")
    await _raise(house, STORM, "quiet")
    assert await house.round() == STORM + 1
    bodies = house.mail.bodies(address_of(PRIMARY_NOW))
    assert len(bodies) <= 2
    assert any("tamper" in body for body in bodies)


async def test_webhooks_that_hang_keep_no_mail_waiting(store: Store, dsn: str, tmp_path: Path) -> None:
    async with alarm_house(store, dsn, tmp_path, send_limit_s=30) as house:
        house.hook.answers.clear()
        for number in range(5):
            await house.rota[PRIMARY_NOW].add_contact("webhook", f"http://{house.hook.host}/{number}")
        await house.rota["SU-01"].add_contact("e-mail", address_of("SU-01"))
        await _raise(house, 1, "tamper")
        await house.engine.look()
        house.rota.clock.go_on(minutes=10)
        await house.engine.look()
        sending = asyncio.create_task(house.sender.send_due())
        try:
            await until(lambda: _came(house))
            assert not sending.done()
        finally:
            house.hook.answers.set()
            await sending


async def _came(house: AlarmHouse) -> bool:
    return len(house.hook.came) > 1 and len(house.mail.bodies(address_of("SU-01"))) == 1


async def test_tests_of_a_contact_at_once_and_of_one_added_again_are_one_mail(house: AlarmHouse) -> None:
    made = await house.rota[PRIMARY_NOW].add_contact("e-mail", address_of(PRIMARY_NOW))
    asked = [house.rota[PRIMARY_NOW].test_contact(made.contact) for _ in range(6)]
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(one, Refused) and one.problem.code == "tested-just-now" for one in found) == 5
    assert len(house.mail.bodies(address_of(PRIMARY_NOW))) == 1
    await house.rota[PRIMARY_NOW].withdraw_contact(made.contact)
    again = await house.rota[PRIMARY_NOW].add_contact("e-mail", address_of(PRIMARY_NOW))
    assert await refusal(house.rota[PRIMARY_NOW].test_contact(again.contact)) == (409, "tested-just-now")
    house.rota.clock.go_on(seconds=10)
    assert (await house.rota[PRIMARY_NOW].test_contact(again.contact)).sent


async def test_who_may_not_see_deployments_sees_none_in_alarms(house: AlarmHouse) -> None:
    watched = NewAlarm(
        subject_kind="person", subject="TO-12", kind="welfare-missed", severity="alarm", summary="so", rule="test"
    )
    async with house.store.transaction() as transaction:
        raised = await raise_alarm(transaction, watched, house.now)
    await _raise(house, 1, "tamper")
    desk = house.rota.api.services.alarms
    async with house.store.transaction() as transaction:
        people = await transaction.people.every()
    seen = {}
    for role in ("engineer", "administrator"):
        caller = next(one for one in people if one.role == role)
        ids = [raised.alarm_id, *await _ids(desk, caller)]
        seen[role] = [one.alarm.kind for one in await desk.details(ids, caller)]
    assert seen == {"engineer": ["welfare-missed", "tamper"], "administrator": ["tamper"]}


async def test_who_may_not_see_deployments_sees_none_in_windows(house: AlarmHouse) -> None:
    await house.rota["TO-11"].make_alarm_window(
        NewWindow(unit=UNIT, starts_at=house.now, ends_at=house.now + timedelta(hours=1), reason="a new antenna")
    )
    desk = house.rota.api.services.alarm_rules
    async with house.store.transaction() as transaction:
        people = await transaction.people.every()
    reasons = {}
    for role in ("engineer", "administrator"):
        caller = next(one for one in people if one.role == role)
        reasons[role] = [one.reason for one in await desk.windows(caller, "", "")]
    assert reasons == {"engineer": ["a new antenna"], "administrator": [""]}


async def _ids(desk: AlarmDesk, caller: Person) -> list[str]:
    page = await desk.alarms(caller, open_only=True, unit_id="", deployment_id="", before="", limit=10)
    return [one.alarm for one in page.alarms]
