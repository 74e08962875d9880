"""An HTTPS server that answers what a test tells it to, or nothing: for what an honest program never says."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from fleet.witness.certificate import self_signed
from fleet.witness.files import write_durably

Script = Callable[[bytes], Awaitable[bytes]]
"""A request's body to the whole of the answer, head included."""


def http_answer(status: int, content: bytes = b"", *headers: str) -> bytes:
    """An HTTP/1.1 answer."""
    lines = [f"HTTP/1.1 {status} Told", f"Content-Length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


class ScriptedHttps:
    """Listens on `port` of 127.0.0.1 with the certificate in `ca_file`; `script` may be changed at any time."""

    def __init__(self, directory: Path, script: Script) -> None:
        pair = self_signed(["127.0.0.1"], datetime.now(UTC))
        directory.mkdir(parents=True)
        self.ca_file = directory / "tls.crt"
        write_durably(self.ca_file, pair.certificate_pem)
        write_durably(directory / "tls.key", pair.key_pem)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.ca_file, directory / "tls.key")
        self.script = script
        self.port = 0
        self.connections = 0
        self.asked: list[bytes] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection until it ends."""
        self.connections += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:")
                body = await reader.readexactly(length)
                self.asked.append(body)
                writer.write(await self.script(body))
                await writer.drain()


@asynccontextmanager
async def scripted_https(directory: Path, script: Script) -> AsyncIterator[ScriptedHttps]:
    """Start one, and end it and all its connections afterwards."""
    scripted = ScriptedHttps(directory, script)
    serving: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(scripted.serve(reader, writer))
        serving.add(task)
        task.add_done_callback(lambda _: writer.transport.abort())

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=scripted.context)
    scripted.port = server.sockets[0].getsockname()[1]
    try:
        yield scripted
    finally:
        server.close()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
