"""Judging a rota's book beside the screen: one at a time, and of those that came meanwhile only the newest."""

import asyncio
from collections.abc import Callable

from fleet.rota.rules.assessment import assess
from protocols.rota.book import RotaBook
from protocols.rota.findings import Assessment
from tui.asks import Asks
from tui.desk import Answered

Told = Callable[[RotaBook, Assessment], None]


class Checking:
    """Hands each book's assessment to `told`, on the screen's own task. What is old before it was begun is never
    judged."""

    def __init__(self, screen: Asks, told: Told) -> None:
        self._screen = screen
        self._told = told
        self._next: RotaBook | None = None
        self._now: RotaBook | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is being judged."""
        return self._now is not None

    def check(self, book: RotaBook) -> None:
        """Judge `book` as soon as may be."""
        self._next = book
        if self._now is None:
            self._begin()

    def drop(self) -> None:
        """What was asked for is not wanted any more."""
        self._next = None

    def _begin(self) -> None:
        book, self._next = self._next, None
        if book is not None and self._screen.is_attached:
            self._now = book
            self._screen.run_worker(self._judge(book), name="rota check", group="rota check")

    async def _judge(self, book: RotaBook) -> None:
        try:
            found = await asyncio.to_thread(assess, book)
            self._screen.post_message(Answered(lambda: self._judged(book, found)))
        finally:
            self._now = None
        self._begin()

    def _judged(self, book: RotaBook, found: Assessment) -> None:
        self._told(book, found)
