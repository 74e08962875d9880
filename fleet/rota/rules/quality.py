"""How good a rota is: a score from 0 to 100, in five parts. Pure.

The arithmetic is †; docs/rota-rules.md, "Quality", has its formulas. Each part is full only when nothing at all is
wrong in it, and no finding more ever raises it. Parts are rounded down to a tenth, so that what is little still shows.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import reduce

import msgspec

from fleet.rota.rules.fairness import Tally, contribution, dates_of, days_away, loads, marks, spread
from fleet.rota.rules.presence import spans_of
from fleet.rota.rules.schedule import cover_hours
from fleet.rota.rules.spans import Span, common, total
from fleet.rota.rules.turns import turns
from fleet.rota.rules.wall import restricted
from fleet.rota.rules.words import listed
from protocols.rota.book import RotaBook
from protocols.rota.findings import WORKING_TIME_RULES, Finding, PersonLoad, Quality, QualityPart, RuleName
from protocols.rota.load import MEASURES
from protocols.rota.model import Shift

COVER, LAW, FAIRNESS, WISHES, HOUSE = 40.0, 25.0, 20.0, 10.0, 5.0
"""How many points each part can have."""

COVER_RULES: tuple[RuleName, ...] = ("cover", "leave", "away", "term", "signers", "competence", "double")
LAW_RULES: tuple[RuleName, ...] = (*WORKING_TIME_RULES, "reference-period")
HOUSE_RULES: tuple[RuleName, ...] = ("handover", "notice", "turns-in-a-row", "length-away")

_WEIGHT = {"breach": 1.0, "fault": 1.0, "needs compensatory rest": 0.5, "warning": 0.25, "ok": 0.0}
"""How much a finding counts in the part of the law."""

_ROUNDING = 1e-6
_MEASURE_WORDS = {
    "primary_h": "hours as primary",
    "secondary_h": "hours as secondary",
    "weekend_days": "weekend days",
    "bank_holidays": "bank holidays",
    "festive_days": "festive days",
    "nights": "nights",
    "days_away": "days away",
}


def quality(book: RotaBook, shifts: Sequence[Shift], findings: Sequence[Finding]) -> Quality:
    """The score of a book with these shifts (`shifts_of`) and all that was found in it."""
    people = loads(book, shifts)
    parts = [
        cover_part(book, findings),
        law_part(findings),
        fairness_part(book, people),
        wishes_part(book, shifts),
        house_part(findings),
    ]
    score = round(sum(part.points for part in parts), 1)
    return Quality(score=score, parts=parts, spread=spread(people), loads=people)


def _part(name: str, points: float, of: float, sentence: str) -> QualityPart:
    # The small addition keeps what is a whole tenth from being cut to the one below it.
    return QualityPart(name=name, points=int(points * 10 + 1e-6) / 10, of=of, sentence=sentence)


def cover_part(book: RotaBook, findings: Iterable[Finding]) -> QualityPart:
    """Full without a fault; else half of it, times the part of the hours of cover in which none lies."""
    faults = [one for one in findings if one.rule in COVER_RULES]
    if not faults:
        return _part("cover", COVER, COVER, "every hour of cover is covered as it has to be")
    hours = cover_hours(book.rota, Span(book.starts_at, book.ends_at))
    wrong = total(common(hours, (Span(one.starts_at, one.ends_at) for one in faults)))
    good = 1 - wrong / max(total(hours), timedelta(seconds=1))
    sentence = f"{_count(len(faults), 'fault')} of cover, in {_hours(wrong)} of {_hours(total(hours))}"
    return _part("cover", COVER / 2 * good, COVER, f"{sentence}: with any fault at most half")


def law_part(findings: Iterable[Finding]) -> QualityPart:
    """Divided by 1 and one for each breach, a half for each rest owed, a quarter for each warning."""
    found = [one for one in findings if one.rule in LAW_RULES and one.answer != "ok"]
    if not found:
        return _part("law", LAW, LAW, "no finding of working time")
    weight = sum(_WEIGHT[one.answer] for one in found)
    breaches = sum(1 for one in found if one.answer == "breach")
    rests = sum(1 for one in found if one.answer == "needs compensatory rest")
    warnings = len(found) - breaches - rests
    told = [
        _count(breaches, "breach", "es") if breaches else "",
        f"{_count(rests, 'rest')} owed" if rests else "",
        _count(warnings, "warning") if warnings else "",
    ]
    sentence = f"{listed([one for one in told if one])}: divided by {1 + weight:g}"
    return _part("law", LAW / (1 + weight), LAW, sentence)


def fairness_part(book: RotaBook, people: Sequence[PersonLoad]) -> QualityPart:
    """The mean over what there is to share of what one turn counts for, divided by the spread where that is more."""
    most, apart = _grains(book), spread(people)
    shared = [measure for measure in MEASURES if any(getattr(one.load, measure) for one in people)]
    if not shared:
        return _part("fairness", FAIRNESS, FAIRNESS, "there is nothing to share")
    fair = {measure: most[measure] / max(most[measure], apart[measure] - _ROUNDING) for measure in shared}
    points = FAIRNESS * sum(fair.values()) / len(fair)
    unfair = sorted((measure for measure in shared if fair[measure] < 1), key=fair.__getitem__)
    if not unfair:
        return _part("fairness", points, FAIRNESS, "nobody is further from their share than whole turns bring about")
    told = [f"{_MEASURE_WORDS[measure]} ({apart[measure]:.1f}, a turn {most[measure]:g})" for measure in unfair[:3]]
    return _part("fairness", points, FAIRNESS, f"more than one turn between most and least: {listed(told)}")


def _grains(book: RotaBook) -> dict[str, float]:
    """By measure, the most that one turn of the rota counts for in the period (of days away: one deployment), and 1 at
    least. Whole turns can always be dealt so that nobody is further than that above anybody else, shares counted in."""
    zone, period, ordered, dates = book.rota.zone, Span(book.starts_at, book.ends_at), marks(book), dates_of(book)
    found = dict.fromkeys(MEASURES, 1.0)
    for layer in book.rota.layers:
        for turn in turns(layer, zone, period):
            within = period.overlap(turn.span)
            spans = restricted(within, layer.restrictions, zone) if within is not None else []
            pieces = (contribution(span, layer.position, ordered) for span in spans)
            _raise(found, reduce(Tally.plus, pieces, Tally()))
    for member in book.members:
        for one in (one for one in member.absences if one.kind == "away"):
            alone = msgspec.structs.replace(member, absences=[one])
            _raise(found, Tally(days_away=days_away(book, alone, dates)))
    return found


def _raise(most: dict[str, float], tally: Tally) -> None:
    for measure in MEASURES:
        most[measure] = max(most[measure], getattr(tally.load, measure))


def wishes_part(book: RotaBook, shifts: Iterable[Shift]) -> QualityPart:
    """The mean over the wishes of how much of each, cut to the period, is as it was wished."""
    period = Span(book.starts_at, book.ends_at)
    on_call: dict[str, list[Shift]] = {}
    for shift in shifts:
        if shift.position != "shadow":
            on_call.setdefault(shift.person, []).append(shift)
    met: list[float] = []
    for member in book.members:
        mine = spans_of(on_call.get(member.person, ()))
        met += [
            _met(wished, mine, wants=wish.wants == "on")
            for wish in member.wishes
            if (wished := period.overlap(Span(wish.starts_at, wish.ends_at))) is not None
        ]
    if not met:
        return _part("wishes", WISHES, WISHES, "nobody has wished for anything")
    whole = sum(1 for one in met if one == 1)
    wishes = _count(len(met), "wish", "es")
    return _part("wishes", WISHES * sum(met) / len(met), WISHES, f"{whole} of {wishes} wholly as wished")


def _met(wished: Span, on_call: Sequence[Span], *, wants: bool) -> float:
    on = total(common([wished], on_call)) / wished.length
    return on if wants else 1 - on


def house_part(findings: Iterable[Finding]) -> QualityPart:
    """Divided by 1 and a quarter for each warning of the house."""
    rules = [one.rule for one in findings if one.rule in HOUSE_RULES]
    if not rules:
        return _part("house", HOUSE, HOUSE, "nothing against the rules of the house")
    told = [f"{rules.count(rule)} of {rule}" for rule in HOUSE_RULES if rule in rules]
    return _part("house", HOUSE / (1 + len(rules) / 4), HOUSE, f"warnings: {listed(told)}")


def _count(number: int, what: str, plural: str = "s") -> str:
    return f"{number} {what}{'' if number == 1 else plural}"


def _hours(length: timedelta) -> str:
    return f"{length / timedelta(hours=1):.1f} h"
