"""Judging books beside the event loop: a long period takes the rules up to seconds."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from fleet.errors import Conflict
from fleet.rota.rules.assessment import assess
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment

MAX_WAITING = 8
MAX_EACH = 4
"""How many books one person may have asked for at a time, so that nobody keeps the others from theirs †."""
_AT_ONCE = 2

T = TypeVar("T")


class Judging:
    """The controller's one place for long sums over books: two at a time, and few that wait."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
        self._asked: Counter[str] = Counter()

    @contextmanager
    def asked_by(self, who: str) -> Iterator[None]:
        """Read a book and work on it for somebody, or for something of theirs; raises Conflict when they have asked for
        MAX_EACH already."""
        if self._asked[who] >= MAX_EACH:
            raise Conflict(
                "too-many-checks",
                f"{MAX_EACH} rotas are being looked at for you already",
                "wait for their answers, then try again",
            )
        self._asked[who] += 1
        try:
            yield
        finally:
            self._asked[who] -= 1
            if not self._asked[who]:
                del self._asked[who]

    async def assess(self, book: RotaBook) -> Assessment:
        """What the rules say; raises Conflict when too many ask at once."""
        return await self.work_out(lambda: assess(book))

    async def work_out(self, work: Callable[[], T]) -> T:
        """What `work`, which is pure, gives; raises Conflict when too many ask at once."""
        if self._waiting >= MAX_WAITING:
            raise Conflict("too-many-checks", "too many rotas are being checked at once", "try again in some seconds")
        self._waiting += 1
        try:
            async with self._places:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1
