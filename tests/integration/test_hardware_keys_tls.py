"""A key in a token shown in TLS, to a real server, over and over, with the token away at times."""

import asyncio
import gc
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import structlog

from hardware_keys import EcKey, PresentingFailed, make_ec_key
from hardware_keys.module import load_module
from hardware_keys.openssl import openssl
from hardware_keys.tls import present
from tests.support.softhsm import SoftHsm, hsm
from tests.support.tls import Pki

__all__ = ["hsm"]

UNIT = "unit-abcdefgh"
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki.create(tmp_path / "pki")


def chain_for(pki: Pki, key: EcKey) -> Path:
    path = pki.directory / "in-token.crt"
    path.write_text(pki.authority.issue_unit(UNIT, key.public_key(), datetime.now(UTC)).chain_pem)
    return path


@asynccontextmanager
async def server(pki: Pki, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> AsyncIterator[int]:
    """An HTTP server that wants a client certificate and answers with its common name; gives its port."""
    files = pki.server(pki.directory / "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)
    context.load_verify_locations(cadata=pki.authority.trust_pem.decode())
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        certificate = writer.get_extra_info("peercert")
        ((_, name),) = certificate["subject"][0]
        writer.write(
            b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name.encode())
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as listening:
        yield listening.sockets[0].getsockname()[1]


async def name_told(port: int, context: ssl.SSLContext) -> str:
    """The name that the server saw, on a new connection."""
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        return (await client.get(f"https://localhost:{port}/")).text


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_a_server_sees_the_certificate_each_time(pki: Pki, hsm: SoftHsm, version: ssl.TLSVersion) -> None:
    key = make_ec_key(hsm.address, "unit")
    async with server(pki, version) as port:
        contexts = [pki.context(None) for _ in range(3)]
        for context in contexts:
            present(context, chain_for(pki, key), key)
        for context in contexts * 2:
            assert await name_told(port, context) == UNIT
        del context, contexts, key
        gc.collect()
        again = make_ec_key(hsm.address, "unit-2")
        context = pki.context(None)
        present(context, chain_for(pki, again), again)
        assert await asyncio.gather(*(name_told(port, context) for _ in range(20))) == [UNIT] * 20


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
async def test_a_token_that_is_away_fails_the_handshake_and_serves_the_next(
    pki: Pki, hsm: SoftHsm, version: ssl.TLSVersion
) -> None:
    key = make_ec_key(hsm.address, "unit")
    context = pki.context(None)
    present(context, chain_for(pki, key), key)
    async with server(pki, version) as port:
        assert await name_told(port, context) == UNIT
        hsm.unplug()
        with structlog.testing.capture_logs() as logged, pytest.raises(httpx.ConnectError):
            await name_told(port, context)
        assert any("plugged in" in entry.get("detail", "") for entry in logged)
        hsm.plug_in()
        assert await name_told(port, context) == UNIT


async def test_what_a_module_leaves_behind_disturbs_no_other_connection(pki: Pki, hsm: SoftHsm) -> None:
    key = make_ec_key(hsm.address, "unit")
    context = pki.context(None)
    present(context, chain_for(pki, key), key)
    async with server(pki) as port:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
        module = load_module(hsm.address.module)
        with module.held():
            module.restart()
        key.sign_digest(bytes(32))
        assert openssl().failures() == "no reason given"
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        assert (await reader.read()).endswith(UNIT.encode())
        writer.close()


def test_a_certificate_of_another_key_is_refused(pki: Pki, hsm: SoftHsm) -> None:
    key, other = make_ec_key(hsm.address, "unit"), make_ec_key(hsm.address, "unit-2")
    with pytest.raises(PresentingFailed, match=r"is not of EcKey\('unit'.*key values mismatch"):
        present(pki.context(None), chain_for(pki, other), key)
    with pytest.raises(PresentingFailed, match="No such file"):
        present(pki.context(None), pki.directory / "missing", key)
    present(pki.context(None), chain_for(pki, key), key)


def test_a_key_of_a_certificate_can_be_replaced_in_a_context(pki: Pki, hsm: SoftHsm) -> None:
    context = pki.context(None)
    for label in ("unit", "unit-2"):
        key = make_ec_key(hsm.address, label)
        present(context, chain_for(pki, key), key)


def test_an_unknown_python_or_openssl_is_refused(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    library = openssl()
    context = pki.context(None)
    with monkeypatch.context() as patched:
        patched.setattr("sys.version_info", (3, 99, 0))
        with pytest.raises(PresentingFailed, match=r"use CPython 3\.11"):
            library.context(context)
    with monkeypatch.context() as patched:
        patched.setattr(library, "SSL_CTX_get_options", lambda _: 0)
        with pytest.raises(PresentingFailed, match="unknown way"):
            library.context(context)
    openssl.cache_clear()
    with monkeypatch.context() as patched:
        patched.setattr(ssl, "OPENSSL_VERSION", "OpenSSL 9.9.9")
        with pytest.raises(PresentingFailed, match=r"uses OpenSSL 9\.9\.9"):
            openssl()
    openssl()
