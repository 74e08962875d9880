"""A real witness, asked over HTTPS as C2SP tlog-witness says."""

import asyncio
import contextlib
import json
import shutil
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from fleet.witness import server
from fleet.witness.guests import MAX_GUESTS, MAX_GUESTS_OF_ONE_PAYER
from fleet.witness.place import Place, origin_hash
from fleet.witness.requests import MAX_REQUEST_BYTES
from fleet.witness.web import WitnessWeb
from fleet.witness.witness import Witness
from protocols.tlog.cosignature import cosigned_at
from protocols.tlog.note import VerifierKey, read_note, read_signature
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.tlog import TestLog
from tests.support.witness import FLEET, RunningWitness, fleet_witness, running_witness

Opened = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SIZE_TYPE = "text/x.tlog.size"


@pytest.fixture
def log() -> TestLog:
    return TestLog().grow(20)


@pytest.fixture
async def witness(log: TestLog, tmp_path: Path) -> AsyncIterator[RunningWitness]:
    async with running_witness(RunningWitness(tmp_path / "witness", [log.vkey])) as started:
        yield started


@pytest.fixture
async def client(witness: RunningWitness) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=witness.url, verify=witness.tls(), trust_env=False) as opened:
        yield opened


async def ask(client: httpx.AsyncClient, body: bytes) -> httpx.Response:
    return await client.post("/add-checkpoint", content=body)


async def test_each_answer_has_the_status_and_type_of_the_specification(
    client: httpx.AsyncClient, log: TestLog, witness: RunningWitness
) -> None:
    monitored = f"/{origin_hash(log.origin)}/checkpoint"
    assert (await client.get(monitored)).status_code == 404

    given = await ask(client, log.request(0, 8))
    assert given.status_code == 200
    note = read_note(log.checkpoint(8))
    assert cosigned_at(note.body, read_signature(given.text.removesuffix("\n")), witness.vkey) > 0

    shown = await client.get(monitored)
    assert (shown.status_code, shown.text) == (200, note.text + given.text)

    conflict = await ask(client, log.request(0, 20))
    assert (conflict.status_code, conflict.headers["content-type"], conflict.text) == (409, SIZE_TYPE, "8\n")
    assert (await ask(client, log.fork(3).grow(17).request(8))).status_code == 422
    assert (await ask(client, TestLog().grow(20).request(8))).status_code == 403
    assert (await ask(client, TestLog("other.example/log").grow().request(0))).status_code == 404
    assert (await ask(client, log.request(8, 3))).status_code == 400
    assert (await ask(client, b"old 8\n")).status_code == 400
    assert (await ask(client, b"x" * (MAX_REQUEST_BYTES + 1))).status_code == 413
    assert (await client.get("/add-checkpoint")).status_code == 405
    assert (await client.post(monitored)).status_code == 405
    assert (await client.get("/")).status_code == 404
    assert (await ask(client, log.request(8, 20))).status_code == 200

    latest = witness.shown()["logs"][0]
    assert (latest["origin"], latest["size"]) == (log.origin, 20)
    assert witness.shown()["evidence"] == 2


async def test_a_connection_is_kept(client: httpx.AsyncClient, log: TestLog) -> None:
    streams = set()
    for size in range(5):
        answer = await ask(client, log.request(max(size - 1, 0), size))
        assert answer.status_code == 200
        streams.add(answer.extensions["network_stream"].get_extra_info("client_addr"))
    assert len(streams) == 1


async def test_one_of_many_at_once_is_cosigned_and_the_others_learn_its_size(
    client: httpx.AsyncClient, log: TestLog
) -> None:
    answers = await asyncio.gather(*(ask(client, log.request(0, size)) for size in range(1, 21)))
    won = [size for size, answer in enumerate(answers, start=1) if answer.status_code == 200]
    assert len(won) == 1
    assert {answer.text for answer in answers if answer.status_code == 409} == {f"{won[0]}\n"}


async def test_what_was_answered_is_known_after_a_kill(
    client: httpx.AsyncClient, log: TestLog, witness: RunningWitness
) -> None:
    assert (await ask(client, log.request(0, 8))).status_code == 200
    await witness.process.kill()
    await witness.process.start()
    assert (await ask(client, log.request(0, 8))).text == "8\n"


async def test_a_second_witness_does_not_run_in_its_directory(witness: RunningWitness) -> None:
    done = await asyncio.to_thread(fleet_witness, "run", str(witness.directory), "--port", "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "stop that one first" in done.stderr
    refused = await asyncio.to_thread(fleet_witness, "trust", str(witness.directory), TestLog("x").vkey.line)
    assert refused.returncode == 1


async def test_it_ends_when_told_to(witness: RunningWitness, client: httpx.AsyncClient, log: TestLog) -> None:
    assert (await ask(client, log.request(0, 8))).status_code == 200  # and this connection stays open
    assert await witness.process.terminate() == 0


async def test_a_damaged_memory_stops_it_with_one_line(
    witness: RunningWitness, client: httpx.AsyncClient, log: TestLog
) -> None:
    assert (await ask(client, log.request(0, 8))).status_code == 200
    await witness.process.kill()
    latest = witness.directory / "logs" / origin_hash(log.origin) / "latest"
    latest.write_bytes(latest.read_bytes().replace(b"\n8\n", b"\n7\n"))
    for gone in (False, True):
        if gone:
            shutil.rmtree(latest.parent)
        done = await asyncio.to_thread(fleet_witness, "run", str(witness.directory), "--port", "0")
        assert done.returncode == 1
        assert "must not forget what it cosigned" in done.stderr
        assert len(done.stderr.splitlines()) == 1


async def test_a_port_in_use_is_one_line(witness: RunningWitness, tmp_path: Path) -> None:
    other = RunningWitness(tmp_path / "other", [])
    done = await asyncio.to_thread(fleet_witness, "run", str(other.directory), "--port", str(witness.port))
    assert done.returncode == 1
    assert "can not listen" in done.stderr
    assert len(done.stderr.splitlines()) == 1


async def test_plain_http_is_for_this_machine_only(log: TestLog, tmp_path: Path) -> None:
    witness = RunningWitness(tmp_path / "plain", [log.vkey])
    words = ["run", str(witness.directory), "--plain-http"]
    done = await asyncio.to_thread(fleet_witness, *words, "--listen", "0.0.0.0")
    assert done.returncode == 1
    assert "loopback" in done.stderr
    port = free_port()
    process = ServerProcess([FLEET, "witness", *words, "--port", str(port)], [port], tmp_path / "plain-output")
    await process.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            assert (await ask(client, log.request(0))).status_code == 200
    finally:
        await process.kill()


async def test_older_tls_and_plain_http_are_refused(witness: RunningWitness) -> None:
    old = witness.tls()
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    async with httpx.AsyncClient(base_url=witness.url, verify=old, trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get("/")
    async with httpx.AsyncClient(base_url=witness.url.replace("https", "http"), trust_env=False) as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/")


async def test_an_endless_head_is_cut_off(witness: RunningWitness) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", witness.port, ssl=witness.tls())
    writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n")
    with contextlib.suppress(ConnectionError):
        for _ in range(200):
            writer.write(b"X-More: " + b"x" * 1000 + b"\r\n")
            await writer.drain()
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    writer.transport.abort()


async def asked(witness: RunningWitness, source: str, body: bytes | None = None) -> Opened:
    """A connection from the address `source` that has had an answer, and is kept open."""
    opened = await asyncio.open_connection(
        "127.0.0.1", witness.port, ssl=witness.tls(), server_hostname="localhost", local_addr=(source, 0)
    )
    await answered(opened, body)
    return opened


async def answered(opened: Opened, body: bytes | None = None) -> bytes:
    """The head of the answer to a checkpoint, or to a question for nothing."""
    reader, writer = opened
    head = "GET / HTTP/1.1" if body is None else f"POST /add-checkpoint HTTP/1.1\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\nHost: localhost\r\n\r\n".encode() + (body or b""))
    async with asyncio.timeout(10):
        told = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in told.lower().splitlines() if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.partition(b":")[2]))
    return told


async def is_ended(opened: Opened) -> bool:
    """Whether the witness ends the connection, within ten seconds."""
    try:
        async with asyncio.timeout(10):
            return await opened[0].read() == b""
    except ConnectionError:
        return True


async def test_one_address_makes_room_among_its_own(witness: RunningWitness) -> None:
    elsewhere = await asked(witness, "127.0.0.2")
    held = [await asked(witness, "127.0.0.1") for _ in range(MAX_GUESTS_OF_ONE_PAYER + 1)]
    try:
        assert await is_ended(held[0])
        for kept in (elsewhere, held[1], held[-1]):
            assert (await answered(kept)).startswith(b"HTTP/1.1 404")
    finally:
        for _, writer in [elsewhere, *held]:
            writer.transport.abort()


async def test_strangers_that_hold_every_connection_keep_no_log_out(witness: RunningWitness, log: TestLog) -> None:
    """Neither the one that it has, idle for longer than any of theirs, nor a new one."""
    its_own = await asked(witness, "127.0.0.1", log.request(0, 8))
    held = [await asked(witness, f"127.0.0.{2 + number // 31}") for number in range(MAX_GUESTS + 8)]
    try:
        assert (await answered(its_own, log.request(8, 9))).startswith(b"HTTP/1.1 200")
        its_own[1].transport.abort()
        held.append(await asked(witness, "127.0.0.9"))
        again = await asked(witness, "127.0.0.1", log.request(9, 10))
        held.append(again)
        assert (await answered(again, log.request(10, 11))).startswith(b"HTTP/1.1 200")
        assert witness.shown()["logs"][0]["size"] == 11
    finally:
        for _, writer in held:
            writer.transport.abort()


async def test_only_who_moves_a_log_on_is_kept_for_long(
    log: TestLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody can ask for the latest checkpoint and have it cosigned again. In this process, for a shorter limit."""
    monkeypatch.setattr(server, "_KEEP_ALIVE_S", 0.3)
    witness = RunningWitness(tmp_path / "witness", [log.vkey])
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    web = WitnessWeb(Witness(witness.place))
    running = server.made(web, "127.0.0.1", 0, witness.place.tls_files(), listening.set_result)
    serving = asyncio.create_task(running.serve())
    witness.port = await listening
    try:
        its_own = await asked(witness, "127.0.0.1", log.request(0, 8))
        for body in (None, log.request(8, 8), log.request(0, 9)):
            stranger = await asked(witness, "127.0.0.1", body)
            assert await is_ended(stranger)
            stranger[1].transport.abort()
        assert (await answered(its_own, log.request(8, 9))).startswith(b"HTTP/1.1 200")
        its_own[1].transport.abort()
    finally:
        running.should_exit = True
        await serving


async def test_a_person_sets_one_up_from_the_command_line(tmp_path: Path, log: TestLog) -> None:
    """Keys and hints come out apart, so that the verifier key can be piped on."""
    home = tmp_path / "north"
    made = await asyncio.to_thread(fleet_witness, "init", str(home), "--name", "witness.example/north")
    key = VerifierKey.parse(made.stdout.strip())
    assert (key.name, made.returncode) == ("witness.example/north", 0)
    assert str(home / "tls.crt") in made.stderr
    again = await asyncio.to_thread(fleet_witness, "init", str(home), "--name", "witness.example/north")
    assert (again.returncode, again.stdout) == (1, "")
    trusted = await asyncio.to_thread(fleet_witness, "trust", str(home), log.vkey.line)
    assert (trusted.returncode, trusted.stdout) == (0, f"{log.origin}: 1 key\n")
    shown = await asyncio.to_thread(fleet_witness, "show", str(home))
    assert key.line in shown.stdout
    assert log.origin in shown.stdout
    told = json.loads((await asyncio.to_thread(fleet_witness, "show", str(home), "--json")).stdout)
    assert told["vkey"] == key.line
    assert [(each["origin"], each["size"], each["at"]) for each in told["logs"]] == [(log.origin, None, None)]


async def test_a_request_that_does_not_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, because the limit of the program is longer than a test should wait."""
    monkeypatch.setattr(server, "_REQUEST_LIMIT_S", 0.3)
    place = Place.create(tmp_path / "witness", "witness.example/slow", ["localhost"], datetime.now(UTC))
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    slow = server.made(WitnessWeb(Witness(place)), "127.0.0.1", 0, None, listening.set_result)
    serving = asyncio.create_task(slow.serve())
    port = await listening
    try:
        for begun in (
            b"",
            b"POST /add-ch",
            b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 9\r\n\r\nold",
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begun)
            async with asyncio.timeout(10):
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.transport.abort()
    finally:
        slow.should_exit = True
        await serving
