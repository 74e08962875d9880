"""Rest breaks (reg. 12(1)): docs/rota-rules.md, "Working time". Pure."""

from datetime import timedelta
from typing import NamedTuple

from fleet.rota.rules.spans import Span
from fleet.rota.rules.work import Work

BREAK = timedelta(minutes=20)
WITHOUT_BREAK = timedelta(hours=6)
"""How long a spell may be without one."""


class ShortBreak(NamedTuple):
    """A spell of work with too little break."""

    span: Span
    breaks: timedelta


def short_breaks(work: Work) -> list[ShortBreak]:
    """Every spell longer than 6 h with less than 20 min of breaks, in order."""
    return [one for one in long_spells(work) if one.breaks < BREAK]


def long_spells(work: Work) -> list[ShortBreak]:
    """Every spell in which a break is due, with the breaks it has."""
    return [ShortBreak(spell, work.breaks(spell)) for spell in work.spells if spell.length > WITHOUT_BREAK]
