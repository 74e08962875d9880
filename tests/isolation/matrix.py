"""Makes the attempts, one after another, and judges from outside what came of each."""

import asyncio
import itertools
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from protocols.topics import CONTROLLER_NAME, unmounted
from tests.bench.lines import say
from tests.isolation import speech
from tests.isolation.attempts import Attempt, Operation
from tests.isolation.honest import Peers
from tests.isolation.identities import Identity
from tests.support.mqtt import LIMIT_S, PINGREQ, Broker

_FORGED = b"forged:"
_PROGRESS_EVERY_S = 5.0
_TOGETHER = 24


@dataclass
class Tally:
    """`attempts` made, `crossed` lines, and how many were `allowed` and seen to work (a matrix that sees nothing
    could find nothing)."""

    attempts: int = 0
    crossed: list[str] = field(default_factory=list)
    allowed: int = 0

    def as_json(self) -> dict[str, object]:
        """For the result line."""
        return {"attempts": self.attempts, "crossed": len(self.crossed), "allowed_seen": self.allowed}


class Stranger:
    """One who tries: a connection that is used again while the broker leaves it standing."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._talk: speech.Talk | None = None
        self._as: tuple[str, ...] = ()
        self.received: list[tuple[str, bytes]] = []

    def close(self) -> None:
        """Break the connection."""
        if self._talk is not None:
            self._talk.cut()
            self._talk = None

    async def say(self, attempt: Attempt, data: bytes) -> bool:
        """Send `data` over a connection as `attempt` wants it; whether the broker left it standing."""
        wanted = (attempt.identity.label, attempt.door, attempt.protocol)
        if self._talk is None or self._as != wanted:
            await self._open(attempt, speech.connect(attempt.protocol, _client_id(attempt)))
            self._as = wanted
        return await self.deal(attempt, data)

    async def enter(self, attempt: Attempt, connect: bytes) -> None:
        """Connect with exactly these bytes, and wait until the broker has dealt with it."""
        await self._open(attempt, connect)
        self._as = ()
        await self.deal(attempt)

    async def deal(self, attempt: Attempt, data: bytes = b"") -> bool:
        """Send `data`, take in what comes, and wait until the broker has dealt with it all.

        Nobody waits to be let in: what is sent before the answer to CONNECT is an attempt, too.
        """
        talk = self._talk
        if talk is None:
            return False
        talk.send(data + PINGREQ)
        async with asyncio.timeout(LIMIT_S):
            while packets := await talk.packets():
                self._take_in(attempt, talk, packets)
                if any(first == speech.PINGRESP for first, _ in packets):
                    return True
        self.close()
        return False

    def _take_in(self, attempt: Attempt, talk: speech.Talk, packets: list[tuple[int, bytes]]) -> None:
        for first, body in packets:
            if first & 0xF0 == speech.PUBLISH:
                topic, payload, number = speech.read_publish(attempt.protocol, first, body)
                self.received.append((unmounted(topic), payload))
                if number:
                    talk.send(speech.puback(number))

    async def _open(self, attempt: Attempt, connect: bytes) -> None:
        self.close()
        port = self._broker.controller_port if attempt.door == "controllers" else self._broker.unit_port
        context = self._contexts.get(attempt.identity.label)
        if context is None:
            context = self._contexts[attempt.identity.label] = self._broker.pki.context(attempt.identity.files)
        try:
            self._talk = await speech.dial(self._broker.host, port, context)
        except OSError:
            return
        self._talk.send(connect)


def _client_id(attempt: Attempt) -> str:
    """What the one who tries would call itself where that works."""
    name = attempt.identity.name
    if name == CONTROLLER_NAME or attempt.door == "controllers":
        return "controller-stranger"
    return name


def groups(attempts: Sequence[Attempt]) -> Iterator[list[Attempt]]:
    """Attempts that may be judged together: alike but for the topic, since what arrives names its attempt. Who takes a
    session over is judged alone."""
    for key, alike in itertools.groupby(
        attempts, lambda one: (one.identity.label, one.door, one.protocol, one.operation)
    ):
        size = 1 if key[-1] == "take-over" else _TOGETHER
        while group := list(itertools.islice(alike, size)):
            yield group


class Matrix:
    """Makes attempts against one broker, with honest peers about."""

    def __init__(self, broker: Broker, peers: Peers) -> None:
        self._peers = peers
        self._stranger = Stranger(broker)
        self._made: list[Attempt] = []
        self.tally = Tally()

    async def run(self, attempts: Sequence[Attempt], name: str) -> Tally:
        """Make `attempts`; progress goes to standard error."""
        shown_at = time.monotonic()
        try:
            for group in groups(attempts):
                await self._make_and_judge(group)
                if time.monotonic() - shown_at > _PROGRESS_EVERY_S:
                    shown_at = time.monotonic()
                    say(f"  {name}: {len(self._made)} of {len(attempts)}, {len(self.tally.crossed)} crossed")
        finally:
            self._stranger.close()
        self.tally.attempts = len(self._made)
        say(f"  {name}: {len(self._made)} attempts, {len(self.tally.crossed)} crossed")
        return self.tally

    async def _make_and_judge(self, group: list[Attempt]) -> None:
        """Make the attempts; when the broker has dealt with all of them, have the honest peers talk, and look."""
        first = group[0]
        numbered = list(enumerate(group, start=len(self._made)))
        self._made += group
        await self._make(first.operation, numbered)
        reads = first.operation in {"subscribe", "share"}
        lacking = await self._peers.round(_own(first.identity) if reads else (), whole=reads)
        if reads or first.operation == "take-over":
            await self._stranger.deal(first)
        self._judge(first, lacking)
        if reads:
            # What was subscribed to must not speak for the next attempts; a will must not go out later.
            self._stranger.close()

    async def _make(self, operation: Operation, numbered: list[tuple[int, Attempt]]) -> None:
        stranger = self._stranger
        if operation in {"publish", "retained", "subscribe", "share"}:
            packets = [_packet(number, attempt) for number, attempt in numbered]
            if await stranger.say(numbered[0][1], b"".join(packets)):
                return
            # One of them ended the connection, and nobody knows which were heard before: each by itself.
            for (_, attempt), data in zip(numbered, packets, strict=True):
                await stranger.say(attempt, data)
            return
        for number, attempt in numbered:
            if operation == "take-over":
                lasting = bool(attempt.qos)
                await stranger.enter(attempt, speech.connect(attempt.protocol, attempt.topic, lasting=lasting))
                continue
            will, kept = (attempt.topic, _forged(number)), operation == "retained-will"
            hello = speech.connect(attempt.protocol, _client_id(attempt), will=will, will_retained=kept)
            await stranger.enter(attempt, hello)
            stranger.close()
            # To come again has the broker deal with the broken connection first.
            await stranger.say(attempt, b"")

    def _judge(self, one_of: Attempt, lacking: list[str]) -> None:
        wrong = [f"starved: {line}" for line in lacking]
        wrong += [f"displaced: {name}" for name in self._peers.displaced()]
        for receiver, (topic, payload) in self._peers.strange():
            source = self._source(payload)
            if source is not None and source.may_write(topic):
                self.tally.allowed += 1
            else:
                by = "nobody knows whom" if source is None else source.shown
                wrong.append(f"{receiver} got {payload[:20]!r} on {topic[:60]!r}, by {by}")
        received, self._stranger.received = self._stranger.received, []
        for topic, payload in received:
            if one_of.may_read(topic):
                self.tally.allowed += 1
            else:
                wrong.append(f"the one who tried was sent {payload[:20]!r} on {topic[:60]!r}")
        self.tally.crossed += [f"{one_of.shown} (or one like it): {each}" for each in wrong]

    def _source(self, payload: bytes) -> Attempt | None:
        number = payload.removeprefix(_FORGED)
        return self._made[int(number)] if number.isdigit() and int(number) < len(self._made) else None


def _own(identity: Identity) -> Iterable[str]:
    return (identity.name,) if identity.enters and identity.thorough and identity.name != CONTROLLER_NAME else ()


def _forged(number: int) -> bytes:
    return _FORGED + str(number).encode()


def _packet(number: int, attempt: Attempt) -> bytes:
    protocol, topic, qos = attempt.protocol, attempt.topic, attempt.qos
    match attempt.operation:
        case "subscribe":
            return speech.subscribe(protocol, topic, qos)
        case "share":
            return speech.subscribe(protocol, f"$share/fleet/{topic}", qos)
        case operation:
            return speech.publish(protocol, topic, _forged(number), qos, retained=operation == "retained")
