"""Who is to be paged now: primary, secondary, supervisors, then all of them again until somebody has taken it. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from protocols.alarms import LEVEL_WORDS, PageLevel, PageState, PagingPolicy

LEVELS: tuple[PageLevel, ...] = (0, 1, 2)

TRIES = 5
"""How often a page is tried before it has failed †."""
_AGAIN_AFTER_S = (10, 20, 40, 80)
"""So that all tries are over before the secondary would be paged anyway †."""


class Waiting(NamedTuple):
    """An alarm that nobody has taken, paged from a time on."""

    paged_from: datetime


class Who(NamedTuple):
    """The people at each level who can be reached; `said` is why there is nobody at one, empty where the alarm does
    not have that level."""

    levels: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
    said: tuple[str, str, str]


class Paged(NamedTuple):
    """A page that was sent, or is to be; `person` None: there was nobody."""

    round: int
    level: PageLevel
    person: str | None
    state: PageState


class Due(NamedTuple):
    """Page these people now; nobody: say why."""

    round: int
    level: PageLevel
    people: tuple[str, ...]
    said: str


def nobody(level: PageLevel) -> str:
    """What is said where nobody has a level."""
    return "there is no supervisor" if level == 2 else f"nobody is on call as {LEVEL_WORDS[level]}"


def due_pages(
    alarm: Waiting, policy: PagingPolicy, who: Who, pages_so_far: Sequence[Paged], now: datetime
) -> list[Due]:
    """What is due at `now` and was not queued before. `pages_so_far` are those since `paged_from`.

    A level where nobody is, or whose every page has failed, hands over to the next at once. Rounds that nobody could
    page in, because no controller ran, are not caught up on: the newest counts.
    """
    if now < alarm.paged_from:
        return []
    again = _round(alarm, policy, now)
    if again > 0:
        done = {page.level for page in pages_so_far if page.round == again}
        there = [level for level in LEVELS if who.levels[level]]
        missing = [level for level in there if level not in done]
        return [Due(again, level, who.levels[level], "") for level in missing] or _still_nobody(who, again, done)
    return _first_round(alarm, policy, who, pages_so_far, now)


def next_page_at(
    alarm: Waiting, policy: PagingPolicy, who: Who, pages_so_far: Sequence[Paged], now: datetime
) -> datetime | None:
    """When more people are paged unless somebody takes the alarm; None where nobody can ever be."""
    if not any(who.levels):
        return None
    if due_pages(alarm, policy, who, pages_so_far, now):
        return now
    again = _round(alarm, policy, now)
    if again == 0:
        queued = {page.level for page in pages_so_far if page.round == 0}
        for level in (1, 2):
            if level not in queued and who.levels[level]:
                return alarm.paged_from + _offset(policy, level)
    return alarm.paged_from + _offset(policy, 2) + (again + 1) * timedelta(seconds=policy.repeat_every_s)


def next_level(
    alarm: Waiting, policy: PagingPolicy, who: Who, pages_so_far: Sequence[Paged], next_at: datetime
) -> PageLevel | None:
    """The level that is paged for the first time at `next_at`, as `next_page_at` says it; None: all of them again."""
    due = due_pages(alarm, policy, who, pages_so_far, next_at)
    return next((one.level for one in due if one.round == 0 and one.people), None)


def retry_at(tries: int, now: datetime) -> datetime | None:
    """When a page that failed `tries` times (at least once) is tried again; None: it has failed."""
    return None if tries >= TRIES else now + timedelta(seconds=_AGAIN_AFTER_S[tries - 1])


def _round(alarm: Waiting, policy: PagingPolicy, now: datetime) -> int:
    past = now - alarm.paged_from - _offset(policy, 2)
    return max(0, past // timedelta(seconds=policy.repeat_every_s))


def _offset(policy: PagingPolicy, level: int) -> timedelta:
    return timedelta(seconds=(0, policy.secondary_after_s, policy.supervisor_after_s)[level])


def _first_round(
    alarm: Waiting, policy: PagingPolicy, who: Who, pages_so_far: Sequence[Paged], now: datetime
) -> list[Due]:
    due: list[Due] = []
    handed_over = True
    for level in LEVELS:
        queued = [page for page in pages_so_far if page.round == 0 and page.level == level]
        if not queued and not who.levels[level] and not who.said[level]:
            continue
        if not queued:
            if not handed_over and now < alarm.paged_from + _offset(policy, level):
                break
            people = who.levels[level]
            due.append(Due(0, level, people, "" if people else who.said[level]))
            handed_over = not people
        else:
            handed_over = all(page.state == "failed" for page in queued)
    return due


def _still_nobody(who: Who, again: int, done: set[PageLevel]) -> list[Due]:
    """Where nobody is there at all, that is said once a round, at the last level."""
    if any(who.levels) or 2 in done:
        return []
    return [Due(again, 2, (), who.said[2])]
