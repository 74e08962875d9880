"""Comparing what units say they opened with what this log let them open, as the log grows.

What one side has and the other has not, and what was outside its mandate, becomes an alarm and the draft of an error
report: one for each opening, and another when worse is found of it later. Every controller does all of it; the first
writes, under a lock that all of them take.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Literal

from fleet.clock import Clock
from fleet.entries.access import AuthorityCancelled, MandateCancelled
from fleet.entries.log import LogScope
from fleet.error_reports import drafting
from fleet.errors import LogDamaged
from fleet.log.disagreements import tell_damage
from fleet.openings.facts import KINDS, OPENING_KINDS, Fact, Logged
from fleet.openings.openings import Opening
from fleet.openings.reading import decoded, read_openings
from fleet.rounds import go_round
from fleet.store.store import Store, Transaction

Cause = Literal["unit-only", "controller-only", "outside-mandate"]

_EVERY_S = 10.0
_LEAVES_AT_ONCE = 2000
_OPENINGS_AT_ONCE = 200
_LOOK_BACK = timedelta(days=7)
_NEWEST = 500
_FOUND_OPEN = 10_000
_BEFORE_CANCELLATION = timedelta(days=1)


class Unreported:
    """What is to be reported of one opening: the words of its faults that no report has named yet."""

    def __init__(self, opening: Opening, reported: Mapping[str, set[str]]) -> None:
        self._opening = opening
        known = reported.get(beginning(opening), set())
        self._faults = [fault for fault in opening.faults if fault.word not in known]

    @property
    def is_new(self) -> bool:
        """Whether there is anything to report."""
        return bool(self._faults)

    @property
    def repeat_key(self) -> str:
        """Names the opening and what is found."""
        return beginning(self._opening) + "+".join(sorted({fault.word for fault in self._faults}))

    @property
    def cause(self) -> Cause:
        """What kind of report it is."""
        words = {fault.word for fault in self._faults}
        if "unit-only" in words:
            return "unit-only"
        return "controller-only" if "controller-only" in words else "outside-mandate"

    @property
    def summary(self) -> str:
        """What was found, in a line."""
        return f"{self._opening.modality}: " + "; ".join(fault.sentence for fault in self._faults)

    @property
    def evidence(self) -> list[str]:
        """Ids of entries and of the unit's records."""
        entries = [f"entry {index}" for index in self._opening.entries]
        return entries + [f"record {number}" for number in self._opening.records]


def beginning(opening: Opening) -> str:
    """How the repeat keys of reports on `opening` begin."""
    return ":".join(("opening", *opening.key, ""))


def reported_words(repeat_keys: Iterable[str]) -> dict[str, set[str]]:
    """The words of faults that reports with these repeat keys name, by how the keys begin."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for key in repeat_keys:
        of_opening, colon, words = key.rpartition(":")
        found[of_opening + colon].update(words.split("+"))
    return dict(found)


class Reconciliation:
    """Looks every ten seconds at what is new in the tree, from its start on a week back.

    It keeps in memory how far it has come, and the openings that a unit may still tell of. After a longer rest of all
    controllers, the newest 500 entries of each kind are looked at too.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._next: int | None = None
        self._untold: set[str] = set()

    async def run(self) -> None:
        """Look until cancelled; a lost database only delays."""
        await go_round("reconciliation of openings", self.look, _EVERY_S)

    async def look(self) -> int:
        """Judge what is new, and drafts error reports; returns how many. Raises StoreUnavailable."""
        if self._next is None:
            drafted = await self._begin()
        else:
            drafted = await self._judge(self._untold)
        while (more := await self._step()) is not None:
            drafted += more
        return drafted

    async def _tell(self, damage: LogDamaged | None) -> None:
        """What is damaged is an alarm; what was hashed is judged all the same."""
        if damage is not None:
            await tell_damage(self._store, self._clock, damage)

    async def _begin(self) -> int:
        async with self._store.transaction() as transaction:
            source = transaction.log_openings
            first = await source.first_since(KINDS, self._clock() - _LOOK_BACK)
            size = await source.size()
            newest = decoded(await source.newest_of_each(KINDS, _NEWEST))
            touched = await _touched(transaction, newest)
        await self._tell(source.damage)
        drafted = await self._judge(touched, newest)
        self._next = size if first is None else first
        return drafted

    async def _step(self) -> int | None:
        """Judge what the next leaves tell of; None when there are none."""
        assert self._next is not None, "set by _begin"
        async with self._store.transaction() as transaction:
            end = min(await transaction.log_openings.size(), self._next + _LEAVES_AT_ONCE)
            if end <= self._next:
                return None
            new = decoded(await transaction.log_openings.between(KINDS, self._next, end))
            touched = await _touched(transaction, new)
        await self._tell(transaction.log_openings.damage)
        drafted = await self._judge(touched, new)
        self._next = end
        return drafted

    async def _judge(self, openings: set[str], known: Sequence[Logged[Fact]] = ()) -> int:
        """Judge `openings`, each once: those of one unit and day are read together, and not again for the next lot."""
        waiting = sorted(openings)
        drafted = 0
        while waiting:
            some = set(waiting[:_OPENINGS_AT_ONCE])
            async with self._store.transaction() as transaction:
                found = await read_openings(transaction, some, self._clock(), known)
            await self._tell(transaction.log_openings.damage)
            drafted += await self._report([opening for opening in found if opening.verdict == "outside"])
            done = some | _judged_beside(some, found, known)
            waiting = [opening for opening in waiting if opening not in done]
            still = {one.opening for one in found if any(doubt.word == "record-missing" for doubt in one.doubts)}
            self._untold = (self._untold - done) | still
        return drafted

    async def _report(self, outside: Sequence[Opening]) -> int:
        drafted = 0
        for start in range(0, len(outside), _OPENINGS_AT_ONCE):
            async with self._store.transaction() as transaction:
                drafted += await _report(transaction, outside[start : start + _OPENINGS_AT_ONCE], self._clock())
        return drafted


def _judged_beside(some: set[str], found: Sequence[Opening], known: Iterable[Logged[Fact]]) -> set[str]:
    """Those openings beside `some` whose verdicts are as good as theirs: they were on the same units' same days, and
    everything `known` of them was read."""
    read = {(one.unit, day) for one in found if one.opening in some for day in one.days}
    entries = {index for one in found for index in one.entries}
    left = {one.opening for one in found if any((one.unit, day) not in read for day in one.days)}
    left |= {getattr(fact.entry, "opening", "") for fact in known if fact.index not in entries}
    return {one.opening for one in found} - left


async def _touched(transaction: Transaction, facts: list[Logged[Fact]]) -> set[str]:
    """The openings of which `facts` tell, and those that a cancellation among them may have found open."""
    touched = {opening for fact in facts if (opening := getattr(fact.entry, "opening", None)) is not None}
    for fact in facts:
        match fact.entry:
            case MandateCancelled(unit=unit, authority=authority) | AuthorityCancelled(unit=unit, authority=authority):
                if unit is None and authority is None:
                    continue
                since = fact.entry.at - _BEFORE_CANCELLATION
                scope = LogScope(unit=unit, authority=authority, since=since)
                touched.update((await transaction.log_openings.find(OPENING_KINDS, scope, _FOUND_OPEN)).openings)
    return touched


async def _report(transaction: Transaction, outside: Sequence[Opening], now: datetime) -> int:
    """Draft what no report has named yet; returns how many reports."""
    await transaction.error_reports.lock_drafting()
    keys = await transaction.error_reports.that_begin([beginning(opening) for opening in outside])
    reported = reported_words(keys)
    drafted = 0
    for opening in outside:
        finding = Unreported(opening, reported)
        if finding.is_new:
            report = await drafting.draft(
                transaction,
                unit_id=opening.unit,
                cause=finding.cause,
                summary=finding.summary,
                evidence=finding.evidence,
                opening=opening.opening,
                record=opening.records[0] if opening.records else None,
                now=now,
                repeat_key=finding.repeat_key,
                authority=opening.authority,
            )
            drafted += report is not None
    return drafted
