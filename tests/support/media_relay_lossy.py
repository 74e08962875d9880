"""A bad line between a unit and the relay: a UDP proxy on loopback that loses, delays and, at will, swallows."""

import asyncio
import random
import re
from functools import partial
from typing import Any

_CANDIDATE = re.compile(r"^(a=candidate:\S+ 1 udp \d+ 127\.0\.0\.1) (\d+) (typ host.*)$", re.MULTILINE)


class _End(asyncio.DatagramProtocol):
    def __init__(self, line: "LossyLine") -> None:
        self.line = line
        self.transport: asyncio.DatagramTransport | None = None
        self.far: tuple[str, int] | None = None
        self.other: _End | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        if self.other is not None and self.line.lets_through():
            asyncio.get_running_loop().call_later(self.line.delay_s, self.other.send, data)

    def send(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing() and self.far is not None:
            self.transport.sendto(data, self.far)


class LossyLine:
    """Loses `loss` (0 … 1) of the packets of each direction, and delays the others by `delay_s`."""

    def __init__(self, loss: float, delay_s: float, seed: int = 7) -> None:
        self.loss = loss
        self.delay_s = delay_s
        self.dead = False
        self.lost = 0
        self._random = random.Random(seed)
        self._ends = (_End(self), _End(self))

    def lets_through(self) -> bool:
        """Whether the next packet passes."""
        passes = not self.dead and self._random.random() >= self.loss
        self.lost += not passes
        return passes

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        for end in self._ends:
            await loop.create_datagram_endpoint(partial(_same, end), local_addr=("127.0.0.1", 0))
        self._ends[0].other, self._ends[1].other = self._ends[1], self._ends[0]

    def _led_through(self, sdp: str, near: _End, far: _End) -> str:
        """The description, with the proxy's end `near` in place of the address that `far` then sends to."""
        found = _CANDIDATE.search(sdp)
        assert found is not None
        assert near.transport is not None
        far.far = ("127.0.0.1", int(found[2]))
        port = near.transport.get_extra_info("sockname")[1]
        return _CANDIDATE.sub(rf"\g<1> {port} \g<3>", sdp)

    def offer_for_unit(self, sdp: str) -> str:
        """The relay's offer as the unit gets it."""
        return self._led_through(sdp, self._ends[0], self._ends[1])

    def answer_for_relay(self, sdp: str) -> str:
        """The unit's answer as the relay gets it."""
        return self._led_through(sdp, self._ends[1], self._ends[0])

    def close(self) -> None:
        for end in self._ends:
            if end.transport is not None:
                end.transport.abort()


def _same(end: _End) -> _End:
    return end
