"""The commands about checks, as an engineer runs them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import msgspec
import pytest

from fleet.store.store import Store
from protocols.api.checks import CarriedLease, CarriedRequest, CheckView
from protocols.ids import new_opening_id
from protocols.opening import NonceMade
from tests.support.check_house import BOOT, LATITUDE, CheckHouse, check_house
from tests.support.mandate_house import UNIT
from tests.support.media_relay_source import Camera
from tests.support.poor_line import poor_line

FLEET = str(Path(sys.executable).with_name("fleet"))
LIMIT_S = 90.0


@pytest.fixture
async def house(
    store: Store, dsn: str, owner: "asyncpg.Connection[asyncpg.Record]", tmp_path: Path
) -> AsyncIterator[CheckHouse]:
    async with check_house(store, dsn, owner, tmp_path) as made:
        yield made


async def fleet(house: CheckHouse, *words: str, said: bytes = b"", port: int | None = None) -> tuple[int, str, str]:
    """Exit code, output and complaints of a command by TO-12, who reaches the controller at `port`."""
    known = house.api.settings_of(house.keys["TO-12"])
    url = known.url if port is None else f"https://127.0.0.1:{port}"
    lines = {"url": url, "ca_file": known.ca_file, "person": known.person, "key_file": known.key_file}
    file = house.api.home / "TO-12.toml"
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in lines.items()))
    process = await asyncio.create_subprocess_exec(
        *(FLEET, *words, "--client", str(file)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate(said)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_one_command_checks_a_unit_and_says_by_its_exit_code_whether_it_is_ready(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    code, _, err = await fleet(house, "check", UNIT, "--once")
    assert (code, "no mandate of this unit is live" in err) == (3, True)
    await house.mandate(["video"])
    code, out, err = await fleet(house, "check", UNIT, "--once", "--json")
    view = msgspec.json.decode(out, type=CheckView)
    assert (code, err) == (0, "")
    assert (view.state, view.reason, view.modalities, view.open_s) == ("closed", "asked", ["video"], 3)
    assert view.readiness is not None
    assert view.readiness.passed is True
    assert [row["way"] for row in await owner.fetch("SELECT way FROM opening_viewer")] == ["still"]
    house.unit.camera = Camera(fps=5, gop=5, count=10)
    code, out, _ = await fleet(house, "check", UNIT, "--once", "--video")
    assert code == 1
    assert "pictures come too rarely" in out
    assert "at least 8 fps" in out
    code, out, _ = await fleet(house, "check", "list", UNIT)
    assert code == 0
    assert len(out.splitlines()) == 3
    code, _, err = await fleet(house, "check", UNIT)
    assert (code, "watch: fleet-console" in err) == (2, True)


async def test_a_check_from_a_slow_far_and_lossy_line(house: CheckHouse) -> None:
    await house.mandate(["video"])
    async with poor_line(house.api.settings.api.port) as line:
        code, out, err = await fleet(house, "check", UNIT, "--once", "--json", port=line.port)
    view = msgspec.json.decode(out, type=CheckView)
    assert (code, err) == (0, "")
    assert view.readiness is not None
    assert view.readiness.passed is True
    assert len(house.unit.leases) == 1
    assert line.byte_count < 120_000


async def test_a_check_that_goes_on_is_closed_and_judged_by_a_command(house: CheckHouse) -> None:
    await house.mandate(["video"])
    begun = await house.begin("video")
    await house.stands(begun.opening, "live")
    code, out, _ = await fleet(house, "check", "close", begun.opening, "--failed", "--note", "out of focus")
    assert code == 0
    assert "closed (failed)" in out
    [judged] = await house.entries("check.judged")
    assert (judged["result"], judged["actor"]) == ("failed", "TO-12")
    assert "out of focus" not in str(judged)


async def test_a_command_finds_a_unit_and_another_gets_a_lease_to_carry(house: CheckHouse) -> None:
    mandate = await house.mandate(["position"])
    code, out, _ = await fleet(house, "position", UNIT)
    assert code == 0
    assert f"{LATITUDE:.6f}" in out
    assert (await fleet(house, "position", UNIT, "--last", "--json"))[0] == 0
    made = NonceMade(opening=new_opening_id(), nonce="5a" * 16, boot_id=BOOT)
    request = CarriedRequest(
        unit=UNIT,
        opening=made.opening,
        nonce=made.nonce,
        modalities=["position"],
        mandate=mandate,
        sealed=house.unit.sealed(made),
    )
    code, out, _ = await fleet(house, "carry", "-", said=msgspec.json.encode(request))
    assert code == 0
    assert msgspec.json.decode(out, type=CarriedLease).grant.offer is None
    code, _, err = await fleet(house, "carry", "-", said=b"something else")
    assert (code, "does not hold what a unit asks for" in err) == (3, True)
