"""Real units and a real controller on a broker whose host delays, reorders, repeats, drops, alters and invents."""

from pathlib import Path

import pytest

from fleet.store.store import Store
from tests.hostile.adversary import Manner
from tests.hostile.torment import Account, Owner, campaign

pytestmark = pytest.mark.long

HOSTILE_S = 12.0


def held(account: Account) -> None:
    """Nothing happened that must not, and the adversary was at work."""
    assert account.faults == []
    assert account.carried_out > 3
    assert account.stored > 10
    assert account.refused > 3
    for deed in ("drop", "delay", "late", "repeat", "replay", "truncate", "misroute", "nonsense"):
        assert account.done.get(deed), f"the adversary did not {deed}"
    for deed in ("forged order", "tampered order", "forged announcement"):
        assert account.done.get(deed), f"the adversary made no {deed}"


@pytest.mark.parametrize(("seed", "mqtt"), [(1, "5"), (2, "3.1.1")])
async def test_a_broker_that_carries_badly_and_invents_orders_makes_no_unit_do_or_lose_anything(
    seed: int, mqtt: str, store: Store, owner: Owner, tmp_path: Path
) -> None:
    manner: Manner = "carrier"
    held(await campaign(store, owner, tmp_path, seed=seed, manner=manner, hostile_s=HOSTILE_S, mqtt=mqtt))


async def test_a_broker_that_also_invents_reports_quarantines_no_unit_and_moves_none(
    store: Store, owner: Owner, tmp_path: Path
) -> None:
    account = await campaign(store, owner, tmp_path, seed=3, manner="liar", hostile_s=HOSTILE_S)
    held(account)
    assert account.done["invented report"]
