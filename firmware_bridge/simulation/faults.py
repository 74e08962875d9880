"""What goes wrong on a simulated line and in a simulated device, by a seed. Pure."""

from dataclasses import dataclass
from random import Random
from typing import NamedTuple


@dataclass(frozen=True)
class Faults:
    """How often, and when.

    `lose`, `garble` and `duplicate` are chances from 0 to 1, for each message in either direction; a message that is
    garbled has one byte changed. `delay_ms` is the longest that a reply is held back. The cable is pulled after
    `cable_after_bytes` bytes in either direction, and plugged in again after `cable_back_ms`. Power fails at message
    number `power_at_message` to the device, or at operation `power_at_write` of its flash, of which `power_done`, 0 to
    1, is still carried out; it comes back after `power_back_ms`. From message number `stuck_at_message` on nothing is
    answered.
    """

    lose: float = 0.0
    garble: float = 0.0
    duplicate: float = 0.0
    delay_ms: int = 0
    cable_after_bytes: int | None = None
    cable_back_ms: int = 500
    power_at_message: int | None = None
    power_at_write: int | None = None
    power_done: float = 0.5
    power_back_ms: int = 500
    stuck_at_message: int | None = None


class Delivery(NamedTuple):
    """`content` that arrives after `delay_s` seconds."""

    delay_s: float
    content: bytes


class Dice:
    """Draws what happens to each message; the same for the same seed."""

    def __init__(self, faults: Faults, seed: int) -> None:
        self.faults = faults
        self._random = Random(seed)  # noqa: S311 - repeatable faults, no secrets

    def deliver(self, content: bytes, *, delayed: bool = False) -> list[Delivery]:
        """What arrives of a message: nothing, once, or twice; a reply may be `delayed`."""
        faults, chance = self.faults, self._random.random
        if chance() < faults.lose:
            return []
        if content and chance() < faults.garble:
            at = self._random.randrange(len(content))
            content = content[:at] + bytes([content[at] ^ self._random.randrange(1, 256)]) + content[at + 1 :]
        delay_s = chance() * faults.delay_ms / 1000 if delayed else 0.0
        times = 2 if chance() < faults.duplicate else 1
        return [Delivery(delay_s, content)] * times
