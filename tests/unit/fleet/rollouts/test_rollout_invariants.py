"""What holds of every rollout, whatever its units, its people and the clock do."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fleet.rollouts.rules.accounts import account
from fleet.rollouts.rules.deciding import decide
from fleet.rollouts.rules.facts import Decision, RolloutNow
from fleet.rollouts.rules.following import MOST_PUT_OFF, again_after, follow
from fleet.rollouts.rules.rings import places, share
from fleet.rollouts.rules.schedule import LONDON, is_time
from fleet.store.rollout_facts import Followed, OrderState, RingNow, UnitNow
from protocols.releases.reports import UpdateReport, UpdateState
from protocols.rollouts import UNIT_BAD, UNIT_ENDED, UNIT_UNDER_WAY, Ring, RolloutPlan, RolloutState

START = datetime(2026, 10, 24, 20, 0, tzinfo=UTC)
"""The evening before clocks go back."""

times = st.one_of(
    st.just((None, None)),
    st.tuples(st.times(), st.times()).filter(lambda pair: pair[0] != pair[1]),
)
rings = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 100), st.integers(0, 3600)), min_size=1, max_size=4).map(
    lambda all_: [
        Ring(name=f"ring {index}", share_percent=part, success_percent=enough, wait_s=wait_s)
        for index, (part, enough, wait_s) in enumerate(all_)
    ]
)


@st.composite
def plans(draw: st.DrawFn) -> RolloutPlan:
    since, until = draw(times)
    return RolloutPlan(
        rings=draw(rings),
        at_once=draw(st.integers(1, 8)),
        stop_bad_percent=draw(st.floats(0, 100)),
        stop_after=draw(st.integers(1, 8)),
        from_time=since,
        until_time=until,
        deployed=draw(st.booleans()),
        limit_s=draw(st.integers(60, 7200)),
    )


class Rolling:
    """A rollout that is stepped by the rules alone, as the runner does."""

    def __init__(self, plan: RolloutPlan, count: int) -> None:
        self.plan = plan
        self.now = START
        found = places([f"unit-{number:04}" for number in range(count)], plan, "RO-0123456789ab")
        self.units = {name: UnitNow(name, place.ring, place.turn, "waiting") for name, place in found.items()}
        self.rollout = RolloutNow("running", tuple(RingNow() for _ in plan.rings))

    def look(self) -> Decision:
        before = dict(self.units)
        decided = decide(self.plan, self.rollout, list(self.units.values()), self.now)
        assert decided == decide(self.plan, self.rollout, list(reversed(self.units.values())), self.now)
        for name, move in decided.moves.items():
            assert before[name].state not in UNIT_ENDED
            self.units[name] = self.units[name]._replace(state=move.state)
        self.check(decided, before)
        for name in decided.tell:
            one = self.units[name]
            self.units[name] = one._replace(state="told", tellings=one.tellings + 1, told_at=self.now, order="queued")
        self.rollout = RolloutNow(decided.state, decided.rings)
        under_way = sum(one.state in UNIT_UNDER_WAY for one in self.units.values())
        assert not decided.tell or under_way <= self.plan.at_once
        return decided

    def check(self, decided: Decision, before: dict[str, UnitNow]) -> None:
        waiting = {name for name, one in self.units.items() if one.state == "waiting"}
        assert decided.held.keys() == waiting
        assert {name for name in waiting if not decided.held[name]} == set(decided.tell)
        assert len(set(decided.tell)) == len(decided.tell)
        for name in decided.tell:
            self.check_told(decided, before[name])
        for index, each in enumerate(decided.rings):
            if each.begun_at is not None and index:
                earlier = decided.rings[index - 1]
                assert earlier.reached_at is not None
                assert self.now - earlier.reached_at >= timedelta(seconds=self.plan.rings[index - 1].wait_s)
        if decided.state == "running":
            self.check_goes_on(decided)
        assert (decided.state == "done") == (
            self.rollout.state == "done"
            or (
                self.rollout.state == "running"
                and not decided.reason
                and all(one.state in UNIT_ENDED for one in self.units.values())
            )
        )

    def check_told(self, decided: Decision, one: UnitNow) -> None:
        assert decided.state == "running"
        assert is_time(self.plan, self.now)
        assert one.again_at is None or one.again_at <= self.now
        assert one.put_off < MOST_PUT_OFF
        assert not one.checked
        assert one.connected
        assert self.plan.deployed or not one.deployed
        assert one.standing == "active"
        assert decided.rings[one.ring].begun_at is not None
        earlier = [other for other in self.units.values() if (other.ring, other.turn) < (one.ring, one.turn)]
        assert all(decided.held.get(other.unit) not in ("turn",) for other in earlier)

    def check_goes_on(self, decided: Decision) -> None:
        for index, each in enumerate(decided.rings):
            if each.begun_at is None:
                continue
            states = [one.state for one in self.units.values() if one.ring == index]
            counted = account(states, each.forgiven)
            if counted.ended >= self.plan.stop_after:
                assert counted.bad <= share(self.plan.stop_bad_percent) * counted.ended
            total = Counter(states)
            forgiven = min(each.forgiven, sum(total[state] for state in UNIT_BAD))
            assert counted.ended + counted.open + total["left-out"] + forgiven == len(states)

    def resume(self) -> None:
        forgiven = [
            each._replace(forgiven=sum(one.state in UNIT_BAD for one in self.units.values() if one.ring == index))
            for index, each in enumerate(self.rollout.rings)
        ]
        self.rollout = RolloutNow("running", tuple(forgiven))


class Rollouts(RuleBasedStateMachine):
    """Steps in any order: units answer, fall silent, are looked through, go out, are revoked; people intervene."""

    rolling: Rolling

    @initialize(plan=plans(), count=st.integers(0, 12))
    def begin(self, plan: RolloutPlan, count: int) -> None:
        self.rolling = Rolling(plan, count)
        self.ended: dict[str, str] = {}

    def one(self, index: int) -> UnitNow | None:
        names = sorted(self.rolling.units)
        return self.rolling.units[names[index % len(names)]] if names else None

    @rule()
    def look(self) -> None:
        before = self.rolling.rollout
        decided = self.rolling.look()
        if before.state == "stopped":
            assert decided.state == "stopped"

    @rule(seconds=st.integers(1, 4000))
    def time_passes(self, seconds: int) -> None:
        self.rolling.now += timedelta(seconds=seconds)

    @rule(index=st.integers(0, 11), order=st.sampled_from(["accepted", "done", "refused", "failed", "expired"]))
    def order_ends(self, index: int, order: OrderState) -> None:
        one = self.one(index)
        if one is not None and one.state == "told":
            self.rolling.units[one.unit] = one._replace(order=order)

    @rule(
        index=st.integers(0, 11),
        said=st.sampled_from(["refused", "fetching", "trial", "done", "rolled-back", "failed"]),
        seq=st.integers(1, 5),
        passing=st.booleans(),
    )
    def unit_reports(self, index: int, said: UpdateState, seq: int, passing: bool) -> None:
        one = self.one(index)
        if one is not None and one.tellings:
            followed = Followed(one.unit, one.state, one.tellings, None, None, one.put_off)
            report = UpdateReport(update="UP-0123456789ab", state=said, passing=passing)
            state = follow(followed, report, 1, seq)
            if state == "waiting":
                again_at = self.rolling.now + again_after(one.put_off + 1)
                one = one._replace(put_off=one.put_off + 1, again_at=again_at)
            self.rolling.units[one.unit] = one._replace(state=state or one.state)

    @rule(index=st.integers(0, 11), name=st.sampled_from(["checked", "deployed", "connected"]), holds=st.booleans())
    def unit_changes(self, index: int, name: str, holds: bool) -> None:
        one = self.one(index)
        if one is not None:
            changes = {name: holds}
            self.rolling.units[one.unit] = one._replace(**changes)  # type: ignore[arg-type]  # one of the three

    @rule(index=st.integers(0, 11), standing=st.sampled_from(["active", "quarantined", "revoked"]))
    def unit_stands(self, index: int, standing: str) -> None:
        one = self.one(index)
        if one is not None and one.standing != "revoked":
            self.rolling.units[one.unit] = one._replace(standing=standing)  # type: ignore[arg-type]  # one of the three

    @rule(asked=st.sampled_from(["pause", "resume", "cancel"]))
    def person_intervenes(self, asked: str) -> None:
        now = self.rolling.rollout
        if now.state in ("done", "cancelled"):
            return
        if asked == "resume" and now.state in ("paused", "stopped"):
            self.rolling.resume()
        elif asked == "cancel" or (asked == "pause" and now.state == "running"):
            state: RolloutState = "cancelled" if asked == "cancel" else "paused"
            self.rolling.rollout = now._replace(state=state)

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        if not hasattr(self, "rolling"):
            return
        for name, one in self.rolling.units.items():
            if name in self.ended:
                assert one.state == self.ended[name]
            elif one.state in UNIT_ENDED:
                self.ended[name] = one.state


TestRollouts = Rollouts.TestCase
TestRollouts.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@settings(max_examples=80, deadline=None)
@given(plans(), st.integers(0, 25), st.randoms(use_true_random=False), st.floats(0, 1))
def test_every_rollout_ends_where_nothing_is_held(plan: RolloutPlan, count: int, random: Random, silent: float) -> None:
    """Units answer, fail or stay silent, and a person lets it go on each time that it stops."""
    rolling = Rolling(plan, count)
    resumed = 0
    for _ in range(3000):
        decided = rolling.look()
        if decided.state == "done":
            break
        if decided.state == "stopped":
            rolling.resume()
            resumed += 1
        for name, one in list(rolling.units.items()):
            if one.state in UNIT_UNDER_WAY and random.random() > silent:
                rolling.units[name] = one._replace(state="done" if random.random() < 0.8 else "failed")
            elif one.state == "told":
                assert one.told_at is not None
                if rolling.now - one.told_at >= timedelta(minutes=10):
                    rolling.units[name] = one._replace(order="expired")
        rolling.now += timedelta(minutes=11)
        if plan.from_time is not None and not is_time(plan, rolling.now):
            rolling.now = _next_time(plan, rolling.now)
    assert rolling.rollout.state == "done"
    assert Counter(one.state in UNIT_ENDED for one in rolling.units.values())[True] == count
    assert resumed <= count


def _next_time(plan: RolloutPlan, now: datetime) -> datetime:
    """The next moment at which units are told; a window may be as short as a microsecond."""
    assert plan.from_time is not None
    for days in range(3):
        for fold in (0, 1):
            wall = datetime.combine((now + timedelta(days=days)).astimezone(LONDON), plan.from_time, LONDON)
            at = wall.replace(fold=fold).astimezone(UTC)
            if at >= now and is_time(plan, at):
                return at
    return now + timedelta(days=1)


@pytest.mark.parametrize("hour", range(24))
def test_a_day_is_told_or_not_by_the_hour(hour: int) -> None:
    plan = RolloutPlan(rings=[Ring(name="all", share_percent=100)], from_time=time(9), until_time=time(17))
    assert is_time(plan, datetime(2026, 11, 23, hour, 30, tzinfo=UTC)) is (9 <= hour < 17)
