"""What somebody between a unit and its releases can try: see tests.tuf.attacks."""

from pathlib import Path
from random import Random

import pytest

from tests.tuf.attacks import ATTACKS, Attack, Scene
from tests.tuf.damage import damaged


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.run.__name__)
async def test_an_attack_brings_in_nothing(attack: Attack, tmp_path: Path) -> None:
    await attack.run(Scene.make(tmp_path))


async def test_damaged_metadata_lets_nothing_through(tmp_path: Path) -> None:
    tally = await damaged(tmp_path, Random(7), 150)
    assert tally["through"] == 0
    assert tally["refused"] > 50
