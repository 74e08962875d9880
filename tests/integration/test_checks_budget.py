"""However many begin checks under one mandate at once, at however many controllers: its day is not overrun."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from secrets import token_hex

import pytest

from fleet.checks.grants import Answer, Granted, Grants
from fleet.checks.permits import Check
from fleet.clock import utc_now
from fleet.store.store import Store, open_store
from protocols.access_record import Modality
from protocols.ids import new_opening_id
from tests.support.check_house import BOOT, CheckHouse
from tests.support.mandate_house import UNIT
from tests.support.mandates import allows

PEOPLE = ("TO-12", "TO-13", "SU-01")
WISHES: tuple[list[Modality], ...] = (["video"], ["audio"], ["video", "audio"])
LIMIT_S = 120.0


@pytest.fixture
async def controllers(house: CheckHouse, store: Store, dsn: str) -> AsyncIterator[list[tuple[Store, Grants]]]:
    """Two, each with its own connections to the one database."""
    other = await open_store(dsn, max_connections=8)
    key, receipts = house.api.credentials.down_key, house.api.services.log.receipts
    yield [(one, Grants(one, utc_now, receipts, key, token_hex(8))) for one in (store, other)]
    await other.close()


async def _use_up(store: Store, grants: Grants, mandate: str, person: str, modalities: list[Modality]) -> list[Check]:
    """Open and close again and again until the mandate allows no more; what was opened."""
    opened: list[Check] = []
    while True:
        check = Check(
            opening=new_opening_id(),
            unit_id=UNIT,
            modalities=modalities,
            mandate_id=mandate,
            person_id=person,
            begun_at=utc_now(),
        )
        found = await grants.grant(check, Answer(token_hex(16), BOOT), first=True)
        if isinstance(found, Granted):
            opened.append(check)
            async with store.transaction() as transaction:
                await transaction.checks.close(check.opening, "closed", "asked", "", utc_now())
        elif found.rule != "busy":
            assert found.rule == "over-openings"
            return opened


async def test_openings_begun_at_once_at_two_controllers_are_as_many_as_the_mandate_allows(
    house: CheckHouse, controllers: list[tuple[Store, Grants]]
) -> None:
    authority = await house.authority()
    limits = [allows("audio", openings_per_day=4), allows("video", openings_per_day=6)]
    mandate = (await house.signed(authority.authority_id, allows=limits)).mandate_id
    async with asyncio.timeout(LIMIT_S):
        opened = await asyncio.gather(
            *(
                _use_up(store, grants, mandate, person, wish)
                for store, grants in controllers
                for person in PEOPLE
                for wish in WISHES
            )
        )
    counted = Counter(modality for each in opened for check in each for modality in check.modalities)
    assert counted == {"video": 6, "audio": 4}
    assert len(await house.entries("lease.granted")) == sum(len(each) for each in opened)


async def test_of_many_that_are_begun_at_once_at_two_controllers_one_has_the_camera(
    house: CheckHouse, controllers: list[tuple[Store, Grants]]
) -> None:
    mandate = await house.mandate(["video"])
    checks = [
        Check(
            opening=new_opening_id(),
            unit_id=UNIT,
            modalities=["video"],
            mandate_id=mandate,
            person_id=person,
            begun_at=utc_now(),
        )
        for person in PEOPLE * 2
    ]
    async with asyncio.timeout(LIMIT_S):
        found = await asyncio.gather(
            *(
                controllers[number % 2][1].grant(check, Answer(token_hex(16), BOOT), first=True)
                for number, check in enumerate(checks)
            )
        )
    assert len([one for one in found if isinstance(one, Granted)]) == 1
    assert {one.rule for one in found if not isinstance(one, Granted)} == {"busy"}
