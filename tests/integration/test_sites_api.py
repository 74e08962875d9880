"""Sites through the API: addresses are shown to who asks for the one, entered as a look, erased for good, and never in
the log."""

from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import asyncpg
import pytest

from fleet.store.store import Store
from protocols.api.sites import NewSurvey, SignalSeen
from tests.support.mandate_house import Owner, entries, refusal
from tests.support.rota_house import RotaHouse, rota_house

ADDRESS, ACCESS = "14 Wharf Lane, unit 3", "key from the night porter, ask for Ann"


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with rota_house(store, dsn, tmp_path, with_rota=False) as made:
        yield made


async def test_an_address_is_shown_to_who_asks_for_it_and_each_look_is_an_entry(house: RotaHouse, owner: Owner) -> None:
    made = await house["TO-12"].put_site("NORTH-3", 0, address=ADDRESS)
    assert (made.address, made.access, made.row.version) == (ADDRESS, "", 1)
    page = await house["IN-01"].sites()
    assert (page.total, ADDRESS in repr(page)) == (1, False)
    assert await entries(owner, "site.consulted") == []
    assert (await house["TO-13"].site("NORTH-3")).address == ADDRESS
    with_access = await house["TO-13"].put_site("NORTH-3", 1, access=ACCESS)
    assert (with_access.address, with_access.access, with_access.row.version) == (ADDRESS, ACCESS, 2)
    looks = await entries(owner, "site.consulted")
    assert [(one["actor"], one["site_code"], one["dpa"]) for one in looks] == [("TO-13", "NORTH-3", "consultation")] * 2
    assert [one["changed"] for one in await entries(owner, "site.set")] == [["address"], ["access"]]
    assert await refusal(house["TO-12"].put_site("NORTH-3", 1, address="x")) == (409, "site-changed")
    assert await refusal(house["TO-12"].site("SOUTH-1")) == (404, "site-unknown")
    assert await refusal(house["IN-01"].put_site("SOUTH-1", 0)) == (403, "role-not-allowed")


async def test_what_is_erased_is_gone_for_good_and_was_never_in_the_log(house: RotaHouse, owner: Owner) -> None:
    await house["TO-12"].put_site("NORTH-3", 0, address=ADDRESS, access=ACCESS)
    survey = NewSurvey(surveyed_at=house.clock.now, supply="none", note=ACCESS)
    await house["TO-12"].survey_site("NORTH-3", survey)
    assert await refusal(house["TO-12"].erase_site("NORTH-3")) == (403, "role-not-allowed")
    gone = await house["SU-01"].erase_site("NORTH-3")
    assert (gone.address, gone.access, gone.row.erased_at, gone.row.version) == ("", "", house.clock.now, 2)
    assert await refusal(house["SU-01"].erase_site("NORTH-3")) == (409, "site-erased")
    assert await refusal(house["TO-12"].put_site("NORTH-3", 2, address=ADDRESS)) == (409, "site-erased")
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute("UPDATE site SET address = 'again', erased_at = NULL, erased_by = NULL")
    (told,) = await entries(owner, "site.erased")
    assert (told["site_code"], told["dpa"]) == ("NORTH-3", "erasure")
    written = str(await owner.fetch("SELECT body FROM log_entry WHERE starts_with(kind, 'site.')"))
    texts = str(await owner.fetch("SELECT * FROM log_text"))
    for text in (ADDRESS, ACCESS):
        assert text not in written + texts
        assert sha256(text.encode()).hexdigest() not in written
        assert "sha256" not in written


async def test_a_survey_says_what_supply_and_signal_there_are(house: RotaHouse, owner: Owner) -> None:
    await house["TO-12"].put_site("NORTH-3", 0)
    signals = [SignalSeen(network="one", rsrp_dbm=-101.5, sinr_db=4), SignalSeen(network="two", rsrp_dbm=-88)]
    early = NewSurvey(surveyed_at=house.clock.now - timedelta(days=2), supply="battery")
    late = NewSurvey(
        surveyed_at=house.clock.now, supply="mains", supply_mv=230_000, signals=signals, note="by the door"
    )
    for survey in (early, late):
        view = await house["TO-12"].survey_site("NORTH-3", survey)
    assert [(one.supply, one.surveyed_by) for one in view.surveys] == [("mains", "TO-12"), ("battery", "TO-12")]
    assert (view.surveys[0].signals, view.surveys[0].supply_mv) == (signals, 230_000)
    (row,) = (await house["TO-12"].sites("mains")).rows
    assert (row.site, row.supply, row.best_rsrp_dbm, row.surveyed_at) == ("NORTH-3", "mains", -88, house.clock.now)
    assert (await house["TO-12"].sites("vehicle")).rows == []
    assert await refusal(house["TO-12"].survey_site("NORTH-3", late)) == (409, "survey-there")
    ahead = NewSurvey(surveyed_at=house.clock.now + timedelta(hours=1), supply="mains")
    assert await refusal(house["TO-12"].survey_site("NORTH-3", ahead)) == (400, "in-the-future")
    assert [one["networks"] for one in await entries(owner, "site.surveyed")] == [0, 2]
