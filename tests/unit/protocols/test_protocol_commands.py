from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.commands import FINAL, ApplySettings, CommandState, Order, ReportNow, SendRecords, may_follow
from protocols.settings import UnitSettings

STATES: tuple[CommandState, ...] = get_args(CommandState)


def reachable(start: CommandState) -> set[CommandState]:
    """Every state a command in `start` can come to."""
    found: set[CommandState] = set()
    frontier: list[CommandState] = [start]
    while frontier:
        state = frontier.pop()
        for following in STATES:
            if may_follow(state, following) and following not in found:
                found.add(following)
                frontier.append(following)
    return found


def test_every_state_is_reached_from_queued() -> None:
    assert reachable("queued") | {"queued"} == set(STATES)


def test_final_states_are_final() -> None:
    assert {"done", "refused", "failed", "expired"} == FINAL
    assert not any(may_follow(state, following) for state in FINAL for following in STATES)


@pytest.mark.parametrize("state", [state for state in STATES if state not in FINAL])
def test_every_other_state_can_end_and_can_expire(state: CommandState) -> None:
    assert reachable(state) & FINAL
    assert may_follow(state, "expired")


def test_nothing_returns_to_queued_and_only_sending_repeats() -> None:
    assert not any(may_follow(state, "queued") for state in STATES)
    assert [state for state in STATES if may_follow(state, state)] == ["sent"]


def test_a_unit_answers_only_what_was_sent() -> None:
    assert {state for state in STATES if may_follow(state, "accepted")} == {"sent"}
    assert {state for state in STATES if may_follow(state, "refused")} == {"sent", "accepted"}
    assert {state for state in STATES if may_follow(state, "done")} == {"sent", "accepted"}


@given(st.builds(UnitSettings, version=st.integers(0, 1000), report_every_s=st.integers(1, 86_400)))
def test_orders_survive_the_wire(settings: UnitSettings) -> None:
    for order in (ReportNow(), ApplySettings(settings), SendRecords(after=settings.version)):
        assert msgspec.json.decode(msgspec.json.encode(order), type=Order) == order


@pytest.mark.parametrize(
    "text",
    [
        '{"order":"open-camera"}',
        '{"order":"report-now","extra":1}',
        '{"order":"apply-settings","settings":{"report_every_s":0}}',
        '{"order":"apply-settings","settings":{"unheard_of":1}}',
        '{"order":"apply-settings"}',
        '{"order":"send-records"}',
        '{"order":"send-records","after":-1}',
        "{}",
    ],
)
def test_an_order_that_is_not_understood_whole_is_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=Order)
