"""smpclient's transport over a Line: its messages in, the reply that belongs to each out."""

from smpclient.transport import SMPTransport
from typing_extensions import override

from firmware_bridge.errors import LineOverrun
from firmware_bridge.smp import framing
from firmware_bridge.smp.framing import Framing, Header, header_of
from firmware_bridge.smp.limits import DEFAULT_LIMITS, Limits
from firmware_bridge.transport.line import Line


class LineTransport(SMPTransport):
    """One request at a time over `line`, which stays whoever's opened it: `connect` and `disconnect` do nothing.

    A message that is not the reply to the last request (an earlier one's that came late, or damage) is passed over.
    Raises PortLost. Waits without a limit: smpclient's client and `exchange` set one.
    """

    def __init__(self, line: Line, wire: Framing = "console", limits: Limits = DEFAULT_LIMITS) -> None:
        self._line = line
        self._wire: Framing = wire
        self._limits = limits
        self._encode = framing.encoder(wire)
        self._decoder = framing.decoder(wire, limits.message_bytes)
        self._awaited: Header | None = None
        self._came: list[bytes] = []

    @override
    async def connect(self, address: str, timeout_s: float) -> None:
        self.start_afresh()

    @override
    async def disconnect(self) -> None:
        pass

    @property
    @override
    def mtu(self) -> int:
        return min(self._smp_server_transport_buffer_size or self._limits.buffer_bytes, self._limits.message_bytes)

    @property
    @override
    def max_unencoded_size(self) -> int:
        return framing.largest_message(self._wire, self.mtu)

    @override
    async def send(self, data: bytes) -> None:
        if len(data) > self.max_unencoded_size:
            raise ValueError(f"a message of {len(data)} bytes, and the device takes {self.max_unencoded_size}")
        self._awaited = header_of(data)
        await self._line.write(self._encode(data))

    @override
    async def receive(self) -> bytes:
        while True:
            while self._came:
                message = self._came.pop(0)
                if self._is_awaited(message):
                    return message
            try:
                self._came = self._decoder.feed(await self._line.read())
            except LineOverrun:
                self._decoder.reset()

    @override
    async def send_and_receive(self, data: bytes) -> bytes:
        await self.send(data)
        return await self.receive()

    def start_afresh(self) -> None:
        """Throw away everything that has come."""
        self._came = []
        self._decoder.reset()
        self._line.discard()

    def forget_buffer(self) -> None:
        """Take the device to have the buffers of one that does not say."""
        self._smp_server_transport_buffer_size = None

    def _is_awaited(self, message: bytes) -> bool:
        """A reply's op is its request's plus one."""
        header, sent = header_of(message), self._awaited
        return (
            header is not None
            and sent is not None
            and header.length == len(message) - framing.HEADER_BYTES
            and header.op == sent.op + 1
            and (header.group, header.command, header.sequence) == (sent.group, sent.command, sent.sequence)
        )
