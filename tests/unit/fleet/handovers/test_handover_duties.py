"""For whom a handover waits, and from when on that is an alarm."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from fleet.handovers.duty_rules import change_at_hand, handover_duty
from fleet.handovers.rules import ShiftChange
from protocols.api.handovers import HandoverRow
from protocols.rota.model import Rota

NOW = datetime(2026, 2, 9, 9, tzinfo=UTC)
H = timedelta(hours=1)
ROTA = Rota(rota="technical", name="Technical", zone="Etc/UTC", layers=[], members=["OUT", "IN"])
CHANGE = ShiftChange(NOW, "OUT", "IN")


def handed(*waits_for: str) -> HandoverRow:
    return HandoverRow(
        handover="HO-0000000000aa",
        rota="technical",
        change_at=NOW,
        outgoing="OUT",
        incoming="IN",
        made_by="OUT",
        made_at=NOW,
        sha256="00" * 32,
        acknowledged=[],
        waits_for=list(waits_for),
        superseded_by=None,
    )


@pytest.mark.parametrize(
    ("made", "after", "expected"),
    [
        (None, -H, {"OUT": False, "IN": False}),
        (handed("OUT", "IN"), 0 * H, {"OUT": False, "IN": False}),
        (handed("IN"), 0 * H, {"IN": False}),
        (handed("IN"), H, {"OUT": True, "IN": True}),
        (None, H, {"OUT": True, "IN": True}),
        (handed(), H, {}),
    ],
)
def test_a_handover_waits_for_both_an_hour_after_the_change(
    made: HandoverRow | None, after: timedelta, expected: dict[str, bool]
) -> None:
    found = {who: handover_duty(ROTA, CHANGE, made, who, NOW + after) for who in ("OUT", "IN", "p-sup")}
    assert {who: duty.is_alarm for who, duty in found.items() if duty is not None} == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ([], None),
        ([2 * H], None),
        ([H], H),
        ([-23 * H, -2 * H], -2 * H),
        ([-24 * H], None),
        ([-2 * H, H], H),
    ],
)
def test_the_change_at_hand_is_the_newest_of_a_day_until_in_an_hour(
    at: Sequence[timedelta], expected: timedelta | None
) -> None:
    found = change_at_hand([ShiftChange(NOW + one, "OUT", "IN") for one in at], NOW)
    assert found == (None if expected is None else ShiftChange(NOW + expected, "OUT", "IN"))
