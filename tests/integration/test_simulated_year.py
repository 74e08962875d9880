"""The first months of the simulated year (`python -m tests.year` lives through all of it)."""

from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.year.simulated_run import Year


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_no_honest_unit_loses_its_place_in_the_first_months(store: Store, tmp_path: Path) -> None:
    outcome = await Year(store, tmp_path, seed=7, days=52).run()
    assert outcome.faults == []
    assert outcome.figures["renewals"] >= 15
    assert outcome.figures["replies_lost"] > 0
    assert outcome.figures["power_cuts"] > 0
    assert outcome.figures["foreign_roots_offered"] > outcome.figures["foreign_roots_taken"] == 0
