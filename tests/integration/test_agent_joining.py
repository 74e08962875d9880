"""`edge-agent join` against the real controller: accepted, refused, interrupted, deceived."""

import asyncio
import re
import ssl
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import pytest

from edge_agent.identity import IdentityStore
from edge_agent.joining.stored import JoinStore
from fleet.ca.csr import read_csr
from fleet.client import FleetClient, connect
from fleet.clock import utc_now
from protocols.api.joins import JoinView
from protocols.joining import (
    BrokerAddress,
    JoinAccepted,
    JoinPending,
    JoinRequest,
    Voucher,
    display_fingerprint,
    fingerprint,
)
from protocols.people import people_hash
from protocols.settings import UnitSettings
from tests.support.agent_peer import AgentProcess
from tests.support.controller import RunningApi
from tests.support.ports import free_port
from tests.support.reporting import until
from tests.support.tls import Pki


class Newcomer:
    """A machine that has not joined, and its runs of `edge-agent`."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.state_dir = home / "state"
        self._runs = 0

    def agent(self, *arguments: str, voucher: str | None = None) -> AgentProcess:
        self._runs += 1
        environ = {"MUSTER_AGENT_STATE_DIR": str(self.state_dir)}
        if voucher is not None:
            environ["MUSTER_AGENT_VOUCHER"] = voucher
        return AgentProcess(self.home / f"run-{self._runs}", environ, *arguments)

    def voucher_file(self, voucher: str) -> str:
        path = self.home / "voucher"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(voucher)
        return str(path)


@pytest.fixture
def newcomer(tmp_path: Path) -> Newcomer:
    return Newcomer(tmp_path / "newcomer")


async def _waiting(door: FleetClient) -> JoinView:
    found: list[JoinView] = []

    async def someone_waits() -> bool:
        found[:] = await door.joins()
        return bool(found)

    await until(someone_waits)
    return found[0]


async def test_a_unit_joins_when_its_fingerprint_is_accepted(api: RunningApi, newcomer: Newcomer) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        voucher = (await door.invite("van kit 3")).text
        async with newcomer.agent("join", "--voucher-file", newcomer.voucher_file(voucher)) as joining:
            join = await _waiting(door)
            await until(lambda: display_fingerprint(join.fingerprint)[3] in joining.said)
            async with newcomer.agent("status") as early:
                assert await early.ended() == 4
                assert "waiting to be accepted, agent running" in early.said
            unit_id = (await door.accept_join(join.join_id, join.fingerprint)).unit_id
            assert await joining.ended() == 0
            assert joining.said.endswith(f"Joined as {unit_id}.\n")
    identity = IdentityStore(newcomer.state_dir).load()
    assert identity.unit_id == unit_id
    assert identity.controller_keys == [api.credentials.down_public_hex]
    assert stat.S_IMODE((newcomer.state_dir / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(newcomer.state_dir.stat().st_mode) == 0o700
    assert JoinStore(newcomer.state_dir).load() is None, "the voucher's secret is gone"
    secret = Voucher.read(voucher).secret.hex()
    assert secret not in joining.logged + joining.said
    async with newcomer.agent("join") as again:
        assert await again.ended() == 0
        assert unit_id in again.said
    async with newcomer.agent("status", "--json") as joined:
        assert await joined.ended() == 0
    status = msgspec.json.decode(joined.said)
    assert (status["joined"], status["unit_id"], status["key_protection"]) == (True, unit_id, "soft")
    assert status["fingerprint"] == join.fingerprint


async def test_run_joins_by_itself_and_a_kill_while_waiting_changes_nothing(
    api: RunningApi, newcomer: Newcomer
) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        async with newcomer.agent("run", voucher=(await door.invite()).text) as first:
            join = await _waiting(door)
            await first.kill()
        async with newcomer.agent("run") as second:
            unit_id = (await door.accept_join(join.join_id, join.fingerprint)).unit_id
            await until(IdentityStore(newcomer.state_dir).joined)
            assert await second.terminate() == 0
    assert IdentityStore(newcomer.state_dir).load().unit_id == unit_id


async def test_told_to_stop_while_waiting_it_stops(api: RunningApi, newcomer: Newcomer) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        voucher = (await door.invite()).text
        async with newcomer.agent("run", voucher=voucher) as waiting:
            await _waiting(door)
            assert await waiting.terminate() == 0


async def test_a_join_told_to_stop_says_that_it_waits(api: RunningApi, newcomer: Newcomer) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        async with newcomer.agent("join", voucher=(await door.invite()).text) as waiting:
            await _waiting(door)
            assert await waiting.terminate() == 4
        assert "the join still waits to be accepted" in waiting.logged
    async with newcomer.agent("status") as status:
        assert await status.ended() == 4
    assert "next       nobody waits for the answer" in status.said


async def test_refusals_are_one_clear_line_each(api: RunningApi, newcomer: Newcomer, tmp_path: Path) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        used = (await door.invite()).text
        async with newcomer.agent("join", voucher=used) as first:
            join = await _waiting(door)
            await _refused(Newcomer(tmp_path / "thief"), used, 3, "voucher-wrong-key")
            await door.refuse_join(join.join_id, "not ours")
            assert await first.ended() == 3
            assert "join-refused" in first.logged
        assert JoinStore(newcomer.state_dir).load() is None
    real = Voucher.read(used)
    never_made = msgspec.structs.replace(real, secret=bytes(16))
    await _refused(newcomer, never_made.text(), 3, "voucher-unknown")
    await _refused(newcomer, msgspec.structs.replace(real, expires_at_s=1_700_000_000).text(), 5, "voucher expired at")
    await _refused(newcomer, used[:-3], 5, "damaged or incomplete")
    await _refused(newcomer, "hello", 5, "not a voucher")
    await _refused(newcomer, "", 5, "no voucher")
    foreign = msgspec.structs.replace(real, ca_sha256=bytes(32))
    await _refused(newcomer, foreign.text(), 6, "is not the one this voucher was made for")
    assert not IdentityStore(newcomer.state_dir).joined()


async def _refused(newcomer: Newcomer, voucher: str, code: int, says: str) -> None:
    async with newcomer.agent("join", voucher=voucher) as attempt:
        assert await attempt.ended() == code, attempt.logged
        last = attempt.logged.splitlines()[-1]
        assert last.startswith("edge-agent: ")
        assert says in last
        assert "Traceback" not in attempt.logged


@pytest.mark.parametrize("options", [(), ("--voucher-file", "-")])
async def test_a_voucher_on_standard_input_is_read(
    api: RunningApi, newcomer: Newcomer, options: tuple[str, ...]
) -> None:
    async with connect(await api.add_person("TO-12", "engineer")) as door:
        agent = newcomer.agent("join", *options)
        agent.start((await door.invite()).text.lower().encode())
        await _waiting(door)
        await agent.kill()


class Door:
    """A TLS server that speaks the joining contract with the authority of its choice, and answers as told."""

    def __init__(self, pki: Pki, home: Path, answer: Callable[[bytes], tuple[int, bytes]]) -> None:
        files = pki.api(home)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.chain, files.key)
        self.port = free_port()
        self.shown_root = pki.authority.root_pem
        self.root_status = 200
        self.answer = answer
        self.requests: list[bytes] = []

    async def open(self) -> asyncio.Server:
        return await asyncio.start_server(self._one, "127.0.0.1", self.port, ssl=self._context)

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            body = await reader.readexactly(int(length[1]) if length else 0)
            asks_for_root = head.startswith(b"GET /join/ca ")
            status, content = (self.root_status, self.shown_root) if asks_for_root else self._knock(body)
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (status, len(content)))
            writer.write(content)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    def _knock(self, body: bytes) -> tuple[int, bytes]:
        self.requests.append(body)
        return self.answer(body)


def _voucher_for(door: Door, pki: Pki, people: bytes = bytes(32)) -> str:
    return Voucher(
        secret=bytes(range(16)),
        ca_sha256=pki.authority.ca_sha256,
        people_sha256=people,
        expires_at_s=int(utc_now().timestamp()) + 3_600,
        url=f"https://127.0.0.1:{door.port}",
    ).text()


def _pending(body: bytes) -> tuple[int, bytes]:
    key = read_csr(msgspec.json.decode(body, type=JoinRequest).csr_pem)
    return 200, msgspec.json.encode(JoinPending(fingerprint=fingerprint(key), poll_after_s=0.05))


def _accepted(pki: Pki, body: bytes) -> tuple[int, bytes]:
    key = read_csr(msgspec.json.decode(body, type=JoinRequest).csr_pem)
    accepted = JoinAccepted(
        unit_id="unit-abcdefgh",
        certificate_chain_pem=pki.authority.issue_unit("unit-abcdefgh", key, utc_now()).chain_pem,
        controller_keys=["11" * 32],
        broker=BrokerAddress(host="127.0.0.1", port=1),
        people_list="people",
        settings=UnitSettings(version=3),
    )
    return 200, msgspec.json.encode(accepted)


async def test_an_outage_while_waiting_is_waited_out_with_the_very_same_request(
    tmp_path: Path, newcomer: Newcomer
) -> None:
    pki = Pki.create(tmp_path / "pki")
    door = Door(pki, tmp_path / "server", _pending)
    voucher = _voucher_for(door, pki, people_hash("people"))
    async with newcomer.agent("join", "--json", voucher=voucher) as joining:
        await until(lambda: "join waits" in joining.logged)
        async with await door.open():
            await until(lambda: len(door.requests) >= 3)
        door.answer = lambda _body: (503, b"starting")
        async with await door.open():
            await until(lambda: "HTTP 503" in joining.logged)
        door.answer = partial(_accepted, pki)
        async with await door.open():
            assert await joining.ended() == 0
    assert len(set(door.requests)) == 1
    assert joining.said == '{"unit_id":"unit-abcdefgh"}\n'
    assert IdentityStore(newcomer.state_dir).load_settings().version == 3


async def test_an_impostor_with_the_right_root_certificate_gets_no_secret(tmp_path: Path, newcomer: Newcomer) -> None:
    real, own = Pki.create(tmp_path / "real"), Pki.create(tmp_path / "own")
    impostor = Door(own, tmp_path / "server", _pending)
    impostor.shown_root = real.authority.root_pem
    async with await impostor.open():
        await _refused(newcomer, _voucher_for(impostor, real), 6, "can not prove who it is")
    assert impostor.requests == []


@pytest.mark.parametrize("status", [400, 403, 404, 500])
async def test_nobody_on_the_path_can_refuse_before_the_root_is_known(
    tmp_path: Path, newcomer: Newcomer, status: int
) -> None:
    pki = Pki.create(tmp_path / "pki")
    door = Door(pki, tmp_path / "server", partial(_accepted, pki))
    genuine, door.root_status = door.shown_root, status
    door.shown_root = b'{"code":"voucher-used","message":"it was used","remedy":"give up"}'
    async with newcomer.agent("join", voucher=_voucher_for(door, pki, people_hash("people"))) as joining:
        async with await door.open():
            await until(lambda: f"HTTP {status}" in joining.logged)
        door.root_status, door.shown_root = 200, genuine
        async with await door.open():
            assert await joining.ended() == 0, joining.logged
    assert "give up" not in joining.logged


async def test_another_root_certificate_ends_no_join(tmp_path: Path, newcomer: Newcomer) -> None:
    real, own = Pki.create(tmp_path / "real"), Pki.create(tmp_path / "own")
    impostor = Door(own, tmp_path / "server", _pending)
    async with await impostor.open():
        await _refused(newcomer, _voucher_for(impostor, real), 6, "is not the one this voucher was made for")
    assert JoinStore(newcomer.state_dir).load() is not None, "the next start goes on with it"


async def test_what_a_controller_says_can_not_steer_a_terminal(tmp_path: Path, newcomer: Newcomer) -> None:
    pki = Pki.create(tmp_path / "real")
    refusal = b'{"code":"voucher-used","message":"a\\u009b31mb","remedy":"c\\u202ed\\ne"}'
    door = Door(pki, tmp_path / "server", lambda _body: (403, refusal))
    async with await door.open():
        await _refused(newcomer, _voucher_for(door, pki), 3, "refused by the controller (voucher-used): a 31mb; c d e")


@pytest.mark.parametrize(
    ("answer", "code", "says"),
    [
        ((200, b"nonsense"), 6, "can not be read"),
        ((404, b"no such page"), 3, "HTTP 404"),
        ((403, b'{"code":"voucher-used","message":"it was used","remedy":"ask again"}'), 3, "it was used; ask again"),
        ((200, b'{"state":"pending","fingerprint":"00:11","poll_after_s":1}'), 6, "another key's fingerprint"),
    ],
)
async def test_answers_that_must_not_be_used(
    tmp_path: Path, newcomer: Newcomer, answer: tuple[int, bytes], code: int, says: str
) -> None:
    pki = Pki.create(tmp_path / "real")
    door = Door(pki, tmp_path / "server", lambda _body: answer)
    async with await door.open():
        await _refused(newcomer, _voucher_for(door, pki), code, says)


async def test_another_people_list_than_the_promised_one_is_refused(tmp_path: Path, newcomer: Newcomer) -> None:
    pki = Pki.create(tmp_path / "real")
    door = Door(pki, tmp_path / "server", partial(_accepted, pki))
    async with await door.open():
        await _refused(newcomer, _voucher_for(door, pki, people_hash("others")), 6, "people list")
    assert not IdentityStore(newcomer.state_dir).joined()
