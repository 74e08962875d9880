"""Everything the rules say of a rota's book. Pure."""

from collections.abc import Iterable

from fleet.rota.rules.cover import cover_findings
from fleet.rota.rules.house import house_findings
from fleet.rota.rules.quality import quality
from fleet.rota.rules.schedule import shifts_of
from fleet.rota.rules.working_time import working_time
from protocols.rota.book import RotaBook
from protocols.rota.findings import ANSWER_ORDER, Assessment, Finding


def assess(book: RotaBook) -> Assessment:
    """Judges a book by every rule."""
    shifts = shifts_of(book)
    lawful, people = working_time(book, shifts)
    findings = ordered([*lawful, *cover_findings(book, shifts), *house_findings(book, shifts)])
    return Assessment(findings=findings, people=people, quality=quality(book, shifts, findings))


def assess_cover(book: RotaBook) -> list[Finding]:
    """The faults of cover and the warnings of the house alone, in the order of `assess`: what a console can ask again
    at each key. 20 people over 52 weeks take some 10 ms, and 40 with hundreds of faults."""
    shifts = shifts_of(book)
    return ordered([*cover_findings(book, shifts), *house_findings(book, shifts)])


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """By time, and the worst first of a time."""
    return sorted(findings, key=lambda one: (one.starts_at, ANSWER_ORDER.index(one.answer), one.rule, one.key))
