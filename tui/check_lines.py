"""What is beside and below the picture of a check, as lines for a width. Pure."""

from collections.abc import Sequence
from datetime import datetime

from protocols.api.checks import (
    CheckState,
    CheckView,
    Measure,
    MeasureResult,
    PositionView,
    PreviewNews,
    StreamFigures,
)
from protocols.measure_words import limit_words, value_words
from tui.pace import Pace
from tui.paint import EMPTY, Line, Span, Tone, fit, line_width, wrap
from tui.words import UNKNOWN, age, duration, moment, number, safe

METER_CELLS = 10
_METER_FLOOR_DBFS = -60.0
_LABEL = 9
_WIDE = 110
_LAST_S = 5
"""A lease that ends so close before mandate or budget does is the last one."""

STEPS: dict[CheckState, str] = {
    "asking": "asking the unit",
    "granting": "waiting for the log and its witnesses",
    "opening": "the unit has its lease, and opens",
    "live": "OPEN",
    "closed": "closed",
    "refused": "refused",
}
"""What each state is called while somebody waits for the next."""

ENDED: frozenset[CheckState] = frozenset({"closed", "refused"})
_RESULT_TONES: dict[MeasureResult, Tone] = {"pass": "good", "fail": "bad", "not-measured": "muted"}


def clock_of(seconds: int) -> str:
    """A short length of time as a clock counts it: `0:42`."""
    minutes, rest = divmod(max(0, seconds), 60)
    return f"{minutes}:{rest:02}"


def title_line(
    name: str, modalities: Sequence[str], news: PreviewNews | None, width: int, now: datetime, *, utc: bool
) -> Line:
    """Which unit, what is open, for how long yet, and what is left of the day."""
    left: Line = (Span(" CHECK ", "muted"), Span(safe(name), "title"), Span(f"  {' + '.join(modalities)}  ", "plain"))
    if news is None:
        return left
    if news.state != "live":
        tone: Tone = "bad" if news.state == "refused" else "muted" if news.state == "closed" else "fair"
        return (*left, Span(STEPS[news.state], tone))
    closing = closing_words(news, now, wide=width > _WIDE, utc=utc)
    line: Line = (*left, Span(f" OPEN {clock_of(news.lease_left_s)} left {closing} ", "loud"))
    budget = Span(f"  {used_words(news)}")
    return (*line, budget) if line_width((*line, budget)) <= width else line


def closing_words(news: PreviewNews, now: datetime, *, wide: bool, utc: bool) -> str:
    """What comes when the lease is over: another one, or the end, with the mandate or with the minutes of the day."""
    ends_at = news.mandate_ends_at
    if ends_at is not None and (ends_at - now).total_seconds() <= news.lease_left_s + _LAST_S:
        at = moment(ends_at, now, utc=utc)
        return f"(ends with the mandate at {at})" if wide else f"(mandate ends {at})"
    if news.minutes_per_day and 60 * news.minutes_per_day - news.used_s <= news.lease_left_s + _LAST_S:
        return "(ends with the minutes of the day)" if wide else "(last minutes)"
    return "(renews)"


def used_words(news: PreviewNews) -> str:
    """How much of the day's minutes is used: `6 of 15 min today`."""
    return f"{number(news.used_s / 60, 0)} of {news.minutes_per_day} min today"


def meter(level_dbfs: float | None, peak_dbfs: float | None) -> Line:
    """A level as a bar of METER_CELLS cells from −60 dB to full scale, with its number; `—` without one."""
    if level_dbfs is None:
        return (Span("─" * METER_CELLS, "rule"), Span(f" {UNKNOWN}", "muted"))
    filled = round(METER_CELLS * min(1.0, max(0.0, 1 - level_dbfs / _METER_FLOOR_DBFS)))
    clips = peak_dbfs is not None and peak_dbfs >= -0.1
    return (
        Span("▇" * filled, "bad" if clips else "good"),
        Span("─" * (METER_CELLS - filled), "rule"),
        Span(f" {number(level_dbfs)} dB", "plain"),
    )


def viewers_words(news: PreviewNews, me: str) -> str:
    """Who watches: `you, you (browser), SU-02`. Of somebody else who watches in a browser, only that is told."""
    others = [viewer for viewer in dict.fromkeys(news.viewers) if viewer != me and viewer not in news.in_browsers]
    told = ["you"] if me in news.viewers else []
    for viewer in sorted(set(news.in_browsers), key=lambda one: (one != me, one)):
        count = news.in_browsers.count(viewer)
        told.append(f"{'you' if viewer == me else viewer} (browser{f' ×{count}' if count > 1 else ''})")
    return ", ".join([*told, *others]) or "nobody"


def figure_lines(figures: StreamFigures, seen_by: str, width: int) -> list[Line]:
    """The numbers beside the picture, one a line; who watches, as `viewers_words` has it, in as many as it takes."""
    size = f"{figures.width}×{figures.height}" if figures.width and figures.height else UNKNOWN
    first, *others = wrap(safe(seen_by), width - _LABEL)
    return [
        _row("picture", size),
        _row("fps", _told(figures.fps, 1)),
        _row("rate", _told(figures.kbit_s, 0, "kbit/s")),
        _row("loss", _told(figures.loss_percent, 1, "%"), _above(figures.loss_percent, 2, 5)),
        _row("rtt", _told(figures.rtt_ms, 0, "ms"), _above(figures.rtt_ms, 400, 1000)),
        _row("focus", _told(figures.focus, 2)),
        _row("black", _yes(figures.is_black), _if(figures.is_black)),
        _row("frozen", _yes(figures.is_frozen), _if(figures.is_frozen)),
        (Span(fit("sound", _LABEL), "muted"), *meter(figures.level_dbfs, figures.peak_dbfs)),
        _row("silent", _yes(figures.is_silent), _if(figures.is_silent)),
        _row("clipping", _yes(figures.is_clipping), _if(figures.is_clipping)),
        EMPTY,
        (Span(fit("viewers", _LABEL), "muted"), *first),
        *[(Span(" " * _LABEL), *more) for more in others],
    ]


def pace_lines(pace: Pace, width: int) -> list[Line]:
    """What the terminal's line does not bear, beside the picture; nothing while it bears all."""
    if not pace.is_slow:
        return []
    rate, side = pace.quality
    often = f"{number(rate)} picture{'s' if rate > 1 else ''}/s" if rate >= 1 else f"1 picture in {number(1 / rate)} s"
    why = "the terminal is mute" if pace.is_mute else "slow line"
    return wrap(f"{why}: {often}{', small' if side < 1 else ''}", width, "fair")


def waiting_lines(state: CheckState, waited_s: float, width: int) -> list[Line]:
    """In place of the picture, while there is none."""
    told = STEPS[state]
    return [EMPTY, (Span(f"  {told} …", "fair"), Span(f" {duration(waited_s)}" if waited_s >= 1 else "", "muted"))][
        : max(1, width)
    ]


def ended_lines(view: CheckView, width: int, note: str = "") -> list[Line]:
    """What is left of a check that is over: why it ended, the `note` with which this person closed it, and what was
    measured."""
    if view.state == "refused":
        first: Line = (Span("  The unit stays closed: ", "bad"), Span(view.reason, "strong"))
    else:
        after = f" after {duration(view.open_s)}" if view.open_s is not None else ""
        first = (Span("  CLOSED", "strong"), Span(f"{after}: {view.reason}", "plain"))
    lines: list[Line] = [EMPTY, first]
    lines += [(Span("  "), *line) for line in wrap(view.detail, max(20, width - 4), "plain")] if view.detail else []
    lines += [(Span("  "), *line) for line in wrap(f"“{note}”", max(20, width - 4), "plain")] if note else []
    if view.readiness is not None:
        lines += [EMPTY, *readiness_lines(view.readiness.measures, width)]
    return lines


def readiness_lines(measures: Sequence[Measure], width: int) -> list[Line]:
    """A certificate's measures: name, pass or fail, number, limit; why, beside it or below where it is too long."""
    return [line for measure in measures for line in _measure_lines(measure, width)]


def _measure_lines(measure: Measure, width: int) -> list[Line]:
    head: Line = (
        Span("  " + fit(measure.name, 12), "plain"),
        Span(fit(measure.result, 14), _RESULT_TONES[measure.result]),
    )
    if measure.value is None:
        return [(*head, Span(fit(measure.reason, max(8, width - 29)), "muted"))]
    line: Line = (*head, Span(fit(value_words(measure), 12)), Span(fit(limit_words(measure), 18), "muted"))
    if not measure.reason:
        return [line]
    if len(measure.reason) <= width - 59:
        return [(*line, Span(safe(measure.reason), "muted"))]
    return [line, (Span(" " * 14), Span(fit(measure.reason, max(8, width - 15)), "muted"))]


def position_lines(position: PositionView, now: datetime) -> list[Line]:
    """Where the unit was, to about a metre, and how good the fix was."""
    north = "N" if position.latitude_deg >= 0 else "S"
    east = "E" if position.longitude_deg >= 0 else "W"
    where = f"{number(abs(position.latitude_deg), 5)}° {north}  {number(abs(position.longitude_deg), 5)}° {east}"
    satellites = UNKNOWN if position.satellites is None else number(position.satellites)
    quality = f"HDOP {number(position.hdop, 1)}, {satellites} satellites, {age(position.found_at, now)} ago"
    return [(Span("  position  ", "muted"), Span(where, "strong")), (Span("            "), Span(quality, "plain"))]


def _row(label: str, text: str, tone: Tone = "plain") -> Line:
    return (Span(fit(label, _LABEL), "muted"), Span(safe(text), tone))


def _told(value: float | None, decimals: int, unit: str = "") -> str:
    return UNKNOWN if value is None else f"{number(value, decimals)}{' ' if unit else ''}{unit}"


def _yes(value: bool | None) -> str:
    return UNKNOWN if value is None else "yes" if value else "no"


def _if(value: bool | None) -> Tone:
    return "bad" if value else "plain"


def _above(value: float | None, fair: float, bad: float) -> Tone:
    if value is None:
        return "muted"
    return "bad" if value >= bad else "fair" if value >= fair else "plain"
