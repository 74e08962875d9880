"""Plans joined at random: where the rules of structure are silent, the plan is safe, told a second way."""

from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from fleet.wiring.rules.assessment import assess
from protocols.wiring.parts import Cavity, Connector, Fuse, Ground, LoadTerminal, Source, Splice
from protocols.wiring.plan import Conductor, Plan
from tests.support.wiring_plans import VAN, kit

STRUCTURE = {"open-circuit", "two-ways", "fused-negative", "parallel-fuses", "supply-to-return", "unfused-positive"}
FUSES = ("F1", "F2")
LOADS = ("camera", "tracker")
POINTS = [
    *("B1", "B2", "G1", "S1", "S2", "X1.1", "X1.2", "X2.1", "X2.2"),
    *(f"{fuse}.{side}" for fuse in FUSES for side in ("in", "out")),
    *(f"{load}.{pin}" for load in LOADS for pin in "+-s"),
]
MATES = (("X1.1", "X2.1"), ("X1.2", "X2.2"))
TERMINALS = {**kit().terminals, "s": LoadTerminal(role="ignition-sense")}


def joined(pairs: list[tuple[str, str]]) -> Plan:
    return Plan(
        muster_wiring=1,
        name="random",
        vehicle=VAN,
        sources={name: Source(terminal="30", circuit="battery") for name in ("B1", "B2")},
        grounds={"G1": Ground()},
        fuses={name: Fuse(rating_a=5) for name in FUSES},
        splices={name: Splice() for name in ("S1", "S2")},
        connectors={
            "X1": Connector(cavities={"1": Cavity(), "2": Cavity()}, mates="X2"),
            "X2": Connector(cavities={"1": Cavity(), "2": Cavity()}),
        },
        loads={name: kit(terminals=TERMINALS) for name in LOADS},
        conductors={
            f"W{at}": Conductor(start=start, end=end, csa_mm2=2.5, length_m=0.1)
            for at, (start, end) in enumerate(pairs)
        },
    )


def from_points(edges: list[tuple[str, str]], *starts: str) -> set[str]:
    """Every point that edges join to `starts`."""
    seen, waiting = set(starts), deque(starts)
    while waiting:
        here = waiting.popleft()
        for edge in edges:
            for one, other in (edge, edge[::-1]):
                if one == here and other not in seen:
                    seen.add(other)
                    waiting.append(other)
    return seen


pairs = st.lists(
    st.tuples(st.sampled_from(POINTS), st.sampled_from(POINTS)).filter(lambda pair: pair[0] != pair[1]), max_size=14
)


@given(pairs)
def test_a_short_is_told_of_wherever_a_source_reaches_a_ground_and_removing_what_is_told_of_mends_it(
    ends: list[tuple[str, str]],
) -> None:
    fuses = [(f"{name}.in", f"{name}.out") for name in FUSES]
    is_short = "G1" in from_points([*ends, *fuses, *MATES], "B1", "B2")
    told = {one.subject for one in assess(joined(ends)).of("fail") if one.rule == "supply-to-return"}
    assert bool(told) == is_short
    kept = [pair for at, pair in enumerate(ends) if f"conductors.W{at}" not in told]
    kept += [pair for pair in MATES if f"connectors.{pair[0].replace('.', '.cavities.')}" not in told]
    assert "G1" not in from_points([*kept, *fuses], "B1", "B2")


@given(pairs)
def test_no_rule_is_silent_about_what_is_dangerous(ends: list[tuple[str, str]]) -> None:
    told = {one.rule for one in assess(joined(ends)).of("fail")} & STRUCTURE
    edges = [*ends, *MATES]
    fuses = [(f"{name}.in", f"{name}.out") for name in FUSES]
    unfused = from_points(edges, "B1", "B2")
    if any(f"{load}.{pin}" in unfused for load in LOADS for pin in "+-s"):
        assert told & {"unfused-positive", "supply-to-return", "two-ways"}
    if any(side in from_points(edges, "G1") for fuse in fuses for side in fuse):
        assert told & {"fused-negative", "supply-to-return"}
    fed = from_points([*edges, *fuses], "B1", "B2")
    if sum(start in fed for start, _ in [*edges, *fuses]) > len(fed) - 2:
        assert told & {"two-ways", "parallel-fuses", "unfused-positive", "supply-to-return"}
    for load in LOADS:
        if f"{load}.+" not in fed or f"{load}.-" not in from_points(edges, "G1"):
            assert told & {"open-circuit", "supply-to-return", "fused-negative"}


@given(pairs)
def test_each_finding_of_structure_is_of_its_own_subject(ends: list[tuple[str, str]]) -> None:
    fails = [(one.rule, one.subject) for one in assess(joined(ends)).judgements if one.rule in STRUCTURE]
    assert len(fails) == len(set(fails))
