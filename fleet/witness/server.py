"""Serving the witness over TLS with uvicorn, bounded: connections, what each may send, and how long it may take."""

import asyncio
import signal
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from fleet.witness.errors import CannotListen
from fleet.witness.guests import Guest, Guests, payer_of
from fleet.witness.web import GUEST, WitnessWeb

_MAX_WAITING_BYTES = 64 * 1024
_REQUEST_LIMIT_S = 15.0
_HANDSHAKE_LIMIT_S = 10.0
_TLS_CLOSE_LIMIT_S = 1.0
_KEEP_ALIVE_S = 10
_KEEP_ALIVE_KNOWN_S = 150
"""Longer than a log is without a new checkpoint."""
_STOP_LIMIT_S = 5
_BACKLOG = 64


class BoundedHttp(HttpToolsProtocol):
    """A connection that counts among `guests`, and is dropped when another needs its room, or when a request and its
    answer take more than 15 s or have more than 64 KiB. Between requests it is kept for 10 s, and for 150 s once it
    has brought a log's next checkpoint.
    """

    def __init__(self, *args: Any, guests: Guests, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._guests = guests
        self._guest: Guest | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._received_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """The first request is due."""
        super().connection_made(transport)
        payer = payer_of(self.client[0] if self.client else "")
        self._guest = Guest(payer, self.transport.abort, self.loop.time())
        self.app_state = {GUEST: self._guest}
        self._guests.enter(self._guest)
        self._begin()

    def data_received(self, data: bytes) -> None:
        """Bytes between requests begin the next one."""
        if self._deadline is None:
            self._begin()
        self._received_bytes += len(data)
        super().data_received(data)
        if self._received_bytes > _MAX_WAITING_BYTES:
            self.transport.abort()

    def on_response_complete(self) -> None:
        """Nothing is due until something more comes, unless a request waits already."""
        waiting = bool(self.pipeline)
        if self._guest is not None:
            self._guest.since_s = self.loop.time()
            self.timeout_keep_alive = _KEEP_ALIVE_KNOWN_S if self._guest.known else _KEEP_ALIVE_S
        self._end()
        if waiting:
            self._begin()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        if self._guest is not None:
            self._guests.leave(self._guest)
        self._end()
        super().connection_lost(exc)

    def _begin(self) -> None:
        self._deadline = self.loop.call_later(_REQUEST_LIMIT_S, self.transport.abort)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline, self._received_bytes = None, 0


class _Server(uvicorn.Server):
    """Uvicorn with a limit for the TLS handshake, and without its own signal handlers."""

    on_listening: Callable[[int], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  the base's signature
        config, guests = self.config, Guests()

        def make_protocol() -> asyncio.Protocol:
            return BoundedHttp(config=config, server_state=self.server_state, app_state={}, guests=guests)

        tls = config.ssl
        server = await asyncio.get_running_loop().create_server(
            make_protocol,
            config.host,
            config.port,
            ssl=tls,
            backlog=_BACKLOG,
            ssl_handshake_timeout=None if tls is None else _HANDSHAKE_LIMIT_S,
            ssl_shutdown_timeout=None if tls is None else _TLS_CLOSE_LIMIT_S,
        )
        self.servers = [server]
        self.started = True
        self.on_listening(server.sockets[0].getsockname()[1])

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are `serve`'s business."""
        yield


def serve(
    web: WitnessWeb, host: str, port: int, tls_files: tuple[Path, Path] | None, on_listening: Callable[[int], None]
) -> None:
    """Serve until SIGTERM or SIGINT, as `made` says; raises CannotListen."""
    address = f"{host}:{port}"
    if tls_files is None and not _is_loopback(host):
        raise CannotListen(address, "plain HTTP only on a loopback address, such as 127.0.0.1")
    try:
        asyncio.run(_serve(made(web, host, port, tls_files, on_listening)))
    except ssl.SSLError as error:
        raise CannotListen(address, f"tls.crt and tls.key can not be used ({error})") from error
    except OSError as error:
        raise CannotListen(address, error.strerror or str(error)) from error


def made(
    web: WitnessWeb, host: str, port: int, tls_files: tuple[Path, Path] | None, on_listening: Callable[[int], None]
) -> uvicorn.Server:
    """A server that runs until its `should_exit` is set; `on_listening` is told the port.

    `tls_files` are certificate and key, PEM; without them it is plain HTTP. Raises OSError, ssl.SSLError included, for
    files that can not be used.
    """
    config = uvicorn.Config(
        web,
        host=host,
        port=port,
        ssl_certfile=None if tls_files is None else str(tls_files[0]),
        ssl_keyfile=None if tls_files is None else str(tls_files[1]),
        http=BoundedHttp,
        ws="none",
        loop="asyncio",
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_STOP_LIMIT_S,
    )
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_3
    server = _Server(config)
    server.on_listening = on_listening
    return server


async def _serve(server: uvicorn.Server) -> None:
    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await server.serve()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
