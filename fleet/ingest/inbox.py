"""Received messages that wait to be written: bounded in number and bytes, by no longer reading from the broker."""

import asyncio
from collections import deque
from typing import NamedTuple

from fleet.ingest.batch import Inbound
from fleet.ingest.link import Link


class InboxLimits(NamedTuple):
    """Above either limit nothing more is read; reading goes on below half of both."""

    messages: int = 20_000
    size_bytes: int = 64 * 1024 * 1024


class BatchLimits(NamedTuple):
    """How much goes into one transaction at the most: messages, and the reports and events in them.

    Half of the broker's window of unacknowledged messages: while one half is written, the other arrives.
    """

    messages: int = 500
    rows: int = 5000


class Inbox:
    """A queue of messages in order of arrival. What was taken counts as waiting until it is `done`."""

    def __init__(self, limits: InboxLimits, batch: BatchLimits) -> None:
        self._limits = limits
        self._batch = batch
        self._waiting: deque[Inbound] = deque()
        self._messages = 0
        self._size_bytes = 0
        self._paused: set[Link] = set()
        self._arrived = asyncio.Event()

    def __len__(self) -> int:
        """Messages that are not done yet, those taken included."""
        return self._messages

    @property
    def untaken(self) -> int:
        """Messages that nobody has taken yet."""
        return len(self._waiting)

    def put(self, item: Inbound) -> None:
        """Add a message; pauses its link when there are too many."""
        self._waiting.append(item)
        self._messages += 1
        self._size_bytes += item.size_bytes
        self._arrived.set()
        if self._messages >= self._limits.messages or self._size_bytes >= self._limits.size_bytes:
            self._paused.add(item.link)
            item.link.pause()

    async def filled(self) -> None:
        """Wait until there is something to take."""
        while not self._waiting:
            self._arrived.clear()
            await self._arrived.wait()

    def take(self) -> list[Inbound]:
        """The oldest messages, as many as fit one batch; at least one if there is any."""
        taken: list[Inbound] = []
        rows = 0
        while self._waiting and len(taken) < self._batch.messages:
            rows += self._waiting[0].rows
            if taken and rows > self._batch.rows:
                break
            taken.append(self._waiting.popleft())
        return taken

    def done(self, taken: list[Inbound]) -> None:
        """These are dealt with; lets their links read on."""
        self._messages -= len(taken)
        self._size_bytes -= sum(item.size_bytes for item in taken)
        if self._messages <= self._limits.messages // 2 and self._size_bytes <= self._limits.size_bytes // 2:
            for link in self._paused:
                link.resume()
            self._paused.clear()
