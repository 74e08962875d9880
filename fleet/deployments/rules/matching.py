"""Which items fulfil what is wanted. Pure."""

from collections.abc import Sequence
from typing import Protocol

from protocols.deployments import KitWanted
from protocols.kit import ItemKind


class Piece(Protocol):
    """An item, as far as it is wanted."""

    @property
    def item(self) -> str:
        """Its code."""

    @property
    def kind(self) -> ItemKind:
        """Its kind."""

    @property
    def model(self) -> str:
        """Its model."""


def fits(wanted: KitWanted, piece: Piece) -> bool:
    """Whether the item is one of those wanted."""
    return piece.kind == wanted.kind and wanted.model in {None, piece.model}


def assigned(wants: Sequence[KitWanted], pieces: Sequence[Piece]) -> list[list[str]]:
    """For each of `wants` the codes of its items, at most as many as it counts, none for two; of `pieces` the earlier
    ones first. Wants that name a model take theirs before those of any model, so that as much as possible is
    fulfilled."""
    found: list[list[str]] = [[] for _ in wants]
    taken: set[str] = set()
    order = sorted(range(len(wants)), key=lambda i: wants[i].model is None)
    for i in order:
        for piece in pieces:
            if len(found[i]) == wants[i].count:
                break
            if piece.item not in taken and fits(wants[i], piece):
                found[i].append(piece.item)
                taken.add(piece.item)
    return found


def missing(wants: Sequence[KitWanted], pieces: Sequence[Piece]) -> list[int]:
    """For each of `wants` how many items lack."""
    return [one.count - len(items) for one, items in zip(wants, assigned(wants, pieces), strict=True)]


def said(wanted: KitWanted) -> str:
    """What is wanted, in words: `battery` or `battery lifepo4-20ah`."""
    return wanted.kind if wanted.model is None else f"{wanted.kind} {wanted.model}"
