"""What the deployment log says about openings, read behind the API's back."""

from collections.abc import Sequence
from typing import Any

import asyncpg
import msgspec

from protocols.api.log import LogQuery, OpeningView
from tests.support.open_house import SUPERVISOR, OpenHouse
from tests.support.waiting import until

SETTLE_LIMIT_S = 240.0
"""A unit tells what it did within moments of its connection; a lease that nobody answers for lasts a minute."""


async def entries(house: OpenHouse, kinds: Sequence[str]) -> list[dict[str, Any]]:
    """All entries of these kinds, oldest first."""
    owner = await asyncpg.connect(house.server.dsn())
    try:
        rows = await owner.fetch("SELECT body FROM log_entry WHERE kind = ANY($1) ORDER BY entry_id", list(kinds))
    finally:
        await owner.close()
    return [msgspec.json.decode(row["body"]) for row in rows]


async def settled(house: OpenHouse, limit_s: float = SETTLE_LIMIT_S) -> list[OpeningView]:
    """All openings of the log, newest first, once none of them is unknown; raises AssertionError with those that stay
    so."""
    pages: list[list[OpeningView]] = []

    async def known() -> bool:
        page = await house[SUPERVISOR].openings(LogQuery())
        assert page.is_all, "more openings than one page holds"
        pages[:] = [page.openings]
        return all(one.verdict != "unknown" for one in page.openings)

    try:
        await until(known, limit_s)
    except TimeoutError:
        left = [(one.opening, one.modality, one.faults) for one in pages[0] if one.verdict == "unknown"]
        raise AssertionError(f"these openings stay unknown: {left}") from None
    return pages[0]
