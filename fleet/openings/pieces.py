"""Everything that entries say about one opening of one modality, and what can be told of its times. Pure.

Three speak of an opening: the controller's lease, the media that passed the controller, and the unit's own records.
Each may be missing. Times of a unit are by its own clock, which may differ from the controller's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from fleet.entries.access import LeaseGranted, MediaBegan, ModalityClosed, ModalityOpened, OpeningRefused
from fleet.openings.facts import Fact, Logged
from protocols.access_record import Modality

CLOCKS_APART = timedelta(minutes=5)
"""How far a unit's clock may be from the controller's: units open nothing when it is more."""
_LONGEST = timedelta(days=31)
"""What a unit may say it was open: more says no more, and years of it would take long to count by days."""

Key = tuple[str, str, str]
"""Unit, opening, modality."""


@dataclass(frozen=True, slots=True)
class Times:
    """When an opening was, by the controller's clock as far as it can be told.

    `start` and `end` are None where nobody says that it opened, or closed. `held_until` is the last moment at which
    it is known to have been open. `apart` is how far the unit's clock is from what the controller knows to be
    possible, zero where it is possible; `after_lease` how long after the end of its last lease it opened.
    """

    start: datetime | None
    end: datetime | None
    held_until: datetime | None
    apart: timedelta = timedelta()
    after_lease: timedelta = timedelta()


@dataclass(kw_only=True)
class Pieces:
    """The entries of one opening of one modality, each list in the order of the tree."""

    unit: str
    opening: str
    modality: Modality
    leases: list[Logged[LeaseGranted]] = field(default_factory=list)
    media: list[Logged[MediaBegan]] = field(default_factory=list)
    opened: list[Logged[ModalityOpened]] = field(default_factory=list)
    closed: list[Logged[ModalityClosed]] = field(default_factory=list)
    refused: list[Logged[OpeningRefused]] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """Unit, opening, modality."""
        return (self.unit, self.opening, self.modality)

    @property
    def indexes(self) -> list[int]:
        """Leaf indexes of all entries."""
        return sorted(one.index for one in self._all)

    @property
    def first_index(self) -> int:
        """The leaf index of the first entry that speaks of it: what allows it has to be before."""
        return self.indexes[0]

    @property
    def last_index(self) -> int:
        """The leaf index of the last lease, picture or sound that the controller let through; where there was none,
        the first of all."""
        return max([self.first_index, *(one.index for one in self.leases), *(one.index for one in self.media)])

    @property
    def records(self) -> tuple[int, ...]:
        """Numbers of the unit's records, in its own chain."""
        numbers = {one.entry.record for one in self.opened} | {one.entry.record for one in self.closed}
        return tuple(sorted(numbers | {one.entry.record for one in self.refused}))

    @property
    def granted_at(self) -> datetime | None:
        """When the controller let it open."""
        return self.leases[0].entry.at if self.leases else None

    @property
    def leased_until(self) -> datetime | None:
        """When the last of its leases ends."""
        return max((one.entry.expires_at for one in self.leases), default=None)

    @property
    def media_at(self) -> datetime | None:
        """When the first picture or sound passed the controller."""
        return min((one.entry.at for one in self.media), default=None)

    @property
    def unit_opened_at(self) -> datetime | None:
        """When it opened by the unit's clock."""
        said = [one.entry.unit_at for one in self.opened if one.entry.unit_at is not None]
        if said or not self.closed:
            return min(said, default=None)
        first = self.closed[0].entry
        return None if first.unit_at is None else first.unit_at - timedelta(seconds=first.open_s)

    @property
    def unit_closed_at(self) -> datetime | None:
        """When it closed by the unit's clock."""
        return max((one.entry.unit_at for one in self.closed if one.entry.unit_at is not None), default=None)

    @property
    def open_s(self) -> int | None:
        """How many seconds the unit says it was open."""
        return sum(one.entry.open_s for one in self.closed) if self.closed else None

    @property
    def unit_speaks(self) -> bool:
        """Whether the unit recorded that it opened or closed."""
        return bool(self.opened or self.closed)

    @property
    def refused_for_good(self) -> bool:
        """Whether the unit refused what nobody can hand in again: a carried lease can be, until it is over."""
        return bool(self.refused) and not any(one.entry.carried for one in self.leases)

    @property
    def mandates(self) -> list[str]:
        """The mandates that are named, the lease's first."""
        named = [one.entry.mandate for one in self.leases] + [one.entry.mandate for one in self.opened]
        named += [one.entry.mandate for one in self.refused]
        return list(dict.fromkeys(name for name in named if name is not None))

    @property
    def person(self) -> str | None:
        """Who asked; where only the unit speaks of it, whom the unit names. None when nobody of ours is named."""
        asked = [one.entry.actor for one in self.leases] + [one.entry.actor for one in self.media]
        asked += [one.entry.person for one in self.opened if one.entry.person is not None]
        return asked[0] if asked else None

    @property
    def authority(self) -> str | None:
        """The authority that an entry names."""
        return next((one.entry.authority for one in self._all if one.entry.authority is not None), None)

    @property
    def first_at(self) -> datetime:
        """When the controller first heard of it."""
        return min(one.entry.at for one in self._all)

    @property
    def _all(self) -> list[Logged[Fact]]:
        return [*self.leases, *self.media, *self.opened, *self.closed, *self.refused]

    def times(self) -> Times:
        """When it was, see `Times`.

        The unit's time of opening is moved into what the controller knows: not before the lease, not after the first
        picture or sound, nor after the record of it came in. How long it was open, the unit measured without a clock.
        """
        start, apart, after = self._start()
        if start is None:
            return Times(None, None, None)
        end = None
        if self.unit_closed_at is not None and len(self.closed) > 1 and self.unit_opened_at is not None:
            end = start + min(self.unit_closed_at - self.unit_opened_at, _LONGEST)
        elif self.open_s is not None:
            end = start + min(timedelta(seconds=self.open_s), _LONGEST)
        known = [start, *(one.entry.at for one in self.leases), *(one.entry.at for one in self.media)]
        return Times(start, end, end or max(known), apart, after)

    def _start(self) -> tuple[datetime | None, timedelta, timedelta]:
        none = timedelta()
        said, low = self.unit_opened_at, self.granted_at
        if said is None:
            heard = min((one.entry.at for one in self.opened), default=None)
            return self.media_at or heard, none, none
        heard = min([*(one.entry.at for one in self.opened), *(one.entry.at for one in self.closed)])
        high = min(heard, self.media_at) if self.media_at is not None else heard
        late = said - self.leased_until if self.leased_until is not None else none
        if late > CLOCKS_APART and said <= high:
            return said, none, late
        if low is not None and said < low:
            return low, low - said, none
        return (high, said - high, none) if said > high else (said, none, none)


def pieces_of(facts: Sequence[Logged[Fact]]) -> list[Pieces]:
    """The openings that `facts`, in the order of the tree, tell of. A refusal of what was never let open is none."""
    found: dict[Key, Pieces] = {}

    def of(unit: str | None, opening: str, modality: Modality) -> Pieces:
        pieces = Pieces(unit=unit or "", opening=opening, modality=modality)
        return found.setdefault(pieces.key, pieces)

    for fact in facts:
        match fact.entry:
            case LeaseGranted() as lease:
                for modality in dict.fromkeys(lease.modalities):
                    of(lease.unit, lease.opening, modality).leases.append(Logged(fact.index, lease))
            case MediaBegan() as media:
                of(media.unit, media.opening, media.modality).media.append(Logged(fact.index, media))
            case ModalityOpened() as opened:
                of(opened.unit, opened.opening, opened.modality).opened.append(Logged(fact.index, opened))
            case ModalityClosed() as closed:
                of(closed.unit, closed.opening, closed.modality).closed.append(Logged(fact.index, closed))
    _add_refusals(found, facts)
    return list(found.values())


def _add_refusals(found: dict[Key, Pieces], facts: Sequence[Logged[Fact]]) -> None:
    for fact in facts:
        refused = fact.entry
        if isinstance(refused, OpeningRefused):
            key = (refused.unit or "", refused.opening or "", refused.modality)
            if key in found:
                found[key].refused.append(Logged(fact.index, refused))
