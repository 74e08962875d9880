"""The far end of the serial benchmark: a port at its true speed, and a server that takes images as fast as they come.

    python -m tests.bench.serial_peer LINK BAUD BUFFER_BYTES

A process of its own, so that it takes no time from what is measured. A line of JSON on standard output when the port is
there, and one for each upload that is complete: its bytes after the first message, and the seconds from that message to
the last, both as they had come off the line. Ends with its standard input.
"""

import asyncio
import json
import struct
import sys
import time
from pathlib import Path

import cbor2

from firmware_bridge.simulation.pty_device import PtyDevice
from firmware_bridge.smp.framing import HEADER_BYTES, REQUESTS, decoder, encode_console, header_of
from tests.bench.lines import tell

_PARAMETERS = (0, 6)
_SLOTS = (1, 0)
_UPLOAD = (1, 1)
_NOT_SUPPORTED = 8


class Peer:
    """Answers parameters, the list of slots (none) and uploads; everything else is not supported."""

    def __init__(self, buffer_bytes: int) -> None:
        self._buffer_bytes = buffer_bytes
        self._decoder = decoder("console", ops=REQUESTS)
        self._total = self._held = self._first = 0
        self._began_s = 0.0
        self.port: PtyDevice | None = None

    def heard(self, content: bytes) -> None:
        for message in self._decoder.feed(content):
            header = header_of(message)
            assert header is not None
            assert self.port is not None
            body = cbor2.dumps(self._answer((header.group, header.command), cbor2.loads(message[HEADER_BYTES:])))
            first = header.op + 1 | header.version << 3
            head = struct.pack("!BBHHBB", first, 0, len(body), header.group, header.sequence, header.command)
            self.port.send(encode_console(head + body))

    def _answer(self, command: tuple[int, int], body: dict[str, object]) -> dict[str, object]:
        if command == _PARAMETERS:
            return {"buf_size": self._buffer_bytes, "buf_count": 4}
        if command == _SLOTS:
            return {"images": []}
        return self._uploaded(body) if command == _UPLOAD else {"rc": _NOT_SUPPORTED}

    def _uploaded(self, body: dict[str, object]) -> dict[str, object]:
        off, data, total = body["off"], body["data"], body.get("len")
        assert isinstance(data, bytes)
        if off == 0 and isinstance(total, int):
            self._total, self._held, self._first, self._began_s = total, len(data), len(data), time.monotonic()
        elif off == self._held:
            self._held += len(data)
            if self._held == self._total:
                took_s = time.monotonic() - self._began_s
                tell(json.dumps({"bytes": self._total - self._first, "seconds": took_s}))
        return {"rc": 0, "off": self._held}


async def serve(link: Path, baud: int, buffer_bytes: int) -> None:
    peer = Peer(buffer_bytes)
    async with PtyDevice(link, baud=baud, heard=peer.heard) as port:
        peer.port = port
        tell(json.dumps({"port": str(link)}))
        await asyncio.to_thread(sys.stdin.buffer.read)


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
