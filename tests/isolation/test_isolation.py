"""A seeded part of the isolation matrix, and the proof that it can fail."""

import pytest

from tests.isolation.campaign import BrokerName, campaign

_LOOSE = {
    # The three mistakes that are easily made: everything for everybody, names of others, reading what others write.
    "everything": "topic readwrite #\npattern readwrite muster/#\n",
    "writes-for-others": "pattern write muster/up/+/health\npattern write muster/up/%u/event\n",
    "reads-of-others": "pattern read muster/down/+/command\npattern read muster/up/+/health\n",
}


@pytest.mark.parametrize("broker", ["mosquitto", "embedded"])
async def test_nobody_reaches_what_is_not_theirs(broker: BrokerName) -> None:
    tally = await campaign(broker, sample=700, seed=20261122)
    assert tally.crossed == []
    assert tally.attempts == 700
    assert tally.allowed > 0


@pytest.mark.parametrize("mistake", _LOOSE)
async def test_the_matrix_finds_a_mistake_in_an_access_list(mistake: str) -> None:
    tally = await campaign("mosquitto", sample=250, seed=20261122, access_lists={"units.acl": _LOOSE[mistake]})
    assert tally.crossed
