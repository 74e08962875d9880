"""How fast bytes pass a serial line. Pure: the time is given, in seconds of a clock that does not go back."""

BITS_A_BYTE = 10
"""A start bit, eight bits, a stop bit."""

_DEPTH_S = 0.02
_CHUNK_S = 0.004
_MOST_CHUNK_BYTES = 1024


class Pace:
    """Lets bytes pass at `baud` bit/s. Whoever's timer is up to 20 ms late may catch up, so that the rate holds on
    average; what the line is idle is lost, as on a wire, where `idle` says so."""

    def __init__(self, baud: int) -> None:
        self._bytes_per_s = baud / BITS_A_BYTE
        self._free_s = float("-inf")

    @property
    def chunk_bytes(self) -> int:
        """How many bytes to let pass at once: some 4 ms of them, at most 1024."""
        return max(1, min(_MOST_CHUNK_BYTES, int(self._bytes_per_s * _CHUNK_S)))

    def idle(self, now_s: float) -> None:
        """The line had nothing to carry until `now_s`."""
        self._free_s = max(self._free_s, now_s)

    def take(self, count: int, now_s: float) -> float:
        """Seconds to wait from `now_s` until `count` more bytes have passed; 0 when they have."""
        self._free_s = max(self._free_s, now_s - _DEPTH_S) + count / self._bytes_per_s
        return max(0.0, self._free_s - now_s)
