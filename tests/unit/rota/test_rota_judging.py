"""Long sums over books are made beside the event loop, and only so many wait."""

import asyncio
import threading
from contextlib import ExitStack

import pytest

from fleet.errors import Conflict
from fleet.rota.judging import MAX_EACH, MAX_WAITING, Judging
from fleet.rota.rules.assessment import assess
from tests.support.rota_books import book


async def test_a_judgement_is_that_of_the_rules() -> None:
    asked = book()
    assert await Judging().assess(asked) == assess(asked)


async def test_too_many_at_once_are_refused_and_the_loop_goes_on() -> None:
    judging, go_on = Judging(), threading.Event()

    def wait() -> bool:
        return go_on.wait(60)

    asked = [asyncio.create_task(judging.work_out(wait)) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    with pytest.raises(Conflict, match="too many rotas"):
        await judging.work_out(wait)
    assert not any(task.done() for task in asked)
    go_on.set()
    assert await asyncio.gather(*asked) == [True] * MAX_WAITING
    assert await judging.work_out(lambda: 1) == 1


async def test_one_person_does_not_keep_the_others_from_their_books() -> None:
    judging = Judging()
    with ExitStack() as stack:
        for _ in range(MAX_EACH):
            stack.enter_context(judging.asked_by("TO-11"))
        with pytest.raises(Conflict, match="for you already"), judging.asked_by("TO-11"):
            pass
        with judging.asked_by("SU-01"):
            assert await judging.work_out(lambda: 1) == 1
    with judging.asked_by("TO-11"):
        pass


async def test_what_fails_gives_its_place_back() -> None:
    judging = Judging()

    def fail() -> None:
        raise ValueError("no book")

    for _ in range(MAX_WAITING + 1):
        with pytest.raises(ValueError, match="no book"):
            await judging.work_out(fail)
