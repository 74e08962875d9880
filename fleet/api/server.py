"""Serving the application over TLS, inside the controller's own event loop."""

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from litestar import Litestar

from fleet.api.deadlines import PunctualHttp
from fleet.api.guests import Guests
from fleet.api.listener import Listener
from fleet.api.peer import ask_for_certificate

_KEEP_ALIVE_S = 30
_STOP_LIMIT_S = 5
_FEED_MESSAGE_BYTES = 64 * 1024
_PING_S = 20.0


class _Server(uvicorn.Server):
    """Uvicorn on a listener of ours: its own bounds neither the handshake nor what one address may hold."""

    listener: Listener
    trust: Callable[[], bytes]
    guests: Guests

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  the base's signature
        config = self.config

        def make_protocol() -> asyncio.Protocol:
            return PunctualHttp(config=config, server_state=self.server_state, app_state=self.lifespan.state)

        assert config.ssl is not None, "the API is served over TLS only"
        ask_for_certificate(config.ssl, self.trust())
        config.ssl.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
        self.listener = Listener(make_protocol, config.ssl, self.guests)
        await self.listener.open(config.host, config.port)
        self.servers = [self.listener]  # type: ignore[list-item] # all that is asked of them is to close
        self.started = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the controller's business."""
        yield


class ApiServer:
    """One TLS listener. `key_path` and `chain_path` are PEM files, the chain leaf first; `trust` gives the roots and
    issuing certificates (PEM) under which client certificates are good."""

    def __init__(
        self, app: Litestar, host: str, port: int, *, key_path: Path, chain_path: Path, trust: Callable[[], bytes]
    ) -> None:
        self._server = _Server(
            uvicorn.Config(
                app,
                host=host,
                port=port,
                ssl_keyfile=str(key_path),
                ssl_certfile=str(chain_path),
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,
                http=PunctualHttp,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_STOP_LIMIT_S,
                ws="websockets-sansio",
                ws_max_size=_FEED_MESSAGE_BYTES,
                ws_ping_interval=_PING_S,
                ws_ping_timeout=_PING_S,
            )
        )
        self._server.trust = trust
        self._server.guests = app.state.services.guests

    @property
    def port(self) -> int:
        """The port it listens on, once it does."""
        port: int = self._server.listener.sockets[0].getsockname()[1]
        return port

    @property
    def listening(self) -> bool:
        """Whether connections are taken."""
        return self._server.started

    def reload_certificate(self) -> None:
        """Show new connections the certificate that is in the files now, and take those of clients under all that is
        trusted now; raises OSError, ssl.SSLError included, when the files are not there or do not belong together, and
        goes on with what it had."""
        if not self.listening:
            return  # it will read the files when it begins
        config = self._server.config
        assert config.ssl is not None, "the API is served over TLS only"
        assert config.ssl_certfile is not None, "given by __init__"
        chain, key = config.ssl_certfile, config.ssl_keyfile
        # Tried apart first: a context that took half of a pair would refuse everybody.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key)
        config.ssl.load_cert_chain(chain, key)
        ask_for_certificate(config.ssl, self._server.trust())

    async def run(self) -> None:
        """Serve until cancelled, then give open requests five seconds; raises OSError when it can not listen."""
        serving = asyncio.create_task(self._server.serve(), name="api: uvicorn")
        try:
            await asyncio.shield(serving)
        except asyncio.CancelledError:
            self._server.should_exit = True
            await serving
            raise
