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
from fleet.witness.web import WitnessWeb

MAX_CONNECTIONS = 64
MAX_CONNECTIONS_OF_ONE_ADDRESS = 32
_MAX_WAITING_BYTES = 64 * 1024
_REQUEST_LIMIT_S = 15.0
_HANDSHAKE_LIMIT_S = 10.0
_TLS_CLOSE_LIMIT_S = 1.0
_KEEP_ALIVE_S = 150
"""Longer than a log is without a new checkpoint."""
_STOP_LIMIT_S = 5
_BACKLOG = 64


class BoundedHttp(HttpToolsProtocol):
    """A connection is dropped when there are too many, or when a request and its answer take more than 15 s or have
    more than 64 KiB; between requests the keep-alive limit holds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline: asyncio.TimerHandle | None = None
        self._received_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the base has it
        """The first request is due."""
        super().connection_made(transport)
        others = [other.client for other in self.connections if isinstance(other, BoundedHttp) and other.client]
        mine = sum(client[0] == self.client[0] for client in others) if self.client else 0
        if len(self.connections) > MAX_CONNECTIONS or mine > MAX_CONNECTIONS_OF_ONE_ADDRESS:
            self.transport.abort()
        else:
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
        self._end()
        if waiting:
            self._begin()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
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
        config = self.config

        def make_protocol() -> asyncio.Protocol:
            return BoundedHttp(config=config, server_state=self.server_state, app_state=self.lifespan.state)

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
