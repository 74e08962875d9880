"""A short, seeded sample of the campaign against a witness; `make fault-witness` runs it at length."""

from pathlib import Path

from tests.support.tlog import TestLog
from tests.witness.campaign import Tree, campaign, passed


async def test_split_views_and_restored_backups_are_refused(tmp_path: Path) -> None:
    tally = await campaign(rounds=3, seed=20261122, directory=tmp_path)
    assert (tally.split_views_refused, tally.restored_backups_refused, tally.kills) == (3, 3, 3)
    assert passed(tally), tally


def test_the_judge_tells_one_tree_from_two() -> None:
    log = TestLog().grow(9)
    fork = log.fork(4).grow(20)
    assert Tree(log, 9).continues(Tree(fork, 4))
    assert not Tree(log, 9).continues(Tree(fork, 5))
    assert not Tree(fork, 9).continues(Tree(log, 9))
    assert not Tree(log, 3).continues(Tree(log, 4))
