"""Whether a viewer's line is too thin for the stream: then it is sent keyframes only. Pure: time is handed in.

The stream is as the unit sends it, for all viewers alike. What a thin line can not carry would only make it lose the
rest as well, and have it ask for keyframes that everybody else pays for.
"""

_TOO_MUCH = 0.15
"""Share of lost packets in the viewer's report, 0 … 1."""
_REPORTS = 3
_FIRST_REST_S = 10.0
_LONGEST_REST_S = 80.0


class Strain:
    """Told of each report; `is_thin` says what to send. Each relapse doubles the time before the whole is tried again.

    Times are seconds of one monotonic clock.
    """

    def __init__(self) -> None:
        self.is_thin = False
        self._bad = 0
        self._rest_s = _FIRST_REST_S
        self._until_s = 0.0

    def report(self, lost_share: float, now_s: float) -> None:
        """The viewer lost `lost_share` (0 … 1) of what was sent since its report before."""
        self._bad = self._bad + 1 if lost_share >= _TOO_MUCH else 0
        if self.is_thin:
            if now_s >= self._until_s:
                self.is_thin = False
                self._bad = 0
        elif self._bad >= _REPORTS:
            self.is_thin = True
            self._until_s = now_s + self._rest_s
            self._rest_s = min(_LONGEST_REST_S, self._rest_s * 2)
