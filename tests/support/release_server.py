"""Serves a repository of `tests.support.release_house` over the fleet's own TLS, as a controller's door for units."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from pathlib import Path

from tests.support.release_house import Repository
from tests.support.tls import Pki

_REQUEST = re.compile(rb"GET /unit/releases/(metadata|targets)/(\S+) HTTP/1\.1\r\n")
_RANGE = re.compile(rb"\r\nrange: bytes=([0-9]+)-([0-9]+)\r\n", re.IGNORECASE)
_HASHED = re.compile(r"[0-9a-f]{64}\.")


def _answer(repository: Repository, head: bytes) -> bytes:
    found = _REQUEST.match(head)
    if found is None:
        return _http(HTTPStatus.NOT_FOUND, b"")
    kind, name = found[1], found[2].decode()
    if kind == b"metadata":
        metadata = repository.served.get(name)
        return _http(HTTPStatus.NOT_FOUND, b"") if metadata is None else _http(HTTPStatus.OK, metadata)
    content = repository.files.get(_HASHED.sub("", name))
    wanted = _RANGE.search(head)
    if content is None or wanted is None:
        return _http(HTTPStatus.NOT_FOUND, b"")
    first, last = int(wanted[1]), min(int(wanted[2]), len(content) - 1)
    said = f"Content-Range: bytes {first}-{last}/{len(content)}"
    return _http(HTTPStatus.PARTIAL_CONTENT, content[first : last + 1], said)


def _http(status: HTTPStatus, content: bytes, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + content


@asynccontextmanager
async def serving(repository: Repository, pki: Pki, directory: Path) -> AsyncIterator[str]:
    """Serve until the block ends; yields the address."""
    files = pki.api(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.chain, files.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(_answer(repository, await reader.readuntil(b"\r\n\r\n")))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
