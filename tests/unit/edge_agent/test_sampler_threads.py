"""The sampler's shell: readers in threads, none of which can stop the others or the event loop."""

import asyncio
import threading
from pathlib import Path

import pytest

from edge_agent.readers import Fault, Figure, Reading, default_readers
from edge_agent.sampler import Sample, Sampler

WAIT_S = 20.0


class ScriptedReader:
    """Gives its readings in turn, the last one for ever."""

    def __init__(self, name: str, *readings: Reading) -> None:
        self.name = name
        self._readings = list(readings)

    def read(self) -> Reading:
        return self._readings.pop(0) if len(self._readings) > 1 else self._readings[0]


class HungReader:
    """Hangs until released, counting how often it was started."""

    name = "hung"

    def __init__(self) -> None:
        self.release = threading.Event()
        self.began = threading.Event()
        self.started = 0

    def read(self) -> Reading:
        self.started += 1
        self.began.set()
        self.release.wait(WAIT_S)
        return Reading({"supply_mv": 5000})


class DefectiveReader:
    """Has a defect."""

    name = "defective"

    def read(self) -> Reading:
        raise ZeroDivisionError("one over none")


async def sampled_with(sampler: Sampler, figure: str) -> Sample:
    async with asyncio.timeout(WAIT_S):
        while True:
            sample = await sampler.sample()
            if figure in sample.figures:
                return sample


def gives(**figures: Figure) -> Reading:
    return Reading(dict(figures))


async def test_figures_of_all_readers_come_together() -> None:
    sampler = Sampler([ScriptedReader("a", gives(uptime_s=1)), ScriptedReader("b", gives(load_1m=0.5))])
    sample = await sampler.sample()
    assert sample.figures == {"uptime_s": 1, "load_1m": 0.5}
    assert (sample.ages_s, sample.problems) == ({}, ())


async def test_a_hung_reader_stops_nobody_and_piles_up_no_threads() -> None:
    hung = HungReader()
    sampler = Sampler([hung, ScriptedReader("well", gives(uptime_s=1))], reader_limit_s=0.05)
    try:
        first = await sampler.sample()
        assert first.figures == {"uptime_s": 1}
        assert [problem.summary for problem in first.problems] == ["hung reader hung: no answer within 0.05 s"]
        for _ in range(5):
            again = await sampler.sample()
            assert again.figures == {"uptime_s": 1}
            assert again.problems == ()
        assert hung.started == 1
        assert [thread.name for thread in threading.enumerate()].count("reader-hung") == 1
    finally:
        hung.release.set()
    await sampled_with(sampler, "supply_mv")
    assert hung.started > 1


async def test_the_event_loop_runs_while_a_reader_hangs() -> None:
    hung = HungReader()
    sampling = asyncio.create_task(Sampler([hung], reader_limit_s=WAIT_S).sample())
    assert await asyncio.to_thread(hung.began.wait, WAIT_S)
    hung.release.set()
    assert (await asyncio.wait_for(sampling, WAIT_S)).figures == {"supply_mv": 5000}


async def test_a_cancelled_sample_leaves_the_sampler_usable() -> None:
    hung = HungReader()
    sampler = Sampler([hung], reader_limit_s=WAIT_S)
    sampling = asyncio.create_task(sampler.sample())
    assert await asyncio.to_thread(hung.began.wait, WAIT_S)
    sampling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sampling
    hung.release.set()
    await sampled_with(sampler, "supply_mv")


def test_a_program_with_a_hung_reader_ends() -> None:
    hung = HungReader()
    sample = asyncio.run(Sampler([hung], reader_limit_s=0.01).sample())
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "reader-hung"]
    assert thread.daemon
    hung.release.set()
    thread.join(WAIT_S)
    assert not thread.is_alive()
    assert sample.figures == {}


async def test_two_samples_at_once_do_not_disturb_each_other() -> None:
    sampler = Sampler([ScriptedReader("a", gives(uptime_s=1))])
    both = await asyncio.gather(sampler.sample(), sampler.sample())
    assert [(sample.figures, sample.problems) for sample in both] == [({"uptime_s": 1}, ())] * 2


async def test_a_defective_reader_is_told_and_the_others_go_on() -> None:
    sampler = Sampler([DefectiveReader(), ScriptedReader("well", gives(uptime_s=1))])
    sample = await sampler.sample()
    assert sample.figures == {"uptime_s": 1}
    (problem,) = sample.problems
    assert problem.summary == "defective reader defective: failed with ZeroDivisionError: 'one over none'"
    assert (await sampler.sample()).problems == ()


async def test_a_failed_figure_is_kept_with_its_age_until_it_is_too_old() -> None:
    now_s = [0.0]
    broken = Reading(faults=(Fault("sys/temp", "expected an integer, it is empty"),))
    sampler = Sampler([ScriptedReader("t", gives(soc_temp_c=50.0), broken)], lambda: now_s[0], keep_s=900)
    assert (await sampler.sample()).figures == {"soc_temp_c": 50.0}
    now_s[0] = 60
    second = await sampler.sample()
    assert (second.figures, second.ages_s) == ({"soc_temp_c": 50.0}, {"soc_temp_c": 60})
    assert [problem.source for problem in second.problems] == ["sys/temp"]
    now_s[0] = 901
    third = await sampler.sample()
    assert (third.figures, third.ages_s, third.problems) == ({}, {}, ())


async def test_a_figure_that_vanishes_without_a_word_is_told_once_and_when_it_is_back() -> None:
    sampler = Sampler(
        [ScriptedReader("battery", gives(battery_percent=50), Reading(), Reading(), gives(battery_percent=49))]
    )
    changes = [(await sampler.sample()).problems for _ in range(7)]
    told = [(problem.summary, problem.cleared) for problems in changes for problem in problems]
    assert told == [
        ("battery battery_percent: no longer there", False),
        ("battery battery_percent: read again", True),
    ]


async def test_a_withdrawn_figure_is_no_problem() -> None:
    withdrawn = Reading(withdrawn=frozenset({"wifi_signal_dbm"}))
    sampler = Sampler([ScriptedReader("network", gives(wifi_signal_dbm=-60.0), withdrawn)])
    await sampler.sample()
    second = await sampler.sample()
    assert (second.figures, second.problems) == ({}, ())


async def test_this_machine_can_be_sampled() -> None:
    sampler = Sampler(default_readers(Path("/")), reader_limit_s=WAIT_S)
    sample = await sampler.sample()
    assert sample.figures.keys() >= {"uptime_s", "load_1m", "memory_used_percent", "storage_used_percent"}
    assert not [problem for problem in sample.problems if problem.source.startswith("reader ")]
