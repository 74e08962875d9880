"""Work that comes round goes on over a lost database, and ends with a fault of its own."""

import pytest

from fleet.errors import StoreUnavailable
from fleet.rounds import go_round


async def test_a_lost_database_delays_and_a_defect_ends_it() -> None:
    outcomes: list[Exception | None] = [
        None,
        StoreUnavailable("gone"),
        StoreUnavailable("gone"),
        None,
        ValueError("bug"),
    ]
    done = 0

    async def work() -> None:
        nonlocal done
        done += 1
        outcome = outcomes[done - 1]
        if outcome is not None:
            raise outcome

    with pytest.raises(ValueError, match="bug"):
        await go_round("a test", work, 0, 0)
    assert done == len(outcomes)
