"""What the unit remembers of mandates through reboots: what was used of each day, the latest time it was told, which
mandates are cancelled, and what is open. Pure: each change gives a new ledger, which counts once it is on the disk.

What is open has its whole permit reserved. At its end the rest is given back; after a crash it is not, since nobody
then knows how long it was open: the unit counts too much rather than too little.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from edge_agent.openings.london_days import day_of, days_before, parts_of
from protocols.access_record import Modality
from protocols.health import Count, UnixMs
from protocols.ids import MandateId, OpeningId, PersonId
from protocols.text import ShortText

KEPT_DAYS = 35
CANCELLED_MAX = 4096
"""A unit remembers so many cancelled mandates, for ever: which windows they had, it does not know. One more, and it
can not be relied on to refuse them all, so it opens nothing until it is joined anew."""
USAGES_MAX = 8192
FASTER_BY_ONE_IN = 5_000
"""CLOCK_BOOTTIME may run fast by so little: 17 s a day. A unit that opened nothing for months still opens."""
_USAGES_OF_AN_OPENING = 8


class Usage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What has been used of one modality under one mandate on one day in London, by openings that are closed.
    `openings` counts those that began on it, closed or not."""

    day: Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]
    mandate: MandateId
    modality: Modality
    used_ms: Count = 0
    openings: Count = 0


class Opening(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is open. Boot times are milliseconds of CLOCK_BOOTTIME on boot `boot_id`: `opened_boot_ms` of the opening,
    `since_boot_ms` of the latest permit, which lasts until `until_boot_ms` and began, by trusted time, at `since_ms`.
    `ends_by` is the word for what would end it then."""

    opening: OpeningId
    mandate: MandateId
    authority: str | None
    person: PersonId
    modalities: Annotated[list[Modality], Meta(min_length=1, max_length=3)]
    boot_id: ShortText
    opened_boot_ms: Count
    since_boot_ms: Count
    until_boot_ms: Count
    since_ms: UnixMs
    ends_by: Literal["expiry", "after-mandate", "budget-used"]
    carried: bool

    def ended_ms(self, boot_ms: int) -> int:
        """The trusted time of a boot time within its latest permit."""
        bounded_ms = min(max(boot_ms, self.since_boot_ms), self.until_boot_ms)
        return self.since_ms + bounded_ms - self.since_boot_ms


class Ledger(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """All that the unit remembers. It was `highest_ms` at the least, 0 before the first time it trusted, at
    `highest_boot_ms` of CLOCK_BOOTTIME on boot `highest_boot_id`, "" where that was not remembered yet."""

    v: Literal[1] = 1
    highest_ms: UnixMs = 0
    highest_boot_id: ShortText = ""
    highest_boot_ms: Count = 0
    usages: Annotated[list[Usage], Meta(max_length=USAGES_MAX)] = []
    cancelled: Annotated[list[MandateId], Meta(max_length=CANCELLED_MAX)] = []
    cancelled_more: bool = False
    open: Annotated[list[Opening], Meta(max_length=16)] = []

    @property
    def is_full(self) -> bool:
        """Whether it may not be able to remember one opening more: then nothing may open."""
        return self.cancelled_more or len(self.usages) > USAGES_MAX - _USAGES_OF_AN_OPENING

    def opening(self, opening: str) -> Opening | None:
        """What is open under that id."""
        return next((one for one in self.open if one.opening == opening), None)

    def used_ms(self, mandate: str, modality: Modality, day: str) -> int:
        """Milliseconds used and reserved."""
        used = sum(each.used_ms for each in self._usages_of(mandate, modality, day))
        for one in self.open:
            if one.mandate == mandate and modality in one.modalities:
                used += _on(day, one.since_ms, one.ended_ms(one.until_boot_ms))
        return used

    def openings(self, mandate: str, modality: Modality, day: str) -> int:
        """How many openings began on that day."""
        return sum(each.openings for each in self._usages_of(mandate, modality, day))

    def earliest_ms(self, boot_id: str, boot_ms: int) -> int:
        """What time it is at the least at `boot_ms`, and never before the highest: on its boot time goes on from there,
        on any other it stands still."""
        if boot_id != self.highest_boot_id:
            return self.highest_ms
        passed_ms = max(0, boot_ms - self.highest_boot_ms)
        return self.highest_ms + passed_ms - passed_ms // FASTER_BY_ONE_IN

    def with_time(self, told_ms: int, boot_id: str, boot_ms: int) -> "Ledger":
        """With `told_ms` as the highest time, told by `boot_ms`, unless it is later than that already; days of five
        weeks before are forgotten."""
        highest_ms = max(self.earliest_ms(boot_id, boot_ms), told_ms)
        oldest = days_before(day_of(highest_ms), KEPT_DAYS) if highest_ms >= KEPT_DAYS * 86_400_000 else ""
        usages = [each for each in self.usages if each.day >= oldest]
        return msgspec.structs.replace(
            self, highest_ms=highest_ms, highest_boot_id=boot_id, highest_boot_ms=boot_ms, usages=usages
        )

    def with_opened(self, opened: Opening) -> "Ledger":
        """With one more opening, counted and reserved."""
        day = day_of(opened.since_ms)
        usages = self.usages
        for modality in opened.modalities:
            usages = _added(usages, Usage(day=day, mandate=opened.mandate, modality=modality, openings=1))
        return msgspec.structs.replace(self, usages=usages, open=[*self.open, opened])

    def with_renewed(self, renewed: Opening) -> "Ledger":
        """With the permit of an opening replaced by a later one, which begins at `renewed.since_boot_ms`."""
        before = self.opening(renewed.opening)
        if before is None:
            return self
        others = [one for one in self.open if one.opening != renewed.opening]
        usages = _spent(self.usages, before, renewed.since_boot_ms)
        return msgspec.structs.replace(self, usages=usages, open=[*others, renewed])

    def with_closed(self, opening: str, at_boot_ms: int) -> "Ledger":
        """Without the opening; what was reserved beyond `at_boot_ms` is given back."""
        closed = self.opening(opening)
        if closed is None:
            return self
        others = [one for one in self.open if one.opening != opening]
        return msgspec.structs.replace(self, usages=_spent(self.usages, closed, at_boot_ms), open=others)

    def with_cancelled(self, mandate: str) -> "Ledger":
        """With the mandate remembered as cancelled."""
        if mandate in self.cancelled:
            return self
        if len(self.cancelled) >= CANCELLED_MAX:
            return msgspec.structs.replace(self, cancelled_more=True)
        return msgspec.structs.replace(self, cancelled=[*self.cancelled, mandate])

    def _usages_of(self, mandate: str, modality: Modality, day: str) -> Iterable[Usage]:
        return (
            each for each in self.usages if each.day == day and each.mandate == mandate and each.modality == modality
        )


def _on(day: str, from_ms: int, until_ms: int) -> int:
    return sum(part.ms for part in parts_of(from_ms, until_ms) if part.day == day)


def _spent(usages: list[Usage], one: Opening, at_boot_ms: int) -> list[Usage]:
    for part in parts_of(one.since_ms, one.ended_ms(at_boot_ms)):
        for modality in one.modalities:
            usages = _added(usages, Usage(day=part.day, mandate=one.mandate, modality=modality, used_ms=part.ms))
    return usages


def _added(usages: list[Usage], more: Usage) -> list[Usage]:
    """`usages` with one more, merged into that of the same day, mandate and modality."""
    key = (more.day, more.mandate, more.modality)
    same = [each for each in usages if (each.day, each.mandate, each.modality) == key]
    merged = Usage(
        day=more.day,
        mandate=more.mandate,
        modality=more.modality,
        used_ms=more.used_ms + sum(each.used_ms for each in same),
        openings=more.openings + sum(each.openings for each in same),
    )
    return [*(each for each in usages if each not in same), merged]
