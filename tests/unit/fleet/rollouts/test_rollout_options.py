"""What is typed for rings and percentages, and how rings are shown."""

import pytest

from fleet.cli.rollout_shown import ring_lines
from fleet.cli.rollout_starting import percent, ring_of
from fleet.errors import RequestRefused
from protocols.api.rollouts import RingView, RolloutRow, RolloutView
from protocols.rollouts import Ring, RolloutPlan
from tests.support.rollout_house import NOW, manifest


@pytest.mark.parametrize(
    ("typed", "ring"),
    [
        ("all", Ring(name="all", share_percent=0)),
        ("few:10%", Ring(name="few", share_percent=10)),
        ("few:0.5 %:success=90%:wait=2h", Ring(name="few", share_percent=0.5, success_percent=90, wait_s=7200)),
        ("bench:units=mast+van kit", Ring(name="bench", share_percent=0, units=["mast", "van kit"])),
    ],
)
def test_a_ring_is_typed_in_one_word(typed: str, ring: Ring) -> None:
    assert ring_of(typed) == ring


@pytest.mark.parametrize("typed", ["few:ten", "few:10%:success=all", "few:10%:wait=soon", "few:10%:colour=red"])
def test_a_ring_that_can_not_be_read_says_why(typed: str) -> None:
    with pytest.raises(RequestRefused) as refused:
        ring_of(typed)
    assert refused.value.problem.remedy == "see fleet rollout start --help"


@pytest.mark.parametrize(("typed", "value"), [("3%", 3.0), ("3", 3.0), ("0.25 %", 0.25)])
def test_percentages(typed: str, value: float) -> None:
    assert percent(typed) == value


def test_a_ring_has_a_bar_and_says_why_units_wait() -> None:
    ring = RingView(
        name="few",
        units=8,
        states={"done": 4, "failed": 1, "working": 1, "waiting": 2},
        held={"check": 1, "": 1},
        begun_at=NOW,
        ended_at=None,
    )
    row = RolloutRow(
        rollout="RO-0123456789ab",
        title="autumn",
        manifest="manifests/autumn.json",
        state="running",
        reason="",
        ring="few",
        units=8,
        done=4,
        bad=1,
        under_way=1,
        made_by="SU-01",
        made_at=NOW,
        changed_at=NOW,
    )
    plan = RolloutPlan(rings=[Ring(name="few", share_percent=100)])
    view = RolloutView(row=row, plan=plan, content=manifest(), rings=[ring])
    assert ring_lines(view) == [
        "few  ████████████!!!▒▒▒        4 of 8 done; 1 bad; 1 working; 1 is told next; 1 waits for a check to end"
    ]
