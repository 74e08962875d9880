"""Ten thousand openings tried under mandates that are over, with a clock set back into their windows.

Three clocks can be set back: the unit's own, the controller's after the unit has trusted a later time, and the
controller's before that, which a unit whose own clock is kept by a time service sees.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from random import Random

import msgspec

from edge_agent.openings.rules import judge
from edge_agent.openings.verdicts import Facts, LocalClock, Permit
from protocols.opening import GrantLease
from tests.fuzz.grants_papers import Case, World
from tests.support.mandates import to_ms

TRIED = 10_000
BASES = 12
LONGEST_OVER_MS = 300 * 86_400_000


def tried(drawn: Random, world: World) -> Iterator[tuple[GrantLease, Facts]]:
    """Grants that nobody may obey any more, each to a unit with another idea of the time."""
    bases = [(case, lease_after(drawn, world, case)) for case in drawn.sample(world.cases, BASES)]
    for _ in range(TRIED):
        case, (late, now_ms) = drawn.choice(bases)
        within_ms = case.lease.granted_at_ms
        way = drawn.randrange(3)
        if way == 0:
            yield late, knowing(case, wall_ms=within_ms + drawn.randrange(60_000), kept=drawn.random() < 0.5)
        elif way == 1:
            trusted_ms = drawn.choice((to_ms(case.asked.not_after), drawn.randint(within_ms + 1, now_ms)))
            wall_ms = drawn.choice((within_ms, now_ms))
            yield case.grant, knowing(case, wall_ms=wall_ms, kept=drawn.random() < 0.5, trusted_ms=trusted_ms)
        else:
            yield case.grant, knowing(case, wall_ms=now_ms, kept=True)


def lease_after(drawn: Random, world: World, case: Case) -> tuple[GrantLease, int]:
    """The same lease as an honest controller would grant it after the mandate's end, and when that is."""
    ended_ms = to_ms(case.asked.not_after)
    now_ms = ended_ms + drawn.choice((0, 400_000, drawn.randrange(LONGEST_OVER_MS)))
    lease = msgspec.structs.replace(case.lease, granted_at_ms=now_ms)
    late = world.issue(case.asked, lease, signed=case.grant.mandate, offer=case.grant.offer)
    return late, max(now_ms, ended_ms + 400_000)


def knowing(case: Case, *, wall_ms: int, kept: bool, trusted_ms: int = 0) -> Facts:
    """The unit of `case` with its clock at `wall_ms`, which has trusted `trusted_ms` before; else no time yet."""
    assert case.facts.ledger is not None
    ledger = msgspec.structs.replace(case.facts.ledger, highest_ms=trusted_ms)
    return replace(case.facts, clock=LocalClock(wall_ms, kept), ledger=ledger)


def test_nothing_opens_with_a_clock_set_back_into_a_mandate_s_window() -> None:
    drawn = Random(20261122)
    world = World(drawn)
    verdicts = [judge(grant, facts) for grant, facts in tried(drawn, world)]
    refused = Counter(verdict.rule for verdict in verdicts if not isinstance(verdict, Permit))
    assert sum(isinstance(verdict, Permit) for verdict in verdicts) == 0
    assert len(verdicts) == TRIED
    assert set(refused) == {"after-mandate", "time-went-back", "clock-differs"}
    assert min(refused.values()) > TRIED / 10
