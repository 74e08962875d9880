"""`fleet wiring` against a controller: harnesses kept, shown, given to deployments, and measured."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.store.store import Store
from fleet.wiring.rules.library import template_text
from tests.support.deployment_house import deployment_house
from tests.support.kit_house import deployment
from tests.support.rota_cli import asked, fleet
from tests.support.rota_house import RotaHouse

VAN = template_text("van-12v")
UNSAFE = VAN.replace("F1: {rating_a: 5,", "F1: {rating_a: 20,")


@pytest.fixture
async def house(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[RotaHouse]:
    async with deployment_house(store, dsn, tmp_path) as made:
        yield made


@pytest.fixture
def van(tmp_path: Path) -> str:
    file = tmp_path / "van.yaml"
    file.write_text(VAN, encoding="utf-8")
    return str(file)


@pytest.fixture
def unsafe(tmp_path: Path) -> str:
    file = tmp_path / "unsafe.yaml"
    file.write_text(UNSAFE, encoding="utf-8")
    return str(file)


async def test_a_plan_is_kept_revised_listed_and_shown_as_it_was_written(
    house: RotaHouse, van: str, unsafe: str
) -> None:
    assert (await fleet(house, "TO-12", "wiring", "list"))[1] == "the controller keeps no harness\n"
    code, out, err = await fleet(house, "TO-12", "wiring", "keep", van)
    harness = out.split()[0]
    assert (code, err) == (0, "")
    assert out == f"{harness} van-12v is kept, revision 1; all pass, may be fitted\n"
    code, out, _ = await fleet(house, "TO-12", "wiring", "keep", unsafe, "--harness", "van-12v")
    assert (code, out.startswith(f"{harness} van-12v is kept, revision 2; ")) == (0, True)
    assert out.endswith("not to be fitted\n")
    code, out, _ = await fleet(house, "IN-01", "wiring", "list", "panel")
    assert (code, [line.split()[0] for line in out.splitlines()]) == (0, ["harness", harness])
    assert await fleet(house, "IN-01", "wiring", "show", harness, "--text", "--revision", "1") == (0, VAN, "")
    code, out, _ = await fleet(house, "IN-01", "wiring", "show", "van-12v")
    assert (code, "✗ fuse-protects-cable (safety)" in out, "2 of 2" in out) == (0, True, True)
    assert (await asked(house, "IN-01", "wiring", "show", harness[:6]))["revision"]["revision"] == 2
    code, _, err = await fleet(house, "IN-01", "wiring", "show", "lorry")
    assert (code, "fleet wiring list" in err) == (3, True)


async def test_a_faulty_file_never_reaches_the_controller(house: RotaHouse, tmp_path: Path) -> None:
    file = tmp_path / "faulty.yaml"
    file.write_text("muster_wiring: 1\nname: 1x\n")
    code, out, err = await fleet(house, "TO-12", "wiring", "keep", str(file))
    assert (code, out, err.startswith(f"{file}:2:7: fault: ")) == (2, "", True)
    assert (await house["TO-12"].harnesses()).total == 0


async def test_a_second_harness_of_one_name_is_told(house: RotaHouse, van: str) -> None:
    _, out, err = await fleet(house, "TO-12", "wiring", "keep", van)
    assert err == ""
    code, _, err = await fleet(house, "TO-12", "wiring", "keep", van)
    first = out.split()[0]
    assert (code, err.startswith(f"of the same name: {first}; "), "--harness" in err) == (0, True, True)


async def test_only_a_safe_harness_is_given(house: RotaHouse, unsafe: str) -> None:
    which = await deployment(house, "authorised")
    assert (await fleet(house, "TO-12", "wiring", "keep", unsafe))[0] == 0
    code, _, err = await fleet(house, "TO-12", "wiring", "give", which, "van-12v")
    assert (code, "fuse-protects-cable" in err) == (3, True)
    assert (await fleet(house, "TO-12", "wiring", "given", which))[:2] == (0, "it has no harness\n")


async def test_what_was_measured_is_compared_with_the_plan(house: RotaHouse, van: str) -> None:
    which = await deployment(house, "authorised")
    assert (await fleet(house, "TO-12", "wiring", "keep", van))[0] == 0
    code, out, _ = await fleet(house, "TO-12", "wiring", "give", which, "van-12v")
    assert (code, out.startswith(f"{which} has H-"), out.endswith(" van-12v, revision 1\n")) == (0, True, True)
    fitted = ("wiring", "fitted", which, "van-12v")
    code, _, err = await fleet(house, "TO-12", *fitted)
    assert (code, "--measured main.battery-v=…" in err, "--measured body.termination-ohm=…" in err) == (2, True, True)
    code, _, err = await fleet(house, "TO-12", *fitted, "--measured", "camera.volts=3")
    assert (code, "camera.voltage-at-load-v=11.9" in err) == (2, True)
    code, out, _ = await fleet(
        house, "TO-12", *fitted, "--battery-v", "12.6", "--measured", "camera.voltage-at-load-v=12.5", "--note", "dry"
    )
    assert (code, out.splitlines()[0].endswith("revision 1: passes; dry")) == (0, True)
    assert [line.split()[:3] for line in out.splitlines()[2:]] == [
        ["battery-v", "main", "12.6"],
        ["voltage-at-load-v", "camera", "12.5"],
    ]
    code, out, _ = await fleet(
        house, "TO-12", *fitted, "--battery-v", "12.6", "--measured", "camera.voltage-at-load-v=11"
    )
    assert (code, "does not pass" in out) == (1, True)
    [given] = await asked(house, "IN-01", "wiring", "given", which)
    assert [one["passed"] for one in given["fittings"]] == [False, True]
    code, out, _ = await fleet(house, "IN-01", "wiring", "given", which.removeprefix("DEP-"))
    assert (code, f"harnesses of {which}" in out, out.count("fitted ")) == (0, True, 2)
    code, out, _ = await fleet(house, "TO-12", "wiring", "withdraw", which, "van-12v")
    assert (code, out.startswith(f"{which} has no more H-")) == (0, True)
    code, _, err = await fleet(house, "TO-12", *fitted, "--battery-v", "12.6")
    assert (code, "Traceback" in err) == (3, False)


async def test_an_approver_may_see_and_not_keep(house: RotaHouse, van: str) -> None:
    code, _, err = await fleet(house, "AP-01", "wiring", "keep", van)
    assert (code, "role" in err) == (3, True)
    assert (await fleet(house, "AP-01", "wiring", "list"))[0] == 0
