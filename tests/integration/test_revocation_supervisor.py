"""docker/mosquitto/supervise with Debian's mosquitto: what it tells Mosquitto, and what it keeps from it."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fleet.ca.files import write_private
from tests.support.mosquitto import SHIPPED, MosquittoBroker, find_mosquitto
from tests.support.mqtt import PINGREQ, connect_packet, wire
from tests.support.tls import ClientFiles, Pki
from tests.support.waiting import until

UNIT, OTHER = "unit-aaaaaaaa", "unit-bbbbbbbb"


@pytest.fixture
async def broker(tmp_path: Path) -> AsyncIterator[MosquittoBroker]:
    async with MosquittoBroker(Pki.create(tmp_path / "pki")) as running:
        yield running


async def gets_in(broker: MosquittoBroker, files: ClientFiles, unit_id: str) -> bool:
    try:
        async with wire(broker.host, broker.unit_port, broker.pki.context(files)) as bare:
            return await bare.connect(connect_packet(unit_id)) == 0
    except OSError:
        return False


def finds(broker: MosquittoBroker, files: ClientFiles, unit_id: str, *, open_: bool) -> Callable[[], Awaitable[bool]]:
    """Mosquitto acts on a signal a moment after it was sent."""

    async def asked() -> bool:
        return await gets_in(broker, files, unit_id) is open_

    return asked


def logged(broker: MosquittoBroker, words: str) -> Callable[[], Awaitable[bool]]:
    async def asked() -> bool:
        return words in broker.log()

    return asked


GOES_ON = "goes on with what it has read before"


async def test_a_new_list_is_obeyed_and_live_sessions_stay(broker: MosquittoBroker) -> None:
    files, other, third = (broker.pki.unit(unit_id) for unit_id in (UNIT, OTHER, "unit-cccccccc"))
    async with wire(broker.host, broker.unit_port, broker.pki.context(files)) as live:
        assert await live.connect(connect_packet(UNIT)) == 0
        broker.pki.revoke(broker.certificates, files, other, number=2)
        await until(finds(broker, other, OTHER, open_=False))
        assert await gets_in(broker, third, "unit-cccccccc")
        live.send(PINGREQ)
        assert await live.read() == (0xD0, b"")
    assert not await gets_in(broker, files, UNIT)
    broker.pki.revoke(broker.certificates, number=3)
    await until(finds(broker, files, UNIT, open_=True))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def of_another_fleet(path: Path) -> None:
    stranger = Pki.create(path.parent.parent / "stranger")
    write_private(path, stranger.authority.crl_pem([], 9, datetime.now(UTC)))


def with_a_spoilt_second(path: Path) -> None:
    spoilt = b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"
    path.write_bytes(path.read_bytes() + spoilt)


@pytest.mark.parametrize(
    "spoil", [Path.unlink, cut_short, of_another_fleet, with_a_spoilt_second, lambda path: path.write_bytes(b"")]
)
async def test_a_list_that_can_not_be_used_is_kept_from_mosquitto(
    broker: MosquittoBroker, spoil: Callable[[Path], None]
) -> None:
    """Mosquitto 2.0.11 would go on without any list, and let every revoked unit in."""
    files, other = broker.pki.unit(UNIT), broker.pki.unit(OTHER)
    broker.pki.revoke(broker.certificates, files, number=2)
    await until(finds(broker, files, UNIT, open_=False))
    spoil(broker.certificates / "crl.pem")
    await until(logged(broker, GOES_ON))
    assert not await gets_in(broker, files, UNIT)
    assert await gets_in(broker, other, OTHER)
    broker.pki.revoke(broker.certificates, number=3)
    await until(finds(broker, files, UNIT, open_=True))


async def test_mosquitto_by_itself_fails_open_without_a_list(broker: MosquittoBroker) -> None:
    """Why the supervisor looks before it tells: if this ever fails, Mosquitto has become better."""
    files = broker.pki.unit(UNIT)
    broker.pki.revoke(broker.certificates, files, number=2)
    await until(finds(broker, files, UNIT, open_=False))
    (broker.certificates / "crl.pem").write_bytes(b"spoilt")
    os.kill(broker.pid, signal.SIGHUP)
    await until(finds(broker, files, UNIT, open_=True))


async def test_a_new_server_certificate_is_shown_once_key_and_certificate_are_there(broker: MosquittoBroker) -> None:
    files = broker.pki.unit(UNIT)
    fresh = broker.pki.authority.issue_server(["127.0.0.1"], datetime.now(UTC))
    write_private(broker.certificates / "server.key", fresh.key_pem)
    await until(logged(broker, "server.key does not belong to server.crt"))
    assert await gets_in(broker, files, UNIT)
    write_private(broker.certificates / "server.crt", fresh.chain_pem)

    async def shown() -> bool:
        async with wire(broker.host, broker.unit_port, broker.pki.context(files)) as bare:
            return int(bare.writer.get_extra_info("ssl_object").getpeercert()["serialNumber"], 16) == fresh.serial

    await until(shown)


async def test_a_new_authority_is_trusted_and_an_old_one_is_not(broker: MosquittoBroker, tmp_path: Path) -> None:
    files = broker.pki.unit(UNIT)
    other = Pki.create(tmp_path / "other")
    theirs = other.unit(OTHER)
    other_server = other.authority.issue_server(["127.0.0.1"], datetime.now(UTC))
    # As between two fleets: everything of the new one, file by file, until it holds together.
    for name, content in (
        ("ca.crt", other.authority.trust_pem),
        ("crl.pem", other.authority.crl_pem([], 1, datetime.now(UTC))),
        ("server.key", other_server.key_pem),
        ("server.crt", other_server.chain_pem),
    ):
        write_private(broker.certificates / name, content)
    await until(logged(broker, "reads its certificates and revocation list again"))
    old, broker.pki = broker.pki, other
    await until(finds(broker, theirs, OTHER, open_=True))
    broker.pki = Pki(old.directory, other.authority)
    assert not await gets_in(broker, files, UNIT)


async def test_it_ends_with_mosquitto_and_with_its_code(broker: MosquittoBroker) -> None:
    supervisor = broker._process
    os.kill(broker.pid, signal.SIGKILL)
    process = supervisor._process
    assert process is not None
    assert await asyncio.to_thread(process.wait, 30) == 128 + signal.SIGKILL


async def test_asked_to_end_it_ends_mosquitto_first(broker: MosquittoBroker) -> None:
    mosquitto = broker.pid
    assert await broker._process.terminate() == 0
    with pytest.raises(ProcessLookupError):
        os.kill(mosquitto, 0)


def alone(tmp_path: Path, limit_s: int) -> "subprocess.Popen[str]":
    """The supervisor beside a directory without certificates."""
    find_mosquitto()
    shutil.copyfile(SHIPPED / "mosquitto.conf", tmp_path / "mosquitto.conf")
    return subprocess.Popen(
        ["sh", SHIPPED / "supervise", tmp_path / "mosquitto.conf"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "MUSTER_SUPERVISE_START_LIMIT_S": str(limit_s)},
    )


def test_without_files_it_waits_and_then_says_what_is_missing(tmp_path: Path) -> None:
    process = alone(tmp_path, 1)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "ca.crt is missing or empty" in said


def test_it_can_be_ended_while_it_waits(tmp_path: Path) -> None:
    process = alone(tmp_path, 60)
    assert process.stderr is not None
    assert "waiting" in process.stderr.readline()
    process.terminate()
    assert process.wait(timeout=60) == 128 + signal.SIGTERM
    process.stderr.close()
