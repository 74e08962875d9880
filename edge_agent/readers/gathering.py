"""Collects one reading: tries each source, keeps good figures, turns what goes wrong into faults."""

from collections.abc import Callable
from typing import TypeVar

from edge_agent.errors import SourceGarbled, SourceUnreadable
from edge_agent.readers.figure_limits import objection
from edge_agent.readers.reading import Fault, Figure, Reading
from edge_agent.readers.source_tree import SourceTree

T = TypeVar("T")


class Gathering:
    """One read of one reader over `tree`."""

    def __init__(self, tree: SourceTree) -> None:
        self._tree = tree
        self._figures: dict[str, Figure] = {}
        self._faults: dict[str, Fault] = {}
        self._withdrawn: set[str] = set()

    def file(self, path: str, parse: Callable[[str], T], *, limit_bytes: int = 65_536, cut: bool = False) -> T | None:
        """`parse` of the text of `path`; None when it is not there, and when it is no good (a fault then)."""

        def fetch() -> T | None:
            text = self._tree.text(path, limit_bytes=limit_bytes, cut=cut)
            return None if text is None else parse(text)

        return self.attempt(path, fetch)

    def needed_file(
        self, path: str, parse: Callable[[str], T], *, limit_bytes: int = 65_536, cut: bool = False
    ) -> T | None:
        """As `file`, for one that is always there where its subject is: its absence is a fault too."""
        if not self._tree.exists(path):
            self.fault(path, "not there")
            return None
        return self.file(path, parse, limit_bytes=limit_bytes, cut=cut)

    def names(self, path: str) -> list[str]:
        """Names in directory `path`; empty when it is not there, and when it can not be read (a fault then)."""
        return self.attempt(path, lambda: self._tree.names(path)) or []

    def attempt(self, source: str, fetch: Callable[[], T]) -> T | None:
        """What `fetch` returns; None, and a fault of `source`, when it raises SourceUnreadable or SourceGarbled."""
        try:
            return fetch()
        except (SourceUnreadable, SourceGarbled) as error:
            self.fault(source, error.detail)
            return None

    def fault(self, source: str, detail: str) -> None:
        """Record that `source` gave nothing usable; the first fault of a source stands."""
        self._faults.setdefault(source, Fault(source, detail))

    def put(self, figure: str, value: Figure | None, source: str) -> None:
        """Keep `value` as `figure` if it is known and in range; out of range is a fault of `source`."""
        if value is None:
            return
        reason = objection(figure, value)
        if reason is None:
            self._figures[figure] = value
        else:
            self.fault(source, f"{figure} {reason}")

    def withdraw(self, *figures: str) -> None:
        """Say that these figures have no value now, for a reason that is no fault."""
        self._withdrawn.update(figures)

    def reading(self) -> Reading:
        """What has been gathered."""
        return Reading(dict(self._figures), tuple(self._faults.values()), frozenset(self._withdrawn))
