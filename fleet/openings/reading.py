"""Reading from the log all that the verdict on some openings needs."""

import asyncio
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import structlog

from fleet.entries.access import MandateRecorded
from fleet.openings.budgets import day_of, day_starts
from fleet.openings.facts import OPENING_KINDS, PAPER_KINDS, Fact, Logged, read_facts
from fleet.openings.openings import Opening, Told, openings_of
from fleet.openings.pieces import pieces_of
from fleet.store.log_openings import UnitSpan
from fleet.store.store import Transaction

_OVER_MIDNIGHT = timedelta(hours=6)
"""How long before midnight an opening may have begun whose minutes count on the next day."""

_log = structlog.get_logger(__name__)


async def read_openings(
    transaction: Transaction, openings: Collection[str], now: datetime, known: Iterable[Logged[Fact]] = ()
) -> list[Opening]:
    """The openings with these ids, and such others of the same units and days as count for the same budgets; newest
    first. Entries that can not be read are named in the controller's own log and left out.

    `known` are facts that were read already: they count even where somebody changed the columns by which they would be
    found. What is damaged is in `transaction.log_openings.damage`.
    """
    of_these = [fact for fact in known if getattr(fact.entry, "opening", None) in openings]
    source = transaction.log_openings
    asked = _with(decoded(await source.of_openings(OPENING_KINDS, list(openings))), of_these)
    units = sorted({fact.entry.unit for fact in asked if fact.entry.unit is not None})
    # Asked before the entries are: a record that is counted here is among them.
    told = Told(await source.told_until(units), frozenset(await source.waiting(units)))
    beside = await source.of_units_between(OPENING_KINDS, _days_of(asked))
    facts = _with(decoded(await source.of_openings(OPENING_KINDS, sorted(beside.union(openings)))), of_these)
    units = sorted({fact.entry.unit for fact in facts if fact.entry.unit is not None})
    papers = await _papers(transaction, facts, units)
    # In a thread: one unit's flood of openings must not hold up everybody else.
    return await asyncio.to_thread(openings_of, [*facts, *papers], now, told)


def decoded(bodies: Iterable[tuple[int, bytes]]) -> list[Logged[Fact]]:
    """The facts in `bodies`; those that can not be read are named in the controller's own log."""
    facts, unreadable = read_facts(bodies)
    if unreadable:
        _log.error("entries of the deployment log can not be read", indexes=unreadable[:20], count=len(unreadable))
    return facts


def _with(found: list[Logged[Fact]], known: Iterable[Logged[Fact]]) -> list[Logged[Fact]]:
    indexes = {fact.index for fact in found}
    return found + [fact for fact in known if fact.index not in indexes]


async def _papers(transaction: Transaction, facts: list[Logged[Fact]], units: list[str]) -> list[Logged[Fact]]:
    """Mandates and authorities: of the units, under the authorities named, and mandates of that name elsewhere."""
    source = transaction.log_openings
    found = decoded(await source.of_units(PAPER_KINDS, units))
    named = {name for pieces in pieces_of(facts) for name in pieces.mandates}
    references = {fact.entry.authority for fact in [*facts, *found]} - {None}
    found += decoded(await source.of_authorities(PAPER_KINDS, sorted(map(str, references))))
    known = {fact.entry.mandate for fact in found if isinstance(fact.entry, MandateRecorded)}
    if missing := sorted(named - known):
        pieces = [f'"mandate":"{name}"'.encode() for name in missing]
        elsewhere = decoded(await source.holding(PAPER_KINDS, pieces))
        more = {fact.entry.authority for fact in elsewhere} - references - {None}
        found += elsewhere + decoded(await source.of_authorities(PAPER_KINDS, sorted(map(str, more))))
    return found


def _days_of(facts: list[Logged[Fact]]) -> list[UnitSpan]:
    """The days of London on which the openings were, with the evening before."""
    spans: set[UnitSpan] = set()
    for pieces in pieces_of(facts):
        times = pieces.times()
        for at in {pieces.first_at, times.start or pieces.first_at, times.held_until or pieces.first_at}:
            day = day_of(at)
            since, until = day_starts(day) - _OVER_MIDNIGHT, day_starts(day + timedelta(days=1))
            spans.add(UnitSpan(pieces.unit, since, until))
    return sorted(spans)
