"""A real agent whose wall clock is set back into the window of a mandate that is over, and what it makes of grants."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from protocols.access_record import REASONS
from protocols.api.checks import CarriedRequest
from protocols.ids import new_mandate_id
from protocols.mandate import Mandate
from protocols.opening import Answered, GrantLease, MediaOffer, NonceMade, read_signal
from tests.bench.close_place import Clock
from tests.support.agent_peer import PROGRAM, AgentProcess
from tests.support.media_unit_camera import SyntheticCamera
from tests.support.media_unit_child import over_loopback, receiver
from tests.support.mosquitto import MosquittoBroker
from tests.support.opening_agent import Dealing, dealing_with, mandate_of_today
from tests.support.tls import Pki
from tests.support.waiting import until

_OVER_SINCE = timedelta(minutes=60)
_LASTED = timedelta(minutes=60)
_SET_BACK = "-90m"
_REFUSED = 3
"""The exit code of `edge-agent carried` where the unit refuses."""
_COMMAND_LIMIT_S = 60.0


class Carrier:
    """An engineer's laptop beside the unit."""

    def __init__(self, dealing: Dealing, environ: dict[str, str]) -> None:
        self._dealing = dealing
        self._environ = environ

    async def answers(self, asked: Mandate) -> bool:
        """Whether the agent is there."""
        return (await self._command("ask", "--mandate", asked.mandate, "--video"))[0] == 0

    async def open(self, asked: Mandate, granted_at: datetime) -> tuple[bool, str]:
        """Carry a lease of that time under `asked`; whether it opened, else the rule that it broke."""
        code, printed, complaint = await self._command("ask", "--mandate", asked.mandate, "--video")
        if code != 0:
            raise AssertionError(f"the unit made no nonce: {complaint}")
        request = msgspec.json.decode(printed, type=CarriedRequest)
        made = read_signal(request.sealed)
        assert isinstance(made, NonceMade)
        grant = self._grant(asked, request, made, granted_at)
        code, printed, complaint = await self._command("open", "-", text=msgspec.json.encode(grant))
        if code not in {0, _REFUSED}:
            raise AssertionError(f"the grant could not be shown: {complaint}")
        return code == 0, _rule_in(complaint)

    def _grant(self, asked: Mandate, request: CarriedRequest, made: NonceMade, granted_at: datetime) -> GrantLease:
        return self._dealing.house.granted(
            asked,
            unit=self._dealing.unit.unit_id,
            opening=request.opening,
            nonce=request.nonce,
            boot_id=made.boot_id,
            granted_at_ms=int(granted_at.timestamp() * 1000),
            carried=True,
            lasts_s=600,
            offer=MediaOffer(sdp="v=0\r\n"),
        )

    async def _command(self, *arguments: str, text: bytes = b"") -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            "carried",
            *arguments,
            env=self._environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(_COMMAND_LIMIT_S):
            said, complaint = await process.communicate(text)
        assert process.returncode is not None
        return process.returncode, said.decode(), complaint.decode()


def _rule_in(complaint: str) -> str:
    """The rule that a refusal names."""
    return next((rule for rule in sorted(REASONS) if f"({rule})" in complaint or f"{rule}:" in complaint), complaint)


async def try_real_agent(tries: int) -> dict[str, Any]:
    """Open once under a mandate that lives, then set the clock back and show `tries` grants under one that is over."""
    if not tries:
        return {"tries": 0, "opened": 0, "opened_before": 1}
    async with _joined() as (dealing, camera, environ, folder):
        live = mandate_of_today("video")
        now = datetime.now(UTC).replace(microsecond=0)
        over = mandate_of_today(
            "video",
            mandate=new_mandate_id(),
            not_before=now - _OVER_SINCE - _LASTED,
            not_after=now - _OVER_SINCE,
        )
        async with AgentProcess(folder / "in-time", environ) as agent, receiver(["video"]) as peer:
            await dealing.peer.until(lambda: bool(dealing.peer.announcements))
            await dealing.grant(live, await peer.offer())
            await peer.accept((await dealing.hear(Answered)).sdp)
            await peer.until(lambda seen: bool(seen.numbers))
            await agent.terminate()
        opened_before = len(camera.named("connect"))
        clock = Clock(folder)
        clock.step(_SET_BACK)
        rules: Counter[str] = Counter()
        opened = 0
        async with AgentProcess(folder / "set-back", environ | clock.environ) as agent:
            carrier = Carrier(dealing, environ)
            await until(lambda: carrier.answers(over))
            for number in range(tries):
                at = datetime.now(UTC) if number % 2 else over.not_before + _LASTED * (number + 1) / (tries + 1)
                has_opened, rule = await carrier.open(over, at)
                opened += has_opened
                rules[rule] += 1
            await agent.terminate()
        opened = max(opened, len(camera.named("connect")) - opened_before)
    return {"tries": tries, "opened": opened, "opened_before": opened_before, "rules": dict(rules)}


@asynccontextmanager
async def _joined() -> AsyncIterator[tuple[Dealing, SyntheticCamera, dict[str, str], Path]]:
    """A unit with a camera that has joined a broker, its controller, and the environment of its programs."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="muster-clock-")))
        over_loopback(stack.enter_context(pytest.MonkeyPatch.context()))
        broker = await stack.enter_async_context(MosquittoBroker(Pki.create(folder / "pki")))
        dealing = await stack.enter_async_context(dealing_with(broker, folder / "unit"))
        camera = stack.enter_context(SyntheticCamera(folder / "camera", "--size", "320x180", "--fps", "15"))
        environ = dealing.unit.environ | {
            "MUSTER_AGENT_VIDEO_SOURCE": camera.source,
            "MUSTER_AGENT_MEDIA_LOOPBACK": "true",
        }
        yield dealing, camera, environ, folder
