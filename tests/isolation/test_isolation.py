"""A seeded part of the isolation matrix, and the proof that it can fail."""

import pytest

from tests.isolation.attempts import Attempt
from tests.isolation.brokers import BrokerName, campaign
from tests.support.mosquitto import SHIPPED

_LOOSE = {
    # The three mistakes that are easily made: everything for everybody, names of others, reading what others write.
    "everything": "pattern readwrite muster/#\n",
    "writes-for-others": "pattern write muster/up/+/health\n",
    "reads-of-others": "pattern read muster/down/+/command\n",
}


def _unit_says_or_listens(attempt: Attempt) -> bool:
    """What a mistake in the units' list shows in, whatever the seed."""
    who = (attempt.identity.label, attempt.door, attempt.protocol)
    return who == ("unit", "units", "3.1.1") and attempt.operation in {"publish", "subscribe"}


@pytest.mark.parametrize("broker", ["mosquitto", "embedded"])
async def test_nobody_reaches_what_is_not_theirs(broker: BrokerName) -> None:
    tally = await campaign(broker, sample=1500, seed=20261122)
    assert tally.crossed == []
    assert tally.attempts == 1500
    assert tally.allowed > 0


@pytest.mark.parametrize("mistake", _LOOSE)
async def test_the_matrix_finds_a_mistake_in_an_access_list(mistake: str) -> None:
    loosened = (SHIPPED / "units.acl").read_text() + _LOOSE[mistake]
    tally = await campaign("mosquitto", only=_unit_says_or_listens, access_lists={"units.acl": loosened})
    assert tally.crossed
