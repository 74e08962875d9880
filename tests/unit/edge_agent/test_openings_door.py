"""The socket for commands on the unit: what is asked and carried there, and what it keeps out."""

import asyncio
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from edge_agent.openings import calling
from edge_agent.openings.calling import call
from edge_agent.openings.carried import (
    MAX_LINE_BYTES,
    SOCKET_NAME,
    Ask,
    Asked,
    Close,
    Done,
    DoorClosed,
    Look,
    Looked,
    Open,
    Opened,
    RefusedByUnit,
    Reply,
    Request,
    reply_decoder,
)
from edge_agent.openings.door import Door
from edge_agent.openings.inspection import inspect, lines
from edge_agent.openings.ledger_file import FILE_NAME
from edge_agent.openings.opener import Answered as ThingAnswered
from edge_agent.openings.verdicts import Bench
from protocols.access_record import Modality
from protocols.opening import Answered, Closed, GrantLease, NonceMade, read_signal
from tests.support.mandates import MANDATE, UNIT
from tests.support.opening_desk import Unit, unit_at
from tests.support.opening_facts import OFFER
from tests.support.waiting import until

_Kind = TypeVar("_Kind")
BOTH: list[Modality] = ["video", "audio"]


@asynccontextmanager
async def house_with_door(path: Path, bench: Bench = Bench()) -> AsyncIterator[Unit]:  # noqa: B008 - it can not change
    async with unit_at(path, bench=lambda: bench) as unit:
        door = Door(path, unit.desk, unit.facts, unit.saying)
        running = asyncio.create_task(door.run())

        async def is_there() -> bool:
            return (path / SOCKET_NAME).exists()

        await until(is_there)
        try:
            yield unit
        finally:
            running.cancel()
            await asyncio.wait({running})


async def asked(path: Path, request: Request, kind: type[_Kind]) -> _Kind:
    reply: Reply = await asyncio.to_thread(call, path, request)
    assert isinstance(reply, kind)
    return reply


async def carried_grant(unit: Unit, path: Path) -> GrantLease:
    """What the laptop brings back."""
    request = (await asked(path, Ask(MANDATE, BOTH), Asked)).request
    made = read_signal(request.sealed)
    assert isinstance(made, NonceMade)
    assert (request.unit, made.opening, made.nonce) == (UNIT, request.opening, request.nonce)
    return unit.house.granted(
        opening=request.opening,
        nonce=request.nonce,
        granted_at_ms=unit.clock.wall_ms(),
        carried=True,
        lasts_s=900,
        offer=OFFER,
    )


async def test_a_carried_lease_opens_and_is_answered_where_it_was_brought(tmp_path: Path) -> None:
    async with house_with_door(tmp_path) as unit:
        grant = await carried_grant(unit, tmp_path)
        unit.clock.boot_ms += 600_000
        opening = asyncio.create_task(asked(tmp_path, Open(grant), Opened))

        async def is_open() -> bool:
            return bool(unit.opener.things)

        await until(is_open)
        unit.opener.things[0].events.put_nowait(ThingAnswered("v=0 answer"))
        signal = (await opening).signal
        assert isinstance(signal, Answered)
        assert signal.sdp == "v=0 answer"
        looked = await asked(tmp_path, Look(), Looked)
        assert looked.open == [signal.opening]
        assert await asked(tmp_path, Close(signal.opening), Done)
        assert (await unit.told(Closed))[0].reason == "asked"
        with pytest.raises(RefusedByUnit, match="bad-nonce"):
            await asked(tmp_path, Open(grant), Opened)
        assert len(unit.opener.things) == 1


async def test_what_closes_at_once_is_said_as_closed(tmp_path: Path) -> None:
    async with house_with_door(tmp_path) as unit:
        grant = await carried_grant(unit, tmp_path)
        unit.opener.on_open = lambda opening: unit.desk.close(opening.opening, "asked")
        signal = (await asked(tmp_path, Open(grant), Opened)).signal
        assert isinstance(signal, Closed)


async def test_a_lease_for_the_network_does_not_open_what_was_asked_for_by_hand(tmp_path: Path) -> None:
    async with house_with_door(tmp_path) as unit:
        request = (await asked(tmp_path, Ask(MANDATE, BOTH), Asked)).request
        grant = unit.house.granted(opening=request.opening, nonce=request.nonce, offer=OFFER)
        with pytest.raises(RefusedByUnit, match="not-carried"):
            await asked(tmp_path, Open(grant), Opened)


async def test_no_position_is_asked_for_by_hand_and_that_is_recorded(tmp_path: Path) -> None:
    async with house_with_door(tmp_path) as unit:
        with pytest.raises(RefusedByUnit, match="over the network"):
            await asked(tmp_path, Ask(MANDATE, ["position"]), Asked)
        assert await unit.recorded() == [("refused", "position", "not-carried")]


async def test_only_its_owner_may_use_the_socket_and_lines_are_bounded(tmp_path: Path) -> None:
    async with house_with_door(tmp_path):
        mode = os.stat(tmp_path / SOCKET_NAME).st_mode  # noqa: PTH116 - what the kernel says of it
        assert stat.S_ISSOCK(mode)
        assert stat.S_IMODE(mode) == 0o600
        for sent in (b"{}\n", b"\xff\n", b'{"do":"open"}\n', b"[" * 100_000 + b"\n", b"x" * (MAX_LINE_BYTES + 10)):
            reply = reply_decoder.decode(await asyncio.to_thread(raw, tmp_path, sent))
            assert getattr(reply, "rule", "") == "lease-unreadable"


def raw(path: Path, sent: bytes) -> bytes:
    """What is answered to these bytes."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(20)
        held = os.open(path, os.O_RDONLY)
        caller.connect(f"/proc/self/fd/{held}/{SOCKET_NAME}")
        os.close(held)
        caller.sendall(sent)
        return caller.makefile("rb").readline()


async def test_without_an_agent_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DoorClosed, match="start edge-agent run"):
        call(tmp_path, Look())
    with pytest.raises(DoorClosed, match="at most"):
        call(tmp_path, Ask("M-" + "0" * MAX_LINE_BYTES, ["video"]))
    assert calling.look(tmp_path, Look()) is None


async def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["a-long-name-of-a-folder"] * 6)
    async with house_with_door(deep):
        assert (await asked(deep, Look(), Looked)).open == []


async def test_the_status_says_what_is_open_used_and_sensed(tmp_path: Path) -> None:
    async with house_with_door(tmp_path, Bench(lid_open=True)) as unit:
        await unit.opened()
        unit.clock.boot_ms += 1_000

        def view() -> list[str]:
            seen = inspect(tmp_path, ["audio", "video"], unit.clock.wall_ms(), plain_keys_may_sign=True)
            assert [one.used_s for one in seen.used_today] == [60, 60]
            return list(lines(seen))

        said = await asyncio.to_thread(view)
        assert said[0].startswith("WARNING    mandates signed with keys on disk")
        assert "devices    audio, video" in said
        assert f"open       video, audio for TO-12 under {MANDATE} (open-0123456789abcdef01234567)" in said
        assert f"today      video under {MANDATE}: 1 min 0 s, 1 openings" in said
        assert said[-1] == "bench      the lid is open: bench mandates are obeyed"


def test_a_damaged_ledger_is_said_to_let_nothing_open(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("[")
    seen = inspect(tmp_path, [], 1, plain_keys_may_sign=False)
    said = list(lines(seen))
    assert said[0] == "devices    none: nothing can be opened"
    assert said[1].startswith("openings   NONE POSSIBLE: ")
    assert said[2:] == ["open       nothing"]
