"""What a rollout decides, case by case."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from fleet.rollouts.rules.deciding import MAX_TELLINGS, ORDER_LIFE, decide
from fleet.rollouts.rules.facts import Decision, RolloutNow
from fleet.rollouts.rules.following import MOST_PUT_OFF, again_after, contradiction, fault_of, follow
from fleet.rollouts.rules.schedule import is_time
from fleet.store.rollout_facts import Followed, Move, OrderState, RingNow, UnitNow
from protocols.api.units import UnitState
from protocols.releases.manifest import Manifest, Part, PartName
from protocols.releases.reports import UpdateReport, UpdateState
from protocols.rollouts import Held, Ring, RolloutPlan, RolloutState, UnitUpdateState

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=5)
BEGUN = RingNow(begun_at=EARLIER)
ONE_RING = RolloutPlan(rings=[Ring(name="all", share_percent=100)])
TWO_RINGS = RolloutPlan(
    rings=[Ring(name="few", share_percent=10, success_percent=80, wait_s=60), Ring(name="all", share_percent=100)]
)


def unit(number: int, state: UnitUpdateState = "waiting", ring: int = 0, **more: Any) -> UnitNow:
    known = UnitNow(f"unit-{number:04}", ring, number, state)
    if state in ("told", "working"):
        known = known._replace(tellings=1, told_at=EARLIER, order="sent")
    return known._replace(**more)


def step(
    units: list[UnitNow],
    plan: RolloutPlan = ONE_RING,
    state: RolloutState = "running",
    rings: tuple[RingNow, ...] | None = None,
) -> Decision:
    return decide(plan, RolloutNow(state, rings or (BEGUN,) + (RingNow(),) * (len(plan.rings) - 1)), units, NOW)


def test_as_many_are_told_as_there_is_room_for_in_turn() -> None:
    plan = RolloutPlan(rings=ONE_RING.rings, at_once=3)
    decided = step([unit(0, "working"), unit(3), unit(1), unit(2), unit(4, "done")], plan)
    assert decided.tell == ["unit-0001", "unit-0002"]
    assert decided.held == {"unit-0001": "", "unit-0002": "", "unit-0003": "turn"}


@pytest.mark.parametrize(
    ("changes", "held"),
    [
        ({"checked": True}, "check"),
        ({"deployed": True}, "deployment"),
        ({"connected": False}, "away"),
        ({"ring": 1}, "ring"),
    ],
)
def test_what_holds_a_unit_is_said(changes: dict[str, Any], held: Held) -> None:
    decided = step([unit(0, **changes), unit(1)], TWO_RINGS)
    assert (decided.tell, decided.held["unit-0000"]) == (["unit-0001"], held)


def test_a_plan_may_reach_units_that_are_deployed() -> None:
    plan = RolloutPlan(rings=ONE_RING.rings, deployed=True)
    assert step([unit(0, deployed=True)], plan).tell == ["unit-0000"]


@pytest.mark.parametrize("state", ["paused", "stopped"])
def test_nobody_is_told_while_it_is_paused_or_stopped(state: RolloutState) -> None:
    decided = step([unit(0), unit(1, "told", order="done")], state=state)
    assert (decided.tell, decided.held) == ([], {"unit-0000": "paused"})
    assert decided.moves == {"unit-0001": Move("working")}
    assert decided.state == state


def test_who_waits_is_left_out_of_a_cancelled_rollout_and_who_was_told_goes_on() -> None:
    decided = step([unit(0), unit(1, "told"), unit(2, "told", order="expired")], state="cancelled")
    assert {name: move.state for name, move in decided.moves.items()} == {
        "unit-0000": "left-out",
        "unit-0002": "left-out",
    }
    assert (decided.state, decided.tell) == ("cancelled", [])


@pytest.mark.parametrize(
    ("order", "checked", "comes_to"),
    [
        ("queued", False, None),
        ("sent", False, None),
        ("accepted", False, None),
        ("done", False, "working"),
        ("refused", False, None),
        ("refused", True, None),
        ("failed", False, "failed"),
        ("expired", False, "waiting"),
    ],
)
def test_a_unit_comes_to_what_its_order_came_to(
    order: OrderState, checked: bool, comes_to: UnitUpdateState | None
) -> None:
    decided = step([unit(0, "told", order=order, order_reason="why", checked=checked)])
    assert decided.moves.get("unit-0000", Move("told")).state == (comes_to or "told")
    assert step([unit(0, "working", order=order)]).moves == {}


def test_a_refusal_without_a_report_is_as_good_as_no_answer() -> None:
    refused = unit(0, "told", order="refused", order_reason="16 commands are waiting already")
    at_limit = step([refused._replace(told_at=NOW - ORDER_LIFE)])
    assert at_limit.moves == {}
    late = refused._replace(told_at=NOW - ORDER_LIFE - timedelta(microseconds=1))
    assert step([late]).moves["unit-0000"] == Move("waiting", "16 commands are waiting already")
    assert step([late._replace(tellings=MAX_TELLINGS)]).moves["unit-0000"].state == "failed"


def test_a_unit_that_put_it_off_is_told_again_when_it_is_time() -> None:
    waits = unit(0, tellings=7, put_off=7, again_at=NOW + timedelta(microseconds=1))
    assert (step([waits]).tell, step([waits]).held) == ([], {"unit-0000": "again"})
    assert step([waits._replace(again_at=NOW)]).tell == ["unit-0000"]
    assert step([waits._replace(checked=True)]).held == {"unit-0000": "again"}
    silent = waits._replace(tellings=7 + MAX_TELLINGS)
    assert step([silent]).moves["unit-0000"].state == "failed"


def test_a_unit_that_never_answers_fails_in_the_end() -> None:
    last = unit(0, "told", order="expired", tellings=MAX_TELLINGS)
    assert step([last]).moves["unit-0000"].state == "failed"
    assert step([last._replace(tellings=MAX_TELLINGS - 1)]).moves["unit-0000"].state == "waiting"


def test_the_limit_passes_and_more_than_it_fails() -> None:
    at = NOW - timedelta(seconds=ONE_RING.limit_s)
    late = [
        unit(0, "working", told_at=at),
        unit(1, "working", told_at=at - timedelta(microseconds=1)),
        unit(2, "done", told_at=at - timedelta(days=1)),
    ]
    assert [name for name, move in step(late).moves.items() if move.state == "failed"] == ["unit-0001"]


@pytest.mark.parametrize(
    ("standing", "state", "comes_to"),
    [
        ("revoked", "waiting", "left-out"),
        ("quarantined", "waiting", "left-out"),
        ("revoked", "working", "left-out"),
        ("quarantined", "working", None),
        ("revoked", "done", None),
    ],
)
def test_units_that_are_out_are_left_out(
    standing: UnitState, state: UnitUpdateState, comes_to: UnitUpdateState | None
) -> None:
    moves = step([unit(0, state, standing=standing)]).moves
    assert {name: move.state for name, move in moves.items()} == ({"unit-0000": comes_to} if comes_to else {})


@pytest.mark.parametrize(("bad", "stops"), [(3, False), (4, True)])
def test_exactly_at_the_limit_passes_and_more_stops(bad: int, stops: bool) -> None:
    units = [unit(number, "failed" if number < bad else "done") for number in range(100)]
    decided = step([*units, unit(100)])
    assert decided.state == ("stopped" if stops else "running")
    assert decided.tell == ([] if stops else ["unit-0100"])
    if stops:
        assert decided.reason == "4 of 100 units that ended in ring all are bad, more than 3 %"
        assert decided.held == {"unit-0100": "paused"}


def test_too_few_that_ended_stop_nothing() -> None:
    assert step([unit(number, "failed") for number in range(4)] + [unit(5)]).state == "running"
    assert step([unit(number, "failed") for number in range(5)] + [unit(5)]).state == "stopped"


def test_who_was_forgiven_does_not_stop_it_again() -> None:
    units = [unit(number, "failed") for number in range(5)] + [unit(6), unit(7)]
    assert step(units, rings=(RingNow(EARLIER, forgiven=5),)).state == "running"
    ended = [unit(number, "failed") for number in range(5)] + [unit(6, "done")]
    decided = step(ended, rings=(RingNow(EARLIER, forgiven=5),))
    assert (decided.state, decided.rings[0].ended_at) == ("done", NOW)


def test_a_ring_that_ends_with_too_few_done_stops_it() -> None:
    units = [unit(0, "done"), unit(1, "refused"), unit(2, ring=1)]
    decided = step(units, TWO_RINGS)
    assert (decided.state, decided.reason) == (
        "stopped",
        "ring few has ended with 1 of 2 units done, fewer than 80 %",
    )
    assert decided.rings[1].begun_at is None


def test_the_next_ring_begins_once_enough_are_done_and_the_wait_is_over() -> None:
    units = [unit(number, "done") for number in range(4)] + [unit(4, "working"), unit(5, ring=1)]
    reached = step(units, TWO_RINGS)
    assert (reached.rings[0].reached_at, reached.tell, reached.held) == (NOW, [], {"unit-0005": "ring"})
    almost = RingNow(EARLIER, NOW - timedelta(seconds=59, microseconds=999_999))
    assert step(units, TWO_RINGS, rings=(almost, RingNow())).tell == []
    over = RingNow(EARLIER, NOW - timedelta(seconds=60))
    assert step(units, TWO_RINGS, rings=(over, RingNow())).tell == ["unit-0005"]
    few = [unit(number, "done") for number in range(3)] + [unit(3), unit(4, "working"), unit(5, ring=1)]
    assert step(few, TWO_RINGS).rings[0].reached_at is None


def test_rings_of_units_that_are_left_out_hold_nobody_up() -> None:
    decided = step(
        [unit(0, "left-out"), unit(1, ring=1)],
        RolloutPlan(rings=[Ring(name="few", share_percent=1), ONE_RING.rings[0]]),
    )
    assert decided.tell == ["unit-0001"]
    assert step([unit(0, "left-out")]).state == "done"


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-11-23T21:59:59+00:00", False),
        ("2026-11-23T22:00:00+00:00", True),
        ("2026-11-24T00:00:00+00:00", True),
        ("2026-11-24T05:59:59+00:00", True),
        ("2026-11-24T06:00:00+00:00", False),
        ("2026-07-01T20:59:59+00:00", False),
        ("2026-07-01T21:00:00+00:00", True),
        ("2026-07-02T05:00:00+00:00", False),
    ],
)
def test_over_midnight_by_the_clock_in_london(at: str, told: bool) -> None:
    plan = RolloutPlan(rings=ONE_RING.rings, from_time=time(22), until_time=time(6))
    assert is_time(plan, datetime.fromisoformat(at)) is told


@pytest.mark.parametrize(
    ("at", "told"),
    [
        ("2026-03-29T00:59:59+00:00", False),  # 00:59:59, and then it is 02:00
        ("2026-03-29T01:00:00+00:00", True),
        ("2026-03-29T01:29:59+00:00", True),
        ("2026-03-29T01:30:00+00:00", False),
        ("2026-10-25T00:14:00+00:00", False),  # 01:14, the first time
        ("2026-10-25T00:15:00+00:00", True),
        ("2026-10-25T01:00:00+00:00", False),  # 01:00, the second time
        ("2026-10-25T01:15:00+00:00", True),
        ("2026-10-25T02:29:00+00:00", True),
        ("2026-10-25T02:30:00+00:00", False),
    ],
)
def test_when_clocks_change_the_wall_counts(at: str, told: bool) -> None:
    plan = RolloutPlan(rings=ONE_RING.rings, from_time=time(1, 15), until_time=time(2, 30))
    assert is_time(plan, datetime.fromisoformat(at)) is told


def report(state: UpdateState) -> UpdateReport:
    return UpdateReport(update="UP-0123456789ab", state=state)


def test_a_report_moves_an_update_on_once_and_never_back() -> None:
    told = Followed("unit-0001", "told", 1, None, None)
    assert follow(told, report("fetching"), 7, 3) == "working"
    working = Followed("unit-0001", "working", 1, 7, 3)
    assert follow(working, report("fetching"), 7, 3) is None
    assert follow(working, report("failed"), 7, 2) is None
    assert follow(working, report("installing"), 8, 1) == "working"
    assert follow(working, report("rolled-back"), 7, 4) == "rolled-back"
    assert follow(Followed("unit-0001", "done", 1, 7, 4), report("fetching"), 7, 5) is None
    assert follow(Followed("unit-0001", "waiting", 1, None, None), report("fetching"), 7, 1) == "working"


@pytest.mark.parametrize(
    ("state", "put_off", "comes_to"),
    [
        ("told", 0, "waiting"),
        ("waiting", 3, "waiting"),
        ("told", MOST_PUT_OFF - 2, "waiting"),
        ("told", MOST_PUT_OFF - 1, "refused"),
        ("working", 0, None),
        ("refused", 0, None),
    ],
)
def test_a_refusal_that_passes_leaves_it_waiting_so_often(
    state: UnitUpdateState, put_off: int, comes_to: UnitUpdateState | None
) -> None:
    refused = UpdateReport(update="UP-0123456789ab", state="refused", passing=True)
    assert follow(Followed("unit-0001", state, 5, 7, 3, put_off), refused, 7, 4) == comes_to
    lasting = UpdateReport(update="UP-0123456789ab", state="refused")
    if comes_to is not None:
        assert follow(Followed("unit-0001", state, 5, 7, 3, put_off), lasting, 7, 4) == "refused"


def test_it_is_told_again_after_longer_and_longer() -> None:
    minutes = [again_after(times) / timedelta(minutes=1) for times in range(1, MOST_PUT_OFF)]
    assert minutes == [5, 10, 20, 40, 80, 120, 120, 120, 120]


@pytest.mark.parametrize(
    ("versions", "other"),
    [
        ({}, ""),
        ({"mcu": "2.0.0", "agent": "0.3.0"}, ""),
        ({"mcu": "2.0.0.0"}, ""),
        ({"modem": "EG25"}, ""),
        ({"mcu": "2.0.0+1", "agent": "0.3.0"}, "mcu 2.0.0+1 and not 2.0.0"),
        ({"agent": "0.2.0", "mcu": "1.9.0"}, "mcu 1.9.0 and not 2.0.0, agent 0.2.0 and not 0.3.0"),
    ],
)
def test_a_unit_that_is_done_runs_what_was_wanted(versions: dict[PartName, str], other: str) -> None:
    parts = [
        Part(part="mcu", version="2.0.0", target="mcu/x.bin", updater="mcuboot"),
        Part(part="agent", version="0.3.0", target="agent/x.tar", updater="release"),
    ]
    said = contradiction(Manifest(format=1, name="autumn", parts=parts), versions)
    assert said == (f"it says that it is done, and runs {other}" if other else "")


def test_a_report_of_what_is_not_the_units_own_is_none() -> None:
    assert fault_of(None, "unit-0001") == "it names an update that there is not"
    assert fault_of(Followed("unit-0002", "told", 1, None, None), "unit-0001") == "it names another unit's update"
    untold = Followed("unit-0001", "waiting", 0, None, None)
    assert fault_of(untold, "unit-0001") == "it names an update that the unit was not told of"
    assert fault_of(Followed("unit-0001", "done", 1, None, None), "unit-0001") is None
