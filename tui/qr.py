"""A QR code in half blocks: two modules in a sign, dark on light, with its quiet zone."""

import segno

from tui.paint import Line, Span

_QUIET_ZONES = (4, 3, 2, 1)
_SIGNS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def qr_lines(text: str, width: int, height: int) -> list[Line] | None:
    """`text` as a QR code in at most `width` × `height` signs, with the widest quiet zone that fits; None when none
    does. Error correction is the lowest, because a screen does not get scratched and every module counts."""
    code = segno.make_qr(text, error="L", boost_error=False)
    for border in _QUIET_ZONES:
        rows = [[bool(module) for module in row] for row in code.matrix_iter(border=border)]
        if len(rows[0]) <= width and (len(rows) + 1) // 2 <= height:
            return _half_blocks(rows)
    return None


def size_needed(text: str) -> tuple[int, int]:
    """The least width and height `qr_lines` can draw `text` in."""
    modules = len(segno.make_qr(text, error="L", boost_error=False).matrix) + 2 * _QUIET_ZONES[-1]
    return modules, (modules + 1) // 2


def _half_blocks(rows: list[list[bool]]) -> list[Line]:
    if len(rows) % 2:
        rows = [*rows, [False] * len(rows[0])]
    return [
        (Span("".join(_SIGNS[pair] for pair in zip(upper, lower, strict=True)), "qr"),)
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
