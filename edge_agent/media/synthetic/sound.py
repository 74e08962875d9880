"""The tone of the synthetic camera: samples of 16 bits, one channel, 48 kHz."""

import array
import math
import random

RATE_HZ = 48_000
TONE_HZ = 440
LEVEL_DBFS = -20.0
"""Peak of the tone against full scale."""

_NOTE_S = 0.25
_CANARY_NOTES = 16


def canary_notes_hz(seed: int) -> tuple[int, ...]:
    """The sequence of tones of a canary, each a quarter of a second long; multiples of 20 Hz from 300 to 2480."""
    chance = random.Random(seed)  # noqa: S311 - tones to be found again, not a secret
    return tuple(chance.randrange(300, 2_500, 20) for _ in range(_CANARY_NOTES))


class Tone:
    """Samples by their number since the camera began; the same number gives the same sample."""

    def __init__(self, canary_seed: int | None = None) -> None:
        """A steady 440 Hz, or the sequence of a canary, over and over."""
        notes = (TONE_HZ,) if canary_seed is None else canary_notes_hz(canary_seed)
        length = RATE_HZ if canary_seed is None else int(RATE_HZ * _NOTE_S)
        peak = 32_767 * 10 ** (LEVEL_DBFS / 20)
        self._samples = array.array(
            "h", (round(peak * math.sin(2 * math.pi * note * at / RATE_HZ)) for note in notes for at in range(length))
        )

    def samples(self, first: int, count: int) -> bytes:
        """`count` samples from number `first` on, little-endian on every machine this runs on."""
        length = len(self._samples)
        at = first % length
        taken = self._samples[at : at + count]
        while len(taken) < count:
            taken += self._samples[: count - len(taken)]
        return taken.tobytes()
