"""The API's listening sockets: who gets a connection at all, and how long the TLS handshake may take."""

import asyncio
import resource
import socket
import ssl
from collections import Counter
from collections.abc import Callable

import structlog

from fleet.api.limits import payer_of

_MAX_CONNECTIONS = 500
_MAX_PER_PAYER = 64
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
    """Takes TLS connections for `make_protocol` until closed; at most 64 for one payer (`fleet.api.limits`).

    Who is over a cap is hung up on at once, before any handshake. A connection counts as long as its descriptor is
    open, whichever protocol it has come to speak.
    """

    def __init__(self, make_protocol: Callable[[], asyncio.Protocol], tls: ssl.SSLContext) -> None:
        self.sockets: list[socket.socket] = []
        self._make_protocol = make_protocol
        self._tls = tls
        self._held: list[tuple[str, socket.socket]] = []
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
            payer = payer_of(str(address[0]))
            if self._full(payer):
                connection.close()
                continue
            self._held.append((payer, connection))
            handshake = loop.create_task(self._shake_hands(connection), name="api: TLS handshake")
            self._handshakes.add(handshake)
            handshake.add_done_callback(self._handshakes.discard)

    def _full(self, payer: str) -> bool:
        self._held = [entry for entry in self._held if entry[1].fileno() != -1]
        of_payer = Counter(held for held, _ in self._held)[payer]
        if len(self._held) < connection_cap() and of_payer < _MAX_PER_PAYER:
            return False
        self._tell("connections are turned away", f"{payer} holds {of_payer} of {len(self._held)}")
        return True

    async def _shake_hands(self, connection: socket.socket) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make_protocol,
                connection,
                ssl=self._tls,
                ssl_handshake_timeout=_HANDSHAKE_LIMIT_S,
                ssl_shutdown_timeout=_TLS_CLOSE_LIMIT_S,
            )
        except OSError:
            connection.close()  # a client that left or speaks no TLS of ours: nobody is there to be told
        except asyncio.CancelledError:
            connection.close()
            raise

    def _tell(self, what: str, detail: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._news_at >= _NEWS_EVERY_S:  # or a flood of connections would be a flood of lines
            self._news_at = now
            _log.warning(what, detail=detail)


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
