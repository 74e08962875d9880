"""What the log says about openings, read back from its entries. Pure.

Free texts come back as their hashes only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, Union, get_args

import msgspec

from fleet.entries.access import (
    AuthorityCancelled,
    AuthorityRecorded,
    AuthorityReviewed,
    LeaseGranted,
    MandateCancelled,
    MandateRecorded,
    MediaBegan,
    ModalityClosed,
    ModalityOpened,
    OpeningRefused,
)
from fleet.entries.entry import HashedText

Fact: TypeAlias = Union[  # noqa: UP007  its members are asked for below, which is only typed this way
    AuthorityRecorded,
    AuthorityReviewed,
    AuthorityCancelled,
    MandateRecorded,
    MandateCancelled,
    LeaseGranted,
    MediaBegan,
    ModalityOpened,
    ModalityClosed,
    OpeningRefused,
]
Fact_co = TypeVar("Fact_co", bound=Fact, covariant=True)

KINDS: list[str] = [str(kind.__struct_config__.tag) for kind in get_args(Fact)]
"""The kinds of entries that tell of openings, or of what allows them."""

OPENING_KINDS = ["lease.granted", "media.began", "modality.opened", "modality.closed", "opening.refused"]
"""Those that tell of one opening."""

PAPER_KINDS = [kind for kind in KINDS if kind not in OPENING_KINDS]
"""Those that tell what allows openings."""


@dataclass(frozen=True, slots=True)
class Logged(Generic[Fact_co]):
    """An entry with its leaf index."""

    index: int
    entry: Fact_co


class _Hash(HashedText):
    """A free text of which only the hash is known."""

    def __init__(self, digest: str) -> None:
        self.text = ""
        self.salt = b""
        self._digest = digest

    @property
    def sha256(self) -> str:
        """The hash that the entry holds."""
        return self._digest


def _hashed(_kind: type, value: Any) -> _Hash:
    return _Hash(str(value["sha256"]))


_decoder: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact, dec_hook=_hashed)


def read_facts(bodies: Iterable[tuple[int, bytes]]) -> tuple[list[Logged[Fact]], list[int]]:
    """The facts in pairs of leaf index and entry as stored, and the indexes of those that do not have the form of
    their kind (written by another program than this): they are evidence of nothing, and somebody has to look."""
    facts: list[Logged[Fact]] = []
    unreadable: list[int] = []
    for index, body in bodies:
        try:
            facts.append(Logged(index, _decoder.decode(body)))
        except (msgspec.DecodeError, KeyError, TypeError):
            unreadable.append(index)
    return facts, unreadable
