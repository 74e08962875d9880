"""Which log policy is in force: the one that the newest people list carries."""

from functools import lru_cache

from fleet.log.key import LogKey
from fleet.store.store import Transaction
from protocols.people import read_list
from protocols.tlog.policy import LogPolicy, read_policy


async def policy_in_force(transaction: Transaction, key: LogKey) -> LogPolicy:
    """The policy of the newest people list; where that has none, the one that trusts `key` and asks for no witness."""
    newest = await transaction.people.newest_list()
    policy = None if newest is None else _policy_of(newest.text)
    return key.alone if policy is None else policy


@lru_cache(maxsize=4)
def _policy_of(people_list: str) -> LogPolicy | None:
    text = read_list(people_list).log_policy
    return read_policy(text) if text else None
