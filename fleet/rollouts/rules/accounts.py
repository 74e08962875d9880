"""How many of a ring's units are done, bad and open, and what follows from that. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from fleet.rollouts.rules.rings import share
from protocols.rollouts import UNIT_BAD, Ring, RolloutPlan, UnitUpdateState


class Account(NamedTuple):
    """Units of a ring: `done`, `bad` without those forgiven, and `open`, which have not ended. Units that were left out
    are in none."""

    done: int
    bad: int
    open: int

    @property
    def ended(self) -> int:
        """Those that have ended."""
        return self.done + self.bad

    def too_many_bad(self, plan: RolloutPlan) -> bool:
        """Whether the rollout stops: more than `stop_bad_percent` of those that have ended, once enough have."""
        return self.ended >= plan.stop_after and self.bad > share(plan.stop_bad_percent) * self.ended

    def enough_done(self, ring: Ring) -> bool:
        """Whether at least `success_percent` are done."""
        return self.done >= share(ring.success_percent) * (self.ended + self.open)


def account(states: Iterable[UnitUpdateState], forgiven: int) -> Account:
    """The account of a ring whose units are in `states`, `forgiven` bad ones left out."""
    done = bad = still_open = 0
    for state in states:
        if state == "done":
            done += 1
        elif state in UNIT_BAD:
            bad += 1
        elif state != "left-out":
            still_open += 1
    return Account(done, max(0, bad - forgiven), still_open)
