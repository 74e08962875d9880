"""What allows openings: mandates and authorities with their cancellations. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from fleet.entries.access import (
    AuthorityCancelled,
    AuthorityRecorded,
    AuthorityReviewed,
    MandateCancelled,
    MandateRecorded,
)
from fleet.openings.facts import Fact, Logged

CancelledT = TypeVar("CancelledT", MandateCancelled, AuthorityCancelled)


@dataclass(kw_only=True)
class Papers:
    """What allowed an opening, as far as the log knows: its mandate and authority, the reviews of that, and their
    cancellations."""

    mandate: Logged[MandateRecorded] | None = None
    mandate_cancelled: Logged[MandateCancelled] | None = None
    authorities: list[Logged[AuthorityRecorded]] = field(default_factory=list)
    reviews: list[Logged[AuthorityReviewed]] = field(default_factory=list)
    authority_cancelled: Logged[AuthorityCancelled] | None = None

    @property
    def indexes(self) -> list[int]:
        """Leaf indexes of all of them."""
        found = [one.index for one in self.authorities] + [one.index for one in self.reviews]
        found += [self.mandate.index] if self.mandate is not None else []
        found += [self.mandate_cancelled.index] if self.mandate_cancelled is not None else []
        return found + ([self.authority_cancelled.index] if self.authority_cancelled is not None else [])

    def authority_at(self, at: datetime, before: int) -> AuthorityRecorded | None:
        """The authority as it was recorded at `at` and before leaf `before`, None when it was not yet.

        A time is only what whoever wrote the entry says; a place in the tree can not be backdated.
        """
        by_then = [one.entry for one in self.authorities if one.entry.at <= at and one.index < before]
        return by_then[-1] if by_then else None

    def review_due(self, at: datetime, before: int) -> datetime | None:
        """When the next review of the authority was due, as it was known at `at` and before leaf `before`."""
        said: list[tuple[int, AuthorityRecorded | AuthorityReviewed]] = []
        said += [(one.index, one.entry) for one in self.authorities]
        said += [(one.index, one.entry) for one in self.reviews]
        by_then = [(index, entry) for index, entry in said if entry.at <= at and index < before]
        return max(by_then, key=lambda pair: pair[0])[1].review_at if by_then else None


class Shelf:
    """Mandates and authorities with their cancellations, by name."""

    def __init__(self, facts: Sequence[Logged[Fact]]) -> None:
        self._mandates: dict[str, Logged[MandateRecorded]] = {}
        self._cancelled: dict[str, Logged[MandateCancelled]] = {}
        self._authorities: defaultdict[str, list[Logged[AuthorityRecorded]]] = defaultdict(list)
        self._reviews: defaultdict[str, list[Logged[AuthorityReviewed]]] = defaultdict(list)
        self._authorities_cancelled: dict[str, Logged[AuthorityCancelled]] = {}
        for fact in facts:
            match fact.entry:
                case MandateRecorded() as mandate:
                    self._mandates.setdefault(mandate.mandate, Logged(fact.index, mandate))
                case MandateCancelled() as cancelled:
                    _keep_earliest(self._cancelled, cancelled.mandate, Logged(fact.index, cancelled))
                case AuthorityRecorded() as authority:
                    self._authorities[authority.authority_id].append(Logged(fact.index, authority))
                case AuthorityReviewed() as review:
                    self._reviews[review.authority_id].append(Logged(fact.index, review))
                case AuthorityCancelled() as ended:
                    _keep_earliest(self._authorities_cancelled, ended.authority_id, Logged(fact.index, ended))

    def papers_of(self, mandates: Sequence[str]) -> Papers:
        """What allowed an opening that names `mandates`: the first of them that the log knows."""
        mandate = next((self._mandates[name] for name in mandates if name in self._mandates), None)
        if mandate is None:
            return Papers()
        known_as = mandate.entry.authority_id or ""
        recorded = self._authorities.get(known_as, [])
        return Papers(
            mandate=mandate,
            mandate_cancelled=self._cancelled.get(mandate.entry.mandate),
            authorities=[one for one in recorded if one.entry.authority == mandate.entry.authority],
            reviews=self._reviews.get(known_as, []),
            authority_cancelled=self._authorities_cancelled.get(known_as),
        )


def _keep_earliest(kept: dict[str, Logged[CancelledT]], name: str, one: Logged[CancelledT]) -> None:
    if name not in kept or one.entry.at < kept[name].entry.at:
        kept[name] = one
