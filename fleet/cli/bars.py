"""Bars in a terminal, an eighth of a cell fine."""

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WHOLE = "█"


def bar(share: float, cells: int) -> str:
    """A bar of `share` (0 … 1, else cut off) of `cells`; what is more than nothing shows at least an eighth."""
    eighths = round(min(max(share, 0.0), 1.0) * cells * 8)
    if share > 0:
        eighths = max(eighths, 1)
    return (_WHOLE * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()
