"""Openings, put together from the entries of the log, each with its verdict. Pure.

Entries come in any order, and some may be missing: a verdict is `outside` when something says so, `unknown` while
something that would tell is missing, else `inside`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta

import msgspec

from fleet.openings.budgets import Use, day_of, over_budget
from fleet.openings.facts import Fact, Logged
from fleet.openings.papers import Papers, Shelf
from fleet.openings.pieces import CLOCKS_APART, Key, Pieces, Times, pieces_of
from fleet.openings.rules import Finding, faults, seconds
from protocols.access_record import Modality
from protocols.api.log import Verdict
from protocols.mandate import Allowance

TOLD_WITHIN = timedelta(hours=1)
"""How long a unit that proved nothing since may take to tell what it did."""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """One opening of one modality. `at` is when the controller first heard of it; `opened_at` is when media passed
    the controller; times of the unit are by its own clock. `faults` are why it is outside its mandate, `doubts` why
    that can not be told. `entries` are leaf indexes, `records` numbers in the unit's chain."""

    unit: str
    opening: str
    modality: Modality
    at: datetime
    person: str | None
    mandate: str | None
    authority: str | None
    granted_at: datetime | None
    opened_at: datetime | None
    unit_opened_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    open_s: int | None
    faults: tuple[Finding, ...]
    doubts: tuple[Finding, ...]
    entries: tuple[int, ...]
    records: tuple[int, ...]
    days: frozenset[date]
    was_open: bool

    @property
    def key(self) -> Key:
        """Unit, opening, modality."""
        return (self.unit, self.opening, self.modality)

    @property
    def verdict(self) -> Verdict:
        """Whether it was inside its mandate, or opened nothing."""
        if self.faults:
            return "outside"
        if self.doubts:
            return "unknown"
        if self.was_open:
            return "inside"
        return "refused" if self.close_reason is not None else "unopened"


class Told(msgspec.Struct, frozen=True):
    """How far units have told what they did: `until`, by unit, is when it last proved a chain of which every record
    is here; units in `coming` have entries that are not in the tree yet."""

    until: Mapping[str, datetime] = {}
    coming: frozenset[str] = frozenset()

    def is_over(self, unit: str, at: datetime, now: datetime) -> bool:
        """Whether the unit would have told by `now` what it did at `at`: it has proved so, or had an hour."""
        return unit not in self.coming and (self.proves(unit, at) or now - at >= TOLD_WITHIN)

    def proves(self, unit: str, at: datetime) -> bool:
        """Whether every record that the unit wrote until `at` is here."""
        until = self.until.get(unit)
        return until is not None and until > at


def openings_of(facts: Iterable[Logged[Fact]], now: datetime, told: Told) -> list[Opening]:
    """The openings that `facts` tell of, newest first.

    `facts` should hold every entry of an opening, what allowed it, and the other openings of its unit on the same
    days: budgets are counted over them. An entry that is there twice counts once.
    """
    ordered = sorted({fact.index: fact for fact in facts}.values(), key=lambda fact: fact.index)
    shelf = Shelf(ordered)
    judged = [(pieces, pieces.times(), shelf.papers_of(pieces.mandates)) for pieces in pieces_of(ordered)]
    over = _over_budgets(judged)
    found = [
        _opening(
            pieces,
            times,
            papers,
            over.get(pieces.key, []),
            now,
            told,
        )
        for pieces, times, papers in judged
    ]
    return sorted(found, key=lambda one: (one.at, one.key), reverse=True)


def _over_budgets(judged: Sequence[tuple[Pieces, Times, Papers]]) -> dict[Key, list[Finding]]:
    """The findings of every mandate's days, by opening."""
    uses: defaultdict[tuple[str, Modality], list[Use]] = defaultdict(list)
    budgets: dict[tuple[str, Modality], Allowance] = {}
    for pieces, times, papers in judged:
        if papers.mandate is not None and times.start is not None and times.held_until is not None:
            mandate = papers.mandate.entry
            allowance = next((one for one in mandate.allows if one.modality == pieces.modality), None)
            if allowance is not None:  # what is not covered at all is a fault of its own
                budgets[mandate.mandate, pieces.modality] = allowance
                use = Use(pieces.key, times.start, times.held_until)
                uses[mandate.mandate, pieces.modality].append(use)
    found: dict[Key, list[Finding]] = {}
    for of_whom, of_modality in uses.items():
        budget = budgets[of_whom]
        found |= over_budget(of_modality, minutes=budget.minutes_per_day, openings=budget.openings_per_day)
    return found


def _opening(pieces: Pieces, times: Times, papers: Papers, over: list[Finding], now: datetime, told: Told) -> Opening:
    mandate = None if papers.mandate is None else papers.mandate.entry
    return Opening(
        unit=pieces.unit,
        opening=pieces.opening,
        modality=pieces.modality,
        at=pieces.first_at,
        person=pieces.person,
        mandate=next(iter(pieces.mandates), None),
        authority=pieces.authority if mandate is None else mandate.authority,
        granted_at=pieces.granted_at,
        opened_at=pieces.media_at,
        unit_opened_at=pieces.unit_opened_at,
        closed_at=pieces.unit_closed_at,
        close_reason=_close_reason(pieces),
        open_s=pieces.open_s,
        faults=(*_one_sided(pieces, now, told), *faults(pieces, times, papers), *over),
        doubts=tuple(_doubts(pieces, times, now, told)),
        entries=tuple(sorted({*pieces.indexes, *papers.indexes})),
        records=pieces.records,
        was_open=times.start is not None or pieces.unit_speaks,
        days=frozenset(day_of(at or pieces.first_at) for at in (pieces.first_at, times.start, times.held_until)),
    )


def _one_sided(pieces: Pieces, now: datetime, told: Told) -> Iterator[Finding]:
    if pieces.unit_speaks and not pieces.leases:
        yield Finding("unit-only", f"the unit opened {pieces.modality} without a lease of ours")
    media_at = pieces.media_at
    if media_at is not None and not pieces.unit_speaks and told.is_over(pieces.unit, media_at, now):
        said = f"{pieces.modality} came from the unit, and its own records do not tell of it"
        yield Finding("controller-only", said)


def _doubts(pieces: Pieces, times: Times, now: datetime, told: Told) -> Iterator[Finding]:
    media_at, leased_until = pieces.media_at, pieces.leased_until
    if media_at is not None and not pieces.unit_speaks and not told.is_over(pieces.unit, media_at, now):
        yield Finding("record-missing", "the unit has not told yet what it recorded of it")
    if times.start is None and leased_until is not None and not pieces.refused_for_good:
        # Only the unit can say that it did not open: time alone does not.
        if not told.proves(pieces.unit, leased_until):
            since = " since it refused" if pieces.refused else ""
            yield Finding("not-opened", f"a lease was granted, and nothing tells whether the unit opened{since}")
    elif times.start is not None and not pieces.closed:
        yield Finding("not-closed", "the unit has not told when it closed")
    if times.apart > CLOCKS_APART:
        allowed = seconds(CLOCKS_APART)
        said = f"the unit's clock is at least {seconds(times.apart)} from the controller's, {allowed} are tolerated"
        yield Finding("clock-apart", said)


def _close_reason(pieces: Pieces) -> str | None:
    if pieces.closed:
        return pieces.closed[-1].entry.reason
    return f"refused: {pieces.refused[-1].entry.rule}" if pieces.refused and not pieces.unit_speaks else None
