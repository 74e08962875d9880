"""When a model runs low. Pure."""


def is_low(left: int, low_at: int) -> bool:
    """Whether so few are left that somebody should order; a limit of 0 never asks."""
    return low_at > 0 and left <= low_at
