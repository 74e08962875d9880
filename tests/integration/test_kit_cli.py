"""`fleet kit` and `fleet site` as people run them, against a real API."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.support.fleet_command import LIMIT_S
from tests.support.kit_house import add, deployment, go_on, kit_house
from tests.support.mandate_house import Owner, entries
from tests.support.rota_cli import asked, begun, fleet, settings_file
from tests.support.rota_house import RotaHouse

ADDRESS = "14 Wharf Lane"


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with kit_house(store, dsn, tmp_path) as made:
        yield made


async def test_kit_is_entered_listed_and_gets_a_label(house: RotaHouse, tmp_path: Path) -> None:
    code, out, err = await fleet(house, "TO-11", "kit", "add", "pack-12", "--place", "STORE-1", "--serial", "B-77")
    assert (code, out) == (0, "K-0001 (Battery 12 V 40 Ah) is in STORE-1, and SU-01 has it\n"), err
    assert "fleet kit labels K-0001" in err
    await add(house, "van-kit")
    code, out, err = await fleet(house, "IN-01", "kit", "list")
    assert (code, [line.split()[:2] for line in out.splitlines()[1:]]) == (
        0,
        [["K-0001", "pack-12"], ["K-0002", "van-kit"]],
    )
    assert err == "2 available\n"
    assert (await asked(house, "IN-01", "kit", "list", "van", "--kind", "unit"))["total"] == 1
    code, out, _ = await fleet(house, "IN-01", "kit", "show", "2")
    assert (code, "may it go out  yes" in out, "check the seals" in out, "OP014" in out) == (0, True, True, True)
    file = tmp_path / "labels.pdf"
    code, out, err = await fleet(house, "TO-11", "kit", "labels", "K-0001", "k2", "--out", str(file))
    assert (code, out) == (0, f"{file}: labels of K-0001, K-0002\n"), err
    assert file.read_bytes().startswith(b"%PDF")


async def test_labels_are_scanned_line_by_line_and_refusals_make_it_fail(house: RotaHouse, owner: Owner) -> None:
    first, second = await add(house), await add(house)
    which = await deployment(house)
    out = ("kit", "scan", "out", "--for", which)
    code, said, err = await fleet(house, "TO-12", *out, said=f"{first}\r\nnonsense\n\n{second}\n{first}".encode())
    assert code == 3
    assert [line.split(";")[0] for line in said.splitlines()] == [
        f"{one} (Battery 12 V 40 Ah) is out with TO-12 for {which}, to be back by 2026-02-07 12:00 UTC"
        for one in (first, second)
    ]
    assert "REFUSED nonsense: 'nonsense' is no code: read the label, as K-0042" in err
    assert f"REFUSED {first}: you have {first} already" in err
    assert err.splitlines()[-1] == "fleet: 2 of 4 were refused: see above"
    assert {one["how"] for one in await entries(owner, "kit.moved")} == {"scan"}
    code, said, _ = await fleet(house, "TO-13", "kit", "scan", "hand-over", first)
    assert (code, said) == (0, f"{first} (Battery 12 V 40 Ah) passed from TO-12 to TO-13\n")
    await go_on(house, which, "recovered")
    back = await asked(house, "TO-13", "kit", "scan", "in", first, "--to", "VAN-2", "--condition", "worn")
    assert (back["result"]["row"]["custodian"], back["result"]["left_to_scan"]) == ("TO-11", [second])
    code, said, _ = await fleet(house, "IN-01", "kit", "movements", first)
    assert (code, len(said.splitlines())) == (0, 5)
    code, _, err = await fleet(house, "TO-12", "kit", "scan", "out", said=b"")
    assert (code, "no code was given" in err) == (3, True)


async def test_kit_is_looked_after(house: RotaHouse) -> None:
    item = await add(house)
    for words, said in [
        (
            ("condition", item, "worn", "--note", "a scratch"),
            "is worn, in-service; it may go out",
        ),
        (("service", item, "quarantined", "--reason", "a loose cell"), f"it can not go out: {item} is quarantined"),
        (("reading", item, "battery_cycles", "95"), "battery_cycles stands at 95"),
        (("maintained", item, "capacity", "--when", "2026-02-04T11:00Z"), "in-time"),
    ]:
        code, out, err = await fleet(house, "TO-12", "kit", *words)
        assert (code, said in out) == (0, True), (out, err)
    code, _, err = await fleet(house, "TO-12", "kit", "service", item, "in-service", "--reason", "seems fine")
    assert (code, "a supervisor's decision" in err) == (3, True)
    lost = await asked(house, "SU-01", "kit", "service", item, "lost", "--reason", "not there")
    assert lost["row"]["standing"] == "gone"


async def test_models_stock_and_stores_are_kept(house: RotaHouse) -> None:
    code, printed, _ = await fleet(house, "SU-01", "kit", "model", "show", "fuse-10a")
    fuse = json.loads(printed)
    assert (code, fuse["low_at"]) == (0, 20)
    given = json.dumps({**fuse, "low_at": 5}).encode()
    code, out, err = await fleet(house, "SU-01", "kit", "model", "set", "-", said=given)
    assert (code, out) == (0, "fuse-10a (Blade fuse 10 A) is set in version 2\n"), err
    code, out, _ = await fleet(house, "TO-12", "kit", "stock", "fuse-10a", "+8", "--note", "a box")
    assert (code, out) == (0, "8 of Blade fuse 10 A (fuse-10a) are left\n")
    code, out, _ = await fleet(house, "TO-12", "kit", "stock", "fuse-10a", "-3")
    assert (code, out) == (0, "5 of Blade fuse 10 A (fuse-10a) are left; it is low from 5 on\n")
    code, out, _ = await fleet(house, "IN-01", "kit", "models")
    assert (code, [line.split()[0] for line in out.splitlines()[1:] if "LOW" in line]) == (0, ["fuse-10a", "pack-12"])
    code, out, _ = await fleet(house, "SU-01", "kit", "place", "set", "STORE-1", "--keeper", "SU-02")
    assert (code, out) == (0, "STORE-1 (main store) is kept by SU-02, who has what lies there: 0\n")
    assert [one["place"] for one in await asked(house, "TO-12", "kit", "places")] == ["STORE-1", "VAN-2"]


async def test_an_address_is_read_from_standard_input_and_erased_for_good(house: RotaHouse, owner: Owner) -> None:
    lines = f"{ADDRESS}\nask the porter\n".encode()
    code, out, err = await fleet(house, "TO-12", "site", "set", "NORTH-3", "--address", "--access", said=lines)
    assert (code, out) == (0, "NORTH-3 is set in version 1\n"), err
    words = ("--supply", "mains", "--supply-mv", "230000", "--signal", "one:-101.5:4", "--signal", "two", "--when")
    survey = ("site", "survey", "NORTH-3", *words, "2026-02-04T11:00Z", "--note", "by a door")
    code, _, err = await fleet(house, "TO-12", *survey, "--signal", "three:50:9")
    assert (code, "RSRP in dBm (-200 to 0)" in err) == (2, True), err
    code, out, err = await fleet(house, "TO-12", *survey)
    assert (code, out.startswith("the survey of NORTH-3 of ")) == (0, True), err
    code, out, _ = await fleet(house, "IN-01", "site", "list")
    assert (code, "NORTH-3" in out, "-101.5" in out, ADDRESS in out) == (0, True, True, False)
    code, out, _ = await fleet(house, "IN-01", "site", "show", "NORTH-3")
    assert (code, ADDRESS in out, "one -101.5 dBm 4 dB SINR" in out) == (0, True, True)
    assert [one["actor"] for one in await entries(owner, "site.consulted")] == ["TO-12", "IN-01"]
    code, _, err = await fleet(house, "SU-01", "site", "erase", "NORTH-3")
    assert (code, "--yes" in err) == (2, True)
    code, out, _ = await fleet(house, "SU-01", "site", "erase", "NORTH-3", "--yes")
    assert (code, out) == (0, "address and access notes of NORTH-3 are gone\n")
    assert (await asked(house, "IN-01", "site", "show", "NORTH-3"))["address"] == ""


async def test_a_scan_is_told_before_the_next_and_an_interrupt_ends_it(house: RotaHouse) -> None:
    first, second = await add(house), await add(house)
    words = ("kit", "scan", "out", "--json", "--client", str(settings_file(house, "TO-12")))
    process = await begun(*words)
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(LIMIT_S):
        for code in (first, second):
            process.stdin.write(f"{code}\r\n".encode())
            told = json.loads(await process.stdout.readline())
            assert (told["code"], told["result"]["row"]["custodian"]) == (code, "TO-12")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130
