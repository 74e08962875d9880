"""Deployments in the console, over a real controller: from a request to commissioned kit by keys, and the fast path."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from fleet.store.certificates import StoredCertificate
from fleet.store.store import Store
from fleet.store.telemetry import Heard
from protocols.health import HealthReport
from tests.support.deployment_house import UNITS, authority, deployment_house
from tests.support.rota_house import NOW, RotaHouse
from tests.unit.tui.seen_console import SeenConsole, seen_console

REPORT = HealthReport(
    seq=9,
    sampled_at_ms=0,
    soc_temp_c=51.5,
    supply_mv=5080,
    undervolted=False,
    storage_used_percent=40.0,
    storage_read_only=False,
    clock_synchronised=True,
    clock_offset_ms=3.0,
    link_kind="lte",
    rsrp_dbm=-90.0,
    spool_dropped=0,
)


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        async with store.transaction() as transaction:
            for number, unit in enumerate(UNITS):
                certificate = StoredCertificate(
                    serial=f"c{number:x}",
                    unit_id=unit,
                    fingerprint=f"c{number:063x}",
                    key_protection="soft",
                    not_before=NOW,
                    not_after=NOW + timedelta(days=30),
                    chain_pem="",
                )
                await transaction.certificates.add(certificate)
        await report_well(made)
        yield made


async def report_well(house: RotaHouse) -> None:
    """Let each unit have reported just now that all is well."""
    now = house.clock.now
    async with house.api.services.store.transaction() as transaction:
        for unit in UNITS:
            heard = Heard(
                unit_id=unit,
                received_at=now,
                stored=1,
                presence_due_at=now + timedelta(minutes=5),
                newer=True,
                sampled_at=now,
                spool_id=5,
                seq=REPORT.seq,
                health=msgspec.json.encode(REPORT).decode(),
            )
            await transaction.telemetry.set_heard([heard])


async def to_page(screen: SeenConsole, *words: str) -> None:
    await screen.press("3")
    await screen.sees("DEPLOYMENTS  ", *words)
    await screen.press("enter")


async def go_on(screen: SeenConsole, state: str) -> None:
    """Go the next step, with a reason where the rules warn; it leads to `state`."""
    await screen.sees("NEXT  ")
    await screen.press("s")
    await screen.until(lambda: "yes, do it" in screen.text or "the reason" in screen.text)
    if "the reason" in screen.text:
        await screen.press(*"as it was planned", "enter")
    else:
        await screen.press("y")
    await screen.sees(f"is {state}")


async def test_from_a_request_to_commissioned_kit_by_keys(house: RotaHouse, tmp_path: Path) -> None:
    await authority(house)
    async with seen_console(house["TO-12"], tmp_path) as screen:
        await screen.press("3")
        await screen.sees("No deployment is open")
        await screen.press("n", *"audio", "tab", *"north yard", "tab", *"north", "tab", *"+1h", "tab", *"3d")
        await screen.press("tab", "tab", *"technical", "tab", *"su-01")
        await screen.sees("deployment.requested: TO-12 requests audio/visual at NORTH")
        await screen.press("enter")
        await screen.sees("DEP-1  north yard", "● requested", "NEXT   assess")
        await go_on(screen, "feasible")
        await screen.sees("NEXT   plan   blocked by", "(rule ")
        await screen.press("k")
        await screen.sees("missing 1 unit, 2 battery, 1 antenna")
        await screen.press("a", "y")
        await screen.sees("kept: nothing is missing", "[x]  K-0001")
        await screen.press("escape", "v", "n", "tab", *"+90min", "tab", "tab", *", to-11 driver", "enter")
        await screen.sees("VISITS  DEP-1  1", "TO-12 lead, TO-11 driver")
        await screen.press("escape", "u", "space", "enter")
        await screen.sees("DEP-1 rests on them", "URN-26/114")
        await screen.press("s")
        await screen.sees("saying that it is planned is a supervisor's")
    for person, state in (("SU-01", "planned"), ("SU-02", "authorised")):
        async with seen_console(house[person], tmp_path) as screen:
            await to_page(screen, "DEP-1")
            await go_on(screen, state)
    house.clock.go_on(hours=2)
    await report_well(house)
    kept = (await house["TO-12"].deployment("DEP-1")).items
    async with seen_console(house["TO-12"], tmp_path, (160, 48)) as screen:
        await to_page(screen, "DEP-1")
        await screen.press("s")
        await screen.sees("Check out DEP-1: refused", "scan each label out", "k, then s")
        await screen.press("escape", "k")
        await screen.sees("KIT  DEP-1  4")
        await screen.press("s", *[key for one in kept for key in (*one.item, "enter")])
        await screen.sees("for DEP-1", "nothing is left to scan out")
        await screen.press("escape", "escape")
        for state in ("checked-out", "fitted", "commissioned"):
            await go_on(screen, state)
        await screen.sees("NEXT   go live", "passed", UNITS[0])
    gone = [one for one in (await house["TO-12"].deployment("DEP-1")).steps if one.done_at is not None]
    assert [one.done_by for one in gone] == ["TO-12", "SU-01", "SU-02", "TO-12", "TO-12", "TO-12"]


async def test_six_keys_from_home_to_a_commissioned_unit_where_an_authority_is_in_force(
    house: RotaHouse, tmp_path: Path
) -> None:
    oral = {"urgent_oral": True, "document": None, "starts_at": NOW - timedelta(hours=1)}
    await authority(house, **oral, ends_at=NOW + timedelta(hours=71))
    shows = {
        "exclamation_mark": ("K-0001", "URN-26/114", "K-0003, resting on URN-26/114”", "enter go"),
        "enter": ("DEP-1", "● checked-out", "PAPERWORK OWED 3", "NEXT   fit"),
    }
    async with seen_console(house["TO-12"], tmp_path) as screen:
        await screen.sees("NEEDS YOU")
        for key, words in shows.items():
            await screen.press(key)
            await screen.sees(*words)
        for state in ("fitted", "commissioned"):
            await screen.press("s")
            await screen.sees("yes, do it")
            await screen.press("y")
            await screen.sees(f"DEP-1 is {state}")
        await screen.press("w")
        await screen.sees("Paperwork of DEP-1", "authorise")
        await screen.press("1")
        await screen.sees("is missing", "(rule ")
        await screen.press("escape", "f", "home", *f"{tmp_path}/", "enter")
        await screen.sees("saved ")
    assert (tmp_path / "DEP-1.pdf").read_bytes().startswith(b"%PDF")
