"""The API's listening sockets: who gets a connection at all, and how long the TLS handshake may take."""

import asyncio
import contextlib
import resource
import socket
import ssl
from collections.abc import Callable

import structlog

from fleet.api.guests import Guest, Guests
from fleet.api.limits import payer_of

_MAX_CONNECTIONS = 500
_BACKLOG = 256
_HANDSHAKE_LIMIT_S = 10.0
_TLS_CLOSE_LIMIT_S = 5.0
_PAUSE_S = 0.5
_NEWS_EVERY_S = 60.0

_log = structlog.get_logger()


def connection_cap() -> int:
    """How many connections the API may hold: 500, and at most half of the process's descriptors."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MAX_CONNECTIONS if soft == resource.RLIM_INFINITY else min(_MAX_CONNECTIONS, soft // 2)


class Listener:
    """Takes TLS connections for `make_protocol` until closed; `guests` says who makes room when there are too many.

    Whoever has to is hung up on at once. A connection counts as long as its descriptor is open, whichever protocol it
    has come to speak. One that shows a certificate of the fleet is known from then on.
    """

    def __init__(self, make_protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext, guests: Guests) -> None:
        self.sockets: list[socket.socket] = []
        self._make_protocol = make_protocol
        self._tls = tls
        self._guests = guests
        self._accepting: list[asyncio.Task[None]] = []
        self._handshakes: set[asyncio.Task[None]] = set()
        self._news_at = float("-inf")

    async def open(self, host: str, port: int) -> None:
        """Listen on every address of `host`; raises OSError when one can not be had."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        try:
            for family, _kind, _number, _name, address in dict.fromkeys(found):
                self.sockets.append(_listening(family, address))
        except OSError:
            self.close()
            raise
        self._accepting = [loop.create_task(self._accept(listening), name="api: accept") for listening in self.sockets]

    def close(self) -> None:
        """Take no more connections; those that are open stay so."""
        for task in [*self._accepting, *self._handshakes]:
            task.cancel()
        for listening in self.sockets:
            listening.close()

    async def wait_closed(self) -> None:
        """Wait until nothing of the listener runs any more."""
        await asyncio.gather(*self._accepting, *self._handshakes, return_exceptions=True)

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(listening)
            except OSError as error:
                # A client that has gone already, or no descriptor left: either way the next one may succeed.
                self._tell("a connection could not be taken", str(error))
                await asyncio.sleep(_PAUSE_S)
                continue
            self._receive(connection, (str(address[0]), int(address[1])))

    def _receive(self, connection: socket.socket, client: tuple[str, int]) -> None:
        visit = _Visit(connection)
        guest = Guest(payer_of(client[0]), client, is_gone=visit.is_over, hang_up=visit.end)
        entry = self._guests.enter(guest, connection_cap())
        if entry != "let-in":
            self._tell(
                "there are many connections", f"{entry}: a new one of {guest.payer}; {len(self._guests)} are open"
            )
        if entry == "turned-away":
            connection.close()
            return
        visit.handshake = asyncio.get_running_loop().create_task(self._shake_hands(visit, client), name="api: TLS")
        self._handshakes.add(visit.handshake)
        visit.handshake.add_done_callback(visit.close_unless_served)
        visit.handshake.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, visit: "_Visit", client: tuple[str, int]) -> None:
        # A client that left or speaks no TLS of ours: nobody is there to be told.
        with contextlib.suppress(OSError):
            visit.transport, _protocol = await asyncio.get_running_loop().connect_accepted_socket(
                self._make_protocol,
                visit.connection,
                ssl=self._tls,
                ssl_handshake_timeout=_HANDSHAKE_LIMIT_S,
                ssl_shutdown_timeout=_TLS_CLOSE_LIMIT_S,
            )
            if visit.transport.get_extra_info("peercert"):
                self._guests.settle(client)

    def _tell(self, what: str, detail: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._news_at >= _NEWS_EVERY_S:  # or a flood of connections would be a flood of lines
            self._news_at = now
            _log.warning(what, detail=detail)


class _Visit:
    """One accepted connection: a handshake first, then a transport."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.handshake: asyncio.Task[None] | None = None
        self.transport: asyncio.BaseTransport | None = None

    def is_over(self) -> bool:
        """Whether the descriptor is closed."""
        return self.connection.fileno() == -1

    def close_unless_served(self, _handshake: "asyncio.Task[None]") -> None:
        """After the handshake, or before one that was never begun."""
        if self.transport is None:
            self.connection.close()

    def end(self) -> None:
        """Hang up at once."""
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()
        elif self.handshake is not None:
            self.handshake.cancel()


def _listening(family: int, address: tuple[object, ...]) -> socket.socket:
    # Named, not left to the default: asyncio sends small answers at once only on what it knows to be TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.settimeout(0)
    except OSError:
        listening.close()
        raise
    return listening
