"""The honest peers of the matrix: they see what reaches them, and whether what is theirs still does."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Self

from protocols.topics import DOWN_CHANNELS, UP_CHANNELS, down, unmounted, up, up_filter
from tests.isolation import speech
from tests.isolation.attempts import HONEST_CONTROLLER, Protocol
from tests.isolation.identities import VICTIM, WITNESS, HostilePki
from tests.support.mqtt import LIMIT_S, PINGREQ, Broker
from tests.support.tls import ClientFiles

Seen = tuple[str, bytes]
HONEST = b"honest:"


class Peer:
    """One honest connection. What comes and is not honest goes to `strange`; `displaced` counts lost connections."""

    def __init__(self, broker: Broker, port: int, files: ClientFiles, client_id: str, filters: list[str]) -> None:
        self.client_id = client_id
        self.strange: list[Seen] = []
        self.displaced = 0
        self._broker = broker
        self._port = port
        self._context = broker.pki.context(files)
        self._filters = filters
        self._protocol: Protocol = "5" if broker.mqtt == "5" else "3.1.1"
        self._talk: speech.Talk | None = None
        self._reading: asyncio.Task[None] | None = None
        self._expected: set[Seen] = set()
        self._all_here = asyncio.Event()

    async def open(self) -> None:
        """Connect and subscribe."""
        talk = self._talk = await speech.dial(self._broker.host, self._port, self._context)
        talk.send(speech.connect(self._protocol, self.client_id))
        talk.send(b"".join(speech.subscribe(self._protocol, each, 1) for each in self._filters) + PINGREQ)
        here = False
        async with asyncio.timeout(LIMIT_S):
            while not here and (packets := await talk.packets()):
                here = any(first == speech.PINGRESP for first, _ in packets)
        if not here:
            raise RuntimeError(f"the broker does not let the honest {self.client_id} in: {self._broker.log()}")
        self._reading = asyncio.create_task(self._read(talk), name=f"honest {self.client_id}")

    async def close(self) -> None:
        """End the connection."""
        if self._reading is not None:
            self._reading.cancel()
            with suppress(asyncio.CancelledError):
                await self._reading
        if self._talk is not None:
            self._talk.cut()

    def expect(self, messages: Iterable[Seen]) -> None:
        """From now on wait for these, each once."""
        self._expected |= set(messages)
        self._all_here.clear()

    def say(self, messages: Iterable[Seen]) -> None:
        """Publish."""
        assert self._talk is not None
        self._talk.send(b"".join(speech.publish(self._protocol, topic, payload, 0) for topic, payload in messages))

    async def lacks(self) -> list[Seen]:
        """Wait until everything expected is here; what did not come in time, or for a lost connection."""
        if self._expected:
            with suppress(TimeoutError):
                async with asyncio.timeout(LIMIT_S):
                    await self._all_here.wait()
        lacking, self._expected = sorted(self._expected), set()
        if self._reading is not None and self._reading.done():
            self._reading.result()
            self.displaced += 1
            await self.open()
        return lacking

    async def _read(self, talk: speech.Talk) -> None:
        while packets := await talk.packets():
            for first, body in packets:
                if first & 0xF0 == speech.PUBLISH:
                    self._take(talk, first, body)
        self._all_here.set()

    def _take(self, talk: speech.Talk, first: int, body: bytes) -> None:
        topic, payload, number = speech.read_publish(self._protocol, first, body)
        if number:
            talk.send(speech.puback(number))
        seen = (unmounted(topic), payload)
        if seen in self._expected:
            self._expected.discard(seen)
            if not self._expected:
                self._all_here.set()
        else:
            self.strange.append(seen)


class Peers:
    """A controller and two units. `async with`, then `round` after each attempt."""

    def __init__(self, broker: Broker, pki: HostilePki) -> None:
        everything_up = [up_filter(channel) for channel in UP_CHANNELS]
        port = broker.controller_port
        self.controller = Peer(broker, port, pki.controller(), HONEST_CONTROLLER, everything_up)
        self.units = [
            Peer(broker, broker.unit_port, pki.unit(name), name, [down(name, channel) for channel in DOWN_CHANNELS])
            for name in (VICTIM, WITNESS)
        ]
        self._number = 0

    async def round(self, extra_units: Iterable[str] = (), *, whole: bool) -> list[str]:
        """Have everybody say something, on one channel or on every one; what did not arrive, a line each.

        `extra_units` are sent everything too.
        """
        self._number += 1
        payload = HONEST + str(self._number).encode()
        up_channels, down_channels = (UP_CHANNELS, DOWN_CHANNELS) if whole else (("health",), ("command",))
        told = {unit: [(up(unit.client_id, each), payload) for each in up_channels] for unit in self.units}
        orders = {unit: [(down(unit.client_id, each), payload) for each in down_channels] for unit in self.units}
        for unit in self.units:
            self.controller.expect(told[unit])
            unit.expect(orders[unit])
        for name in extra_units:
            self.controller.say((down(name, channel), payload) for channel in down_channels)
        for unit in self.units:
            unit.say(told[unit])
            self.controller.say(orders[unit])
        return [
            f"{peer.client_id} did not get {topic}"
            for peer in (self.controller, *self.units)
            for topic, _ in await peer.lacks()
        ]

    def strange(self) -> list[tuple[str, Seen]]:
        """What arrived since the last call that no honest peer sent: receiver, and what."""
        found = [(peer.client_id, seen) for peer in (self.controller, *self.units) for seen in peer.strange]
        for peer in (self.controller, *self.units):
            peer.strange.clear()
        return found

    def displaced(self) -> list[str]:
        """Who lost the connection since the last call."""
        lost = [peer.client_id for peer in (self.controller, *self.units) for _ in range(peer.displaced)]
        for peer in (self.controller, *self.units):
            peer.displaced = 0
        return lost

    async def __aenter__(self) -> Self:
        for peer in (self.controller, *self.units):
            await peer.open()
        return self

    async def __aexit__(self, *_error: object) -> None:
        for peer in (self.controller, *self.units):
            await peer.close()
