"""Bars in a terminal, an eighth of a cell fine."""

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WHOLE = "█"
_BAD = "!"
_UNDER_WAY = "▒"


def bar(share: float, cells: int) -> str:
    """A bar of `share` (0 … 1, else cut off) of `cells`; what is more than nothing shows at least an eighth."""
    eighths = round(min(max(share, 0.0), 1.0) * cells * 8)
    if share > 0:
        eighths = max(eighths, 1)
    return (_WHOLE * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def bar_of(done: int, bad: int, of: int, cells: int, *, under_way: int = 0) -> str:
    """A bar of `cells` for `done` of `of`, then a `!` for each cell of `bad` and a `▒` for each of `under_way`; what
    there is shows where there is room, bad before the others, and nothing of none is all."""
    if of <= 0:
        return bar(1.0, cells)
    bad_cells = _cells_of(bad, of, cells, cells - (done > 0) - (under_way > 0))
    going_cells = _cells_of(under_way, of, cells, cells - bad_cells - (done > 0))
    drawn = bar(done / of, cells)[: cells - bad_cells - going_cells]
    return drawn + _BAD * bad_cells + _UNDER_WAY * going_cells


def _cells_of(count: int, of: int, cells: int, room: int) -> int:
    return min(max(1, round(cells * count / of)), room) if count > 0 else 0
