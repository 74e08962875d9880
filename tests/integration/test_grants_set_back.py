"""Ten thousand openings tried under mandates that are over, with a clock set back into their windows.

Clocks can be set back: the unit's own; the controller's after the unit has trusted a later time, or an earlier one long
ago on the same boot; the controller's before that, which a unit whose own clock is kept by a time service sees; and
both, of a unit that has trusted no time yet, which the witnesses see.
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
WAYS = 5
BACK_MAX_MS = 5_000
LONGEST_OVER_MS = 300 * 86_400_000


def tried(drawn: Random, world: World) -> Iterator[tuple[GrantLease, Facts]]:
    """Grants that nobody may obey any more, each to a unit with another idea of the time."""
    bases = [(case, *lease_after(drawn, world, case)) for case in drawn.sample(world.cases, BASES)]
    seen = {id(case): seen_at(world, case, now_ms) for case, _, now_ms in bases}
    for _ in range(TRIED):
        case, late, now_ms = drawn.choice(bases)
        within_ms = case.lease.granted_at_ms
        way = drawn.randrange(WAYS)
        if way == 0:
            yield late, knowing(case, wall_ms=within_ms + drawn.randrange(60_000), kept=drawn.random() < 0.5)
        elif way == 1:
            trusted_ms = drawn.choice((to_ms(case.asked.not_after), drawn.randint(within_ms + BACK_MAX_MS + 1, now_ms)))
            wall_ms = drawn.choice((within_ms, now_ms))
            yield case.grant, knowing(case, wall_ms=wall_ms, kept=drawn.random() < 0.5, trusted_ms=trusted_ms)
        elif way == 2:
            yield case.grant, knowing(case, wall_ms=now_ms, kept=True)
        elif way == 3:
            heard = knowing(case, wall_ms=within_ms, kept=drawn.random() < 0.5, trusted_ms=within_ms)
            yield case.grant, running_since(case, heard, drawn.randint(2 * BACK_MAX_MS, now_ms - within_ms))
        else:
            yield seen[id(case)], knowing(case, wall_ms=within_ms, kept=drawn.random() < 0.5)


def lease_after(drawn: Random, world: World, case: Case) -> tuple[GrantLease, int]:
    """The same lease as an honest controller would grant it after the mandate's end, and when that is."""
    ended_ms = to_ms(case.asked.not_after)
    now_ms = ended_ms + drawn.choice((0, 400_000, drawn.randrange(LONGEST_OVER_MS)))
    lease = msgspec.structs.replace(case.lease, granted_at_ms=now_ms)
    late = world.issue(case.asked, lease, signed=case.grant.mandate, offer=case.grant.offer)
    return late, max(now_ms, ended_ms + 400_000)


def seen_at(world: World, case: Case, now_ms: int) -> GrantLease:
    """The lease of a controller whose clock was set back, in a log whose witnesses know that it is `now_ms`."""
    after_s = (now_ms - case.lease.granted_at_ms) // 1000
    return world.issue(
        case.asked, case.lease, signed=case.grant.mandate, offer=case.grant.offer, cosigned_after_s=after_s
    )


def running_since(case: Case, facts: Facts, passed_ms: int) -> Facts:
    """The unit so much later on the same boot, with a nonce that it made then."""
    assert facts.ledger is not None
    made = facts.nonces[case.lease.nonce]
    ledger = msgspec.structs.replace(facts.ledger, highest_boot_id=facts.boot_id, highest_boot_ms=made.made_ms)
    nonces = {made.nonce: made._replace(made_ms=made.made_ms + passed_ms)}
    return replace(facts, ledger=ledger, nonces=nonces, now_boot_ms=facts.now_boot_ms + passed_ms)


def knowing(case: Case, *, wall_ms: int, kept: bool, trusted_ms: int = 0) -> Facts:
    """The unit of `case` with its clock at `wall_ms`, which has trusted `trusted_ms` before; else no time yet."""
    assert case.facts.ledger is not None
    ledger = msgspec.structs.replace(case.facts.ledger, highest_ms=trusted_ms, highest_boot_id="", highest_boot_ms=0)
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


def test_both_clocks_set_back_open_nothing_on_a_unit_that_never_trusted_a_later_time() -> None:
    """Neither clock tells, and nothing is remembered: only the witnesses' time is left."""
    drawn = Random(20261123)
    world = World(drawn)
    opened = 0
    for case in world.cases:
        for over_ms in (0, 400_000, drawn.randrange(LONGEST_OVER_MS)):
            grant = seen_at(world, case, to_ms(case.asked.not_after) + over_ms)
            for kept in (True, False):
                facts = knowing(case, wall_ms=case.lease.granted_at_ms, kept=kept)
                verdict = judge(grant, facts)
                opened += isinstance(verdict, Permit)
                assert isinstance(verdict, Permit) or verdict.rule == "clock-differs"
    assert opened == 0
    assert all(isinstance(judge(one.grant, knowing(one, wall_ms=0, kept=False)), Permit) for one in world.cases)
