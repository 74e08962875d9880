"""The embedded broker and the revocation list, in one process so that its inside can be looked at."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from fleet.broker.embedded import EmbeddedBroker
from fleet.broker.errors import TlsUnusable
from fleet.ca.files import write_private
from tests.support.mqtt import PINGREQ, connect_packet, wire
from tests.support.tls import ClientFiles, Pki
from tests.support.waiting import until

HOST = "127.0.0.1"
SILENT_S = 0.5
UNIT, OTHER = "unit-aaaaaaaa", "unit-bbbbbbbb"


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    made = Pki.create(tmp_path / "pki")
    made.server(tmp_path / "server")
    return made


@pytest.fixture
async def broker(tmp_path: Path, pki: Pki) -> AsyncIterator[EmbeddedBroker]:
    running = EmbeddedBroker(HOST, 0, tmp_path / "server")
    await running.start()
    yield running
    await running.shutdown()


async def alert_of(broker: EmbeddedBroker, pki: Pki, files: ClientFiles) -> str | None:
    """OpenSSL's word for the TLS alert that a connection gets; None when it gets in.

    Nothing is sent: what lies unread when the broker closes could destroy the alert on its way.
    """
    try:
        async with wire(HOST, broker.port, pki.context(files)) as bare:
            async with asyncio.timeout(SILENT_S):
                return None if await bare.reader.read(1) else "ended without one"
    except TimeoutError:
        return None
    except ssl.SSLError as error:
        return error.reason


def alerted(
    broker: EmbeddedBroker, pki: Pki, files: ClientFiles, expected: str | None
) -> Callable[[], Awaitable[bool]]:
    async def asked() -> bool:
        return await alert_of(broker, pki, files) == expected

    return asked


async def test_a_live_session_ends_at_once_and_others_stay(broker: EmbeddedBroker, pki: Pki, tmp_path: Path) -> None:
    files, other = pki.unit(UNIT), pki.unit(OTHER)
    async with (
        wire(HOST, broker.port, pki.context(files)) as live,
        wire(HOST, broker.port, pki.context(files)) as waiting,
        wire(HOST, broker.port, pki.context(other)) as staying,
    ):
        assert await live.connect(connect_packet(UNIT)) == 0
        assert await staying.connect(connect_packet(OTHER)) == 0
        pki.revoke(tmp_path / "server", files, number=2)
        assert await live.read() is None
        assert await waiting.connect(connect_packet(UNIT)) is None
        staying.send(PINGREQ)
        assert await staying.read() == (0xD0, b"")
    assert await alert_of(broker, pki, files) == "SSLV3_ALERT_CERTIFICATE_REVOKED"


async def test_the_alert_says_what_is_wrong(broker: EmbeddedBroker, pki: Pki, tmp_path: Path) -> None:
    stranger = Pki.create(tmp_path / "stranger").unit(UNIT)
    assert await alert_of(broker, pki, stranger) == "TLSV1_ALERT_UNKNOWN_CA"


async def test_a_list_is_taken_back_too(broker: EmbeddedBroker, pki: Pki, tmp_path: Path) -> None:
    files = pki.unit(UNIT)
    pki.revoke(tmp_path / "server", files, number=2)
    await until(alerted(broker, pki, files, "SSLV3_ALERT_CERTIFICATE_REVOKED"))
    pki.revoke(tmp_path / "server", number=3)
    await until(alerted(broker, pki, files, None))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-60])


def of_another_fleet(path: Path) -> None:
    stranger = Pki.create(path.parent.parent / "stranger")
    write_private(path, stranger.authority.crl_pem([], 9, datetime.now(UTC)))


SPOILT: list[Callable[[Path], object]] = [
    Path.unlink,
    cut_short,
    of_another_fleet,
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(path.read_bytes() + b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"),
]


@pytest.mark.parametrize("spoil", SPOILT)
async def test_a_spoilt_list_leaves_the_last_good_one(
    broker: EmbeddedBroker, pki: Pki, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    files, other = pki.unit(UNIT), pki.unit(OTHER)
    pki.revoke(tmp_path / "server", files, number=2)
    await until(alerted(broker, pki, files, "SSLV3_ALERT_CERTIFICATE_REVOKED"))
    with capture_logs() as logs:
        spoil(tmp_path / "server" / "crl.pem")

        async def said() -> bool:
            return any(entry["log_level"] == "error" for entry in logs)

        await until(said)
    assert await alert_of(broker, pki, files) == "SSLV3_ALERT_CERTIFICATE_REVOKED"
    assert await alert_of(broker, pki, other) is None
    pki.revoke(tmp_path / "server", number=3)
    await until(alerted(broker, pki, files, None))


@pytest.mark.parametrize("spoil", SPOILT)
async def test_it_does_not_start_with_a_list_that_can_not_be_used(
    pki: Pki, tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    assert pki.directory.is_dir()
    spoil(tmp_path / "server" / "crl.pem")
    with pytest.raises(TlsUnusable, match=r"crl\.pem"):
        EmbeddedBroker(HOST, 0, tmp_path / "server")


async def test_a_list_that_has_ended_lets_nobody_in(broker: EmbeddedBroker, pki: Pki, tmp_path: Path) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=31)
    write_private(tmp_path / "server" / "crl.pem", pki.authority.crl_pem([], 2, long_ago))
    files = pki.unit(UNIT)

    async def closed() -> bool:
        return await alert_of(broker, pki, files) is not None

    await until(closed)
