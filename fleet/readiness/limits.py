"""What a unit has to reach to be ready. The defaults are proposals (†): a house sets its own."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a readiness certificate; all † until a house has tried them with its cameras.

    min_samples: fewer measured pictures, or stretches of sound, tell nothing. A picture is black with a mean luma of
    black_mean and a spread of black_spread or less (16 is black). The picture is frozen when it changed by no more than
    still_change (mean difference of luma) for longer than frozen_s. Sound is silent at silence_dbfs (RMS) and below; it
    clips when more than clipped_share of a stretch is at full scale. Shares are 0 … 1.
    """

    min_fps: float = 8.0
    min_samples: int = 5
    black_mean: float = 32.0
    black_spread: float = 10.0
    max_black_share: float = 0.1
    still_change: float = 0.25
    frozen_s: float = 3.0
    min_focus: float = 0.2
    silence_dbfs: float = -60.0
    clipped_share: float = 0.001
    max_clipped_share: float = 0.1
    max_loss_percent: float = 5.0
    max_rtt_ms: float = 1000.0
    min_supply_mv: int = 4750
