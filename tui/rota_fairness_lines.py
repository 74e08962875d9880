"""Who has how much, how well all is covered, and of what the score is the sum, as lines. Pure."""

from collections.abc import Sequence
from datetime import date

from fleet.rota.rules.fairness import beyond_share
from protocols.rota.findings import Assessment, PersonLoad
from protocols.rota.load import MEASURES
from tui.paint import Line, Span, Tone, fit
from tui.rota_compare import LOAD_WIDTH, MEASURE_WORDS, SHORT_WORDS, amount, part_lines
from tui.rota_days import RotaDay, counts_of
from tui.rota_words import counts_words

_NAME = 10
_FIGURES = 34
COVER_LEGEND: tuple[tuple[str, str], ...] = (
    ("━", "all hours of the day are covered"),
    ("▒", "something about cover is not as it should be: a gap, or signers or competence missing"),
)


def bar_lines(loads: Sequence[PersonLoad], measure: str, width: int) -> list[Line]:
    """A bar for each person, the most first; `|` stands where their share is, debts counted in."""
    most = max([1.0, *[max(getattr(one.load, measure), one.share[measure]) for one in loads]])
    room = max(10, width - _NAME - _FIGURES - 2)
    ordered = sorted(loads, key=lambda one: (-getattr(one.load, measure), one.person))
    return [_bar_line(one, measure, room, most) for one in ordered]


def _bar_heads(width: int) -> Line:
    room = max(10, width - _NAME - _FIGURES - 2)
    heads = fit("| where their share is", room) + fit("had", 9, right=True) + fit("beyond", 10, right=True)
    return (Span(" " * _NAME + heads, "muted"),)


def _bar_line(one: PersonLoad, measure: str, room: int, most: float) -> Line:
    value, share = float(getattr(one.load, measure)), max(0.0, one.share[measure])
    taken, mark = round(value / most * (room - 1)), round(share / most * (room - 1))
    over = beyond_share(one, measure)
    tone: Tone = "fair" if over > 0.05 * most else "accent"
    bar = "▇" * taken + " " * (room - taken)
    debt = getattr(one.debt, measure)
    return (
        Span(f" {fit(one.person, _NAME - 1)}", "strong"),
        Span(bar[:mark], tone),
        Span("|", "strong"),
        Span(bar[mark + 1 :], tone),
        Span(fit(amount(measure, value), 9, right=True), "strong"),
        Span(fit(amount(measure, round(over, 1), signed=True), 10, right=True), tone if over > 0 else "muted"),
        Span(fit(f"debt {amount(measure, debt, signed=True)}" if debt else "", 15, right=True), "muted"),
    )


def table_lines(loads: Sequence[PersonLoad], spread: dict[str, float], measure: str) -> list[Line]:
    """Every measure of every person, and how far the most stands above the least."""
    heads = [
        Span(fit(SHORT_WORDS[name], LOAD_WIDTH, right=True), "strong" if name == measure else "muted")
        for name in MEASURES
    ]
    lines: list[Line] = [(Span(" " * _NAME), *heads)]
    for one in sorted(loads, key=lambda load: load.person):
        cells = [Span(fit(amount(name, getattr(one.load, name)), LOAD_WIDTH, right=True)) for name in MEASURES]
        lines.append((Span(f" {fit(one.person, _NAME - 1)}", "strong"), *cells))
    apart = [
        Span(fit(amount(name, round(spread.get(name, 0.0), 1)), LOAD_WIDTH, right=True), "muted") for name in MEASURES
    ]
    return [*lines, (Span(fit(" apart", _NAME), "muted"), *apart)]


def cover_lines(days: Sequence[RotaDay], width: int) -> list[Line]:
    """Every day of the period as one sign, a row for a month."""
    lines: list[Line] = []
    months = sorted({(day.day.year, day.day.month) for day in days})
    for year, month in months:
        row = [_cover_sign(day) for day in days if (day.day.year, day.day.month) == (year, month)]
        bad = sum(span.text == "▒" for span in row)
        wide = [span._replace(text=span.text * (2 if width >= 100 else 1)) for span in row]
        first = next(day.day.day for day in days if (day.day.year, day.day.month) == (year, month))
        before = " " * ((first - 1) * (2 if width >= 100 else 1))
        told = Span(f"  {bad} of {len(row)} days not as they should be" if bad else "", "bad")
        lines.append((Span(f" {date(year, month, 1):%b %Y}  {before}", "muted"), *wide, told))
    return lines


def _cover_sign(day: RotaDay) -> Span:
    wrong = any(one.answer == "fault" for one in day.findings)
    return Span("▒", "bad") if wrong else Span("━", "good")


def fairness_lines(
    found: Assessment, days: Sequence[RotaDay], measure: str, width: int, *, sees_all: bool = True
) -> list[Line]:
    """The whole page but for its title; without `sees_all` the score has no sum, as its parts leave others out."""
    quality = found.quality
    score = (Span(f"{quality.score:.1f}", "strong"), Span(" of 100", "muted"))
    partly = (Span("others' hours not shown: no score of all", "muted"),)
    return [
        (Span(" WHO HAS HOW MUCH  ", "accent"), Span(MEASURE_WORDS[measure], "title"), Span("   ← → another", "muted")),
        (
            Span(
                f"{'':<{_NAME}}| where the share is{'':>{max(0, width - _NAME - _FIGURES - 22)}}    had    beyond",
                "muted",
            ),
        ),
        *bar_lines(quality.loads, measure, width),
        (),
        (Span(" QUALITY  ", "accent"), *(score if sees_all else partly)),
        *part_lines(found, width),
        (),
        (Span(" COVER  ", "accent"), *counts_words(counts_of(one for one in found.findings if one.answer == "fault"))),
        *cover_lines(days, width),
        (),
        (Span(" ALL MEASURES", "accent"),),
        *table_lines(quality.loads, quality.spread, measure),
    ]
