"""`python -m tests.bench.load`: the load generator, a process of its own.

Reads a JSON line with what to do from standard input, connects every unit, encodes every message, says `ready`, waits
for a line, sends, and writes a JSON line with the monotonic times of the first message and the last answer.

An answer is the controller's acknowledgement of all of a message's reports, or with `answered` false the broker's
PUBACK. Envelopes are read but not verified: a real unit has its own processor for that.
"""

import asyncio
import json
import sys
import time
from typing import Any, cast

import msgspec
import uvloop

from fleet.ingest import mqtt_codec as codec
from protocols.downlink import Ack, Signed
from protocols.ids import new_session_nonce, new_spool_id
from protocols.topics import down, up
from tests.bench.certificates import client_context
from tests.bench.lines import tell
from tests.bench.shapes import Shape, payloads, unit_ids

_LIMIT_S = 300.0
_TOGETHER = 20


class _Envelope(msgspec.Struct):
    signed: str


_envelope_decoder = msgspec.json.Decoder(_Envelope)
_signed_decoder = msgspec.json.Decoder(Signed)


class Load:
    """What is counted over all units."""

    def __init__(self, shape: Shape, *, answered: bool) -> None:
        self.shape = shape
        self.answered = answered
        self.left = shape.total_messages
        self.first_at = 0.0
        self.last_at = 0.0
        self.finished = asyncio.Event()

    def completed(self, messages: int) -> None:
        """Count answered messages."""
        self.left -= messages
        if self.left == 0:
            self.last_at = time.monotonic()
            self.finished.set()


class UnitConnection(asyncio.Protocol):
    """One unit: sends its messages, at most `window` unanswered."""

    def __init__(self, load: Load, unit_id: str) -> None:
        self._load = load
        self.unit_id = unit_id
        self._session, self._spool_id = new_session_nonce(), new_spool_id()
        self._unanswered = 0
        self._sent = 0
        self._acknowledged = [0] * load.shape.messages
        self._rest = b""
        self.subscribed = asyncio.Event()
        self._packets: list[bytes] = []

    def encode(self, now_ms: int) -> None:
        """Prepare every PUBLISH."""
        topic = codec._text(up(self.unit_id, "health"))
        encoded = payloads(self._load.shape, self.unit_id, self._session, self._spool_id, now_ms)
        for number, payload in enumerate(encoded, start=1):
            body = topic + number.to_bytes(2) + payload
            self._packets.append(b"\x32" + codec._encoded_length(len(body)) + body)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(codec.connect(self.unit_id, 300) + codec.subscribe(1, [down(self.unit_id, "ack")]))

    def data_received(self, data: bytes) -> None:
        data = self._rest + data
        at = 0
        while (frame := _frame(data, at)) is not None:
            kind, body, at = frame
            self._received(kind, body)
        self._rest = data[at:]

    def _received(self, kind: int, body: bytes) -> None:
        if kind == 0x40 and not self._load.answered:
            self._answered(1)
        elif kind == 0x30:
            length = int.from_bytes(body[:2])
            self._envelope(body[2 + length :])
        elif kind == 0x20 and body[1]:
            raise RuntimeError(f"the broker refuses {self.unit_id}: {body[1]}")
        elif kind == 0x90:
            self.subscribed.set()

    def _envelope(self, payload: bytes) -> None:
        body = _signed_decoder.decode(_envelope_decoder.decode(payload).signed).body
        if not isinstance(body, Ack) or not self._load.answered:
            return
        batch = self._load.shape.batch
        whole = 0
        for first, last in body.ranges:
            for seq in range(first, last + 1) if batch == 1 else ():
                whole += self._count((seq - 1), 1)
            for message in range((first - 1) // batch, (last - 1) // batch + 1) if batch > 1 else ():
                low, high = message * batch + 1, (message + 1) * batch
                whole += self._count(message, min(last, high) - max(first, low) + 1)
        if whole:
            self._answered(whole)

    def _count(self, message: int, reports: int) -> int:
        self._acknowledged[message] += reports
        return self._acknowledged[message] == self._load.shape.batch

    def _answered(self, messages: int) -> None:
        self._unanswered -= messages
        self._load.completed(messages)
        self.send()

    def send(self) -> None:
        """Send what the window allows."""
        count = min(self._load.shape.window - self._unanswered, len(self._packets) - self._sent)
        if count > 0:
            self._transport.write(b"".join(self._packets[self._sent : self._sent + count]))
            self._sent += count
            self._unanswered += count

    def close(self) -> None:
        """Leave."""
        self._transport.abort()


def _frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """First byte without its flags, body and end of the packet at `at`; None when it is not all there."""
    length = shift = 0
    for index in range(at + 1, min(at + 5, len(data))):
        length |= (data[index] & 0x7F) << shift
        shift += 7
        if data[index] < 0x80:
            end = index + 1 + length
            return (data[at] & 0xF0, data[index + 1 : end], end) if end <= len(data) else None
    return None


async def run(task: dict[str, Any]) -> None:
    """Do what `task` says: shape, answered, host, port, root certificate, and the folder of units' certificates."""
    shape = Shape.from_json(task["shape"])
    load = Load(shape, answered=task["answered"])
    units = [UnitConnection(load, unit_id) for unit_id in unit_ids(shape.units)]
    now_ms = int(time.time() * 1000)
    for unit in units:
        unit.encode(now_ms)
    gate = asyncio.Semaphore(_TOGETHER)

    async def connect(unit: UnitConnection) -> None:
        context = client_context(task, unit.unit_id)
        async with gate:
            await asyncio.get_running_loop().create_connection(lambda: unit, task["host"], task["port"], ssl=context)
            await unit.subscribed.wait()

    async with asyncio.timeout(_LIMIT_S):
        await asyncio.gather(*(connect(unit) for unit in units))
        tell("ready")
        await asyncio.to_thread(sys.stdin.readline)
        load.first_at = time.monotonic()
        for unit in units:
            unit.send()
        await load.finished.wait()
    tell(json.dumps({"first_at": load.first_at, "last_at": load.last_at, "cpu_s": time.process_time()}))
    for unit in units:
        unit.close()


if __name__ == "__main__":
    uvloop.run(run(json.loads(sys.stdin.readline())))
