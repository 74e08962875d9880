"""A time-stamping authority: `openssl ts` behind a small HTTP server."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.scripted_https import http_answer

_CONFIG = """
[ req ]
distinguished_name = name
[ name ]
[ root ]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[ stamping ]
basicConstraints = CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[ tsa ]
default_tsa = here
[ here ]
serial = {home}/serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = {digests}
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class TimeStampAuthority:
    """A root and a time-stamping certificate under it, in `home`. Files: root.crt, tsa.crt, tsa.key, openssl.cnf.

    `digests` are those it takes; with `chain` it sends the root's certificate too.
    """

    def __init__(self, home: Path, *, digests: str = "sha256, sha512", chain: bool = True) -> None:
        home.mkdir(parents=True)
        self.home = home
        self.config = home / "openssl.cnf"
        self._chain = ("-chain", "root.crt") if chain else ()
        self.config.write_text(_CONFIG.format(home=home, digests=digests))
        (home / "serial").write_text("01\n")
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", str(self.config))
        self._openssl("req", "-x509", *key, "-extensions", "root", "-subj", "/CN=Root", "-days", "30",
                      "-keyout", "root.key", "-out", "root.crt")  # fmt: skip
        self._openssl("req", *key, "-subj", "/CN=Stamping", "-keyout", "tsa.key", "-out", "tsa.csr")
        extensions = ("-extfile", str(self.config), "-extensions", "stamping")
        self._openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.crt", "-CAkey", "root.key", "-days", "30",
                      "-CAcreateserial", *extensions, "-out", "tsa.crt")  # fmt: skip

    @property
    def ca_file(self) -> Path:
        """The root certificate."""
        return self.home / "root.crt"

    async def reply(self, query: bytes) -> bytes:
        """The response to a time-stamp query."""
        (self.home / "query.tsq").write_bytes(query)
        await asyncio.to_thread(
            self._openssl, "ts", "-reply", "-config", str(self.config), "-section", "here", "-queryfile", "query.tsq",
            "-signer", "tsa.crt", "-inkey", "tsa.key", *self._chain, "-out", "response.tsr",
        )  # fmt: skip
        return (self.home / "response.tsr").read_bytes()

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.home, check=True, capture_output=True, timeout=30)


def openssl_accepts(response: bytes, data: bytes, ca_file: Path, folder: Path) -> bool:
    """Whether `openssl ts -verify` takes the response for a timestamp of `data`."""
    (folder / "kept.tsr").write_bytes(response)
    (folder / "kept.data").write_bytes(data)
    done = subprocess.run(
        ["openssl", "ts", "-verify", "-in", "kept.tsr", "-data", "kept.data", "-CAfile", str(ca_file)],
        cwd=folder, check=False, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    return done.returncode == 0 and "Verification: OK" in done.stdout + done.stderr


@asynccontextmanager
async def http_tsa(reply: Callable[[bytes], Awaitable[bytes]]) -> AsyncIterator[str]:
    """Serve what `reply` gives to each query, over plain HTTP; yields the URL."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert b"content-type: application/timestamp-query" in head
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line[:15] == b"content-length:")
        told = await reply(await reader.readexactly(length))
        whole = (
            told if told.startswith(b"HTTP/") else http_answer(200, told, "Content-Type: application/timestamp-reply")
        )
        writer.write(whole)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tsa"
    finally:
        server.close()
