"""The position child under its real supervisor: confined, then one look, then gone; and its receiver's own account."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.capture.capture import Capture
from edge_agent.capture.keeper import CaptureKeeper
from edge_agent.clock import SystemClock
from edge_agent.position.messages import Begin, Fault, Found, FromChild, Ready, decode_from_child, encode
from tests.support.synthetic_receiver import Receiver, running_receiver

CHILD = [sys.executable, "-m", "edge_agent.position.child"]
LIMIT_S = 60.0


@pytest.fixture
async def keeper() -> AsyncIterator[CaptureKeeper]:
    async with CaptureKeeper(CHILD) as kept:
        yield kept


async def opened(keeper: CaptureKeeper, for_ms: int = 120_000) -> Capture:
    return await keeper.open(f"open-{secrets.token_hex(12)}", SystemClock().mono_ms() + for_ms)


async def said(capture: Capture) -> FromChild | None:
    payload = await asyncio.wait_for(capture.channel.receive(), LIMIT_S)
    return None if payload is None else decode_from_child(payload)


async def look(capture: Capture, source: str, limit_s: float = 60) -> FromChild | None:
    assert await said(capture) == Ready()
    await capture.channel.send(encode(Begin(source=source, limit_s=limit_s)))
    return await said(capture)


async def test_one_look_opens_once_closes_and_ends_the_child(keeper: CaptureKeeper, tmp_path: Path) -> None:
    async with running_receiver(tmp_path, "--every-s", "0.02") as receiver, await opened(keeper) as capture:
        found = await look(capture, receiver.source)
        assert isinstance(found, Found)
        assert found.fix.quality == 8
        assert round(found.fix.latitude_deg, 3) == -48.877
        assert await said(capture) is None
        end = await asyncio.wait_for(capture.ended(), LIMIT_S)
        assert (end.cause, end.exit_status) == ("died", 0)
        await receiver.says("disconnect")
        assert receiver.count("connect") == 1


async def test_nothing_is_opened_before_it_is_asked(keeper: CaptureKeeper, tmp_path: Path) -> None:
    async with running_receiver(tmp_path) as receiver:
        async with await opened(keeper) as capture:
            assert await said(capture) == Ready()
        assert [event["event"] for event in receiver.events()] == ["listening"]


async def test_a_fault_is_told_and_ends_the_child(keeper: CaptureKeeper, tmp_path: Path) -> None:
    async with await opened(keeper) as capture:
        assert await look(capture, f"serial:{tmp_path}/none") == Fault(reason="missing")
        assert (await asyncio.wait_for(capture.ended(), LIMIT_S)).exit_status == 0


async def held_open(keeper: CaptureKeeper, receiver: Receiver, for_ms: int = 120_000) -> Capture:
    """A look that finds nothing and goes on."""
    openings = receiver.count("connect")
    capture = await opened(keeper, for_ms)
    assert await said(capture) == Ready()
    await capture.channel.send(encode(Begin(source=receiver.source, limit_s=600)))
    await receiver.says("connect", openings + 1)
    return capture


async def test_the_deadline_closes_a_look_that_goes_on(keeper: CaptureKeeper, tmp_path: Path) -> None:
    async with running_receiver(tmp_path, "--searching-turns", "10000") as receiver:
        capture = await held_open(keeper, receiver, for_ms=8_000)
        async with capture:
            await receiver.says("disconnect")
            end = await asyncio.wait_for(capture.ended(), LIMIT_S)
            assert end.exit_status is None
        closed_ms = receiver.events()[-1]["boot_ns"] / 1_000_000
        assert closed_ms >= capture.deadline_boot_ms


async def test_the_child_closes_when_the_agent_hangs_up_or_says_more(keeper: CaptureKeeper, tmp_path: Path) -> None:
    async with running_receiver(tmp_path, "--searching-turns", "10000") as receiver:
        saying = await held_open(keeper, receiver)
        await saying.channel.send(b"enough")
        await receiver.says("disconnect", 1)
        hanging_up = await held_open(keeper, receiver)
        await hanging_up.channel.close()
        await receiver.says("disconnect", 2)
        for capture in (saying, hanging_up):
            assert (await asyncio.wait_for(capture.ended(), LIMIT_S)).exit_status == 0
            await capture.close()


async def test_a_message_it_does_not_know_opens_nothing_and_is_not_repeated(capfd: pytest.CaptureFixture[str]) -> None:
    async with CaptureKeeper(CHILD) as keeper, await opened(keeper) as capture:
        assert await said(capture) == Ready()
        await capture.channel.send(b'{"type":"begin","source":"4852.60000,S","limit_s":1}')
        assert await said(capture) is None
        assert (await asyncio.wait_for(capture.ended(), LIMIT_S)).exit_status == 70
    shown = capfd.readouterr().err
    assert "position child: InvalidMessage in decode_to_child" in shown
    assert "4852" not in shown


async def test_nobody_but_the_supervisor_starts_it() -> None:
    process = await asyncio.create_subprocess_exec(*CHILD, stderr=asyncio.subprocess.PIPE)
    _, shown = await asyncio.wait_for(process.communicate(), LIMIT_S)
    assert process.returncode == 71
    assert b"only the supervisor starts this program" in shown
