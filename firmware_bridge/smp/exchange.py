"""One request and its reply: tries, limits, and every failure as one of this package's errors."""

import asyncio
from typing import TypeVar

import msgspec
from smp.message import Request

from firmware_bridge.errors import DeviceRefused, DeviceSilent, ReplyUnreadable
from firmware_bridge.smp.bodies import BodyRefused, read_body
from firmware_bridge.smp.framing import HEADER_BYTES, Framing
from firmware_bridge.smp.limits import Limits
from firmware_bridge.smp.refusals import refusal_in
from firmware_bridge.smp.transport import LineTransport
from firmware_bridge.transport.line import Line

Reply = TypeVar("Reply")


class Exchange:
    """Requests to the device on `line`, one at a time, however many tasks ask."""

    def __init__(self, line: Line, wire: Framing, limits: Limits) -> None:
        self.limits = limits
        self.port = line.name
        self._transport = LineTransport(line, wire, limits)
        self._turn = asyncio.Lock()

    @property
    def most_bytes(self) -> int:
        """The largest message the device takes, as far as is known."""
        return self._transport.max_unencoded_size

    def fit(self, buffer_bytes: int | None) -> None:
        """Send messages for buffers of so many bytes; None: of those of a device that does not say."""
        if buffer_bytes is None:
            self._transport.forget_buffer()
        else:
            self._transport.initialize(buffer_bytes)

    async def ask(
        self, what: str, request: Request, kind: type[Reply], *, reply_s: float | None = None, tries: int | None = None
    ) -> Reply:
        """The device's reply to `request` as a `kind`; fields that `kind` does not know are passed over.

        `what` names the request in errors. A message that is not answered within `reply_s` (`Limits.reply_s`) is sent
        again, the same in every byte, so only what may happen twice may be given more than one try. Raises PortLost,
        DeviceSilent, DeviceRefused, ReplyUnreadable.
        """
        message = request.BYTES
        if len(message) > self.most_bytes:
            detail = f"it takes messages of {self.most_bytes} bytes, and this needs {len(message)}"
            raise DeviceRefused(self.port, what, detail, code=7)
        async with self._turn:
            content = await self._answered(what, message, reply_s, tries or self.limits.tries)
        if refused := refusal_in(content):
            raise DeviceRefused(self.port, what, str(refused), refused.code, refused.group)
        try:
            return msgspec.convert(content, kind)
        except msgspec.ValidationError as difference:
            raise ReplyUnreadable(self.port, what, f"its answer is none: {difference}") from difference

    async def _answered(self, what: str, message: bytes, reply_s: float | None, tries: int) -> dict[str, object]:
        wait_s = self.limits.wait_s(len(message), reply_s)
        damage: BodyRefused | None = None
        for _ in range(tries):
            try:
                async with asyncio.timeout(wait_s):
                    reply = await self._transport.send_and_receive(message)
                return read_body(reply[HEADER_BYTES:])
            except TimeoutError:
                damage = None
            except BodyRefused as refused:
                damage = refused
            self._transport.start_afresh()
        if damage is not None:
            raise ReplyUnreadable(self.port, what, f"its answer is none: {damage}")
        raise DeviceSilent(self.port, what, round(wait_s * tries, 1))
