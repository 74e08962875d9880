"""What stands below the board: a day in words, or a draft's turn, who may have it, what it would change. Pure."""

from collections.abc import Sequence
from datetime import date

from protocols.rota.findings import Comparison
from tui.paint import Line, Span, Tone, joined, line_width
from tui.rota_compare import change_line, change_lines, score_words
from tui.rota_days import RotaDay
from tui.rota_draft import Candidate
from tui.rota_words import day_line, finding_lines, held_lines


def day_lines(day: RotaDay, today: date, zone: str, width: int, *, utc: bool, remedy: bool = False) -> list[Line]:
    """A day: what is special, who has what from when to when and why, what was found."""
    lines = [day_line(day, today), *held_lines(day, zone, utc=utc)]
    for finding in day.findings:
        if finding.answer != "ok":
            lines += finding_lines(finding, width, remedy=remedy)
    return lines


def kept_to(lines: list[Line], height: int, key: str) -> list[Line]:
    """The first `height` lines; where there are more, the last of them says that `key` shows all."""
    if len(lines) <= height or height < 1:
        return lines
    more = (Span(f"   … {len(lines) - height + 1} lines more: {key} shows all", "muted"),)
    return [*lines[: height - 1], more]


def unseen_lines() -> list[Line]:
    """That others' working time is left out, for whom it is hidden from."""
    return [(Span(" others' hours not shown: nor what the rules find of them, nor a score", "muted"),)]


def candidate_lines(people: Sequence[Candidate], has: str | None, width: int) -> list[Line]:
    """The members with their numbers, and why they can not; `has` has the turn. As many lines as it takes."""
    lines: list[Line] = []
    row: Line = ()
    for number, one in enumerate(people, 1):
        tone: Tone = "chosen" if one.person == has else "muted" if one.hinders else "plain"
        sign = f"{number} " if number <= 9 else ""
        why = f" {one.hinders}" if one.hinders else ""
        part: Line = (Span(sign, "accent"), Span(one.person, tone), Span(why, "fair"))
        longer = joined([row, part], "  ")
        if row and line_width(longer) > width - 2:
            lines.append((Span(" "), *row))
            longer = part
        row = longer
    return [*lines, (Span(" "), *row)] if row else lines


def what_if_lines(comparison: Comparison | None, width: int, *, is_checking: bool) -> list[Line]:
    """What the draft would change in the weeks shown."""
    if comparison is None:
        return [(Span(" judging …", "muted"),)]
    checking = (Span("judging …", "muted"),) if is_checking else ()
    score = score_words(comparison, "of these weeks")
    head = joined([(Span(" "), *score), change_line(comparison), checking])
    return [head, *change_lines(comparison, width)]
