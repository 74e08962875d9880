"""Numbers, sizes and lengths of time as every program says them to a person. Pure."""

UNKNOWN = "—"
MINUS = "−"

_GROUP = "\N{NO-BREAK SPACE}"
_MINUTE = 60
_HOUR = 3600
_DAY = 86_400
_BYTES = ("B", "kB", "MB", "GB", "TB")


def duration(seconds: float) -> str:
    """A length of time of at least 0 s, short enough for a column of 7: `41 s`, `12 min`, `2 h 10`, `14 h`, `3 d`."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min"
    if whole < 10 * _HOUR:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours} h {rest // _MINUTE:02}" if rest >= _MINUTE else f"{hours} h"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR} h"
    return f"{whole // _DAY} d"


def number(value: float, decimals: int = 0) -> str:
    """A number with a real minus sign and groups of three: `−98`, `12 300`, `0.42`."""
    text = f"{abs(value):,.{decimals}f}".replace(",", _GROUP)
    return MINUS + text if value < 0 and float(f"{value:.{decimals}f}") != 0 else text


def size(octets: int) -> str:
    """A count of bytes in steps of 1000: `512 B`, `1.2 GB`."""
    value = float(octets)
    for unit in _BYTES[:-1]:
        if value < 999.5:
            return f"{number(value, 0 if unit == 'B' or value >= 10 else 1)} {unit}"
        value /= 1000
    return f"{number(value, 1)} {_BYTES[-1]}"
