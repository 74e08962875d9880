"""What is due of a deployment, and in which stage it is."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fleet.deployments.rules.deadlines import deadlines, stage
from fleet.deployments.rules.facts import Facts, PaperFacts
from protocols.deployments import DeadlineStage
from tests.unit.fleet.deployments.facts_made import (
    AUTHORITY,
    DAY,
    NOW,
    TICK,
    H,
    of_deployment,
    ready,
    with_authority,
    with_items,
)

_ORDER = list(get_args(DeadlineStage))
_LENGTHS = st.timedeltas(min_value=timedelta(days=-40), max_value=timedelta(days=40))
_DUE = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "narrower", "wider"),
    [
        (timedelta(0), "overdue", "12-hours"),
        (12 * H, "12-hours", "72-hours"),
        (72 * H, "72-hours", "14-days"),
        (14 * DAY, "14-days", "far"),
    ],
)
def test_a_stage_begins_exactly_at_its_time(left: timedelta, narrower: str, wider: str) -> None:
    assert stage(_DUE, _DUE - left) == narrower
    assert stage(_DUE, _DUE - left + TICK) == narrower
    assert stage(_DUE, _DUE - left - TICK) == wider


@given(_LENGTHS, _LENGTHS)
def test_a_stage_never_goes_back_as_time_goes_on(one: timedelta, other: timedelta) -> None:
    earlier, later = sorted((one, other))
    assert _ORDER.index(stage(_DUE, _DUE + earlier)) <= _ORDER.index(stage(_DUE, _DUE + later))


def told(facts: Facts) -> list[tuple[str, str, str | None]]:
    return [(one.kind, one.about, one.owner) for one in deadlines(facts)]


def test_of_a_live_one_what_is_due_is_told_with_its_owner_the_nearest_first() -> None:
    facts = replace(
        with_authority(
            ready("maintain"),
            urgent_oral=True,
            statement_due_at=NOW + 2 * H,
            next_review_at=NOW + 3 * H,
            lapses_at=NOW + 4 * H,
        ),
        papers=[PaperFacts(step="plan", owed_until=NOW + 1 * H, owner="p-sup")],
    )
    facts = with_items(facts, maintenance_due_at=NOW + DAY)
    assert told(facts) == [
        ("paper", "plan", "p-sup"),
        ("statement", "a-1", "p-app"),
        ("visit", "v-rec", "p-eng"),
        ("authority-review", "a-1", "p-app"),
        ("authority-ends", "a-1", "p-app"),
        ("maintenance-due", "K-0001", "p-eng"),
        ("kit-return", "", "p-eng"),
    ]
    assert "K-0001, K-0002" in deadlines(facts)[-1].sentence


def test_before_kit_is_out_it_is_its_end_that_is_due_and_afterwards_its_return() -> None:
    planned = ready("authorise")
    assert ("ends", "", "p-eng") in told(planned)
    assert "kit-return" not in [kind for kind, _, _ in told(planned)]
    assert "ends" not in [kind for kind, _, _ in told(ready("fit"))]
    lost = replace(ready("fit"), items=[replace(one, is_gone=True) for one in ready("fit").items])
    assert "kit-return" not in [kind for kind, _, _ in told(lost)]


def test_nobody_is_without_an_owner() -> None:
    facts = ready("assess")
    assert told(of_deployment(facts, lead=None))[-1][2] in {"p-sup", "p-app"}
    assert {who for kind, _, who in told(of_deployment(facts, lead=None, supervisor=None)) if kind == "ends"} == {
        "p-eng"
    }


def test_of_what_is_over_nothing_is_due() -> None:
    assert deadlines(of_deployment(ready("close"), state="closed")) == []
    assert deadlines(of_deployment(ready("assess"), state="cancelled")) == []


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({"lapses_at": AUTHORITY.lapses_at + TICK}, False),
        ({"lapses_at": AUTHORITY.lapses_at}, True),
        ({"starts_at": AUTHORITY.lapses_at}, False),
        ({"starts_at": AUTHORITY.lapses_at + TICK}, True),
        ({"modalities": ["position"]}, True),
        ({"kinds": ["use"]}, True),
        ({"state": "cancelled"}, True),
    ],
)
def test_an_authority_that_another_goes_on_with_is_not_due(changes: dict[str, Any], *, is_told: bool) -> None:
    longer = {"authority_id": "a-2", "lapses_at": AUTHORITY.lapses_at + DAY}
    facts = ready("maintain", authorities=[AUTHORITY, replace(AUTHORITY, **{**longer, **changes})])
    assert (("authority-ends", "a-1", "p-app") in told(facts)) == is_told


def test_an_authority_counts_only_while_it_is_needed() -> None:
    install = with_authority(ready("fit"), kinds=["install"])
    assert "authority-ends" in [kind for kind, _, _ in told(install)]
    fitted = with_authority(ready("commission"), kinds=["install"])
    assert "authority-ends" not in [kind for kind, _, _ in told(fitted)]
    assert "authority-ends" not in [kind for kind, _, _ in told(ready("close"))]


def test_maintenance_is_due_when_it_falls_into_the_time_that_kit_is_out() -> None:
    facts = ready("maintain")
    back_at = facts.deployment.expected_back_at
    at = [with_items(facts, maintenance_due_at=back_at - TICK), with_items(facts, maintenance_due_at=back_at)]
    assert ["maintenance-due" in [kind for kind, _, _ in told(one)] for one in at] == [True, False]
