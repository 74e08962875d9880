"""What of deployments, timers and handovers the API tells as duties, and to whom."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from fleet.store.store import Store
from protocols.api.duties import Duty
from protocols.api.welfare import NewWelfare
from tests.support.deployment_house import authority, deployment_house, named, planned
from tests.support.rota_house import NOW, RotaHouse, week

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


async def duties(house: RotaHouse, person: str, *kinds: str) -> list[Duty]:
    return [one for one in await house[person].duties() if one.kind in kinds]


async def test_a_planned_deployment_waits_for_its_authority_its_visit_and_its_end(house: RotaHouse) -> None:
    view = await planned(house)
    number = view.row.deployment
    wanted = [len(await duties(house, who, "authority-wanted")) for who in ("TO-12", "AP-01", "TO-13")]
    assert wanted == [1, 1, 0]
    (visit,) = await duties(house, "TO-12", "visit-soon")
    assert (visit.deployment, visit.due_at) == (number, view.visits[0].starts_at)
    assert await duties(house, "SU-01", "visit-soon") == []
    (ends,) = await duties(house, "TO-12", "deadline")
    assert (ends.about, ends.due_at, ends.is_alarm) == (number, NOW + 4 * DAY, False)
    await named(house, view, ends_at=NOW + 5 * DAY)
    assert await duties(house, "TO-12", "authority-wanted") == []
    (told,) = await duties(house, "AP-01", "authority-ending", "deadline")
    assert (told.kind, told.deployment) == ("authority-ending", number)
    assert told.sentence.endswith(f"; {number} rests on it")
    await authority(house, reference="URN-26/115", ends_at=NOW + 5 * DAY)
    other = [one for one in await duties(house, "AP-01", "authority-ending") if one.about != told.about]
    assert [one.deployment for one in other] == [None]


async def test_a_missed_answer_waits_for_the_person_and_for_supervisors(house: RotaHouse) -> None:
    begun = await house["TO-12"].start_welfare(NewWelfare())
    house.clock.go_on(minutes=70)
    for person, many in (("TO-12", 1), ("SU-01", 1), ("TO-13", 0), ("AP-01", 0)):
        assert [one.about for one in await duties(house, person, "welfare-due")] == [begun.welfare] * many
    await house["TO-12"].answer_welfare(begun.welfare)
    assert await duties(house, "SU-01", "welfare-due") == []


async def test_a_handover_waits_for_both_until_both_have_acknowledged_it(house: RotaHouse) -> None:
    house.clock.now = week(0) - HOUR
    (due,) = await duties(house, "TO-12", "handover-due")
    assert (due.about, due.rota, due.due_at, due.is_alarm) == ("technical", "technical", week(0), False)
    made = (await house["TO-12"].make_handover("technical")).row
    await house["TO-12"].acknowledge_handover(made.handover, made.sha256)
    assert await duties(house, "TO-12", "handover-due") == []
    assert [one.about for one in await duties(house, "TO-13", "handover-due")] == [made.handover]
    house.clock.now = week(0) + HOUR
    assert [one.is_alarm for who in ("TO-12", "TO-13") for one in await duties(house, who, "handover-due")] == [
        True
    ] * 2
    await house["TO-13"].acknowledge_handover(made.handover, made.sha256)
    assert await duties(house, "TO-13", "handover-due") == []
