"""What a reader is and what it gives: figures it could read, and faults for what it could not."""

from dataclasses import dataclass, field
from typing import Protocol

Figure = int | float | bool | str
"""A measured value; its name says the quantity and the unit of measure (fields of `protocols.health.HealthReport`)."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A source that is there and gave nothing usable: `source` is its path under the root or its command line."""

    source: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """The outcome of one read. A figure that is not in `figures` is unknown.

    A part that is not fitted (its file does not exist) is neither a figure nor a fault. `withdrawn` names figures that
    have no value now for a reason that is no fault, such as the signal of a Wi-Fi that is not associated.
    """

    figures: dict[str, Figure] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    withdrawn: frozenset[str] = frozenset()
    ages_s: dict[str, float] = field(default_factory=dict)


class Reader(Protocol):
    """Reads the figures of one subject.

    `read` may block, is called by one thread at a time, and never raises for anything a source contains or lacks.
    No two readers of a unit give the same figure.
    """

    @property
    def name(self) -> str:
        """A short word, unique among the readers of a unit."""

    def read(self) -> Reading:
        """Read once."""
