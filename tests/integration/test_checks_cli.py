"""The commands about checks, as an engineer runs them."""

import asyncio
import os
import pty
import signal
import sys
from contextlib import suppress
from pathlib import Path

import asyncpg
import msgspec

from protocols.access_record import Modality
from protocols.api.checks import CarriedLease, CarriedRequest, CheckView
from protocols.ids import new_opening_id
from protocols.opening import AskNonce, Closed, NonceMade, Refused
from tests.support.check_house import BOOT, LATITUDE, CheckHouse
from tests.support.fleet_command import Ran, run_here
from tests.support.mandate_house import UNIT
from tests.support.media_relay_source import Camera
from tests.support.poor_line import poor_line
from tests.support.reporting import until

FLEET = str(Path(sys.executable).with_name("fleet"))
LIMIT_S = 90.0


async def fleet(
    house: CheckHouse, *words: str, said: bytes | None = None, port: int | None = None, person: str = "TO-12"
) -> Ran:
    """A command by `person`, who reaches the controller at `port`; in a process of its own where something is `said`
    to it."""
    words = (*words, "--client", str(_settings_file(house, port, person)))
    if said is None:
        return await run_here(*words)
    process = await asyncio.create_subprocess_exec(
        *(FLEET, *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT_S):
        out, err = await process.communicate(said)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def _settings_file(house: CheckHouse, port: int | None = None, person: str = "TO-12") -> Path:
    known = house.api.settings_of(house.keys[person])
    url = known.url if port is None else f"https://127.0.0.1:{port}"
    lines = {"url": url, "ca_file": known.ca_file, "person": known.person, "key_file": known.key_file}
    file = house.api.home / f"{person}.toml"
    file.write_text("".join(f'{name} = "{value}"\n' for name, value in lines.items()))
    return file


async def test_one_command_checks_a_unit_and_says_by_its_exit_code_whether_it_is_ready(
    house: CheckHouse, owner: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    code, _, err = await fleet(house, "check", UNIT, "--once")
    assert (code, "no mandate of this unit is live" in err) == (3, True)
    await house.mandate(["video"])
    code, out, err = await fleet(house, "check", UNIT, "--once", "--json")
    view = msgspec.json.decode(out, type=CheckView)
    assert (code, err) == (0, "")
    assert (view.state, view.reason, view.modalities, view.open_s) == ("closed", "asked", ["video"], 1)
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
    code, out, _ = await fleet(house, "check", "close", begun.opening[:9], "--failed", "--note", "out of focus")
    assert (code, begun.opening in out) == (0, True)
    assert "closed (failed)" in out
    code, out, _ = await fleet(house, "check", "list", UNIT)
    assert (code, "failed: out of focus" in out) == (0, True)
    code, _, err = await fleet(house, "check", "close", begun.opening[:9])
    assert (code, "there is no check" in err) == (3, True)
    [judged] = await house.entries("check.judged")
    assert (judged["result"], judged["actor"]) == ("failed", "TO-12")
    assert "out of focus" not in str(judged)


async def test_a_verdict_that_would_not_be_kept_is_refused(house: CheckHouse) -> None:
    await house.mandate(["video"])
    house.unit.silent.add("AskNonce")
    begun = await house.begin("video")
    code, _, err = await fleet(house, "check", "close", begun.opening, "--note", "out of focus")
    assert (code, "add --passed or --failed" in err) == (2, True)
    code, out, _ = await fleet(house, "check", "close", begun.opening)
    assert (code, out) == (0, f"{begun.opening} was refused (asked); open for — s\n")
    code, _, err = await fleet(house, "check", "close", begun.opening, "--passed")
    assert (code, "it opened nothing that could have passed" in err) == (3, True)
    assert await house.entries("check.judged") == []


async def test_a_command_finds_a_unit(house: CheckHouse) -> None:
    await house.mandate(["position"])
    code, out, _ = await fleet(house, "position", UNIT)
    assert code == 0
    assert f"{LATITUDE:.6f}" in out
    assert (await fleet(house, "position", UNIT, "--last", "--json"))[0] == 0


async def test_a_search_that_finds_nothing_or_is_refused_ends_with_a_code_of_its_own(house: CheckHouse) -> None:
    await house.mandate(["position"])
    house.unit.silent.add("position")
    looking = asyncio.create_task(fleet(house, "position", UNIT))
    await until(lambda: _is_leased(house))
    await house.unit.say(Closed(opening=house.unit.opening, reason="no-fix", open_s=1))
    code, out, err = await looking
    assert (code, out) == (1, "")
    assert "no position was found (no-fix)" in err
    house.unit.silent.add("AskNonce")
    heard = len(house.unit.heard)
    looking = asyncio.create_task(fleet(house, "position", UNIT))
    await until(lambda: _hears(house, heard + 1))
    asked = house.unit.heard[-1]
    assert isinstance(asked, AskNonce)
    await house.unit.say(Refused(opening=asked.opening, rule="no-device", detail="no receiver is set"))
    code, _, err = await looking
    assert (code, "the unit was not opened (no-device): no receiver is set" in err) == (3, True)


async def test_a_search_that_is_interrupted_is_closed(house: CheckHouse) -> None:
    await house.mandate(["position"])
    house.unit.silent.add("position")
    process = await asyncio.create_subprocess_exec(FLEET, "position", UNIT, "--client", str(_settings_file(house)))
    await until(lambda: _is_leased(house))
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(LIMIT_S):
        assert await process.wait() == 130
    assert (await house.stands(house.unit.opening, "closed")).reason == "asked"


async def test_whoever_waits_at_a_terminal_is_told_how_far_it_is_and_what_an_interrupted_check_came_to(
    house: CheckHouse,
) -> None:
    await house.mandate(["video"])
    seen, shown = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(FLEET, "check", UNIT, "--once", "--client", str(_settings_file(house))),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=shown,
    )
    os.close(shown)
    said = b""
    while b"it is open; measuring" not in said:
        said += await asyncio.to_thread(os.read, seen, 4096)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(LIMIT_S):
        assert await process.wait() == 130
    with suppress(OSError):  # Linux's way to say that the other side is closed
        while more := await asyncio.to_thread(os.read, seen, 4096):
            said += more
    os.close(seen)
    [opening] = {lease.opening for lease in house.unit.leases}
    assert f"{UNIT} is asked for video ({opening})".encode() in said
    assert f"interrupted: {opening} is closed".encode() in said
    assert (await house.stands(opening, "closed")).reason == "asked"


async def test_what_a_unit_refused_before_there_was_a_lease_is_listed_with_refusals(house: CheckHouse) -> None:
    mandate = await house.mandate(["video"])
    house.unit.silent.add("AskNonce")
    begun = await house.begin("video")
    await until(lambda: _hears(house, 1))
    await house.unit.say(Refused(opening=begun.opening, rule="no-device", detail="the unit has no device for video"))
    await house.stands(begun.opening, "refused")

    async def is_entered() -> bool:
        return bool(await house.entries("lease.refused"))

    await until(is_entered)
    code, out, _ = await fleet(house, "log", "openings", "--refused", person="IN-01")
    assert code == 0
    [_, line] = out.splitlines()
    assert all(word in line for word in ("TO-12", mandate, "no lease", "no-device"))
    code, out, _ = await fleet(house, "log", "openings", person="IN-01")
    assert (code, out) == (0, "nothing was opened that is so\n")


async def _is_leased(house: CheckHouse) -> bool:
    return bool(house.unit.leases)


async def _hears(house: CheckHouse, count: int) -> bool:
    return len(house.unit.heard) >= count


async def test_a_lease_is_carried_for_picture_and_sound(house: CheckHouse) -> None:
    mandate = await house.mandate(["video"])
    code, out, _ = await fleet(house, "carry", "-", said=_asked(house, mandate, "video"))
    assert code == 0
    assert msgspec.json.decode(out, type=CarriedLease).grant.offer is None
    code, _, err = await fleet(house, "carry", "-", said=b"something else")
    assert (code, "does not hold what a unit asks for" in err) == (3, True)


async def test_what_a_carried_lease_is_of_no_use_for_is_refused_before_it_is_granted(house: CheckHouse) -> None:
    mandate = await house.mandate(["video", "position"])
    code, out, err = await fleet(house, "carry", "-", said=_asked(house, mandate, "video", "position"))
    assert (code, out) == (3, "")
    assert "a position is not carried" in err
    bench = await house.signed(None)
    code, out, err = await fleet(house, "carry", "-", said=_asked(house, bench.mandate_id, "video"))
    assert (code, out) == (3, "")
    assert f"{bench.mandate_id} is a bench mandate" in err
    assert "fleet check UNIT --once" in err
    assert await house.entries("lease.") == []


def _asked(house: CheckHouse, mandate: str, *modalities: Modality) -> bytes:
    """What `edge-agent carried ask` prints."""
    made = NonceMade(opening=new_opening_id(), nonce="5a" * 16, boot_id=BOOT)
    request = CarriedRequest(
        unit=UNIT,
        opening=made.opening,
        nonce=made.nonce,
        modalities=list(modalities),
        mandate=mandate,
        sealed=house.unit.sealed(made),
    )
    return msgspec.json.encode(request)
