"""Entries of welfare timers: nothing but times and who."""

from datetime import datetime
from typing import Literal

from fleet.entries.entry import Entry, HashedText


class WelfareStarted(Entry, frozen=True, kw_only=True, tag="welfare.started"):
    """A timer began for somebody who is out: on a call-out, on a visit, or by hand."""

    welfare: str
    person: str
    call_out: str | None
    visit: str | None
    every_min: int
    due_at: datetime


class WelfareAnswered(Entry, frozen=True, kw_only=True, tag="welfare.answered"):
    """A person said that all is well: in so many words, or by acknowledging the page that asked. `due_at` is when that
    answer was due."""

    welfare: str
    person: str
    due_at: datetime
    how: Literal["said", "page"]


class WelfareMissed(Entry, frozen=True, kw_only=True, tag="welfare.missed"):
    """An answer that was due is missing, and supervisors are paged."""

    welfare: str
    person: str
    due_at: datetime


class WelfareEnded(Entry, frozen=True, kw_only=True, tag="welfare.ended"):
    """A timer is not needed any more; `reason` is a supervisor's."""

    welfare: str
    person: str
    how: Literal["returned", "withdrawn", "self", "supervisor", "superseded"]
    reason: HashedText | None
