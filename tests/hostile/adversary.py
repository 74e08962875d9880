"""What a dishonest broker host does, drawn from a seed: everything it can do without the controller's key or a unit's.

A `carrier` changes the fate of what others said, and invents whatever it likes toward units, and announcements, proofs
and results toward the controller. A `liar` also invents reports and events, which are not signed.
"""

import random
import time
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols.access_record import GENESIS, AccessRecord
from protocols.commands import ApplySettings, ReportNow
from protocols.downlink import Ack, Body, Command, Signed, Welcome, seal
from protocols.health import HealthReport
from protocols.ids import new_session_nonce, new_token_id
from protocols.settings import UnitSettings
from protocols.topics import DOWN_CHANNELS, UP_CHANNELS, DownChannel, UpChannel, down, parse_up, up
from protocols.uplink import (
    AnyUpMessage,
    CommandResult,
    EventBatch,
    HealthBatch,
    SessionProof,
    SessionState,
    UnitEvent,
    decode_up,
    encode_up,
)
from tests.hostile.hostile_broker import HostileBroker, Post

Manner = Literal["carrier", "liar"]

FORGED_VERSION = 900_000
"""Versions of settings from here on are the adversary's."""

_REMEMBERED = 3000
_HELD_BACK = 400
_LONGEST_DELAY_S = 6.0
_HUGE = 1 << 20
_FATES = ("pass", "drop", "delay", "repeat", "flip", "truncate", "misroute")
_WEIGHTS = (55, 10, 12, 8, 5, 4, 6)


@dataclass
class _Unit:
    """What the adversary has read of a unit."""

    sessions: deque[str] = field(default_factory=lambda: deque(maxlen=20))
    spool_id: int = 1
    next_seq: int = 1
    commands: deque[str] = field(default_factory=lambda: deque(maxlen=50))


class Adversary:
    """A plan for a `HostileBroker`. Hostile until `reform`; `done` counts what it did."""

    def __init__(self, broker: HostileBroker, units: list[str], seed: int, manner: Manner) -> None:
        self.done: Counter[str] = Counter()
        self._broker = broker
        self._chance = random.Random(seed)
        self._manner = manner
        self._units = {unit_id: _Unit() for unit_id in units}
        self._past: deque[Post] = deque(maxlen=_REMEMBERED)
        self._held: list[tuple[float, Post]] = []
        self._key = Ed25519PrivateKey.generate()
        self._hostile = True

    def reform(self) -> None:
        """Be honest from now on, as after a new start: what was held back is lost, and everybody connects again."""
        self._hostile = False
        self._held.clear()
        for client_id in self._broker.clients:
            self._broker.cut(client_id)

    def take(self, post: Post) -> None:
        """Decide what becomes of a message."""
        if not self._hostile:
            self._broker.deliver(post)
            return
        self._past.append(post)
        self._learn(post)
        fate = self._chance.choices(_FATES, _WEIGHTS)[0]
        self.done[fate] += 1
        match fate:
            case "pass":
                self._broker.deliver(post)
            case "drop":
                pass
            case "delay":
                self._hold(post)
            case "repeat":
                self._broker.deliver(post)
                for _ in range(self._chance.randint(1, 3)):
                    self._broker.deliver(post, again=True)
            case "flip":
                self._broker.deliver(post._replace(payload=self._flipped(post)))
            case "truncate":
                self._broker.deliver(
                    post._replace(payload=post.payload[: self._chance.randrange(len(post.payload) + 1)])
                )
            case _:
                self._misroute(post)

    def act(self) -> None:
        """Do something that nobody gave an occasion for; called many times a second."""
        if not self._hostile:
            return
        now = time.monotonic()
        for due in [one for one in self._held if one[0] <= now]:
            self._held.remove(due)
            self.done["late"] += 1
            self._broker.deliver(due[1])
        deeds: list[tuple[Callable[[], None], int]] = [
            (self._replay, 8),
            (self._forge_down, 8),
            (self._tamper_down, 6),
            (self._nonsense, 4),
            (self._forge_up, 5),
            (lambda: None, 20),
            (self._cut, 1 if self._chance.random() < 0.3 else 0),
        ]
        if self._manner == "liar":
            deeds.append((self._invent_reports, 6))
        self._chance.choices([deed for deed, _ in deeds], [weight for _, weight in deeds])[0]()

    def _hold(self, post: Post) -> None:
        if len(self._held) < _HELD_BACK:
            # Orders of this campaign are good for two seconds: many come when they are not any more.
            self._held.append((time.monotonic() + self._chance.uniform(0, _LONGEST_DELAY_S), post))

    def _learn(self, post: Post) -> None:
        """Read what goes by; honest peers sent it, so that it can be read."""
        if not post.topic.startswith("up/"):
            return
        place = parse_up(post.topic)
        unit, message = self._units[place.unit_id], decode_up(place, post.payload)
        if message.session not in unit.sessions:
            unit.sessions.append(message.session)
        match message:
            case SessionState(spool_id=int() as spool_id, next_seq=int() as next_seq):
                unit.spool_id, unit.next_seq = spool_id, next_seq
            case CommandResult(command_id=command_id):
                unit.commands.append(command_id)
            case _:
                pass

    def _is_told(self, topic: str) -> bool:
        """Whether bits of it may be changed: an honest carrier of unsigned reports would be a liar if it did."""
        return self._manner == "liar" or not topic.endswith(("/health", "/event"))

    def _flipped(self, post: Post) -> bytes:
        changed = bytearray(post.payload)
        if changed and self._is_told(post.topic):
            place = self._chance.randrange(len(changed))
            changed[place] ^= 1 << self._chance.randrange(8)
        return bytes(changed)

    def _misroute(self, post: Post) -> None:
        """To another unit, or on another channel."""
        side, unit_id, channel = post.topic.split("/")
        if self._chance.random() < 0.5:
            unit_id = self._chance.choice(list(self._units))
        else:
            channel = self._chance.choice(DOWN_CHANNELS if side == "down" else UP_CHANNELS)
        self._broker.deliver(post._replace(topic=f"{side}/{unit_id}/{channel}"))

    def _replay(self) -> None:
        if self._past:
            self.done["replay"] += 1
            post = self._chance.choice(self._past)
            if self._chance.random() < 0.3 and post.topic.startswith("down/"):
                self._broker.push(self._chance.choice(list(self._units)), post)
            self._broker.deliver(post._replace(retained=self._chance.random() < 0.2))

    def _cut(self) -> None:
        clients = self._broker.clients
        if clients:
            self.done["cut"] += 1
            self._broker.cut(self._chance.choice(clients))

    def _one(self) -> tuple[str, _Unit]:
        unit_id = self._chance.choice(list(self._units))
        return unit_id, self._units[unit_id]

    def _forge_down(self) -> None:
        """A perfect envelope, but for the key."""
        unit_id, unit = self._one()
        if not unit.sessions:
            return
        self.done["forged order"] += 1
        forged = UnitSettings(version=FORGED_VERSION + self._chance.randrange(1000), report_every_s=1)
        known = list(unit.commands) or [new_token_id()]
        bodies: list[Body] = [
            Welcome(new_session_nonce(), 1),
            Ack(unit.spool_id, [(1, unit.next_seq + 100)]),
            Command(new_token_id(), ApplySettings(forged)),
            Command(self._chance.choice(known), ReportNow()),
        ]
        body = self._chance.choice(bodies)
        payload = seal(self._signed(unit_id, unit.sessions[-1], body), self._key)
        if self._chance.random() < 0.5:
            payload = self._under_the_true_keys_name(payload)
        channel: DownChannel = "command" if isinstance(body, Command) else "ack"
        self._broker.deliver(Post(down(unit_id, channel), payload, retained=self._chance.random() < 0.2))

    def _signed(self, unit_id: str, session: str, body: Body) -> Signed:
        now_ms = time.time_ns() // 1_000_000
        return Signed(
            unit=unit_id,
            session=session,
            sender=f"{self._chance.randrange(1 << 64):016x}",
            counter=self._chance.randrange(1, 1 << 50),
            issued_at_ms=now_ms,
            expires_at_ms=now_ms + 60_000,
            body=body,
        )

    def _envelopes(self) -> list[Post]:
        return [post for post in self._past if post.topic.startswith("down/")]

    def _under_the_true_keys_name(self, payload: bytes) -> bytes:
        known = self._envelopes()
        if not known:
            return payload
        envelope = msgspec.json.decode(payload)
        envelope["key"] = msgspec.json.decode(self._chance.choice(known).payload)["key"]
        return msgspec.json.encode(envelope)

    def _tamper_down(self) -> None:
        """A true envelope with another unit, session, counter, time or content under the same signature."""
        known = self._envelopes()
        unit_id, unit = self._one()
        if not known or not unit.sessions:
            return
        self.done["tampered order"] += 1
        post = self._chance.choice(known)
        envelope = msgspec.json.decode(post.payload)
        signed = msgspec.json.decode(envelope["signed"])
        signed |= self._chance.choice(
            [
                {"unit": unit_id},
                {"session": unit.sessions[-1], "unit": unit_id},
                {"counter": signed["counter"] + 10_000},
                {"expires_at_ms": signed["expires_at_ms"] + 3_600_000},
                {"body": {"type": "ack", "spool_id": unit.spool_id, "ranges": [[1, unit.next_seq + 50]]}},
            ]
        )
        envelope["signed"] = msgspec.json.encode(signed).decode()
        self._broker.deliver(Post(down(unit_id, post.topic.rsplit("/", 1)[1]), msgspec.json.encode(envelope)))  # type: ignore[arg-type]  # the channel of a topic that an honest controller used

    def _nonsense(self) -> None:
        self.done["nonsense"] += 1
        unit_id, _ = self._one()
        payload = self._chance.choice(
            [
                b"",
                b"x" * _HUGE,
                b"[" * 100_000,
                b'{"signed":' * 20_000,
                b"\xff\xfe" * 300,
                b'{"signed":"{}","key":"","sig":""}',
                b'{"signed":"\\ud800","key":"","sig":"AA=="}',
                self._chance.randbytes(self._chance.randrange(2000)),
            ]
        )
        if self._chance.random() < 0.5:
            self._broker.deliver(Post(down(unit_id, self._chance.choice(DOWN_CHANNELS)), payload))
            self._broker.push(unit_id, Post("up/" + unit_id + "/health", payload))
        else:
            self._broker.deliver(Post(up(unit_id, self._chance.choice(UP_CHANNELS)), payload))

    def _forge_up(self) -> None:
        """Announcements, ends, proofs and results that no unit made."""
        unit_id, unit = self._one()
        if not unit.sessions:
            return
        self.done["forged announcement"] += 1
        session = self._chance.choice([*unit.sessions, new_session_nonce()])
        seq = self._chance.choice([1, unit.next_seq, unit.next_seq + 1_000_000])
        state = SessionState(
            unit=unit_id,
            session=session,
            connection=session,
            up=self._chance.random() < 0.7,
            boot_id=str(self._chance.randrange(3)),
            spool_id=self._chance.choice([unit.spool_id, self._chance.randrange(1, 1 << 50)]),
            next_seq=seq,
        )
        proof = SessionProof(
            unit=unit_id,
            session=session,
            challenge=self._challenge(),
            certificate=f"{self._chance.randrange(1 << 100):x}",
            boot_id="a copy's",
            spool_id=unit.spool_id,
            next_seq=1,
            signature=b64encode(self._chance.randbytes(70)).decode(),
        )
        command_id = self._chance.choice(list(unit.commands) or [new_token_id()])
        result = CommandResult(unit=unit_id, session=session, command_id=command_id, state="refused", reason="forged")
        messages: list[AnyUpMessage] = [state, proof, self._altered_proof() or proof, result]
        message = self._chance.choice(messages)
        channel: UpChannel = "result" if isinstance(message, CommandResult) else "lwt"
        self._broker.deliver(Post(up(message.unit, channel), encode_up(message)))

    def _challenge(self) -> str:
        """The newest challenge that went by."""
        for post in reversed(self._envelopes()):
            body = msgspec.json.decode(msgspec.json.decode(post.payload)["signed"])["body"]
            if body["type"] == "welcome":
                return str(body["challenge"])
        return new_session_nonce()

    def _altered_proof(self) -> SessionProof | None:
        """A true proof that says something else, or answers another challenge, under its signature."""
        proofs = [post for post in self._past if b'"type":"proof"' in post.payload]
        if not proofs:
            return None
        post = self._chance.choice(proofs)
        proof = decode_up(parse_up(post.topic), post.payload)
        assert isinstance(proof, SessionProof)
        changes: list[dict[str, object]] = [
            {"next_seq": 1},
            {"boot_id": "left"},
            {"challenge": self._challenge()},
            {"access_records": 0, "access_head": GENESIS},
        ]
        return msgspec.structs.replace(proof, **self._chance.choice(changes))

    def _invented_record(self, at_ms: int) -> str:
        """A record that no unit made, of an opening that never was."""
        record = AccessRecord(
            number=self._chance.randrange(1, 9),
            prior=self._chance.choice([GENESIS, "a" * 64]),
            at_ms=at_ms,
            boot_id="invented",
            boot_ms=1,
            what="opened",
            modality="video",
            opening=new_token_id(),
        )
        return record.text()

    def _invent_reports(self) -> None:
        unit_id, unit = self._one()
        if not unit.sessions:
            return
        self.done["invented report"] += 1
        seq = self._chance.choice([unit.next_seq, unit.next_seq + 5, unit.next_seq + 1_000_000, (1 << 53) - 1])
        at_ms = time.time_ns() // 1_000_000
        spool_id, session = unit.spool_id, unit.sessions[-1]
        health = HealthBatch(
            unit=unit_id,
            session=session,
            spool_id=spool_id,
            reports=[
                HealthReport(seq=seq, sampled_at_ms=at_ms, soc_temp_c=99.0, access_records=7, access_head="a" * 64)
            ],
        )
        event = EventBatch(
            unit=unit_id,
            session=session,
            spool_id=spool_id,
            events=[
                UnitEvent(
                    seq=seq,
                    sampled_at_ms=at_ms,
                    kind="lid-opened",
                    severity="alarm",
                    summary="invented",
                    record=self._invented_record(at_ms),
                )
            ],
        )
        if self._chance.random() < 0.5:
            self._broker.deliver(Post(up(unit_id, "health"), encode_up(health)))
        else:
            self._broker.deliver(Post(up(unit_id, "event"), encode_up(event)))
