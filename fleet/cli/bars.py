"""Bars in a terminal, an eighth of a cell fine."""

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WHOLE = "█"
_BAD = "!"


def bar(share: float, cells: int) -> str:
    """A bar of `share` (0 … 1, else cut off) of `cells`; what is more than nothing shows at least an eighth."""
    eighths = round(min(max(share, 0.0), 1.0) * cells * 8)
    if share > 0:
        eighths = max(eighths, 1)
    return (_WHOLE * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def bar_of(done: int, bad: int, of: int, cells: int) -> str:
    """A bar of `cells` for `done` of `of`, then a `!` for each cell of `bad`; what there is shows, and nothing of none
    is all."""
    if of <= 0:
        return bar(1.0, cells)
    bad_cells = min(max(1, round(cells * bad / of)), cells - (done > 0)) if bad > 0 else 0
    return bar(done / of, cells)[: cells - bad_cells] + _BAD * bad_cells
