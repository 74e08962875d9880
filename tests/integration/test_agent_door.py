"""Whom a unit talks to over HTTPS: only who proves to be the API, whatever address it is reached at."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from edge_agent.errors import CertificateEnded, ControllerAway, ControllerUntrusted, RefusedByController
from edge_agent.identity import Identity, IdentityStore
from edge_agent.joining.door import fetch_roots, knock
from edge_agent.keys.keystore import FIRST_KEY
from edge_agent.keys.soft import SoftKeyStore
from edge_agent.tls import OwnTls
from edge_agent.unit_door import HttpsDoor
from protocols.joining import API_TLS_NAME, BrokerAddress, JoinRefusal, RefusalCode
from protocols.settings import UnitSettings
from tests.support.tls import ClientFiles, Pki

UNIT = "unit-abcdefgh"


class Listener:
    """A TLS server that gives one answer to everything and keeps what it is sent."""

    def __init__(self, pki: Pki, files: ClientFiles) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(files.chain, files.key)
        self._context.verify_mode = ssl.CERT_OPTIONAL
        self._context.load_verify_locations(cadata=pki.authority.trust_pem.decode())
        self._context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        self.names: list[str | None] = []
        self.received = b""
        self.shown: list[str] = []
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: Sun, 22 Nov 2026 10:00:00 GMT\r\n\r\n[]"
        self.url = ""

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            subject = (writer.get_extra_info("peercert") or {}).get("subject", ())
            self.shown += [value for part in subject for _, value in part]
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            self.received += head + await reader.readexactly(int(length[1]) if length else 0)
            writer.write(self.answer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError) as error:
            self.received += getattr(error, "partial", b"")
        finally:
            writer.close()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with await asyncio.start_server(self._one, "127.0.0.1", 0, ssl=self._context) as server:
            self.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield


class Joined:
    """A unit that has joined."""

    def __init__(self, pki: Pki, state_dir: Path) -> None:
        state_dir.mkdir()
        self.pki = pki
        keystore = SoftKeyStore(state_dir)
        keystore.make(FIRST_KEY)
        files = pki.unit(UNIT)
        (state_dir / "key.pem").write_bytes(files.key.read_bytes())
        self._chain_pem = files.chain.read_text()
        self.store = IdentityStore(state_dir)
        self.door = HttpsDoor(OwnTls(self.store, keystore))

    def identity(self, url: str) -> Identity:
        identity = Identity(
            unit_id=UNIT,
            certificate_chain_pem=self._chain_pem,
            roots_pem=[self.pki.authority.root_pem.decode()],
            controller_keys=["22" * 32],
            broker=BrokerAddress(host="broker", port=8883),
            people_list="",
            controller_url=url,
        )
        self.store.save(identity, UnitSettings())
        return identity

    def questions(self, url: str) -> dict[str, Callable[[], Awaitable[object]]]:
        identity = self.identity(url)
        return {
            "join": lambda: knock(url, identity.roots_pem[0], b"secret"),
            "renew": lambda: self.door.renew(identity, b"secret"),
            "rejoin": lambda: self.door.rejoin(identity, b"secret"),
            "people": lambda: self.door.people_after(identity, 1),
            "time": lambda: self.door.time_ms(identity),
        }


@pytest.fixture
def pki(tmp_path: Path) -> Pki:
    return Pki.create(tmp_path / "pki")


@pytest.fixture
def joined(pki: Pki, tmp_path: Path) -> Joined:
    return Joined(pki, tmp_path / "unit")


@pytest.mark.parametrize("question", ["join", "renew", "rejoin", "people", "time"])
async def test_a_certificate_of_the_same_authority_without_the_apis_name_is_told_nothing(
    pki: Pki, joined: Joined, tmp_path: Path, question: str
) -> None:
    """A broker on the API's own host has one: for the same address, and not for that name."""
    broker = Listener(pki, pki.server(tmp_path / "broker"))
    async with broker.open():
        with pytest.raises(ControllerUntrusted, match=r"certificate is not valid for 'api\.muster\.internal'"):
            await joined.questions(broker.url)[question]()
    assert broker.names == [API_TLS_NAME]
    assert broker.received == b"", "not one byte"
    assert broker.shown == [], "not even who asks"


async def test_the_api_is_asked_by_its_name_and_shown_the_certificate_only_where_it_is_needed(
    pki: Pki, joined: Joined, tmp_path: Path
) -> None:
    api = Listener(pki, pki.api(tmp_path / "api"))
    async with api.open():
        identity = joined.identity(api.url)
        assert await joined.door.people_after(identity, 7) == []
        assert api.shown == [UNIT]
        assert await joined.door.time_ms(identity) == 1_795_341_600_000
        assert api.shown == [UNIT]
    assert b"GET /unit/people?after=7 " in api.received
    assert api.names == [API_TLS_NAME] * 2


async def test_another_authority_that_carries_the_name_is_not_believed(joined: Joined, tmp_path: Path) -> None:
    other = Pki.create(tmp_path / "other")
    stranger = Listener(other, other.api(tmp_path / "api"))
    async with stranger.open():
        for ask in joined.questions(stranger.url).values():
            with pytest.raises(ControllerUntrusted):
                await ask()
        assert await fetch_roots(stranger.url) == b"[]", "believed only when the hash fits"
    assert b"secret" not in stranger.received


async def test_every_answer_is_bounded_and_has_to_be_what_it_should(pki: Pki, joined: Joined, tmp_path: Path) -> None:
    api = Listener(pki, pki.api(tmp_path / "api"))
    async with api.open():
        identity = joined.identity(api.url)
        chunk = b"100001\r\n" + bytes(0x100001) + b"\r\n"
        api.answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + 2 * chunk + b"0\r\n\r\n"
        with pytest.raises(ControllerAway, match="an answer above"):
            await joined.door.people_after(identity, 1)
        api.answer = _refusal("unit-revoked")
        with pytest.raises(RefusedByController) as refused:
            await joined.door.renew(identity, b"{}")
        assert refused.value.code == "unit-revoked"
        api.answer = _refusal("certificate-ended")
        with pytest.raises(CertificateEnded):
            await joined.door.renew(identity, b"{}")


def _refusal(code: RefusalCode) -> bytes:
    body = msgspec.json.encode(JoinRefusal(code=code, message="it was lost", remedy="ask"))
    return b"HTTP/1.1 403 X\r\nContent-Length: %d\r\n\r\n" % len(body) + body


async def test_a_certificate_that_has_ended_is_refused_by_an_alert(
    pki: Pki, joined: Joined, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenSSL's own servers send it; it reaches us on the first read (RFC 8446, 4.4.2.4)."""
    api = Listener(pki, pki.api(tmp_path / "api"))
    async with api.open():
        identity = joined.identity(api.url)

        async def alert(*_arguments: object, **_named: object) -> bytes:
            error = ssl.SSLError(1, "[SSL: SSLV3_ALERT_CERTIFICATE_EXPIRED] sslv3 alert certificate expired")
            error.reason = "SSLV3_ALERT_CERTIFICATE_EXPIRED"
            raise error

        monkeypatch.setattr("anyio.streams.tls.TLSStream.receive", alert)
        with pytest.raises(CertificateEnded):
            await joined.door.people_after(identity, 1)


async def test_a_unit_that_was_never_told_an_address_says_what_to_do(pki: Pki, joined: Joined, tmp_path: Path) -> None:
    with pytest.raises(ControllerAway, match="set controller_url"):
        await joined.door.time_ms(joined.identity(""))
    api = Listener(pki, pki.api(tmp_path / "api"))
    async with api.open():
        told = HttpsDoor(OwnTls(joined.store, SoftKeyStore(tmp_path / "unit")), api.url)
        assert await told.time_ms(joined.identity("")) is not None
