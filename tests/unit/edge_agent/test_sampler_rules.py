"""The sampler's rules: how long a figure is kept, when a problem is told, and what may go into a report."""

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edge_agent.readers import Figure
from edge_agent.sampler import FigureMemory, ProblemLedger, ReaderProblem, Sample, to_report
from protocols.health import FIGURES
from protocols.topics import parse_up
from protocols.uplink import HealthBatch, decode_up, encode_up

HOT = ReaderProblem("thermal", "sys/temp", "expected an integer, it is empty")
COLD = ReaderProblem("power", "sys/in1_input", "not there")


def test_a_figure_is_kept_with_its_age_and_then_forgotten() -> None:
    memory = FigureMemory(keep_s=900)
    assert memory.fold({"soc_temp_c": 48.3, "uptime_s": 5}, (), 100.0) == ({"soc_temp_c": 48.3, "uptime_s": 5}, {})
    figures, ages_s = memory.fold({"uptime_s": 65}, (), 160.9)
    assert figures == {"soc_temp_c": 48.3, "uptime_s": 65}
    assert ages_s == {"soc_temp_c": 60}
    assert memory.fold({}, (), 1000.0) == ({"soc_temp_c": 48.3, "uptime_s": 65}, {"soc_temp_c": 900, "uptime_s": 839})
    assert memory.fold({}, (), 1000.1) == ({"uptime_s": 65}, {"uptime_s": 839})
    assert memory.fold({"soc_temp_c": 50.0}, (), 2000.0) == ({"soc_temp_c": 50.0}, {})


def test_a_withdrawn_figure_is_forgotten_at_once() -> None:
    memory = FigureMemory()
    memory.fold({"clock_offset_ms": 3.0, "clock_synchronised": True}, (), 0.0)
    figures, ages_s = memory.fold({"clock_synchronised": False}, ("clock_offset_ms",), 1.0)
    assert figures == {"clock_synchronised": False}
    assert ages_s == {}


@given(
    st.lists(
        st.tuples(
            st.floats(0, 400),
            st.dictionaries(st.sampled_from(FIGURES), st.integers(0, 9), max_size=6),
            st.sets(st.sampled_from(FIGURES), max_size=2),
        ),
        max_size=20,
    )
)
def test_every_kept_figure_has_an_age_within_the_limit(
    samples: list[tuple[float, dict[str, Figure], set[str]]],
) -> None:
    memory, now_s = FigureMemory(keep_s=600), 0.0
    for dt_s, fresh, withdrawn in samples:
        now_s += dt_s
        figures, ages_s = memory.fold(fresh, withdrawn - fresh.keys(), now_s)
        assert figures.keys() == fresh.keys() | ages_s.keys()
        assert not fresh.keys() & ages_s.keys()
        assert all(0 <= age_s <= 600 for age_s in ages_s.values())
        assert {name: figures[name] for name in fresh} == fresh


def test_a_problem_is_told_once_when_it_arises_and_once_when_it_clears() -> None:
    ledger = ProblemLedger(clear_after=3)
    assert ledger.fold([HOT]) == (HOT,)
    assert ledger.fold([HOT, COLD]) == (COLD,)
    assert ledger.fold([HOT]) == ()
    assert ledger.fold([HOT]) == ()
    (cleared,) = ledger.fold([HOT])
    assert (cleared.source, cleared.cleared) == (COLD.source, True)
    assert ledger.fold([HOT]) == ()
    assert ledger.fold([HOT, COLD]) == (COLD,)


def test_a_loose_contact_is_told_once() -> None:
    ledger = ProblemLedger(clear_after=3)
    told = [change for number in range(30) for change in ledger.fold([HOT] if number % 3 == 0 else [])]
    assert told == [HOT]


def test_one_source_has_one_problem_at_a_time() -> None:
    ledger = ProblemLedger()
    assert ledger.fold([HOT, ReaderProblem("other", HOT.source, "again")]) == (HOT,)
    assert ledger.fold([ReaderProblem("thermal", HOT.source, "expected an integer, got 'x'")]) == ()


@given(st.lists(st.sets(st.sampled_from([HOT, COLD])), max_size=40))
def test_arising_and_clearing_alternate(samples: list[set[ReaderProblem]]) -> None:
    ledger, standing = ProblemLedger(), set[str]()
    for present in samples:
        for change in ledger.fold(present):
            assert (change.source in standing) == change.cleared
            standing ^= {change.source}
        assert {problem.source for problem in present} <= standing


def test_a_summary_fits_an_event() -> None:
    problem = ReaderProblem("thermal", "s" * 300, "d" * 300)
    assert len(problem.summary) == 200
    assert HOT.summary == "thermal sys/temp: expected an integer, it is empty"
    assert ReaderProblem("thermal", "sys/temp", "x", cleared=True).summary == "thermal sys/temp: read again"


TOPIC = parse_up("up/unit-abcd2345/health")
anything = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=20))


@example({"uptime_s": 1}, {"uptime_s": 1 << 70}, 1, -1, 1 << 70)
@example({"uptime_s": 1}, {"uptime_s": -1}, (1 << 53) - 1, 1 << 70, -1)
@given(
    figures=st.dictionaries(st.one_of(st.sampled_from([*FIGURES, "seq", "ages_s"]), st.text(max_size=9)), anything),
    ages_s=st.dictionaries(st.sampled_from(FIGURES), st.integers()),
    seq=st.integers(1, (1 << 53) - 1),
    sampled_at_ms=st.integers(),
    spool_waiting=st.none() | st.integers(),
)
def test_any_sample_makes_a_report_the_controller_can_read(
    figures: dict[str, Figure], ages_s: dict[str, int], seq: int, sampled_at_ms: int, spool_waiting: int | None
) -> None:
    sample = Sample(figures, ages_s)
    report = to_report(sample, seq=seq, sampled_at_ms=sampled_at_ms, spool_waiting=spool_waiting)
    batch = HealthBatch(unit="unit-abcd2345", session="0" * 32, spool_id=1, reports=[report])
    read = decode_up(TOPIC, encode_up(batch))
    assert read == batch
    assert report.seq == seq


def test_a_report_keeps_good_figures_and_leaves_out_the_rest() -> None:
    sample = Sample({"supply_mv": 12_400, "soc_temp_c": 900.0, "colour": "red"}, {"supply_mv": 7, "soc_temp_c": 3})
    report = to_report(sample, seq=1, sampled_at_ms=-5, spool_waiting=3, spool_dropped=0)
    assert report.supply_mv == 12_400
    assert report.soc_temp_c is None
    assert report.ages_s == {"supply_mv": 7}
    assert (report.sampled_at_ms, report.spool_waiting, report.spool_dropped) == (0, 3, 0)


@pytest.mark.parametrize("seq", [0, -1, 1 << 53])
def test_a_sequence_number_outside_the_contract_is_refused(seq: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        to_report(Sample(), seq=seq, sampled_at_ms=0)
