"""Where pages go in tests: a real mail server and a real webhook receiver on this machine."""

import asyncio
import email
import email.policy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.ports import free_port


@dataclass
class MailBox:
    """A mail server: what came, and whether it takes anything."""

    port: int
    takes: bool = True
    came: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, unless it takes nothing."""
        if not self.takes:
            return "450 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep a message."""
        assert isinstance(envelope.content, bytes)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.came += [(address, message) for address in envelope.rcpt_tos]
        return "250 OK"

    def bodies(self, address: str) -> list[str]:
        """The texts that came for an address."""
        return [str(message.get_content()) for to, message in self.came if to == address]


@asynccontextmanager
async def mail_box() -> AsyncIterator[MailBox]:
    """A mail server on a free loopback port until the block ends."""
    box = MailBox(free_port())
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.test", loop=loop), "127.0.0.1", box.port)
    try:
        yield box
    finally:
        server.close()


@dataclass
class Hook:
    """A webhook: what came, what it answers, and whether it answers at all."""

    port: int
    status: str = "200 OK"
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    came: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """As settings allow it."""
        return f"127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length:")[2].partition("\r\n")[0])
            body = json.loads(await reader.readexactly(length))
            self.came.append((head.split(" ")[1], body))
            await self.answers.wait()
            writer.write(f"HTTP/1.1 {self.status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode())
            await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def webhook() -> AsyncIterator[Hook]:
    """A webhook on a free loopback port until the block ends."""
    hook = Hook(free_port())
    hook.answers.set()
    server = await asyncio.start_server(hook.serve, "127.0.0.1", hook.port)
    try:
        yield hook
    finally:
        hook.answers.set()
        server.close()
