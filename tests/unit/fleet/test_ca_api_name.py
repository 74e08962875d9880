"""A broker's certificate does not make its host the API, though it is of the same authority and for the same host."""

import asyncio
import os
import runpy
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtensionOID

from fleet.ca.authority import CertificateAuthority
from fleet.client.errors import CertificateNotTrusted, ClientError
from fleet.client.feed import ChangeFeed
from fleet.client.inbox import LinkDown
from fleet.client.session import Session
from fleet.client.settings import ClientSettings
from protocols.api.sessions import SignedIn
from protocols.joining import API_TLS_NAME
from tests.support.tls import LOOPBACK_NAMES, ClientFiles, Pki
from tests.support.waiting import until

HEALTHY = Path(__file__).parents[3] / "docker" / "controller" / "healthy.py"


@dataclass
class Host:
    """Takes TLS connections on a loopback port, keeps what comes through them, and answers nothing."""

    port: int = 0
    handshakes: int = 0
    received: bytearray = field(default_factory=bytearray)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, hung up on after its first bytes."""
        self.handshakes += 1
        try:
            self.received += await reader.read(65536)
        except OSError:
            pass  # a client that ends the handshake
        finally:
            writer.close()


@asynccontextmanager
async def host(files: ClientFiles) -> AsyncIterator[Host]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)
    running = Host()
    async with await asyncio.start_server(running.serve, "127.0.0.1", 0, ssl=context) as server:
        running.port = server.sockets[0].getsockname()[1]
        yield running


def session(pki: Pki, port: int) -> Session:
    url = f"https://127.0.0.1:{port}"
    root = pki.directory / "ca" / "root.crt"
    return Session(ClientSettings(url=url, ca_file=root, person="TO-12"))


async def ask(pki: Pki, port: int) -> ClientError:
    asking = session(pki, port)
    try:
        with pytest.raises(ClientError) as caught:
            await asking.sign_in()
    finally:
        await asking.close()
    return caught.value


async def listen(pki: Pki, port: int) -> str:
    """Why the feed is down."""
    listening = session(pki, port)
    listening._signed_in = SignedIn(token="secret", person_id="TO-12", role="engineer", idle_minutes=15)
    async with asyncio.timeout(10), ChangeFeed(listening) as feed, aclosing(aiter(feed)) as items:  # type: ignore[type-var] # an asynchronous generator
        async for item in items:
            if isinstance(item, LinkDown):
                await listening.close()
                return item.detail
    raise AssertionError("the feed ended")


def healthy(pki: Pki, port: int) -> subprocess.CompletedProcess[str]:
    config = pki.directory / "fleet.toml"
    config.write_text(f'state_dir = "{pki.directory}"\n[api]\nport = {port}\n')
    command = [sys.executable, str(HEALTHY)]
    environment = {**os.environ, "MUSTER_CONFIG": str(config)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki.create(tmp_path)


async def test_a_broker_that_stands_in_for_the_api_is_refused_before_anything_is_sent(pki: Pki) -> None:
    async with host(pki.server(pki.directory / "broker")) as impostor:
        refused = await ask(pki, impostor.port)
        assert isinstance(refused, CertificateNotTrusted)
        assert API_TLS_NAME in refused.detail
        assert API_TLS_NAME in await listen(pki, impostor.port)
        judged = await asyncio.to_thread(healthy, pki, impostor.port)
        assert judged.returncode == 1
        assert API_TLS_NAME in judged.stderr
        await asyncio.sleep(0)
        assert impostor.received == b""


async def test_the_same_requests_reach_a_host_with_the_apis_certificate(pki: Pki) -> None:
    async with host(pki.api(pki.directory / "tls")) as api:

        async def arrived(what: bytes) -> None:
            async def there() -> bool:
                return what in api.received

            await until(there)

        await ask(pki, api.port)
        await arrived(b"POST /api/challenge")
        await listen(pki, api.port)
        await arrived(b"GET /api/feed")
        await asyncio.to_thread(healthy, pki, api.port)
        await arrived(b"GET /health")


def names_of(chain_pem: bytes) -> list[str]:
    leaf = x509.load_pem_x509_certificates(chain_pem)[0]
    names = leaf.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
    assert isinstance(names, x509.SubjectAlternativeName)
    return names.get_values_for_type(x509.DNSName)


def test_only_the_apis_certificate_carries_its_name(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    authority = CertificateAuthority.create(tmp_path / "ca", now)
    assert API_TLS_NAME in names_of(authority.issue_api(LOOPBACK_NAMES, now).chain_pem)
    assert API_TLS_NAME not in names_of(authority.issue_server(LOOPBACK_NAMES, now).chain_pem)
    for name in (API_TLS_NAME, API_TLS_NAME.upper(), API_TLS_NAME + ".", "*.muster.internal"):
        with pytest.raises(ValueError, match="a broker must not carry"):
            authority.issue_server(["localhost", name], now)


def test_the_health_check_asks_for_the_same_name() -> None:
    assert runpy.run_path(str(HEALTHY))["API_TLS_NAME"] == API_TLS_NAME
