"""The smallest conductor and fuse of one circuit, from figures alone: what can be said before there is a plan. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from fleet.wiring.rules.rule import at_least, at_most
from fleet.wiring.rules.tables import FUSE_LOAD_SHARE, ampacity, copper_factor, next_fuse, resistance, sizes
from protocols.wiring.findings import RuleId
from protocols.wiring.policy import WiringPolicy
from protocols.wiring.words import CableType, ResistanceTable


class Run(NamedTuple):
    """A circuit of one load: `load_a` flows `out_m` metres out and `return_m` back through conductors of one size.
    `fuse_a` None: it has no fuse, and is judged by its load."""

    load_a: float
    out_m: float
    return_m: float
    system_v: float
    fuse_a: float | None = None
    cable_type: CableType = "thin-wall"
    table: ResistanceTable = "iec-60228"
    hot_c: float | None = None

    def hottest_c(self, policy: WiringPolicy) -> float:
        """The temperature that the hot drop is judged at: the policy's, or the run's own where that is higher."""
        return max(policy.hot_c, self.hot_c or policy.hot_c)


class Candidate(NamedTuple):
    """A size, with what the rules look at; `limit_a` is its derated ampacity, `short_a` what a dead short at the load
    draws. `broken` are the rules that rule it out, none where it will do; `unverified` the figures that nobody has
    checked."""

    csa_mm2: float
    limit_a: float
    drop_cold_v: float
    drop_hot_v: float
    short_a: float
    broken: tuple[RuleId, ...]
    unverified: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether no rule rules it out."""
        return not self.broken


def drop_limit_v(system_v: float, policy: WiringPolicy) -> float:
    """The most that may be lost, volts: of the policy's share of the system voltage and its voltage the smaller."""
    return min(policy.drop_max_percent / 100 * system_v, policy.drop_max_v)


def short_a(system_v: float, loop_ohm: float, policy: WiringPolicy) -> float:
    """What a dead short draws, amperes; without end where neither source nor loop has resistance."""
    ohm = policy.source_resistance_ohm + loop_ohm
    return system_v / ohm if ohm > 0 else float("inf")


def fuse_needed_a(load_a: float) -> float:
    """What a fuse has to be rated for so that it carries `load_a` for hours, amperes."""
    return load_a / FUSE_LOAD_SHARE


def smallest_fuse_a(load_a: float) -> float | None:
    """The smallest blade fuse that carries `load_a` for hours, amperes; None where none does."""
    return next_fuse(fuse_needed_a(load_a))


def candidates(run: Run, policy: WiringPolicy | None = None) -> list[Candidate]:
    """Every size that can be advised, the smallest first, each with the rules that rule it out."""
    return [_candidate(run, size, policy or WiringPolicy()) for size in sizes(run.cable_type, run.table)]


def smallest(run: Run, policy: WiringPolicy | None = None) -> Candidate | None:
    """The smallest size that no rule rules out; None where every one is."""
    return next((one for one in candidates(run, policy) if one.holds), None)


def _candidate(run: Run, size: float, policy: WiringPolicy) -> Candidate:
    carries, copper = ampacity(size, run.cable_type), resistance(size, run.table)
    if carries is None or copper is None:
        raise KeyError(size)
    loop_ohm = copper.value / 1000 * (run.out_m + run.return_m)
    cold_v = run.load_a * loop_ohm
    found = Candidate(
        csa_mm2=size,
        limit_a=policy.derating * carries.value,
        drop_cold_v=cold_v,
        drop_hot_v=cold_v * copper_factor(run.hottest_c(policy)),
        short_a=short_a(run.system_v, loop_ohm, policy),
        broken=(),
        unverified=tuple(
            f"{what} of {size:g} mm² ({entry.source})"
            for what, entry in (("ampacity", carries), ("resistance", copper))
            if not entry.is_verified
        ),
    )
    return found._replace(broken=tuple(_broken(run, found, policy)))


def _broken(run: Run, one: Candidate, policy: WiringPolicy) -> Iterator[RuleId]:
    if run.fuse_a is None:
        if not at_most(run.load_a, one.limit_a):
            yield "conductor-load"
    else:
        if not at_most(run.fuse_a, one.limit_a):
            yield "fuse-protects-cable"
        if not at_least(one.short_a, policy.short_factor * run.fuse_a):
            yield "short-blows-fuse"
    limit_v = drop_limit_v(run.system_v, policy)
    if not at_most(one.drop_cold_v, limit_v):
        yield "drop-cold"
    if not at_most(one.drop_hot_v, limit_v):
        yield "drop-hot"
