"""A week of deployments, played by its people through the API; the log alone tells all of it."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fleet.demo.week.house import furnish
from fleet.demo.week.player import play
from fleet.demo.week.stage import Stage
from fleet.demo.week.stories import STORIES, WEEK
from fleet.store.store import Store
from tests.support.mandate_house import Owner, entries
from tests.support.week_house import week_house
from tests.support.week_log import ITEMS_OF, in_tables, in_two_places, rebuilt

pytestmark = pytest.mark.long

ON_CALL = "TO-07"
"""All of the test's week from Monday at nine on."""


@pytest.fixture
async def stage(store: Store, dsn: str, tmp_path: Path) -> AsyncIterator[Stage]:
    async with week_house(store, dsn, tmp_path) as made:
        yield made


async def test_a_week_is_played_and_its_log_tells_every_step(stage: Stage, owner: Owner) -> None:
    stage.clock.go_to(stage.time(-8))
    await furnish(stage)
    await play(stage, WEEK)
    wanted = [(story.key, act.refused) for story in STORIES for act in story.acts if act.refused]
    assert sorted(stage.refused) == sorted(wanted)

    told, held = await rebuilt(owner), await in_tables(owner)
    assert told.states == held.states == {stage.number(story): story.ends for story in STORIES}
    assert told.steps == held.steps
    assert told.custody == held.custody
    assert told.kept == held.kept
    assert told.visits == held.visits
    assert {kind: told.kinds[kind] for kind in ITEMS_OF} == dict(held.kinds)
    assert await in_two_places(owner) == []
    await _skips_are_owed(owner)
    await _the_night_is_told(stage, owner)
    await _the_board_is_full(stage)


async def _skips_are_owed(owner: Owner) -> None:
    """What the fast path went past has an entry each, and so has what was made up for."""
    rows = await owner.fetch("SELECT deployment_id, step, made_up_by FROM deployment_step WHERE owed_until IS NOT NULL")
    owed = await entries(owner, "deployment.step-owed")
    assert sorted((one["deployment"], one["step"]) for one in owed) == sorted((row[0], row[1]) for row in rows)
    made_up = [(one["deployment"], one["step"], one["actor"]) for one in await entries(owner, "deployment.made-up")]
    assert sorted(made_up) == sorted((row[0], row[1], row[2]) for row in rows if row[2] is not None)
    assert ("plan", "SU-02") in [(step, by) for _, step, by in made_up]


async def _the_night_is_told(stage: Stage, owner: Owner) -> None:
    """The supply was low: who was on call was paged, took it, went, answered, and came back."""
    tower = stage.views["tower"].row.units[0]
    (raised,) = [one for one in await entries(owner, "alarm.raised") if one["alarm_kind"] == "undervoltage"]
    assert (raised["unit"], raised["deployment"], raised["pages"]) == (tower, stage.views["tower"].row.deployment, True)
    paged = [one for one in await entries(owner, "alarm.paged") if one["alarm"] == raised["alarm"]]
    assert [(one["person"], one["level"], one["sent"]) for one in paged] == [(ON_CALL, 0, True)]
    taken = [one for one in await entries(owner, "alarm.acknowledged") if one["alarm"] == raised["alarm"]]
    assert [(one["actor"], one["how"]) for one in taken] == [(ON_CALL, "console")]
    called = Counter(one["person"] for one in await entries(owner, "call-out.recorded"))
    assert called[ON_CALL] == 3
    missed = await entries(owner, "welfare.missed")
    assert [(one["person"], one["deployment"]) for one in missed] == [(ON_CALL, stage.number_of("wednesday-night"))]
    assert len(await entries(owner, "welfare.answered")) == len(await entries(owner, "welfare.ended")) == 3
    assert [one["kind"] for one in await entries(owner, "handover.")] == [
        "handover.made",
        "handover.acknowledged",
        "handover.acknowledged",
    ]
    assert await stage.doors["SU-02"].welfare() == []


async def _the_board_is_full(stage: Stage) -> None:
    """What a newcomer sees first: what is overdue, and the statement that is still owed."""
    board = (await stage.doors["SU-02"].deployments(open_only=True)).rows
    assert len(board) == sum(story.ends not in ("closed", "cancelled") for story in STORIES)
    late = stage.views["farm-trailer"].row.deployment
    out = await stage.doors["TO-08"].kit(standing="overdue")
    assert {one.deployment for one in out.rows} == {late}
    sunday = await stage.doors["AP-04"].deployment(stage.number_of("sunday-night"))
    assert "statement" in [one.kind for one in sunday.deadlines]
    assert sunday.row.owed == 5
