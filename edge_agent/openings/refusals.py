"""Which refusals are recorded: whoever repeats a bad grant must not fill the unit's chain. Pure."""

from protocols.access_record import Modality

EVERY_MS = 60_000
RECORDED_MAX = 20
"""Records of refusals within a minute, whatever they are."""


class RefusalCount:
    """Counts what was refused in the minute that runs, which begins with a refusal."""

    def __init__(self) -> None:
        """Nothing has been refused yet."""
        self._begun_ms: int | None = None
        self._recorded: set[tuple[str, Modality]] = set()
        self.left_out = 0

    def note(self, rule: str, modality: Modality, now_boot_ms: int) -> int | None:
        """Whether to record this one: how many were left out since the one recorded before it; None to leave it out."""
        if self._begun_ms is None or now_boot_ms - self._begun_ms >= EVERY_MS:
            self._begun_ms = now_boot_ms
            self._recorded = set()
        if (rule, modality) in self._recorded or len(self._recorded) >= RECORDED_MAX:
            self.left_out += 1
            return None
        self._recorded.add((rule, modality))
        left_out, self.left_out = self.left_out, 0
        return left_out
