"""A whole agent with a camera, on a real broker: asked, granted, seen, closed; killed; without coverage."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from edge_agent.app import run_agent
from edge_agent.identity import IdentityStore
from protocols.api.checks import CarriedRequest
from protocols.commands import CancelMandate
from protocols.opening import (
    Answered,
    AskNonce,
    Closed,
    CloseOpening,
    NonceMade,
    PositionFound,
    Refused,
    read_signal,
    signal_bytes,
    signature_of,
)
from tests.support.agent_peer import PROGRAM, AgentProcess
from tests.support.mandates import MANDATE, UNIT
from tests.support.media_unit_camera import SyntheticCamera
from tests.support.media_unit_child import over_loopback, receiver
from tests.support.mosquitto import MosquittoBroker
from tests.support.opening_agent import Dealing, dealing_with, ends, mandate_of_today
from tests.support.synthetic_receiver import running_receiver
from tests.support.tls import Pki
from tests.support.waiting import until

STOP_LIMIT_S = 30.0
SMALL = ("--size", "320x180", "--fps", "15")


@pytest.fixture(autouse=True)
def _loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    over_loopback(monkeypatch)


@pytest.fixture
async def dealing(tmp_path: Path) -> AsyncIterator[Dealing]:
    async with MosquittoBroker(Pki.create(tmp_path / "pki")) as broker, dealing_with(broker, tmp_path / "unit") as made:
        yield made


@asynccontextmanager
async def agent(dealing: Dealing, **devices: object) -> AsyncIterator[None]:
    """The agent in this process, with these devices, until the block ends."""
    own = msgspec.structs.replace(dealing.unit.own, media_loopback=True, **devices)
    stop = asyncio.Event()
    running = asyncio.create_task(run_agent(own, None, stop))
    try:
        await dealing.peer.until(lambda: bool(dealing.peer.announcements))
        yield
        assert not running.done(), running.exception()
    finally:
        stop.set()
        async with asyncio.timeout(STOP_LIMIT_S):
            await running


@pytest.mark.long
async def test_a_picture_is_seen_under_a_mandate_and_gone_when_it_is_closed(dealing: Dealing, tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with receiver() as peer, agent(dealing, video_source=camera.source, audio_source=camera.source):
            grant = await dealing.grant(mandate_of_today(), await peer.offer())
            answered = await dealing.hear(Answered)
            await peer.accept(answered.sdp)
            await peer.until(lambda seen: len(seen.numbers) >= 10)
            assert len(camera.named("connect")) == 1
            await dealing.say(CloseOpening(opening=answered.opening, reason="passed"))
            assert (await dealing.hear(Closed)).reason == "passed"
            await asyncio.to_thread(camera.until_said, "disconnect")
            await dealing.say(grant)
            assert (await dealing.hear(Refused)).rule == "bad-nonce"
            await dealing.peer.until(lambda: "access-refused" in dealing.peer.event_kinds)
        kinds = [kind for kind in dealing.peer.event_kinds if kind.startswith("access-")]
        assert kinds[:5] == ["access-started", *["access-opened"] * 2, *["access-closed"] * 2]
        assert len(camera.named("connect")) == 1
    chain = IdentityStore(dealing.unit.state_dir).load().certificate_chain_pem
    key = x509.load_pem_x509_certificate(chain.encode()).public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    for message in dealing.sealed:
        key.verify(signature_of(message.sealed), signal_bytes(UNIT, message.sealed.text), ECDSA(SHA256()))


@pytest.mark.long
async def test_it_closes_by_itself_with_its_lease_and_goes_on_with_another(dealing: Dealing, tmp_path: Path) -> None:
    asked = mandate_of_today("video")
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with receiver(["video"]) as peer, agent(dealing, video_source=camera.source):
            opening = "open-" + "1" * 24
            await dealing.grant(asked, await peer.offer(), opening=opening, lasts_s=12)
            await peer.accept((await dealing.hear(Answered, opening)).sdp)
            await dealing.grant(asked, None, opening=opening, lasts_s=14)
            assert (await dealing.hear(Answered, opening, 2)).sdp is None
            closed = await dealing.hear(Closed, opening)
            assert closed.reason == "expiry"
            assert 5 <= closed.open_s <= 30
            await asyncio.to_thread(camera.until_said, "disconnect")


async def test_cancelling_the_mandate_closes_and_nothing_opens_again(dealing: Dealing, tmp_path: Path) -> None:
    asked = mandate_of_today("video")
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with receiver(["video"]) as peer, agent(dealing, video_source=camera.source):
            await dealing.grant(asked, await peer.offer())
            await peer.accept((await dealing.hear(Answered)).sdp)
            await peer.until(lambda seen: bool(seen.numbers))
            command = await dealing.peer.command(CancelMandate(MANDATE))
            assert (await dealing.hear(Closed)).reason == "cancelled"
            await dealing.peer.until(lambda: (command, "done") in dealing.peer.results)
            await asyncio.to_thread(camera.until_said, "disconnect")
            await dealing.grant(asked, "v=0")
            assert (await dealing.hear(Refused)).rule == "mandate-cancelled"


@pytest.mark.long
async def test_it_closes_when_whoever_receives_is_gone(dealing: Dealing, tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with receiver(["video"]) as peer, agent(dealing, video_source=camera.source):
            await dealing.grant(mandate_of_today("video"), await peer.offer())
            await peer.accept((await dealing.hear(Answered)).sdp)
            await peer.until(lambda seen: bool(seen.numbers))
            await peer.connection.close()
            await asyncio.to_thread(camera.until_said, "disconnect")
            closed = await dealing.hear(Closed)
            assert closed.reason == "console-gone"
            assert closed.open_s < 55, "long before its lease ended"


async def test_a_camera_that_is_not_there_is_said_and_recorded(dealing: Dealing, tmp_path: Path) -> None:
    async with receiver(["video"]) as peer, agent(dealing, video_source=f"unix:{tmp_path / 'nobody'}"):
        await dealing.grant(mandate_of_today("video"), await peer.offer())
        assert (await dealing.hear(Closed)).reason == "device-missing"
        await dealing.say(AskNonce(opening="open-" + "2" * 24, modalities=["audio"]))
        assert (await dealing.hear(Refused)).rule == "no-device"


async def test_a_position_goes_on_its_own_topic_once(dealing: Dealing, tmp_path: Path) -> None:
    async with running_receiver(tmp_path) as gnss, agent(dealing, gnss_source=gnss.source):
        await dealing.grant(mandate_of_today("position"), None)
        found = await dealing.hear(PositionFound)
        assert -90 <= found.at.latitude_deg <= 90
        await dealing.peer.until(lambda: ends(dealing) == ["found"])
        assert gnss.count("connect") == 1
    everything = b"".join(path.read_bytes() for path in dealing.unit.state_dir.rglob("*") if path.is_file())
    assert str(found.at.latitude_deg).encode() not in everything


@pytest.mark.long
async def test_a_killed_agent_leaves_nothing_open_and_says_so_when_it_is_back(dealing: Dealing, tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        environ = dealing.unit.environ | {
            "MUSTER_AGENT_VIDEO_SOURCE": camera.source,
            "MUSTER_AGENT_MEDIA_LOOPBACK": "true",
        }
        async with receiver(["video"]) as peer:
            async with AgentProcess(tmp_path / "first", environ) as first:
                await dealing.peer.until(lambda: bool(dealing.peer.announcements))
                await dealing.grant(mandate_of_today("video"), await peer.offer())
                await peer.accept((await dealing.hear(Answered)).sdp)
                await peer.until(lambda seen: bool(seen.numbers))
                await first.kill()
                await asyncio.to_thread(camera.until_said, "disconnect")
            async with AgentProcess(tmp_path / "second", environ) as second:
                await dealing.peer.until(lambda: "access-closed" in dealing.peer.event_kinds)
                told = next(one for one in dealing.peer.events if one.kind == "access-closed")
                assert "agent-stopped" in told.summary
                status = await asyncio.to_thread(run_command, environ, "status", "--json")
                assert json.loads(status.stdout)["openings"]["open"] == []
                await second.terminate()


def run_command(environ: dict[str, str], *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """`edge-agent …` to its end."""
    return subprocess.run(
        [PROGRAM, *arguments], input=text, env=environ, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.long
async def test_a_carried_lease_opens_without_coverage(dealing: Dealing, tmp_path: Path) -> None:
    asked = mandate_of_today("video")
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        environ = dealing.unit.environ | {
            "MUSTER_AGENT_VIDEO_SOURCE": camera.source,
            "MUSTER_AGENT_MEDIA_LOOPBACK": "true",
        }
        async with receiver(["video"]) as peer, AgentProcess(tmp_path / "agent", environ) as process:

            async def command(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
                return await asyncio.to_thread(run_command, environ, *arguments, text=text)

            async def is_asked() -> bool:
                return (await command("carried", "ask", "--mandate", MANDATE, "--video")).returncode == 0

            await until(is_asked)
            printed = await command("carried", "ask", "--mandate", MANDATE, "--video")
            request = msgspec.json.decode(printed.stdout, type=CarriedRequest)
            made = read_signal(request.sealed)
            assert isinstance(made, NonceMade)
            assert (made.nonce, made.opening, request.mandate) == (request.nonce, request.opening, MANDATE)
            grant = dealing.granted(
                asked,
                await peer.offer(),
                opening=request.opening,
                nonce=request.nonce,
                boot_id=made.boot_id,
                carried=True,
                lasts_s=900,
            )
            bare = msgspec.structs.replace(grant, offer=None)
            without = await command("carried", "open", "-", text=msgspec.json.encode(bare).decode())
            assert (without.returncode, "no-offer" in without.stderr) == (3, True)
            assert grant.offer is not None
            (tmp_path / "offer").write_text(grant.offer.sdp)
            opened = await command(
                "carried", "open", "-", "--offer", str(tmp_path / "offer"), text=msgspec.json.encode(bare).decode()
            )
            assert opened.returncode == 0, opened.stderr
            await peer.accept(opened.stdout)
            await peer.until(lambda seen: bool(seen.numbers))
            status = await command("status")
            assert f"open       video for {grant_person(grant.logged.lease.signed)} under {MANDATE}" in status.stdout
            again = await command("carried", "open", "-", text=msgspec.json.encode(grant).decode())
            assert (again.returncode, "bad-nonce" in again.stderr) == (3, True)
            assert (await command("carried", "close", request.opening)).returncode == 0
            await asyncio.to_thread(camera.until_said, "disconnect")
            assert await process.terminate() == 0


def grant_person(lease_text: str) -> str:
    """Who a lease names."""
    return str(json.loads(lease_text)["person"])


async def test_an_agent_that_is_told_to_stop_closes_and_says_so(dealing: Dealing, tmp_path: Path) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        async with receiver(["video"]) as peer:
            async with agent(dealing, video_source=camera.source):
                await dealing.grant(mandate_of_today("video"), await peer.offer())
                await peer.accept((await dealing.hear(Answered)).sdp)
                await peer.until(lambda seen: bool(seen.numbers))
            assert (await dealing.hear(Closed)).reason == "agent-stopped"
            await asyncio.to_thread(camera.until_said, "disconnect")


@pytest.mark.long
async def test_a_stopped_agent_changes_nothing_and_tells_of_the_end_when_it_goes_on(
    dealing: Dealing, tmp_path: Path
) -> None:
    with SyntheticCamera(tmp_path / "camera", *SMALL) as camera:
        environ = dealing.unit.environ | {
            "MUSTER_AGENT_VIDEO_SOURCE": camera.source,
            "MUSTER_AGENT_MEDIA_LOOPBACK": "true",
        }
        async with receiver(["video"]) as peer, AgentProcess(tmp_path / "agent", environ) as process:
            await dealing.peer.until(lambda: bool(dealing.peer.announcements))
            await dealing.grant(mandate_of_today("video"), await peer.offer(), lasts_s=12)
            await peer.accept((await dealing.hear(Answered)).sdp)
            await peer.until(lambda seen: bool(seen.numbers))
            os.kill(process.pid, signal.SIGSTOP)
            await asyncio.to_thread(camera.until_said, "disconnect")
            assert dealing.heard(Closed) == []
            os.kill(process.pid, signal.SIGCONT)
            closed = await dealing.hear(Closed)
            assert closed.reason == "expiry"
            assert closed.open_s <= 14
            assert await process.terminate() == 0
