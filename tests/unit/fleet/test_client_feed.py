"""The feed against a real websocket server over TLS that comes and goes."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from websockets.asyncio.server import ServerConnection, serve

import fleet.client.feed as feed_module
from fleet.ca.authority import CertificateAuthority
from fleet.client import ClientSettings, FeedItem, LinkDown, LinkUp
from fleet.client.feed import ChangeFeed
from fleet.client.session import Session
from protocols.api.feed import ClientMessage, FleetChanged, Hello, JoinsChanged, ServerMessage, Watch
from protocols.api.sessions import SignedIn

T = TypeVar("T")
LIMIT_S = 60.0


class Peer:
    """A controller's feed as far as a client sees it: it takes the tokens in `good`, and keeps what it is sent."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context = context
        self.good = {"first"}
        self.heard: list[ClientMessage] = []
        self.sockets: set[ServerConnection] = set()
        self.changed = asyncio.Condition()

    async def _notify(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def _serve(self, socket: ServerConnection) -> None:
        hello = msgspec.json.decode(await socket.recv(), type=ClientMessage)
        if not isinstance(hello, Hello) or hello.token not in self.good:
            await socket.close(4401, "session ended")
            return
        self.sockets.add(socket)
        async for text in socket:
            self.heard.append(msgspec.json.decode(text, type=ClientMessage))
            await self._notify()
        self.sockets.discard(socket)

    @asynccontextmanager
    async def up(self, port: int) -> AsyncIterator[int]:
        async with serve(self._serve, "127.0.0.1", port, ssl=self.context) as server:
            yield next(iter(server.sockets)).getsockname()[1]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_S), self.changed:
            await self.changed.wait_for(condition)

    async def say(self, message: ServerMessage) -> None:
        for socket in self.sockets:
            await socket.send(msgspec.json.encode(message).decode())


@pytest.fixture
def authority(tmp_path: Path) -> CertificateAuthority:
    return CertificateAuthority.create(tmp_path / "ca", datetime.now(UTC))


@pytest.fixture
def peer(authority: CertificateAuthority, tmp_path: Path) -> Peer:
    issued = authority.issue_api(["127.0.0.1"], datetime.now(UTC))
    issued.write(tmp_path / "server.key", tmp_path / "server.crt")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.crt", tmp_path / "server.key")
    return Peer(context)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "PING_EVERY_S", 0.05)


def session_for(authority: CertificateAuthority, folder: Path, port: int) -> Session:
    (folder / "root.crt").write_bytes(authority.root_pem)
    settings = ClientSettings(url=f"https://127.0.0.1:{port}", ca_file=folder / "root.crt", person="TO-12")
    session = Session(settings)
    sign_in(session, "first")
    return session


def sign_in(session: Session, token: str) -> None:
    """Stand in for a person's request that has signed in anew."""
    session._signed_in = SignedIn(token=token, person_id="TO-12", role="engineer", idle_minutes=15)
    session._renewed.set()


async def next_of(items: AsyncIterator[FeedItem], kind: type[T]) -> T:
    async with asyncio.timeout(LIMIT_S):
        async for item in items:
            if isinstance(item, kind):
                return item
    raise AssertionError("the feed ended")


async def test_the_watch_is_sent_again_after_a_reconnect(
    peer: Peer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    watch = Watch(units=["unit-aaaa"], summary=True)
    async with AsyncExitStack() as client_side:
        async with peer.up(0) as port:
            session = session_for(authority, tmp_path, port)
            client_side.push_async_callback(session.close)
            feed = await client_side.enter_async_context(ChangeFeed(session))
            items = aiter(feed)
            feed.watch(watch)
            assert (await next_of(items, LinkUp)).latency_ms > 0
            await peer.until(lambda: watch in peer.heard)
            await peer.say(JoinsChanged(3))
            assert (await next_of(items, JoinsChanged)).pending == 3
        down = await next_of(items, LinkDown)
        assert not down.signed_out
        peer.heard.clear()
        async with peer.up(port):
            await next_of(items, LinkUp)
            await peer.until(lambda: watch in peer.heard)
            await peer.say(FleetChanged())
            await next_of(items, FleetChanged)


async def test_down_says_since_when_over_all_tries(peer: Peer, authority: CertificateAuthority, tmp_path: Path) -> None:
    async with peer.up(0) as port:
        pass
    session = session_for(authority, tmp_path, port)
    async with ChangeFeed(session) as feed:
        items = aiter(feed)
        first, second = await next_of(items, LinkDown), await next_of(items, LinkDown)
        assert first.since == second.since
        assert f"127.0.0.1:{port}" in first.detail
    await session.close()


async def test_an_ended_session_is_not_renewed_by_the_feed(
    peer: Peer, authority: CertificateAuthority, tmp_path: Path
) -> None:
    peer.good = {"second"}
    async with peer.up(0) as port:
        session = session_for(authority, tmp_path, port)
        async with ChangeFeed(session) as feed:
            items = aiter(feed)
            while not (await next_of(items, LinkDown)).signed_out:
                pass
            sign_in(session, "second")
            await next_of(items, LinkUp)
            await peer.until(lambda: Watch() in peer.heard)
        await session.close()


async def test_another_authority_is_not_trusted(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = CertificateAuthority.create(tmp_path / "other" / "ca", datetime.now(UTC))
    async with peer.up(0) as port:
        session = session_for(other, tmp_path, port)
        async with ChangeFeed(session) as feed:
            assert "do not go on" in (await next_of(aiter(feed), LinkDown)).detail
        await session.close()
