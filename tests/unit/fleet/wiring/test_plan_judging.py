"""Plans are judged one at a time, few wait, and a text with faults tells where the first is."""

import asyncio
import threading

import pytest

from fleet.errors import Conflict, RequestRefused
from fleet.wiring.judging import MAX_EACH, MAX_WAITING, PlanJudging, plan_of
from fleet.wiring.rules.library import template, template_text
from protocols.wiring.policy import WiringPolicy

VAN = template_text("van-12v")


async def test_a_plan_is_judged_under_the_policy_of_the_house() -> None:
    lenient, strict = PlanJudging(WiringPolicy()), PlanJudging(WiringPolicy(drop_max_v=0.01))
    assert (await lenient.judge(VAN, "TO-12")).plan == template("van-12v")
    assert (await lenient.judge(VAN, "TO-12")).assessment.of("fail") == []
    assert {one.rule for one in (await strict.judge(VAN, "TO-12")).assessment.of("fail")} >= {"drop-cold"}


async def test_nobody_keeps_the_others_from_theirs_and_few_wait() -> None:
    judging, go_on = PlanJudging(WiringPolicy()), threading.Event()
    waiting = [
        asyncio.create_task(judging.work_out(lambda: go_on.wait(30), f"TO-{number // MAX_EACH:02}"))
        for number in range(MAX_EACH)
    ]
    try:
        await asyncio.sleep(0)
        with pytest.raises(Conflict, match="too-many-checks"):
            await judging.judge(VAN, "TO-00")
        waiting += [
            asyncio.create_task(judging.work_out(lambda: True, f"TO-{number:02}"))
            for number in range(1, 1 + MAX_WAITING - MAX_EACH)
        ]
        await asyncio.sleep(0)
        with pytest.raises(Conflict, match="too-many-checks"):
            await judging.judge(VAN, "TO-99")
    finally:
        go_on.set()
        assert all(await asyncio.gather(*waiting))
    assert (await judging.judge(VAN, "TO-00")).plan.name == "van-12v"


@pytest.mark.parametrize(
    ("text", "where", "more"),
    [
        ("", "line 1, column 1: ", False),
        (VAN.replace("name: van-12v", "name: 12 V van"), "line 14, column 7: name: ", False),
        (VAN.replace("from: S1,", "from: S9,"), "line ", True),
    ],
)
def test_the_first_fault_is_told_with_its_place(text: str, where: str, more: bool) -> None:
    with pytest.raises(RequestRefused) as refused:
        plan_of(text)
    problem = refused.value.problem
    assert (problem.code, problem.message.startswith(where), " more" in problem.message) == ("plan-faulty", True, more)
    assert "fleet wiring check" in problem.remedy
