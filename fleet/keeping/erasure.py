"""How long free texts of entries are kept. Erasing them with their salts is an entry; every proof holds as before."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import structlog

from fleet.entries.entry import CONTROLLER
from fleet.entries.log import TextsErased
from fleet.settings import RetentionSettings
from fleet.store.store import Store

TEXTS_AT_ONCE = 5_000

_log = structlog.get_logger(__name__)


class KeepingRule(NamedTuple):
    """Texts of kinds that begin with `kinds` (empty: all), and with none of `but_kinds`, are kept for `years`."""

    kinds: str
    but_kinds: list[str]
    years: int


def keeping_rules(default_years: int, years_of: Mapping[str, int]) -> list[KeepingRule]:
    """One rule for each beginning of a kind, so that exactly one, that of the longest beginning, covers each kind."""
    every = {"": default_years, **years_of}
    return [
        KeepingRule(kinds, sorted(other for other in every if other != kinds and other.startswith(kinds)), years)
        for kinds, years in sorted(every.items())
    ]


def kept_from(now: datetime, years: int) -> datetime:
    """The midnight (UTC) before which entries are past a keeping of `years`; 29 February counts as 1 March."""
    day = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if (day.month, day.day) == (2, 29):
        day = day.replace(month=3, day=1)
    return day.replace(year=day.year - years)


async def erase_texts(store: Store, settings: RetentionSettings, now: datetime) -> None:
    """Erase every free text that is past its keeping and not under a legal hold, in bounded lots.

    The database erases none that is younger than a year by its own clock. Raises StoreUnavailable.
    """
    for rule in keeping_rules(settings.log_text_years, settings.log_text_years_of):
        while await _erase_some(store, rule, now):
            pass


async def _erase_some(store: Store, rule: KeepingRule, now: datetime) -> bool:
    """Erase one lot; False when that was the last."""
    from_day = kept_from(now, rule.years)
    async with store.transaction() as transaction:
        await transaction.legal_holds.lock()
        erased = await transaction.legal_holds.erase_texts([rule.kinds], rule.but_kinds, from_day, TEXTS_AT_ONCE)
        if erased.first is None or erased.last is None:
            return False
        await transaction.log.append(
            TextsErased(
                at=now,
                actor=CONTROLLER,
                kept_from=from_day.date(),
                kinds=erased.kinds,
                texts=erased.texts,
                held=erased.held,
                first=erased.first,
                last=erased.last,
            )
        )
    _log.info("free texts of log entries were erased", texts=erased.texts, held=erased.held)
    return erased.texts == TEXTS_AT_ONCE
